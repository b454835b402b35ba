"""Cases are asked as questions are, judged by what runs, and can be stopped at any time."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from datasette_llm_tools.command_line import opened_files
from datasette_llm_tools.errors import BadInput, NoModel, NotFound, RunPaused
from datasette_llm_tools.evals.perturbing import make_variants
from datasette_llm_tools.evals.running import Bench, chosen_cases, overridden, run_cases
from datasette_llm_tools.evals.values import (
    Case,
    CaseResult,
    ExpectedRows,
    Instead,
    Plan,
    Suite,
    Verdict,
)
from datasette_llm_tools.settings import Settings
from tests.eval_suites import BY_ITEM, CASES, COUNT, replies
from tests.scripted_model import Script
from tests.sites import ALICE, Site, make_database, make_site

ROOT = {"id": "root"}


def case(question: str, *accepted: str | ExpectedRows, name: str = "one", **more: Any) -> Case:
    return Case(name, question, "shops", accepted, **more)


def says(sql: str) -> Script:
    return lambda _: sql


async def results(
    site: Site,
    cases: list[Case],
    *,
    actor: dict[str, Any] = ROOT,
    concurrency: int = 1,
    copies: Datasette | None = None,
    columns_in_order: bool = False,
    **plan: Any,
) -> list[CaseResult]:
    suite = Suite("s", tuple(cases), columns_in_order=columns_in_order)
    names = [] if copies is None else [each for each in copies.databases if each != "_memory"]
    bench = Bench(site.datasette, actor, {"shops": "shops"}, {"shops": names}, copies)
    asked = run_cases(bench, suite, Plan("scripted", **plan), cases, concurrency=concurrency)
    async with aclosing(asked) as found:
        return [each async for each in found]


async def verdict(folder: Path, one: Case, sql: str, **more: Any) -> CaseResult:
    """What one case comes to when the model says `sql`."""
    async with make_site(folder, says(sql)) as site:
        (result,) = await results(site, [one], **more)
        return result


@pytest.mark.asyncio
async def test_each_verdict(tmp_path: Path) -> None:
    cases = [case(question, sql, name=question) for question, sql, _, _ in CASES]
    async with make_site(tmp_path, replies()) as site:
        found = await results(site, cases, concurrency=3)
    assert {each.case_id: each.verdict.value for each in found} == {
        question: wanted for question, _, _, wanted in CASES
    }
    for each in found:
        assert each.seconds > 0 and each.answered_at and each.usd is None
        assert each.input_tokens and each.output_tokens is not None
        assert (each.sql is None) == (each.verdict is Verdict.REFUSED)
        assert (each.error is None) == (each.verdict not in (Verdict.REFUSED, Verdict.FAILED))


@pytest.mark.asyncio
async def test_it_asks_as_a_question_is_asked(tmp_path: Path) -> None:
    async with make_site(tmp_path, says("SELECT count(*) FROM sale;")) as site:
        await site.ask("How many sales?", ROOT)
        await results(site, [case("How many sales?", COUNT)])
        by_person, by_eval = site.model.prompts
        assert by_person == by_eval


@pytest.mark.parametrize(
    ("accepted", "sql", "wanted"),
    [
        (ExpectedRows((("tea", 2), ("milk", 1))), BY_ITEM, "right"),
        (ExpectedRows((("milk", 1), ("tea", 2)), True), BY_ITEM, "wrong"),
        (ExpectedRows((("tea", 2), ("milk", 1)), True), f"{BY_ITEM} ORDER BY 2 DESC", "right"),
        ("SELECT item FROM sale ORDER BY price", "SELECT item FROM sale", "wrong"),
        ("SELECT item FROM sale", "SELECT item FROM sale ORDER BY price", "right"),
        ("SELECT name FROM shop ORDER BY city", "SELECT name FROM shop ORDER BY city, id", "right"),
        (
            "SELECT name FROM shop ORDER BY city",
            "SELECT name FROM shop ORDER BY city, id DESC",
            "right",  # two shops are in one city
        ),
        ("SELECT name FROM shop ORDER BY city", "SELECT name FROM shop ORDER BY id DESC", "wrong"),
        ("SELECT item FROM sale WHERE 0", "SELECT 1 AS n WHERE 0", "right"),
    ],
)
@pytest.mark.asyncio
async def test_rows_decide(
    tmp_path: Path, accepted: str | ExpectedRows, sql: str, wanted: str
) -> None:
    result = await verdict(tmp_path, case("What?", accepted), sql)
    assert result.verdict.value == wanted
    assert result.accepted_empty == ("WHERE 0" in str(accepted))


@pytest.mark.asyncio
async def test_any_of_several_accepted_statements_will_do(tmp_path: Path) -> None:
    both = case("What?", "SELECT city FROM shop", "SELECT DISTINCT city FROM shop", "SELECT bad")
    result = await verdict(tmp_path, both, "SELECT city FROM shop GROUP BY city")
    assert result.verdict is Verdict.RIGHT


@pytest.mark.asyncio
async def test_columns_in_order_where_the_suite_says_so(tmp_path: Path) -> None:
    swapped = "SELECT count(*), item FROM sale GROUP BY item"
    result = await verdict(tmp_path, case("?", BY_ITEM), swapped, columns_in_order=True)
    assert result.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("wanted", "sql", "comes_to"),
    [
        (Instead.CANNOT, "-- cannot answer: no weather", Verdict.RIGHT),
        (Instead.CANNOT, COUNT, Verdict.WRONG),
        (Instead.CANNOT, "SELECT missing FROM sale", Verdict.FAILED),
        (Instead.MUST_ASK_BACK, COUNT, Verdict.WRONG),
        (Instead.MUST_ASK_BACK, "-- cannot answer: which?", Verdict.REFUSED),
    ],
)
@pytest.mark.asyncio
async def test_what_is_right_in_place_of_rows(
    tmp_path: Path, wanted: Instead, sql: str, comes_to: Verdict
) -> None:
    result = await verdict(tmp_path, Case("one", "Will it rain?", "shops", wanted), sql)
    assert result.verdict is comes_to


@pytest.mark.asyncio
async def test_a_case_whose_accepted_sql_does_not_run_is_not_asked(tmp_path: Path) -> None:
    async with make_site(tmp_path, says(COUNT)) as site:
        (result,) = await results(site, [case("What?", "SELECT missing FROM sale")])
        assert result.verdict is Verdict.UNSCORED
        assert "no such column: missing" in (result.error or "")
        assert site.model.prompts == []


@pytest.mark.asyncio
async def test_the_accepted_sql_runs_as_the_actor(tmp_path: Path) -> None:
    secret = case("What word?", "SELECT word FROM secret")
    async with make_site(tmp_path, says("SELECT word FROM secret")) as site:
        (hidden,) = await results(site, [secret], actor=ALICE)
        (shown,) = await results(site, [secret], actor=ROOT)
    assert hidden.verdict is Verdict.UNSCORED
    assert shown.verdict is Verdict.RIGHT


@pytest.mark.asyncio
async def test_rows_beyond_those_that_are_shown_are_compared(tmp_path: Path) -> None:
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT i FROM n"
    )
    one = case("Which?", numbers.format(3000))
    assert (await verdict(tmp_path, one, numbers.format(3000))).verdict is Verdict.RIGHT
    (tmp_path / "b").mkdir()
    assert (await verdict(tmp_path / "b", one, numbers.format(2999))).verdict is Verdict.WRONG
    (tmp_path / "c").mkdir()
    few = case("Which?", numbers.format(1000))
    assert (await verdict(tmp_path / "c", few, numbers.format(1001))).verdict is Verdict.WRONG


@pytest.mark.asyncio
async def test_settings_of_a_plan_count(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies()) as site:
        wrong = case("Who works there?", "SELECT name FROM shop")
        (by_default,) = await results(site, [wrong])
        (without,) = await results(site, [wrong], settings={"repairs": 0})
        (none,) = await results(site, [wrong], settings={"max_model_calls": 0})
    assert (by_default.calls, without.calls, none.calls) == (2, 1, 0)
    assert none.verdict is Verdict.UNANSWERED and "0 model calls" in (none.error or "")


def test_settings_are_checked() -> None:
    assert overridden(Settings(), {"repairs": 0}).repairs == 0
    with pytest.raises(BadInput, match="no setting 'repair'"):
        overridden(Settings(), {"repair": 0})
    with pytest.raises(BadInput, match="must be a whole number"):
        overridden(Settings(), {"repairs": "many"})


def test_a_sample_is_the_same_for_a_seed() -> None:
    cases = tuple(Case(str(n), "?", f"{n % 3}.db", ("SELECT 1",)) for n in range(60))
    suite = Suite("s", cases)
    drawn = chosen_cases(suite, Plan("m", sample=20, seed=3))
    assert len(drawn) == 20
    assert drawn == chosen_cases(suite, Plan("other", sample=20, seed=3))
    assert drawn != chosen_cases(suite, Plan("m", sample=20, seed=4))
    assert [each.database for each in drawn] == sorted(each.database for each in drawn)
    assert set(chosen_cases(suite, Plan("m", sample=100))) == set(cases)
    assert len(chosen_cases(suite, Plan("m"))) == 60


@pytest.mark.asyncio
async def test_right_by_luck_shows_on_changed_copies(tmp_path: Path) -> None:
    cases = [
        case("How many items?", "SELECT count(DISTINCT item) FROM sale", name="counted"),
        case("How many sales?", COUNT, name="real"),
        case("Cheapest?", "SELECT item FROM sale ORDER BY price LIMIT 1", name="first"),
        case("Any two?", "SELECT item FROM sale LIMIT 2", name="unordered"),
        case("Fixed?", ExpectedRows(((3,),)), name="rows"),
    ]
    told = {
        "How many items?": "SELECT count(*) - 1 FROM sale",
        "How many sales?": "SELECT count(id) FROM sale",
        "Cheapest?": "SELECT item FROM sale WHERE id = 2",
        "Any two?": "SELECT item FROM sale LIMIT 2",
        "Fixed?": COUNT,
    }
    async with make_site(tmp_path, lambda text: told[text.rsplit("Question: ", 1)[-1]]) as site:
        made = make_variants(tmp_path / "shops.db", tmp_path, 8)
        plain = await results(site, cases)
        async with opened_files([each.path for each in made], {}) as (copies, _):
            found = {each.case_id: each for each in await results(site, cases, copies=copies)}
    assert {each.verdict for each in plain} == {Verdict.RIGHT}
    assert {each.variants for each in plain} == {0}
    assert found["counted"].verdict is Verdict.WRONG and found["counted"].variants_wrong > 0
    assert found["first"].verdict is Verdict.WRONG
    real = found["real"]
    assert (real.verdict, real.variants, real.variants_wrong) == (Verdict.RIGHT, len(made), 0)
    for name in ("unordered", "rows"):  # nothing can be said there
        assert (found[name].verdict, found[name].variants) == (Verdict.RIGHT, 0)


@pytest.mark.asyncio
async def test_ties_at_a_limit_say_nothing(tmp_path: Path) -> None:
    tied = "update sale set price = 1.2 where id = 1;"
    first = "SELECT item FROM sale ORDER BY price LIMIT 1"
    (tmp_path / "copy").mkdir()
    async with make_site(tmp_path, says("SELECT 'milk' AS item")) as site:
        path = make_database(tmp_path / "copy" / "tied.db", tied)
        async with opened_files([path], {}) as (copies, _):
            (result,) = await results(site, [case("Cheapest?", first)], copies=copies)
    assert (result.verdict, result.variants) == (Verdict.RIGHT, 0)


@pytest.mark.asyncio
async def test_a_model_that_is_gone_pauses_the_run(tmp_path: Path) -> None:
    cases = [case("What?", COUNT, name=str(number)) for number in range(20)]
    found = []
    async with make_site(tmp_path, lambda _: ValueError("gone")) as site:
        site.model.script = lambda _: (
            COUNT if len(site.model.prompts) <= 3 else ValueError("the key was refused")
        )
        suite = Suite("s", tuple(cases))
        bench = Bench(site.datasette, ROOT, {"shops": "shops"})
        asked = run_cases(bench, suite, Plan("scripted"), cases)
        with pytest.raises(RunPaused, match="failed 5 times on end"):
            async with aclosing(asked) as results:
                async for each in results:
                    found.append(each)
    assert [each.verdict for each in found] == [Verdict.RIGHT] * 3


@pytest.mark.asyncio
async def test_a_failure_between_answers_is_a_result(tmp_path: Path) -> None:
    cases = [case("What?", COUNT, name=str(number)) for number in range(3)]
    async with make_site(tmp_path, says(COUNT)) as site:
        site.model.script = lambda _: (
            ValueError("overloaded") if len(site.model.prompts) == 2 else COUNT
        )
        found = await results(site, cases)
    assert [each.verdict.value for each in found] == ["right", "unanswered", "right"]
    assert found[1].error


@pytest.mark.asyncio
async def test_whoever_stops_iterating_stops_the_questions(tmp_path: Path) -> None:
    cases = [case("What?", COUNT, name=str(number)) for number in range(20)]
    async with make_site(tmp_path, says(COUNT)) as site:

        async def first_only() -> CaseResult:
            suite = Suite("s", tuple(cases))
            bench = Bench(site.datasette, ROOT, {"shops": "shops"})
            asked = run_cases(bench, suite, Plan("scripted"), cases, concurrency=4)
            async with aclosing(asked) as found:
                async for each in found:
                    return each
            raise AssertionError("no result")

        site.model.delay = 0.01
        first = await first_only()
        asked = len(site.model.prompts)
        await asyncio.sleep(0.1)
        assert first.verdict is Verdict.RIGHT
        assert len(site.model.prompts) == asked < 10


@pytest.mark.asyncio
async def test_an_unknown_model_or_database_ends_it_at_once(tmp_path: Path) -> None:
    async with make_site(tmp_path, says(COUNT)) as site:
        bench = Bench(site.datasette, ROOT, {"shops": "shops"})
        suite = Suite("s", (case("What?", COUNT),))
        with pytest.raises(NoModel):
            async for _ in run_cases(bench, suite, Plan("nobody"), suite.cases):
                pass
        elsewhere = Case("x", "What?", "other", (COUNT,))
        with pytest.raises(NotFound, match="no database other, which the case x asks"):
            async for _ in run_cases(bench, suite, Plan("scripted"), [elsewhere]):
                pass


@pytest.mark.asyncio
async def test_nothing_is_kept_of_the_questions_and_nothing_written(tmp_path: Path) -> None:
    async with make_site(tmp_path, says(COUNT)) as site:
        before = (tmp_path / "shops.db").read_bytes()
        await results(site, [case("How many sales?", COUNT)])
        assert (tmp_path / "shops.db").read_bytes() == before
        kept = await site.datasette.get_internal_database().execute(
            "select count(*) from llm_tools_questions"
        )
        assert kept.single_value() == 0
