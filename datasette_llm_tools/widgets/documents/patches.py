"""Search and replace blocks: small changes to a document without writing it anew.

A block must stand in one place only. Exactly as it is comes first, then with other white space,
then nearly alike. Either all blocks of a reply apply or none does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rapidfuzz import fuzz

from ...errors import ModelFailed

# Below this share of equal characters a place is another one; the second best must be worse by
# the margin. Short texts are alike too easily: `width: 300` and `width: 400` by nine tenths.
_LEAST_LIKENESS = 90.0
_LEAST_MARGIN = 3.0
_LEAST_CHARACTERS = 40
_MOST_WORK = 500_000_000  # steps of comparisons, each of some 64 characters: about a second


@dataclass(frozen=True, slots=True)
class Patch:
    """`search`: lines of the source as they are. `replace`: what is to stand there instead."""

    search: str
    replace: str


class PatchFailed(ModelFailed):
    """A block that stands nowhere, or in several places. `number` counts blocks from 1."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"Change {number} does not fit the document: {why}.")
        self.number = number


def patched(source: str, patches: Sequence[Patch]) -> str:
    """The source after all blocks, one after the other. Raises PatchFailed."""
    lines = source.replace("\r\n", "\n").split("\n")
    for number, patch in enumerate(patches, start=1):
        search = patch.search.replace("\r\n", "\n").strip("\n")
        if not search.strip():
            raise PatchFailed(number, "it does not say which lines to replace")
        replace = patch.replace.replace("\r\n", "\n").strip("\n")
        lines = _replaced(lines, search, replace, number).split("\n")
    return "\n".join(lines)


def _replaced(lines: list[str], search: str, replace: str, number: int) -> str:
    """The text after one block."""
    wanted = search.split("\n")
    for same in (str, str.strip, _without_space):
        places = list(_places(lines, wanted, same))
        if len(places) > 1:
            raise PatchFailed(number, f"its lines stand there {len(places)} times")
        if places:
            return _put(lines, slice(places[0], places[0] + len(wanted)), wanted, replace)
        if same is str:
            # Part of a long line.
            source = "\n".join(lines)
            if source.count(search) == 1:
                return source.replace(search, replace)
    return _put(lines, _nearest(lines, wanted, number), wanted, replace)


def _places(
    lines: Sequence[str], wanted: Sequence[str], same: Callable[[str], str]
) -> Iterator[int]:
    """Where the wanted lines begin."""
    there = [same(line) for line in lines]
    asked = [same(line) for line in wanted]
    for start in range(len(there) - len(asked) + 1):
        if there[start] == asked[0] and there[start : start + len(asked)] == asked:
            yield start


def _nearest(lines: Sequence[str], wanted: Sequence[str], number: int) -> slice:
    """The one place that is nearly alike. Raises PatchFailed."""
    text = "\n".join(map(str.strip, wanted))
    there = [line.strip() for line in lines]
    found: list[tuple[float, int, int]] = []
    for start, size in _candidates(there, text) if len(text) >= _LEAST_CHARACTERS else ():
        other = "\n".join(there[start : start + size])
        likeness = fuzz.ratio(text, other, score_cutoff=_LEAST_LIKENESS)
        if likeness:
            found.append((likeness, start, size))
    if not found:
        raise PatchFailed(number, f"there are no lines like “{_first(wanted)}”")
    best, start, size = max(found, key=lambda each: (each[0], -each[1]))
    elsewhere = [
        likeness
        for likeness, other_start, length in found
        if other_start + length <= start or other_start >= start + size
    ]
    if elsewhere and best - max(elsewhere) < _LEAST_MARGIN:
        raise PatchFailed(number, "lines like these stand there several times")
    return slice(start, start + size)


def _candidates(there: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Places to compare, as (first line, lines); none where that would take too long.

    Each begins and ends with a line that says something. In a large document only those are
    looked at in which a third of the lines are the same.
    """
    wanted = text.split("\n")
    steps = len(text) ** 2 // 64 + len(text)
    found = [
        (start, size)
        for size in range(max(1, len(wanted) - 2), len(wanted) + 3)
        for start in range(len(there) - size + 1)
        if there[start] and there[start + size - 1]
    ]
    if len(found) * steps > _MOST_WORK:
        said = {line for line in wanted if line}
        same = [0, *accumulate(line in said for line in there)]
        least = max(1, len(wanted) // 3)
        found = [each for each in found if same[sum(each)] - same[each[0]] >= least]
    return found if len(found) * steps <= _MOST_WORK else []


def _put(lines: Sequence[str], place: slice, wanted: Sequence[str], replace: str) -> str:
    """The text with the replacement in place of lines, indented as these are."""
    new = replace.split("\n") if replace else []
    before = _indent(next((line for line in lines[place] if line.strip()), ""))
    asked = _indent(next((line for line in wanted if line.strip()), ""))
    if before != asked:
        new = [_indented(line, asked, before) for line in new]
    return "\n".join([*lines[: place.start], *new, *lines[place.stop :]])


def _indented(line: str, asked: str, before: str) -> str:
    if not line.strip():
        return line
    if line.startswith(asked):
        return before + line[len(asked) :]
    return line


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _without_space(line: str) -> str:
    return re.sub(r"\s+", "", line)


def _first(wanted: Sequence[str]) -> str:
    line = next(line.strip() for line in wanted if line.strip())
    return line if len(line) <= 60 else line[:60] + "…"
