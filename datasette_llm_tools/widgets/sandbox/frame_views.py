"""The addresses of frames: let one start, run a revision, give it rows; and the frame itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput, Conflict, NotAllowed, NotFound
from ...leaving import unless_left
from ...pages import json_response, posted
from .. import access, store
from ..values import Kind, Revision, Widget
from . import frames
from .documents import Rebuilt, rebuild
from .framing import framed
from .rows import rows_json

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def run(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/N/-/run: its owner lets a revision have live data, from now on."""
    widget = await access.own_widget(request, datasette)
    revision = await _document(request, datasette, widget)
    rebuilt = await rebuilt_source(revision)
    await store.approve(datasette, widget.id, revision.number)
    return await _framed(datasette, rebuilt, approved=True)


async def start(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/N/-/frame: a frame for whoever may read the widget."""
    widget = await access.readable_widget(request, datasette)
    revision = await _document(request, datasette, widget)
    is_approved = revision.approved_at is not None
    access.require_run(request.actor, widget, revision)
    return await _framed(datasette, await rebuilt_source(revision), approved=is_approved)


async def rows(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/N/-/rows: {query, params, page} -> a page of rows, read as whoever asks."""
    widget = await access.readable_widget(request, datasette)
    revision = await _document(request, datasette, widget)
    if revision.approved_at is None:
        raise Conflict("This version gets no data before its owner presses Run.")
    asked = await posted(request)
    reading = rows_json(datasette, request.actor, widget.database, revision.draft, asked)
    return json_response(await unless_left(request, reading))


async def frame(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/-/frame?t=TOKEN: the document of a frame, once, and into a frame only."""
    destination = request.headers.get("sec-fetch-dest", "iframe")
    if destination != "iframe":
        return _said("A widget is shown within its page only.", NotAllowed.status)
    try:
        found = await frames.take(datasette, request.args.get("t") or "")
    except Conflict as error:
        return _said(error.message, error.status)
    if found is None:
        return _said("This frame was shown before, or has expired; reload the page.", 404)
    return Response.html(framed(found.rebuilt), headers=found.headers)


async def rebuilt_source(revision: Revision) -> Rebuilt:
    """The checked document of a revision. Raises BadInput where it cannot be read."""
    return await asyncio.to_thread(rebuild, revision.draft.source)


async def _document(request: Request, datasette: Datasette, widget: Widget) -> Revision:
    if widget.kind is not Kind.DOCUMENT:
        raise BadInput("This widget is a chart: it is drawn without a frame.")
    number = int(request.url_vars["number"])
    if number > 2**31:
        raise NotFound(f"This widget has no version {number}.")
    return await access.readable_revision(request, datasette, widget, number)


async def _framed(datasette: Datasette, rebuilt: Rebuilt, *, approved: bool) -> Response:
    minted: dict[str, Any] = frames.frame_json(
        await frames.mint(datasette, rebuilt), approved=approved
    )
    return json_response({**minted, "refused": list(rebuilt.refused)})


def _said(sentence: str, status: int) -> Response:
    headers = dict(frames.HEADERS)
    return Response(sentence, status=status, headers=headers, content_type="text/plain")
