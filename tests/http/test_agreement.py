"""How far statements agree, over HTTP: what others return, asking back, and a second model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.questions.agreeing import store
from tests.scripted_model import ScriptedModel, SeveralModel
from tests.sites import ALICE, BOB, Site, make_site

ALL = "select count(*) as sales from sale"
TEA = "select count(*) as sales from sale where item = 'tea'"
SHOPS = "select count(*) from shop"
SECRETS = "select count(*) + 4 as n from secret"
ROOT = {"id": "root"}


@asynccontextmanager
async def voting(
    tmp_path: Path, first: str, others: Sequence[str], **more: Any
) -> AsyncIterator[Site]:
    """A site whose local model writes a first statement and then these others."""
    model = SeveralModel(lambda _: first, lambda _: others)
    # A busy machine must not end the vote early.
    settings = {"candidates": len(others) + 1, "candidate_seconds": 600, **more.pop("settings", {})}
    async with make_site(tmp_path, str, model=model, settings=settings, **more) as site:
        yield site


async def page_of(site: Site, answer: dict[str, Any], actor: dict[str, Any] | None = ALICE) -> str:
    response = await site.get(answer["url"], actor)
    assert response.status_code == 200
    text: str = response.text
    return text


@pytest.mark.asyncio
async def test_all_agree_and_nothing_is_asked(tmp_path: Path) -> None:
    async with voting(tmp_path, ALL, ["select count(id) from sale", ALL, TEA]) as site:
        answer = await site.ask("How many sales?")
        page = await page_of(site, answer)
    assert "All 3 statements agree." in page
    assert page.count('class="vote vote-agrees"') == 3
    assert 'class="dissent"' not in page and "asked-back" not in page
    assert answer["asked_back"] is None and answer["escalation"] is None
    assert [each["votes"] for each in answer["agreement"]["groups"]] == [3]


@pytest.mark.asyncio
async def test_dissent_is_compared_as_a_page_and_as_json(tmp_path: Path) -> None:
    rows = "select name, city from shop order by id"
    other = "select name, city from shop where city = 'Linz'"
    async with voting(tmp_path, rows, [other, "select nonsense", rows, rows]) as site:
        answer = await site.ask("Which shops?")
        page = await page_of(site, answer)
        assert "3 of 5 statements agree: look at the others below. 1 did not run." in page
        assert page.count("vote vote-agrees") == 3
        assert page.count("vote-differs") == 1 and page.count("vote-failed") == 1
        assert f"{answer['url']}/-/compare?group=2" in page
        compared = (await site.get(answer["url"] + "/-/compare?group=2")).text
        told = (await site.get(answer["url"] + "/-/compare.json?group=2")).json()
    assert "2 rows in both; 1 only in the answer; 0 only here." in compared
    assert "Corner" in compared and "Take this instead" in compared
    assert (told["sql"], told["votes"]) == (other, 1)
    assert told["rows"] == [["Market", "Linz"], ["Harbour", "Linz"]]
    assert told["difference"]["only_answer"] == [["Corner", "Graz"]]
    assert (told["difference"]["same"], told["difference"]["only_other"]) == (2, [])
    assert "comparison-sentence" in told["html"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "status"), [("", 400), ("?group=x", 400), ("?group=0", 404), ("?group=3", 404)]
)
async def test_a_group_that_is_not_there(tmp_path: Path, query: str, status: int) -> None:
    async with voting(tmp_path, ALL, [ALL, TEA, ALL]) as site:
        answer = await site.ask("How many?")
        found = await site.get(f"{answer['url']}/-/compare.json{query}")
    assert found.status_code == status and found.json()["error"]


@pytest.mark.asyncio
async def test_taking_a_dissent_keeps_it_the_models_and_can_be_undone(tmp_path: Path) -> None:
    async with voting(tmp_path, ALL, [ALL, TEA, SHOPS + " where 0", ALL]) as site:
        answer = await site.ask("How many sales?")
        taken = (await site.post(answer["url"] + "/-/run.json", {"sql": TEA})).json()
        page = await page_of(site, answer)
        assert "You took a statement with which 1 of 5 agree; with another one 3 do." in page
        assert taken["rows"] == [[2]] and taken["sql"] == TEA
        last = taken["attempts"][-1]
        assert (last["sql"], last["written_by"], last["chosen_by"]) == (TEA, "model", "person")
        assert "taken by a person" in page
        back = (await site.post(answer["url"] + "/-/run.json", {"sql": ALL})).json()
        assert back["rows"] == [[3]]
        assert "3 of 5 statements agree: look at the others below." in await page_of(site, answer)
        by_hand = (await site.post(answer["url"] + "/-/run.json", {"sql": "select 1"})).json()
        assert by_hand["attempts"][-1]["written_by"] == "person"
        page = await page_of(site, answer)
    assert "You wrote this statement. Of the model&#39;s, 3 of 5 agreed with each other." in page


@pytest.mark.asyncio
async def test_close_readings_are_asked_back_and_a_click_answers(tmp_path: Path) -> None:
    async with voting(tmp_path, TEA, [ALL, TEA, ALL, TEA]) as site:
        answer = await site.ask("How many sales?")
        assert answer["status"] == "answered" and answer["rows"] == [[2]]
        assert answer["asked_back"] == {
            "question": 'Count only rows of sale where item is "tea": 2, or all of them: 3?',
            "options": [
                {"label": 'count only rows of sale where item is "tea"', "sql": TEA, "value": 2},
                {"label": "all of them", "sql": ALL, "value": 3},
            ],
        }
        page = await page_of(site, answer)
        assert "All of them: 3</button>" in page and "shown below" in page
        await site.datasette.get_database("shops").execute_write(
            "insert into sale values (4, 1, '2024-03-01', 'bread', 2)"
        )
        assert "All of them: 4</button>" in await page_of(site, answer)  # read now, not kept
        same = (await site.post(answer["url"] + "/-/run.json", {"sql": TEA})).json()
        assert same["attempts"][-1]["chosen_by"] == "person"
        assert "you chose this" in await page_of(site, answer)
        other = (await site.post(answer["url"] + "/-/run.json", {"sql": ALL})).json()
        assert other["rows"] == [[4]] and other["asked_back"]["options"][1]["value"] == 4


@pytest.mark.asyncio
async def test_a_reader_gets_no_sql_and_no_rows_of_what_they_may_not_see(tmp_path: Path) -> None:
    votes = [SECRETS, ALL, SECRETS, ALL, SHOPS + " where 0"]
    async with voting(tmp_path, ALL, votes) as site:
        answer = await site.ask("How many sales?", ROOT)
        assert answer["asked_back"] is not None
        await site.post(answer["url"] + "/-/share", {"shared": "1"}, ROOT)
        page = await page_of(site, answer, BOB)
        told = (await site.get(answer["url"] + ".json", BOB)).json()
        compared = await site.get(answer["url"] + "/-/compare.json?group=2", BOB)
        allowed = await site.get(answer["url"] + "/-/compare.json?group=3", BOB)
        owners = await page_of(site, answer, ROOT)
    assert "secret" not in page and "1 more reads what you may not see." in page
    assert "secret" not in str(told) and told["asked_back"] is None
    assert compared.status_code == 403 and "secret" not in compared.text
    assert allowed.status_code == 200
    assert "Take this instead" not in page and "from secret" in owners


@pytest.mark.asyncio
async def test_a_reader_who_may_not_see_the_answer_hears_nothing_of_it(tmp_path: Path) -> None:
    async with voting(tmp_path, SECRETS, [SECRETS, ALL, SECRETS, ALL]) as site:
        answer = await site.ask("How many?", ROOT)
        await site.post(answer["url"] + "/-/share", {"shared": "1"}, ROOT)
        page = await page_of(site, answer, BOB)
        told = (await site.get(answer["url"] + ".json", BOB)).json()
        compared = await site.get(answer["url"] + "/-/compare.json?group=2", BOB)
        strange = await site.get(answer["url"] + "/-/compare.json?group=2", actor=None)
    assert "statements agree" not in page
    assert (told["agreement"], told["asked_back"], told["rows"]) == (None, None, None)
    assert compared.status_code == 403 and strange.status_code == 403


@pytest.mark.asyncio
async def test_a_question_that_is_not_shared_has_no_comparison(tmp_path: Path) -> None:
    async with voting(tmp_path, ALL, [ALL, TEA, ALL]) as site:
        answer = await site.ask("How many?")
        found = await site.get(answer["url"] + "/-/compare.json?group=2", BOB)
    assert found.status_code == 404


@pytest.mark.asyncio
async def test_what_a_rule_mended_is_said(tmp_path: Path) -> None:
    async with voting(tmp_path, "select cities from shop", ["select nonsense"] * 3) as site:
        answer = await site.ask("Which cities?")
        page = await page_of(site, answer)
    assert answer["sql"].lower() == "select city from shop"
    assert "Changed by rule: cities is called city." in page and "select cities from shop" in page
    assert "Only one of 4 statements ran." in page


@pytest.mark.asyncio
async def test_votes_are_told_as_they_come(tmp_path: Path) -> None:
    async with voting(tmp_path, ALL, [ALL, TEA, ALL]) as site:
        events = await site.events("How many?", in_words="0")
    told = [data for name, data in events if name == "votes"]
    assert [each["message"] for each in told][-1] == "3 of 4 agree so far"
    assert "statements agree" in events[-1][1]["html"]


def second(reply: str) -> ScriptedModel:
    return ScriptedModel(lambda _: reply, "gpt-4o-mini")


@pytest.mark.asyncio
async def test_a_second_model_decides_where_few_agree(tmp_path: Path) -> None:
    model = second(SHOPS)
    settings = {"escalation_model": "gpt-4o-mini"}
    async with voting(
        tmp_path, ALL, [TEA, "select 5", "select 6"], settings=settings, more_models=[model]
    ) as site:
        answer = await site.ask("How many shops?")
        page = await page_of(site, answer)
    assert len(model.prompts) == 1 and answer["rows"] == [[3]]
    told = answer["escalation"]
    assert (told["was_asked"], told["votes"], told["asked"], told["below"]) == (True, 1, 4, 60)
    assert told["usd"] > 0 and answer["asked_back"] is None
    assert [each["purpose"] for each in answer["calls"]][-1] == "escalation"
    assert (
        "Asked gpt-4o-mini too, because only 1 of 4 agreed, and took its answer; it cost $" in page
    )
    # It returns what the first statement did, by other SQL.
    assert answer["agreement"]["groups"][0]["second"] is True


@pytest.mark.asyncio
async def test_a_second_model_that_is_not_needed_saves_money(tmp_path: Path) -> None:
    model = second(SHOPS)
    settings = {"escalation_model": "gpt-4o-mini"}
    async with voting(
        tmp_path, ALL, [ALL, TEA, ALL], settings=settings, more_models=[model]
    ) as site:
        answer = await site.ask("How many?")
        page = await page_of(site, answer)
    assert model.prompts == [] and answer["escalation"]["was_asked"] is False
    assert answer["escalation"]["usd"] > 0
    assert "gpt-4o-mini was not needed, as 3 of 4 agreed: $" in page and " saved." in page


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("below", "calibrated", "asks"),
    [(80, None, True), (70, None, False), (0, 90, True), (0, 50, False), (70, 90, False)],
)
async def test_how_many_must_agree_is_set_or_found_by_an_eval(
    tmp_path: Path, below: int, calibrated: int | None, asks: bool
) -> None:
    model = second(ALL)
    settings = {"escalation_model": "gpt-4o-mini", "escalation_below": below}
    async with voting(
        tmp_path, ALL, [ALL, TEA, ALL], settings=settings, more_models=[model]
    ) as site:
        if calibrated is not None:
            await store.calibrate(site.datasette, "shops", "scripted", calibrated, 30)
        answer = await site.ask("How many?")
    assert answer["escalation"]["was_asked"] is asks is bool(model.prompts)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("-- cannot answer: no such thing.", "did not help"),
        ("select nonsense from nowhere", "did not help"),
        ("select id from sale where 0", "finds nothing"),
    ],
)
async def test_a_second_model_without_rows_changes_nothing(
    tmp_path: Path, reply: str, words: str
) -> None:
    settings = {"escalation_model": "gpt-4o-mini", "escalation_below": 100}
    async with voting(
        tmp_path, ALL, [TEA, ALL, ALL], settings=settings, more_models=[second(reply)]
    ) as site:
        answer = await site.ask("How many?")
        page = await page_of(site, answer)
    assert answer["rows"] == [[3]] and answer["escalation"]["error"]
    assert words in page


@pytest.mark.asyncio
async def test_a_second_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = {"escalation_model": "nobody-has-this", "escalation_below": 100}
    async with voting(tmp_path, ALL, [TEA, ALL, ALL], settings=settings) as site:
        answer = await site.ask("How many?")
    assert answer["status"] == "answered" and answer["rows"] == [[3]]
    assert "nobody-has-this" in answer["escalation"]["error"]
