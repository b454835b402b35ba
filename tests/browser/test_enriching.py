"""What a person does who enriches a table: form, preview, Start, watching, pausing, undoing."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
import urllib.error
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any, Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from server import Server, start_server
from test_asking import until_closed
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENRICH = "/-/enrichments/demo"
TABLES = 30
_numbers = count()
NAMELESS = """() => [...document.querySelectorAll(
        "section.content :is(button, input:not([type=hidden]), select, textarea, [tabindex])"
    )].filter((each) => each.checkVisibility() && !each.labels?.length
        && !each.textContent.trim() && !each.getAttribute("aria-label"))
    .map((each) => each.outerHTML)"""


@pytest.fixture(scope="module")
def enriched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, with a table of comments for each test to write to."""
    folder = tmp_path_factory.mktemp("enriched")
    running = start_server(folder)
    connection = sqlite3.connect(folder / "demo.db")
    with connection:
        for number in range(TABLES):
            name = f"comments_{number}"
            connection.execute(
                f"create table {name} (id integer primary key, rating integer, comment text)"
            )
            connection.execute(
                f"insert into {name} select id, rating, comment from passenger_comments"
            )
    connection.close()
    for _ in range(300):  # Datasette looks for new tables once a second
        with suppress(urllib.error.HTTPError):
            running.json("/-/enrichments/demo/comments_0.json")
            break
        time.sleep(0.1)
    yield running
    running.stop()


@pytest.fixture
def table() -> str:
    """The name of a table that no other test uses."""
    return f"comments_{next(_numbers)}"


async def filled(seen: Visit, output: str = "mood") -> None:
    """Fill in the free form: a label for each comment."""
    page = seen.page
    await page.get_by_label("Prompt for each row").fill("What mood is this? ")
    await page.get_by_role("button", name="{{ comment }}").click()
    await page.get_by_label("Name", exact=True).fill(output)
    await page.get_by_label("Type").select_option("label")
    await page.get_by_label(re.compile("^Labels")).fill("glad, sad")


async def previewed(seen: Visit) -> None:
    await seen.page.get_by_role("button", name="Preview", exact=True).click()
    await expect(seen.page.get_by_role("heading", name="Preview")).to_be_focused()


async def started(seen: Visit, **limits: str) -> None:
    """Preview, set limits by their labels, and start."""
    await filled(seen)
    await previewed(seen)
    for label, value in limits.items():
        await seen.page.get_by_label(label.replace("_", " "), exact=True).fill(value)
    await seen.page.get_by_role("button", name="Start").click()
    await seen.page.wait_for_url("**/-/runs/demo/*")


async def is_done(seen: Visit, status: str = "done") -> None:
    await seen.page.wait_for_selector(f"llm-tools-run[data-status={status}]", timeout=60_000)


async def test_from_a_filtered_table_to_results_in_it(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"/demo/{table}?rating__gt=4", on=enriched)
    # Datasette's own pages are not ours to keep silent.
    await (
        seen.page.get_by_text("Table actions")
        .or_(seen.page.locator(".actions-menu-links summary"))
        .first.click()
    )
    await (
        seen.page.get_by_role("menuitem", name=re.compile("Enrich these rows"))
        .or_(seen.page.get_by_role("link", name=re.compile("Enrich these rows")))
        .first.click()
    )
    await expect(seen.page.locator(".lead")).to_contain_text("rows where rating > 4")
    await filled(seen)
    assert await seen.page.get_by_label("Prompt for each row").input_value() == (
        "What mood is this? {{ comment }}"
    )
    await previewed(seen)
    preview = seen.page.get_by_role("region", name="Previewed rows")
    await expect(preview.locator("tbody tr")).to_have_count(5)
    await expect(preview.locator("tbody tr").first).to_contain_text("unknown")
    await expect(preview.locator("td.input").first).not_to_be_empty()
    await preview.get_by_text("Show").first.click()
    await expect(preview.locator("tr").nth(1).locator(".message pre").last).to_contain_text(
        "What mood is this?"
    )
    await expect(seen.page.locator(".estimate")).to_contain_text("about")
    await seen.page.get_by_role("button", name="Start").click()
    await seen.page.wait_for_url("**/-/runs/demo/*")
    await is_done(seen)
    await expect(seen.page.locator("progress")).to_have_attribute("value", "1.0000")
    await expect(seen.page.locator(".fact-failed dd")).not_to_have_text("0")
    await expect(seen.page.locator(".faults a").first).to_be_visible()
    await seen.goto(f"/demo/{table}.json?mood=glad&_shape=array")
    assert '"mood": "glad"' in await seen.page.content()


async def test_outputs_are_added_and_removed_in_place(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    page = seen.page
    await filled(seen)
    await page.get_by_role("button", name="Add an output").click()
    second = page.get_by_role("group", name="Output 2")
    await expect(second.get_by_label("Name", exact=True)).to_be_focused()
    await second.get_by_label("Name", exact=True).fill("stars")
    await second.get_by_label("Type").select_option("integer")
    await expect(second.get_by_label("At least")).to_be_visible()
    await expect(second.get_by_label(re.compile("^Labels"))).to_be_hidden()
    await page.get_by_role("group", name="Output 1").get_by_role("button", name="Remove").click()
    only = page.get_by_role("group", name="Output 1")
    await expect(only.get_by_label("Name", exact=True)).to_have_value("stars")
    await expect(only.get_by_role("button", name="Remove")).to_be_hidden()
    await expect(page.get_by_role("group", name="Output 2")).to_have_count(0)


async def test_a_form_that_changed_is_previewed_again(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    await filled(seen)
    await previewed(seen)
    start = seen.page.get_by_role("button", name="Start")
    await seen.page.get_by_label("Rows at once").fill("3")
    await expect(start).to_be_enabled()
    await seen.page.get_by_label("Prompt for each row").press("End")
    await seen.page.keyboard.type("!")
    await expect(start).to_be_disabled()
    await expect(seen.page.get_by_role("status").first).to_contain_text("preview again")
    await previewed(seen)
    await expect(start).to_be_enabled()
    await expect(seen.page.get_by_label("Rows at once")).to_have_value("3")


async def test_other_rows_are_previewed(visit: Visiting, enriched: Server, table: str) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    await filled(seen)
    await previewed(seen)
    rows = seen.page.get_by_role("region", name="Previewed rows").locator("td:first-child")
    before = await rows.all_inner_texts()
    await seen.page.get_by_role("button", name="Preview these again").click()
    await expect(seen.page.locator("[aria-busy]")).to_have_count(0)
    assert await rows.all_inner_texts() == before
    await seen.page.get_by_role("button", name="Preview other rows").click()
    await expect(rows.first).not_to_have_text(before[0])


async def test_a_preview_is_stopped_with_the_model(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    seen.watch.expect("ERR_ABORTED")
    await filled(seen)
    await seen.page.get_by_label("Prompt for each row").fill("Tell slowly: {{ comment }}")
    asked = len(enriched.json("/-/scripted")["prompts"])
    closed = enriched.json("/-/scripted")["closed"]
    await seen.page.get_by_role("button", name="Preview", exact=True).click()
    for _ in range(600):
        if len(enriched.json("/-/scripted")["prompts"]) > asked:
            break
        await asyncio.sleep(0.05)
    await seen.page.get_by_role("button", name="Stop").click()
    await expect(seen.page.locator("p[data-part=status]")).to_contain_text("nothing was written")
    await until_closed(enriched, closed)


async def test_a_mistake_is_said_and_nothing_is_lost(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    seen.watch.expect("status of 400")
    await filled(seen)
    await seen.page.get_by_label("Prompt for each row").fill("{{ coment }}")
    await seen.page.get_by_role("button", name="Preview", exact=True).click()
    await expect(seen.page.locator("p[data-part=status]")).to_contain_text("coment")
    await expect(seen.page.get_by_label("Prompt for each row")).to_have_value("{{ coment }}")


async def test_an_existing_column_is_confirmed_by_its_name(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    await filled(seen, "mood")
    await seen.page.get_by_label("Name", exact=True).fill("rating")
    await previewed(seen)
    await seen.page.get_by_role("button", name="Start").click()
    box = seen.page.get_by_label(re.compile("Overwrite what rating holds"))
    await expect(box).to_be_focused()
    assert "/-/runs/" not in seen.page.url


async def test_pause_resume_limits_and_cancel(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    await started(seen, Rows_at_once="1", Rows_a_second="20")
    page = seen.page
    await page.wait_for_selector("llm-tools-run[data-status=running]")
    await page.get_by_role("button", name="Pause").click()
    await is_done(seen, "paused")
    await expect(page.get_by_role("button", name="Resume")).to_be_focused()
    await page.get_by_text("Change the limits").click()
    await page.get_by_label("Rows a second").fill("10")
    await page.get_by_role("button", name="Change", exact=True).click()
    await expect(page.locator(".message-info")).to_contain_text("limits were changed")
    await page.get_by_role("button", name="Resume").click()
    await page.wait_for_selector("llm-tools-run[data-status=running]")
    settled = page.locator(".fact-settled dd")
    first = await settled.inner_text()
    await expect(settled).not_to_have_text(first)
    await page.get_by_role("button", name="Cancel").click()
    await is_done(seen, "cancelled")


async def test_undo_says_what_it_does_and_asks(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    await started(seen, Rows="20")
    await is_done(seen)
    await seen.page.get_by_text("Undo this run").click()
    await expect(seen.page.locator("#run-undo p")).to_contain_text("removes the column mood")
    await seen.page.get_by_role("button", name="Undo it").click()
    await is_done(seen, "undone")
    await expect(seen.page.locator(".message-info")).to_contain_text("Removed: mood")


async def test_stale_rows_are_counted_beside_their_link(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}?rating=5", on=enriched)
    await started(seen)
    await is_done(seen)
    await expect(seen.page.get_by_role("link", name="Rows that changed since (0)")).to_be_visible()


async def test_an_open_fold_is_not_closed_by_progress(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}", on=enriched)
    await started(seen, Rows_a_second="20")
    await seen.page.get_by_text("Change the limits").click()
    await seen.page.get_by_label("Rows at once").fill("7")
    settled = seen.page.locator(".fact-settled dd")
    first = await settled.inner_text()
    await expect(settled).not_to_have_text(first)
    await expect(seen.page.get_by_label("Rows at once")).to_have_value("7")
    await expect(seen.page.get_by_role("status").first).to_contain_text("Running.")


async def test_without_javascript_everything_works(
    visit: Visiting, enriched: Server, table: str
) -> None:
    seen = await visit(f"{ENRICH}/{table}?rating=1", on=enriched, java_script_enabled=False)
    page = seen.page
    await page.get_by_label("Prompt for each row").fill("Mood? {{ comment }}")
    await page.get_by_role("button", name="Add an output").click()
    await expect(page.get_by_role("group", name="Output 2")).to_be_visible()
    await page.get_by_role("button", name="Remove output 2").click()
    await expect(page.get_by_role("group", name="Output 2")).to_have_count(0)
    await page.get_by_label("Name", exact=True).fill("mood")
    await page.get_by_label("Type").select_option("label")
    await page.get_by_label(re.compile("^Labels")).fill("glad, sad")
    await page.get_by_label("Name", exact=True).press("Enter")
    await expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    await page.get_by_role("button", name="Start").click()
    await page.wait_for_url("**/-/runs/demo/*")
    for _ in range(100):
        if await page.get_by_text("Look again").count() == 0:
            break
        await page.get_by_text("Look again").click()
    await expect(page.locator(".headline")).to_contain_text("Done.")
    await page.get_by_text("Undo this run").click()
    await page.get_by_role("button", name="Undo it").click()
    await expect(page.locator(".headline")).to_contain_text("Undone")


async def test_with_the_keyboard_alone(visit: Visiting, enriched: Server, table: str) -> None:
    seen = await visit(f"{ENRICH}/{table}?rating=3", on=enriched)
    page = seen.page
    await page.get_by_label("Prompt for each row").focus()
    await page.keyboard.type("Mood? {{ comment }}")
    await page.get_by_label("Name", exact=True).focus()
    await page.keyboard.type("mood")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Preview")).to_be_focused()
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.dataset.part") == "start":
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/-/runs/demo/*")
    await is_done(seen)


async def test_hostile_names_and_cells_stay_text(visit: Visiting, enriched: Server) -> None:
    seen = await visit("/-/enrichments/hostile/hostile", on=enriched)
    await seen.page.get_by_label("Prompt for each row").fill("Look: ")
    await seen.page.get_by_role("button", name=re.compile("onerror")).click()
    await seen.page.get_by_label("Name", exact=True).fill("mood")
    await previewed(seen)
    await seen.page.get_by_text("Show", exact=False).first.click()
    assert await seen.page.evaluate("window.harmed") is None


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_and_can_be_read(
    visit: Visiting, enriched: Server, table: str, scheme: Literal["light", "dark"], width: int
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    seen = await visit(f"{ENRICH}/{table}", on=enriched, **look)

    async def check() -> None:
        assert not await seen.may_scroll_sideways()
        assert await seen.page.evaluate(LOW_CONTRAST) == []
        assert await seen.page.evaluate(NAMELESS) == []

    await check()
    await filled(seen)
    await seen.page.get_by_text("Advanced settings").click()
    await previewed(seen)
    await seen.page.get_by_text("Show").first.click()
    await check()
    await seen.page.get_by_label("Rows", exact=True).fill("150")
    await seen.page.get_by_role("button", name="Start").click()
    await seen.page.wait_for_url("**/-/runs/demo/*")
    await check()
    await is_done(seen)
    for folded in ("Run again", "Undo this run", "What is asked of each row"):
        await seen.page.get_by_text(folded, exact=True).click()
        await check()
    run = seen.page.url.removeprefix(enriched.url)
    for path in (
        f"{run}/-/results",
        f"{run}/-/stale",
        "/-/enrichments",
        f"{ENRICH}/{table}?_form=classify",
        f"{ENRICH}/{table}?_form=describe",
    ):
        await seen.goto(path)
        await check()
