"""Writing an exploration as a person does: adding, writing, arranging, saving, going back."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import Locator, expect
from test_looks import LOW_CONTRAST
from test_studio import frame, made, run
from test_studio_looks import NAMELESS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def begun(visit: Visiting, *titles: str, **options: object) -> Visit:
    """A new exploration with a query for each title, in the editor."""
    seen = await visit("/-/questions", **options)
    document = {
        "title": "Flights",
        "blocks": [
            {"kind": "query", "title": each, "database": "demo", "sql": "select 1 as one"}
            for each in titles
        ],
    }
    response = await seen.page.request.post(
        f"{seen.server.url}/-/explorations/-/new.json",
        data={"document": document},
        headers={"Origin": seen.server.url},
    )
    await seen.goto((await response.json())["exploration"]["edit_url"])
    await expect(seen.page.get_by_text("Version 1")).to_be_visible()
    await expect(seen.page.get_by_role("button", name="Save", exact=True)).to_be_hidden()
    return seen


def titles(seen: Visit) -> Locator:
    return seen.page.get_by_role("textbox", name="Title of this")


async def order(seen: Visit) -> list[str]:
    found: list[str] = await titles(seen).evaluate_all("(all) => all.map((each) => each.value)")
    return found


async def saved(seen: Visit) -> None:
    await expect(seen.page.locator("[data-part=said]").first).to_have_text(re.compile("^Saved "))


def announced(seen: Visit) -> Locator:
    return seen.page.locator("[data-part=announced]")


async def test_an_answer_is_added_without_leaving_it(visit: Visiting) -> None:
    seen = await visit()
    await seen.ask("late airlines")
    await seen.answered()
    await seen.page.get_by_role("link", name="Add to exploration").click()
    dialog = seen.page.get_by_role("dialog", name="Add to exploration")
    await expect(dialog.get_by_label("Exploration")).to_be_focused()
    await seen.page.keyboard.press("Tab")
    await seen.page.keyboard.press("Enter")
    await seen.page.get_by_role("link", name="Open it").click()
    await expect(seen.page.get_by_role("cell", name="JetBlue Airways")).to_be_visible()
    await expect(seen.page.get_by_role("textbox", name="Title", exact=True)).to_have_value(
        "late airlines"
    )


async def test_a_chart_is_added_as_it_is_drawn(visit: Visiting) -> None:
    seen = await visit(
        "/-/widgets/demo/-/chart?sql=select+origin,+count(*)+as+n+from+flights+group+by+1"
    )
    await seen.page.locator("llm-tools-chart[data-checked]").wait_for()
    await seen.page.get_by_role("link", name="Add to exploration").click()
    await seen.page.get_by_role("button", name="Add", exact=True).click()
    await seen.page.get_by_role("link", name="Open it").click()
    chart = seen.page.locator("llm-tools-exploration-chart[data-checked=right]")
    await expect(chart).to_be_visible(timeout=30_000)


async def test_words_are_written_saved_and_shown(visit: Visiting) -> None:
    seen = await begun(visit, "One")
    await seen.page.get_by_role("button", name="Write words here").first.click()
    await seen.page.keyboard.type("# Delays\n\nThey **grow**.")
    await saved(seen)
    await expect(seen.page.get_by_role("navigation", name="Contents")).to_contain_text("Delays")
    await seen.page.keyboard.press("Escape")
    heading = seen.page.get_by_role("heading", name="Delays")
    await expect(heading).to_be_visible()
    await heading.click()
    await expect(seen.page.get_by_role("textbox", name="Words, in Markdown")).to_be_focused()
    await seen.page.reload()
    await expect(seen.page.locator("strong", has_text="grow")).to_be_visible()


async def test_blocks_are_arranged_by_keyboard(visit: Visiting) -> None:
    seen = await begun(visit, "One", "Two", "Three")
    await seen.page.get_by_role("button", name="Move Query “One”").focus()
    await seen.page.keyboard.press("ArrowDown")
    await expect(announced(seen)).to_have_text("Query “One” is now 2 of 3.")
    await seen.page.keyboard.press("End")
    await expect(announced(seen)).to_have_text("Query “One” is now 3 of 3.")
    await seen.page.get_by_role("button", name="Move up: Query “Three”").click()
    assert await order(seen) == ["Three", "Two", "One"]
    await saved(seen)
    await seen.page.reload()
    assert await order(seen) == ["Three", "Two", "One"]


async def test_blocks_are_arranged_by_pointer(visit: Visiting) -> None:
    seen = await begun(visit, "One", "Two", "Three")
    grip = seen.page.get_by_role("button", name="Move Query “Three”")
    await grip.scroll_into_view_if_needed()
    await grip.hover()
    await seen.page.mouse.down()
    first = await seen.page.locator(".block-edit").first.bounding_box()
    assert first
    await seen.page.mouse.move(first["x"] + 20, first["y"] + 2, steps=5)
    assert await order(seen) == ["Three", "One", "Two"]
    await seen.page.keyboard.press("Escape")
    await seen.page.mouse.up()
    assert await order(seen) == ["One", "Two", "Three"]
    await grip.hover()
    await seen.page.mouse.down()
    first = await seen.page.locator(".block-edit").first.bounding_box()
    assert first
    await seen.page.mouse.move(first["x"] + 20, first["y"] + 2, steps=5)
    await seen.page.mouse.up()
    await expect(announced(seen)).to_have_text("Query “Three” is now 1 of 3.")
    await saved(seen)


async def test_a_block_is_removed_and_brought_back(visit: Visiting) -> None:
    seen = await begun(visit, "One", "Two")
    await seen.page.get_by_role("button", name="Remove: Query “One”").click()
    await expect(seen.page.get_by_role("button", name="Undo")).to_be_focused()
    assert await order(seen) == ["Two"]
    await seen.page.keyboard.press("Enter")
    assert await order(seen) == ["One", "Two"]


async def test_a_widget_runs_in_its_sandbox_where_it_is_written_about(visit: Visiting) -> None:
    seen = await made(visit)
    await run(seen)
    await seen.page.get_by_role("link", name="Add to exploration").click()
    await seen.page.get_by_role("button", name="Add", exact=True).click()
    await seen.page.get_by_role("link", name="Open it").click()
    await expect(frame(seen).get_by_text("12 months")).to_be_visible(timeout=30_000)
    await expect(seen.page.get_by_role("button", name="Run", exact=True)).to_be_hidden()


async def test_two_tabs_lose_nothing(visit: Visiting) -> None:
    seen = await begun(visit, "One")
    other = await seen.page.context.new_page()
    await other.goto(seen.page.url)
    await other.get_by_role("textbox", name="Title", exact=True).fill("Other tab")
    await expect(other.locator("[data-part=said]").first).to_have_text(re.compile("^Saved "))
    # The first tab hears of it when it is looked at again, unless something was typed there.
    await seen.page.get_by_role("textbox", name="Title", exact=True).fill("This tab")
    message = seen.page.get_by_text("yours is kept as version 3")
    await expect(message).to_be_visible()
    await expect(seen.page.get_by_role("link", name="Compare them")).to_be_visible()
    await seen.page.get_by_role("button", name="Go on with mine").click()
    await expect(message).to_be_hidden()
    await expect(seen.page.get_by_role("textbox", name="Title", exact=True)).to_have_value(
        "This tab"
    )


async def test_an_earlier_version_is_brought_back(visit: Visiting) -> None:
    seen = await begun(visit, "One")
    await seen.page.get_by_role("textbox", name="Title", exact=True).fill("Renamed")
    await seen.page.get_by_role("button", name="Keep this version").click()
    await expect(seen.page.get_by_text("Kept as version 2")).to_be_visible()
    await seen.page.get_by_role("link", name="History").click()
    await expect(seen.page.get_by_role("cell", name="Title: Renamed")).to_be_visible()
    await seen.page.get_by_role("button", name="Restore version 1").click()
    await expect(seen.page.get_by_role("textbox", name="Title", exact=True)).to_have_value(
        "Flights"
    )


async def test_a_proposal_is_used_part_by_part(visit: Visiting) -> None:
    seen = await begun(visit, "One")
    await seen.page.get_by_text("Suggest a title and headings").click()
    await seen.page.get_by_role("button", name="Suggest", exact=True).click()
    await expect(seen.page.locator("mark", has_text="4711")).to_be_visible()
    await expect(seen.page.get_by_text("Not in the rows: 1959, 4711")).to_be_visible()
    await expect(seen.page.get_by_role("textbox", name="Title", exact=True)).to_have_value(
        "Flights"
    )
    await seen.page.get_by_role("button", name="Use: Title").click()
    await seen.page.get_by_role("button", name="Use: Heading above").click()
    await expect(seen.page.get_by_role("heading", name="Who is late")).to_be_visible()
    await saved(seen)
    await seen.page.reload()
    await expect(seen.page.get_by_role("textbox", name="Title", exact=True)).to_have_value(
        "Late airlines"
    )


async def test_readers_may_choose_what_is_in_the_sql(visit: Visiting) -> None:
    seen = await begun(visit, "One")
    await seen.page.locator(".block-body > .tools > details > summary", has_text="SQL").click()
    await seen.page.get_by_role("textbox", name="SQL of Query “One”").fill("select :day as day")
    await saved(seen)
    await seen.page.locator("summary", has_text="Parameters").click()
    await seen.page.get_by_role("button", name="Let readers choose it").click()
    await expect(seen.page.get_by_text("Followed by Query “One”.")).to_be_visible()
    await seen.page.get_by_label("Begins with").first.fill("Monday")
    await saved(seen)
    await seen.page.get_by_role("button", name="Run again").click()
    await expect(seen.page.get_by_role("cell", name="Monday")).to_be_visible()


async def test_without_javascript_the_form_saves_adds_and_moves(visit: Visiting) -> None:
    seen = await visit("/-/questions", java_script_enabled=False)
    response = await seen.page.request.post(
        f"{seen.server.url}/-/explorations/-/new.json",
        data={"title": "By hand"},
        headers={"Origin": seen.server.url},
    )
    await seen.goto((await response.json())["exploration"]["edit_url"])
    for text in ("First", "Second"):
        await seen.page.get_by_role("button", name="Write words here").first.click()
        await seen.page.get_by_role("textbox", name="Words, in Markdown").first.fill(text)
    await seen.page.get_by_role("button", name="Move down: ").first.click()
    words = seen.page.get_by_role("textbox", name="Words, in Markdown")
    await expect(words.first).to_have_value("First")
    await seen.page.get_by_role("button", name="Save", exact=True).click()
    await expect(words.nth(1)).to_have_value("Second")


@pytest.mark.parametrize("width", [320, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_editor_fits_and_can_be_read(
    visit: Visiting, scheme: Literal["light", "dark"], width: int
) -> None:
    viewport = {"width": width, "height": 900}
    seen = await begun(visit, "One", "Two", color_scheme=scheme, viewport=viewport)
    await expect(seen.page.get_by_role("cell", name="1", exact=True).first).to_be_visible()
    await seen.page.get_by_role("button", name="Write words here").first.click()
    await seen.page.keyboard.type("# Delays")
    for name in ("Parameters", "Suggest a title and headings"):
        await seen.page.locator("summary", has_text=name).click()
    await seen.page.locator(".block-body > .tools > details > summary").first.click()
    await saved(seen)
    await check(seen)
    await seen.page.get_by_role("link", name="History").click()
    await expect(seen.page.get_by_role("heading", name="All versions")).to_be_visible()
    await check(seen)


async def check(seen: Visit) -> None:
    assert not await seen.may_scroll_sideways()
    assert await seen.page.evaluate(LOW_CONTRAST) == []
    assert await seen.page.evaluate(NAMELESS) == []


async def test_a_long_title_is_seen_whole_on_a_phone(visit: Visiting) -> None:
    seen = await begun(visit)
    await seen.page.set_viewport_size({"width": 360, "height": 740})
    title = seen.page.get_by_role("textbox", name="Title", exact=True)
    height = "(each) => [each.clientHeight, each.scrollHeight]"
    await title.fill("Airlines")
    before, _ = await title.evaluate(height)
    await title.fill("Which airlines were late in winter, and by how many minutes each of them?")
    after, whole = await title.evaluate(height)
    assert after > 1.8 * before and whole <= after + 1
    await title.press("Enter")
    await saved(seen)
    assert "\n" not in await title.input_value()
    assert not await seen.may_scroll_sideways()
