"""Exported explorations opened from disk: whole without a network, silent, right on paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from datasette_llm_tools.explorations import store
from datasette_llm_tools.explorations.values import Block, QueryBlock, Words
from tests.browser.from_disk import HOSTILE, opened
from tests.exploration_sites import (
    CHART,
    PUBLISHING,
    QUERY,
    QUESTION,
    SECRET,
    published,
    shop_document,
    widget_block,
)
from tests.overheard import collector
from tests.sites import ALICE, BOB, Site, make_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = Words(id="a" * 12, text="# Why\n\nTea sells **everywhere**, see [shops](/shops/shop).")
MANY = QueryBlock(
    id="f" * 12,
    title="Many rows",
    database="shops",
    sql="with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) "
    "select i, 9007199254740993 as large, '</script><img src=x>' as markup, null as empty from n",
    query="",
)
# Says what its library draws and what its rows are.
DRAWING = """<!DOCTYPE html><html><head><script src="lib:vega-lite"></script></head>
<body><div id="vega"></div><p id="said"></p><script>
(async () => {
  const rows = await datasette.rows("sales", {shop: 1});
  await datasette.vega(document.getElementById("vega"), {
    data: {values: rows}, mark: "bar",
    encoding: {x: {field: "item"}, y: {field: "price", type: "quantitative"}}});
  document.getElementById("said").textContent = rows.length + " rows of " + rows[0].item;
})();
</script></body></html>"""
# The same without a library, for frames where another draws.
LISTING = """<!DOCTYPE html><html><head><script src="lib:d3"></script></head><body><ul></ul><script>
datasette.rows("sales", {shop: 1}).then((rows) => {
  d3.select("ul").selectAll("li").data([...rows]).join("li").text((row) => row.item);
});
</script></body></html>"""


async def written(site: Site, folder: Path, *blocks: Block, actor: Any = BOB) -> Path:
    """An exported exploration of these blocks, as somebody who reads it gets it."""
    made = await published(site, shop_document(*blocks, summary="What *sells*."))
    answer = await site.get(f"/-/explorations/{made.id}/-/export.html", actor)
    assert answer.status_code == 200, answer.text
    file = folder / "exploration.html"
    file.write_bytes(answer.content)
    return file


def article(page: Page, block: Block) -> Any:
    return page.locator(f'article[data-block="{block.id}"]')


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 320)])
async def test_a_whole_exploration_works_from_disk(
    browser: Browser, tmp_path: Path, scheme: Any, width: int
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        drawing = await widget_block(site, source=DRAWING)
        listing = replace(await widget_block(site, source=LISTING), title="List")
        blocks = (WORDS, QUESTION, CHART, QUERY, drawing, listing, SECRET)
        file = await written(site, tmp_path, *blocks)
    viewport: Any = {"width": width, "height": 800}
    async with opened(browser, file, color_scheme=scheme, viewport=viewport) as found:
        page = found.page
        await article(page, CHART).locator(".chart.painted canvas").wait_for()
        await expect(article(page, CHART).locator(".check")).to_contain_text("all as queried")
        await expect(article(page, QUESTION).locator("tbody tr")).to_have_count(3)
        await expect(article(page, QUERY).locator("td")).to_have_text(["Market", "Harbour"])
        frame = article(page, drawing).frame_locator("iframe")
        await expect(frame.locator("#said")).to_have_text("2 rows of tea")
        await expect(frame.locator("#vega canvas")).to_have_count(1)
        frame = article(page, listing).frame_locator("iframe")
        await expect(frame.locator("li")).to_have_text(["tea", "milk"])
        sandbox = await article(page, drawing).locator("iframe").get_attribute("sandbox")
        assert sandbox == "allow-scripts"
        assert "secret" in await article(page, SECRET).inner_text()
        link = page.get_by_role("link", name="shops", exact=True)
        assert await link.get_attribute("href") == "http://localhost/shops/shop"
        assert not await page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        assert (found.complaints, found.requests) == ([], [])


async def test_a_hundred_rows_come_first_and_all_on_demand(
    browser: Browser, tmp_path: Path
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        file = await written(site, tmp_path, MANY)
    async with opened(browser, file) as found:
        block = article(found.page, MANY)
        await expect(block.locator("tbody tr")).to_have_count(100)
        first = block.locator("tbody tr").first.locator("td")
        await expect(first).to_have_text(["1", "9007199254740993", "</script><img src=x>", "NULL"])
        await block.get_by_role("button", name="Show all 300 rows").press("Enter")
        await expect(block.locator("tbody tr")).to_have_count(300)
        await expect(block.locator("tbody tr").last.locator("td").first).to_have_text("300")
        assert await found.page.locator("img").count() == 0
        assert (found.complaints, found.requests) == ([], [])


async def test_on_paper_all_rows_sql_and_certificates_are_there(
    browser: Browser, tmp_path: Path
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        file = await written(site, tmp_path, MANY)
    async with opened(browser, file) as found:
        page = found.page
        await article(page, MANY).locator("tbody tr").first.wait_for()
        await page.evaluate(
            "addEventListener('beforeprint', () => (window.opened ="
            " document.querySelectorAll('details[open]').length))"
        )
        assert (await page.pdf()).startswith(b"%PDF")
        assert await article(page, MANY).locator("tbody tr").count() == 300
        assert await page.evaluate("window.opened") == 2
        assert await page.locator("details[open]").count() == 0
        assert (found.complaints, found.requests) == ([], [])


async def test_without_javascript_words_and_sql_can_be_read(
    browser: Browser, tmp_path: Path
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        file = await written(site, tmp_path, WORDS, QUESTION)
    async with opened(browser, file, java_script_enabled=False) as found:
        text = await found.page.inner_text("main")
        assert "Tea sells everywhere" in text and "runs no scripts here" in text
        await found.page.get_by_text("SQL", exact=True).click()
        assert QUESTION.sql in await found.page.inner_text("main")


async def test_widgets_of_an_import_run_when_run_is_pressed(
    browser: Browser, tmp_path: Path
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        block = await widget_block(site, source=LISTING)
        first = await written(site, tmp_path, block)
        answer = await site.datasette.client.post(
            "/-/explorations/-/import",
            content=first.read_bytes(),
            headers={"content-type": "text/html", "accept": "application/json"},
            actor=ALICE,
        )
        fork = await store.get(site.datasette, answer.json()["exploration"]["id"])
        assert fork is not None
        again = await site.get(f"/-/explorations/{fork.id}/-/export.html")
        file = tmp_path / "again.html"
        file.write_bytes(again.content)
    async with opened(browser, file) as found:
        assert await found.page.locator("iframe").count() == 0
        await found.page.get_by_role("button", name="Run").click()
        frame = found.page.frame_locator("iframe")
        await expect(frame.locator("li")).to_have_text(["tea", "milk"])
        assert (found.complaints, found.requests) == ([], [])


async def test_a_hostile_widget_of_a_file_reaches_no_server(
    browser: Browser, tmp_path: Path
) -> None:
    with collector() as (address, asked):
        source = HOSTILE.read_text().replace("ADDRESS", json.dumps(address))
        async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
            file = await written(site, tmp_path, WORDS, await widget_block(site, source=source))
        async with opened(browser, file, offline=False) as found:
            page = found.page
            await page.get_by_text("went to another page").wait_for()
            assert await page.locator("iframe").count() == 0
            assert page.url == file.as_uri()
            assert await page.inner_text("h1") == "Shops and tea"
        assert asked == []
