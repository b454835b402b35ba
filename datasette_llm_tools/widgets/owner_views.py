"""What people do to widgets themselves: edit by hand, restore, copy, rename, share, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ..errors import BadInput, NotAllowed
from ..leaving import unless_left
from ..pages import json_response, posted, wants_json
from ..permissions import PUBLISH, WIDGET, require
from ..settings import read_settings
from . import store
from .access import (
    actor_id,
    is_own,
    own_widget,
    readable_widget,
    require_run,
    revision_of,
    widget_database,
    widgets_url,
)
from .documents.query_blocks import read_queries
from .editing import copied, edited
from .making_views import is_branch, parent_number
from .named_queries import checked_queries, queries_from_json
from .values import Kind, NamedQuery, Widget
from .widget_pages import widget_json
from .widget_stream import conflict_words

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def edit(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/edit: source and queries that a person changed."""
    widget = await own_widget(request, datasette)
    if widget.kind is not Kind.DOCUMENT:
        raise BadInput("This is a chart; it is changed by the form on its own page.")
    form = await posted(request)
    base = await revision_of(datasette, widget, parent_number(form))
    source = _source(form, read_settings(datasette, widget.database).max_widget_bytes)
    queries = _queries(form) if "queries" in form else base.draft.queries
    draft, notes = await unless_left(
        request, edited(datasette, request.actor, widget, source, queries)
    )
    added = await store.add_revision(
        datasette, widget.id, draft, parent=base.number, actor_id=actor_id(request.actor)
    )
    number = added.revision.number
    url = widgets_url(datasette, widget.database, widget.id, number)
    if not wants_json(request):
        return Response.redirect(url, status=303)
    found = {"id": widget.id, "number": number, "url": url, "notes": notes}
    if added.conflict and not is_branch(form):
        said = conflict_words(number, added.conflict.number)
        return Response.json({"ok": False, "error": said, **found}, status=409)
    return json_response({**found, "is_current": added.is_current})


async def restore(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/restore: another version is shown from now on."""
    widget = await own_widget(request, datasette)
    number = parent_number({"parent": (await posted(request)).get("number")})
    if number is None:
        raise BadInput("Say which version, as number=1.")
    await store.make_current(datasette, widget.id, number)
    return await _changed(request, datasette, widget)


async def copy(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/copy: a widget of one's own with the same source."""
    widget = await readable_widget(request, datasette)
    await widget_database(request, datasette, WIDGET)
    if actor_id(request.actor) is None:
        raise NotAllowed("Sign in to copy widgets: they are kept with whoever makes them.")
    number = parent_number({"parent": (await posted(request)).get("number")})
    own = is_own(request.actor, widget)
    revision = await revision_of(datasette, widget, number if own else None)
    require_run(request.actor, widget, revision)
    made, _ = await store.create(
        datasette,
        database=widget.database,
        kind=widget.kind,
        title=f"Copy of {widget.title}",
        draft=copied(revision),
        actor_id=actor_id(request.actor),
        copied_from=widget.id,
    )
    return await _changed(request, datasette, made)


async def rename(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/rename: another title."""
    widget = await own_widget(request, datasette)
    title = str((await posted(request)).get("title") or "").strip()
    if not title:
        raise BadInput("The title is empty; write what the widget is called.")
    await store.rename(datasette, widget.id, title)
    return await _changed(request, datasette, widget)


async def share(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/share: for all who may run queries there, or nobody."""
    widget = await own_widget(request, datasette)
    shared = str((await posted(request)).get("shared", "")).lower() in ("1", "true", "on")
    if shared:
        await require(datasette, request.actor, PUBLISH, widget.database)
    await store.share(datasette, widget.id, shared)
    return await _changed(request, datasette, widget)


async def delete(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/delete: forget it with all versions."""
    widget = await own_widget(request, datasette)
    await store.delete(datasette, widget.id)
    if wants_json(request):
        return json_response({"deleted": widget.id, "url": widgets_url(datasette)})
    datasette.add_message(request, f"“{widget.title}” was deleted.", datasette.INFO)
    return Response.redirect(widgets_url(datasette), status=303)


async def _changed(request: Request, datasette: Datasette, before: Widget) -> Response:
    found = await store.get(datasette, before.id) or before
    if wants_json(request):
        return json_response({"widget": widget_json(datasette, found)})
    return Response.redirect(widgets_url(datasette, found.database, found.id), status=303)


def _source(form: Mapping[str, Any], most_bytes: int) -> str:
    source = str(form.get("source") or "").replace("\r\n", "\n")
    if not source.strip():
        raise BadInput("The source is empty; write some HTML.")
    if len(source.encode()) > most_bytes:
        raise BadInput(
            f"The source has more than {most_bytes:,} bytes, the setting max_widget_bytes; "
            "leave rows to queries and name libraries instead of writing them in."
        )
    return source


def _queries(form: Mapping[str, Any]) -> tuple[NamedQuery, ...]:
    """Queries as JSON has them, or as the blocks that people edit. Raises BadInput."""
    given = form["queries"]
    if isinstance(given, list):
        return queries_from_json(given)
    return checked_queries(read_queries(str(given).replace("\r\n", "\n")))
