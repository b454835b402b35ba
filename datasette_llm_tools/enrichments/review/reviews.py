"""What people said of a run's values: the only SQL over _llm_tools_reviews.

A review and the value that it corrects change in one transaction. A review keeps the value
that is right, so that it outlives the run that it was about: undone or not, the row has a label.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, Conflict, NotFound
from ...sql_names import quoted
from ..database.fitting import fitting, readable
from ..database.own_tables import now, read, write
from ..database.tables import TargetTable, key_from_json, key_json, require_columns, where_key
from ..outputs import Output, to_sqlite
from ..values import Key, OutcomeStatus, Run, RunStatus, Value

if TYPE_CHECKING:
    from datasette.app import Datasette

_DONE = OutcomeStatus.DONE.value
# Of an output's value as text: labels as they are, true and false, and '' for NULL.
_OF_OUTPUT = "SELECT 1 FROM json_each(r.reply_values) AS each WHERE each.key = ?"
_LABEL = (
    "CASE each.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
    "ELSE coalesce(each.atom, '') END"
)


class Verdict(str, Enum):
    """What a person says of one value."""

    ACCEPT = "accept"
    EDIT = "edit"  # it was wrong, and this is right
    REJECT = "reject"  # it is wrong, and what is right is not known


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one output of a row; `value` is as JSON has it, for an edit."""

    verdict: Verdict
    value: Any = None


@dataclass(frozen=True, slots=True)
class Review:
    """A kept judgement. `value` is the right one, None where it was rejected.

    `said` is what the model had said, where the run still knows it.
    """

    key: Key
    output: str
    verdict: Verdict
    value: Any
    said: Any
    actor_id: str | None
    reviewed_at: str


@dataclass(frozen=True, slots=True)
class Label:
    """Rows whose `output` the model gave this label: text, `true`, `false`, or '' for NULL."""

    output: str
    text: str


async def reviews_of(datasette: Datasette, run: Run) -> tuple[Review, ...]:
    """Every review of a run, the oldest first."""
    return await _reviews(datasette, run, None)


async def reviews_of_row(datasette: Datasette, run: Run, key: Key) -> dict[str, Review]:
    """The reviews of one row of a run, by output."""
    return {each.output: each for each in await _reviews(datasette, run, key)}


async def _reviews(datasette: Datasette, run: Run, key: Key | None) -> tuple[Review, ...]:
    def ask(connection: sqlite3.Connection) -> tuple[Review, ...]:
        rows = connection.execute(
            "SELECT v.row_key, v.output, v.verdict, v.value, r.reply_values, v.actor_id, "
            "v.reviewed_at FROM _llm_tools_reviews AS v LEFT JOIN _llm_tools_results AS r "
            "ON r.run = v.run AND r.row_key = v.row_key "
            "WHERE v.run = ?1 AND (?2 IS NULL OR v.row_key = ?2) "
            "ORDER BY v.reviewed_at, v.row_key, v.output",
            [run.number, None if key is None else key_json(key)],
        )
        return tuple(readable(rows, _review))

    return await read(datasette, run.enrichment.database, ask, ())


def _review(row: tuple[Any, ...]) -> Review:
    return fitting(
        Review(
            key=key_from_json(row[0]),
            output=row[1],
            verdict=Verdict(row[2]),
            value=None if row[3] is None else json.loads(row[3]),
            said=json.loads(row[4]).get(row[1]) if row[4] else None,
            actor_id=row[5],
            reviewed_at=row[6],
        )
    )


async def values_of_row(datasette: Datasette, run: Run, key: Key) -> Mapping[str, Any] | None:
    """What the model said of a row in this run, by output; None where it has no values."""

    def ask(connection: sqlite3.Connection) -> Mapping[str, Any] | None:
        row = connection.execute(
            "SELECT reply_values FROM _llm_tools_results "
            "WHERE run = ? AND row_key = ? AND status = ?",
            [run.number, key_json(key), _DONE],
        ).fetchone()
        return _said(row[0]) if row else None

    return await read(datasette, run.enrichment.database, ask, None)


def _said(stored: str) -> Mapping[str, Any]:
    """What the model said of a row, as it was stored; ValueError for anything else."""
    said = json.loads(stored)
    if not isinstance(said, dict):
        raise ValueError("no values by output")
    return said


async def keys_in_order(
    datasette: Datasette, run: Run, seed: str, *, most: int, label: Label | None = None
) -> tuple[Key, ...]:
    """Rows of a run that have values, in an order that the seed alone decides, at most `most`.

    Rows that the run adds later take places between these; the order of these stays.
    """
    where, params = _labelled(label)

    def ask(connection: sqlite3.Connection) -> tuple[Key, ...]:
        rows = connection.execute(
            "SELECT r.row_key FROM _llm_tools_results AS r "  # noqa: S608 -- literals of _labelled()
            f"WHERE r.run = ? AND r.status = ?{where}",
            [run.number, _DONE, *params],
        )
        shuffled = heapq.nsmallest(most, _shuffled(rows, seed))
        return tuple(readable(shuffled, lambda each: key_from_json(each[1])))

    return await read(datasette, run.enrichment.database, ask, ())


def _shuffled(rows: sqlite3.Cursor, seed: str) -> Iterator[tuple[bytes, str]]:
    salt = blake2b(seed.encode(), digest_size=16).digest()
    for (key,) in rows:
        yield blake2b(key.encode(), digest_size=8, key=salt).digest(), key


def _labelled(label: Label | None) -> tuple[str, list[str]]:
    """A condition on a result's value of one output. json_each takes names of any letters."""
    if label is None:
        return "", []
    return f" AND EXISTS ({_OF_OUTPUT} AND {_LABEL} = ?)", [label.output, label.text]


async def count_labels(datasette: Datasette, run: Run, output: str) -> dict[str, int]:
    """How many rows the model gave each label of an output, the most frequent first."""

    def ask(connection: sqlite3.Connection) -> dict[str, int]:
        rows = connection.execute(
            f"SELECT {_LABEL} AS label, count(*) FROM _llm_tools_results AS r, "  # noqa: S608 -- a constant
            "json_each(r.reply_values) AS each "
            "WHERE r.run = ? AND r.status = ? AND each.key = ? GROUP BY 1 ORDER BY 2 DESC, 1",
            [run.number, _DONE, output],
        )
        return {str(label): count for label, count in rows}

    return await read(datasette, run.enrichment.database, ask, {})


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
            [self._run.number, key_json(self._key), _DONE],
        ).fetchone()
        if row is None:
            raise NotFound("This run has no values for that row; choose another one.")
        if row[1] == RunStatus.UNDONE.value:
            raise Conflict("This run was undone: there is nothing of it left to review.")
        return _said(row[0])

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
