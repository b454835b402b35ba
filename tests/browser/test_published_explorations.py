"""An exploration in a browser: charts, widgets, parameters, links; and without JavaScript."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS, ROWS, CHART, WIDGET = ("a" * 12, "b" * 12, "c" * 12, "d" * 12)
HTML = """<!doctype html><p id=out>waiting</p><script>
datasette.rows("air").then((rows) => {
  document.getElementById("out").textContent = `${rows.length} airlines`;
});
</script>"""
AIR = ["air", "select carrier, name from airlines order by 1", []]


def document(widget: str | None = None) -> dict[str, Any]:
    of_demo = {"database": "demo"}
    blocks: list[dict[str, Any]] = [
        {"id": WORDS, "kind": "words", "text": "# Flights\n\nOf *one* airline.\n\n## More"},
        {
            **of_demo, "id": ROWS, "kind": "query", "title": "Its first flights", "query": "",
            "sql": "select id, carrier, origin from flights where carrier = :carrier limit 5",
        },
        {
            **of_demo, "id": CHART, "kind": "chart", "title": "Flights by origin",
            "sql": "select origin from flights where carrier = :carrier",
            "spec": {"mark": "bar", "x": "origin", "aggregate": "count"},
        },
    ]  # fmt: skip
    if widget:
        blocks.append(
            {**of_demo, "id": WIDGET, "kind": "widget", "title": "Airlines", "widget_id": widget,
             "revision": 1}
        )  # fmt: skip
    choice = {"name": "carrier", "label": "Airline", "kind": "choice", "default": "UA"}
    return {
        "title": "Flights of an airline",
        "parameters": [{**choice, "choices": ["AA", "UA"]}],
        "blocks": blocks,
    }


async def post(visited: Visit, path: str, body: Any) -> dict[str, Any]:
    response = await visited.page.request.post(
        visited.server.url + path,
        data=json.dumps(body),
        headers={
            "content-type": "application/json",
            "accept": "application/json",
            "origin": visited.server.url,
        },
    )
    told: dict[str, Any] = await response.json()
    assert response.ok, told
    return told


async def made(author: Visit, *, with_widget: bool = False, publish: bool = True) -> str:
    """The address of an exploration of the author's, for everybody unless not published."""
    widget = None
    if with_widget:
        widget = (await post(author, "/-/lab/keep", {"html": HTML, "queries": [AIR]}))["id"]
        await post(author, f"/-/widgets/demo/{widget}/1/-/run", {})
    found = await post(author, "/-/explorations/-/new", {"document": document(widget)})
    url = str(found["url"])
    if publish:
        await post(author, f"{url}/-/publish", {"public": True, "mode": "snapshot"})
    return url


async def assert_all_is_drawn(reader: Visit) -> None:
    page = reader.page
    chart = page.locator("llm-tools-exploration-chart")
    await chart.scroll_into_view_if_needed()
    await expect(chart).to_have_attribute("data-checked", "right")
    await expect(chart.locator("canvas")).to_be_visible()
    widget = page.locator("llm-tools-widget")
    await widget.scroll_into_view_if_needed()
    frame = page.frame_locator("llm-tools-widget iframe")
    await expect(frame.locator("#out")).to_have_text("16 airlines")


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark", "viewport": {"width": 320, "height": 700}}],
    ids=["light", "dark-narrow"],
)
async def test_a_snapshot_is_read_charts_and_widgets_included(
    visit: Visiting, options: dict[str, Any]
) -> None:
    url = await made(await visit("/-/explorations"), with_widget=True)
    reader = await visit(url, **options)
    await assert_all_is_drawn(reader)
    sql = reader.page.locator(f"#block-{ROWS} summary")
    await sql.focus()
    await reader.page.keyboard.press("Enter")
    await expect(reader.page.locator(f"#block-{ROWS} .sql-keyword").first).to_have_text("select")
    assert not await reader.may_scroll_sideways()
    await reader.goto(f"{url}?mode=live")
    await assert_all_is_drawn(reader)


async def test_parameters_run_the_blocks_that_follow(visit: Visiting) -> None:
    url = await made(await visit("/-/explorations"))
    reader = await visit(url)
    page = reader.page
    await expect(page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("UA")
    await page.get_by_label("Airline", exact=True).select_option("AA")
    await expect(page.get_by_text("Shown with these values, read now.")).to_be_visible()
    await expect(page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("AA")
    await expect(page.locator("llm-tools-exploration-chart")).to_have_attribute(
        "data-checked", "right"
    )
    assert page.url.endswith("?p_carrier=AA")
    await page.reload()
    await expect(page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("AA")


async def test_text_rows_and_sql_are_there_without_javascript(visit: Visiting) -> None:
    url = await made(await visit("/-/explorations"), with_widget=True)
    reader = await visit(url, java_script_enabled=False)
    page = reader.page
    await expect(page.get_by_role("heading", name="Flights", exact=True)).to_be_visible()
    await expect(page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("UA")
    await page.locator(f"#block-{ROWS} summary").click()
    await expect(page.locator(f"#block-{ROWS} pre.sql")).to_contain_text("select id, carrier")
    chart = page.locator(f"#block-{CHART}")
    await expect(chart.locator("p", has_text="Bar chart")).to_be_visible()
    await chart.locator("summary", has_text="Data").click()
    await expect(chart.locator("td").first).to_have_text(re.compile("EWR|JFK|LGA"))
    await expect(page.get_by_text("This widget needs JavaScript.")).to_be_visible()
    await page.get_by_label("Airline", exact=True).select_option("AA")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("AA")


async def test_an_author_looks_publishes_and_hands_out_a_link(visit: Visiting) -> None:
    author = await visit("/-/explorations")
    url = await made(author, publish=False)
    await author.goto(f"{url}/-/share")
    page = author.page
    visible = page.get_by_role("region", name="What becomes visible")
    await expect(visible.get_by_role("row", name=re.compile("^flights"))).to_contain_text("origin")
    await page.get_by_role("button", name="Publish").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Published version 1.")).to_be_visible()
    await page.get_by_label("For whom").fill("The editors")
    await page.keyboard.press("Enter")
    address = page.get_by_label("Address of The editors")
    link = await address.input_value()
    assert not await author.may_scroll_sideways()
    visitor = await visit(link.removeprefix(author.server.url))
    # Rows of the chart, which the page fetches while it is being loaded again.
    visitor.watch.expect(r"/-/block/\S+ net::ERR_ABORTED")
    await visitor.page.context.clear_cookies()
    await visitor.page.reload()
    await expect(visitor.page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("UA")
    chart = visitor.page.locator("llm-tools-exploration-chart")
    await expect(chart).to_have_attribute("data-checked", "right")
    await visitor.page.get_by_label("Airline", exact=True).select_option("AA")
    await expect(visitor.page.locator(f"#block-{ROWS} td").nth(1)).to_have_text("AA")
    await page.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("The link opens nothing any more.")).to_be_visible()
    visitor.watch.expect("status of 404")
    await visitor.page.reload()
    await expect(visitor.page.get_by_text("This link was revoked")).to_be_visible()
