"""How far statements agree, as a person sees it: the dissent, taking one, a question back."""

from __future__ import annotations

from typing import Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import Page, expect
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def ask(visit: Visit, question: str) -> Page:
    page = visit.page
    await page.get_by_label("Model").first.select_option("scripted-votes")
    await visit.ask(question)
    return page


async def test_votes_come_in_and_a_dissent_opens_and_is_taken(visit: Visiting) -> None:
    asked = await visit()
    await asked.page.evaluate(
        """() => {
            window.seen = new Set();
            new MutationObserver(() => {
                const line = document.querySelector(".live-votes");
                if (line) window.seen.add(line.textContent);
            }).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    page = await ask(asked, "Which airlines are there?")
    await asked.answered()
    seen = await page.evaluate("[...window.seen]")
    assert "2 of 3 agree so far" in seen, seen
    agreement = page.locator(".agreement")
    await expect(agreement.locator(".agreement-sentence")).to_contain_text("statements agree")
    dissent = agreement.locator("details.dissent")
    await expect(dissent).to_have_count(1)
    await expect(dissent.locator("summary")).to_have_text("1 statement returned 3 rows")
    await dissent.locator("summary").focus()
    await page.keyboard.press("Enter")
    comparison = dissent.locator(".comparison")
    await expect(comparison.locator(".comparison-sentence")).to_have_text(
        "3 rows in both; 13 only in the answer; 0 only here."
    )
    await expect(comparison.get_by_role("region", name="Only in the answer")).to_be_visible()
    await dissent.get_by_role("button", name="Take this instead").click()
    await expect(page.locator("article .count").first).to_be_focused()
    await expect(page.locator(".agreement-sentence")).to_contain_text("You took a statement")
    await page.reload()
    await expect(page.locator(".agreement-sentence")).to_contain_text("You took a statement")
    await page.locator("details.dissent summary").click()
    await page.get_by_role("button", name="Take this instead").click()
    await expect(page.locator(".agreement-sentence")).to_contain_text("statements agree")


async def test_a_question_back_is_answered_by_a_click(visit: Visiting) -> None:
    asked = await visit()
    page = await ask(asked, "How many flights leave from LGA?")
    await asked.answered()
    question = page.locator(".asked-back-question")
    await expect(question).to_contain_text("Count cancelled flights too: ")
    await expect(question).to_contain_text(", or leave them out: ")
    flown = await page.locator("article > .rows tbody td").first.inner_text()
    await expect(page.get_by_role("button", name=f"Leave them out: {int(flown):,}")).to_be_visible()
    other = page.get_by_role("button", name="Count cancelled flights too")
    await other.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".asked-back")).to_have_attribute("data-settled", "yes")
    await expect(other).to_have_attribute("aria-pressed", "true")
    booked = await page.locator("article > .rows tbody td").first.inner_text()
    assert int(booked.replace(",", "")) > int(flown.replace(",", ""))
    await page.reload()
    await expect(page.get_by_text("you chose this")).to_be_visible()
    await page.get_by_role("button", name="This is right").click()
    await expect(question).to_be_hidden()
    await page.get_by_role("button", name="Take it back").click()
    await expect(question).to_be_visible()


async def test_it_works_without_javascript(visit: Visiting) -> None:
    asked = await visit()
    page = await ask(asked, "How many flights leave from LGA?")
    await asked.answered()
    plain = await visit(
        page.url.removeprefix(asked.server.url), actor=asked.actor, java_script_enabled=False
    )
    await plain.page.locator("details.dissent summary").first.click()
    await plain.page.get_by_role("link", name="Compare its rows").click()
    await expect(plain.page.locator(".comparison-sentence")).to_have_text(
        "4,999 in the answer, 5,160 here."
    )
    await plain.page.get_by_role("button", name="Take this instead").click()
    await expect(plain.page.get_by_text("you chose this")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_on_a_phone_and_in_the_dark(
    visit: Visiting, scheme: Literal["light", "dark"]
) -> None:
    asked = await visit(color_scheme=scheme, viewport={"width": 320, "height": 700})
    page = await ask(asked, "How many flights leave from LGA?")
    await asked.answered()
    await page.locator("details.dissent summary").first.click()
    await expect(page.locator(".comparison-sentence")).to_be_visible()
    assert not await asked.may_scroll_sideways()
    assert await page.evaluate(LOW_CONTRAST) == []
