"""What the person who asked says of an answer: right, wrong, nothing; and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlite_utils import Database

from datasette_llm_tools.migrations import internal
from datasette_llm_tools.questions import store
from tests.eval_sites import ALLOWED, ROOT, rested, started
from tests.sites import BOB, make_site

COUNT = "select count(*) as sales from sale"


@pytest.mark.asyncio
async def test_a_mark_is_kept_until_the_sql_is_another(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT) as site:
        asked = await site.ask("How many sales?")
        found = await store.get(site.datasette, asked["id"])
        assert found is not None and found.verified is None
        for verified in (True, False, None, True):
            await store.mark(site.datasette, asked["id"], verified)
            found = await store.get(site.datasette, asked["id"])
            assert found is not None and found.verified is verified
        await site.post(f"{asked['url']}/-/run", {"sql": COUNT})
        found = await store.get(site.datasette, asked["id"])
        assert found is not None and found.verified is True
        await site.post(f"{asked['url']}/-/run", {"sql": "select 1"})
        found = await store.get(site.datasette, asked["id"])
        assert found is not None and found.verified is None


def test_questions_from_before_have_no_mark(tmp_path: Path) -> None:
    database = Database(tmp_path / "internal.db")
    internal.steps.apply(database, stop_before="0003_verified")
    database.execute(
        "insert into llm_tools_questions "
        "(id, database_name, question, status, shared, created_at, details) "
        "values ('a', 'shops', 'How many?', 'answered', 0, '', '{}')"
    )
    database.conn.commit()
    internal.apply(database.conn)
    assert list(database.query("select id, verified from llm_tools_questions")) == [
        {"id": "a", "verified": None}
    ]
    database.close()


@pytest.mark.asyncio
async def test_right_makes_a_case_and_is_taken_back(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT, config=ALLOWED) as site:
        asked = await site.ask("How many sales?")
        await site.post(f"{asked['url']}/-/run", {"sql": "select 3 as edited"})
        marked = (await site.post(f"{asked['url']}/-/right.json", {})).json()
        assert (marked["mark"], marked["suite"]) == ("right", "shops")
        suite = (await site.get(f"{marked['suite_url']}.json")).json()
        (kept,) = suite["cases"]
        assert (kept["question"], kept["database"]) == ("How many sales?", "shops")
        assert kept["accepted"] == ["select 3 as edited"]
        assert (await site.get(f"{asked['url']}.json")).json()["verified"] is True
        again = (await site.post(f"{asked['url']}/-/right.json", {"suite": "mine"})).json()
        assert again["suite"] == "mine"
        for mark, verified in (("wrong", False), ("nothing", None)):
            await site.post(f"{asked['url']}/-/right.json", {})
            marked = (await site.post(f"{asked['url']}/-/right.json", {"mark": mark})).json()
            assert (marked["mark"], marked["suite"]) == (mark, None)
            assert (await site.get(f"{asked['url']}.json")).json()["verified"] is verified
            for each in (await site.get("/-/evals.json")).json()["suites"]:
                assert each["cases"] == 0


@pytest.mark.asyncio
async def test_buttons_work_without_javascript(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT, config=ALLOWED) as site:
        asked = await site.ask("How many sales?")
        page = (await site.get(asked["url"])).text
        assert "This is right" in page and "into the suite" in page
        response = await site.post(
            f"{asked['url']}/-/right",
            {"mark": "right", "suite": "shops"},
            headers={"accept": "text/html"},
        )
        assert (response.status_code, response.headers["location"]) == (303, asked["url"])
        assert "You said that this is <strong>right</strong>" in (await site.get(asked["url"])).text


@pytest.mark.asyncio
async def test_whoever_may_only_ask_marks_without_a_suite(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT) as site:
        asked = await site.ask("How many sales?")
        page = (await site.get(asked["url"])).text
        assert "This is right" in page and "into the suite" not in page
        marked = (await site.post(f"{asked['url']}/-/right.json", {})).json()
        assert (marked["mark"], marked["suite"]) == ("right", None)
        named = await site.post(f"{asked['url']}/-/right.json", {"suite": "shops"})
        assert named.status_code == 403 and "llm-tools-eval" in named.json()["error"]
        assert not (tmp_path / "evals.db").exists()


@pytest.mark.asyncio
async def test_who_may_not_mark(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT, config=ALLOWED) as site:
        asked = await site.ask("How many sales?")
        for actor, status in ((BOB, 404), (None, 403)):
            response = await site.post(f"{asked['url']}/-/right.json", {}, actor)
            assert response.status_code == status
        await site.post(f"{asked['url']}/-/share", {"shared": "1"})
        assert (await site.post(f"{asked['url']}/-/right.json", {}, BOB)).status_code == 403
        assert "This is right" not in (await site.get(asked["url"], BOB)).text
        wrong = await site.post(f"{asked['url']}/-/right.json", {"mark": "maybe"})
        assert wrong.status_code == 400 and "right, wrong, nothing" in wrong.json()["error"]
        long = await site.post(f"{asked['url']}/-/right.json", {"suite": "x" * 101})
        assert long.status_code == 400


@pytest.mark.asyncio
async def test_no_rows_and_follow_ups_become_no_case(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda text: "-- cannot answer: no" if "Rain" in text else COUNT, config=ALLOWED
    ) as site:
        none = await site.ask("Rain?")
        response = await site.post(f"{none['url']}/-/right.json", {})
        assert response.status_code == 400 and "with rows" in response.json()["error"]
        first = await site.ask("How many sales?")
        second = await site.ask("only for tea", parent=first["id"])
        marked = (await site.post(f"{second['url']}/-/right.json", {})).json()
        assert (marked["mark"], marked["suite"]) == ("right", None)
        named = await site.post(f"{second['url']}/-/right.json", {"suite": "shops"})
        assert named.status_code == 400 and "follow-up" in named.json()["error"]


@pytest.mark.asyncio
async def test_a_suite_of_others_is_not_added_to(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT, config=ALLOWED) as site:
        site.datasette.add_memory_database("other", name="other")
        text = "suite: shops\ndatabase: other\ncases:\n- question: One?\n  sql: select 1"
        assert (await site.post("/-/evals.json", {"text": text}, ROOT)).status_code == 200
        asked = await site.ask("How many sales?")
        response = await site.post(f"{asked['url']}/-/right.json", {})
        assert response.status_code == 403 and "another name" in response.json()["error"]
        assert (await site.get(f"{asked['url']}.json")).json()["verified"] is None


@pytest.mark.asyncio
async def test_a_case_is_not_answered_by_the_mark_that_it_came_from(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: COUNT, config=ALLOWED) as site:
        asked = await site.ask("How many sales?")
        url = (await site.post(f"{asked['url']}/-/right.json", {})).json()["suite_url"]
        site.model.script = lambda text: "select 4"
        run = await rested(site, await started(site, url))
        assert run["verdicts"]["wrong"] == 1
