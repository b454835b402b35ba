"""Floods and freezes: a widget that sends too much or never ends is removed, and its page goes on.

How long the page stood still is measured by the browser itself, as its longest task; a machine
that is busy with something else may need a second try.
"""

from __future__ import annotations

import asyncio

import pytest
from conftest import Visiting
from playwright.async_api import expect
from widget_lab_page import (
    lab,
    longest_stall,
    messages,
    open_widget,
    reasons,
    said,
    show_raw,
    until,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MOST_STALL_MS = 300
MANY = "It sent too many messages."
TREE = "let t = 1; for (let i = 0; i < 17; i++) t = [t, t];"  # as JSON, 260,000 numbers

# What is sent and how it ends. Each goes on until the frame is gone.
FLOODS = {
    "port": ("setInterval(() => port1.postMessage({kind: 'size', value: count++}), 1)", MANY),
    "large": (
        "const x = 'x'.repeat(2e6); for (let i = 0; i < 400; i++) parent.postMessage(x, '*')",
        MANY,
    ),
    "trees": (f"{TREE} for (let i = 0; i < 60; i++) parent.postMessage(t, '*')", MANY),
    "ports": (
        "for (let i = 0; i < 2000; i++) parent.postMessage(1, '*', [new MessageChannel().port1])",
        MANY,
    ),
    "pongs": ("setInterval(() => port1.postMessage({kind: 'pong', value: count++}), 1)", MANY),
    "errors": ("setInterval(() => say('x'.repeat(1e5)), 1)", MANY),
    "nested": (
        "const f = document.createElement('iframe'); f.srcdoc = '<script>setInterval(() => "
        "top.postMessage(1, \"*\"), 1)</' + 'script>'; document.body.append(f)",
        MANY,
    ),
    "gone": (
        "setInterval(() => { const f = document.createElement('iframe'); f.srcdoc = '<script>"
        "for (let i = 0; i < 20; i++) top.postMessage(1, \"*\")</' + 'script>';"
        "f.onload = () => f.remove(); document.body.append(f) }, 5)",
        MANY,
    ),
    "rows": (
        "for (let id = 0; id < 3; id++) port1.postMessage({kind: 'rows', value: {id, query: 'x'}})",
        "It asked for too many rows at the same time.",
    ),
}
FREEZES = {
    "loop": "for (;;);",
    "microtasks": "const again = () => Promise.resolve().then(again); again()",
    "dom": "for (;;) document.body.append(document.createElement('p'))",
    "sync": "for (;;) { try { const x = new XMLHttpRequest(); x.open('GET', '/', false); x.send() }"
    " catch {} }",
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_removes_the_widget(visit: Visiting, name: str) -> None:
    script, why = FLOODS[name]
    for _ in range(3):
        page = await lab(visit)
        await page.page.evaluate("document.querySelector('llm-tools-widget').dataset.rowsUrl = ''")
        await show_raw(page, script)
        assert (await reasons(page))["Widget"] == why
        await asyncio.sleep(0.3)  # what was on its way arrives
        if await longest_stall(page) <= MOST_STALL_MS:
            return
    raise AssertionError(f"The page stood still for {await longest_stall(page):.0f} ms.")


async def test_a_flood_stops_no_other_widget(visit: Visiting) -> None:
    page = await lab(visit)
    await show_raw(page, "", title="quiet")
    await show_raw(page, FLOODS["port"][0], title="flood")
    assert (await reasons(page)).keys() == {"flood"}
    await asyncio.sleep(0.3)
    assert [each["title"] for each in await said(page, "stopped")] == ["flood"]


@pytest.mark.parametrize("name", FREEZES)
async def test_a_widget_that_never_ends_is_removed(visit: Visiting, name: str) -> None:
    script = f"setTimeout(() => {{ {FREEZES[name]} }}, 50)"
    for _ in range(3):
        page = await lab(visit)
        await show_raw(page, script)
        await asyncio.sleep(0.5)
        box = page.page.get_by_label("Prompt")
        await box.fill("the page goes on")
        await expect(box).to_have_value("the page goes on")
        assert "4 seconds" in (await reasons(page))["Widget"]
        if await longest_stall(page) <= MOST_STALL_MS:
            break
    else:
        raise AssertionError(f"The page stood still for {await longest_stall(page):.0f} ms.")


async def test_a_stopped_widget_starts_again_when_told(visit: Visiting) -> None:
    page = await open_widget(
        visit,
        "<p>x</p><script>datasette.rows('air').then(() => { for (;;); })</script>",
        [("air", "select carrier from airlines limit 2", [])],
    )
    await reasons(page)
    await page.page.get_by_role("button", name="Start again").click()
    await until(page, "said.ready.length > 2")
    assert await page.page.locator("llm-tools-widget iframe").count() == 1


async def test_a_widget_that_asks_a_lot_by_the_bridge_waits_and_is_answered(
    visit: Visiting,
) -> None:
    page = await open_widget(
        visit,
        """<p id=out></p><script>
        const all = Array.from({length: 600}, () => datasette.rows("air"));
        Promise.allSettled(all).then((each) => console.log(each.length));
        Promise.allSettled(all.slice(-3)).then((each) =>
          console.error(String(each.map((one) => one.reason.message))));
        Promise.all(all.slice(0, 40)).then((each) =>
          document.getElementById("out").textContent = each.map((one) => one.length).join());
        </script>""",
        [("air", "select carrier from airlines limit 2", [])],
    )
    page.watch.expect("Too many requests|requests for rows")
    assert "Too many requests" in (await messages(page))[0]
    out = page.page.frame_locator("llm-tools-widget iframe").locator("#out")
    await expect(out).to_have_text(",".join(["2"] * 40))
    assert await said(page, "stopped") == []
