"""The sandbox: from a frame's start to the first rows in the widget, in Chromium on loopback.

A frame starts when its element is made; the way there, a request that mints its document, is a
figure of its own. Measured with a plain widget, and with one that has Vega-Lite inlined.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from pathlib import Path

from findings import Finding, note
from playwright.async_api import Page, async_playwright

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "tests" / "browser"), str(REPOSITORY / "tests")]

from conftest import CHROMIUM, FLAGS
from server import Server, start_server

ROUNDS = 20
MOST_MS = 100
# It says how many rows came by an error's text: the one way out that a page can time.
WIDGET = """<p>Flights</p>{library}<script>
datasette.rows("late").then((rows) => console.error("rows " + rows.length));
</script>"""
QUERY = ("late", "select carrier, departure_delay from flights limit 100", [])
MEASURE = """async (rounds) => {
  const element = document.querySelector("llm-tools-widget");
  const found = [];
  for (let round = 0; round < rounds; round++) {
    const minting = performance.now();
    const minted = await (await fetch(element.dataset.frameUrl, {method: "POST",
      headers: {accept: "application/json"}})).json();
    const started = performance.now();
    await new Promise((resolve) => {
      addEventListener("widget-error", resolve, {once: true});
      element.show(minted);
    });
    found.push([started - minting, performance.now() - started]);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return found;
}"""


async def opened(page: Page, server: Server, library: str) -> None:
    """The page of a widget that was run."""
    html = WIDGET.format(library=library)
    response = await page.request.post(
        f"{server.url}/-/lab/keep",
        data=json.dumps({"html": html, "queries": [QUERY]}),
        headers={"content-type": "application/json", "origin": server.url},
    )
    await page.goto(f"{server.url}/-/lab?widget={(await response.json())['id']}")
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.wait_for_selector(".widget-errors li")


async def times(server: Server) -> dict[str, list[list[float]]]:
    """Milliseconds of minting and of starting, for each kind of widget."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(args=FLAGS, executable_path=CHROMIUM)
        context = await chromium.new_context()
        await context.add_cookies([server.cookie("ann")])  # type: ignore[list-item] # a plain dict
        page = await context.new_page()
        found = {}
        for name, library in (
            ("a plain widget", ""),
            ("one with Vega-Lite inlined", '<script src="lib:vega-lite"></script>'),
        ):
            await opened(page, server, library)
            found[name] = await page.evaluate(MEASURE, ROUNDS)
        await chromium.close()
    return found


def measure(folder: Path) -> list[Finding]:
    server = start_server(folder)
    try:
        found = asyncio.run(times(server))
    finally:
        server.stop()
    findings = []
    for name, rounds in found.items():
        minting = statistics.median(each[0] for each in rounds)
        starting = statistics.median(each[1] for each in rounds)
        slowest = max(each[1] for each in rounds)
        note(f"  {name}: minted in {minting:.0f} ms, rows {starting:.0f} ms after the start")
        findings.append(
            Finding(
                f"frame start to first rows, {name}, median of {ROUNDS}",
                f"<= {MOST_MS} ms",
                f"{starting:.0f} ms (slowest {slowest:.0f}; minting before it {minting:.0f})",
                starting <= MOST_MS,
            )
        )
    return findings
