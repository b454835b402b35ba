"""What the SQL does in plain words, as a person opens and reads it below an answer."""

from __future__ import annotations

from typing import Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import Locator, expect
from test_answers import write_sql
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANEW = "select distinct carrier from flights order by carrier desc limit 3"


async def explained(visit: Visit) -> Locator:
    """The closed explanation of a question whose SQL joins, groups, sorts and has warnings."""
    await visit.ask("Which airlines are late?")
    await visit.answered()
    return visit.page.locator("details.explanation")


async def opened(explanation: Locator) -> Locator:
    """The same, opened by keyboard alone."""
    await explanation.locator("summary").focus()
    await explanation.page.keyboard.press("Enter")
    await expect(explanation).to_have_attribute("open", "")
    return explanation


async def test_it_is_there_and_opens_by_keyboard(visit: Visiting) -> None:
    explanation = await explained(await visit())
    summary = explanation.locator("summary")
    await expect(summary).to_contain_text("The SQL in plain words")
    await expect(summary).to_contain_text("to know")
    await expect(explanation.locator(".clauses")).to_be_hidden()
    await opened(explanation)
    clauses = explanation.locator(".clauses > li")
    await expect(clauses).to_have_count(7)
    await expect(clauses.nth(0)).to_contain_text("Takes the rows of flights.")
    await expect(clauses.nth(2)).to_contain_text(
        'Keeps only rows where cancelled is 0 and origin is "JFK".'
    )
    await expect(clauses.nth(2).locator("code")).to_contain_text("WHERE flights.cancelled = 0")
    await expect(explanation.get_by_role("list", name="Things to know")).to_contain_text("LIMIT")
    await explanation.page.keyboard.press("Enter")
    await expect(explanation.locator(".clauses")).to_be_hidden()


async def test_it_follows_the_sql_that_is_edited_and_run_again(visit: Visiting) -> None:
    asked = await visit()
    explanation = await opened(await explained(asked))
    await write_sql(asked, ANEW)
    await asked.page.get_by_role("button", name="Run").click()
    await expect(explanation).to_contain_text("Sorts the rows by carrier, Z to A.")
    await expect(explanation).to_have_count(1)
    await expect(explanation.locator(".clauses > li")).to_have_count(5)
    await expect(explanation).not_to_contain_text("JFK")


async def test_it_opens_without_javascript(visit: Visiting) -> None:
    asked = await visit()
    await explained(asked)
    plain = await visit(
        asked.page.url.removeprefix(asked.server.url), actor=asked.actor, java_script_enabled=False
    )
    explanation = await opened(plain.page.locator("details.explanation"))
    await expect(explanation.locator(".clauses > li").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_on_a_phone_and_in_the_dark(
    visit: Visiting, scheme: Literal["light", "dark"]
) -> None:
    asked = await visit(color_scheme=scheme, viewport={"width": 320, "height": 700})
    await opened(await explained(asked))
    assert not await asked.may_scroll_sideways()
    assert await asked.page.evaluate(LOW_CONTRAST) == []
