"""A server works on runs by itself: it obeys owners, keeps what is settled, says why it rests."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments.database import enrichment_store, store
from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import Run, RunLimits, RunStatus, Wish
from datasette_llm_tools.enrichments.work import worker
from tests.enrichment_runs import (
    ALICE,
    ROOT,
    SPECIFICATION,
    Notes,
    check_notes,
    make_notes,
    query,
    working_on_notes,
)
from tests.scripted_model import ScriptedModel
from tests.scripted_process import loudly

SLOW = 0.05
ALLOWED: dict[str, Any] = {
    "databases": {"notes": {"permissions": {"update-row": ALICE, "alter-table": ALICE}}}
}


def has_some(run: Run) -> bool:
    return run.counts.done >= 4


@pytest.mark.asyncio
async def test_a_waiting_run_is_done(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db") as notes:
        run = await notes.ended(await notes.start(wake=False))
        assert (run.status, run.reason, run.wish) == (RunStatus.DONE, None, Wish.RUN)
        assert run.counts.seconds > 0 and run.prompt_hash
        check_notes(notes.path, 40)
        assert len(notes.prompts()) == 40


@pytest.mark.asyncio
async def test_only_so_many_runs_at_once(tmp_path: Path) -> None:
    settings = {"enrich_runs_at_once": 2}
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW, settings=settings) as notes:
        runs = [
            await notes.start(replace(SPECIFICATION, outputs=(Output(f"loud{n}"),)))
            for n in range(3)
        ]
        await notes.until(runs[1], lambda run: run.status is RunStatus.RUNNING)
        assert (await notes.run(runs[2])).status is RunStatus.WAITING
        for run in runs:
            await store.wish(notes.datasette, run, Wish.CANCEL)


@pytest.mark.asyncio
async def test_pause_and_resume(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW) as notes:
        run = await notes.until(await notes.start(), has_some)
        await store.wish(notes.datasette, run, Wish.PAUSE)
        worker.wake(notes.datasette)
        run = await notes.ended(run)
        assert run.status is RunStatus.PAUSED and run.reason is None
        assert 4 <= run.counts.done < 40
        assert len(notes.prompts()) == run.counts.done  # those under way came in
        await store.wish(notes.datasette, run, Wish.RUN)
        worker.wake(notes.datasette)
        await notes.ended(run)
        check_notes(notes.path, 40)
        assert len(notes.prompts()) == 40


@pytest.mark.asyncio
async def test_a_pause_that_is_taken_back_is_none(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW) as notes:
        run = await notes.until(await notes.start(), has_some)
        for wish in (Wish.PAUSE, Wish.RUN):
            await store.wish(notes.datasette, run, wish)
            worker.wake(notes.datasette)
            await asyncio.sleep(0.02)
        await notes.ended(run)
        check_notes(notes.path, 40)


@pytest.mark.asyncio
async def test_cancelling_keeps_what_was_written(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW) as notes:
        run = await notes.until(await notes.start(), has_some)
        await store.wish(notes.datasette, run, Wish.CANCEL)
        worker.wake(notes.datasette)
        run = await notes.ended(run)
        assert run.status is RunStatus.CANCELLED
        (filled,) = notes.query("select count(*) from note where loud is not null")
        assert filled == (run.counts.done,) and 4 <= run.counts.done < 40


class CountingModel(ScriptedModel):
    """Knows how many prompts it had at the same time at most."""

    at_once = 0
    most = 0

    async def execute(self, *args: Any, **more: Any) -> AsyncGenerator[str, None]:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        async for piece in super().execute(*args, **more):
            yield piece
        self.at_once -= 1


@pytest.mark.asyncio
async def test_limits_change_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    async with working_on_notes(path, delay=SLOW, kind=CountingModel) as notes:
        model = notes.model
        assert isinstance(model, CountingModel)
        run = await notes.start(limits=RunLimits(concurrency=1))
        await notes.until(run, lambda now: now.counts.done >= 2)
        assert model.most == 1
        await store.set_limits(notes.datasette, run, RunLimits(concurrency=6))
        worker.wake(notes.datasette)
        await notes.ended(run)
        assert model.most == 6
        check_notes(notes.path, 40)


@pytest.mark.asyncio
async def test_a_limit_of_rows_is_of_the_whole_run(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW) as notes:
        run = await notes.start(limits=RunLimits(rows=10, concurrency=2))
        run = await notes.until(run, has_some)
        await store.wish(notes.datasette, run, Wish.PAUSE)
        worker.wake(notes.datasette)
        run = await notes.ended(run)
        await store.wish(notes.datasette, run, Wish.RUN)
        worker.wake(notes.datasette)
        run = await notes.ended(run)
        assert run.status is RunStatus.DONE
        assert (run.counts.done, run.counts.total) == (10, 10)


@pytest.mark.asyncio
async def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW) as notes:
        await impatient(notes)
        run = await notes.until(await notes.start(), has_some)
        with closing(sqlite3.connect(notes.path, isolation_level=None)) as other:
            other.execute("begin immediate")
            await notes.until(run, lambda now: worker.note(notes.datasette, now.id) is not None)
            assert "locked" in str(worker.note(notes.datasette, run.id))
            other.execute("rollback")
        await notes.ended(run)
        check_notes(notes.path, 40)
        assert len(notes.prompts()) == 40


async def impatient(notes: Notes) -> None:
    """Let SQLite say at once that a database is locked, not after five seconds."""
    await notes.datasette.get_database("notes").execute_write_fn(
        lambda connection: connection.execute("pragma busy_timeout = 50").close(), transaction=False
    )


async def pages_at_most(notes: Notes, pages: int) -> None:
    """Let the file of the notes not grow beyond so many pages."""
    await notes.datasette.get_database("notes").execute_write_fn(
        lambda connection: connection.execute(f"pragma max_page_count = {pages}").close(),
        transaction=False,
    )


@pytest.mark.asyncio
async def test_a_full_disk_pauses_and_nothing_is_lost(tmp_path: Path) -> None:
    def script(prompt: str) -> str:
        return loudly(prompt)

    path = make_notes(tmp_path / "notes.db", 400)
    async with working_on_notes(path, script) as notes:
        run = await notes.start(limits=RunLimits(concurrency=1))
        ((pages,),) = notes.query("pragma page_count")
        await pages_at_most(notes, pages + 3)
        run = await notes.ended(run)
        assert run.status is RunStatus.PAUSED
        assert run.reason is not None and "full" in run.reason
        await pages_at_most(notes, 1_000_000)
        await store.wish(notes.datasette, run, Wish.RUN)
        worker.wake(notes.datasette)
        await notes.ended(run)
        check_notes(notes.path, 400)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("drop table note", "note"),
        ("alter table note rename to memo", "note"),
        ("alter table note rename column loud to louder", "loud"),
        ("alter table note rename column body to text", "body"),
        ("alter table note drop column loud", "loud"),
    ],
)
async def test_a_table_that_changed_stops_the_run(tmp_path: Path, change: str, said: str) -> None:
    path = make_notes(tmp_path / "notes.db", 1200)
    async with working_on_notes(path, delay=0.01) as notes:
        run = await notes.until(await notes.start(), has_some)
        query(path, change)
        run = await notes.ended(run)
        assert run.status is RunStatus.STOPPED, run.reason
        assert run.reason is not None and said in run.reason


@pytest.mark.asyncio
async def test_the_owners_permission_is_checked_again(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    async with working_on_notes(path, delay=SLOW, config=ALLOWED) as notes:
        run = await notes.until(await notes.start(actor=ALICE), has_some)
    async with working_on_notes(path) as notes:
        run = await notes.ended(run)
        assert run.status is RunStatus.PAUSED
        assert run.reason is not None and "update-row" in run.reason
        assert notes.prompts() == []


@pytest.mark.asyncio
async def test_a_permission_that_is_withdrawn_pauses_a_run_at_work(tmp_path: Path) -> None:
    config = deepcopy(ALLOWED)  # Datasette may keep this very one
    async with working_on_notes(tmp_path / "notes.db", delay=0.2, config=config) as notes:
        run = await notes.until(
            await notes.start(actor=ALICE, limits=RunLimits(concurrency=1)), has_some
        )
        del notes.datasette.config["databases"]["notes"]["permissions"]["update-row"]
        worker.wake(notes.datasette)
        run = await notes.ended(run)
        assert run.status is RunStatus.PAUSED
        assert run.reason is not None and "update-row" in run.reason
        assert run.counts.total is not None and run.counts.settled < run.counts.total


@pytest.mark.asyncio
async def test_a_hidden_table_is_read_no_more(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    async with working_on_notes(path, delay=SLOW, config=ALLOWED) as notes:
        run = await notes.until(await notes.start(actor=ALICE), has_some)
    hidden = {"databases": {"notes": {**ALLOWED["databases"]["notes"], "allow": {"id": "root"}}}}
    async with working_on_notes(path, config=hidden) as notes:
        run = await notes.ended(run)
        assert run.status is RunStatus.PAUSED
        assert notes.prompts() == []


@pytest.mark.asyncio
async def test_a_model_that_is_gone_pauses_the_run(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    async with working_on_notes(path) as notes:
        run = await notes.ended(await notes.start())
        gone = replace(run.enrichment.specification, model_id="gone")
        made = await enrichment_store.create_enrichment(
            notes.datasette, "notes", "note", "gone", gone, ROOT
        )
        second = await store.create_run(
            notes.datasette, "notes", made, run.selection, run.limits, ROOT, ["loud"]
        )
        second = await notes.ended(second)
        assert second.status is RunStatus.PAUSED
        assert second.reason is not None and "gone" in second.reason


@pytest.mark.asyncio
async def test_a_key_that_is_refused_pauses_the_run(tmp_path: Path) -> None:
    class Refused(Exception):
        status_code = 401

    works = True

    def script(prompt: str) -> str | Exception:
        return loudly(prompt) if works else Refused("no such key")

    async with working_on_notes(tmp_path / "notes.db", script, delay=SLOW) as notes:
        run = await notes.until(await notes.start(), has_some)
        works = False
        run = await notes.ended(run)
        assert run.status is RunStatus.PAUSED
        assert run.reason is not None and "key" in run.reason
        assert run.counts.failed == 0
        works = True
        await store.wish(notes.datasette, run, Wish.RUN)
        worker.wake(notes.datasette)
        await notes.ended(run)
        check_notes(notes.path, 40)


@pytest.mark.asyncio
async def test_a_crash_in_one_run_is_not_the_end_of_the_others(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db") as notes:
        first = await notes.start(limits=RunLimits(concurrency=0, failures_in_a_row=-5))
        await notes.ended(first)
        notes.query('update _llm_tools_runs set limits = \'{"seconds_per_row": "x"}\'')
        second = await notes.start(overwrite=("loud",))
        worker.wake(notes.datasette)
        assert (await notes.ended(second)).status is RunStatus.DONE


@pytest.mark.asyncio
async def test_a_run_that_another_worker_took_is_left_alone(tmp_path: Path) -> None:
    async with working_on_notes(tmp_path / "notes.db", delay=SLOW) as notes:
        run = await notes.until(await notes.start(), has_some)
        notes.query("update _llm_tools_runs set lease_owner = 'elsewhere:1:x'")
        ((done,),) = notes.query("select done from _llm_tools_runs")
        await notes.until(run, lambda now: not is_worked_on())
        assert notes.query("select done, status, lease_owner from _llm_tools_runs") == [
            (done, "running", "elsewhere:1:x")
        ]
        # That worker dies: once its time is over, the run is taken again.
        notes.query("update _llm_tools_runs set lease_until = 1")
        worker.wake(notes.datasette)
        await notes.ended(run)
        check_notes(notes.path, 40)


def is_worked_on() -> bool:
    """Whether a worker of this process still has a task for a run."""
    return any(task.get_name().startswith("llm-tools run") for task in asyncio.all_tasks())


@pytest.mark.asyncio
@pytest.mark.parametrize("is_root_there", [False, True])
async def test_a_run_of_the_command_line_is_left_to_it_where_nobody_is_root(
    tmp_path: Path, is_root_there: bool
) -> None:
    quiet = replace(SPECIFICATION, outputs=(Output("quiet"),))
    both = {"id": [ROOT["id"], ALICE["id"]]}
    config = {"databases": {"notes": {"permissions": {"update-row": both, "alter-table": both}}}}
    async with working_on_notes(
        tmp_path / "notes.db", lambda prompt: '{"quiet": "x"}', rows=3, config=config, works=False
    ) as notes:
        first = await notes.start(actor={**ROOT, "command_line": True}, wake=False)
        second = await notes.start(quiet, actor=ALICE, wake=False)
        notes.datasette.root_enabled = is_root_there
        await notes.datasette.start_background_tasks()
        # The older run would be taken first.
        assert (await notes.ended(second)).status is RunStatus.DONE
        if is_root_there:
            assert (await notes.ended(first)).status is RunStatus.DONE
        else:
            assert (await notes.run(first)).status is RunStatus.WAITING
