"""What people said of a run's values, as it is read: with keeping.py the only SQL over
_llm_tools_reviews.

A review keeps the value that is right, so that it outlives the run that it was about: undone or
not, the row has a label.
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

from ..database.fitting import fitting, readable
from ..database.own_tables import read
from ..database.tables import key_from_json, key_json
from ..values import Key, OutcomeStatus, Run

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
        return said_of(row[0]) if row else None

    return await read(datasette, run.enrichment.database, ask, None)


def said_of(stored: str) -> Mapping[str, Any]:
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
