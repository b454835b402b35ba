"""run_query: values, limits, permissions, and what becomes of its processes."""

from __future__ import annotations

import asyncio
import gc
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from datasette.app import Datasette

from datasette_llm_tools import memory_copies, query_pool
from datasette_llm_tools.errors import (
    BadInput,
    NotAllowed,
    NotFound,
    QueryFailed,
    QueryTimedOut,
    SqlRejected,
)
from datasette_llm_tools.permissions import visible_tables
from datasette_llm_tools.queries import Limits, QueryResult, Value, close_workers, run_query
from tests.sql_databases import make_database, serving, worker_processes

WORKER = Path(query_pool.__file__).with_name("query_worker.py")
LOADED = {"query_lines", *(path.stem for path in WORKER.parent.glob("sql_*.py"))}
ENDLESS = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT max(i) FROM n"
# One call of a function, which SQLite cannot interrupt.
UNINTERRUPTIBLE = "SELECT instr(printf('%1000000s', 'x'), printf('%500000s', 'yx'))"


async def ask(datasette: Datasette, sql: str, **params: Value) -> QueryResult:
    return await run_query(datasette, "data", sql, params, actor=None)


def processor_seconds() -> float:
    return sum(sum(each.cpu_times()[:2]) for each in worker_processes())


async def working(datasette: Datasette) -> asyncio.Task[QueryResult]:
    """A question without an end, once a process is seen to work on it."""
    before = processor_seconds()
    task = asyncio.create_task(ask(datasette, ENDLESS))
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if processor_seconds() > before:
            return task
    raise AssertionError("No process works on the question.")


@pytest.mark.asyncio
async def test_a_result_says_all_about_itself(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        result = await ask(datasette, "SELECT id AS n, title FROM docs WHERE id < :most", most=2)
    assert result.columns == ("n", "title")
    assert result.rows == ((1, "one"),)
    assert not result.truncated
    assert result.milliseconds > 0
    assert result.tables == ("docs",)
    assert result.sources == {("docs", "id"), ("docs", "title")}


VALUES: tuple[Value, ...] = (
    None, 0, 2**63 - 1, -(2**63), 0.1, 1e308, float("inf"), "", "a\nb\r\u2028\u2029c", "日本🦆",
    '{"blob": "eA=="}', "\x01\x7f", b"", b"\x00\xff\n", bytes(range(256)),
)  # fmt: skip


@pytest.mark.asyncio
async def test_values_come_back_as_they_went(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        for value in VALUES:
            ((returned,),) = (await ask(datasette, "SELECT :value", value=value)).rows
            assert returned == value
            assert type(returned) is type(value)


@pytest.mark.asyncio
async def test_text_that_is_not_utf8_is_shown_as_datasette_shows_it(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        result = await ask(datasette, "SELECT CAST(x'61ff62' AS TEXT)")
    assert result.rows == (("a\ufffdb",),)


@pytest.mark.asyncio
async def test_rows_and_bytes_are_cut_and_said_to_be(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n WHERE i < 10)"
    async with serving(
        make_database(tmp_path / "data.db"), max_rows=10, max_result_bytes=1000
    ) as datasette:
        whole = await ask(datasette, f"{numbers} SELECT i FROM n")
        cut = await ask(datasette, f"{numbers} SELECT a.i FROM n AS a, n AS b")
        wide = await ask(datasette, f"{numbers} SELECT printf('%300s', i) FROM n")
        huge = await ask(datasette, "SELECT printf('%5000s', 'x')")
    assert (len(whole.rows), whole.truncated) == (10, False)
    assert (len(cut.rows), cut.truncated) == (10, True)
    assert (len(wide.rows), wide.truncated) == (3, True)
    assert (huge.rows, huge.truncated) == ((), True)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM docs", "no such column: nope"),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT FROM", 'near "FROM": syntax error'),
        ("SELECT json('{')", "malformed JSON"),
    ],
)
@pytest.mark.asyncio
async def test_sqlites_own_message_is_kept(tmp_path: Path, sql: str, message: str) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        with pytest.raises(QueryFailed) as failed:
            await ask(datasette, sql)
    assert failed.value.message == message


@pytest.mark.parametrize("params", [{}, {"x": 2**70}])
@pytest.mark.asyncio
async def test_parameters_that_cannot_be_bound(tmp_path: Path, params: dict[str, Value]) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        with pytest.raises(QueryFailed):
            await ask(datasette, "SELECT :x", **params)
        assert (await ask(datasette, "SELECT 1")).rows == ((1,),)


@pytest.mark.asyncio
async def test_permissions_are_asked(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        with pytest.raises(SqlRejected) as rejected:
            await ask(datasette, "SELECT * FROM secrets")
        assert rejected.value.name == "secrets"
        with pytest.raises(NotFound):
            await run_query(datasette, "nowhere", "SELECT 1", actor=None)
        with pytest.raises(SqlRejected):
            await run_query(
                datasette, "data", "SELECT * FROM docs", actor=None, tables=frozenset({"log"})
            )
        datasette.config["databases"]["data"]["allow_sql"] = False
        with pytest.raises(NotAllowed, match="execute-sql"):
            await ask(datasette, "SELECT 1")


@pytest.mark.parametrize("sql", [ENDLESS, UNINTERRUPTIBLE], ids=["interrupted", "killed"])
@pytest.mark.asyncio
async def test_the_deadline_holds(tmp_path: Path, sql: str) -> None:
    async with serving(make_database(tmp_path / "data.db"), query_ms=100) as datasette:
        with pytest.raises(QueryTimedOut, match=r"longer than 100 ms .*query_ms"):
            await ask(datasette, sql)
        assert (await ask(datasette, "SELECT 1")).rows == ((1,),)


@pytest.mark.asyncio
async def test_the_parent_kills_where_the_worker_has_no_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_pool, "_GRACE_SECONDS", 0.0)
    async with serving(make_database(tmp_path / "data.db"), query_ms=50) as datasette:
        await ask(datasette, "SELECT 1")
        with pytest.raises(QueryTimedOut):
            await ask(datasette, UNINTERRUPTIBLE)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is kept on Linux")
@pytest.mark.asyncio
async def test_the_memory_limit_holds(tmp_path: Path) -> None:
    sort = (
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n WHERE i < 1000000)"
        f" SELECT replace('{'a' * 1000}', 'a', 'b') || i AS x FROM n ORDER BY x"
    )
    async with serving(
        make_database(tmp_path / "data.db"), query_memory_bytes=100_000_000
    ) as datasette:
        with pytest.raises(QueryTimedOut, match=r"100,000,000 bytes .*query_memory_bytes"):
            await ask(datasette, sort)
        assert (await ask(datasette, "SELECT 1")).rows == ((1,),)


@pytest.mark.asyncio
async def test_limits_may_be_given(tmp_path: Path) -> None:
    limits = Limits(milliseconds=5000, memory_bytes=10**9, rows=1, result_bytes=1000)
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        result = await run_query(
            datasette, "data", "SELECT id FROM docs", actor=None, limits=limits
        )
    assert (result.rows, result.truncated) == (((1,),), True)


@pytest.mark.asyncio
async def test_cancelling_ends_the_work(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db"), query_workers=1) as datasette:
        await ask(datasette, "SELECT 1")
        (busy,) = worker_processes()
        task = await working(datasette)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await ask(datasette, "SELECT 1")).rows == ((1,),)
        assert busy not in worker_processes()


@pytest.mark.asyncio
async def test_a_caller_gone_before_a_thread_came_leaves_nothing_open(tmp_path: Path) -> None:
    pool = query_pool.QueryPool(1)
    path = str(make_database(tmp_path / "data.db"))
    request = {
        **{"path": path, "immutable": False, "tables": [], "sql": "SELECT 1", "params": {}},
        **{"milliseconds": 5000, "memory_bytes": 10**9, "rows": 1, "result_bytes": 1000},
    }
    await pool.ask(request)
    (idle,) = worker_processes()
    come = threading.Event()
    pool._threads.submit(come.wait)
    task = asyncio.create_task(pool.ask(request))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    come.set()
    pool.close()
    del task
    gc.collect()
    # A process whose parent has not waited for it would still be listed, as a zombie, and
    # pytest would name the pipes that were not closed.
    assert not idle.is_running()


@pytest.mark.asyncio
async def test_callers_beyond_the_workers_wait(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db"), query_workers=1) as datasette:
        tables = await visible_tables(datasette, None, "data")

        async def one(number: int) -> None:
            result = await run_query(
                datasette, "data", "SELECT :n", {"n": number}, actor=None, tables=tables
            )
            assert result.rows == ((number,),)

        await asyncio.gather(*map(one, range(20)))
        assert len(worker_processes()) == 1


@pytest.mark.parametrize("when", ["idle", "busy"])
@pytest.mark.asyncio
async def test_a_worker_that_was_killed_is_replaced(tmp_path: Path, when: str) -> None:
    async with serving(make_database(tmp_path / "data.db"), query_workers=1) as datasette:
        await ask(datasette, "SELECT 1")
        (worker,) = worker_processes()
        if when == "busy":
            task = await working(datasette)
            worker.kill()
            with pytest.raises(QueryFailed, match="stopped"):
                await task
        else:
            worker.kill()
            worker.wait(20)
        assert (await ask(datasette, "SELECT 1")).rows == ((1,),)
        assert worker not in worker_processes()


@pytest.mark.asyncio
async def test_closing_leaves_no_process_and_can_begin_again(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        await asyncio.gather(*(ask(datasette, "SELECT 1") for _ in range(4)))
        task = await working(datasette)
        assert worker_processes()
        await close_workers(datasette)
        with pytest.raises(QueryFailed):
            await task
        assert worker_processes() == []
        assert (await ask(datasette, "SELECT 1")).rows == ((1,),)


def test_a_worker_ends_with_its_parent() -> None:
    worker = subprocess.run(
        [sys.executable, "-I", "-S", str(WORKER)], stdin=subprocess.DEVNULL, timeout=30, check=False
    )
    assert worker.returncode == 0


def test_a_worker_loads_the_standard_library_and_the_guard_only() -> None:
    program = (
        "import runpy, sys; runpy.run_path(sys.argv[1], run_name='worker');"
        "print(*sorted(n for n in sys.modules if n.split('.')[0] not in sys.stdlib_module_names))"
    )
    listed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(WORKER)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    ours = {"datasette_llm_tools", *(f"datasette_llm_tools.{name}" for name in LOADED)}
    assert set(listed.stdout.split()) == {"__main__", *ours}


@pytest.mark.asyncio
async def test_a_replaced_file_is_opened_anew(tmp_path: Path) -> None:
    path = make_database(tmp_path / "data.db")
    other = tmp_path / "other"
    shutil.copy(path, other)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE docs SET title = 'replaced'")
    async with serving(path, query_workers=1) as datasette:
        first = await ask(datasette, "SELECT title FROM docs WHERE id = 1")
        other.replace(path)
        second = await ask(datasette, "SELECT title FROM docs WHERE id = 1")
    assert (first.rows, second.rows) == ((("one",),), (("replaced",),))


@pytest.mark.asyncio
async def test_a_database_in_wal_mode_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = make_database(tmp_path / "data.db")
    count = "SELECT count(*) FROM docs"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        async with serving(path, query_workers=1) as datasette:
            assert (await ask(datasette, count)).rows == ((2,),)
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("INSERT INTO docs (title) VALUES ('three')")
            assert (await ask(datasette, count)).rows == ((2,),)
            writer.execute("COMMIT")
            assert (await ask(datasette, count)).rows == ((3,),)


@pytest.mark.asyncio
async def test_an_immutable_database(tmp_path: Path) -> None:
    path = make_database(tmp_path / "data.db")
    datasette = Datasette([], immutables=[str(path)])
    await datasette.invoke_startup()
    try:
        assert (await ask(datasette, "SELECT count(*) FROM docs")).rows == ((2,),)
    finally:
        await close_workers(datasette)


@pytest.mark.asyncio
async def test_a_table_made_a_moment_ago_is_seen_after_a_refresh(tmp_path: Path) -> None:
    async with serving(make_database(tmp_path / "data.db")) as datasette:
        await ask(datasette, "SELECT 1")
        await datasette.get_database("data").execute_write("CREATE TABLE fresh (a)")
        await datasette.refresh_schemas(force=True)
        assert (await ask(datasette, "SELECT count(*) FROM fresh")).rows == ((0,),)


@pytest.mark.asyncio
async def test_databases_in_memory_are_copied_when_they_changed() -> None:
    datasette = Datasette([], memory=True)
    memory = datasette.add_memory_database("test_databases_in_memory", name="data")
    await datasette.invoke_startup()
    try:
        await memory.execute_write("CREATE TABLE t (a)")
        await datasette.refresh_schemas(force=True)
        for count in range(1, 4):
            await memory.execute_write("INSERT INTO t VALUES (1)")
            for _ in range(3):
                assert (await ask(datasette, "SELECT count(*) FROM t")).rows == ((count,),)
        await memory.execute_write("ALTER TABLE t RENAME COLUMN a TO b")
        assert (await ask(datasette, "SELECT b FROM t LIMIT 1")).rows == ((1,),)
        empty = await run_query(datasette, "_memory", "SELECT 1", actor=None)
        assert empty.rows == ((1,),)
    finally:
        await close_workers(datasette)


@pytest.mark.asyncio
async def test_a_database_in_memory_may_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_copies, "MAX_COPY_BYTES", 1000)
    datasette = Datasette([])
    memory = datasette.add_memory_database("test_may_be_too_large", name="data")
    await datasette.invoke_startup()
    await memory.execute_write("CREATE TABLE t (a)")
    try:
        with pytest.raises(BadInput, match="keep it in a file"):
            await ask(datasette, "SELECT 1")
    finally:
        await close_workers(datasette)


@pytest.mark.asyncio
async def test_a_missing_file_is_a_failed_query(tmp_path: Path) -> None:
    path = make_database(tmp_path / "data.db")
    async with serving(path) as datasette:
        tables = await visible_tables(datasette, None, "data")
        path.unlink()
        with pytest.raises(QueryFailed):
            await run_query(datasette, "data", "SELECT 1", actor=None, tables=tables)
