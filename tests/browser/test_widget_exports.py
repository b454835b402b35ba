"""Exported files opened from disk: they work without a network, ask for nothing, and are silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from datasette_llm_tools.widgets.values import NamedQuery, Parameter, Widget
from tests.browser.from_disk import HOSTILE, opened
from tests.overheard import collector
from tests.sites import make_site
from tests.widget_exports import IN_CITY, export_url, kept_chart, kept_document

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def chart_file(folder: Path, **options: Any) -> Path:
    async with make_site(folder, lambda _: "") as site:
        widget = await kept_chart(site, **options)
        return await written(site, widget, folder)


async def document_file(folder: Path, *arguments: Any, **options: Any) -> Path:
    async with make_site(folder, lambda _: "") as site:
        widget = await kept_document(site, *arguments, **options)
        return await written(site, widget, folder)


async def written(site: Any, widget: Widget, folder: Path) -> Path:
    answer = await site.get(export_url(widget, ".html"))
    assert answer.status_code == 200, answer.text
    file = folder / "exported.html"
    file.write_bytes(answer.content)
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_chart_is_painted_from_disk(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    file = await chart_file(tmp_path)
    async with opened(browser, file, color_scheme=scheme) as found:
        await found.page.wait_for_selector(".chart.painted canvas")
        await found.page.hover(".chart canvas", position={"x": 600, "y": 250})
        await found.page.wait_for_selector(".chart-note:not([hidden])")
        assert "tea" in await found.page.inner_text(".chart-note")
        assert "2 numbers drawn, all as queried" in await found.page.inner_text(".check")
        table = found.page.get_by_text("Data: 2 rows")
        await table.click()
        assert await found.page.locator("tbody tr").count() == 2
        assert (found.complaints, found.requests) == ([], [])


async def test_a_chart_is_read_by_keyboard_and_leads_nowhere(
    browser: Browser, tmp_path: Path
) -> None:
    async with opened(browser, await chart_file(tmp_path)) as found:
        await found.page.wait_for_selector(".chart.painted")
        await found.page.focus(".chart")
        await found.page.keyboard.press("ArrowRight")
        await found.page.locator(".said", has_text="1 of 2").wait_for()
        address = found.page.url
        await found.page.keyboard.press("Enter")
        assert found.page.url == address
        assert (found.complaints, found.requests) == ([], [])


async def test_a_chart_without_javascript_is_a_summary_and_a_table(
    browser: Browser, tmp_path: Path
) -> None:
    file = await chart_file(tmp_path)
    async with opened(browser, file, java_script_enabled=False) as found:
        assert await found.page.inner_text("#summary")
        assert await found.page.locator("tbody tr").count() == 2


async def test_a_widget_works_from_disk(browser: Browser, tmp_path: Path) -> None:
    async with opened(browser, await document_file(tmp_path)) as found:
        frame = found.page.frame_locator("iframe")
        await frame.locator("li").nth(1).wait_for()
        assert await frame.locator("li").all_inner_texts() == ["milk: 1", "tea: 1"]
        sandbox = await found.page.get_attribute("iframe", "sandbox")
        assert sandbox == "allow-scripts"
        assert (found.complaints, found.requests) == ([], [])


LIBRARIES = """<!DOCTYPE html><html><head>
<script src="lib:vega-lite"></script><script src="lib:plot"></script>
<script src="lib:leaflet"></script></head>
<body><div id="vega"></div><div id="plot"></div><div id="map" style="height:100px"></div>
<script>
(async () => {
  const rows = await datasette.rows("sales");
  await datasette.vega(document.getElementById("vega"), {
    data: {values: rows}, mark: "bar",
    encoding: {x: {field: "item"}, y: {field: "sales", type: "quantitative"}}});
  const bars = Plot.barY(rows, {x: "item", y: "sales"});
  document.getElementById("plot").append(Plot.plot({marks: [bars]}));
  const map = L.map("map").setView([47, 15], 8);
  L.circleMarker([47, 15]).addTo(map);
  document.body.classList.add("done");
})();
</script></body></html>"""


async def test_libraries_work_from_disk(browser: Browser, tmp_path: Path) -> None:
    async with opened(browser, await document_file(tmp_path, LIBRARIES)) as found:
        frame = found.page.frame_locator("iframe")
        await frame.locator("body.done").wait_for()
        assert await frame.locator("#vega canvas").count() == 1
        assert await frame.locator("#plot svg").count() == 1
        height = await found.page.eval_on_selector("iframe", "each => each.clientHeight")
        assert height > 300
        assert (found.complaints, found.requests) == ([], [])


async def test_a_version_that_nobody_ran_runs_when_run_is_pressed(
    browser: Browser, tmp_path: Path
) -> None:
    async with opened(browser, await document_file(tmp_path, approved=False)) as found:
        assert await found.page.locator("iframe").count() == 0
        await found.page.get_by_role("button", name="Run").click()
        await found.page.frame_locator("iframe").locator("li").nth(1).wait_for()
        assert (found.complaints, found.requests) == ([], [])


VALUES = """<p id="said"></p><script>
(async () => {
  const said = [];
  for (const params of [{}, {city: "Graz"}, {city: null}, {city: "Linz"}, {town: "x"}]) {
    try {
      const rows = await datasette.rows("sales", params);
      said.push(rows.length + "/" + rows.next + "/" + rows.columns.join(","));
    } catch (error) { said.push(error.message); }
  }
  try { await datasette.rows("other"); } catch (error) { said.push(error.message); }
  said.push((await datasette.rows("sales", {}, {page: 1})).length);
  document.getElementById("said").innerText = said.join("\\n");
})();
</script>"""


async def test_a_file_has_the_rows_of_its_defaults_only_and_says_so(
    browser: Browser, tmp_path: Path
) -> None:
    async with opened(browser, await document_file(tmp_path, VALUES)) as found:
        said = found.page.frame_locator("iframe").locator("#said")
        await said.filter(has_text="1").wait_for()
        assert (await said.inner_text()).split("\n") == [
            "2/null/item,sales",
            "2/null/item,sales",
            "2/null/item,sales",
            "This file holds no rows of sales for city = Linz.",
            "The query sales has no parameter town.",
            "This file holds no query called other.",
            "1",
        ]


CHOOSING = """<select id="city"></select><p id="said"></p><script>
const city = document.getElementById("city");
async function draw() {
  const rows = await datasette.rows("sales", {city: city.value});
  document.getElementById("said").textContent = city.value + " " + rows.length;
}
(async () => {
  for (const row of await datasette.rows("cities")) city.add(new Option(row.city));
  city.onchange = draw;
  await draw();
})();
</script>"""


async def test_a_reader_chooses_as_on_the_server(browser: Browser, tmp_path: Path) -> None:
    cities = NamedQuery("cities", "select distinct city from shop order by city")
    file = await document_file(tmp_path, CHOOSING, [cities, IN_CITY])
    async with opened(browser, file) as found:
        frame = found.page.frame_locator("iframe")
        await frame.get_by_text("Graz 2").wait_for()
        await frame.locator("select").select_option("Linz")
        await frame.get_by_text("Linz 1").wait_for()
        assert (found.complaints, found.requests) == ([], [])


async def test_a_hostile_widget_reaches_no_server_from_disk(
    browser: Browser, tmp_path: Path
) -> None:
    with collector() as (address, asked):
        source = HOSTILE.read_text().replace("ADDRESS", f'"{address}"')
        query = NamedQuery("sales", "select 'planted' as secret", (Parameter("city"),))
        file = await document_file(tmp_path, source, [query])
        async with opened(browser, file, offline=False) as found:
            page = found.page
            await page.frame_locator("iframe").get_by_text("tried").wait_for()
            height = await page.eval_on_selector("iframe", "each => each.clientHeight")
            assert height <= 20_000
            await page.get_by_text("went to another page").wait_for()
            assert await page.locator("iframe").count() == 0
            assert page.url == file.as_uri()
            assert await page.inner_text("h1") == "Sales by item"
            assert await page.locator("main img").count() == 0
        assert asked == []
