"""Judgements of one row on their way into the database.

A review and the value that it corrects change in one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, Conflict, NotFound
from ...sql_names import quoted
from ..database.own_tables import now, write
from ..database.tables import TargetTable, key_json, require_columns, where_key
from ..outputs import Output, to_sqlite
from ..values import Key, OutcomeStatus, Run, RunStatus, Value
from .reviews import Judgement, Verdict, said_of

if TYPE_CHECKING:
    from datasette.app import Datasette


async def keep(
    datasette: Datasette,
    run: Run,
    target: TargetTable,
    key: Key,
    judgements: Mapping[str, Judgement],
    actor_id: str | None,
) -> None:
    """Keep judgements of one row by output, and write what was edited into the table with them.

    A verdict over an earlier edit puts the model's value back, unless somebody has changed it
    since. Raises NotFound where the run has no values for the row, Conflict where the row is
    gone or the run was undone, BadInput where the table refuses a value; nothing is kept then.
    """
    keeping = _Keeping(run, target, key, judgements, actor_id)
    try:
        await write(datasette, run.enrichment.database, keeping.change)
    except sqlite3.IntegrityError as error:
        raise BadInput(f"The table {target.name} refused the value: {error}.") from error


class _Keeping:
    """Judgements of one row on their way into the database."""

    def __init__(
        self,
        run: Run,
        target: TargetTable,
        key: Key,
        judgements: Mapping[str, Judgement],
        actor_id: str | None,
    ) -> None:
        self._run, self._target, self._key = run, target, key
        self._judgements, self._actor_id = judgements, actor_id
        outputs = run.enrichment.specification.outputs
        self._outputs = [each for each in outputs if each.name in judgements]

    def change(self, connection: sqlite3.Connection) -> None:
        """Everything that these judgements change, inside the caller's transaction."""
        said = self._said(connection)
        self._write_values(connection, self._cells(connection, said))
        self._write_reviews(connection, said)

    def _said(self, connection: sqlite3.Connection) -> Mapping[str, Any]:
        """What the model said of the row in this run."""
        row = connection.execute(
            "SELECT r.reply_values, runs.status FROM _llm_tools_results AS r "
            "JOIN _llm_tools_runs AS runs ON runs.number = r.run "
            "WHERE r.run = ? AND r.row_key = ? AND r.status = ?",
            [self._run.number, key_json(self._key), OutcomeStatus.DONE.value],
        ).fetchone()
        if row is None:
            raise NotFound("This run has no values for that row; choose another one.")
        if row[1] == RunStatus.UNDONE.value:
            raise Conflict("This run was undone: there is nothing of it left to review.")
        return said_of(row[0])

    def _cells(self, connection: sqlite3.Connection, said: Mapping[str, Any]) -> dict[str, Value]:
        """What is to be written, by column."""
        before = self._before(connection)
        cells: dict[str, Value] = {}
        for output in self._outputs:
            judgement = self._judgements[output.name]
            if judgement.verdict is Verdict.EDIT:
                cells[output.name] = to_sqlite(output, judgement.value)
            elif output.name in before and self._holds(connection, output, before[output.name]):
                cells[output.name] = to_sqlite(output, said.get(output.name))
        return cells

    def _before(self, connection: sqlite3.Connection) -> dict[str, Any]:
        """Values of this row that were edited in an earlier review, by output."""
        rows = connection.execute(
            "SELECT output, value FROM _llm_tools_reviews "
            "WHERE run = ? AND row_key = ? AND verdict = ?",
            [self._run.number, key_json(self._key), Verdict.EDIT.value],
        )
        return {output: json.loads(value) for output, value in rows}

    def _holds(self, connection: sqlite3.Connection, output: Output, value: Any) -> bool:
        """Whether the table still holds a value."""
        require_columns(connection, self._target, [output.name])
        found = connection.execute(
            f"SELECT 1 FROM {quoted(self._target.name)} "  # noqa: S608 -- names are quoted
            f"WHERE {where_key(self._target)} AND {quoted(output.name)} IS ?",
            [*self._key, to_sqlite(output, value)],
        )
        return found.fetchone() is not None

    def _write_values(self, connection: sqlite3.Connection, cells: Mapping[str, Value]) -> None:
        if not cells:
            return
        require_columns(connection, self._target, cells)
        # Our own OR clause: a column's ON CONFLICT REPLACE would delete other rows.
        changed = connection.execute(
            f"UPDATE OR ABORT {quoted(self._target.name)} "  # noqa: S608 -- names are quoted
            f"SET {', '.join(f'{quoted(name)} = ?' for name in cells)} "
            f"WHERE {where_key(self._target)}",
            [*cells.values(), *self._key],
        ).rowcount
        if not changed:
            raise Conflict("The row is gone, or a trigger of its table keeps the value as it is.")

    def _write_reviews(self, connection: sqlite3.Connection, said: Mapping[str, Any]) -> None:
        reviewed_at = now()
        connection.executemany(
            "INSERT OR REPLACE INTO _llm_tools_reviews "
            "(run, row_key, output, verdict, value, actor_id, reviewed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    self._run.number,
                    key_json(self._key),
                    output.name,
                    self._judgements[output.name].verdict.value,
                    self._right(output, said),
                    self._actor_id,
                    reviewed_at,
                )
                for output in self._outputs
            ],
        )

    def _right(self, output: Output, said: Mapping[str, Any]) -> str | None:
        """The right value as JSON text, None where it is not known."""
        judgement = self._judgements[output.name]
        if judgement.verdict is Verdict.REJECT:
            return None
        edited = judgement.verdict is Verdict.EDIT
        value = judgement.value if edited else said.get(output.name)
        return json.dumps(value, ensure_ascii=False)
