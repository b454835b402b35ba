"""From what somebody found on another page to a block, under the rights of that page.

A source is given as a page's form or a program sends it: `source` and what names it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datasette.resources import QueryResource

from ...enrichments.pages import readable_run
from ...enrichments.row_templates import RowTemplate
from ...errors import BadInput, NotFound
from ...permissions import require
from ...queries import run_query
from ...questions.question_access import readable_question
from ...table_reading import row_keys
from ...widgets import store as widget_store
from ...widgets.access import is_own, readable_widget_of, require_run, revision_of
from ...widgets.charts.chart_data import draw
from ...widgets.charts.chart_views import chart_request
from ...widgets.charts.spec import spec_json
from ..documents import block_from_json, block_json
from ..records import Base
from ..store import Saved, revision, save
from ..values import Block, Document, Exploration
from .source_blocks import (
    chart_block,
    enrichment_block,
    query_block,
    question_block,
    widget_block,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

Asked = Mapping[str, Any]
_READ = "execute-sql"


async def block_from_source(datasette: Datasette, actor: Actor, asked: Asked) -> Block:
    """The block that was asked for, with an id of its own.

    `asked`: {source: "question", question} | {source: "chart" or "widget", widget, number?} |
    {source: "chart", database, sql, params?, spec?, title?} | {source: "query", database, query} |
    {source: "query", database, sql, params?, title?} | {source: "enrichment", database, run,
    column?}; `params` and `spec` may be JSON texts. Raises BadInput, NotFound, NotAllowed and
    what running a query raises.
    """
    source = _SOURCES.get(str(asked.get("source") or ""))
    if source is None:
        raise BadInput(f"Say what to add, as source: one of {', '.join(_SOURCES)}.")
    block = await source(datasette, actor, asked)
    # The same limits as for what somebody writes: read it as if it had been sent.
    return block_from_json(block_json(block), "What is to be added")


async def add_block(
    datasette: Datasette,
    exploration: Exploration,
    block: Block,
    actor_id: str | None,
    *,
    most_blocks: int,
) -> Saved:
    """Put a block at the end of what is current. Raises BadInput, NotFound, Conflict."""
    current = await revision(datasette, exploration.id, exploration.current)
    if current is None:
        raise NotFound("There is no such exploration any more; somebody may have deleted it.")
    if len(current.document.blocks) >= most_blocks:
        raise BadInput(
            f"“{current.document.title}” has {most_blocks} blocks, the most that one exploration "
            "may have (exploration_blocks); add it to another."
        )
    return await save(
        datasette,
        exploration.id,
        with_block(current.document, block),
        base=Base(current.number, current.edition),
        actor_id=actor_id,
        keep=False,
    )


def with_block(document: Document, block: Block) -> Document:
    """The document with one more block at its end."""
    return replace(document, blocks=(*document.blocks, block))


async def _question(datasette: Datasette, actor: Actor, asked: Asked) -> Block:
    return question_block(await readable_question(datasette, actor, _text(asked, "question")))


async def _widget(datasette: Datasette, actor: Actor, asked: Asked) -> Block:
    widget = await readable_widget_of(datasette, actor, _text(asked, "widget"))
    own = is_own(actor, widget)
    number = _number(asked) if own else None
    found = await revision_of(datasette, widget, number)
    require_run(actor, widget, found)
    return widget_block(widget, found if own else widget_store.for_readers(found))


async def _chart(datasette: Datasette, actor: Actor, asked: Asked) -> Block:
    if asked.get("widget"):
        return await _widget(datasette, actor, asked)
    database = _text(asked, "database")
    await require(datasette, actor, _READ, database)
    sql, params, spec = chart_request(asked)
    drawn = await draw(datasette, actor, database, sql, params, spec)
    title = str(asked.get("title") or "") or drawn.title
    return chart_block(database, sql, params, spec_json(drawn.spec), title)


async def _query(datasette: Datasette, actor: Actor, asked: Asked) -> Block:
    database = _text(asked, "database")
    await require(datasette, actor, _READ, database)
    if asked.get("query"):
        return await _stored_query(datasette, actor, database, asked)
    sql, params, _ = chart_request(asked)
    block = query_block(database, sql, params, str(asked.get("title") or ""))
    # Whoever adds what does not run is told here, where they can still change it.
    await run_query(datasette, database, sql, block.params, actor=actor)
    return block


async def _stored_query(datasette: Datasette, actor: Actor, database: str, asked: Asked) -> Block:
    name = _text(asked, "query")
    found = await datasette.get_query(database, name)
    resource = QueryResource(database=database, query=name)
    if found is None or not await datasette.allowed(
        action="view-query", resource=resource, actor=actor
    ):
        raise NotFound(f"There is no query called {name} in the database {database} here.")
    if found.is_write:
        raise BadInput(f"The query {name} writes to {database}; an exploration only reads.")
    _, params, _ = chart_request({**asked, "sql": found.sql})
    return query_block(database, found.sql, params, found.title or name, name)


async def _enrichment(datasette: Datasette, actor: Actor, asked: Asked) -> Block:
    database = _text(asked, "database")
    run = await readable_run(datasette, actor, database, _text(asked, "run"))
    await require(datasette, actor, _READ, database)
    table = run.enrichment.table
    db = datasette.get_database(database)
    columns = await db.table_columns(table)
    if not columns:
        raise NotFound(f"The table {table} of this run is not there any more.")
    keys = await row_keys(db, table)
    inputs = RowTemplate(run.enrichment.specification.template, columns).columns
    return enrichment_block(run, keys, inputs, str(asked.get("column") or ""))


_SOURCES: dict[str, Callable[[Any, Actor, Asked], Awaitable[Block]]] = {
    "question": _question,
    "chart": _chart,
    "widget": _widget,
    "query": _query,
    "enrichment": _enrichment,
}


def _text(asked: Asked, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise BadInput(f"Say which {name}, as {name}=…")
    return value


def _number(asked: Asked) -> int | None:
    value = asked.get("number")
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise BadInput("number must be that of a version.")
    return int(str(value))


def source_fields(asked: Asked) -> dict[str, str]:
    """What names a source, as the hidden fields of a form or an address carry it."""
    names = ("source", "question", "widget", "number", "database", "sql", "params", "spec")
    more = ("title", "query", "run", "column")
    found = {name: asked[name] for name in (*names, *more) if asked.get(name) not in (None, "")}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in found.items()
    }
