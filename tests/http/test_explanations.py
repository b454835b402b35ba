"""Explanations and links to rows on the page, in JSON and on the command line."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from datasette_llm_tools.cli import llm_tools
from tests.scripted_model import Script, ScriptedModel, registered
from tests.sites import ALICE, BOB, Site, make_database, make_site

BY_ITEM = "select item, count(*) as n, sum(price) as total from sale group by item order by item"
LINK = re.compile(r'<a class="behind" href="([^"]*)"[^>]*>([^<]*)</a>')


def says(sql: str, words: str = "") -> Script:
    """A model that answers every question by this SQL, and speaks of its rows like this."""
    return lambda prompt: words if "<rows" in prompt else f"```sql\n{sql}\n```"


async def page_of(site: Site, question: str, actor: dict[str, Any] = ALICE, **fields: Any) -> str:
    answer = await site.ask(question, actor, **fields)
    response = await site.get(answer["url"], actor)
    assert response.status_code == 200
    return str(response.text)


async def rows_of(site: Site, address: str) -> list[dict[str, Any]]:
    """The rows that the page of a link shows, read as the same person."""
    parts = urlsplit(html.unescape(address))
    response = await site.get(f"{parts.path}.json?{parts.query}&_shape=array")
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


@pytest.mark.asyncio
async def test_numbers_of_the_table_lead_to_their_rows(tmp_path: Path) -> None:
    async with make_site(tmp_path, says(BY_ITEM)) as site:
        links = LINK.findall(await page_of(site, "How much of what?"))
        assert [shown for _, shown in links] == ["1", "1.2", "2", "7.1"]
        counts = [await rows_of(site, address) for address, shown in links if "." not in shown]
        assert [len(rows) for rows in counts] == [1, 2]
        sums = [await rows_of(site, address) for address, shown in links if "." in shown]
        assert [sum(row["price"] for row in rows) for rows in sums] == [1.2, pytest.approx(7.1)]


@pytest.mark.asyncio
async def test_numbers_in_words_lead_to_the_rows_of_what_is_named(tmp_path: Path) -> None:
    more = "insert into sale values (4, 2, '2024-02-05', 'milk', 5.9)"
    words = (
        "Of **tea** 2 were sold. Of milk 2 were sold for 7.1 in all. Two `2` of [2](/x), "
        "http://a.example/2 and 2024-02-2, and 9 others. In all they are 2 each."
    )
    async with make_site(tmp_path, says(BY_ITEM, words), more_sql=[more]) as site:
        text = await page_of(site, "How many of each?", in_words="1")
        said = text[text.index('<div class="words">') :]
        links = LINK.findall(said[: said.index("In the words of")])
        # 2 and 7.1 stand in two rows; a row is taken only where the sentence names it.
        assert [shown for _, shown in links] == ["2", "2", "7.1", "2"]
        sqls = [parse_qs(urlsplit(html.unescape(each)).query)["sql"][0] for each, _ in links]
        assert "item is 'milk'" in sqls[2]
        assert sqls[3] == BY_ITEM
        assert "<code>2</code>" in said and '<a href="/x">2</a>' in said


@pytest.mark.asyncio
async def test_numbers_of_the_question_are_no_links(tmp_path: Path) -> None:
    async with make_site(tmp_path, says(BY_ITEM, "Tea came 2 times.")) as site:
        text = await page_of(site, "What was sold 2 times?", in_words="1")
        assert "<p>Tea came 2 times.</p>" in text


@pytest.mark.asyncio
async def test_hostile_values_stay_inside_the_address(tmp_path: Path) -> None:
    more = "insert into sale values (9, 1, '2024', 'x'' or 1=1 --\"><script>alert(1)</script>', 1)"
    async with make_site(tmp_path, says(BY_ITEM), more_sql=[more]) as site:
        text = await page_of(site, "How much of what?")
        assert "<script>alert" not in text
        links = LINK.findall(text)
        counts = [await rows_of(site, address) for address, _ in links[::2]]
        assert [len(rows) for rows in counts] == [1, 2, 1]


@pytest.mark.asyncio
async def test_the_page_and_json_say_how_it_was_found(tmp_path: Path) -> None:
    sql = "select count(*) as n from sale where item = 'tea' and price <> 3.5"
    metadata = {
        "databases": {"shops": {"tables": {"sale": {"columns": {"item": "What was sold"}}}}}
    }
    async with make_site(tmp_path, says(sql)) as site:
        for database, told in metadata["databases"].items():
            for column, text in told["tables"]["sale"]["columns"].items():
                await site.datasette.set_column_metadata(
                    database, "sale", column, "description", text
                )
        answer = await site.ask("How many teas?")
        words = 'Keeps only rows where item is "tea" and price has a value other than 3.5.'
        assert answer["explanation"]["queries"][0]["clauses"][1] == {
            "clause": "WHERE",
            "sql": "item = 'tea' and price <> 3.5",
            "words": f"{words} (item: What was sold.)",
        }
        assert answer["explanation"]["warnings"] == []
        page = (await site.get(answer["url"])).text
        assert html.escape(words, quote=False).replace('"', "&#34;") in page
        assert "The SQL in plain words" in page
        stored = (await site.get(f"{answer['url']}.json")).json()
        assert stored["explanation"] == answer["explanation"]


@pytest.mark.asyncio
async def test_edited_sql_is_explained_anew(tmp_path: Path) -> None:
    async with make_site(tmp_path, says("select * from sale")) as site:
        asked = await site.ask("What?")
        edited = {"sql": "select item from sale limit 1"}
        answer = (await site.post(f"{asked['url']}/-/run.json", edited)).json()
        assert [each["clause"] for each in answer["explanation"]["queries"][0]["clauses"]] == [
            "FROM",
            "SELECT",
            "LIMIT",
        ]
        assert "Keeps only the first row." in answer["html"]
        assert "LIMIT without ORDER BY" in answer["html"]


@pytest.mark.asyncio
async def test_who_may_not_see_the_rows_gets_no_explanation(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"tables": {"sale": {"allow": {"id": "alice"}}}}}}
    async with make_site(tmp_path, says(BY_ITEM), config=config) as site:
        answer = await site.ask("How much of what?")
        await site.post(f"{answer['url']}/-/share", {"shared": "1"})
        page = await site.get(answer["url"], BOB)
        assert page.status_code == 200
        assert "The rows cannot be shown" in page.text
        assert "The SQL in plain words" not in page.text
        told = (await site.get(f"{answer['url']}.json", BOB)).json()
        assert told["explanation"] is None and told["rows"] is None


def test_the_command_line_explains(tmp_path: Path) -> None:
    database = make_database(tmp_path / "shops.db")
    script = says("select item, count(*) from sale group by item limit 1", "Tea.")
    asked = ["ask", str(database), "What?", "-m", "scripted", "--explain"]
    with registered(ScriptedModel(script)):
        told = CliRunner().invoke(llm_tools, asked)
        as_csv = CliRunner().invoke(llm_tools, [*asked, "--csv"])
    assert told.exit_code == 0, told.output
    assert "  2. Makes one row for each value of item.\n     GROUP BY item\n" in told.stdout
    assert "Things to know:\n  - LIMIT without ORDER BY" in told.stdout
    assert "Makes one row" not in as_csv.stdout and "Makes one row" in as_csv.stderr
