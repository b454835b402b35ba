"""Runs a block as somebody, through the guard; and freezes what it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import LlmToolsError, NotAllowed, NotFound
from ..key_labels import labels_of
from ..permissions import Actor
from ..queries import QueryResult, Value, run_query
from ..schema import Table
from ..schema_reading import read_schema
from ..widgets import store as widget_store
from ..widgets.charts import chart_data
from ..widgets.charts.drawn import drawn_json
from ..widgets.exporting.snapshots import Snapshot as WidgetSnapshot
from ..widgets.exporting.snapshots import snapshots, snapshots_json
from ..widgets.internal_tables import now
from ..widgets.sandbox.frame_views import rebuilt_source
from ..widgets.sandbox.rows import plain_row
from ..widgets.values import Kind, Revision, Widget
from .canonical import LABELS, digest, frozen_digest
from .drawn_columns import drawn_columns, drawn_sources
from .labels import LabelsJson, labels_json
from .parameters import parameter_values, params_of
from .values import Block, ChartBlock, Document, Frozen, Queried, WidgetBlock, Words

if TYPE_CHECKING:
    from datasette.app import Datasette

_HEAVY_CELLS = 10_000
# Of a Drawn: rows stand apart, the others lead back to the server or differ each time.
_NOT_FROZEN = {"rows", "behind", "milliseconds"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a block gives, just now or when it was frozen; cells as JSON has them.

    Of a chart, columns and rows are what is drawn, and `drawn` is its JSON (widgets/charts/
    drawn.py). `result` is there where the block has just been run and is no chart. `tables` and
    `sources` are what was read, of a chart the columns that are drawn; `labels` what keys in the
    rows are called.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    tables: tuple[str, ...]
    sources: frozenset[tuple[str, str]] = frozenset()
    drawn: Mapping[str, Any] | None = None
    labels: LabelsJson = field(default_factory=list)
    result: QueryResult | None = None
    milliseconds: float = 0.0


async def run_block(
    datasette: Datasette, actor: Actor, block: Queried, params: Mapping[str, Value]
) -> Ran:
    """Run a block's statement as the actor. Raises what queries.run_query and draw raise."""
    if isinstance(block, ChartBlock):
        return await _draw(datasette, actor, block, params)
    result = await run_query(datasette, block.database, block.sql, params, actor=actor)
    schema = await read_schema(datasette, block.database, actor)
    labels = await labels_of(datasette, block.database, block.sql, result, schema)
    named = {(each.table, name) for each in labels.values() for name in (each.key, each.column)}
    return Ran(
        columns=result.columns,
        rows=await _plain(result.rows),
        truncated=result.truncated,
        tables=result.tables,
        sources=result.sources | named,
        labels=labels_json(labels),
        result=result,
        milliseconds=result.milliseconds,
    )


async def widget_of(
    datasette: Datasette, owner_id: str | None, block: WidgetBlock, *, was_run: bool = True
) -> tuple[Widget, Revision]:
    """The widget of a block and its revision, which `owner_id`, the exploration's author, must be
    allowed to show: it is theirs or shared. `was_run`: its owner must have pressed Run.

    Raises NotFound, NotAllowed.
    """
    widget = await widget_store.get(datasette, block.widget_id)
    if widget is None or widget.kind is not Kind.DOCUMENT or widget.database != block.database:
        raise NotFound("This widget is gone; somebody has deleted it.")
    is_theirs = widget.actor_id is not None and widget.actor_id == owner_id
    if not (is_theirs or widget.shared):
        raise NotFound("This widget is not shared any more with the author of this exploration.")
    revision = await widget_store.revision(datasette, widget.id, block.revision)
    if revision is None:
        raise NotFound(f"This widget has no version {block.revision}.")
    if revision.approved_at is None and (was_run or not is_theirs):
        raise NotAllowed("The owner of this widget has not run this version yet.")
    return widget, revision


async def freeze_all(
    datasette: Datasette, actor: Actor, owner_id: str | None, document: Document
) -> tuple[Frozen, ...]:
    """What all blocks but words give now, one after the other, as the actor."""
    return tuple(
        [
            await freeze(datasette, actor, owner_id, block, document)
            for block in document.blocks
            if not isinstance(block, Words)
        ]
    )


async def freeze(
    datasette: Datasette,
    actor: Actor,
    owner_id: str | None,
    block: Block,
    document: Document,
) -> Frozen:
    """What a block gives now, with its parameters' defaults. Where it does not run, `refused`
    says why."""
    if isinstance(block, Words):
        raise TypeError("Words have no rows.")
    try:
        if isinstance(block, WidgetBlock):
            return await _freeze_widget(datasette, actor, owner_id, block)
        params = params_of(block, document, parameter_values(document, {}))
        ran = await run_block(datasette, actor, block, params)
        more = {name: value for name, value in (ran.drawn or {}).items() if name not in _NOT_FROZEN}
        more |= {LABELS: ran.labels} if ran.labels else {}
        return await _frozen(datasette, actor, block, ran, more)
    except LlmToolsError as error:
        return Frozen(block.id, database=block.database, taken_at=now(), refused=error.message)


def thawed(frozen: Frozen) -> Ran:
    """A frozen block as what it gave then."""
    drawn = None
    if "vega_lite" in frozen.more:
        drawn = {**frozen.more, "rows": frozen.rows, "behind": None, "milliseconds": 0.0}
    return Ran(
        columns=frozen.columns,
        rows=frozen.rows,
        truncated=frozen.truncated,
        tables=frozen.tables,
        labels=frozen.more.get(LABELS, []),
        drawn=drawn,
    )


async def schema_digest(
    datasette: Datasette, actor: Actor, database: str, tables: Sequence[str]
) -> str:
    """A hash over the columns of tables: their names, types and places in keys.

    Foreign keys do not count: those that lead to what an actor may not see are not in their
    schema, and two people who see the same table get the same hash.
    """
    schema = await read_schema(datasette, database, actor)
    return digest({name: _columns_json(schema.table(name)) for name in sorted(tables)})


def _columns_json(table: Table | None) -> Any:
    if table is None:
        return None
    columns = [[each.name, each.type, each.pk, each.not_null] for each in table.columns]
    return {"kind": table.kind, "columns": columns}


async def _draw(
    datasette: Datasette, actor: Actor, block: ChartBlock, params: Mapping[str, Value]
) -> Ran:
    looked = await chart_data.look(datasette, actor, block.database, block.sql, params)
    chart = await chart_data.draw(
        datasette, actor, block.database, block.sql, params, block.spec, looked
    )
    rows = await _plain(chart.rows)
    drawn = drawn_columns(chart.spec)
    schema = await read_schema(datasette, block.database, actor)
    names = [each.name for each in looked.columns]
    sources = await asyncio.to_thread(
        drawn_sources, block.sql, schema, names, drawn, looked.sources
    )
    told = drawn_json(chart)
    told["columns"] = [each for each in told["columns"] if each["name"] in drawn]
    return Ran(
        columns=chart.titles,
        rows=rows,
        truncated=chart.note is not None,
        tables=looked.tables,
        sources=sources,
        drawn={**told, "rows": rows},
        milliseconds=chart.milliseconds,
    )


async def _freeze_widget(
    datasette: Datasette, actor: Actor, owner_id: str | None, block: WidgetBlock
) -> Frozen:
    widget, revision = await widget_of(datasette, owner_id, block)
    rebuilt = await rebuilt_source(revision)
    taken = await snapshots(datasette, actor, widget.database, revision)
    results = [result for query in taken for result in query.results]
    ran = Ran(
        columns=(),
        rows=(),
        truncated=any(each.truncated for each in results),
        tables=tuple(sorted({name for each in results for name in each.tables})),
        sources=frozenset().union(*(each.sources for each in results)),
    )
    more = {
        "html": rebuilt.html,
        "libraries": list(rebuilt.libraries),
        "queries": await asyncio.to_thread(_queries_json, taken),
    }
    return await _frozen(datasette, actor, block, ran, more)


def _queries_json(taken: Sequence[WidgetSnapshot]) -> list[dict[str, Any]]:
    """[{name, sql, results: [{params, columns, rows, truncated}]}]"""
    sql = {each.query.name: each.query.sql for each in taken}
    told = snapshots_json(taken)["queries"]
    return [
        {"name": each["name"], "sql": sql[each["name"]], "results": each["results"]}
        for each in told
    ]


async def _frozen(
    datasette: Datasette,
    actor: Actor,
    block: Queried | WidgetBlock,
    ran: Ran,
    more: Mapping[str, Any],
) -> Frozen:
    labelling = {each["table"] for each in ran.labels}
    return Frozen(
        block_id=block.id,
        columns=ran.columns,
        rows=ran.rows,
        truncated=ran.truncated,
        database=block.database,
        tables=tuple(sorted({*ran.tables, *labelling})),
        rows_hash=await asyncio.to_thread(frozen_digest, ran.columns, ran.rows, more),
        schema_hash=await schema_digest(datasette, actor, block.database, ran.tables),
        taken_at=now(),
        more=more,
        sources=ran.sources,
    )


async def _plain(rows: Sequence[Sequence[Value]]) -> tuple[tuple[Any, ...], ...]:
    def plain() -> tuple[tuple[Any, ...], ...]:
        return tuple(tuple(plain_row(row)) for row in rows)

    cells = len(rows) * len(rows[0]) if rows else 0
    return await asyncio.to_thread(plain) if cells > _HEAVY_CELLS else plain()
