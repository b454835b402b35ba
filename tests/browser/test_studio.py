"""The studio as a person has it: make, run, change, mend, compare, vote; two tabs; keyboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import Visit, Visiting
from playwright.async_api import FrameLocator, Locator, expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NEW = "/-/widgets/demo"
# Another one may be starting behind it.
SHOWN = "iframe:not(.widget-coming)"
WISH = "Delays by month, with a menu for the airline"


def studio(seen: Visit, number: int) -> Locator:
    return seen.page.locator(f'llm-tools-studio[data-number="{number}"]')


def frame(seen: Visit, place: int = 0) -> FrameLocator:
    return seen.page.locator("llm-tools-widget").nth(place).frame_locator(SHOWN)


def tab(seen: Visit, name: str) -> Locator:
    return seen.page.get_by_role("tab", name=name)


async def wish(seen: Visit, text: str) -> None:
    await seen.page.get_by_role("textbox", name=re.compile("show or do|different")).fill(text)
    await seen.page.keyboard.press("Enter")


async def made(visit: Visiting, text: str = WISH, **options: Any) -> Visit:
    """A visit at the page of a new widget."""
    seen = await visit(NEW, **options)
    await wish(seen, text)
    await expect(studio(seen, 1)).to_be_visible(timeout=30_000)
    return seen


async def run(seen: Visit) -> None:
    await seen.page.get_by_role("button", name="Run", exact=True).first.click()
    await expect(frame(seen).get_by_text("12 months")).to_be_visible(timeout=15_000)


async def saved(seen: Visit, fields: dict[str, Any], tail: str = "/-/edit.json") -> Any:
    """What another tab of the same person would send."""
    return await seen.page.request.post(f"{seen.page.url}{tail}", data=fields)


async def test_a_wish_is_made_run_changed_and_restored_by_keyboard_alone(visit: Visiting) -> None:
    seen = await visit(NEW)
    keys = seen.page.keyboard
    await expect(seen.page.locator("#prompt")).to_be_focused()
    await keys.type(WISH)
    await keys.press("Enter")
    # While it is written: the source streams beside the frame, Stop has the focus.
    await expect(seen.page.get_by_role("button", name="Stop")).to_be_focused()
    await expect(seen.page.get_by_role("textbox", name="Source")).to_have_value(re.compile("html"))
    await expect(studio(seen, 1)).to_be_visible(timeout=30_000)
    assert re.fullmatch(r"/-/widgets/demo/[0-9a-f]{24}", seen.page.url[len(seen.server.url) :])
    await seen.page.get_by_role("button", name="Run", exact=True).focus()
    await expect(frame(seen).get_by_text("Loading")).to_be_visible()  # no data before Run
    await keys.press("Enter")
    await expect(frame(seen).get_by_text("12 months")).to_be_visible()
    await seen.page.locator("#prompt").focus()
    await keys.type("make the bars red")
    await keys.press("Enter")
    await expect(studio(seen, 2)).to_be_visible(timeout=15_000)
    source = seen.page.locator("#source-text")
    await expect(source).to_have_value(re.compile("firebrick"))
    # A new version waits for its own Run, which has the focus.
    await expect(seen.page.get_by_role("button", name="Run", exact=True)).to_be_focused()
    await keys.press("Enter")
    await expect(frame(seen).get_by_text("12 months")).to_be_visible()
    await tab(seen, "Source").focus()
    for name in ("Queries", "Changes"):
        await keys.press("ArrowRight")
        await expect(tab(seen, name)).to_be_focused()
    await expect(seen.page.locator(".diff-added")).to_contain_text("firebrick")
    await keys.press("End")
    await expect(seen.page.get_by_role("tabpanel", name="History")).to_contain_text(
        "make the bars red"
    )
    await seen.page.get_by_role("button", name="Restore version 1").press("Enter")
    await expect(studio(seen, 1)).to_be_visible()
    # What has run once runs on.
    await expect(frame(seen).get_by_text("12 months")).to_be_visible()
    await expect(source).to_have_value(re.compile("steelblue"))


async def test_stop_keeps_what_was_written_and_the_prompt(visit: Visiting) -> None:
    seen = await visit(NEW)
    await wish(seen, "something slow")
    await expect(frame(seen).get_by_text("Delays by month")).to_be_visible(timeout=30_000)
    await seen.page.get_by_role("button", name="Stop").click()
    await expect(seen.page.get_by_text("What was written so far is kept")).to_be_visible()
    await expect(seen.page.locator("#prompt")).to_have_value("something slow")
    await seen.page.get_by_role("link", name="It is in your list").click()
    await seen.page.get_by_role("link", name=re.compile("Delays by month")).click()
    await expect(studio(seen, 1)).to_be_visible()


async def test_a_reply_that_is_no_widget_is_shown(visit: Visiting) -> None:
    seen = await visit(NEW)
    await wish(seen, "chatty")
    await expect(seen.page.get_by_role("alert")).to_contain_text("no HTML")
    await expect(seen.page.locator("#prompt")).to_be_focused()
    await seen.page.get_by_text("What the model wrote").click()
    await expect(seen.page.get_by_text("talk about the weather")).to_be_visible()


async def test_errors_of_a_new_version_mend_themselves_in_sight(visit: Visiting) -> None:
    seen = await visit(NEW)
    seen.watch.expect("missingFunction")
    await wish(seen, "a broken one")
    await expect(studio(seen, 1)).to_be_visible(timeout=30_000)
    faults = seen.page.get_by_role("region", name="Errors in the widget")
    await expect(faults).to_contain_text("missingFunction is not defined")
    await expect(faults).to_contain_text("mends this by itself (1 of at most 2)")
    await expect(studio(seen, 2)).to_be_visible(timeout=20_000)
    await expect(faults).to_be_hidden()
    await tab(seen, "History").click()
    await expect(seen.page.get_by_role("tabpanel", name="History")).to_contain_text("Mended")
    await run(seen)


async def test_mending_can_be_left_and_pressed(visit: Visiting) -> None:
    seen = await visit(NEW)
    seen.watch.expect("missingFunction")
    await wish(seen, "a broken one")
    await seen.page.get_by_role("button", name="Leave it as it is").click(timeout=30_000)
    await expect(seen.page.get_by_text("Left as it is.")).to_be_visible()
    # A page that is opened again mends nothing unasked.
    await seen.page.reload()
    faults = seen.page.get_by_role("region", name="Errors in the widget")
    await expect(faults).to_contain_text("missingFunction")
    await expect(faults).not_to_contain_text("by itself")
    await faults.get_by_role("button", name="Mend", exact=True).press("Enter")
    await expect(studio(seen, 2)).to_be_visible(timeout=20_000)


async def test_edits_by_hand_are_a_version(visit: Visiting) -> None:
    seen = await made(visit)
    source = seen.page.locator("#source-text")
    await source.fill("<h1>By hand</h1>")
    await expect(seen.page.get_by_role("button", name="Undo my edits")).to_be_visible()
    await source.press("Control+s")
    await expect(studio(seen, 2)).to_be_visible()
    await expect(frame(seen).get_by_role("heading")).to_have_text("By hand")
    await source.fill("<h1>Gone again")
    await seen.page.get_by_role("button", name="Undo my edits").click()
    await expect(source).to_have_value("<h1>By hand</h1>")


async def test_a_wish_keeps_edits_that_were_not_saved(visit: Visiting) -> None:
    seen = await made(visit)
    source = seen.page.locator("#source-text")
    text = await source.input_value()
    await source.fill(text.replace("<h1>Delays", "<h1>All delays"))
    await wish(seen, "make the bars red")
    await expect(studio(seen, 3)).to_be_visible(timeout=15_000)
    value = await source.input_value()
    assert "<h1>All delays" in value and "firebrick" in value


async def test_of_two_tabs_the_second_is_told_and_loses_nothing(visit: Visiting) -> None:
    seen = await made(visit)
    # The browser logs the answer 409 as an error.
    seen.watch.expect("409")
    other = await saved(seen, {"source": "<h1>The other tab</h1>", "parent": "1"})
    assert other.ok
    await seen.page.locator("#source-text").fill("<h1>This tab</h1>")
    await seen.page.get_by_role("button", name="Save as a new version").click()
    await expect(seen.page.get_by_text("Version 2 was saved meanwhile")).to_be_visible()
    await expect(studio(seen, 3)).to_be_visible()
    await expect(seen.page.locator("#source-text")).to_have_value("<h1>This tab</h1>")
    await seen.page.get_by_role("button", name="Show version 3 from now on").click()
    await expect(seen.page.get_by_text("version 3 of 3")).to_be_visible()


async def test_two_variants_are_compared_live_and_voted_on(visit: Visiting) -> None:
    seen = await visit(NEW)
    await seen.page.get_by_role("switch", name="Two variants").check()
    await expect(seen.page.get_by_label("Second model")).to_have_value("scripted-too")
    await wish(seen, WISH)
    await expect(seen.page.get_by_text("Left: Delays by month")).to_be_visible()
    await expect(seen.page.get_by_text("Right: Delays by month")).to_be_visible()
    await seen.page.wait_for_url("**/compare?*", timeout=30_000)
    await expect(seen.page.get_by_text("scripted", exact=False)).to_have_count(0)
    for place in (0, 1):
        widget = seen.page.locator("llm-tools-widget").nth(place)
        await widget.get_by_role("button", name="Run", exact=True).click()
        await expect(frame(seen, place).get_by_text("12 months")).to_be_visible()
    await seen.page.get_by_role("button", name="Right is better").press("Enter")
    await expect(seen.page.get_by_role("button", name="Right is better")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(seen.page.get_by_text("scripted-too · ")).to_be_visible()
    shown = seen.page.get_by_role("region").nth(1).get_by_text("shown", exact=True)
    await expect(shown).to_be_visible()


async def test_two_variants_of_a_change_wait_for_a_vote(visit: Visiting) -> None:
    seen = await made(visit)
    await seen.page.get_by_role("switch", name="Two variants").check()
    await wish(seen, "make the bars red")
    await expect(seen.page.get_by_role("button", name="Stop")).to_be_focused()
    await seen.page.wait_for_url("**/compare?*", timeout=30_000)
    await expect(seen.page.get_by_role("group", name="Your vote")).to_be_visible()
    await seen.page.get_by_role("link", name="Back to the widget").click()
    await expect(seen.page.get_by_text("version 1 of 3")).to_be_visible()


async def test_a_widget_says_when_its_data_are_not_what_it_was_made_for(visit: Visiting) -> None:
    seen = await made(visit)
    source = (
        "<h1>Mixed</h1><script>datasette.rows('mixed', {mode: 'b'})"
        ".then((rows) => document.body.append(rows[0].value));</script>"
    )
    sql = "select case :mode when 'a' then 1 else 'one' end as value"
    queries = f"```query mixed(mode text = 'a')\n{sql}\n```"
    assert (await saved(seen, {"source": source, "queries": queries})).ok
    await seen.page.reload()
    await seen.page.get_by_role("button", name="Run", exact=True).click()
    warning = seen.page.get_by_text("The data is not what this widget was made for.")
    await expect(warning).to_be_visible()
    await expect(seen.page.get_by_text("when the widget was made it held")).to_be_visible()


async def test_sharing_copying_and_deleting(visit: Visiting) -> None:
    seen = await made(visit)
    await run(seen)
    await seen.page.get_by_text("Share", exact=True).click()
    await expect(seen.page.get_by_text("look through the source")).to_be_visible()
    await seen.page.get_by_role("button", name="Share it").click()
    await expect(seen.page.locator(".nav-line").get_by_text("shared")).to_be_visible()
    other = await visit(seen.page.url[len(seen.server.url) :])
    await expect(frame(other).get_by_text("12 months")).to_be_visible()
    await expect(other.page.locator("#prompt")).to_have_count(0)
    await other.page.get_by_role("button", name="Make a copy of my own").click()
    await expect(other.page.get_by_role("heading", name="Copy of Delays by month")).to_be_visible()
    await expect(other.page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    await other.page.locator("summary", has_text="Delete").click()
    await other.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(other.page.get_by_text("was deleted")).to_be_visible()


async def test_on_a_narrow_screen_the_preview_is_a_tab(visit: Visiting) -> None:
    seen = await made(visit, viewport={"width": 360, "height": 780})
    await run(seen)
    await tab(seen, "Source").click()
    await expect(seen.page.locator("#source-text")).to_be_visible()
    await expect(frame(seen).get_by_text("12 months")).to_be_hidden()
    await tab(seen, "Preview").click()
    # It went on meanwhile: nothing was loaded again.
    await expect(frame(seen).get_by_text("12 months")).to_be_visible()
    await seen.page.set_viewport_size({"width": 1300, "height": 780})
    await expect(tab(seen, "Preview")).to_be_hidden()
    await expect(seen.page.locator("#source-text")).to_be_visible()


async def test_the_studio_can_be_read_without_javascript(visit: Visiting) -> None:
    seen = await made(visit)
    path = seen.page.url[len(seen.server.url) :]
    plain = await visit(path, actor=seen.actor, java_script_enabled=False)
    for name in ("Source", "Queries", "Changes", "History"):
        await expect(plain.page.get_by_role("heading", name=name)).to_be_visible()
    await expect(plain.page.locator("#source-text")).to_have_value(re.compile("steelblue"))
    await expect(plain.page.get_by_text("The live widget needs JavaScript")).to_be_visible()
