"""Reads rows of one table as one actor, whatever is in their cells.

The condition that chooses rows is somebody's SQL, so it runs behind the guard with
limits of its own. What the guard finds too large is read again by key, cut.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import BadInput, QueryFailed, SqlRejected
from ...permissions import visible_tables
from ...queries import Limits, QueryResult, run_query
from ...settings import read_settings
from ...sql_names import quoted
from ..values import Key, Row, Selection, Value
from .tables import TargetTable, require_columns, require_target, where_key

if TYPE_CHECKING:
    from datasette.app import Datasette

PAGE_ROWS = 500
_PAGE_BYTES = 4_000_000
_PAGE_MS = 60_000
# Of a cell that is too large for the guard: enough to tell that it is too long.
_CLIPPED_CHARACTERS = 1_000_001
_CLIPPED_ROWS = 20
_VARIABLES = 80  # the guard allows 100 in a statement
_SAMPLED_KEYS = 20_000
_PERMISSION_SECONDS = 5.0


class Reader:
    """Reads the rows of one selection as one actor; `source` is where they come from in SQL.

    `milliseconds` is what one statement may take, less than a run's where a page waits.
    """

    def __init__(
        self,
        datasette: Datasette,
        actor: Mapping[str, object] | None,
        target: TargetTable,
        database: str,
        columns: Sequence[str],
        selection: Selection,
        milliseconds: int | None = None,
    ) -> None:
        self._datasette = datasette
        self._actor = dict(actor) if actor is not None else None
        self._target = target
        self._database = database
        self._columns = tuple(columns)
        self._selection = selection
        self._table = quoted(target.name)
        self._keys = ", ".join(map(self._column, target.key_columns))
        self._cells = "".join(
            f", CASE typeof({name}) WHEN 'blob' THEN x'' ELSE {name} END"
            for name in map(self._column, self._columns)
        )
        has_key = [f"{self._column(each)} IS NOT NULL" for each in sorted(target.nullable_key)]
        # The line ends because the condition may end in a comment.
        chosen = [f"({selection.where}\n)"] if selection.where else []
        where = " AND ".join([*chosen, *has_key]) or "1"
        self.source = f"FROM {self._table} WHERE {where}"
        self._limits = Limits(
            milliseconds or _PAGE_MS,
            read_settings(datasette, database).query_memory_bytes,
            PAGE_ROWS,
            _PAGE_BYTES,
        )
        self._tables: frozenset[str] = frozenset()
        self._allowed_until = 0.0

    async def page(self, after: Key | None) -> tuple[list[Row], Key | None]:
        """Rows behind a key, and the key to go on from: None at the end."""
        try:
            result = await self.run(*self._behind(after, self._keys + self._cells, PAGE_ROWS))
        except QueryFailed as error:
            if "too big" not in str(error):
                raise
            return await self._clipped_page(after)
        if result.truncated and not result.rows:
            return await self._clipped_page(after)
        rows = [self._row(each) for each in result.rows]
        more = result.truncated or len(rows) == PAGE_ROWS
        return self._addressable(rows), self._next(rows, after) if more else None

    async def rows(self, keys: Sequence[Key]) -> list[Row]:
        """The rows of these keys that are there, in the order of the keys."""
        found: dict[Key, Row] = {}
        size = max(1, _VARIABLES // len(self._target.key_columns))
        for start in range(0, len(keys), size):
            part = keys[start : start + size]
            try:
                result = await self.run(*self._among(part), with_selection=False)
            except QueryFailed as error:
                if "too big" not in str(error):
                    raise
                rows = await self._clipped(part)
            else:
                rows = [self._row(each) for each in result.rows]
                if result.truncated:
                    there = {row.key for row in rows}
                    rows += await self._clipped([key for key in part if key not in there])
            found.update((row.key, row) for row in rows)
        return [found[key] for key in keys if key in found]

    async def some_keys(self, n: int, chance: random.Random) -> list[Key]:
        """At most `n` keys by chance, in order."""
        result = await self.run(
            *self._behind(None, self._keys, _SAMPLED_KEYS + 1), rows=_SAMPLED_KEYS
        )
        keys = [tuple(each) for each in result.rows]
        if result.truncated and len(self._target.key_columns) == 1:
            ends = await self.run(
                f"SELECT min({self._keys}), max({self._keys}) FROM {self._table}",  # noqa: S608 -- names are quoted
                {},
                with_selection=False,
            )
            low, high = ends.rows[0]
            if isinstance(low, int) and isinstance(high, int):
                keys = await self._keys_between(low, high, n, chance)
        chosen = chance.sample(range(len(keys)), min(n, len(keys)))
        return [keys[i] for i in sorted(chosen)]

    async def _keys_between(self, low: int, high: int, n: int, chance: random.Random) -> list[Key]:
        """The keys behind `n` numbers drawn between two."""
        found: dict[Key, None] = {}
        for _ in range(n):
            result = await self.run(*self._behind((chance.randint(low, high) - 1,), self._keys, 1))
            found.update((tuple(each), None) for each in result.rows)
        return sorted(found, key=str)

    async def run(
        self,
        sql: str,
        params: Mapping[str, Value],
        *,
        rows: int = PAGE_ROWS,
        with_selection: bool = True,
    ) -> QueryResult:
        """Run a statement of ours behind the guard. Raises TableGone for what is not there."""
        if time.monotonic() > self._allowed_until:
            await self._datasette.refresh_schemas()
            self._tables = await visible_tables(self._datasette, self._actor, self._database)
            self._allowed_until = time.monotonic() + _PERMISSION_SECONDS
            if with_selection and self._selection.where:
                await self._require_table(self._target.columns)
        chosen = self._selection.params if with_selection else {}
        limits = Limits(
            self._limits.milliseconds, self._limits.memory_bytes, rows, self._limits.result_bytes
        )
        try:
            return await run_query(
                self._datasette,
                self._database,
                sql,
                {**chosen, **params},
                actor=self._actor,
                limits=limits,
                tables=self._tables,
            )
        except (QueryFailed, SqlRejected):
            await self._require_table(self._columns)
            raise

    async def _require_table(self, columns: Sequence[str]) -> None:
        await require_target(self._datasette, self._database, self._target.name)
        await self._datasette.get_database(self._database).execute_fn(
            lambda connection: require_columns(connection, self._target, columns)
        )

    def _behind(self, after: Key | None, what: str, limit: int) -> tuple[str, dict[str, Value]]:
        """The statement that reads `what` of the first rows behind a key, and its parameters."""
        params = {f"llm_tools_{i}": value for i, value in enumerate(after or ())}
        marks = ", ".join(f":{name}" for name in params)
        behind = f" AND ({self._keys}) > ({marks})" if params else ""
        return (
            f"SELECT {what} {self.source}{behind} ORDER BY {self._keys} LIMIT {limit}",
            params,
        )

    def _among(self, keys: Sequence[Key]) -> tuple[str, dict[str, Value]]:
        """The statement that reads the rows of some keys, and its parameters."""
        params: dict[str, Value] = {}
        listed = []
        for key in keys:
            names = [f"llm_tools_{len(params) + i}" for i in range(len(key))]
            params.update(zip(names, key, strict=True))
            marks = ", ".join(f":{name}" for name in names)
            listed.append(marks if len(key) == 1 else f"({marks})")
        values = "" if len(self._target.key_columns) == 1 else "VALUES "
        sql = (
            f"SELECT {self._keys}{self._cells} FROM {self._table} "  # noqa: S608 -- names are quoted
            f"WHERE ({self._keys}) IN ({values}{', '.join(listed)})"
        )
        return sql, params

    async def _clipped_page(self, after: Key | None) -> tuple[list[Row], Key | None]:
        """A page with a cell that the guard does not read whole."""
        result = await self.run(*self._behind(after, self._keys, _CLIPPED_ROWS))
        rows = await self._clipped([tuple(each) for each in result.rows])
        more = len(result.rows) == _CLIPPED_ROWS
        return self._addressable(rows), tuple(result.rows[-1]) if more else None

    async def _clipped(self, keys: Sequence[Key]) -> list[Row]:
        """Rows by keys that the guard has allowed, their long texts cut: our own SQL only."""
        cells = "".join(
            f", CASE typeof({name}) WHEN 'blob' THEN x'' "
            f"WHEN 'text' THEN substr({name}, 1, {_CLIPPED_CHARACTERS}) ELSE {name} END"
            for name in map(self._column, self._columns)
        )
        sql = (
            f"SELECT {self._keys}{cells} FROM {self._table} "  # noqa: S608 -- names are quoted
            f"WHERE {where_key(self._target)}"
        )

        def ask(connection: sqlite3.Connection) -> list[Row]:
            found = (connection.execute(sql, key).fetchone() for key in keys)
            return [self._row(each) for each in found if each is not None]

        rows: list[Row] = await self._datasette.get_database(self._database).execute_fn(ask)
        return rows

    def _column(self, name: str) -> str:
        """A column in SQL with its table: on its own, one that is gone would be a text."""
        return f"{self._table}.{quoted(name)}"

    def _row(self, values: Sequence[Value]) -> Row:
        width = len(self._target.key_columns)
        return Row(tuple(values[:width]), dict(zip(self._columns, values[width:], strict=True)))

    def _addressable(self, rows: list[Row]) -> list[Row]:
        """Without rows whose key is no text that can be written down: nobody could find them."""
        return [
            row
            for row in rows
            if not any(isinstance(part, str) and "\ufffd" in part for part in row.key)
        ]

    def _next(self, rows: list[Row], after: Key | None) -> Key:
        if rows[-1].key == after:
            raise BadInput(
                f"Keys of {self._target.name} are no text that can be read; mend them first."
            )
        return rows[-1].key
