"""Explorations as files, out and in, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput
from ...leaving import unless_left
from ...pages import json_response, render, wants_json
from ...widgets.exporting.export_views import FILE_HEADERS
from ..addresses import absolute, exploration_url
from ..opening import Opened, block_of, opened, require_author
from ..parameters import PREFIX, parameter_values
from ..reading.read_views import private
from ..running import freeze
from ..values import Document, Mode, RevisionOrigin, RowsBlock
from . import formats, offers
from .files import File
from .forking import TakenIn, take_in
from .material import material, readable_block
from .received import received

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def read(request: Request, datasette: Datasette) -> Response:
    """GET …/ID.json: the document, state and, with ?rows=1, rows."""
    found = await opened(request, datasette)
    rows = request.args.get("rows") in ("1", "true")
    # Words quote rows: readers are told them block by block, as far as they see these rows.
    file = await _material(request, datasette, found) if rows or not found.is_author else None
    told = await offers.exploration_json(datasette, found, file, rows=rows)
    return private(json_response(told), found)


async def export(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/export: which files there are."""
    found = await opened(request, datasette)
    file = await _material(request, datasette, found)
    page = await offers.export_page(datasette, request.actor, found, file)
    return private(await render(datasette, request, page), found)


async def html(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/export.html: one file that opens from disk, offline."""
    return await _file(request, datasette, "html")


async def json_file(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/export.json: the document with rows and certificates."""
    return await _file(request, datasette, "json")


async def markdown_file(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/export.md: Markdown with pictures."""
    return await _file(request, datasette, "md")


async def notebook(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/export.ipynb: a Jupyter notebook."""
    return await _file(request, datasette, "ipynb")


async def queries(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/export.yaml: its queries for Datasette's configuration."""
    return await _file(request, datasette, "yaml")


async def rows(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/block/BLOCK.csv: the rows of a block."""
    found = await opened(request, datasette)
    block = block_of(request, found)
    chosen = {name: request.args.get(name) for name in request.args if name.startswith(PREFIX)}
    if chosen and isinstance(block, RowsBlock):
        values = parameter_values(found.document, chosen)
        document = _with_defaults(found.document, values)
        owner = found.exploration.actor_id
        work = freeze(datasette, request.actor, owner, block, document)
    else:
        work = readable_block(datasette, request.actor, found, block)
    frozen = await unless_left(request, work)
    text = formats.block_csv(block, frozen, request.args.get("query"))
    name = formats.filename(getattr(block, "title", "") or found.document.title, "csv")
    return _attached(found, text, name, "text/csv; charset=utf-8")


async def import_file(request: Request, datasette: Datasette) -> Response:
    """GET, POST /-/explorations/-/import: an HTML file or its JSON, as a fork."""
    require_author(request.actor)
    if request.method == "GET":
        return await render(datasette, request, offers.import_page(datasette))
    try:
        file = await received(request, datasette)
        taken = await take_in(datasette, request.actor, file)
    except BadInput as error:
        if wants_json(request):
            raise
        page = offers.import_page(datasette, error=error.message)
        return await render(datasette, request, page, status=error.status)
    if not wants_json(request) and taken.warnings:
        page = offers.import_page(datasette, taken=taken, title=file.document.title)
        return await render(datasette, request, page)
    return _made(request, datasette, taken)


async def fork(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/-/fork: one's own copy, which names its origin."""
    require_author(request.actor)
    found = await opened(request, datasette)
    await request.post_body()
    file = await _material(request, datasette, found)
    if found.mode is Mode.LIVE:
        file = replace(file, frozen=())  # its rows are read when the fork is
    taken = await take_in(datasette, request.actor, file, RevisionOrigin.FORKED)
    return _made(request, datasette, taken)


async def _file(request: Request, datasette: Datasette, kind: str) -> Response:
    found = await opened(request, datasette)
    file = await _material(request, datasette, found)
    # What came with an import nobody has run here.
    has_run = found.mode is Mode.LIVE or found.exploration.published is not None
    text = await unless_left(request, formats.content(datasette, file, kind, has_run=has_run))
    name = formats.filename(found.document.title, kind)
    return _attached(found, text, name, formats.MEDIA_TYPES[kind])


async def _material(request: Request, datasette: Datasette, found: Opened) -> File:
    url = absolute(request, datasette, exploration_url(datasette, found.exploration.id))
    return await unless_left(request, material(datasette, request.actor, found, url))


def _attached(found: Opened, text: str, name: str, media_type: str) -> Response:
    headers = {**FILE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    content = text.encode("utf-8", "replace")
    return private(Response(content, headers=headers, content_type=media_type), found)


def _made(request: Request, datasette: Datasette, taken: TakenIn) -> Response:
    url = exploration_url(datasette, taken.exploration.id)
    if wants_json(request):
        told = offers.state_json(datasette, taken.exploration)
        answer = {"exploration": told, "url": url, "warnings": list(taken.warnings)}
        return json_response(answer, status=201)
    for each in taken.warnings:
        datasette.add_message(request, each, datasette.WARNING)
    return Response("", status=303, headers={"Location": url})


def _with_defaults(document: Document, values: Mapping[str, Any]) -> Document:
    """The document whose parameters are by default what a reader chose."""
    chosen = (replace(each, default=values[each.name]) for each in document.parameters)
    return replace(document, parameters=tuple(chosen))
