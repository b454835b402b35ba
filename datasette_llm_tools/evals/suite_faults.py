"""What is wrong in the file of a suite, told with its line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BadInput
from .values import Case

LINE = "\0line"  # the key of a mapping's line; no key in a file can be that


def fault(path: Path, line: int, what: str) -> BadInput:
    """What is wrong in a line, counted from 1."""
    return BadInput(f"{path.name}, line {line}: {what}")


def refuse_unstorable(path: Path, line: int, value: Any) -> None:
    """Raise BadInput where texts or numbers are none that SQLite and answers can hold."""
    left = [(line, value)]
    while left:
        at, each = left.pop()
        if isinstance(each, dict):
            at = each.get(LINE, at)
            left += [(at, one) for pair in each.items() for one in pair]
        elif isinstance(each, (list, tuple, set)):
            left += [(at, one) for one in each]
        elif isinstance(each, str) and not _is_whole(each):
            raise fault(path, at, "a text has half a character, `\\ud800` or the like.")
        elif isinstance(each, int) and not -(2**63) <= each < 2**63:
            raise fault(path, at, "a whole number has more than 64 bits; put text in quotes.")
        elif isinstance(each, float) and not math.isfinite(each):
            raise fault(path, at, "a number is not finite; put text in quotes.")


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def distinct(path: Path, cases: Iterator[tuple[int, Case]]) -> tuple[Case, ...]:
    """The cases with their lines left out; each id must be there once."""
    lines: dict[str, int] = {}
    found = []
    for line, case in cases:
        if case.id in lines:
            raise fault(path, line, f"the id {case.id} is that of line {lines[case.id]}, too.")
        lines[case.id] = line
        found.append(case)
    if not found:
        raise BadInput(f"{path.name} has no cases.")
    return tuple(found)
