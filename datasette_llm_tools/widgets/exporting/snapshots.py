"""The rows of a widget's queries at one moment, as they go into a file that leaves the server.

A query with parameters is run with their defaults, and with values that a reader of the widget is
likely to choose: those that a parameter declares, and those in a column of its name.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, LlmToolsError, QueryFailed
from ...queries import Limits, QueryResult, Value, run_query
from ...settings import read_settings
from ...sql_names import fold
from ..named_queries import bound
from ..sandbox.rows import plain_row
from ..values import NamedQuery, Parameter, Revision

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

_MOST_ROWS = 100_000
_MOST_RESULTS = 200  # of one query
_MOST_SECONDS = 10.0  # for all results but those of the defaults


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gave with these values of its parameters. `truncated`: there was more.

    `tables` and `sources` are what it read, as a QueryResult has it.
    """

    params: Mapping[str, Value]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool
    tables: tuple[str, ...] = ()
    sources: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A query with its results, the one with the defaults first. `is_partial`: others were
    likely to be wanted, and did not fit."""

    query: NamedQuery
    results: tuple[Result, ...]
    is_partial: bool = False

    @property
    def default(self) -> Result:
        return self.results[0]

    @property
    def row_count(self) -> int:
        return sum(len(each.rows) for each in self.results)


async def snapshots(
    datasette: Datasette, actor: Actor, database: str, revision: Revision
) -> tuple[Snapshot, ...]:
    """Run each query of a revision as the actor; settings.widget_result_bytes for each at most.

    Raises QueryFailed, SqlRejected or QueryTimedOut, naming the query, where one does not run.
    """
    taking = _Taking(datasette, actor, database)
    first = [await taking.default(query) for query in revision.draft.queries]
    deadline = time.monotonic() + _MOST_SECONDS
    return tuple(
        [
            await taking.others(query, first, at, deadline)
            for at, query in enumerate(revision.draft.queries)
        ]
    )


def snapshots_json(taken: Sequence[Snapshot]) -> dict[str, Any]:
    """{queries: [{name, results: [{params, columns, rows, truncated}]}]}, cells as a widget
    gets them; the first result is that of the defaults."""
    return {
        "queries": [
            {"name": each.query.name, "results": list(map(_result_json, each.results))}
            for each in taken
        ]
    }


def _result_json(result: Result) -> dict[str, Any]:
    return {
        "params": dict(result.params),
        "columns": list(result.columns),
        "rows": list(map(plain_row, result.rows)),
        "truncated": result.truncated,
    }


class _Taking:
    """Queries being run for one file."""

    def __init__(self, datasette: Datasette, actor: Actor, database: str) -> None:
        self._datasette = datasette
        self._actor = actor
        self._database = database
        settings = read_settings(datasette, database)
        most = settings.widget_result_bytes
        self._limits = replace(Limits.of(settings), rows=_MOST_ROWS, result_bytes=most)

    async def default(self, query: NamedQuery) -> Result:
        params = bound(query, {})
        try:
            return _result(params, await self._run(query, params, self._limits))
        except QueryFailed as error:
            raise type(error)(f"The query {query.name} does not run: {error.message}") from error

    async def others(
        self, query: NamedQuery, first: Sequence[Result], at: int, deadline: float
    ) -> Snapshot:
        """The snapshot of a query: its default result, and those that are likely to be wanted."""
        found = [first[at]]
        room = self._limits.result_bytes - _size(first[at])
        for number, params in enumerate(likely_values(query, first)):
            if number >= _MOST_RESULTS or time.monotonic() > deadline or room <= 0:
                return Snapshot(query, tuple(found), is_partial=True)
            limits = replace(self._limits, result_bytes=room)
            try:
                result = _result(params, await self._run(query, params, limits))
            except LlmToolsError:
                continue  # a widget that asks for these values would not get them here either
            if result.truncated:
                return Snapshot(query, tuple(found), is_partial=True)
            room -= _size(result)
            found.append(result)
        return Snapshot(query, tuple(found))

    async def _run(
        self, query: NamedQuery, params: Mapping[str, Value], limits: Limits
    ) -> QueryResult:
        return await run_query(
            self._datasette, self._database, query.sql, params, actor=self._actor, limits=limits
        )


def likely_values(query: NamedQuery, results: Sequence[Result]) -> Iterator[dict[str, Value]]:
    """Values of a query's parameters that a reader may choose, but for all defaults together."""
    default = bound(query, {})
    each_values = [_values(each, default[each.name], results) for each in query.parameters]
    combined = product(*each_values)
    for values in islice(combined, 1, _MOST_RESULTS + 2):
        try:
            yield bound(query, dict(zip(default, values, strict=True)))
        except BadInput:
            continue


def _values(parameter: Parameter, default: Value, results: Sequence[Result]) -> list[Value]:
    """A parameter's default, and others that are likely."""
    found: list[Value] = [default, *parameter.choices]
    if parameter.type == "boolean":
        found += [0, 1]
    least, most = parameter.minimum, parameter.maximum
    if parameter.type == "integer" and isinstance(least, int) and isinstance(most, int):
        found += range(least, min(most, least + _MOST_RESULTS) + 1)
    for result in results:
        names = [fold(each) for each in result.columns]
        if fold(parameter.name) in names:
            at = names.index(fold(parameter.name))
            found += [row[at] for row in result.rows if not isinstance(row[at], bytes)]
    return list(dict.fromkeys(found))


def _result(params: Mapping[str, Value], result: QueryResult) -> Result:
    return Result(
        params, result.columns, result.rows, result.truncated, result.tables, result.sources
    )


def _size(result: Result) -> int:
    """About the bytes of a result, as the limits count them."""
    return sum(
        len(cell.encode()) if isinstance(cell, str) else len(cell) if isinstance(cell, bytes) else 8
        for row in result.rows
        for cell in row
    )
