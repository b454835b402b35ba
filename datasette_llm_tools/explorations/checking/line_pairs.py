"""A comparison of texts as two columns: what was there on the left, what is there on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Literal

from ...widgets.diffs import DiffLine


@dataclass(frozen=True, slots=True)
class LinePair:
    """Texts that stand beside each other, None where a side has none; of a gap, what it says."""

    kind: Literal["same", "changed", "gap"]
    left: str | None
    right: str | None


def line_pairs(lines: Sequence[DiffLine]) -> tuple[LinePair, ...]:
    """The lines of a comparison in two columns."""
    return tuple(_pairs(lines))


def _pairs(lines: Sequence[DiffLine]) -> Iterator[LinePair]:
    for is_change, group in groupby(lines, lambda each: each.kind in ("added", "removed")):
        found = list(group)
        if is_change:
            removed = [each.text for each in found if each.kind == "removed"]
            added = [each.text for each in found if each.kind == "added"]
            for left, right in zip_longest(removed, added):
                yield LinePair("changed", left, right)
            continue
        for each in found:
            yield LinePair("gap" if each.kind == "gap" else "same", each.text, each.text)
