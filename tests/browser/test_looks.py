"""How the pages hold up in the dark, on a narrow screen, and for a contrast rule of WCAG 2 AA."""

from __future__ import annotations

from typing import Literal

import pytest
from conftest import Visiting

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# The contrast of each text with the nearest background that is opaque, below 4.5 (3 for large).
# Text in the editor is left out: a CSS filter turns its colours round.
LOW_CONTRAST = """() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => {
        const linear = [r, g, b].map((each) => {
            const share = each / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const background = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (style.backgroundImage !== "none") return null;
            const colour = channels(style.backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const found = [];
    const walker = document.createTreeWalker(
        document.querySelector("section.content"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
        if (element.closest("script, .cm-editor")) continue;
        const style = getComputedStyle(element);
        const behind = background(element);
        if (!behind) continue;
        const [light, dark] = [luminance(channels(style.color)), luminance(behind)]
            .sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) {
            found.push([ratio.toFixed(2), element.className, walker.currentNode.textContent]);
        }
    }
    return found;
}"""


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_and_can_be_read(
    visit: Visiting, scheme: Literal["light", "dark"], width: int
) -> None:
    seen = await visit(color_scheme=scheme, viewport={"width": width, "height": 800})

    async def check() -> None:
        assert not await seen.may_scroll_sideways()
        assert await seen.page.evaluate(LOW_CONTRAST) == []

    await check()
    await seen.ask("broken flights")
    await seen.answered()
    await check()
    for folded in ("Model, time and prompts", "Edit SQL", "Save as stored query", "Share"):
        await seen.page.locator("summary", has_text=folded).click()
        await check()
    await seen.ask("all flights")
    await seen.page.wait_for_selector("article >> nth=1")
    await seen.answered()
    await check()
    await seen.goto("/-/questions")
    await check()


@pytest.mark.parametrize("width", [320, 1200])
async def test_the_page_is_dark_when_the_person_likes_it_dark(visit: Visiting, width: int) -> None:
    seen = await visit(color_scheme="dark", viewport={"width": width, "height": 800})
    for part in ("body", "header.hd", ".ask", ".ask textarea"):
        colour = await seen.page.locator(part).first.evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )
        channels = [int(each) for each in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        assert max(channels) < 70, f"{part} is {colour}"


@pytest.mark.parametrize("path", ["/-/questions", "/-/questions/demo"])
async def test_every_control_has_a_name(visit: Visiting, path: str) -> None:
    seen = await visit(path)
    if path.endswith("demo"):
        await seen.ask("How many airlines are there?")
        await seen.answered()
        await seen.page.get_by_text("Edit SQL").click()
        await seen.page.wait_for_selector(".cm-editor")
    nameless = await seen.page.evaluate(
        """() => [...document.querySelectorAll(
            "section.content :is(button, input:not([type=hidden]), select, textarea, [tabindex])"
        )].filter((each) => each.checkVisibility() && !each.labels?.length
            && !each.textContent.trim() && !each.getAttribute("aria-label"))
        .map((each) => each.outerHTML)"""
    )
    assert nameless == []
