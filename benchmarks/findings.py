"""What a benchmark finds: a figure, what it must be and what it was; and the table of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tables import table


@dataclass(frozen=True)
class Finding:
    """One line of the table at the end."""

    what: str
    must: str
    got: str
    is_reached: bool


def findings_table(findings: Sequence[Finding]) -> str:
    """The table at the end."""
    rows = [
        [each.what, each.must, each.got, "yes" if each.is_reached else "NO"] for each in findings
    ]
    return table(["figure", "must", "got", "reached"], rows)


def note(text: str) -> None:
    """What takes minutes shows that it goes on."""
    print(text, file=sys.stderr, flush=True)
