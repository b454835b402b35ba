"""A fork beside its original, or two versions: which documents are compared, and their page.

Of an original that is not here or not shared with whoever asks, nobody learns more than whether the
fork is still what it was made of; its author sees what they have changed since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, NotFound
from ...times import said_time
from ...widgets.internal_tables import now
from .. import access, opening, store
from ..addresses import exploration_url
from ..canonical import digest
from ..documents import document_json
from ..opening import Opened
from ..values import Origin, Revision
from .block_differences import Differences, FieldChange, document_differences
from .check_contexts import (
    ComparedBlock,
    ComparedField,
    ComparedSide,
    ExplorationComparePage,
)
from .line_pairs import line_pairs

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_FIRST = 1


@dataclass(frozen=True, slots=True)
class _Side:
    shown: ComparedSide
    revision: Revision | None


async def compare_page(
    datasette: Datasette, request: Request, opened: Opened
) -> ExplorationComparePage:
    """Two versions by `?left=&right=`, for the author; else a fork and its original.

    Raises NotFound where there is nothing to compare with, BadInput for no number.
    """
    chosen = await _chosen(datasette, request, opened)
    if chosen:
        left, right = [await _version(datasette, opened, number) for number in chosen]
    else:
        left = await _original(datasette, request, opened, _origin(opened))
        right = _this(datasette, opened)
    found = None
    if left.revision is not None and right.revision is not None:
        documents = left.revision.document, right.revision.document
        found = await asyncio.to_thread(document_differences, *documents)
    is_own = opened.is_author
    return ExplorationComparePage(
        title=opened.document.title,
        exploration_url=_url(datasette, opened),
        left=left.shown,
        right=right.shown,
        summary=found.summary if found else _by_digest(opened),
        fields=_fields(found.fields) if found else None,
        blocks=_blocks(found) if found else [],
        versions=await store.revisions(datasette, opened.exploration.id) if is_own else (),
        chosen=chosen,
    )


def page_json(page: ExplorationComparePage) -> dict[str, Any]:
    """{summary, left, right, fields, blocks: [{id, kind, name, change, moved, left, right,
    fields}]}; a field is {name, lines: [[before, after]]}."""
    return {
        "summary": page.summary,
        "left": _side_json(page.left),
        "right": _side_json(page.right),
        "fields": None if page.fields is None else [_field_json(each) for each in page.fields],
        "blocks": [
            {
                "id": each.block.id,
                "kind": each.block.kind,
                "name": each.block.name,
                "change": each.block.change.value,
                "moved": each.block.is_moved,
                "left": each.block.left,
                "right": each.block.right,
                "fields": [_field_json(field) for field in each.fields],
            }
            for each in page.blocks
        ],
    }


async def _chosen(datasette: Datasette, request: Request, opened: Opened) -> tuple[int, int] | None:
    """Numbers of two versions; None where a fork is to be compared with its original."""
    left, right = request.args.get("left"), request.args.get("right")
    if not (left or right) and (opened.exploration.origin or not opened.is_author):
        return None
    if not opened.is_author:
        raise NotFound("Only its author may compare the versions of this exploration.")
    current = opened.exploration.current
    earlier = opened.exploration.published
    if earlier in (None, current):
        revision = await store.revision(datasette, opened.exploration.id, current)
        earlier = (revision.parent if revision else None) or current
    return _number(left, earlier or current), _number(right, current)


def _number(text: str | None, otherwise: int) -> int:
    if not text:
        return otherwise
    if not text.isdecimal() or len(text) > 9:
        raise BadInput("left and right must be numbers of versions.")
    return int(text)


def _origin(opened: Opened) -> Origin:
    if opened.exploration.origin is None:
        raise NotFound("This exploration is no fork; there is nothing to compare it with.")
    return opened.exploration.origin


async def _version(datasette: Datasette, opened: Opened, number: int) -> _Side:
    found = await store.revision(datasette, opened.exploration.id, number)
    if found is None:
        raise NotFound(f"This exploration has no version {number}.")
    states = []
    if number == opened.exploration.published:
        states.append("published")
    if number == opened.exploration.current:
        states.append("current")
    label = f"Version {number}" + (f" ({', '.join(states)})" if states else "")
    note = f"Saved {said_time(found.saved_at)}"
    return _Side(ComparedSide(label, found.document.title, None, note), found)


def _this(datasette: Datasette, opened: Opened) -> _Side:
    author = opened.exploration.actor_id or "somebody"
    note = f"By {author}, saved {said_time(opened.revision.saved_at)}"
    shown = ComparedSide("This fork", opened.document.title, _url(datasette, opened), note)
    return _Side(shown, opened.revision)


async def _original(
    datasette: Datasette, request: Request, opened: Opened, origin: Origin
) -> _Side:
    """What a fork was made of, as far as this person may see it."""
    other = await store.get(datasette, origin.id)
    by = other and access.door(
        other,
        opening.actor_id(request.actor),
        None,
        now(),
        sees_public=await opening.sees_public(datasette, request.actor),
    )
    if other and by:
        number = access.number(other, by)
        revision = await store.revision(datasette, other.id, number)
        if revision is not None:
            later = "" if number == origin.revision else f"; the fork was made of {origin.revision}"
            note = f"By {other.actor_id or 'somebody'}, version {number}{later}"
            url = exploration_url(datasette, other.id)
            return _Side(ComparedSide("The original", revision.document.title, url, note), revision)
    said = f"By {origin.author or 'somebody'}, version {origin.revision}"
    first = None
    if opened.is_author:
        first = await store.revision(datasette, opened.exploration.id, _FIRST)
    label = "The original, as it was taken over" if first else "The original"
    return _Side(ComparedSide(label, origin.title, _web(origin.url), said), first)


def _by_digest(opened: Opened) -> str:
    """What can be said of an original that nobody shows."""
    reason = "The original is not on this server, or not shared with you"
    if digest(document_json(opened.document)) == _origin(opened).digest:
        return f"{reason}. This fork is word for word what it was made of."
    return f"{reason}. This fork has been changed since it was made."


def _web(url: str) -> str | None:
    """An address that a file gave, if it is one of the web: it becomes a link."""
    return url if url.startswith(("https://", "http://")) else None


def _url(datasette: Datasette, opened: Opened) -> str:
    return exploration_url(datasette, opened.exploration.id, key=opened.key)


def _fields(changes: Sequence[FieldChange]) -> list[ComparedField]:
    return [ComparedField(each.name, line_pairs(each.lines)) for each in changes]


def _blocks(found: Differences) -> list[ComparedBlock]:
    return [ComparedBlock(each, _fields(each.fields)) for each in found.blocks]


def _side_json(side: ComparedSide) -> dict[str, Any]:
    return {"label": side.label, "title": side.title, "url": side.url, "note": side.note}


def _field_json(field: ComparedField) -> dict[str, Any]:
    return {"name": field.name, "lines": [[each.left, each.right] for each in field.pairs]}
