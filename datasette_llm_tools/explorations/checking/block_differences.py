"""What is different between two documents, block by block, in lines of text. Pure.

A block is known by its id, which forks, imports and versions keep; moved are those that had to be
moved, not those that others were moved around.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...widgets.diffs import DiffLine, line_differences
from ..contents import block_name, words_name
from ..documents import block_json, document_json
from ..values import Block, Document, Words

_SAID = {
    "sql": "SQL",
    "params": "Parameters of the statement",
    "spec": "How the chart is drawn",
    "written": "Written by",
    "widget_id": "Widget",
    "revision": "Version of the widget",
    "run": "Run",
}
_WORDS = 60


class Change(str, Enum):
    """What became of a block."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A part of a document or block, by what people call it, with its lines on both sides."""

    name: str
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class BlockChange:
    """A block of either document. Positions count from 1, None where it is not there."""

    id: str
    kind: str
    name: str
    change: Change
    left: int | None
    right: int | None
    is_moved: bool
    fields: tuple[FieldChange, ...]

    @property
    def is_same(self) -> bool:
        return self.change is Change.SAME and not self.is_moved


@dataclass(frozen=True, slots=True)
class Differences:
    """Two documents: their own fields, then blocks in the order of the right one; a removed block
    stands behind the one that it stood behind."""

    fields: tuple[FieldChange, ...]
    blocks: tuple[BlockChange, ...]

    @property
    def is_same(self) -> bool:
        return not self.fields and all(each.is_same for each in self.blocks)

    @property
    def summary(self) -> str:
        """One sentence: what was added, removed, changed and moved."""
        counts = {
            each.value: sum(block.change is each for block in self.blocks)
            for each in (Change.ADDED, Change.REMOVED, Change.CHANGED)
        }
        counts["moved"] = sum(block.is_moved for block in self.blocks)
        said = [
            f"{number} block{'' if number == 1 else 's'} {name}"
            for name, number in counts.items()
            if number
        ]
        said += [f"{each.name.lower()} changed" for each in self.fields]
        return f"{', '.join(said)}." if said else "Nothing is different."


def document_differences(left: Document, right: Document) -> Differences:
    """Compare two documents. Long texts take up to a second each: call it off the event loop."""
    before, after = (
        {key: value for key, value in document_json(each).items() if key != "blocks"}
        for each in (left, right)
    )
    return Differences(_fields(before, after), tuple(_blocks(left.blocks, right.blocks)))


def _blocks(left: Sequence[Block], right: Sequence[Block]) -> Iterator[BlockChange]:
    there = {each.id: place for place, each in enumerate(left)}
    here = {each.id: place for place, each in enumerate(right)}
    stayed = _in_order([there[each.id] for each in right if each.id in there])
    gone = _gone(left, here)
    yield from gone.get("", ())
    for place, block in enumerate(right, 1):
        before = left[there[block.id]] if block.id in there else None
        fields = _fields(_plain(before), _plain(block))
        if before is None:
            change = Change.ADDED
        else:
            change = Change.CHANGED if fields else Change.SAME
        yield BlockChange(
            id=block.id,
            kind=block.kind.value,
            name=_name(block),
            change=change,
            left=None if before is None else there[block.id] + 1,
            right=place,
            is_moved=before is not None and there[block.id] not in stayed,
            fields=fields,
        )
        yield from gone.get(block.id, ())


def _gone(left: Sequence[Block], here: Mapping[str, int]) -> dict[str, list[BlockChange]]:
    """Removed blocks, by the id of the block that they stood behind and that is still there."""
    gone: dict[str, list[BlockChange]] = {}
    behind = ""
    for place, block in enumerate(left, 1):
        if block.id in here:
            behind = block.id
            continue
        fields = _fields(_plain(block), {})
        name, kind = _name(block), block.kind.value
        change = BlockChange(
            block.id, kind, name, Change.REMOVED, place, None, is_moved=False, fields=fields
        )
        gone.setdefault(behind, []).append(change)
    return gone


def _in_order(places: Sequence[int]) -> set[int]:
    """The longest selection of numbers that rises: blocks that nobody needs to have moved."""
    ends: list[int] = []  # the smallest end of a rising selection of each length
    before: dict[int, int | None] = {}
    for place in places:
        length = bisect_left(ends, place)
        before[place] = ends[length - 1] if length else None
        ends[length : length + 1] = [place]
    found: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    found = []
    for name in dict.fromkeys([*before, *after]):
        left, right = _lines(before.get(name)), _lines(after.get(name))
        if left != right:
            said = _SAID.get(name, name[:1].upper() + name[1:])
            found.append(FieldChange(said, line_differences(left, right)))
    return tuple(found)


def _plain(block: Block | None) -> dict[str, Any]:
    told = {} if block is None else block_json(block)
    return {name: value for name, value in told.items() if name not in ("id", "kind")}


def _lines(value: Any) -> list[str]:
    """A field as lines of text; nothing for what is empty."""
    if isinstance(value, str):
        return value.splitlines()
    if isinstance(value, dict) and not any(each is not None for each in value.values()):
        return []
    if value in (None, []):
        return []
    return json.dumps(value, indent=1, ensure_ascii=False).splitlines()


def _name(block: Block) -> str:
    return words_name(block, _WORDS) if isinstance(block, Words) else block_name(block)
