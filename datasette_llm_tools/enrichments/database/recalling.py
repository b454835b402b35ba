"""What earlier runs know of a row, so that it need not be asked about again.

A row is unchanged if its latest result, of all runs that write its columns, came from
the same prompt and the same input, and the columns still hold something. An answer
may also come from another row, or another table, that had the same input, unless its
run was undone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...sql_names import quoted
from ..engine.preparing import UNCHANGED, Recall, Recalled
from ..values import Key, Rows, Run, RunStatus
from .own_tables import read
from .records import RUN_COLUMNS, RUNS
from .seals import is_sealed
from .states import hash_index, writers
from .tables import key_json, read_target, where_key

if TYPE_CHECKING:
    from datasette.app import Datasette

# As many parameters as every SQLite takes.
_HASHES = 500


async def recall(datasette: Datasette, run: Run) -> Recall:
    """How a run asks what is known; costs nothing where no earlier run asked the same.

    A run numbered 0 stands for one that was not begun, before which all others were.
    """
    database = run.enrichment.database
    known = await read(datasette, database, lambda each: _known(each, run), _Known())

    async def ask(rows: Sequence[tuple[Key, bytes]]) -> Mapping[Key, Recalled]:
        if not known.sources and not known.latest:
            return {}
        nothing: dict[Key, Recalled] = {}
        return await read(datasette, database, lambda each: known.find(each, rows), nothing)

    return ask


@dataclass(frozen=True)
class _Known:
    """Where to look. `latest`: runs that write the columns, and whether they asked the same.

    `sources` are runs whose answers may be taken, `by_hash` the bound under which they are
    indexed by input.
    """

    sources: tuple[int, ...] = ()
    latest: Mapping[int, bool] = field(default_factory=dict)
    by_hash: int | None = None
    cells: str = ""

    def find(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[Key, bytes]]
    ) -> dict[Key, Recalled]:
        """What is known of rows, given by key and hash of their input."""
        found: dict[Key, Recalled] = {}
        if self.latest:
            found = dict.fromkeys(self._unchanged(connection, rows), UNCHANGED)
        left = [(key, hashed) for key, hashed in rows if key not in found]
        if self.sources and left:
            answers = self._answers(connection, left)
            found.update((key, answers[hashed]) for key, hashed in left if hashed in answers)
        return found

    def _unchanged(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[Key, bytes]]
    ) -> list[Key]:
        by_key = {key_json(key): (key, hashed) for key, hashed in rows}
        # Of each row SQLite gives the columns that go with max(run).
        results = connection.execute(
            "SELECT row_key, max(run), input_hash, reply_values FROM _llm_tools_results "
            "WHERE row_key IN (SELECT value FROM json_each(?)) AND status = 'done' "
            "AND run IN (SELECT value FROM json_each(?)) GROUP BY row_key",
            [json.dumps(list(by_key)), json.dumps(list(self.latest))],
        ).fetchall()
        unchanged = []
        for stored, run, hashed, values in results:
            key, wanted = by_key[stored]
            if self.latest[run] and hashed == wanted and self._holds(connection, key, values):
                unchanged.append(key)
        return unchanged

    def _holds(self, connection: sqlite3.Connection, key: Key, values: str) -> bool:
        """Whether a row has something in its columns, or was told to have nothing."""
        row = connection.execute(self.cells, key).fetchone()
        if row is None:
            return False
        told = (json.loads(values) if values else {}).values()
        return any(each is not None for each in row) or all(each is None for each in told)

    def _answers(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[Key, bytes]]
    ) -> dict[bytes, Recalled]:
        """Answers to the same input: of the same rows, and of any where they are indexed."""
        answers: dict[bytes, Recalled] = {}
        sources = json.dumps(self.sources)
        keys = json.dumps([key_json(key) for key, _ in rows])
        columns = "SELECT input_hash, reply_values, model_id FROM _llm_tools_results WHERE"
        chosen = "status = 'done' AND run IN (SELECT value FROM json_each(?))"
        self._take(
            answers,
            connection.execute(
                f"{columns} row_key IN (SELECT value FROM json_each(?)) AND {chosen}",  # noqa: S608 -- literals, above
                [keys, sources],
            ),
        )
        if self.by_hash is None:
            return answers
        missing = list({hashed for _, hashed in rows if hashed not in answers})
        for start in range(0, len(missing), _HASHES):
            part = missing[start : start + _HASHES]
            marks = ", ".join("?" for _ in part)
            self._take(
                answers,
                connection.execute(
                    f"{columns} input_hash IN ({marks}) AND run < {self.by_hash} AND {chosen}",
                    [*part, sources],
                ),
            )
        return answers

    def _take(self, answers: dict[bytes, Recalled], rows: sqlite3.Cursor) -> None:
        for hashed, values, model_id in rows:
            if hashed is not None and values and hashed not in answers:
                answers[bytes(hashed)] = Recalled(json.loads(values), model_id)


def _known(connection: sqlite3.Connection, run: Run) -> _Known:
    """Where to look for what a run is about to ask."""
    row = connection.execute(
        "SELECT prompt_hash FROM _llm_tools_runs WHERE number = ?", [run.number]
    ).fetchone()
    prompt_hash = row[0] if row else run.prompt_hash
    if not prompt_hash:
        return _Known()
    sources: list[int] = []
    if run.enrichment.specification.use_cache:
        asked = connection.execute(
            f"SELECT {RUN_COLUMNS} FROM {RUNS} WHERE r.prompt_hash = ?1 AND r.done "  # noqa: S608 -- constants of records.py
            "AND r.status != 'undone' AND (?2 = 0 OR r.number < ?2)",
            [prompt_hash, run.number],
        )
        # What came with a file may never have been a model's answer.
        sources = [row["number"] for row in asked if is_sealed(row)]
    latest: dict[int, bool] = {}
    if run.selection.rows is Rows.CHANGED:
        latest = {
            each.number: each.prompt_hash == prompt_hash
            for each in writers(connection, run.enrichment, RunStatus)
            if each.status is not RunStatus.UNDONE and (not run.number or each.number < run.number)
        }
    indexed = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", [hash_index(run)]
    ).fetchone()
    return _Known(
        sources=tuple(sources),
        latest=latest if any(latest.values()) else {},
        by_hash=run.number if indexed else None,
        cells=_select_outputs(connection, run) if latest else "",
    )


def _select_outputs(connection: sqlite3.Connection, run: Run) -> str:
    """The statement that reads a row's outputs; a column that is gone holds nothing."""
    target = read_target(connection, run.enrichment.table)
    names = (target.column(each.name) for each in run.enrichment.specification.outputs)
    cells = ", ".join(quoted(each) if each else "NULL" for each in names)
    return f"SELECT {cells} FROM {quoted(target.name)} WHERE {where_key(target)}"  # noqa: S608 -- names are quoted
