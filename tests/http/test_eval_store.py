"""Suites, runs and results are plain tables, read back as they were; only root sees them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from datasette.app import Datasette

from datasette_llm_tools.errors import BadInput, NotFound
from datasette_llm_tools.evals import run_store, store
from datasette_llm_tools.evals.values import (
    Case,
    CaseResult,
    ExpectedRows,
    Instead,
    Plan,
    RunStatus,
    Suite,
    Verdict,
)
from tests.sites import ALICE, Site, make_site

ROOT = {"id": "root"}
SUITE = Suite(
    "open/shops",
    (
        Case("a", "How many?", "/data/shops.db", ("SELECT 1", "SELECT 2"), ("set", "tag")),
        Case("b", "Which?", "shops", (ExpectedRows(((1, "x", None, b"\xff"),), in_order=True),)),
        Case("c", "Rain?", "shops", Instead.CANNOT),
    ),
    "A description",
    columns_in_order=True,
    tolerance=0.5,
)
PLAN = Plan("scripted", {"repairs": 0, "model": "ü"}, sample=2, seed=5, variants=1)
RESULT = CaseResult(
    "a",
    Verdict.EXTRA_COLUMNS,
    sql="SELECT 1, 2",
    error=None,
    accepted_empty=True,
    attempts=2,
    calls=3,
    input_tokens=None,
    output_tokens=7,
    usd=0.25,
    seconds=1.5,
    variants=2,
    variants_wrong=1,
    answered_at="2030-01-01T00:00:00.000+00:00",
)


@pytest.mark.asyncio
async def test_the_file_alone_holds_all_when_the_server_has_stopped(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        await store.save_suite(await store.opened(site.datasette), SUITE)
    sent = tmp_path / "sent.db"
    sent.write_bytes((tmp_path / "evals.db").read_bytes())
    with closing(sqlite3.connect(sent)) as connection:
        assert connection.execute("SELECT count(*) FROM eval_cases").fetchone() == (3,)


@pytest.mark.asyncio
async def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        database = await store.opened(site.datasette)
        await store.save_suite(database, SUITE)
        assert await store.suite_of(database, SUITE.name) == SUITE
        run = await run_store.begin(database, SUITE.name, PLAN, 2)
        assert (run.status, run.ended_at) == (RunStatus.RUNNING, None)
        await run_store.save_result(database, run, RESULT)
        await run_store.save_result(database, run, RESULT)
        assert await run_store.results_of(database, run.id) == (RESULT,)
        ended = await run_store.end(database, run, RunStatus.STOPPED)
        assert await run_store.runs_of(database, SUITE.name) == (ended,)
        assert await run_store.latest(database, SUITE.name, PLAN) == ended
        assert await store.suite_names(database) == ("open/shops",)


@pytest.mark.asyncio
async def test_the_latest_run_of_the_same_plan_is_found(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        database = await store.opened(site.datasette)
        await store.save_suite(database, SUITE)
        first = await run_store.begin(database, SUITE.name, PLAN, 2)
        others = [
            Plan("other", PLAN.settings, 2, 5, 1),
            Plan("scripted", {"repairs": 1}, 2, 5, 1),
            Plan("scripted", PLAN.settings, None, 5, 1),
            Plan("scripted", PLAN.settings, 2, 6, 1),
            Plan("scripted", PLAN.settings, 2, 5, 0),
        ]
        for other in others:
            assert await run_store.latest(database, SUITE.name, other) is None
        same = Plan("scripted", dict(reversed(PLAN.settings.items())), 2, 5, 1)
        assert await run_store.latest(database, SUITE.name, same) == first
        assert await run_store.latest(database, "another", PLAN) is None


@pytest.mark.asyncio
async def test_a_suite_is_replaced_and_results_stay(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        database = await store.opened(site.datasette)
        await store.save_suite(database, SUITE)
        run = await run_store.begin(database, SUITE.name, PLAN, 2)
        await run_store.save_result(database, run, RESULT)
        smaller = Suite(SUITE.name, SUITE.cases[1:])
        await store.save_suite(database, smaller)
        assert await store.suite_of(database, SUITE.name) == smaller
        assert len(await run_store.results_of(database, run.id)) == 1


@pytest.mark.asyncio
async def test_a_case_is_added_or_replaced(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        database = await store.opened(site.datasette)
        for case in SUITE.cases:
            await store.add_case(database, "mine", case)
        assert await store.suite_of(database, "mine") == Suite("mine", SUITE.cases)
        other = Case("c", "Rain again?", "shops", ("SELECT 3",))
        await store.add_case(database, "mine", other)
        assert (await store.suite_of(database, "mine")).cases == (*SUITE.cases[:2], other)
        with pytest.raises(NotFound, match="no suite called yours here, only: mine"):
            await store.suite_of(database, "yours")


@pytest.mark.asyncio
async def test_many_cases_are_all_read(tmp_path: Path) -> None:
    cases = tuple(Case(str(n), "?", "shops", ("SELECT 1",)) for n in range(2500))
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        database = await store.opened(site.datasette)
        await store.save_suite(database, Suite("large", cases))
        assert (await store.suite_of(database, "large")).cases == cases


async def readers(site: Site, path: str = "/evals/eval_suites.json") -> list[int]:
    return [(await site.get(path, actor)).status_code for actor in (None, ALICE, ROOT)]


@pytest.mark.asyncio
async def test_only_root_reads_it(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        await store.save_suite(await store.opened(site.datasette), SUITE)
        assert await readers(site) == [403, 403, 200]
        assert await readers(site, "/evals/-/query.json?sql=select+1") == [403, 403, 200]
        assert "evals" not in (await site.get("/.json", ALICE)).text


@pytest.mark.asyncio
async def test_the_configuration_may_say_otherwise(tmp_path: Path) -> None:
    config = {"databases": {"evals": {"allow": ALICE}}}
    async with make_site(tmp_path, lambda _: "SELECT 1;", config=config) as site:
        await store.save_suite(await store.opened(site.datasette), SUITE)
        assert await readers(site) == [403, 200, 403]


@pytest.mark.asyncio
async def test_it_is_served_again_after_a_restart(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        await store.save_suite(await store.opened(site.datasette), SUITE)
    datasette = Datasette([], internal=str(tmp_path / "internal.db"))
    await datasette.invoke_startup()
    try:
        assert "evals" in datasette.databases
        response = await datasette.client.get("/evals/eval_cases.json", actor=ALICE)
        assert response.status_code == 403
        database = await store.opened(datasette)
        assert await store.suite_of(database, SUITE.name) == SUITE
    finally:
        await datasette.invoke_shutdown()
        datasette.close()


@pytest.mark.asyncio
async def test_somebody_elses_file_is_neither_served_nor_written(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "evals.db")) as connection:
        connection.execute("CREATE TABLE secret (id INTEGER)")
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        assert "evals" not in site.datasette.databases
        with pytest.raises(BadInput, match="name another evals_database"):
            await store.opened(site.datasette)


@pytest.mark.asyncio
async def test_a_file_that_cannot_keep_runs_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("These are notes. " * 100)
    (tmp_path / "other.db").touch()
    with closing(sqlite3.connect(tmp_path / "taken.db")) as connection:
        connection.execute("CREATE TABLE eval_runs (id INTEGER)")
    async with make_site(tmp_path, lambda _: "SELECT 1;") as site:
        for name, said in [("notes.db", "cannot keep runs"), ("taken.db", "name another file")]:
            with pytest.raises(BadInput, match=said):
                await store.opened_file(site.datasette, tmp_path / name)
        with pytest.raises(BadInput, match="cannot be written"):
            await store.opened_file(site.datasette, tmp_path / "missing" / "runs.db")
        database = await store.opened_file(site.datasette, tmp_path / "other.db")
        await store.save_suite(database, SUITE)
