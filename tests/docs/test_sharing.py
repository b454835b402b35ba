"""What docs/security.md says that a sharer shares, tried on the page that a reader gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sites import BOB, make_site

OWNER = {"id": "root"}


@pytest.mark.asyncio
async def test_a_reader_of_a_follow_up_gets_no_prompt_of_the_thread(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT count(*) FROM sale;") as site:
        first = await site.ask("How many sales?", OWNER)
        second = await site.ask("And in Linz?", OWNER, parent=first["id"])
        await site.post(f"{second['url']}/-/share", {"shared": "1"}, OWNER)
        page = await site.get(second["url"], BOB)
    assert page.status_code == 200
    assert "CREATE TABLE" not in page.text


@pytest.mark.asyncio
async def test_a_reader_gets_the_answer_and_no_prompt(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "SELECT count(*) FROM sale;") as site:
        asked = await site.ask("How many sales?", OWNER)
        assert (await site.get(asked["url"], BOB)).status_code == 404
        await site.post(f"{asked['url']}/-/share", {"shared": "1"}, OWNER)
        page = await site.get(asked["url"], BOB)
        answer = (await site.get(f"{asked['url']}.json", BOB)).json()
        denied = await site.post(f"{asked['url']}/-/delete", {}, BOB)
    assert "SELECT count(*) FROM sale" in page.text
    assert "CREATE TABLE" not in page.text
    assert answer["rows"] == [[3]]
    assert [(call["messages"], call["reply"]) for call in answer["calls"]] == [([], "")]
    assert denied.status_code == 403


@pytest.mark.asyncio
async def test_whoever_may_not_run_the_sql_gets_no_rows_and_no_words(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda asked: "It is hush." if "<rows" in asked else "SELECT word FROM secret;"
    ) as site:
        asked = await site.ask("Which word?", OWNER, in_words="1")
        assert (asked["rows"], asked["answer"]) == ([["hush"]], "It is hush.")
        await site.post(f"{asked['url']}/-/share", {"shared": "1"}, OWNER)
        page = await site.get(asked["url"], BOB)
        answer = (await site.get(f"{asked['url']}.json", BOB)).json()
    assert "hush" not in page.text
    assert (answer["rows"], answer["answer"]) == (None, None)
    assert answer["sql"] == "SELECT word FROM secret"
    assert "secret" in answer["error"]


@pytest.mark.asyncio
async def test_anonymous_visitors_share_what_they_have_the_address_of(tmp_path: Path) -> None:
    config = {"permissions": {"llm-tools-ask": True}}
    async with make_site(tmp_path, lambda _: "SELECT 1;", config=config) as site:
        asked = await site.ask("One?", None)
        assert (await site.get(asked["url"], BOB)).status_code == 404
        assert (await site.get(asked["url"], None)).status_code == 200
        assert (await site.get("/-/questions.json", None)).json()["questions"] == []
        deleted = await site.post(f"{asked['url']}/-/delete", {}, None)
    assert deleted.status_code == 403
