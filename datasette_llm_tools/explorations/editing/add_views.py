"""Adding what is found on other pages to an exploration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from datasette.utils.asgi import Request, Response

from ...errors import BadInput, NotFound
from ...leaving import unless_left
from ...pages import json_response, posted, render, wants_json
from ...permissions import require
from ...settings import read_settings
from ...widgets.charts.chart_sources import source_of
from .. import catalog_store, store
from ..addresses import exploration_url, explorations_url
from ..contents import block_anchor, block_name
from ..documents import block_json
from ..opening import require_author
from ..values import Block, Document, Exploration
from .adding import add_block, block_from_source, source_fields
from .edit_contexts import AddPage
from .edit_form import called
from .edit_pages import exploration_json

if TYPE_CHECKING:
    from datasette.app import Datasette

_LISTED = 50


async def add(request: Request, datasette: Datasette) -> Response:
    """GET, POST /-/explorations/-/add: a block from a question, chart, widget, query or run.

    GET is the choice of an exploration; as JSON without a source, one's own explorations.
    """
    author = require_author(request.actor)
    if request.method == "GET" and wants_json(request) and "source" not in request.args:
        return json_response({"explorations": await _own(datasette, author)})
    asked = await (_asked(request, datasette) if request.method == "GET" else posted(request))
    block = await unless_left(request, block_from_source(datasette, request.actor, asked))
    if request.method == "GET":
        return await _choice(request, datasette, author, asked, block)
    exploration = await _kept(datasette, author, str(asked.get("exploration") or ""), block)
    edit_url = exploration_url(datasette, exploration.id, "/-/edit")
    url = f"{edit_url}#edit-{block_anchor(block.id)}"
    if not wants_json(request):
        return Response.redirect(url, status=303)
    found = exploration_json(datasette, exploration)
    return json_response({"exploration": found, "block": block_json(block), "url": url})


async def _asked(request: Request, datasette: Datasette) -> Mapping[str, Any]:
    """What an address asks for. The rows of a table page are a query like any other."""
    asked = dict(parse_qsl(request.query_string, keep_blank_values=True))
    if asked.get("source") != "table":
        return asked
    database = str(request.args.get("database") or "")
    await require(datasette, request.actor, "execute-sql", database)
    found = await source_of(datasette, _as_table_page(request), database)
    if found is None or found.table is None:
        raise BadInput("Say which table, as table=….")
    return {
        "source": "query",
        "database": database,
        "sql": found.sql,
        "params": dict(found.params),
        "title": found.table,
    }


def _as_table_page(request: Request) -> Request:
    """The request without what names the source: the rest is a table page's own address."""
    given = parse_qsl(request.query_string, keep_blank_values=True)
    for name in ("source", "database"):
        given.remove(next(each for each in given if each[0] == name))
    return Request({**request.scope, "query_string": urlencode(given).encode()}, None)


async def _choice(
    request: Request, datasette: Datasette, author: str, asked: Mapping[str, Any], block: Block
) -> Response:
    """The page, or JSON, on which an exploration is chosen."""
    explorations = await _own(datasette, author)
    if wants_json(request):
        return json_response(
            {"called": called(block), "block": block_json(block), "explorations": explorations}
        )
    page = AddPage(
        called=called(block),
        source=source_fields(asked),
        add_url=explorations_url(datasette, "/-/add"),
        explorations=explorations,
    )
    return await render(datasette, request, page)


async def _own(datasette: Datasette, author: str) -> list[dict[str, str]]:
    """One's own explorations, the one changed last first: [{id, title}]."""
    listed = await catalog_store.catalog(datasette, author, own=True, size=_LISTED)
    return [{"id": each.exploration.id, "title": each.title} for each in listed.entries]


async def _kept(
    datasette: Datasette, author: str, exploration_id: str, block: Block
) -> Exploration:
    """The exploration that has the block now: the one that was named, or a new one."""
    if not exploration_id:
        title = block_name(block) or "Untitled"
        document = Document(title=title[:200], blocks=(block,))
        made, _ = await store.create(datasette, document=document, actor_id=author)
        return made
    found = await store.get(datasette, exploration_id)
    if found is None or found.actor_id != author:
        raise NotFound("There is no such exploration of yours.")
    most = read_settings(datasette).exploration_blocks
    saved = await add_block(datasette, found, block, author, most_blocks=most)
    return await store.get(datasette, saved.revision.exploration_id) or found
