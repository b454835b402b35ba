"""Files sent to /-/questions/-/upload: who may, where they go, and that half of one never does."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from datasette_llm_tools.errors import UploadRejected
from datasette_llm_tools.uploads.store import copy_table, load_file, load_upload

URL = "/-/questions/-/upload"
CSV = b"city,people\nParis,2100000\nBonn,330000\n"
JSON = {"accept": "application/json"}


async def make_datasette(folder: Path, *, kept: bool = True, **more: Any) -> Datasette:
    """A Datasette with one empty database, data, and root; `kept` gives it an internal file."""
    with closing(sqlite3.connect(folder / "data.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS old (id INTEGER)")
    internal = str(folder / "internal.db") if kept else None
    datasette = Datasette([str(folder / "data.db")], internal=internal, **more)
    datasette.root_enabled = True
    await datasette.invoke_startup()
    return datasette


async def send(
    datasette: Datasette,
    data: bytes | None = CSV,
    filename: str = "cities.csv",
    *,
    actor: str | None = "root",
    headers: dict[str, str] | None = None,
    **fields: str,
) -> Any:
    cookies = {} if actor is None else {"ds_actor": datasette.sign({"a": {"id": actor}}, "actor")}
    files = {} if data is None else {"file": (filename, data)}
    return await datasette.client.post(
        URL, files=files, data=fields, cookies=cookies, headers=JSON if headers is None else headers
    )


def tables(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


@pytest.mark.asyncio
async def test_a_file_becomes_a_table_beside_the_internal_database(tmp_path: Path) -> None:
    datasette = await make_datasette(tmp_path)
    response = await send(datasette)
    assert response.status_code == 201
    assert response.json() == {
        "ok": True,
        "database": "uploads",
        "table": "cities",
        "rows": 2,
        "columns": [{"name": "city", "type": "TEXT"}, {"name": "people", "type": "INTEGER"}],
        "notes": [],
        "url": "/-/questions/uploads?table=cities",
        "table_url": "/uploads/cities",
    }
    assert tables(tmp_path / "uploads.db") == {"cities"}
    # Datasette's catalog knows it at once.
    alice = {"id": "alice"}
    rows = await datasette.client.get("/uploads/cities.json?_shape=array", actor=alice)
    assert [row["people"] for row in rows.json()] == [2100000, 330000]
    page = await datasette.allowed_resources("view-table", alice, parent="uploads")
    assert [resource.child async for resource in page.all()] == ["cities"]


@pytest.mark.asyncio
async def test_uploads_are_there_after_a_restart(tmp_path: Path) -> None:
    first = await make_datasette(tmp_path)
    await send(first)
    first.close()
    second = await make_datasette(tmp_path)
    page = await second.client.get("/uploads/cities.json", actor={"id": "alice"})
    assert page.status_code == 200


@pytest.mark.asyncio
async def test_a_temporary_uploads_database_says_so(tmp_path: Path) -> None:
    datasette = await make_datasette(tmp_path, kept=False)
    answer = (await send(datasette)).json()
    assert answer["database"] == "uploads"
    assert "temporary" in answer["notes"][0]
    assert "--internal" in answer["notes"][0]
    assert not (tmp_path / "uploads.db").exists()
    datasette.close()


@pytest.mark.asyncio
async def test_somebody_elses_uploads_file_is_never_served_or_written(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "uploads.db")) as connection:
        connection.execute("CREATE TABLE secret (id INTEGER)")
    datasette = await make_datasette(tmp_path)
    assert "uploads" not in datasette.databases
    response = await send(datasette)
    assert response.status_code == 400
    assert "was not made by datasette-llm-tools" in response.json()["error"]
    assert tables(tmp_path / "uploads.db") == {"secret"}


@pytest.mark.asyncio
async def test_a_chosen_database_and_table_are_used(tmp_path: Path) -> None:
    datasette = await make_datasette(tmp_path)
    answer = (await send(datasette, database="data", table="old")).json()
    assert (answer["database"], answer["table"]) == ("data", "old_2")
    assert tables(tmp_path / "data.db") == {"old", "old_2"}


@pytest.mark.asyncio
@pytest.mark.parametrize("actor", [None, "reader"])
@pytest.mark.parametrize("fields", [{}, {"database": "data"}])
async def test_create_table_is_required(
    tmp_path: Path, actor: str | None, fields: dict[str, str]
) -> None:
    datasette = await make_datasette(tmp_path)
    response = await send(datasette, actor=actor, **fields)
    assert response.status_code == 403
    assert "create-table" in response.json()["error"]
    assert not (tmp_path / "uploads.db").exists()


@pytest.mark.asyncio
async def test_create_table_on_one_database_is_enough_for_that_one_only(tmp_path: Path) -> None:
    config = {"databases": {"data": {"permissions": {"create-table": {"id": "writer"}}}}}
    datasette = await make_datasette(tmp_path, config=config)
    assert (await send(datasette, actor="writer", database="data")).status_code == 201
    assert (await send(datasette, actor="writer")).status_code == 403


@pytest.mark.asyncio
async def test_a_database_that_may_not_be_viewed_is_not_there(tmp_path: Path) -> None:
    config = {
        "permissions": {"create-table": {"id": "writer"}},
        "databases": {"data": {"allow": {"id": "other"}}},
    }
    datasette = await make_datasette(tmp_path, config=config)
    hidden = await send(datasette, actor="writer", database="data")
    unknown = await send(datasette, actor="writer", database="nowhere")
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert hidden.json()["error"] == unknown.json()["error"].replace("nowhere", "data")


@pytest.mark.asyncio
async def test_a_database_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fixed.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER)")
    datasette = await make_datasette(tmp_path, immutables=[str(path)])
    response = await send(datasette, database="fixed")
    assert response.status_code == 400
    assert "takes no new tables" in response.json()["error"]


@pytest.mark.asyncio
async def test_a_setting_names_another_database(tmp_path: Path) -> None:
    config = {"plugins": {"datasette-llm-tools": {"uploads_database": "dropped"}}}
    datasette = await make_datasette(tmp_path, config=config)
    assert (await send(datasette)).json()["database"] == "dropped"
    assert tables(tmp_path / "dropped.db") == {"cities"}


@pytest.mark.asyncio
async def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    config = {"plugins": {"datasette-llm-tools": {"max_upload_bytes": 1_000_000}}}
    datasette = await make_datasette(tmp_path, config=config)
    for size in (1_000_001, 1_500_000):
        response = await send(datasette, b"a\n" + b"1" * size)
        assert response.status_code == 400
        assert "larger than the 1 MB" in response.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("data", "message"), [(None, "No file was sent"), (b"a,b\n1,2,3\n", "line 2")]
)
async def test_what_cannot_be_used_is_said(
    tmp_path: Path, data: bytes | None, message: str
) -> None:
    datasette = await make_datasette(tmp_path)
    response = await send(datasette, data, table="x")
    assert response.status_code == 400
    assert response.json()["ok"] is False
    assert message in response.json()["error"]
    assert tables(tmp_path / "uploads.db") == set()


@pytest.mark.asyncio
async def test_a_plain_form_leads_to_the_ask_page(tmp_path: Path) -> None:
    datasette = await make_datasette(tmp_path)
    good = await send(datasette, headers={"accept": "text/html"})
    assert good.status_code == 303
    assert good.headers["location"] == "/-/questions/uploads?table=cities"
    bad = await send(datasette, b"", headers={"accept": "text/html"})
    assert bad.status_code == 303
    assert bad.headers["location"] == "/-/questions"
    message = datasette.unsign(bad.cookies["ds_messages"], "messages")
    assert message == [["cities.csv is empty: choose a file with rows in it.", datasette.ERROR]]


@pytest.mark.asyncio
async def test_files_of_one_name_sent_at_once_become_tables_of_their_own(tmp_path: Path) -> None:
    datasette = await make_datasette(tmp_path)
    answers = await asyncio.gather(*(send(datasette) for _ in range(5)))
    assert {answer.json()["table"] for answer in answers} == {
        "cities",
        *(f"cities_{number}" for number in range(2, 6)),
    }
    assert [name for name in datasette.databases if name.startswith("uploads")] == ["uploads"]


@pytest.mark.asyncio
async def test_a_large_file_is_told_the_same_of(tmp_path: Path) -> None:
    """Files over a megabyte are read in a process of their own."""
    datasette = await make_datasette(tmp_path)
    rows = b"".join(b"%d,0%d,\xe9\n" % (n, n) for n in range(100_000))
    good = (await send(datasette, b"n,code,t\n" + rows)).json()
    assert (good["table"], good["rows"]) == ("cities", 100_000)
    assert [column["type"] for column in good["columns"]] == ["INTEGER", "TEXT", "TEXT"]
    assert "Windows-1252" in good["notes"][0]
    bad = await send(datasette, b"n,code,t\n" + rows + b"1,2,3,4\n")
    assert bad.status_code == 400
    assert "line 100,002" in bad.json()["error"]
    assert tables(tmp_path / "uploads.db") == {"cities"}


@pytest.mark.asyncio
@pytest.mark.parametrize("rows", [10, 600_000])
async def test_cancelling_leaves_no_table_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    datasette = await make_datasette(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "file"
    path.write_bytes(b"a,b\n" + b"1,2\n" * rows)
    database = datasette.get_database("data")
    unheard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    # The write thread is held, so that the load cannot end before it is cancelled.
    held, release = threading.Event(), threading.Event()

    def hold(_: Any) -> None:
        held.set()
        release.wait()

    holding = asyncio.ensure_future(database.execute_write_fn(hold))
    await asyncio.to_thread(held.wait)
    work = asyncio.ensure_future(load_upload(datasette, database, path, "a.csv", actor=None))
    await asyncio.sleep(0)
    work.cancel()
    release.set()
    await asyncio.wait([work, holding])
    assert work.cancelled()
    # An error that nobody was told of is logged once its task is forgotten.
    del work
    gc.collect()
    assert unheard == []
    assert tables(tmp_path / "data.db") == {"old"}
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("rows", [10, 600_000])
async def test_a_client_that_goes_away_stops_the_load(tmp_path: Path, rows: int) -> None:
    datasette = await make_datasette(tmp_path)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        + b"a,b\n"
        + b"1,2\n" * rows
        + b"\r\n--x--\r\n"
    )
    cookie = "ds_actor=" + datasette.sign({"a": {"id": "root"}}, "actor")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": URL,
        "raw_path": URL.encode(),
        "query_string": b"",
        "headers": [
            (b"content-type", b"multipart/form-data; boundary=x"),
            (b"cookie", cookie.encode()),
            (b"accept", b"application/json"),
        ],
    }
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def answer(message: dict[str, Any]) -> None:
        sent.append(message)

    await datasette.app()(scope, receive, answer)
    assert sent[0]["status"] == 400
    assert b"was stopped" in sent[1]["body"]
    assert tables(tmp_path / "uploads.db") == set()


def test_an_error_in_the_middle_leaves_no_table(tmp_path: Path) -> None:
    path, database = tmp_path / "file", tmp_path / "loaded.db"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 50_000)

    def fail(done: float) -> None:
        if done > 0.7:
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        load_file(path, "a.csv", database, progress=fail)
    assert tables(database) == set()


def test_stopping_the_copy_leaves_no_table(tmp_path: Path) -> None:
    staged = tmp_path / "staged.db"
    with closing(sqlite3.connect(staged)) as connection:
        connection.execute("CREATE TABLE rows (a INTEGER)")
        connection.executemany("INSERT INTO rows VALUES (?)", [(n,) for n in range(300_000)])
        connection.commit()
    with closing(sqlite3.connect(tmp_path / "loaded.db")) as connection:
        looks = iter([False, False])
        with pytest.raises(UploadRejected, match="was stopped"):
            copy_table(connection, staged, "a", lambda: next(looks, True))
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
        assert next(looks, None) is None
        # The connection is whole: nothing attached, no transaction, no one who stops it.
        assert copy_table(connection, staged, "a") == "a"
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (300_000,)


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from datasette_llm_tools.uploads.store import copy_table

calls = 0
def die():
    global calls
    calls += 1
    if calls == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return False

connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size = 10")  # spills to the file at once
copy_table(connection, Path(sys.argv[2]), "a", die)
"""


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_process_killed_in_the_middle_of_the_copy_leaves_no_table(
    tmp_path: Path, journal: str
) -> None:
    staged, database = tmp_path / "staged.db", tmp_path / "loaded.db"
    with closing(sqlite3.connect(staged)) as connection:
        connection.execute("CREATE TABLE rows (a INTEGER, b TEXT)")
        rows = [(n, "x" * 50) for n in range(500_000)]
        connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)
        connection.commit()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE old (id INTEGER)")
    command = [sys.executable, "-c", KILLED, str(database), str(staged)]
    done = subprocess.run(command, env=dict(os.environ), check=False)
    assert done.returncode == -signal.SIGKILL
    assert tables(database) == {"old"}
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("config", "status"),
    [({}, 403), ({"databases": {"uploads": {"title": "For all"}}}, 200)],
)
async def test_uploads_are_not_for_anonymous_visitors_unless_configured(
    tmp_path: Path, config: dict[str, Any], status: int
) -> None:
    datasette = await make_datasette(tmp_path, config=config)
    await send(datasette)
    for path in ("/uploads", "/uploads/cities", "/uploads/-/query.json?sql=select+1"):
        assert (await datasette.client.get(path)).status_code == status, path
        assert (await datasette.client.get(path, actor={"id": "alice"})).status_code == 200, path
    await datasette.invoke_shutdown()
