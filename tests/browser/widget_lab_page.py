"""A page with a widget in it, for tests: put a document into its frame and see what it comes to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from conftest import Visit, Visiting

# A document without bridge says hello itself; `say` reports to the page, as an error's text.
HELLO = """<!doctype html><title>x</title><body><script>
const {port1, port2} = new MessageChannel();
const token = new URLSearchParams(location.search).get("t");
parent.postMessage({kind: "llm-tools-hello", token}, "*", [port2]);
let count = 0;
const say = (message) => port1.postMessage({kind: "error", value: {kind: "lab", message}});
port1.onmessage = ({data}) => {
  if (data.kind === "ping" && !window.isDead) port1.postMessage({kind: "pong", value: data.value});
};
addEventListener("error", ({message}) => say("error: " + message));
addEventListener("unhandledrejection", ({reason}) => say("rejection: " + reason));
</script>"""
RECORD = """() => {
  window.said = {};
  for (const name of ["error", "stopped", "ready", "run", "changed", "refused"]) {
    said[name] = [];
    addEventListener("widget-" + name, ({detail, target}) =>
      said[name].push({...detail, title: target.dataset.title}));
  }
  window.stall = 0;
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) stall = Math.max(stall, each.duration);
  }).observe({entryTypes: ["longtask"]});
}"""
SHOW = """async ([html, title]) => {
  const headers = {"content-type": "application/json"};
  const body = JSON.stringify({html});
  const response = await fetch("/-/lab/mint", {method: "POST", headers, body});
  const all = [...document.querySelectorAll("llm-tools-widget")];
  let element = title ? all.find((each) => each.dataset.title === title) : all[0];
  if (!element) {
    element = document.createElement("llm-tools-widget");
    element.dataset.title = title;
    all.at(-1).after(element);
  }
  element.show(await response.json());
}"""


async def lab(visit: Visiting, **options: Any) -> Visit:
    """The page with an empty place for a widget."""
    visited = await visit("/-/lab", **options)
    visited.watch.expect("")  # what a hostile document does is not quiet
    await visited.page.evaluate(RECORD)
    return visited


async def show_raw(visited: Visit, script: str, *, markup: str = "", title: str = "") -> None:
    """Show a document that says hello itself and then does what it likes.

    With a title it has an element of its own, beside others.
    """
    html = f"{HELLO}{markup}<script>{script}</script>"
    await visited.page.evaluate(SHOW, [html, title])


async def open_widget(
    visit: Visiting,
    html: str,
    queries: Sequence[tuple[str, str, list[list[Any]]]] = (),
    *,
    run: bool = True,
    **options: Any,
) -> Visit:
    """A page with a widget that went the way of all widgets, and was run."""
    visited = await visit("/-/lab", **options)
    response = await visited.page.request.post(
        f"{visited.server.url}/-/lab/keep",
        data=json.dumps({"html": html, "queries": queries}),
        headers={"content-type": "application/json", "origin": visited.server.url},
    )
    await visited.page.add_init_script(f"({RECORD})()")
    await visited.goto(f"/-/lab?widget={(await response.json())['id']}")
    if run:
        await visited.page.get_by_role("button", name="Run", exact=True).click()
        await until(visited, "said.run.length > 0 && said.ready.length > 1")
    return visited


async def until(visited: Visit, condition: str) -> None:
    """Wait for something in the page, whose policy forbids what Playwright does for that."""
    for _ in range(600):
        if await visited.page.evaluate(condition):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{condition} never came; said: {await visited.page.evaluate('said')}")


async def said(visited: Visit, event: str) -> list[Any]:
    """The details of an event of the element, so far."""
    found: list[Any] = await visited.page.evaluate("(name) => said[name]", event)
    return found


async def messages(visited: Visit, count: int = 1) -> list[str]:
    """What was said of errors, once there are so many."""
    await until(visited, f"said.error.length >= {count}")
    return [each["message"] for each in await said(visited, "error")]


async def reasons(visited: Visit, count: int = 1) -> dict[str, str]:
    """Why widgets were stopped, by their titles, once there are so many; their frames are gone."""
    await until(visited, f"said.stopped.length >= {count}")
    stopped = {each["title"]: str(each["reason"]) for each in await said(visited, "stopped")}
    for title in stopped:
        element = visited.page.locator(f"llm-tools-widget[data-title={title}]")
        assert await element.locator("iframe").count() == 0
        assert await element.get_by_text("Widget stopped").is_visible()
    return stopped


async def longest_stall(visited: Visit) -> float:
    """Milliseconds that the page's main thread was held at once, at the longest."""
    return float(await visited.page.evaluate("stall"))
