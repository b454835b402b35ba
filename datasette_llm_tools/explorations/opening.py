"""The exploration of an address, opened for whoever asks: by which door, in which mode.

What somebody may not read answers as if it were not there. Of a snapshot, readers see what its
publisher may still see: that is asked again every half minute, for permissions are taken away
while pages stay.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from datasette.resources import TableResource

from ..errors import BadInput, NotAllowed, NotFound
from ..permissions import PUBLISH, Actor, may, require
from ..widgets.access import actor_id
from ..widgets.internal_tables import now
from . import access, link_store, snapshot_store, store
from .access import Door
from .addresses import KEY
from .values import Block, Document, Exploration, Link, Mode, Revision

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

__all__ = ["actor_id"]

_ASKED_AGAIN_SECONDS = 30.0
_MOST_KEPT = 1000
_NO_SUCH = "There is no such exploration, or it is not shared with you."


@dataclass(frozen=True)
class Entered:
    """An exploration and how one person came in. `link` is that by which they came, if so."""

    exploration: Exploration
    door: Door
    link: Link | None

    @property
    def is_author(self) -> bool:
        return self.door is Door.AUTHOR

    @property
    def key(self) -> str | None:
        """The token that is carried along to every address from here."""
        return self.link.token if self.link else None


@dataclass(frozen=True)
class Opened(Entered):
    """An exploration as one person reads it."""

    revision: Revision
    mode: Mode

    @property
    def document(self) -> Document:
        return self.revision.document


async def entered(request: Request, datasette: Datasette) -> Entered:
    """The exploration of the address, without reading what is in it: half a millisecond.

    `?key=` opens a link. Raises NotFound.
    """
    exploration = await store.get(datasette, request.url_vars["id"])
    token = request.args.get(KEY)
    link = await link_store.find(datasette, token) if token else None
    if exploration is None:
        raise NotFound(_NO_SUCH)
    by = await _door(datasette, request.actor, exploration, link)
    if by is None:
        raise NotFound(_shut(exploration, link))
    return Entered(exploration, by, link if by is Door.LINK else None)


async def opened(request: Request, datasette: Datasette) -> Opened:
    """The exploration of the address with the revision that this person reads.

    `?mode=` chooses where rows come from, `?published=1` is for an author who wants to see what
    readers do. Raises NotFound, BadInput.
    """
    found = await entered(request, datasette)
    as_reader = request.args.get("published") == "1"
    shown = access.number(found.exploration, found.door, as_reader=as_reader)
    revision = await store.revision(datasette, found.exploration.id, shown)
    if revision is None:
        raise NotFound(_NO_SUCH)
    mode = access.mode(found.exploration, shown, _wanted(request.args.get("mode")))
    return Opened(found.exploration, found.door, found.link, revision, mode)


async def own(request: Request, datasette: Datasette) -> Exploration:
    """The exploration of the address, if this actor may change it: its author, but for a token
    that was restricted. Raises NotFound, NotAllowed.
    """
    found = await entered(request, datasette)
    if not found.is_author:
        raise NotAllowed(
            "Only its author may change this exploration; make a fork to have one of your own."
        )
    require_author(request.actor)
    return found.exploration


def block_of(request: Request, found: Opened) -> Block:
    """The block of the address. Raises NotFound."""
    block = found.document.block(request.url_vars["block"])
    if block is None:
        raise NotFound("This exploration has no such block, or it has none any more.")
    return block


def require_author(actor: Actor) -> str:
    """The id of somebody who may keep explorations.

    Raises NotAllowed for visitors, and for a token that was restricted: no action that it could
    be restricted to is that of writing explorations.
    """
    known = actor_id(actor)
    if actor is None or known is None:
        raise NotAllowed("Sign in: what visitors write cannot be kept apart.")
    if "_r" in actor:
        raise NotAllowed("This token is restricted and changes no explorations; use another one.")
    return known


async def require_publish(datasette: Datasette, actor: Actor, document: Document) -> None:
    """Raise NotAllowed without llm-tools-publish on every database that blocks read.

    Where they read none, one database on which the actor may publish is enough. A database that
    is not here does not count: its blocks hold the rows of a file.
    """
    names = [name for name in document.databases if name in datasette.databases]
    for name in names:
        await require(datasette, actor, PUBLISH, name)
    if not names and not await _may_publish_anywhere(datasette, actor):
        raise NotAllowed(f"You need the permission {PUBLISH} on a database.")


async def withheld(datasette: Datasette, exploration: Exploration) -> Mapping[str, str]:
    """Of each frozen block that its publisher may not see any more, why it is not shown.

    The answer may be half a minute old.
    """
    kept = _withheld.setdefault(datasette, {})
    key = (exploration.id, exploration.snapshot)
    asked_at, found = kept.get(key, (float("-inf"), {}))
    if time.monotonic() - asked_at > _ASKED_AGAIN_SECONDS:
        found = await _ask_what_is_withheld(datasette, exploration)
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = (time.monotonic(), found)
    return found


_withheld: WeakKeyDictionary[
    Datasette, dict[tuple[str, int | None], tuple[float, Mapping[str, str]]]
] = WeakKeyDictionary()


async def _ask_what_is_withheld(datasette: Datasette, exploration: Exploration) -> dict[str, str]:
    if exploration.published is None:
        return {}
    publisher = None if exploration.publisher is None else dict(exploration.publisher)
    reads = await snapshot_store.reads(datasette, exploration)
    said = {}
    answers: dict[tuple[str, Sequence[str]], bool] = {}  # most blocks read the same tables
    for each in reads:
        database = each.database
        if database is None or database not in datasette.databases:
            continue
        key = (database, each.tables)
        if key not in answers:
            answers[key] = await _may_still_show(datasette, publisher, database, each.tables)
        if not answers[key]:
            said[each.block_id] = (
                "Whoever published this may not see all of its data any more, so that it is not "
                "shown."
            )
    return said


async def _may_still_show(
    datasette: Datasette, publisher: Actor, database: str, tables: Sequence[str]
) -> bool:
    """Whether a publisher may still let others see what is in tables, those that are gone too."""
    for action in ("view-database", "execute-sql", PUBLISH):
        if not await may(datasette, publisher, action, database):
            return False
    for name in tables:
        resource = TableResource(database=database, table=name)
        if not await datasette.allowed(action="view-table", resource=resource, actor=publisher):
            return False
    return True


async def _may_publish_anywhere(datasette: Datasette, actor: Actor) -> bool:
    allowed = await datasette.allowed_resources(PUBLISH, actor, limit=1)
    return bool(allowed.resources)


async def sees_public(datasette: Datasette, actor: Actor) -> bool:
    """Whether somebody may view this Datasette, for whose readers public explorations are."""
    return bool(await datasette.allowed(action="view-instance", actor=actor))


async def _door(
    datasette: Datasette, actor: Actor, exploration: Exploration, link: Link | None
) -> Door | None:
    by = access.door(exploration, actor_id(actor), link, now())
    if by is Door.PUBLIC and not await sees_public(datasette, actor):
        return None
    return by


def _shut(exploration: Exploration, link: Link | None) -> str:
    """Why nothing is opened: who has a link may know what became of it."""
    if link is None or link.exploration_id != exploration.id:
        return _NO_SUCH
    if link.revoked_at is not None:
        return "This link was revoked; ask whoever gave it to you for another."
    if not link.is_open(now()):
        return "This link has expired; ask whoever gave it to you for another."
    return "What this link leads to is not published yet."


def _wanted(mode: str | None) -> Mode | None:
    if not mode:
        return None
    try:
        return Mode(mode)
    except ValueError as error:
        raise BadInput("mode must be live or snapshot.") from error
