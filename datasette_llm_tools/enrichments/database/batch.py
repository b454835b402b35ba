"""One batch of outcomes on its way into the database: everything that changes with it.

It runs inside one transaction. Where the table refuses a value, the batch is written
row by row; where a trigger throws the whole transaction away, it begins again.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...sql_names import quoted
from ..outputs import to_sqlite
from ..values import Fault, Key, Outcome, OutcomeStatus, Run, Value
from .leases import Orders, renew
from .own_tables import now
from .records import fault_name
from .tables import TargetTable, json_value, key_json, require_columns, where_key

# The status of a result whose row is to be asked again; such a row is not settled.
RETRY = "retry"

# How many keys of rows done last a run keeps.
LATEST = 20
# json.dumps makes an encoder at each call, which takes longer than encoding.
_json = json.JSONEncoder(ensure_ascii=False).encode
# What a table, its triggers or SQLite itself may have against a value.
_REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    OverflowError,
    UnicodeEncodeError,
)
_INSERT = """
    INSERT OR REPLACE INTO _llm_tools_results (
        run, row_key, status, reply_values, previous, input_hash, input_tokens, output_tokens,
        usd, milliseconds, attempts, cached, model_id, fault, message, reply, answered_at
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_PROGRESS = """
    UPDATE _llm_tools_runs SET
        done = done + :done,
        failed = failed + :failed,
        skipped = skipped + :skipped,
        unchanged = unchanged + :unchanged,
        cached = cached + :cached,
        unpriced = unpriced + :unpriced,
        input_tokens = input_tokens + :input_tokens,
        output_tokens = output_tokens + :output_tokens,
        usd = iif(:usd IS NULL, usd, coalesce(usd, 0) + :usd),
        cursor = coalesce(:cursor, cursor),
        latest = coalesce(:latest, latest)
    WHERE number = :run
"""


class Batch:
    """Outcomes of rows on their way into the database."""

    def __init__(
        self, run: Run, target: TargetTable, owner: str, cursor: Key | None, seconds: float
    ) -> None:
        self._run = run
        self._target = target
        self._owner = owner
        self._cursor = cursor
        self._seconds = seconds
        self._singly = False
        self._refused: dict[str, str] = {}
        self._outputs = run.enrichment.specification.outputs
        names = [quoted(each.name) for each in self._outputs]
        table, where = quoted(target.name), where_key(target)
        # Our own OR clause: a column's ON CONFLICT REPLACE would delete other rows.
        self._update = (
            f"UPDATE OR ABORT {table} SET {', '.join(f'{name} = ?' for name in names)} "  # noqa: S608 -- names are quoted
            f"WHERE {where}"
        )
        self._select = f"SELECT {', '.join(names)} FROM {table} WHERE {where}"  # noqa: S608 -- names are quoted

    def write(self, connection: sqlite3.Connection, outcomes: Sequence[Outcome]) -> Orders:
        """Everything that a batch changes, inside the caller's transaction."""
        while True:
            try:
                return self._attempt(connection, outcomes)
            except _RolledBack as gone:
                connection.execute("BEGIN IMMEDIATE")
                self._singly = True
                if gone.key is not None:
                    self._refused[gone.key] = str(gone)

    def _attempt(self, connection: sqlite3.Connection, outcomes: Sequence[Outcome]) -> Orders:
        orders = renew(connection, self._run, self._owner, self._seconds)
        require_columns(connection, self._target, [each.name for each in self._outputs])
        by_key = self._unsettled(connection, outcomes)
        previous = self._previous(connection, by_key)
        self._write_values(connection, by_key, previous)
        self._write_results(connection, by_key, previous)
        self._write_progress(connection, by_key)
        return orders

    def _unsettled(
        self, connection: sqlite3.Connection, outcomes: Sequence[Outcome]
    ) -> dict[str, Outcome]:
        """The outcomes by stored key, without those of rows that have a result in this run."""
        by_key = {key_json(each.key): each for each in outcomes}
        settled = connection.execute(
            "SELECT row_key FROM _llm_tools_results WHERE run = ? AND status != ? "
            "AND row_key IN (SELECT value FROM json_each(?))",
            [self._run.number, RETRY, json.dumps(list(by_key))],
        )
        for (key,) in settled.fetchall():
            del by_key[key]
        return by_key

    def _previous(
        self, connection: sqlite3.Connection, by_key: dict[str, Outcome]
    ) -> dict[str, str | None]:
        """What the rows to be written hold now, as JSON; rows that are gone become skipped."""
        found: dict[str, str | None] = {}
        for key, outcome in by_key.items():
            if outcome.status is not OutcomeStatus.DONE:
                continue
            row = connection.execute(self._select, outcome.key).fetchone()
            if row is None:
                by_key[key] = replace(
                    outcome, status=OutcomeStatus.SKIPPED, message="The row is gone."
                )
            else:
                found[key] = self._as_previous(row)
        return found

    def _as_previous(self, row: Sequence[Value]) -> str | None:
        if all(value is None for value in row):
            return None
        held = zip(self._outputs, row, strict=True)
        return _json({each.name: json_value(value) for each, value in held})

    def _write_values(
        self,
        connection: sqlite3.Connection,
        by_key: dict[str, Outcome],
        previous: dict[str, str | None],
    ) -> None:
        """Write all values at once or, where the table refuses one, row by row."""
        written = {key: (*self._stored(by_key[key]), *by_key[key].key) for key in previous}
        if not written or (not self._singly and self._write_together(connection, written)):
            return
        for key, values in written.items():
            refusal = self._refused.get(key) or self._write_one(connection, key, values)
            if refusal:
                by_key[key] = unwritable(by_key[key], refusal)
                del previous[key]

    def _write_together(
        self, connection: sqlite3.Connection, written: Mapping[str, tuple[Value, ...]]
    ) -> bool:
        """Whether the table took all values; none of them is written if it did not."""
        connection.execute("SAVEPOINT llm_tools_values")
        try:
            changed = connection.executemany(self._update, written.values()).rowcount
        except _REFUSALS as error:
            _require_transaction(connection, None, error)
            changed = -1
        if changed != len(written):
            connection.execute("ROLLBACK TO llm_tools_values")
        connection.execute("RELEASE llm_tools_values")
        return changed == len(written)

    def _write_one(
        self, connection: sqlite3.Connection, key: str, values: tuple[Value, ...]
    ) -> str | None:
        """Write the values of one row; returns what the table has against them."""
        connection.execute("SAVEPOINT llm_tools_value")
        refusal = None
        try:
            if not connection.execute(self._update, values).rowcount:
                refusal = "A trigger of the table ignored the value"
        except _REFUSALS as error:
            _require_transaction(connection, key, error)
            connection.execute("ROLLBACK TO llm_tools_value")
            refusal = str(error)
        connection.execute("RELEASE llm_tools_value")
        return refusal

    def _stored(self, outcome: Outcome) -> list[Value]:
        values = outcome.values or {}
        return [to_sqlite(each, values.get(each.name)) for each in self._outputs]

    def _write_results(
        self,
        connection: sqlite3.Connection,
        by_key: Mapping[str, Outcome],
        previous: Mapping[str, str | None],
    ) -> None:
        answered_at = now()
        connection.executemany(
            _INSERT,
            [
                _unchanged(self._run, key)
                if each.status is OutcomeStatus.UNCHANGED
                else (
                    self._run.number,
                    key,
                    each.status.value,
                    None if each.values is None else _json(each.values),
                    previous.get(key),
                    each.input_hash,
                    each.usage.input_tokens,
                    each.usage.output_tokens,
                    each.usd,
                    each.milliseconds,
                    each.attempts,
                    int(each.cached),
                    each.model_id,
                    fault_name(each.fault),
                    _clean(each.message),
                    _clean(each.reply),
                    answered_at,
                )
                for key, each in by_key.items()
            ],
        )

    def _write_progress(
        self, connection: sqlite3.Connection, by_key: Mapping[str, Outcome]
    ) -> None:
        outcomes = by_key.values()
        counted = Counter(each.status for each in outcomes)
        asked = [each for each in outcomes if each.attempts and not each.cached]
        priced = [each.usd for each in asked if each.usd is not None]
        latest = [key for key, each in by_key.items() if each.status is OutcomeStatus.DONE]
        if latest and len(latest) < LATEST:
            latest = [*self._latest(connection), *latest]
        connection.execute(
            _PROGRESS,
            {
                "run": self._run.number,
                **{each.value: counted[each] for each in OutcomeStatus},
                "cached": sum(each.cached for each in outcomes),
                "unpriced": len(asked) - len(priced),
                "input_tokens": sum(each.usage.input_tokens or 0 for each in outcomes),
                "output_tokens": sum(each.usage.output_tokens or 0 for each in outcomes),
                "usd": sum(priced) if priced else None,
                "cursor": _cursor(self._cursor),
                "latest": json.dumps(latest[-LATEST:]) if latest else None,
            },
        )

    def _latest(self, connection: sqlite3.Connection) -> list[str]:
        (stored,) = connection.execute(
            "SELECT coalesce(latest, '[]') FROM _llm_tools_runs WHERE number = ?",
            [self._run.number],
        ).fetchone()
        keys: list[str] = json.loads(stored)
        return keys


class _RolledBack(Exception):
    """A trigger has rolled back the whole transaction; `key` is the row, where that is known."""

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key


def _require_transaction(connection: sqlite3.Connection, key: str | None, error: Exception) -> None:
    if not connection.in_transaction:
        raise _RolledBack(key, str(error)) from error


def unwritable(outcome: Outcome, refusal: str) -> Outcome:
    """The outcome of a row whose value the table refuses."""
    return replace(
        outcome,
        status=OutcomeStatus.FAILED,
        fault=Fault.UNWRITABLE,
        message=f"The table refused the value: {refusal}.",
    )


def _unchanged(run: Run, key: str) -> tuple[Any, ...]:
    """Of an unchanged row only that it was met, so that it is counted once."""
    return (run.number, key, OutcomeStatus.UNCHANGED.value, *(None,) * 7, 0, 0, *(None,) * 5)


def _cursor(cursor: Key | None) -> str | None:
    if cursor is None:
        return None
    return key_json(cursor) if cursor else "[]"


def _clean(text: str | None) -> str | None:
    """Text as SQLite can hold it: half a surrogate pair it cannot."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()
