"""What a person does who reviews a run: keys, corrections, order, and where values come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from server import Server, start_server
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

COMMENTS = "/-/enrichments/demo/passenger_comments"
FORM = {
    "template": "What mood is this? {{ comment }}",
    "output_name_0": "mood",
    "output_type_0": "label",
    "output_labels_0": "glad, sad",
    "output_name_1": "mood_words",
    "output_type_1": "text",
}


@pytest.fixture
def enriched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: these tests write to its databases."""
    running = start_server(tmp_path_factory.mktemp("reviewed"))
    yield running
    running.stop()


async def a_run(seen: Visit, **changes: str) -> str:
    """Start a run over twelve comments, wait for its end, and return its address."""
    form = {name: value for name, value in FORM.items() if not name.endswith("_1")} | changes
    answer = await seen.page.request.post(
        f"{seen.server.url}{COMMENTS}/-/start?id__lte=12",
        form=form,
        headers={"accept": "application/json"},
    )
    started = await answer.json()
    assert answer.status == 201, started
    url = str(started["url"])
    for _ in range(200):
        run = await (await seen.page.request.get(f"{seen.server.url}{url}.json")).json()
        if run["status"] == "done":
            return url
        await seen.page.wait_for_timeout(50)
    raise AssertionError(run)


async def key_of(seen: Visit) -> str:
    return await seen.page.locator("input[name=key]").input_value()


async def moods(seen: Visit) -> dict[int, str]:
    """The column as Datasette shows it."""
    url = f"{seen.server.url}/demo/passenger_comments.json?_shape=array&id__lte=12&_size=20"
    rows: list[dict[str, Any]] = await (await seen.page.request.get(url)).json()
    return {row["id"]: row["mood"] for row in rows}


async def pressed(seen: Visit, key: str) -> None:
    """Press a key that leads to another page, and wait for it."""
    async with seen.page.expect_navigation():
        await seen.page.keyboard.press(key)
    await seen.page.wait_for_selector("llm-tools-review:defined")


async def test_rows_are_reviewed_by_keys_alone(visit: Visiting, enriched: Server) -> None:
    seen = await visit("/-/enrichments", on=enriched)
    url = await a_run(seen)
    await seen.goto(url)
    await seen.page.get_by_role("link", name="Review results").click()
    first = await key_of(seen)
    await pressed(seen, "a")
    await expect(seen.page.locator(".accuracies dd")).to_contain_text("1 of 1")
    second = await key_of(seen)
    assert second != first
    await pressed(seen, "r")
    await expect(seen.page.locator(".accuracies dd")).to_contain_text("50% 1 of 2")
    third, number = await key_of(seen), json.loads(await key_of(seen))[0]
    before = (await moods(seen))[number]
    await seen.page.keyboard.press("e")
    select = seen.page.get_by_role("combobox", name="mood")
    await expect(select).to_be_focused()
    other = "sad" if before == "glad" else "glad"
    await select.select_option(other)
    await expect(seen.page.get_by_role("button", name=re.compile("Accept"))).to_be_disabled()
    await pressed(seen, "Enter")
    assert (await moods(seen))[number] == other
    await expect(seen.page.locator(".accuracies dd")).to_contain_text("1 of 3")
    fourth = await key_of(seen)
    await pressed(seen, "n")
    assert await key_of(seen) not in (first, second, third, fourth)
    await pressed(seen, "p")
    assert await key_of(seen) == fourth
    await pressed(seen, "ArrowLeft")
    assert await key_of(seen) == third
    await expect(seen.page.get_by_text("corrected", exact=True)).to_be_visible()


async def test_letters_that_are_typed_review_nothing(visit: Visiting, enriched: Server) -> None:
    seen = await visit("/-/enrichments", on=enriched)
    url = await a_run(seen)
    await seen.goto(f"{url}/-/review")
    key = await key_of(seen)
    await seen.page.get_by_role("combobox", name="mood").focus()
    for letter in ("a", "r", "n", "p"):
        await seen.page.keyboard.press(letter)
    await seen.page.keyboard.press("Escape")
    for keys in ("Control+a", "Alt+r", "Meta+n"):
        await seen.page.keyboard.press(keys)
    await seen.page.get_by_label("Letters work as keys").uncheck()
    await seen.page.locator("h1").click()
    for letter in ("a", "r", "n"):
        await seen.page.keyboard.press(letter)
    await seen.page.reload()
    assert not await seen.page.get_by_label("Letters work as keys").is_checked()
    await seen.page.keyboard.press("a")
    await seen.page.wait_for_timeout(200)
    assert await key_of(seen) == key
    await expect(seen.page.locator(".accuracies dd")).to_contain_text("0 of 0")


async def test_without_javascript_everything_is_a_form(visit: Visiting, enriched: Server) -> None:
    seen = await visit("/-/enrichments", on=enriched, java_script_enabled=False)
    url = await a_run(seen)
    await seen.goto(f"{url}/-/review")
    number = json.loads(await key_of(seen))[0]
    other = "sad" if (await moods(seen))[number] == "glad" else "glad"
    await seen.page.get_by_role("combobox", name="mood").select_option(other)
    seen.watch.expect("400")
    await seen.page.get_by_role("button", name="Accept").click()
    await expect(seen.page.get_by_role("alert")).to_contain_text("mood was changed")
    await seen.page.get_by_role("button", name="Save correction").click()
    assert (await moods(seen))[number] == other
    await seen.page.get_by_role("button", name="Reject").click()
    await seen.page.get_by_role("button", name="Accept").click()
    await expect(seen.page.locator(".accuracies dd")).to_contain_text("1 of 3")
    await seen.page.get_by_role("link", name="glad").click()
    await expect(seen.page.get_by_text("Only those with one label")).to_be_visible()


async def test_from_a_row_to_where_its_values_come_from(visit: Visiting, enriched: Server) -> None:
    seen = await visit("/-/enrichments", on=enriched)
    url = await a_run(seen)
    await seen.goto(f"{url}/-/review")
    number = json.loads(await key_of(seen))[0]
    await pressed(seen, "a")
    await seen.goto(f"/demo/passenger_comments/{number}")
    await (
        seen.page.get_by_text("Row actions")
        .or_(seen.page.locator(".actions-menu-links summary"))
        .first.click()
    )
    await seen.page.get_by_text("Where values come from").click()
    await expect(seen.page.get_by_role("heading", level=1)).to_contain_text(f"row {number}")
    await expect(seen.page.get_by_text(re.compile("accepted by person")).first).to_be_visible()
    await seen.page.get_by_text("The prompt").click()
    await expect(seen.page.get_by_text("This is what was sent")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_and_can_be_read(
    visit: Visiting, enriched: Server, scheme: Literal["light", "dark"], width: int
) -> None:
    size: Any = {"width": width, "height": 800}
    seen = await visit("/-/enrichments", on=enriched, color_scheme=scheme, viewport=size)

    async def check() -> None:
        assert not await seen.may_scroll_sideways()
        assert await seen.page.evaluate(LOW_CONTRAST) == []

    url = await a_run(seen)
    await seen.goto(f"{url}/-/review")
    await check()
    key = await key_of(seen)
    await pressed(seen, "a")
    await seen.goto(f"{url}/-/review?at={key}")
    await check()
    await seen.goto(f"{url}/-/labelled")
    await check()
    await seen.goto(f"{COMMENTS}/-/row?key={key}")
    await seen.page.get_by_text("The prompt").click()
    await check()
