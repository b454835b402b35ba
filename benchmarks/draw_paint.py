"""A chart in Chromium: from an answer's rows, and from the click on Draw, until it is painted.

Each time is one of a fresh page. "painted" is the first frame of the browser after the marks are
on the canvas, with everything of our page around it; the model is a scripted one.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from findings import Finding, note
from playwright.sync_api import BrowserContext, Page, sync_playwright
from serving import ROOT

sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT)]
from conftest import CHROMIUM, FLAGS
from server import Server, start_server

TIMES = 20
TIMES_MANY = 5
MOST_MS = 150
MOST_MS_MANY = 1500
MOST_BYTES = 900_000
# As long as a person takes at least to see that rows have come and to reach for the button.
REACHING_MS = 1000
QUESTION = "Which airlines are late?"
POINTS = """
with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
select i as number, (i * 7919) % 10007 as value, i % 5 as kind from n
"""


def measure(folder: Path) -> list[Finding]:
    server = start_server(folder)
    try:
        with chromium(server) as context:
            answers = [answer(fresh) for fresh in pages(context, server, TIMES)]
            loads = [load(fresh, server) for fresh in pages(context, server, TIMES)]
            many = [points(fresh, server) for fresh in pages(context, server, TIMES_MANY)]
    finally:
        server.stop()
    sizes = [size for _, size in loads]
    note(f"  the Draw page: {told([ms for ms, _ in loads])} from its address to paint")
    return [
        timed("chart of an answer: rows to paint", [rows for rows, _ in answers], MOST_MS),
        timed("chart of an answer: click to paint", [click for _, click in answers], MOST_MS),
        timed("50,000 points: rows to paint", many, MOST_MS_MANY),
        Finding(
            "script for charts",
            f"<= {MOST_BYTES:,} bytes",
            f"{max(sizes):,} bytes",
            0 < max(sizes) <= MOST_BYTES,
        ),
    ]


@contextmanager
def chromium(server: Server) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=FLAGS, executable_path=CHROMIUM)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([server.cookie("you")])  # type: ignore[list-item] # a plain dict
        yield context
        browser.close()


def pages(context: BrowserContext, server: Server, times: int) -> Iterator[Page]:
    """One fresh page after the other, and one before that nobody measures."""
    for number in range(times + 1):
        page = context.new_page()
        page.goto(f"{server.url}/-/questions/demo")
        if number == 0:
            page.close()
            continue
        yield page
        page.close()


def answer(page: Page) -> tuple[float, float]:
    """Milliseconds from the chart's rows, and from the click on Draw, to paint."""
    page.locator("textarea[name=question]").fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator("article[data-status=answered]").wait_for()
    page.wait_for_timeout(REACHING_MS)
    page.get_by_role("link", name="Draw", exact=True).click()
    at = painted(page)
    return at("painted") - at("rows"), at("painted") - at("asked")


def load(page: Page, server: Server) -> tuple[float, int]:
    """Milliseconds from the address of a Draw page to paint, and the bytes of its scripts."""
    page.goto(f"{server.url}/-/widgets/demo/-/chart?table=flights")
    at = painted(page)
    size = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter((each) => /(vega|chart)[^/]*\\.js/.test(each.name))
            .reduce((sum, each) => sum + each.decodedBodySize, 0)"""
    )
    return at("painted"), int(size)


def points(page: Page, server: Server) -> float:
    """Milliseconds from 50,000 rows to 50,000 points in five colours."""
    spec = {"mark": "point", "x": "number", "y": "value", "color": "kind"}
    query = urlencode({"sql": POINTS, "_spec": json.dumps(spec)})
    page.goto(f"{server.url}/-/widgets/demo/-/chart?{query}")
    at = painted(page)
    assert "50,000" in (page.locator("[data-part=check]").text_content() or "")
    return at("painted") - at("rows")


def painted(page: Page) -> Callable[[str], float]:
    """Wait for paint, and give the time of a mark in milliseconds."""
    page.locator("llm-tools-chart[data-checked=right]").wait_for()
    page.wait_for_timeout(200)
    marks = page.evaluate(
        """() => Object.fromEntries(performance.getEntriesByType("mark")
            .map(({ name, startTime }) => [name.replace("llm-tools-chart-", ""), startTime]))"""
    )
    return lambda name: float(marks[name])


def timed(what: str, times: list[float], most: int) -> Finding:
    median = statistics.median(times)
    return Finding(what, f"<= {most:,} ms", told(times), median <= most)


def told(times: list[float]) -> str:
    median, slowest = statistics.median(times), max(times)
    return f"{median:,.0f} ms, slowest of {len(times)} {slowest:,.0f}"
