"""An answer without a model, and a count of nothing, as a person sees them."""

from __future__ import annotations

import os

import pytest
from conftest import Visit, Visiting
from playwright.async_api import Page, expect
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def ask(visit: Visit, question: str) -> Page:
    await visit.ask(question)
    await visit.answered()
    return visit.page


async def ask_anew(visit: Visit, question: str) -> Page:
    await visit.page.get_by_role("link", name="Ask something new").first.click()
    return await ask(visit, question)


@pytest.mark.parametrize("colour", ["light", "dark"])
async def test_a_question_comes_again_and_the_model_is_asked_anyway(
    visit: Visiting, colour: str
) -> None:
    asked = await visit(color_scheme=colour)
    page = await ask(asked, "How many airlines are there?")
    await page.get_by_role("button", name="This is right").click()
    await expect(page.locator("[data-part=marked]").first).to_be_visible()
    page = await ask_anew(asked, "how many airlines are there")
    told = page.locator(".from-pair")
    await expect(told).to_contain_text("Answered without a model, from your question of")
    await expect(told).to_contain_text("that you called right: “How many airlines are there?”.")
    await expect(page.locator("article .words")).to_have_count(0)
    assert await page.evaluate(LOW_CONTRAST) == []
    await _pictured(page, f"pair-{colour}")
    await told.get_by_role("button", name="Ask the model anyway").click()
    await expect(page.locator("article.answer .words")).to_have_count(1)
    await asked.answered()
    await expect(page.locator("article.answer")).to_have_count(2)
    await expect(page.locator(".from-pair")).to_have_count(1)
    await page.reload()
    await expect(page.locator(".from-pair")).to_have_count(0)


async def test_without_scripts_the_model_is_asked_too(visit: Visiting) -> None:
    asked = await visit()
    page = await ask(asked, "How many airlines are there?")
    await page.get_by_role("button", name="This is right").click()
    await expect(page.locator("[data-part=marked]").first).to_be_visible()
    page = await ask_anew(asked, "How many airlines are there?")
    url = page.url
    plain = await visit(
        url.removeprefix(asked.server.url), actor=asked.actor, java_script_enabled=False
    )
    await plain.page.get_by_role("button", name="Ask the model anyway").click()
    await plain.page.wait_for_url(lambda now: now != url)
    await expect(plain.page.locator(".from-pair")).to_have_count(0)
    await expect(plain.page.locator("article.answer")).to_have_count(1)


async def test_what_is_not_there_is_run_with_what_is(visit: Visiting) -> None:
    asked = await visit()
    page = await ask(asked, "How many are called Untied?")
    note = page.locator(".nothing-found")
    await expect(note).to_contain_text(
        "No row of airlines has name “Untied Air Lines Inc.”; “United Air Lines Inc.” is there."
    )
    assert await page.evaluate(LOW_CONTRAST) == []
    await _pictured(page, "nothing")
    await note.get_by_role("button", name="Run it that way").click()
    await expect(note).to_have_count(0)
    await expect(page.locator("article .count").first).to_be_focused()
    await expect(page.locator("article pre.sql").first).to_contain_text("United Air Lines")


async def _pictured(page: Page, name: str) -> None:
    if folder := os.environ.get("PAIR_PICTURES"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)
