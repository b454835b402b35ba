"""What a person sees who has a question investigated: each step, the answer, Stop, and where."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from test_asking import until_closed
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def investigate(visit: Visit, question: str = "Who flies most?") -> None:
    await visit.page.get_by_label("Model").first.select_option("scripted-too")
    await visit.page.get_by_role("switch", name="Investigate").check()
    await visit.ask(question)


async def test_the_switch_follows_the_model(visit: Visiting) -> None:
    page = (await visit()).page
    switch = page.get_by_role("switch", name="Investigate")
    sentence = page.get_by_text("scripted answers in one step only")
    await expect(switch).to_be_hidden()
    await expect(sentence).to_be_visible()
    await page.get_by_label("Model").first.select_option("scripted-too")
    await expect(switch).to_be_visible()
    await expect(sentence).to_be_hidden()
    await switch.check()
    await page.get_by_label("Model").first.select_option("scripted")
    await expect(page.locator("input[name=investigate]")).to_be_disabled()


async def test_steps_come_one_by_one_and_stay(visit: Visiting) -> None:
    asked = await visit()
    await asked.page.evaluate(
        """() => {
            window.seen = new Set();
            new MutationObserver(() => {
                for (const each of document.querySelectorAll("article.live .live-step")) {
                    window.seen.add(each.textContent);
                }
            }).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    await investigate(asked)
    await expect(asked.page.locator("article.live .step-number")).to_have_text(
        re.compile(r"Step \d of at most 8:")
    )
    await asked.answered()
    assert await asked.page.evaluate("window.seen.size") > 10, "the steps came at once"
    article = asked.page.locator("article.answer")
    steps = article.locator("li.investigation-step")
    await expect(steps).to_have_count(5)
    await expect(steps.nth(0).locator("tbody tr")).to_have_count(3)
    await expect(steps.nth(1).locator(".attempt-error")).to_have_text("no such column: nme")
    await expect(steps.nth(2)).to_contain_text("airlines.name like “Air”")
    await expect(steps.nth(3).locator(".attempt-error")).to_contain_text("9999")
    await expect(article.locator(".claim").first).to_contain_text("fly most are these. step 1")
    await expect(article.get_by_text("Not in the rows of those steps: 9999")).to_be_visible()
    await asked.page.reload()
    await expect(asked.page.locator("li.investigation-step tbody tr").first).to_be_visible()
    await expect(asked.page.locator(".claim")).to_have_count(2)


async def test_a_claim_leads_to_its_step_by_keyboard(visit: Visiting) -> None:
    asked = await visit()
    await investigate(asked)
    await asked.answered()
    link = asked.page.get_by_role("link", name="step 3", exact=True)
    await link.focus()
    await asked.page.keyboard.press("Enter")
    await expect(asked.page.locator("li.investigation-step").nth(2)).to_be_focused()


async def test_stop_works_at_once_and_keeps_what_was_found(visit: Visiting) -> None:
    asked = await visit()
    closed = asked.server.json("/-/scripted")["closed"]
    await investigate(asked, "Who flies most, slow?")
    step = asked.page.locator("article.live li.investigation-step")
    await expect(step.first.locator("tbody tr")).to_have_count(3)
    await expect(step.nth(1)).to_contain_text("thinking thinking")
    await asked.page.get_by_role("button", name="Stop").click()
    await until_closed(asked.server, closed)
    await expect(step.first.locator("tbody tr")).to_have_count(0)  # no longer live
    await expect(asked.page.locator("li.investigation-step").first).to_be_visible()
    await asked.page.get_by_role("link", name="Open what was saved").click()
    await expect(asked.page.locator("li.investigation-step")).to_have_count(1)
    await expect(asked.page.get_by_text("Stopped before there was an answer.")).to_be_visible()


async def test_a_step_is_drawn_where_it_stands(visit: Visiting) -> None:
    asked = await visit()
    await investigate(asked)
    await asked.answered()
    steps = asked.page.locator("li.investigation-step")
    await steps.nth(0).get_by_role("link", name="Draw").click()
    await expect(steps.nth(0).locator("llm-tools-chart canvas").first).to_be_visible()
    await expect(steps.nth(2).locator("llm-tools-chart")).to_have_count(0)


async def test_it_works_without_javascript(visit: Visiting) -> None:
    asked = await visit()
    await investigate(asked)
    await asked.answered()
    plain = await visit(
        asked.page.url.removeprefix(asked.server.url),
        actor=asked.actor,
        java_script_enabled=False,
    )
    await expect(plain.page.locator("li.investigation-step")).to_have_count(5)
    await expect(plain.page.locator(".claim")).to_have_count(2)


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_and_can_be_read(
    visit: Visiting, scheme: Literal["light", "dark"], width: int
) -> None:
    seen = await visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    await investigate(seen)
    await seen.answered()
    assert not await seen.may_scroll_sideways()
    assert await seen.page.evaluate(LOW_CONTRAST) == []
