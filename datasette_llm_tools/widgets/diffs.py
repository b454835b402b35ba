"""What is different between two versions of a widget, or two texts, line by line. Pure."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .documents.query_blocks import queries_text
from .values import Draft, Kind

_CONTEXT_LINES = 3
# Beyond this a comparison could take seconds, and nobody reads it.
_MOST_LINES = 8_000
_MOST_LINE_CHARACTERS = 500
# Pairs of equal lines, each perhaps looked at for every line that is the same: about a second.
_MOST_WORK = 40_000_000


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison; numbers are of lines before and after. `gap`: lines left out."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """Lines of the queries and of the source, both empty where nothing differs."""

    queries: tuple[DiffLine, ...]
    source: tuple[DiffLine, ...]

    @property
    def added(self) -> int:
        return sum(each.kind == "added" for each in (*self.queries, *self.source))

    @property
    def removed(self) -> int:
        return sum(each.kind == "removed" for each in (*self.queries, *self.source))


def differences(before: Draft, after: Draft, kind: Kind) -> Diff:
    """What `after` has and `before` has not, and the other way round."""
    return Diff(
        queries=line_differences(_queries_lines(before), _queries_lines(after)),
        source=line_differences(_source_text(before, kind), _source_text(after, kind)),
    )


def _queries_lines(draft: Draft) -> list[str]:
    return queries_text(sorted(draft.queries, key=lambda each: each.name)).splitlines()


def _source_text(draft: Draft, kind: Kind) -> list[str]:
    if kind is Kind.CHART:
        try:
            spec = json.loads(draft.source)
        except ValueError:
            return draft.source.splitlines()
        return json.dumps(spec, indent=2, ensure_ascii=False).splitlines()
    return draft.source.splitlines()


def line_differences(before: Sequence[str], after: Sequence[str]) -> tuple[DiffLine, ...]:
    """Two texts line by line, with a few equal lines around; () where they are the same."""
    if before == after:
        return ()
    matcher = _matcher(before, after) if len(before) + len(after) <= _MOST_LINES else None
    if matcher is None:
        return (DiffLine("gap", "These versions are too long to be compared line by line."),)
    return tuple(_compared(before, after, matcher))


def _matcher(before: Sequence[str], after: Sequence[str]) -> difflib.SequenceMatcher[str] | None:
    """What compares the two; None where it could take minutes.

    In long versions lines that stand there often, as empty ones do, are found beside others only.
    """
    for autojunk in (False, True):
        if _work(before, after, autojunk) <= _MOST_WORK:
            return difflib.SequenceMatcher(None, before, after, autojunk=autojunk)
    return None


def _work(before: Sequence[str], after: Sequence[str], autojunk: bool) -> int:
    """How many steps a comparison takes at most; difflib's autojunk leaves out common lines."""
    there = Counter(after)
    most = len(after) // 100 + 1 if autojunk and len(after) >= 200 else len(after)
    pairs = sum(
        count * there[line] for line, count in Counter(before).items() if there[line] <= most
    )
    return pairs * min(len(before), len(after))


def _compared(
    before: Sequence[str], after: Sequence[str], matcher: difflib.SequenceMatcher[str]
) -> Iterator[DiffLine]:
    end = 0
    for group in matcher.get_grouped_opcodes(_CONTEXT_LINES):
        if group[0][3] > end:
            yield DiffLine("gap", _left_out(group[0][3] - end))
        for tag, from_before, to_before, from_after, to_after in group:
            if tag == "equal":
                for offset, text in enumerate(after[from_after:to_after]):
                    numbers = (from_before + offset + 1, from_after + offset + 1)
                    yield DiffLine("same", _cut(text), *numbers)
                continue
            for number, text in enumerate(before[from_before:to_before], from_before + 1):
                yield DiffLine("removed", _cut(text), before=number)
            for number, text in enumerate(after[from_after:to_after], from_after + 1):
                yield DiffLine("added", _cut(text), after=number)
        end = group[-1][4]
    if end < len(after):
        yield DiffLine("gap", _left_out(len(after) - end))


def _left_out(number: int) -> str:
    return "1 line is the same" if number == 1 else f"{number:,} lines are the same"


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_LINE_CHARACTERS else line[:_MOST_LINE_CHARACTERS] + "…"
