"""Attacks through run_query: the file, its folder, the server and the secrets stay as they were."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psutil
import pytest

from datasette_llm_tools.errors import QueryFailed, QueryTimedOut, SqlRejected
from datasette_llm_tools.queries import run_query
from tests.sql_databases import fingerprint, make_database, serving

NUMBERS = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n)"
MEGABYTE = "printf('%1000000s', 'x')"
LETTERS = "replace(printf('%1900000s', 'a'), ' ', 'a')"

WRITES = [
    "ATTACH 'other.db' AS other",
    "ATTACH 'file:{path}?mode=rwc' AS other",
    "ATTACH 'file:{folder}/new.db?mode=rwc' AS other",
    "VACUUM INTO '{folder}/copy.db'",
    "DETACH main",
    "INSERT INTO docs VALUES (9, 'a', 'b')",
    "UPDATE docs SET title = 'x'",
    "DELETE FROM docs",
    "WITH q AS (SELECT 1) DELETE FROM docs RETURNING *",
    "CREATE TABLE t (a)",
    "CREATE TEMP TABLE t (a)",
    "DROP VIEW names",
    "ALTER TABLE docs ADD COLUMN a",
    "PRAGMA journal_mode = WAL",
    "PRAGMA writable_schema = 1",
    "PRAGMA temp_store_directory = '{folder}'",
    "INSERT INTO docs_fts(docs_fts) VALUES ('delete-all')",
    "SELECT 1; DROP TABLE docs",
    "SELECT 1 -- \n; DROP TABLE docs",
    "SELECT load_extension('{folder}/evil')",
    "SELECT fts3_tokenizer('simple', x'4141414141414141')",
    "EXPLAIN DELETE FROM docs",
    "SELECT writefile('{folder}/new', 'x')",
    "SELECT edit('x', 'touch {folder}/new')",
]


@pytest.mark.asyncio
async def test_nothing_is_written(tmp_path: Path) -> None:
    path = make_database(tmp_path / "data.db")
    before = fingerprint(tmp_path)
    async with serving(path, query_workers=1) as datasette:
        for sql in WRITES:
            with pytest.raises((SqlRejected, QueryFailed)):
                await run_query(
                    datasette, "data", sql.format(path=path, folder=tmp_path), actor=None
                )
            assert fingerprint(tmp_path) == before, sql
        result = await run_query(datasette, "data", "SELECT count(*) FROM docs", actor=None)
    assert result.rows == ((2,),)


# Each would take all the time or memory there is; how it ends may differ by SQLite's version.
BOMBS = {
    "recursion": f"{NUMBERS} SELECT count(*) FROM n",
    "endless rows that are filtered": f"{NUMBERS} SELECT i FROM n WHERE i < 0",
    "cartesian": ", ".join(["SELECT count(*) FROM docs a1", *(f"docs a{n}" for n in range(2, 60))]),
    "instr": f"SELECT instr({MEGABYTE}, printf('%500000s', 'yx'))",
    "like": f"SELECT {LETTERS} LIKE '%{'a' * 480}b'",
    "glob": f"SELECT {LETTERS} GLOB '*{'a' * 480}b'",
    "like with a long pattern": f"SELECT 'a' LIKE {LETTERS}",
    "group_concat": f"{NUMBERS} SELECT group_concat({MEGABYTE}) FROM (SELECT i FROM n LIMIT 9999)",
    "replace": f"SELECT replace({MEGABYTE}, ' ', {MEGABYTE})",
    "nested replace": "SELECT length(" + "replace(" * 9 + "'aaaaaaaa'" + ", 'a', 'aaaaaaaa')" * 9
    + ")",
    "concatenation": f"SELECT length({'||'.join([MEGABYTE] * 50)})",
    "hex": f"SELECT length(hex(hex(hex({MEGABYTE}))))",
    "quote": f"SELECT length(quote(quote(replace({MEGABYTE}, ' ', ''''))))",
    "json_group_array": f"{NUMBERS} SELECT json_group_array({MEGABYTE}) FROM (SELECT i FROM n"
    " LIMIT 9999)",
    "zeroblob": "SELECT zeroblob(2000000000)",
    "randomblob": "SELECT randomblob(2000000000)",
    "printf width": "SELECT length(printf('%2000000000d', 1)) / 0 + json('{')",
    "printf precision": "SELECT printf('%.2000000000c', 'x'), json('{')",
    "sort": f"{NUMBERS} SELECT i, {MEGABYTE} AS m FROM n ORDER BY m, i",
    "distinct": f"{NUMBERS} SELECT count(DISTINCT i || {MEGABYTE}) FROM n",
    "materialized": f"{NUMBERS}, m AS MATERIALIZED (SELECT i || {MEGABYTE} FROM n)"
    " SELECT count(*) FROM m a, m b",
    "window": f"{NUMBERS} SELECT max({MEGABYTE}) OVER (ORDER BY i ROWS BETWEEN 9999 PRECEDING AND"
    " 9999 FOLLOWING) FROM (SELECT i FROM n LIMIT 999999)",
    "deep expression": "SELECT " + "(" * 90 + "1" + ")" * 90 + "+1" * 5000,
    "many unions": " UNION ".join(["SELECT 1"] * 1500),
    "many columns": "SELECT " + ",".join(["1"] * 5000),
    "long": "SELECT '" + "x" * 30_000 + "'",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.asyncio
async def test_bombs_harm_nobody(tmp_path: Path, name: str) -> None:
    server = psutil.Process()
    async with serving(
        make_database(tmp_path / "data.db"),
        query_workers=1,
        query_ms=300,
        query_memory_bytes=300_000_000,
    ) as datasette:
        await run_query(datasette, "data", "SELECT 1", actor=None)
        before = server.memory_info().rss
        try:
            await run_query(datasette, "data", BOMBS[name], actor=None)
        except (SqlRejected, QueryFailed):
            stopped = True
        else:  # Python 3.10 cannot limit lengths: what stays within time and memory may run
            stopped = not hasattr(sqlite3.Connection, "setlimit")
        assert stopped
        assert server.memory_info().rss - before < 30_000_000
        result = await run_query(datasette, "data", "SELECT title FROM docs", actor=None)
    assert result.rows == (("one",), ("two",))


@pytest.mark.asyncio
async def test_large_rows_are_cut_in_the_worker(tmp_path: Path) -> None:
    server = psutil.Process()
    async with serving(make_database(tmp_path / "data.db"), query_workers=1) as datasette:
        await run_query(datasette, "data", "SELECT 1", actor=None)
        before = server.memory_info().rss
        result = await run_query(
            datasette, "data", f"{NUMBERS} SELECT {MEGABYTE} FROM n", actor=None
        )
    assert (len(result.rows), result.truncated) == (4, True)
    assert server.memory_info().rss - before < 60_000_000


# Datasette itself cannot open names with ?, # or %; tests/unit/test_sql_guard.py has those.
@pytest.mark.parametrize("name", ["e f'\"g", "x&cache=shared", "file:y", "ü"])
@pytest.mark.asyncio
async def test_file_names_are_never_read_as_options(tmp_path: Path, name: str) -> None:
    path = make_database(tmp_path / "data.db").rename(tmp_path / f"{name}.sqlite")
    before = fingerprint(tmp_path)
    async with serving(path) as datasette:
        result = await run_query(
            datasette,
            next(iter(datasette.databases)),
            "SELECT count(*) FROM docs",
            actor={"id": "root"},
            tables=frozenset({"docs"}),
        )
    assert result.rows == ((2,),)
    assert fingerprint(tmp_path) == before


@pytest.mark.asyncio
async def test_an_interrupted_statement_tells_nothing_of_hidden_tables(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db"), query_ms=100) as datasette:
        with pytest.raises(SqlRejected):
            await run_query(
                datasette, "data", f"{NUMBERS} SELECT count(*) FROM n, secrets", actor=None
            )
        with pytest.raises(QueryTimedOut):
            await run_query(
                datasette, "data", f"{NUMBERS} SELECT count(*) FROM n, names", actor=None
            )
