"""A Datasette over one file with tables of every kind, and runs over them; for tests of Enrich."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from datasette_llm_tools.enrichments.database import (
    enrichment_store,
    leases,
    results,
    rows,
    store,
    tables,
)
from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import (
    Key,
    Outcome,
    OutcomeStatus,
    Row,
    Run,
    RunLimits,
    Selection,
    Specification,
)
from datasette_llm_tools.prompt import Usage

ALICE = {"id": "alice"}
OWNER = "a-host:1:token"

# Tables by name, each with its rows and the keys that these are known by.
KINDS: dict[str, tuple[str, list[Key]]] = {
    "numbers": (
        "create table numbers (id integer primary key, body text);"
        "insert into numbers values (1, 'a'), (2, 'b'), (30, 'c'), (-4, 'd');",
        [(-4,), (1,), (2,), (30,)],
    ),
    "rowids": (
        "create table rowids (body text);"
        "insert into rowids (rowid, body) values (1, 'a'), (7, 'b');",
        [(1,), (7,)],
    ),
    "taken": (
        "create table taken (rowid text, body text);"
        "insert into taken (_rowid_, rowid, body) values (5, 'x', 'a');",
        [(5,)],
    ),
    "texts": (
        "create table texts (code text primary key, body text);"
        "insert into texts values ('b', 'a'), ('A', 'b'), ('', 'c'), (null, 'd'), (null, 'e'),"
        " ('1', 'f'), ('ünïcode ''\"', 'g');",
        [("",), ("1",), ("A",), ("b",), ("ünïcode '\"",)],
    ),
    "compound": (
        "create table compound (name text, year integer, body text, primary key (year, name));"
        "insert into compound values ('x', 2, 'a'), ('y', 1, 'b'), ('x', 1, 'c'),"
        " ('z', null, 'd');",
        [(1, "x"), (1, "y"), (2, "x")],
    ),
    "norowid": (
        "create table norowid (a, b blob, body text, primary key (a, b)) without rowid;"
        "insert into norowid values (1, x'00ff', 'a'), ('1', x'', 'b'), (1.5, x'7b', 'c');",
        [(1, b"\x00\xff"), (1.5, b"{"), ("1", b"")],
    ),
    "computed": (
        "create table computed (id integer primary key, body text,"
        " upper_body text generated always as (upper(body)) virtual,"
        " size int as (length(body)) stored);"
        "insert into computed (id, body) values (1, 'a');",
        [(1,)],
    ),
    'or"der by': (
        'create table "or""der by" ("order" integer primary key, "a""b" text, "select" text,'
        ' "näme; drop" text, body text);'
        "insert into \"or\"\"der by\" values (1, 'q', 's', 'n', 'a');",
        [(1,)],
    ),
    "docs": (
        "create table docs (id integer primary key, body text);"
        "create virtual table docs_fts using fts5(body, label, content='docs', content_rowid='id');"
        "create table log (id integer primary key, what text);"
        "create trigger docs_after after update on docs begin"
        " insert into log (what) values (new.id); end;"
        "insert into docs values (1, 'a'), (2, 'b');",
        [(1,), (2,)],
    ),
}


@dataclass
class Enriched:
    """A Datasette whose database `data` is the file `path`."""

    datasette: Datasette
    path: Path

    def sql(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of its own, as another program would."""
        with closing(sqlite3.connect(self.path, timeout=0.1)) as connection, connection:
            return connection.execute(sql, params).fetchall()

    async def target(self, table: str) -> tables.TargetTable:
        return await tables.require_target(self.datasette, "data", table)

    async def waiting(
        self,
        table: str,
        outputs: Sequence[Output] = (Output("label"),),
        selection: Selection = Selection(),  # noqa: B008 -- frozen
        *,
        overwrite: Collection[str] = (),
        **options: Any,
    ) -> Run:
        """A run over a table that nobody has taken."""
        made = await enrichment_store.create_enrichment(
            self.datasette,
            "data",
            table,
            "Labels",
            Specification(template="{{ body }}", outputs=tuple(outputs), model_id="scripted"),
            ALICE,
        )
        return await store.create_run(
            self.datasette, "data", made, selection, RunLimits(), ALICE, overwrite, **options
        )

    async def running(self, table: str, *args: Any, **more: Any) -> Run:
        """A run over a table that OWNER works on."""
        lease = (OWNER, time.time() + 60)
        return await self.waiting(table, *args, lease=lease, **more)

    async def write(
        self, run: Run, outcomes: Sequence[Outcome], *, cursor: Key | None = None
    ) -> leases.Orders:
        """Write a batch as OWNER."""
        target = await self.target(run.enrichment.table)
        return await results.write_batch(
            self.datasette, run, target, outcomes, owner=OWNER, cursor=cursor, seconds=0.1
        )

    async def now(self, run: Run) -> Run:
        """The run as it is stored now."""
        found = await store.get_run(self.datasette, "data", run.id)
        assert found is not None
        return found

    async def rows(
        self, run: Run, columns: Sequence[str] = ("body",), after: Key | None = None
    ) -> list[Row]:
        """All rows that a run would ask about."""
        target = await self.target(run.enrichment.table)
        pages = rows.pages(self.datasette, run, target, columns, after=after)
        return [row async for page in pages for row in page]


@asynccontextmanager
async def make_enriched(
    folder: Path, kinds: Iterable[str] = KINDS, *more_sql: str, **options: Any
) -> AsyncIterator[Enriched]:
    """A Datasette over the named kinds of tables; `options` are Datasette's own."""
    path = folder / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        for kind in kinds:
            connection.executescript(KINDS[kind][0])
        for sql in more_sql:
            connection.executescript(sql)
    options.setdefault("internal", str(folder / "internal.db"))
    datasette = Datasette([str(path)], **options)
    datasette.root_enabled = True
    await datasette.invoke_startup()
    try:
        yield Enriched(datasette, path)
    finally:
        await datasette.invoke_shutdown()
        datasette.close()


def done(key: Key, value: Any = "praise", name: str = "label", **more: Any) -> Outcome:
    """A row that a model has answered."""
    fields: dict[str, Any] = {
        "values": {name: value},
        "input_hash": b"%016d" % (hash(key) % 10**15),
        "usage": Usage(100, 5),
        "usd": 0.001,
        "milliseconds": 12.5,
        "attempts": 1,
        "model_id": "scripted",
        **more,
    }
    return Outcome(key, OutcomeStatus.DONE, **fields)
