"""Tables of numbered comments, and runs over them; the numbers tell whether a value is right."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from datasette_llm_tools.enrichments.database import enrichment_store, store
from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import Run, RunLimits, Selection, Specification

TABLE = "comment"
COLUMN = "answer"
ACTOR = {"id": "root"}
# For a server: the run's owner may write, as on the command line.
CONFIG = {"permissions": {"update-row": ACTOR, "alter-table": ACTOR}}
INSTRUCTIONS = "Which number has the comment?"
SPECIFICATION = Specification(
    template="{{ body }}",
    outputs=(Output(COLUMN),),
    model_id="instant",
    instructions=INSTRUCTIONS,
)


def comments(count: int, first: int) -> Iterator[tuple[int, str]]:
    """Keys and texts of about a hundred characters; no two texts are the same."""
    for number in range(first, first + count):
        yield (
            number,
            f"#{number:07d} We left {number % 90} minutes late, the crew was kind, and the "
            "coffee in row 12 was as cold as the cabin.",
        )


def make_rows(path: Path, count: int, table: str = TABLE, first: int = 1) -> Path:
    """A database with so many comments in one text column."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"create table {table} (id integer primary key, body text)")
        connection.executemany(f"insert into {table} values (?, ?)", comments(count, first))
    return path


async def new_run(
    datasette: Datasette,
    database: str,
    limits: RunLimits,
    *,
    model_id: str = SPECIFICATION.model_id,
    table: str = TABLE,
    lease: tuple[str, float] | None = None,
) -> Run:
    """A run over all comments, waiting unless the lease is given."""
    specification = replace(SPECIFICATION, model_id=model_id)
    enrichment = await enrichment_store.create_enrichment(
        datasette, database, table, COLUMN, specification, ACTOR
    )
    return await store.create_run(
        datasette, database, enrichment, Selection(), limits, ACTOR, frozenset(), lease=lease
    )


def query(path: Path, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Rows of the file as any other program sees them."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        return connection.execute(sql, params).fetchall()


def wrong_rows(path: Path, table: str = TABLE) -> int:
    """Rows that have not exactly their own value and one result."""
    results = (
        "select row_key, count(*) as n, min(status) as status from _llm_tools_results "
        "where run = (select max(number) from _llm_tools_runs) group by row_key"
    )
    ((wrong,),) = query(
        path,
        f"select count(*) from {table} t left join ({results}) r on r.row_key = '[' || t.id || ']' "
        f"where t.{COLUMN} is not substr(t.body, 2, 7) or r.n is not 1 or r.status is not 'done'",
    )
    return int(wrong)
