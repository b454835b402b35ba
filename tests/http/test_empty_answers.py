"""Answers without a value in them: what the page says by itself, and that no model is asked."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from tests.scripted_model import Script
from tests.sites import Site, make_site

NOTHING = "select name from shop where city = 'Linz' and id > 7"


def writes(sql: str) -> Script:
    """A script that would word anything that it is asked to."""
    return lambda text: "One shop is the dearest." if "<rows " in text else sql


async def page_of(site: Site, url: str) -> str:
    response = await site.get(url, headers={"accept": "text/html"})
    return " ".join(unescape(response.text).split())


@pytest.mark.asyncio
async def test_no_rows_are_not_worded_by_a_model(tmp_path: Path) -> None:
    async with make_site(tmp_path, writes(NOTHING)) as site:
        answer = await site.ask("Shops?", in_words="1")
        page = await page_of(site, answer["url"])
        assert len(site.model.prompts) == 1
    assert answer["status"] == "answered" and answer["answer"] is None
    assert "The query ran, and nothing matched. Look at what it asked for:" in page
    assert '<li>Keeps only rows where city is "Linz" and id is more than 7.</li>' in page
    assert 'See what <a href="/shops/shop">shop</a> holds' in page


@pytest.mark.asyncio
async def test_nothing_but_null_is_said_to_be_that(tmp_path: Path) -> None:
    sql = "select max(price), min(day) from sale where id in (select id from shop where id > 9)"
    async with make_site(tmp_path, writes(sql)) as site:
        answer = await site.ask("The dearest?", in_words="1")
        page = await page_of(site, answer["url"])
        assert len(site.model.prompts) == 1
    assert answer["rows"] == [[None, None]]
    assert "all that it returned is NULL: no row had a value to show." in page
    assert "<li>query 1: Keeps only rows where id is more than 9.</li>" in page
    assert '<a href="/shops/sale">sale</a> and <a href="/shops/shop">shop</a> hold,' in page


@pytest.mark.asyncio
async def test_a_missing_text_says_enough(tmp_path: Path) -> None:
    sql = "select name from shop where city = 'Reykjavik'"
    async with make_site(tmp_path, writes(sql)) as site:
        answer = await site.ask("Shops in Reykjavik?", in_words="1")
        page = await page_of(site, answer["url"])
        assert len(site.model.prompts) == 1
    assert "No row of shop has city “Reykjavik”." in page and "empty-result" not in page


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("select count(*) from shop where id > 7", "its result is 0."),
        ("select count(*), total(id) from shop where id > 7", "all that it returned is 0."),
        ("select count(*), max(id) from shop where id > 7", "all that it returned is 0 and NULL."),
    ],
)
async def test_a_count_of_nothing_is_said_to_be_that(
    tmp_path: Path, sql: str, sentence: str
) -> None:
    async with make_site(tmp_path, writes(sql)) as site:
        answer = await site.ask("How many?", in_words="1")
        page = await page_of(site, answer["url"])
        assert len(site.model.prompts) == 1
    assert answer["answer"] is None
    assert f"The query ran, and {sentence} Look at what it asked for:" in page
    assert "<li>Keeps only rows where id is more than 7.</li>" in page


@pytest.mark.asyncio
@pytest.mark.parametrize("sql", ["select null, 1", "select 0 union all select 0"])
async def test_a_row_with_some_value_is_worded(tmp_path: Path, sql: str) -> None:
    async with make_site(tmp_path, writes(sql)) as site:
        answer = await site.ask("How many?", in_words="1")
        page = await page_of(site, answer["url"])
    assert answer["answer"] == "One shop is the dearest." and "empty-result" not in page
