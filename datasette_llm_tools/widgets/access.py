"""Addresses of widgets, and who may read or change what is kept there.

A widget is its owner's; a shared one is for everybody who may run queries on its database. What
somebody may not see answers as if it were not there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datasette.utils import tilde_decode, tilde_encode

from ..errors import NotAllowed, NotFound
from ..permissions import WIDGET, require
from . import store
from .values import Kind, Revision, Widget

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..permissions import Actor

_READ = "execute-sql"


def widgets_url(
    datasette: Datasette,
    database: str | None = None,
    widget_id: str | None = None,
    number: int | None = None,
) -> str:
    """The address of all widgets, those of a database, one of them, or one of its revisions."""
    parts = [tilde_encode(database) if database else None, widget_id, number]
    tail = "".join(f"/{each}" for each in parts if each is not None)
    return str(datasette.urls.path(f"/-/widgets{tail}"))


def actor_id(actor: Actor) -> str | None:
    """Who somebody is, as it is kept with what they make; None for a visitor."""
    known = (actor or {}).get("id")
    return None if known is None else str(known)


def is_own(actor: Actor, widget: Widget) -> bool:
    """Whether the widget is this actor's. Visitors cannot be told apart: they own nothing."""
    return widget.actor_id is not None and widget.actor_id == actor_id(actor)


def as_read(actor: Actor, widget: Widget) -> Widget:
    """The widget as this actor may read it: the question that it answers is its owner's."""
    return widget if is_own(actor, widget) else replace(widget, question_id=None)


async def widget_database(request: Request, datasette: Datasette, action: str = WIDGET) -> str:
    """The database of the address, if this actor may do `action` there."""
    database = str(tilde_decode(request.url_vars["database"]))
    await require(datasette, request.actor, action, database)
    return database


async def readable_widget(request: Request, datasette: Datasette) -> Widget:
    """The widget of the address, if it is this actor's or shared. Raises NotFound, NotAllowed.

    What its owner is still working on is not for others: their `current` is what has run.
    """
    database = await widget_database(request, datasette, _READ)
    found = await store.get(datasette, request.url_vars["id"])
    in_its_place = found if found is not None and found.database == database else None
    return await _as_readable(datasette, request.actor, in_its_place)


async def readable_widget_of(datasette: Datasette, actor: Actor, widget_id: str) -> Widget:
    """The widget of that id, wherever it is, as `readable_widget`."""
    found = await store.get(datasette, widget_id)
    readable = await _as_readable(datasette, actor, found)
    await require(datasette, actor, _READ, readable.database)
    return readable


async def _as_readable(datasette: Datasette, actor: Actor, found: Widget | None) -> Widget:
    if found is None or not (found.shared or is_own(actor, found)):
        raise NotFound("There is no such widget, or its owner has not shared it.")
    if is_own(actor, found):
        return found
    shown = await store.version_for_readers(datasette, found)
    return replace(as_read(actor, found), current=shown)


async def own_widget(request: Request, datasette: Datasette) -> Widget:
    """The widget of the address, if this actor may change it. Raises NotFound, NotAllowed."""
    found = await readable_widget(request, datasette)
    await require(datasette, request.actor, WIDGET, found.database)
    if not is_own(request.actor, found):
        raise NotAllowed(
            "Only its owner may change this widget; make a copy to have one of your own."
        )
    return found


def require_run(actor: Actor, widget: Widget, revision: Revision) -> None:
    """Raise NotAllowed where somebody else would see a document that its owner has not run."""
    was_run = widget.kind is Kind.CHART or revision.approved_at is not None
    if not was_run and not is_own(actor, widget):
        raise NotAllowed("Its owner has not run this version yet; ask them to.")


async def revision_of(datasette: Datasette, widget: Widget, number: int | None = None) -> Revision:
    """One revision of a widget, the current one without a number. Raises NotFound."""
    wanted = widget.current if number is None else number
    found = await store.revision(datasette, widget.id, wanted)
    if found is None:
        raise NotFound(f"This widget has no version {wanted}.")
    return found


async def readable_revision(
    request: Request, datasette: Datasette, widget: Widget, number: int | None = None
) -> Revision:
    """One revision as this actor may read it: others than its owner see the current one only,
    without what its owner typed and paid. Raises NotFound."""
    if is_own(request.actor, widget):
        return await revision_of(datasette, widget, number)
    if number not in (None, widget.current):
        raise NotFound(f"This widget has no version {number} for you to see.")
    return store.for_readers(await revision_of(datasette, widget))
