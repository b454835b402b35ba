"""A value, where it comes from and how far the run is change together, or not at all."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments.database import (
    enrichment_store,
    leases,
    recalling,
    results,
    store,
    tables,
)
from datasette_llm_tools.enrichments.database.own_tables import DatabaseLocked, LeaseLost
from datasette_llm_tools.enrichments.database.tables import TableGone
from datasette_llm_tools.enrichments.engine.asking import UNCHANGED
from datasette_llm_tools.enrichments.jobs import owner as own_owner
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.values import (
    Attachment,
    Counts,
    Fault,
    Outcome,
    OutcomeStatus,
    Rows,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
    Wish,
)
from datasette_llm_tools.errors import Conflict, NotFound, RunPaused
from datasette_llm_tools.migrations import enriched
from tests.enriched_tables import ALICE, KINDS, OWNER, done, make_enriched

NUMBERS = ["numbers"]


def failed(key: Any, message: str = "No.") -> Outcome:
    return Outcome(
        key, OutcomeStatus.FAILED, usd=0.0, attempts=2, fault=Fault.MODEL, message=message
    )


@pytest.mark.asyncio
async def test_looking_makes_no_tables(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        assert await store.get_run(site.datasette, "data", "x") is None
        assert await enrichment_store.get_enrichment(site.datasette, "data", "x") is None
        assert await store.runs(site.datasette, "data") == ()
        assert await enrichment_store.enrichments(site.datasette, "data") == ()
        assert await leases.claim(site.datasette, "data", OWNER, time.time() + 9) is None
        assert await results.results_of_row(site.datasette, "data", "numbers", (1,)) == ()
        assert site.sql("select name from sqlite_master where name like '!_%' escape '!'") == []
        for other in ("elsewhere", "_internal"):
            assert await leases.claim(site.datasette, other, OWNER, time.time() + 9) is None
        with pytest.raises(NotFound):
            await store.runs(site.datasette, "elsewhere")


@pytest.mark.asyncio
async def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    specification = Specification(
        template="{{ body }}",
        outputs=(
            Output("kind", OutputType.LABEL, "Which?", labels=("a", "ü")),
            Output("score", OutputType.FLOAT, minimum=0, maximum=1.5, optional=True),
        ),
        model_id="m",
        form="classify",
        instructions="Say.",
        options={"temperature": 0.5},
        fallback_model_id="n",
        rows_per_call=3,
        attachments=(Attachment("file", "url"),),
        long_cells="cut",
        use_cache=False,
    )
    selection = Selection("x = :p0", {"p0": b"\x00", "p1": 1.5, "p2": None}, "where", Rows.CHANGED)
    limits = RunLimits(usd=1.5, rows=3, concurrency=2)
    async with make_enriched(tmp_path, NUMBERS) as site:
        made = await enrichment_store.create_enrichment(
            site.datasette, "data", "NUMBERS", "Name", specification, ALICE
        )
        assert made.table == "numbers" and made.actor_id == "alice"
        assert await enrichment_store.get_enrichment(site.datasette, "data", made.id) == made
        run = await store.create_run(
            site.datasette, "data", made, selection, limits, ALICE, prompt_hash="h"
        )
        assert (run.enrichment, run.selection, run.limits, run.actor) == (
            made,
            selection,
            limits,
            ALICE,
        )
        assert (run.status, run.wish, run.counts, run.prompt_hash, run.cursor) == (
            RunStatus.WAITING,
            Wish.RUN,
            Counts(),
            "h",
            None,
        )
        assert run.created_columns == ("kind", "score")
        assert await store.runs(site.datasette, "data", "Numbers") == (run,)
        assert await store.runs(site.datasette, "data", "texts") == ()
        # What another version of this package wrote is read all the same.
        site.sql('update _llm_tools_runs set limits = \'{"concurrency": 7, "later": 1}\'')
        assert (await site.now(run)).limits == RunLimits(concurrency=7)


@pytest.mark.asyncio
async def test_our_tables_are_made_once_by_processes_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "both.db"
    sqlite3.connect(path).close()
    program = (
        "import sqlite3, sys; from datasette_llm_tools.migrations import enriched;"
        f"enriched.apply(sqlite3.connect({str(path)!r}, timeout=20))"
    )
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program) for _ in range(3)
    ]
    assert [await each.wait() for each in started] == [0, 0, 0]
    with closing(sqlite3.connect(path)) as connection:
        enriched.apply(connection)
        names = [name for (name,) in connection.execute("select name from _sqlite_migrations")]
        assert names == ["0001_enrichments"]
        assert connection.execute("pragma recursive_triggers").fetchone() == (0,)


@pytest.mark.asyncio
@pytest.mark.parametrize("table", KINDS)
async def test_each_kind_of_table_takes_values(tmp_path: Path, table: str) -> None:
    outputs = (Output("label"), Output('a "quoted" name', OutputType.JSON, optional=True))
    async with make_enriched(tmp_path, [table]) as site:
        run = await site.running(table, outputs)
        keys = KINDS[table][1]
        values = {"label": "ü", 'a "quoted" name': {"x": [1, None]}}
        await site.write(run, [done(key, values=values) for key in keys], cursor=keys[-1])
        target = await site.target(table)
        with closing(sqlite3.connect(site.path)) as connection:
            for key in keys:
                assert connection.execute(
                    f'select label, "a ""quoted"" name" from {tables.quoted(table)} '
                    f"where {tables.where_key(target)}",
                    key,
                ).fetchall() == [("ü", '{"x": [1, null]}')]
        run = await site.now(run)
        assert (run.counts.done, run.cursor) == (len(keys), keys[-1])
        for key in keys:
            (found,) = await results.results_of_row(site.datasette, "data", table, key)
            assert (found.result.key, found.result.values) == (key, values)
            assert found.run.id == run.id
        assert await site.rows(run) == []


@pytest.mark.asyncio
async def test_triggers_and_full_text_keep_up(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["docs"]) as site:
        run = await site.running("docs")
        await site.write(run, [done((1,), "praise"), done((2,), "blame")])
        assert site.sql("select what from log") == [("1",), ("2",)]


@pytest.mark.asyncio
async def test_a_batch_changes_everything_at_once(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        until = site.sql("select lease_until from _llm_tools_runs")[0][0]
        orders = await site.write(
            run,
            [
                done((-4,)),
                done((1,), cached=True, attempts=0, usd=0.0),
                done((2,), usd=None),
                failed((30,)),
                done((99,)),
                Outcome((98,), OutcomeStatus.SKIPPED),
                Outcome((97,), OutcomeStatus.UNCHANGED),
            ],
            cursor=(2,),
        )
        assert orders == leases.Orders(Wish.RUN, RunLimits())
        run = await site.now(run)
        assert run.counts == Counts(
            done=3,
            failed=1,
            skipped=2,
            unchanged=1,
            cached=1,
            unpriced=1,
            input_tokens=400,
            output_tokens=20,
            usd=pytest.approx(0.002),  # type: ignore[arg-type]  # compares as a float
            seconds=pytest.approx(0.1),  # type: ignore[arg-type]  # compares as a float
        )
        assert run.cursor == (2,)
        assert site.sql("select lease_until from _llm_tools_runs")[0][0] != until
        assert site.sql("select id, label from numbers order by id") == [
            (-4, "praise"),
            (1, "praise"),
            (2, "praise"),
            (30, None),
        ]
        by_key = {each.key: each for each in await results.results(site.datasette, run)}
        assert set(by_key) == {(-4,), (1,), (2,), (30,), (99,), (98,)}
        assert by_key[99,].status is OutcomeStatus.SKIPPED  # the row is gone
        assert by_key[30,].fault == Fault.MODEL.value and by_key[30,].message == "No."


@pytest.mark.asyncio
async def test_a_batch_written_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        batch = [done((1,)), failed((2,)), Outcome((30,), OutcomeStatus.UNCHANGED)]
        await site.write(run, batch)
        site.sql("update numbers set label = 'edited' where id = 1")
        before = (await site.now(run)).counts
        await site.write(run, [done((1,), "other"), *batch[1:], done((-4,))])
        after = (await site.now(run)).counts
        assert replace(after, seconds=before.seconds) == replace(
            before,
            done=2,
            input_tokens=200,
            output_tokens=10,
            usd=pytest.approx(0.002),  # type: ignore[arg-type]  # compares as a float
        )
        assert site.sql("select label from numbers where id = 1") == [("edited",)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ddl", "value", "why"),
    [
        ("label text check (label != 'bad')", "bad", "CHECK constraint failed"),
        ("label text not null default ''", None, "NOT NULL constraint failed"),
        ("label text unique on conflict replace", "taken", "UNIQUE constraint failed"),
        ("label text unique on conflict rollback", "taken", "UNIQUE constraint failed"),
        ("label text", "abort", "no abort"),
        ("label text", "rollback", "no rollback"),
        ("label text", "fail", "no fail"),
        ("label text", "ignore", "ignored"),
    ],
)
async def test_a_value_that_the_table_refuses_fails_its_row_only(
    tmp_path: Path, ddl: str, value: str | None, why: str
) -> None:
    strict = f"create table strict_one (id integer primary key, body text, {ddl});" + "".join(
        f"create trigger refuse_{how} before update on strict_one when new.label = '{how}'"
        f" begin select raise({how}{comma}); end;"
        for how, comma in (
            ("abort", ", 'no abort'"),
            ("rollback", ", 'no rollback'"),
            ("fail", ", 'no fail'"),
            ("ignore", ""),
        )
    )
    strict += (
        "insert into strict_one (id, body, label) values"
        " (1, 'a', 'w'), (2, 'b', 'x'), (3, 'c', 'y'), (4, 'd', 'taken'), (5, 'e', 'z')"
    )
    async with make_enriched(tmp_path, [], strict) as site:
        run = await site.running("strict_one", overwrite=["label"])
        await site.write(
            run,
            [done((1,), "one"), done((2,), value), done((3,), "three"), done((5,), value)],
            cursor=(3,),
        )
        assert site.sql("select id, label from strict_one order by id") == [
            (1, "one"),
            (2, "x"),
            (3, "three"),
            (4, "taken"),
            (5, "z"),
        ]
        run = await site.now(run)
        assert (run.counts.done, run.counts.failed, run.cursor) == (2, 2, (3,))
        (group,) = await results.faults(site.datasette, run)
        assert group.fault == Fault.UNWRITABLE.value and group.keys == ((2,), (5,))
        assert why in group.message


@pytest.mark.asyncio
async def test_a_deferred_foreign_key_fails_its_row_only(tmp_path: Path) -> None:
    linked = (
        "create table kind (name text primary key); insert into kind values ('good');"
        "create table linked (id integer primary key, body text,"
        " label text references kind(name) deferrable initially deferred);"
        "insert into linked (id) values (1), (2), (3)"
    )
    async with make_enriched(tmp_path, [], linked) as site:
        await site.datasette.databases["data"].execute_write_fn(
            lambda connection: connection.execute("pragma foreign_keys = on").close(),
            transaction=False,
        )
        run = await site.running("linked", overwrite=["label"])
        await site.write(
            run, [done((1,), "good"), done((2,), "bad"), done((3,), "good")], cursor=(3,)
        )
        assert site.sql("select label from linked") == [("good",), (None,), ("good",)]
        run = await site.now(run)
        assert (run.counts.done, run.counts.failed, run.cursor) == (2, 1, (3,))


@pytest.mark.asyncio
async def test_nothing_is_written_without_the_lease(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        target = await site.target("numbers")

        async def write(owner: str) -> leases.Orders:
            return await results.write_batch(
                site.datasette, run, target, [done((1,))], owner=owner, cursor=(1,), seconds=1
            )

        with pytest.raises(LeaseLost):
            await write("somebody else")
        with pytest.raises(LeaseLost):
            await leases.heartbeat(site.datasette, run, owner="somebody else")
        with pytest.raises(LeaseLost):
            await store.release(site.datasette, run, "somebody else", RunStatus.DONE)
        await store.release(site.datasette, run, OWNER, RunStatus.CANCELLED, "why")
        with pytest.raises(LeaseLost):
            await write(OWNER)
        run = await site.now(run)
        assert (run.status, run.reason, run.counts) == (RunStatus.CANCELLED, "why", Counts())
        assert site.sql("select label from numbers where id = 1") == [(None,)]
        assert site.sql("select count(*) from _llm_tools_results") == [(0,)]


@pytest.mark.asyncio
async def test_a_run_is_taken_by_one_worker_until_it_is_dead(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.waiting("numbers")
        far = time.time() + 60
        taken = await asyncio.gather(
            *(leases.claim(site.datasette, "data", f"h:{i}:t", far) for i in range(5))
        )
        (mine,) = [each for each in taken if each is not None]
        assert (mine.id, mine.status) == (run.id, RunStatus.RUNNING) and mine.started_at
        assert await leases.claim(site.datasette, "data", "h:9:t", far) is None
        site.sql("update _llm_tools_runs set lease_until = ?", time.time() - 1)
        again = await leases.claim(site.datasette, "data", "h:9:t", far, run_id="other")
        assert again is None
        again = await leases.claim(site.datasette, "data", "h:9:t", far, run_id=run.id)
        assert again is not None and again.started_at == mine.started_at
        # A process of this host that is gone is dead at once, whatever its lease says.
        mine_now = own_owner().rsplit(":", 1)[0] + ":an-earlier-life"
        site.sql("update _llm_tools_runs set lease_owner = ?, lease_until = ?", mine_now, far)
        assert await leases.claim(site.datasette, "data", own_owner(), far) is not None
        assert await leases.claim(site.datasette, "data", "h:9:t", far) is None


@pytest.mark.asyncio
async def test_a_run_made_with_a_lease_is_nobody_elses(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        assert run.status is RunStatus.RUNNING and run.started_at
        assert await leases.claim(site.datasette, "data", "h:9:t", time.time() + 60) is None
        await store.release(site.datasette, run, OWNER)
        assert await leases.claim(site.datasette, "data", "h:9:t", time.time() + 60) is not None


@pytest.mark.asyncio
async def test_wishes(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.waiting("numbers")

        async def wish(wanted: Wish) -> RunStatus:
            return (await store.wish(site.datasette, run, wanted)).status

        async def claim() -> Any:
            return await leases.claim(site.datasette, "data", OWNER, time.time() + 60)

        assert await wish(Wish.PAUSE) is RunStatus.PAUSED
        assert await wish(Wish.PAUSE) is RunStatus.PAUSED
        assert await claim() is None
        assert await wish(Wish.RUN) is RunStatus.WAITING
        assert await claim() is not None
        assert await wish(Wish.PAUSE) is RunStatus.RUNNING
        assert (await leases.heartbeat(site.datasette, run, owner=OWNER)).wish is Wish.PAUSE
        await store.release(site.datasette, run, OWNER, RunStatus.PAUSED, "a reason")
        assert await wish(Wish.RUN) is RunStatus.WAITING
        assert (await site.now(run)).reason is None
        assert await claim() is not None
        assert await wish(Wish.CANCEL) is RunStatus.RUNNING
        # Its worker dies before it can obey.
        site.sql("update _llm_tools_runs set lease_until = 1")
        assert await claim() is None
        assert (await site.now(run)).status is RunStatus.CANCELLED
        assert await wish(Wish.CANCEL) is RunStatus.CANCELLED
        with pytest.raises(Conflict):
            await wish(Wish.PAUSE)


@pytest.mark.asyncio
async def test_limits_and_what_is_known_at_the_beginning(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        await store.set_limits(site.datasette, run, RunLimits(concurrency=3))
        orders = await leases.begin(site.datasette, run, owner=OWNER, prompt_hash="h", total=4)
        assert orders.limits == RunLimits(concurrency=3)
        run = await site.now(run)
        assert (run.prompt_hash, run.counts.total) == ("h", 4)
        with pytest.raises(LeaseLost):
            await leases.begin(site.datasette, run, owner="x", prompt_hash="i", total=5)
        assert (await site.now(run)).prompt_hash == "h"


@pytest.mark.asyncio
async def test_two_runs_never_write_one_column(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        first = await site.waiting("numbers")
        with pytest.raises(Conflict, match=first.id):
            await site.waiting("numbers", [Output("LABEL")], overwrite=["label"])
        assert await site.waiting("numbers", [Output("other")])
        await store.wish(site.datasette, first, Wish.CANCEL)
        second = await site.waiting("numbers", overwrite=["label"])
        for change in (store.wish(site.datasette, first, Wish.RUN),):
            with pytest.raises(Conflict, match=second.id):
                await change
        assert second.created_columns == () and first.created_columns == ("label",)


@pytest.mark.asyncio
async def test_failed_rows_are_asked_again_and_counted_once(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        await site.write(run, [done((1,)), failed((2,)), failed((30,), "Other."), failed((-4,))])
        with pytest.raises(Conflict, match="pause"):
            await store.retry_failed(site.datasette, run)
        groups = await results.faults(site.datasette, run)
        assert [(each.message, each.count, each.keys) for each in groups] == [
            ("No.", 2, ((-4,), (2,))),
            ("Other.", 1, ((30,),)),
        ]
        await store.release(site.datasette, run, OWNER, RunStatus.DONE)
        assert await store.retry_failed(site.datasette, run) == 3
        assert await store.retry_failed(site.datasette, run) == 0
        assert await results.faults(site.datasette, run) == ()
        run = await site.now(run)
        assert (run.status, run.counts.failed, run.ended_at) == (RunStatus.WAITING, 0, None)
        assert await leases.claim(site.datasette, "data", OWNER, time.time() + 60) is not None
        await site.write(run, [done((2,)), failed((30,)), done((-4,))])
        run = await site.now(run)
        assert (run.counts.done, run.counts.failed) == (3, 1)
        await store.release(site.datasette, run, OWNER, RunStatus.DONE)
        later = await site.running("numbers", overwrite=["label"])
        await site.write(later, [done((30,))])
        await store.release(site.datasette, later, OWNER, RunStatus.DONE)
        with pytest.raises(Conflict, match=later.id):
            await store.retry_failed(site.datasette, run)


@pytest.mark.asyncio
async def test_results_by_page_kind_and_time(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        await site.write(run, [done((1,)), failed((2,))])
        await site.write(run, [done((30,)), Outcome((-4,), OutcomeStatus.SKIPPED)])
        latest = await results.latest(site.datasette, run, 5)
        assert [each.key for each in latest] == [(30,), (1,)]
        await site.write(run, [done((2,))])  # it has failed before and stays so
        assert [each.key for each in await results.latest(site.datasette, run, 1)] == [(30,)]

        async def keys(**chosen: Any) -> list[Any]:
            found = await results.results(site.datasette, run, **chosen)
            return [each.key[0] for each in found]

        assert await keys() == [-4, 1, 2, 30]
        assert await keys(limit=2) == [-4, 1]
        assert await keys(after=(1,)) == [2, 30]
        assert await keys(status=OutcomeStatus.DONE) == [1, 30]
        assert await keys(status=OutcomeStatus.SKIPPED) == [-4]
        assert await keys(fault=Fault.MODEL.value) == [2]
        assert await keys(fault=Fault.INVALID.value) == []


@pytest.mark.asyncio
async def test_unchanged_rows_are_remembered_only_while_the_run_lasts(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        await site.write(run, [Outcome((1,), OutcomeStatus.UNCHANGED), done((2,))])
        assert [row.key for row in await site.rows(run)] == [(-4,), (30,)]
        await store.release(site.datasette, run, OWNER, RunStatus.DONE)
        assert site.sql("select row_key, status from _llm_tools_results") == [("[2]", "done")]
        assert (await site.now(run)).counts.unchanged == 1


@pytest.mark.asyncio
async def test_only_new_and_changed_rows(tmp_path: Path) -> None:
    same, other = b"s" * 16, b"o" * 16
    async with make_enriched(tmp_path, NUMBERS) as site:
        first = await site.running("numbers", prompt_hash="p")
        assert await (await recalling.recall(site.datasette, first))([((1,), same)]) == {}
        keys = [(-4,), (1,), (2,), (30,)]
        await site.write(first, [done(key, input_hash=same) for key in keys])
        await store.release(site.datasette, first, OWNER, RunStatus.DONE)
        site.sql("update numbers set label = null where id = 30")  # nothing is there any more
        second = await site.running(
            "numbers", selection=Selection(rows=Rows.CHANGED), overwrite=["label"], prompt_hash="p"
        )
        recall = await recalling.recall(site.datasette, second)
        asked = [((-4,), same), ((1,), same), ((2,), other), ((30,), same), ((31,), other)]
        known = await recall(asked)
        assert {key for key, each in known.items() if each is UNCHANGED} == {(-4,), (1,)}
        assert known[30,].values == {"label": "praise"}  # not asked again, but written again
        assert set(known) == {(-4,), (1,), (30,)}
        await site.write(second, [done((2,), "blame", input_hash=other)])
        await store.release(site.datasette, second, OWNER, RunStatus.DONE)
        # The input is again what the first run saw, but the column holds what the second said.
        third = await site.running(
            "numbers", selection=Selection(rows=Rows.CHANGED), overwrite=["label"], prompt_hash="p"
        )
        known = await (await recalling.recall(site.datasette, third))([((2,), same), ((2,), other)])
        assert known == {(2,): UNCHANGED}
        known = await (await recalling.recall(site.datasette, third))([((2,), same)])
        assert known[2,].values == {"label": "praise"}
        await store.release(site.datasette, third, OWNER, RunStatus.DONE)
        fourth = await site.running(
            "numbers", selection=Selection(rows=Rows.CHANGED), overwrite=["label"], prompt_hash="q"
        )
        assert await (await recalling.recall(site.datasette, fourth))(asked) == {}


@pytest.mark.asyncio
async def test_answers_to_the_same_input_are_found_in_other_rows_and_tables(
    tmp_path: Path,
) -> None:
    same = b"s" * 16
    async with make_enriched(tmp_path, ["numbers", "texts"]) as site:
        first = await site.running("numbers", prompt_hash="p")
        await site.write(first, [done((1,), input_hash=same), failed((2,))])
        await store.release(site.datasette, first, OWNER, RunStatus.DONE)
        second = await site.running("texts")
        await leases.begin(site.datasette, second, owner=OWNER, prompt_hash="p", total=None)
        index = "select name from sqlite_master where name like '_llm_tools_results_before%'"
        assert len(site.sql(index)) == 1
        recall = await recalling.recall(site.datasette, second)
        known = await recall([(("b",), same), (("A",), b"x" * 16)])
        assert known[("b",)].values == {"label": "praise"}
        assert known[("b",)].model_id == "scripted" and set(known) == {("b",)}
        await store.release(site.datasette, second, OWNER, RunStatus.DONE)
        assert site.sql(index) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("change", ["status = 'undone'", "seal = 'forged'"])
async def test_answers_that_were_undone_or_came_with_a_file_are_not_taken(
    tmp_path: Path, change: str
) -> None:
    same = b"s" * 16
    async with make_enriched(tmp_path, ["numbers", "texts"]) as site:
        first = await site.running("numbers", prompt_hash="p")
        await site.write(first, [done((1,), input_hash=same)])
        await store.release(site.datasette, first, OWNER, RunStatus.DONE)
        second = await site.running("texts")
        await leases.begin(site.datasette, second, owner=OWNER, prompt_hash="p", total=None)
        known = await (await recalling.recall(site.datasette, second))([(("b",), same)])
        assert known != {}
        await site.datasette.get_database("data").execute_write(
            f"update _llm_tools_runs set {change} where number = {first.number}"
        )
        assert await (await recalling.recall(site.datasette, second))([(("b",), same)]) == {}


@pytest.mark.asyncio
async def test_a_locked_database_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        await site.datasette.databases["data"].execute_write_fn(
            lambda connection: connection.execute("pragma busy_timeout = 50").close(),
            transaction=False,
        )
        with closing(sqlite3.connect(site.path, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(DatabaseLocked, match="data is locked"):
                await site.write(run, [done((1,))])
            other.execute("rollback")
        await site.write(run, [done((1,))])
        assert (await site.now(run)).counts.done == 1


@pytest.mark.asyncio
async def test_a_full_disk_pauses_and_nothing_is_half_written(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        database = site.datasette.databases["data"]

        def shrink(connection: Any) -> None:
            pages = connection.execute("pragma page_count").fetchone()[0]
            connection.execute(f"pragma max_page_count = {pages + 1}")

        await database.execute_write_fn(shrink, transaction=False)
        long = "x" * 9_000
        with pytest.raises(RunPaused, match="full"):
            await site.write(run, [done((1,), long), done((2,), long)])
        assert site.sql("select count(label) from numbers") == [(0,)]
        assert site.sql("select count(*), sum(done) from _llm_tools_results, _llm_tools_runs") == [
            (0, None)
        ]
        await database.execute_write_fn(
            lambda connection: connection.execute("pragma max_page_count = 100000").close(),
            transaction=False,
        )
        await site.write(run, [done((1,), long), done((2,), long)])
        assert (await site.now(run)).counts.done == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "change",
    [
        "drop table numbers",
        "alter table numbers drop column label",
        "alter table numbers rename column label to other",
        "alter table numbers rename column id to number",
    ],
)
async def test_a_table_or_column_that_is_gone_stops_the_writing(
    tmp_path: Path, change: str
) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        target = await site.target("numbers")
        site.sql(change)
        with pytest.raises(TableGone, match="any more"):
            await results.write_batch(
                site.datasette, run, target, [done((1,))], owner=OWNER, cursor=None, seconds=0
            )
        assert site.sql("select count(*) from _llm_tools_results") == [(0,)]
        assert (await site.now(run)).counts == Counts()


@pytest.mark.asyncio
async def test_our_tables_dropped_by_hand_pause_the_run(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, NUMBERS) as site:
        run = await site.running("numbers")
        site.sql("drop table _llm_tools_results")
        assert await results.results(site.datasette, run) == ()
        assert await results.faults(site.datasette, run) == ()
        with pytest.raises(RunPaused, match="_llm_tools_results"):
            await site.write(run, [done((1,))])
        assert site.sql("select count(label) from numbers") == [(0,)]


KILLED = """
import asyncio, os, sqlite3, sys, threading, time
sys.path.insert(0, {root!r})
from pathlib import Path
from datasette.app import Datasette
from datasette_llm_tools.enrichments.database import leases, results, rows, store, tables
from tests.enriched_tables import done

async def main(path, owner):
    datasette = Datasette([path])
    await datasette.invoke_startup()
    run = await leases.claim(datasette, "data", owner, time.time() + 60)
    target = await tables.require_target(datasette, "data", "many")
    print("began", flush=True)
    pages = rows.pages(datasette, run, target, ["body"], after=run.cursor)
    async for page in pages:
        for start in range(0, len(page), 20):
            part = page[start:start + 20][::-1]
            await results.write_batch(
                datasette, run, target, [done(row.key, row.values["body"]) for row in part],
                owner=owner, cursor=None if start + 20 < len(page) else page[-1].key, seconds=0)
            print(start, flush=True)
    await store.release(datasette, run, owner, store.RunStatus.DONE)
    os._exit(0)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.asyncio
async def test_killed_at_any_moment_each_row_has_one_value_and_one_result(tmp_path: Path) -> None:
    many = (
        "create table many (id integer primary key, body text);"
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)"
        " insert into many select i, 'text ' || i from n"
    )
    program = KILLED.format(root=str(Path(__file__).parents[2]))
    async with make_enriched(tmp_path, [], many) as site:
        run = await site.waiting("many")
    status = None
    for attempt in range(12):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-c",
            program,
            str(tmp_path / "data.db"),
            f"h:{attempt}:t",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        for _ in range(4 + 7 * attempt):
            await process.stdout.readline()
        if attempt < 4:
            process.kill()
        await process.wait()
        with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
            connection.execute("update _llm_tools_runs set lease_until = 1")
            connection.commit()
            (values, status, done_count), (results_count,) = (
                connection.execute(
                    "select (select count(label) from many), status, done from _llm_tools_runs"
                ).fetchone(),
                connection.execute("select count(*) from _llm_tools_results").fetchone(),
            )
            assert values == done_count == results_count
            assert attempt or 0 < values < 2000
        if status == RunStatus.DONE.value:
            break
    assert status == RunStatus.DONE.value and values == 2000
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        wrong = connection.execute("select count(*) from many where label is not body").fetchone()
        assert wrong == (0,)
        assert (
            json.loads(connection.execute("select cursor from _llm_tools_runs").fetchone()[0]) == []
        )
    assert run.id
