"""The data of a chart: the query is looked at, a spec chosen or checked, and SQL gives the rows.

Every number drawn comes from SQL over all rows of the query; what could not be drawn is counted.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from ...errors import BadInput, QueryFailed
from ...permissions import Actor, visible_tables
from ...queries import Limits, QueryResult, Value, run_query
from ...settings import Settings, read_settings
from .behind import Behind, behind
from .bins import Bins
from .chart_parts import Channel, Source, without_end
from .chart_sql import ChartQuery, chart_sql
from .column_types import chart_columns
from .drawn import LOOKED_AT, Drawn, Looked
from .kept_rows import Kept, kept_rows
from .settling import ends_sql, open_sides, settled
from .spec import Aggregate, ChartSpec, spec_json
from .spec_reading import mended_from_json
from .suggesting import suggest
from .summaries import chart_title, summary
from .vega_lite import vega_lite
from .wording import field_title

if TYPE_CHECKING:
    from datasette.app import Datasette

Params = Mapping[str, Value]
Done = TypeVar("Done")

_HEAVY_CELLS = 10_000  # these take about 10 ms to be looked at
_GROUPING = re.compile(
    r"\b(group|distinct|union|except|intersect|values|count|sum|avg|total|min|max)\b", re.IGNORECASE
)


async def look(
    datasette: Datasette, actor: Actor, database: str, sql: str, params: Params
) -> Looked:
    """Run a query for its first rows. Raises what queries.run_query raises."""
    sql = without_end(sql)
    limits = replace(Limits.of(read_settings(datasette, database)), rows=LOOKED_AT)
    await datasette.refresh_schemas()
    visible = await visible_tables(datasette, actor, database)
    result = await run_query(
        datasette, database, sql, params, actor=actor, limits=limits, tables=visible
    )
    return Looked(
        columns=await _aside(_cells(result), lambda: chart_columns(result)),
        rows=result.rows,
        truncated=result.truncated,
        noun=_noun(sql, result),
        milliseconds=result.milliseconds,
        visible=visible,
        tables=result.tables,
        sources=result.sources,
    )


async def draw(
    datasette: Datasette,
    actor: Actor,
    database: str,
    sql: str,
    params: Params,
    spec: ChartSpec | Mapping[str, Any] | None,
    looked: Looked | None = None,
) -> Drawn:
    """Draw a query as the actor, by a spec or, without one, as suggested.

    A spec may be JSON that nobody has checked. `looked` saves running the query for its columns.
    Raises BadInput for a spec that does not fit and where nothing is worth drawing, and what
    queries.run_query raises.
    """
    looked = looked or await look(datasette, actor, database, sql, params)
    drawing = _Drawing(datasette, actor, database, sql, params, looked)
    if spec is None:
        spec = suggest(looked.columns, looked.rows, truncated=looked.truncated)
        if spec is None:
            raise BadInput(
                "The query gives no rows, so there is nothing to draw yet."
                if not looked.rows
                else "There is nothing to count, compare or follow over time in these columns; "
                "choose a mark and its columns by hand."
            )
    return await drawing.drawn(spec_json(spec) if isinstance(spec, ChartSpec) else dict(spec))


class _Drawing:
    """One query on its way to a chart."""

    def __init__(
        self,
        datasette: Datasette,
        actor: Actor,
        database: str,
        sql: str,
        params: Params,
        looked: Looked,
    ) -> None:
        self._datasette = datasette
        self._actor = actor
        self._database = database
        self._sql = without_end(sql)
        self._params = params
        self._looked = looked
        self._milliseconds = looked.milliseconds
        self._settings: Settings = read_settings(datasette, database)

    async def drawn(self, written: Mapping[str, Any]) -> Drawn:
        """The chart of a spec as JSON."""
        columns = self._looked.columns
        spec, notes = mended_from_json(dict(written), columns)
        spec, query, back = await self._query(spec)
        result = await self._run(query.sql)
        grouped = _put_together(spec, query, result)
        if grouped is not None:
            notes = (*notes, _GROUPED_NOTE.format(grouped.aggregate))
            spec, query, back = await self._query(grouped)
            result = await self._run(query.sql)
        missing, total = await self._counted(query, result)
        return await _aside(
            _cells(result),
            lambda: self._finished(
                spec,
                query,
                kept_rows(
                    spec, query, result.rows, truncated=result.truncated, missing=missing,
                    total=total,
                ),
                back,
                notes,
            ),
        )  # fmt: skip

    async def _query(self, spec: ChartSpec) -> tuple[ChartSpec, ChartQuery, Behind | None]:
        """The spec with what the data decide, its SQL, and the rows behind its marks."""
        columns = self._looked.columns
        sides = open_sides(spec, columns)
        bins: dict[Channel, Bins] = {}
        if sides:
            ends = await self._run(ends_sql(spec, Source(self._sql, columns), sides))
            spec, bins = settled(spec, sides, ends.rows[0])
        query = chart_sql(spec, self._sql, columns, bins=bins)
        return spec, query, behind(spec, query, self._sql, columns, bins)

    async def _run(self, sql: str) -> QueryResult:
        limits = Limits.of(self._settings)
        limits = replace(limits, rows=self._settings.chart_rows)
        try:
            result = await run_query(
                self._datasette,
                self._database,
                sql,
                self._params,
                actor=self._actor,
                limits=limits,
                tables=self._looked.visible,
            )
        except QueryFailed as error:
            if error.message != "integer overflow":
                raise
            raise BadInput(
                "The sum is too large for SQLite's integers; cast the column to real in the query."
            ) from error
        self._milliseconds += result.milliseconds
        return result

    async def _counted(
        self, query: ChartQuery, result: QueryResult
    ) -> tuple[dict[str, int] | None, int | None]:
        """Rows without a value in each field, and all rows, where only some rows came."""
        if query.is_grouped and not result.rows:
            source = Source(self._sql, self._looked.columns)
            lines = [source.with_clause(), "select count(*)", source.from_drawn()]
            counted = await self._run("\n".join(lines))
            return None, _whole(counted.rows[0][0])
        if query.is_grouped or not result.truncated:
            return None, None
        names = [field.name for field in query.fields]
        counts = ", ".join(["count(*)", *(f"total({name} is null)" for name in names)])
        counted = await self._run("\n".join(["select", counts, "from (", query.sql, ")"]))
        total, *missing = map(_whole, counted.rows[0])
        return dict(zip(names, missing, strict=True)), total

    def _finished(
        self,
        spec: ChartSpec,
        query: ChartQuery,
        kept: Kept,
        back: Behind | None,
        notes: tuple[str, ...],
    ) -> Drawn:
        noun = self._looked.noun
        return Drawn(
            spec=spec,
            columns=self._looked.columns,
            sql=query.sql,
            fields=tuple(field.name for field in query.fields),
            titles=tuple(field_title(field, spec, noun) for field in query.fields),
            rows=kept.rows,
            total=kept.total,
            note=kept.note,
            notes=notes,
            left_out=(*kept.left_out, *_moved(query)),
            vega_lite=vega_lite(spec, query, kept.rows, noun),
            behind=self._behind_json(back),
            title=chart_title(spec, noun),
            summary=summary(spec, query, kept.rows, noun),
            milliseconds=self._milliseconds,
        )

    def _behind_json(self, back: Behind | None) -> dict[str, Any] | None:
        if back is None:
            return None
        own = {name: "" if value is None else value for name, value in self._params.items()}
        page = self._datasette.urls.database(self._database) + "/-/query"
        return {
            "url": f"{page}?{urlencode({'sql': back.sql, **own})}",
            "params": [{"name": name, "field": field} for name, field in back.params],
        }


_GROUPED_NOTE = "Several rows fall on one mark, so their {} is drawn."


def _put_together(spec: ChartSpec, query: ChartQuery, result: QueryResult) -> ChartSpec | None:
    """The spec with an aggregate, where rows that were to be marks fall on each other."""
    if query.is_grouped or spec.mark in ("point", "map"):
        return None
    keys = [index for index, field in enumerate(query.fields) if not field.is_value]
    places = {tuple(row[index] for index in keys) for row in result.rows}
    if len(places) == len(result.rows):
        return None
    aggregate: Aggregate = "mean" if spec.mark in ("line", "heatmap", "number") else "sum"
    return replace(spec, aggregate=aggregate)


def _moved(query: ChartQuery) -> list[str]:
    """A sentence for each column of times that stand elsewhere than where they are written."""
    columns = {field.column for field in query.fields if field.column and field.kind != "number"}
    return [
        f"Times in {each.name} are written with an offset such as {each.offset}; they are drawn "
        "in UTC."
        for each in sorted(columns, key=lambda each: each.name)
        if each.offset is not None
    ]


def _noun(sql: str, result: QueryResult) -> str | None:
    """What a row of a query is, where each is one of a table that is called in the plural."""
    if len(result.tables) != 1 or _GROUPING.search(sql):
        return None
    name = result.tables[0]
    is_plural = name.isidentifier() and name.endswith("s") and not name.endswith("ss")
    return name.replace("_", " ").lower() if is_plural else None


def _cells(result: QueryResult) -> int:
    return len(result.rows) * len(result.columns)


def _whole(count: Value) -> int:
    """A count as SQLite gives it: total() makes it a float."""
    return int(count) if isinstance(count, (int, float)) else 0


async def _aside(cells: int, work: Callable[[], Done]) -> Done:
    """Do what takes long for many cells off the event loop."""
    return await asyncio.to_thread(work) if cells > _HEAVY_CELLS else work()
