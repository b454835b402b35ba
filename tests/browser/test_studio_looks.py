"""How pages of widgets hold up: in the dark, from 320 to 1,600 pixels, contrast, names."""

from __future__ import annotations

from typing import Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from test_looks import LOW_CONTRAST
from test_studio import NEW, frame, made, run, studio, tab, wish

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMELESS = """() => [...document.querySelectorAll(
    "section.content :is(button, input:not([type=hidden]), select, textarea, iframe, [tabindex])"
)].filter((each) => each.checkVisibility() && !each.labels?.length && !each.textContent.trim()
    && !each.getAttribute("aria-label") && !each.title).map((each) => each.outerHTML)"""


async def check(seen: Visit) -> None:
    assert not await seen.may_scroll_sideways()
    assert await seen.page.evaluate(LOW_CONTRAST) == []
    assert await seen.page.evaluate(NAMELESS) == []


@pytest.mark.parametrize("width", [320, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_studio_fits_and_can_be_read(
    visit: Visiting, scheme: Literal["light", "dark"], width: int
) -> None:
    seen = await visit(NEW, color_scheme=scheme, viewport={"width": width, "height": 900})
    await seen.page.get_by_text("Begin with a query").click()
    await check(seen)
    await wish(seen, "Delays by month")
    await expect(seen.page.get_by_role("button", name="Stop")).to_be_visible()
    await check(seen)
    await expect(studio(seen, 1)).to_be_visible(timeout=30_000)
    await expect(seen.page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    await check(seen)
    await run(seen)
    await wish(seen, "make the bars red")
    await expect(studio(seen, 2)).to_be_visible(timeout=15_000)
    for name in ("Source", "Queries", "Changes", "History"):
        await tab(seen, name).click()
        await check(seen)
    for name in ("Rename", "Share", "Delete"):
        await seen.page.locator(".widget-tools summary", has_text=name).click()
        await check(seen)
    await seen.goto(f"{seen.page.url[len(seen.server.url) :]}/1")
    await expect(frame(seen).get_by_text("12 months")).to_be_visible()
    await check(seen)
    await seen.page.get_by_role("link", name="See both side by side").click()
    await expect(frame(seen).get_by_text("12 months")).to_be_visible()
    await expect(seen.page.locator("iframe")).to_have_count(2)
    await check(seen)
    await seen.goto("/-/widgets")
    await check(seen)


async def test_errors_and_variants_can_be_read(visit: Visiting) -> None:
    seen = await visit(NEW, color_scheme="dark", viewport={"width": 320, "height": 900})
    seen.watch.expect("missingFunction")
    await wish(seen, "a broken one")
    await seen.page.get_by_role("button", name="Leave it as it is").click(timeout=30_000)
    await check(seen)
    await seen.goto(NEW)
    await seen.page.get_by_role("switch", name="Two variants").check()
    await wish(seen, "Delays")
    await expect(seen.page.get_by_text("Left: Delays by month")).to_be_visible()
    await check(seen)
    await seen.page.wait_for_url("**/compare?*", timeout=30_000)
    await expect(seen.page.locator("iframe")).to_have_count(2)
    await check(seen)


async def test_the_frame_follows_the_scheme_of_the_page(visit: Visiting) -> None:
    seen = await made(visit, color_scheme="dark")
    await run(seen)
    colour = (
        await frame(seen)
        .locator("body")
        .evaluate("(body) => getComputedStyle(body).backgroundColor")
    )
    channels = [int(each) for each in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    assert max(channels) < 70
