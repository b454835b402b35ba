"""How charts hold up: keyboard alone, no script, in the dark, on narrow and on wide screens."""

from __future__ import annotations

import json
import re
from typing import Literal
from urllib.parse import urlencode

import pytest
from conftest import Visiting
from playwright.async_api import Page, expect
from test_charts import BY_CARRIER, CHART, chart_path, drawn
from test_looks import LOW_CONTRAST

from datasette_llm_tools.widgets.exporting.picture_theme import THEME, WIDTH

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BY_ORIGIN = {"mark": "bar", "x": "date", "x_unit": "month", "aggregate": "count", "color": "origin"}


@pytest.mark.parametrize("width", [320, 800, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_charts_fit_and_can_be_read(
    visit: Visiting, scheme: Literal["light", "dark"], width: int
) -> None:
    seen = await visit(
        chart_path("select * from flights", BY_ORIGIN),
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    )
    await drawn(seen)
    for folded in ("Data", "SQL", "Download", "Save …", "Edit by hand"):
        details = seen.page.locator("llm-tools-chart summary", has_text=re.compile(f"^{folded}$"))
        await details.click()
        assert not await seen.may_scroll_sideways()
        assert await seen.page.evaluate(LOW_CONTRAST) == []
    box = await seen.page.locator("llm-tools-chart canvas").bounding_box()
    assert box and box["width"] <= width
    assert box["width"] > 0.6 * min(width, 500)


async def test_the_chart_is_painted_anew_in_the_dark_and_when_it_gets_narrow(
    visit: Visiting,
) -> None:
    seen = await visit(chart_path(BY_CARRIER), viewport={"width": 1200, "height": 800})
    await drawn(seen)
    page = seen.page
    light = await page.locator("llm-tools-chart canvas").evaluate("each => each.toDataURL()")
    await page.emulate_media(color_scheme="dark")
    await page.wait_for_timeout(300)
    dark = await page.locator("llm-tools-chart canvas").evaluate("each => each.toDataURL()")
    assert dark != light
    await page.set_viewport_size({"width": 400, "height": 800})
    await page.wait_for_timeout(600)
    box = await page.locator("llm-tools-chart canvas").bounding_box()
    assert box and box["width"] <= 400


async def test_a_chart_says_itself_without_being_seen(visit: Visiting) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    await drawn(seen)
    picture = seen.page.get_by_role("img", name="Chart: Flights by carrier")
    await expect(picture).to_have_accessible_description(re.compile("Highest: UA, 2,?849"))
    await expect(seen.page.get_by_role("status").filter(has_text="Highest: UA")).to_have_count(1)
    await seen.page.get_by_text("Data", exact=True).click()
    table = seen.page.get_by_role("region", name="Data of the chart")
    await expect(table.get_by_role("row")).to_have_count(16)
    await expect(table.get_by_role("row").nth(1)).to_contain_text("UA")
    link = table.get_by_role("link", name="rows").first
    await expect(link).to_have_attribute("href", re.compile("/demo/-/query\\?"))


async def test_everything_is_done_by_keyboard(visit: Visiting) -> None:
    seen = await visit(chart_path("select * from flights"))
    await drawn(seen)
    page = seen.page
    place = page.get_by_role("img", name=re.compile("^Chart:"))
    await place.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".chart-note")).to_contain_text("2013-01-02")
    await expect(page.get_by_role("status").filter(has_text="2 of 365")).to_have_count(1)
    await page.keyboard.press("End")
    await expect(page.locator(".chart-note")).to_contain_text("2013-12-31")
    await page.keyboard.press("Escape")
    await expect(page.locator(".chart-note")).to_be_hidden()
    await page.get_by_role("button", name="Zoom in").focus()
    before = await zoomed(page)
    await page.keyboard.press("Enter")
    assert await zoomed(page) < before
    await page.get_by_role("button", name="All").focus()
    await page.keyboard.press("Enter")
    assert await zoomed(page) == before
    await page.get_by_role("radio", name="Line").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[data-part=summary]")).to_contain_text("Area chart")
    await expect(page.get_by_role("radio", name="Area")).to_be_focused()


async def zoomed(page: Page) -> float:
    """How long the range of x is that is shown."""
    script = """() => {
        const { view } = document.querySelector("llm-tools-chart").picture;
        const [from, to] = view.scale("x").domain();
        return to - from;
    }"""
    return float(await page.evaluate(script))


async def test_a_wheel_scrolls_the_page_and_zooms_with_control(visit: Visiting) -> None:
    seen = await visit(chart_path("select * from flights"), viewport={"width": 1000, "height": 500})
    await drawn(seen)
    page = seen.page
    box = await page.locator("llm-tools-chart canvas").bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    before = await zoomed(page)
    await page.mouse.wheel(0, 80)
    await page.wait_for_timeout(200)
    assert await page.evaluate("scrollY") > 0
    assert await zoomed(page) == before
    await page.keyboard.down("Control")
    await page.mouse.wheel(0, -80)
    await page.wait_for_timeout(200)
    await page.keyboard.up("Control")
    assert await zoomed(page) < before


async def test_a_click_in_the_legend_shows_one_series(visit: Visiting) -> None:
    seen = await visit(chart_path("select * from flights", BY_ORIGIN))
    await drawn(seen)
    before = await seen.page.locator("llm-tools-chart canvas").evaluate("each => each.toDataURL()")
    at = await seen.page.evaluate(
        """() => {
            const { picture, place } = document.querySelector("llm-tools-chart");
            const { left, top } = place.getBoundingClientRect();
            const [x, y] = picture.view.origin();
            const legend = picture.view.scenegraph().root.items[0].items
                .find((mark) => mark.role === "legend").items[0].bounds;
            return { x: left + x + legend.x1 + 12, y: top + y + (legend.y1 + legend.y2) / 2 };
        }"""
    )
    await seen.page.mouse.click(at["x"], at["y"])
    await seen.page.wait_for_timeout(200)
    after = await seen.page.locator("llm-tools-chart canvas").evaluate("each => each.toDataURL()")
    assert after != before


async def test_every_control_of_a_chart_has_a_name(visit: Visiting) -> None:
    filters = [{"column": "origin", "comparison": "=", "value": "JFK"}]
    seen = await visit(chart_path("select * from flights", {**BY_ORIGIN, "filters": filters}))
    await drawn(seen)
    await seen.page.evaluate(
        "for (const each of document.querySelectorAll('details')) each.open = true"
    )
    nameless = await seen.page.evaluate(
        """() => [...document.querySelectorAll(
            "section.content :is(button, input:not([type=hidden]), select, textarea, [tabindex])"
        )].filter((each) => each.checkVisibility() && !each.labels?.length
            && !each.textContent.trim() && !each.getAttribute("aria-label"))
        .map((each) => each.outerHTML)"""
    )
    assert nameless == []


async def test_without_javascript_there_are_words_numbers_and_a_picture(visit: Visiting) -> None:
    seen = await visit(chart_path(BY_CARRIER), java_script_enabled=False)
    seen.watch.expect(r"\.js.* csp")  # how Playwright switches scripts off
    await expect(seen.page.get_by_role("heading", name="Flights by carrier")).to_be_visible()
    await expect(seen.page.get_by_text(re.compile("Highest: UA, 2,?849")).first).to_be_visible()
    rows = seen.page.get_by_role("region", name="Data of the chart").get_by_role("row")
    await expect(rows).to_have_count(16)


async def test_draw_leads_to_its_own_page_without_javascript(visit: Visiting) -> None:
    asked = await visit()
    await asked.ask("Which airlines are late?")
    await asked.answered()
    address = await asked.page.get_by_role("link", name="Draw", exact=True).get_attribute("href")
    plain = await visit(address or "", actor=asked.actor, java_script_enabled=False)
    plain.watch.expect(r"\.js.* csp")
    await expect(plain.page.get_by_role("heading", name="Average delay by airline")).to_be_visible()


async def test_the_draw_page_offers_tables_and_a_query(visit: Visiting) -> None:
    seen = await visit(CHART, java_script_enabled=False)
    seen.watch.expect(r"\.js.* csp")
    await seen.page.get_by_role("link", name="airports").click()
    await expect(seen.page.get_by_role("heading", name="Draw airports")).to_be_visible()


async def test_libraries_are_loaded_only_where_something_is_drawn(visit: Visiting) -> None:
    seen = await visit("/-/questions")
    assert await scripts(seen.page) == []
    await seen.goto("/-/questions/demo")
    assert await scripts(seen.page) == []
    await seen.ask("Which airlines are late?")
    await seen.answered()
    for _ in range(100):
        if len(await scripts(seen.page)) == 3:
            break
        await seen.page.wait_for_timeout(50)
    assert len(await scripts(seen.page)) == 3
    await seen.goto(f"{CHART}?{urlencode({'sql': BY_CARRIER})}")
    await drawn(seen)
    loaded = await seen.page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter((each) => /(vega|chart|draw)[^/]*\\.js/.test(each.name))
            .reduce((sum, each) => sum + each.decodedBodySize, 0)"""
    )
    assert 500_000 < loaded <= 900_000


async def scripts(page: Page) -> list[str]:
    """The libraries that were loaded."""
    names = await page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    return [each for each in names if "/vendor/vega" in each]


async def test_fifty_thousand_points_are_drawn_and_checked(visit: Visiting) -> None:
    sql = (
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) "
        "select i as number, (i * 7919) % 10007 as value from n"
    )
    spec = {"mark": "point", "x": "number", "y": "value"}
    seen = await visit(f"{CHART}?{urlencode({'sql': sql, '_spec': json.dumps(spec)})}")
    await drawn(seen)
    await expect(seen.page.get_by_text("50,000 numbers drawn, all as queried")).to_be_visible()


async def test_pictures_of_the_server_look_like_those_of_the_page(visit: Visiting) -> None:
    seen = await visit(chart_path(BY_CARRIER))
    await drawn(seen)
    theme = await seen.page.evaluate(
        """async (width) => {
            const script = document.querySelector('script[src*="llm-tools-chart"]').src;
            const { pictureTheme } = await import(new URL("chart-theme.js", script).href);
            return pictureTheme(width);
        }""",
        WIDTH,
    )
    assert theme == THEME
