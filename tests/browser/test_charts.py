"""What a person does with a chart: draw an answer, change it by hand and in words, keep it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from conftest import Visit, Visiting
from playwright.async_api import Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CHART = "/-/widgets/demo/-/chart"
BY_CARRIER = "select carrier, count(*) as flights from flights group by carrier order by 2 desc"


def chart_path(sql: str, spec: dict[str, object] | None = None, **params: str) -> str:
    given = {"sql": sql, **params, **({"_spec": json.dumps(spec)} if spec else {})}
    return f"{CHART}?{urlencode(given)}"


async def drawn(visit: Visit) -> None:
    """Wait until a chart is painted, and its numbers are those that were queried."""
    await visit.page.wait_for_selector("llm-tools-chart[data-checked=right]")


async def draw_answer(visit: Visiting, question: str = "Which airlines are late?") -> Visit:
    asked = await visit()
    await asked.ask(question)
    await asked.answered()
    await asked.page.get_by_role("link", name="Draw", exact=True).click()
    await drawn(asked)
    return asked


async def painted(visit: Visit) -> bool:
    """Whether the canvas holds more than one colour."""
    return bool(
        await visit.page.locator("llm-tools-chart canvas").evaluate(
            """(canvas) => {
                const { width, height } = canvas;
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                return new Set(new Uint32Array(data.buffer)).size > 2;
            }"""
        )
    )


async def until(visit: Visit, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until something holds of what the model was sent."""
    for _ in range(100):
        if holds(visit.server.json("/-/scripted")):
            return
        await visit.page.wait_for_timeout(100)
    raise AssertionError(f"still not so: {visit.server.json('/-/scripted')['closed']} closed")


async def test_an_answer_is_drawn_below_its_rows(visit: Visiting) -> None:
    asked = await draw_answer(visit)
    chart = asked.page.locator("article llm-tools-chart")
    await expect(chart.get_by_role("heading", name="Average delay by airline")).to_be_visible()
    await expect(chart.get_by_text("5 numbers drawn, all as queried")).to_be_visible()
    assert await painted(asked)
    await chart.get_by_role("button", name="Close").click()
    await expect(chart).to_have_count(0)
    await expect(asked.page.get_by_role("link", name="Draw", exact=True)).to_be_focused()


async def test_rows_that_draw_nothing_lead_to_choosing_by_hand(visit: Visiting) -> None:
    seen = await visit(chart_path("select name from airlines limit 0"))
    await expect(seen.page.get_by_text("The query gives no rows")).to_be_visible()
    await expect(seen.page.locator("llm-tools-chart")).to_have_count(0)


async def test_a_query_that_does_not_run_says_why_and_can_be_mended(visit: Visiting) -> None:
    seen = await visit(chart_path("select nonsense from flights"))
    await expect(seen.page.get_by_text("no such column: nonsense")).to_be_visible()
    await seen.page.get_by_label("SQL to draw").fill(BY_CARRIER)
    await seen.page.get_by_role("button", name="Draw", exact=True).click()
    await drawn(seen)
    await expect(seen.page.get_by_text("15 numbers drawn, all as queried")).to_be_visible()


@pytest.mark.parametrize(
    ("sql", "spec", "says"),
    [
        ("select * from flights", None, "365 numbers"),
        ("select * from flights", {"mark": "pie", "x": "carrier", "aggregate": "count"}, "15"),
        (
            "select * from flights",
            {"mark": "bar", "x": "date", "x_unit": "year_month", "aggregate": "count",
             "color": "origin", "stack": "normalized"},
            "36",
        ),
        (
            "select * from flights",
            {"mark": "area", "x": "date", "x_unit": "week", "aggregate": "sum", "y": "distance",
             "color": "origin"},
            "159",
        ),
        (
            "select * from flights",
            {"mark": "bar", "x": "origin", "aggregate": "mean", "y": "air_time",
             "color": "carrier", "stack": "grouped"},
            "33",
        ),
        (
            "select * from flights",
            {"mark": "bar", "x": "carrier", "aggregate": "count", "scale": "log"},
            "15",
        ),
        ("select * from flights", {"mark": "point", "x": "distance", "y": "air_time"}, "15,988"),
        (
            "select * from flights",
            {"mark": "heatmap", "x": "date", "x_unit": "month", "y": "carrier",
             "aggregate": "mean", "color": "arrival_delay"},
            "175",
        ),
        ("select * from airports", {"mark": "map", "x": "longitude", "y": "latitude"}, "1,458"),
        ("select * from flights", {"mark": "number", "aggregate": "mean", "y": "distance"}, "1 "),
    ],
    ids=[
        "line", "pie", "shares", "areas", "grouped", "log", "points", "heatmap", "map", "number",
    ],
)  # fmt: skip
async def test_what_is_drawn_is_what_was_queried(
    visit: Visiting, sql: str, spec: dict[str, object] | None, says: str
) -> None:
    seen = await visit(chart_path(sql, spec))
    await drawn(seen)
    await expect(seen.page.locator("[data-part=check]")).to_contain_text(says)
    await expect(seen.page.locator("[data-part=check]")).to_contain_text("as queried")
    assert await painted(seen)


async def test_numbers_that_a_browser_rounds_are_said_to_be_rounded(visit: Visiting) -> None:
    sql = "select 'a' as name, 9007199254740993 as total union all select 'b', 12"
    seen = await visit(chart_path(sql, {"mark": "bar", "x": "name", "y": "total"}))
    await drawn(seen)
    check = seen.page.locator("[data-part=check]")
    await expect(check).to_have_text(
        "2 numbers drawn, all as queried, "
        "but 1 of them is too large to be exact to the last digit here"
    )
    await seen.page.get_by_text("Data", exact=True).click()
    table = seen.page.get_by_role("region", name="Data of the chart")
    await expect(table).to_contain_text("about 9,007,199,254,740,992")


async def test_a_number_that_is_drawn_wrongly_is_named(visit: Visiting) -> None:
    seen = await visit("/-/widgets/demo/-/chart")

    async def falsify(route: Route) -> None:
        """What a fault in the drawing would do: a bar longer than its row says."""
        response = await route.fetch()
        body = await response.json()
        calculate = {"calculate": "datum.f1 == 2849 ? 4000 : datum.f1", "as": "f1"}
        body["vega_lite"]["transform"] = [calculate]
        await route.fulfill(json=body)

    await seen.page.goto(seen.server.url + chart_path(BY_CARRIER))
    await drawn(seen)
    await seen.page.route("**/-/chart", falsify)
    await seen.page.get_by_label("Sorted by").select_option("y")
    await seen.page.wait_for_selector("llm-tools-chart[data-checked=wrong]")
    told = seen.page.get_by_role("alert").filter(has_text="not as queried")
    await expect(told).to_contain_text("1 not as queried (2849)")


async def test_a_chart_is_changed_by_hand_and_back(visit: Visiting) -> None:
    seen = await visit(f"{CHART}?table=flights")
    await drawn(seen)
    page = seen.page
    await page.get_by_label("Bars").check(force=True)
    await expect(page.locator("[data-part=summary]")).to_contain_text("Bar chart")
    await page.get_by_role("combobox", name="Across", exact=True).select_option("carrier")
    await expect(page.get_by_role("heading", name="Number of flights by carrier")).to_be_visible()
    await page.get_by_role("button", name="Add a condition").click()
    await page.get_by_label("Column").select_option("origin")
    await page.get_by_label("Value", exact=True).fill("JFK")
    await page.keyboard.press("Enter")
    await page.get_by_label("Value", exact=True).blur()
    await expect(page.get_by_text("10 numbers drawn, all as queried")).to_be_visible()
    # The address has it, for Back and for bookmarks.
    spec = json.loads(parse_qs(urlsplit(page.url).query)["_spec"][0])
    assert spec["filters"] == [{"column": "origin", "comparison": "=", "value": "JFK"}]
    await page.reload()
    await expect(page.get_by_text("10 numbers drawn, all as queried")).to_be_visible()
    await page.get_by_role("button", name="Remove this condition").click()
    await expect(page.get_by_text("15 numbers drawn, all as queried")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("10 numbers drawn, all as queried")).to_be_visible()
    await expect(page.get_by_role("button", name="Undo")).to_be_hidden()


async def test_what_makes_no_sense_is_told_and_the_chart_stays(visit: Visiting) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    seen.watch.expect("status of 400|ERR_ABORTED")
    await drawn(seen)
    await seen.page.get_by_role("radio", name="Map", exact=True).check(force=True)
    await seen.page.get_by_label("Longitude").select_option("carrier")
    await expect(seen.page.get_by_role("alert").filter(has_text=re.compile("map"))).to_be_visible()
    assert await painted(seen)


async def test_a_chart_is_changed_in_words_and_kept_in_versions(visit: Visiting) -> None:
    seen = await visit(chart_path("select * from flights"))
    await drawn(seen)
    page = seen.page
    await page.get_by_label("What should be different?").fill("the share of each carrier")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-part=said]")).to_contain_text("Changed by scripted")
    await expect(page.get_by_label("Pie")).to_be_checked()
    await expect(page.get_by_label("What should be different?")).to_be_focused()
    await page.locator("summary", has_text="Save …").click()
    await page.locator("[data-part=save] [name=title]").fill("Shares")
    await page.locator("[data-part=save]").get_by_role("button", name="Save").click()
    await page.get_by_role("link", name="Shares").click()
    await drawn(seen)
    await expect(page.get_by_role("heading", name="Shares")).to_be_visible()
    await page.get_by_text("Edit by hand").click()
    await page.get_by_label("Only the first").fill("3")
    await page.get_by_label("Only the first").blur()
    await expect(page.get_by_text("3 numbers drawn, all as queried")).to_be_visible()
    await page.locator("summary", has_text="Save as a new version …").click()
    await page.locator("[data-part=save]").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Kept as version 2.")).to_be_visible()
    await expect(page.get_by_role("link", name="Version 2", exact=True)).to_be_visible()
    await page.reload()
    await drawn(seen)
    await page.get_by_role("button", name="Restore version 1").click()
    await drawn(seen)
    await expect(page.get_by_text("15 numbers drawn, all as queried")).to_be_visible()


async def test_a_local_model_is_loaded_once_while_somebody_begins_to_type(
    visit: Visiting,
) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    await drawn(seen)
    asked: list[Any] = []
    seen.page.on("request", lambda each: each.url.endswith("/chart/warm") and asked.append(each))
    # As the page of a server is whose model reads prompts ahead.
    await seen.page.locator("[data-part=ask], [data-part=ask] option").evaluate_all(
        "(all) => all.forEach((each) => each.setAttribute('data-keeps-prefix', ''))"
    )
    wish = seen.page.get_by_label("What should be different?")
    async with seen.page.expect_response("**/chart/warm") as answered:
        await wish.focus()
    assert (await answered.value).status == 200
    await seen.page.get_by_text("Data", exact=True).focus()
    await wish.fill("sorted")
    await seen.page.wait_for_timeout(300)
    assert [each.post_data_json["sql"] for each in asked] == [BY_CARRIER]


async def test_a_change_in_words_can_be_stopped(visit: Visiting) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    seen.watch.expect("ERR_ABORTED")
    await drawn(seen)
    before = seen.server.json("/-/scripted")
    await seen.page.get_by_label("What should be different?").fill("slowly")
    await seen.page.keyboard.press("Enter")
    await expect(seen.page.get_by_role("button", name="Stop")).to_be_focused()
    await until(seen, lambda now: len(now["prompts"]) > len(before["prompts"]))
    await seen.page.keyboard.press("Enter")
    await expect(seen.page.get_by_text("Stopped; the chart is as it was.")).to_be_visible()
    await expect(seen.page.get_by_label("What should be different?")).to_be_focused()
    await until(seen, lambda now: now["closed"] == before["closed"] + 1)


async def test_a_wish_for_a_missing_column_keeps_chart_and_wish(visit: Visiting) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    seen.watch.expect("status of 400")
    await drawn(seen)
    await seen.page.get_by_label("What should be different?").fill("nowhere")
    await seen.page.keyboard.press("Enter")
    await expect(seen.page.get_by_text("There is no column nowhere")).to_be_visible()
    await expect(seen.page.get_by_label("What should be different?")).to_have_value("nowhere")
    assert await painted(seen)


async def test_a_mark_leads_to_the_rows_behind_it_and_back_to_the_chart(visit: Visiting) -> None:
    asked = await draw_answer(visit, "comments by rating")
    title = await asked.page.locator("[data-part=title]").text_content()
    place = asked.page.get_by_role("img", name=re.compile("^Chart:"))
    await place.focus()
    await asked.page.keyboard.press("Home")
    note = await asked.page.locator(".chart-note dd").all_text_contents()
    await asked.page.keyboard.press("Enter")
    await asked.page.wait_for_url("**/demo/-/query?**")
    cells = await asked.page.locator("table.rows-and-columns tbody tr").first.locator("td").all()
    assert note[0] in [(await each.text_content() or "").strip() for each in cells]
    await asked.page.go_back()
    await drawn(asked)
    await expect(asked.page.locator("[data-part=title]")).to_have_text(title or "")


async def test_a_click_on_a_bar_leads_to_its_rows(visit: Visiting) -> None:
    seen = await visit(chart_path("select * from flights", {
        "mark": "bar", "x": "origin", "aggregate": "count"}))  # fmt: skip
    await drawn(seen)
    box = await seen.page.evaluate(
        """() => {
            const { picture, place } = document.querySelector("llm-tools-chart");
            const box = picture.boxOf(picture.items()[0]);
            const { left, top } = place.getBoundingClientRect();
            return { x: left + box.x + box.width / 2, y: top + box.y + box.height / 2 };
        }"""
    )
    await seen.page.mouse.move(box["x"], box["y"])
    await expect(seen.page.locator(".chart-note")).to_contain_text("EWR")
    await seen.page.mouse.click(box["x"], box["y"])
    await seen.page.wait_for_url("**/demo/-/query?**")
    await expect(seen.page.locator("table.rows-and-columns")).to_contain_text("EWR")


async def test_filters_of_a_table_page_go_along(visit: Visiting) -> None:
    seen = await visit("/demo/flights?origin=JFK&carrier=B6")
    await seen.page.locator("summary", has_text="Table actions").click()
    await seen.page.get_by_role("menuitem", name=re.compile("^Draw these rows")).click()
    await drawn(seen)
    spec = {"mark": "number", "aggregate": "count"}
    await seen.goto(f"{CHART}?table=flights&origin=JFK&carrier=B6&_spec={json.dumps(spec)}")
    await drawn(seen)
    await expect(seen.page.locator("[data-part=summary]")).to_contain_text(re.compile("1,?973"))


async def test_parameters_of_a_query_go_along(visit: Visiting) -> None:
    sql = "select carrier, count(*) as flights from flights where origin = :origin group by 1"
    seen = await visit(f"/demo/-/query?{urlencode({'sql': sql, 'origin': 'JFK'})}")
    await seen.page.locator("summary", has_text="Query actions").click()
    await seen.page.get_by_role("menuitem", name=re.compile("^Draw these rows")).click()
    await drawn(seen)
    await expect(seen.page.get_by_text("10 numbers drawn, all as queried")).to_be_visible()


@pytest.mark.parametrize(
    ("button", "suffix", "beginning"),
    [
        ("PNG", ".png", b"\x89PNG"),
        ("SVG", ".svg", b"<svg"),
        ("Data as CSV", ".csv", b"Carrier,Flights"),
        ("Data as JSON", ".json", b"["),
        ("Spec", "-spec.json", b"{"),
        ("Vega-Lite", ".vl.json", b"{"),
    ],
)
async def test_a_chart_leaves_as_a_file(
    visit: Visiting, tmp_path: Path, button: str, suffix: str, beginning: bytes
) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    await drawn(seen)
    await seen.page.get_by_text("Download", exact=True).click()
    async with seen.page.expect_download() as download:
        await seen.page.get_by_role("button", name=button, exact=True).click()
    file = await download.value
    assert file.suggested_filename.endswith(suffix)
    await file.save_as(tmp_path / "file")
    written = (tmp_path / "file").read_bytes()
    assert written.startswith(beginning)
    if button == "SVG":
        assert b"Flights by carrier" in written


async def test_hostile_names_and_cells_stay_text(visit: Visiting) -> None:
    harm = "</script><img src=x onerror=window.harmed=1>"
    sql = f"select link as [=cmd()], '{harm}' as x, 1 as n from hostile"
    seen = await visit(f"/-/widgets/hostile/-/chart?{urlencode({'sql': sql})}")
    spec = {"mark": "bar", "x": "x", "y": "n", "title": harm}
    await seen.goto(
        f"/-/widgets/hostile/-/chart?{urlencode({'sql': sql, '_spec': json.dumps(spec)})}"
    )
    await drawn(seen)
    await seen.page.get_by_text("Data", exact=True).click()
    await seen.page.get_by_role("img", name=re.compile("^Chart:")).focus()
    await seen.page.keyboard.press("Home")
    await expect(seen.page.locator(".chart-note")).to_contain_text("onerror")
    assert await seen.page.evaluate("window.harmed") is None
