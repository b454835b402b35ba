"""Statements that rules change on their way from the model to the rows, through whole questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.sites import ALICE, BOB, Site, make_site

WRONG_NAME = "select s.Cities from shop as s where s.name = 'Corner'"
WRONG_NAME_MENDED = "SELECT s.city FROM shop AS s WHERE s.name = 'Corner'"


@asynccontextmanager
async def writing(tmp_path: Path, *sql: str, **settings: Any) -> AsyncIterator[Site]:
    """A site whose model writes these statements, one after the other; the last one again."""
    left = list(sql)

    def script(_: str) -> str:
        return left.pop(0) if len(left) > 1 else left[0]

    async with make_site(tmp_path, script, settings=settings) as site:
        yield site


async def words_of(site: Site, url: str, actor: dict[str, Any] = ALICE) -> str:
    return " ".join(unescape((await site.get(url, actor)).text).split())


@pytest.mark.asyncio
async def test_a_name_is_mended_and_both_statements_are_shown(tmp_path: Path) -> None:
    async with writing(tmp_path, WRONG_NAME) as site:
        answer = await site.ask("Where is Corner?")
        page = await words_of(site, answer["url"])
        assert len(site.model.prompts) == 1
    (attempt,) = answer["attempts"]
    assert answer["rows"] == [["Graz"]] and answer["status"] == "answered"
    assert attempt["sql"] == answer["sql"] == WRONG_NAME_MENDED
    assert attempt["written"] == WRONG_NAME and attempt["error"] is None
    assert attempt["changes"] == ["s.Cities is called city."]
    assert "Changed by rule: s.Cities is called city." in page
    assert f'What the model wrote</summary><pre class="sql" tabindex="0"><code>{WRONG_NAME}' in page


@pytest.mark.asyncio
async def test_without_the_rule_the_model_is_asked_again(tmp_path: Path) -> None:
    good = "select city from shop where id = 1"
    async with writing(tmp_path, WRONG_NAME, good, mend_names=False) as site:
        answer = await site.ask("Where is Corner?")
        assert len(site.model.prompts) == 2
    assert [each["changes"] for each in answer["attempts"]] == [[], []]
    assert "no such column" in answer["attempts"][0]["error"]
    assert answer["sql"] == good


@pytest.mark.asyncio
async def test_what_other_databases_say(tmp_path: Path) -> None:
    sql = "select count(*) from sale where extract(year from day) = 2024"
    async with writing(tmp_path, sql) as site:
        answer = await site.ask("How many in 2024?")
    assert answer["rows"] == [[3]]
    assert "in SQLite" in " ".join(answer["attempts"][0]["changes"])


@pytest.mark.asyncio
async def test_a_ratio_gets_decimals(tmp_path: Path) -> None:
    sql = "select count(*) / 2 as half from sale"
    async with writing(tmp_path, sql) as site:
        answer = await site.ask("Half of the sales?")
    assert answer["rows"] == [[1.5]]
    assert answer["attempts"][0]["written"] == sql
    (tmp_path / "off").mkdir()
    async with writing(tmp_path / "off", sql, correct_sql=False) as site:
        answer = await site.ask("Half of the sales?")
    assert (answer["rows"], answer["sql"]) == ([[1]], sql)


@pytest.mark.asyncio
async def test_a_text_that_alone_can_be_meant(tmp_path: Path) -> None:
    sql = "select name from shop where city = 'linz'"
    said = "No row of shop has city “linz”; “Linz” is there."
    async with writing(tmp_path, sql) as site:
        answer = await site.ask("Shops in linz?")
        page = await words_of(site, answer["url"])
    assert answer["rows"] == [["Market"], ["Harbour"]]
    assert answer["attempts"][0]["changes"] == [said] and f"Changed by rule: {said}" in page
    assert answer["nothing_found"] is None


@pytest.mark.asyncio
async def test_without_that_rule_it_is_said_and_can_be_run(tmp_path: Path) -> None:
    sql = "select name from shop where city = 'linz'"
    async with writing(tmp_path, sql, mend_texts=False) as site:
        answer = await site.ask("Shops in linz?")
        page = await words_of(site, answer["url"])
    assert answer["rows"] == [] and answer["sql"] == sql
    assert "No row of shop has city “linz”; “Linz” is there." in page
    assert "Run it that way" in page


@pytest.mark.asyncio
async def test_a_count_of_nothing_says_what_is_not_there(tmp_path: Path) -> None:
    sql = "select count(*) from shop where city = 'Linnz' and name <> 'Nowhere'"
    async with writing(tmp_path, sql) as site:
        answer = await site.ask("How many shops in Linnz?")
        page = await words_of(site, answer["url"])
        await site.post(answer["url"] + "/-/share", {"shared": "1"})
        read = await words_of(site, answer["url"], BOB)
        told = answer["nothing_found"]
        run = (await site.post(answer["url"] + "/-/run.json", {"sql": told["sql"]})).json()
    assert answer["rows"] == [[0]] and answer["attempts"][0]["changes"] == []
    assert told["sentences"] == ["No row of shop has city “Linnz”; “Linz” is there."]
    assert told["sentences"][0] in page and "Run it that way" in page
    assert told["sentences"][0] in read and "Run it that way" not in read
    assert run["rows"] == [[2]] and run["nothing_found"] is None
    assert "nothing-found" not in run["html"]


@pytest.mark.asyncio
async def test_a_count_of_what_is_only_spelled_otherwise(tmp_path: Path) -> None:
    async with writing(tmp_path, "select count(*) from shop where city = 'LINZ'") as site:
        answer = await site.ask("How many shops in LINZ?")
    said = "No row of shop has city “LINZ”; “Linz” is there."
    assert answer["rows"] == [[2]] and answer["attempts"][0]["changes"] == [said]


@pytest.mark.asyncio
async def test_a_count_where_the_data_have_spaces_around_is_told_of_them(tmp_path: Path) -> None:
    """Joins would find nothing, either; rows are found all the same."""
    counting = "select count(*) from shop where name = 'Kiosk'"
    listing = "select city from shop where name = 'Kiosk'"
    async with writing(tmp_path, counting, listing) as site:
        await site.datasette.get_database("shops").execute_write(
            "insert into shop (name, city) values (' Kiosk', 'Graz')"
        )
        counted = await site.ask("How many shops are called Kiosk?")
        listed = await site.ask("Where is Kiosk?")
    said = "No row of shop has name “Kiosk”; “ Kiosk” is there."
    assert counted["rows"] == [[0]] and counted["nothing_found"]["sentences"] == [said]
    assert listed["rows"] == [["Graz"]] and listed["attempts"][0]["changes"] == [said]


@pytest.mark.asyncio
async def test_a_text_that_nothing_is_like(tmp_path: Path) -> None:
    async with writing(tmp_path, "select count(*) from shop where city = 'Reykjavik'") as site:
        answer = await site.ask("How many shops in Reykjavik?")
        page = await words_of(site, answer["url"])
    told = {"sentences": ["No row of shop has city “Reykjavik”."], "sql": None}
    assert answer["nothing_found"] == told
    assert told["sentences"][0] in page and "Run it that way" not in page


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from shop where city = 'Linz' and id > 7",
        "select name from shop where id > 7",
        "select count(*) from shop where city = 'Reykjavik' or 1",
    ],
)
async def test_where_no_text_is_missing_nothing_is_said(tmp_path: Path, sql: str) -> None:
    async with writing(tmp_path, sql) as site:
        answer = await site.ask("How many?")
        page = await words_of(site, answer["url"])
    assert answer["nothing_found"] is None and "nothing-found" not in page


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "sql",
    [
        "select word from secret",
        "select words from secret",
        "select count(*) / 2 from secret",
        "select s.name, x.word from shop s join secret x on x.id = s.id group by 1",
        "select name from shop where city = (select word from secret)",
    ],
)
async def test_nothing_is_mended_around_a_refusal(tmp_path: Path, sql: str) -> None:
    async with writing(tmp_path, sql) as site:
        answer = await site.ask("What is the secret?")
        page = await words_of(site, answer["url"])
    assert answer["status"] in ("failed", "stopped") and answer["rows"] is None
    assert "hush" not in page and answer["nothing_found"] is None
    assert all(each["error"] for each in answer["attempts"])


@pytest.mark.asyncio
async def test_texts_are_looked_up_only_where_the_asker_may_read(tmp_path: Path) -> None:
    """`hush` stands in a table that Alice may not see: she is not told that it is there."""
    async with writing(tmp_path, "select count(*) from shop where name = 'hushh'") as site:
        answer = await site.ask("Who?")
    assert answer["nothing_found"]["sentences"] == ["No row of shop has name “hushh”."]
    assert answer["nothing_found"]["sql"] is None


@pytest.mark.asyncio
async def test_mends_count_as_statements(tmp_path: Path) -> None:
    async with writing(tmp_path, WRONG_NAME, max_sql_runs=1) as site:
        one = await site.ask("Where is Corner?")
    (tmp_path / "two").mkdir()
    async with writing(tmp_path / "two", WRONG_NAME, max_sql_runs=2) as site:
        two = await site.ask("Where is Corner?")
    assert one["status"] == "stopped" and one["error"] == "Stopped after 1 statements."
    assert two["status"] == "answered"
