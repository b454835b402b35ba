"""A run goes on by itself after its server ended or was killed, and never twice at once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import Run, RunLimits, RunStatus
from tests.enrichment_runs import check_notes, make_notes, query, working_on_notes
from tests.scripted_process import asked, begin, loudly

AT_ONCE = 8
_PATIENCE_SECONDS = 90.0


@contextmanager
def serving(path: Path, log: Path, delay: float = 0.05) -> Iterator[subprocess.Popen[str]]:
    """A server process over the notes, killed at the end; nobody sends it a request."""
    process = begin(log, delay, "serve", path, "-p", "0", "--root")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def waiting_run(path: Path, rows: int) -> Run:
    """A run over so many notes that nobody works on yet."""
    async with working_on_notes(make_notes(path, rows), works=False) as notes:
        return await notes.start(limits=RunLimits(concurrency=AT_ONCE))


def until(path: Path, reached: str) -> None:
    """Wait until a condition in SQL holds of the only run."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not query(path, f"select 1 from _llm_tools_runs where {reached}"):
        assert time.monotonic() < end, query(path, "select * from _llm_tools_runs")
        time.sleep(0.02)


@pytest.mark.asyncio
async def test_a_server_that_ends_keeps_what_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    async with working_on_notes(path, delay=0.05) as notes:
        run = await notes.start(limits=RunLimits(concurrency=AT_ONCE))
        await notes.until(run, lambda now: now.counts.done >= 8)
    first = notes.prompts()
    ((status, owner, done),) = query(path, "select status, lease_owner, done from _llm_tools_runs")
    assert (status, owner) == ("waiting", None)
    assert done == len(first)  # those under way came in and were written
    async with working_on_notes(path) as notes:
        assert (await notes.ended(run)).status is RunStatus.DONE
    check_notes(path, 40)
    assert len(first) + len(notes.prompts()) == 40


@pytest.mark.asyncio
async def test_a_reply_that_never_comes_does_not_hold_up_the_end(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    async with working_on_notes(path, delay=3600) as notes:
        run = await notes.start()
        await notes.until(run, lambda now: len(notes.prompts()) > 0)
    assert query(path, "select status, lease_owner, done from _llm_tools_runs") == [
        ("waiting", None, 0)
    ]


@pytest.mark.asyncio
async def test_after_kill_9_a_new_process_goes_on_at_once(tmp_path: Path) -> None:
    path, log = tmp_path / "notes.db", tmp_path / "asked"
    await waiting_run(path, 200)
    with serving(path, log) as process:
        until(path, "done >= 20")
        process.kill()
        process.wait()
    ((done,),) = query(path, "select done from _llm_tools_runs where status = 'running'")
    assert done < 200
    # The lease still holds, for longer than anybody waits here: but its process is gone.
    query(path, "update _llm_tools_runs set lease_until = lease_until + 1000000")
    with serving(path, log):
        until(path, "status = 'done'")
    check_notes(path, 200)
    again = sum(asked(log).values()) - 200
    assert again <= 200 - done


@pytest.mark.asyncio
async def test_the_lease_of_a_live_process_holds(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    run = await waiting_run(path, 20)
    query(
        path,
        "update _llm_tools_runs set status = 'running', lease_owner = 'elsewhere/1:1:token', "
        "lease_until = ?",
        time.time() + 3600,
    )
    column = "quiet"

    def script(prompt: str) -> str:
        return loudly(prompt).replace("loud", column)

    async with working_on_notes(path, script) as notes:
        quiet = replace(run.enrichment.specification, outputs=(Output("quiet"),))
        other = await notes.start(quiet)
        assert (await notes.ended(other)).status is RunStatus.DONE
        assert (await notes.run(run)).counts.done == 0
        column = "loud"
        query(path, "update _llm_tools_runs set lease_until = ? where id = ?", time.time(), run.id)
        assert (await notes.ended(run)).status is RunStatus.DONE


@pytest.mark.asyncio
async def test_two_servers_on_one_file_ask_once(tmp_path: Path) -> None:
    path, log = tmp_path / "notes.db", tmp_path / "asked"
    await waiting_run(path, 150)
    with serving(path, log), serving(path, log):
        until(path, "status = 'done'")
    check_notes(path, 150)
    assert set(asked(log).values()) == {1} and len(asked(log)) == 150
