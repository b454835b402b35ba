"""What a person does who keeps a suite: import, start, watch, stop, resume, compare, mark."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from server import Server, start_server
from test_enriching import NAMELESS
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SLOW = 8  # as many as are asked at the same time: the run stands still at them
COUNT = "SELECT count(*) FROM airlines"
CASES = [
    ("How many airlines are there?", COUNT),
    ("Which comments?", "SELECT rating, count(*) FROM passenger_comments GROUP BY rating"),
    ("Which airlines are late?", "SELECT name FROM airlines"),
    ("What is on Mars?", "SELECT name FROM airlines"),
    ("The flights?", "SELECT id, date FROM flights"),
    ("What is broken?", "SELECT name FROM airlines ORDER BY name LIMIT 5"),
]
OPENED = """() => {
    for (const each of document.querySelectorAll("section.content details")) each.open = true;
}"""
# Where a test is to leave pictures, for a person to look at.
PICTURES = os.environ.get("EVAL_PICTURES")


def suite(name: str, *, slow: int = 0) -> str:
    """A suite over demo.db as YAML, with so many cases at its end that take long."""
    cases = [*CASES, *((f"What is slow, number {number}?", COUNT) for number in range(slow))]
    lines = [f"suite: {name}", "database: demo.db", "cases:"]
    for number, (question, sql) in enumerate(cases):
        lines += [f"- id: c{number}", f"  question: {question!r}", f"  sql: {sql}"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: runs of others would go before."""
    running = start_server(tmp_path_factory.mktemp("evaluated"))
    yield running
    running.stop()


async def imported(seen: Visit, name: str, *, slow: int = 0, replace: bool = False) -> None:
    await seen.goto("/-/evals")
    await seen.page.get_by_label("The suite as YAML").fill(suite(name, slow=slow))
    if replace:
        await seen.page.get_by_label("In the place of").check()
    await seen.page.get_by_role("button", name="Import").click()
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text(name)


async def started(seen: Visit, *models: str) -> None:
    """Start a run of one model on a suite's page."""
    for box in await seen.page.get_by_role("group", name="Models").get_by_role("checkbox").all():
        await box.set_checked(await box.get_attribute("value") in models)
    await seen.page.get_by_role("button", name="Start").click()
    await seen.page.wait_for_url("**/-/evals/*/*")


async def is_(seen: Visit, status: str) -> None:
    await seen.page.wait_for_selector(f"llm-tools-run[data-status={status}]", timeout=60_000)


async def picture(seen: Visit, name: str) -> None:
    if PICTURES:
        await seen.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


async def test_from_an_import_to_two_runs_beside_each_other(
    visit: Visiting, evaluated: Server
) -> None:
    seen = await visit("/-/evals", on=evaluated)
    page = seen.page
    await imported(seen, "first", slow=SLOW)
    await started(seen, "scripted")
    await is_(seen, "running")
    await expect(page.locator(".headline")).to_contain_text(
        f"{len(CASES)} of {len(CASES) + SLOW}", timeout=60_000
    )
    await page.get_by_role("button", name="Stop").click()
    await is_(seen, "stopped")
    await expect(page.get_by_role("button", name="Resume")).to_be_focused()
    await expect(page.locator(".headline")).to_contain_text("6 of 14 cases: 50.0% right")
    address = page.url
    await page.get_by_role("button", name="Resume").click()
    await is_(seen, "running")
    await page.get_by_role("button", name="Stop").click()
    await is_(seen, "stopped")
    await imported(seen, "first", replace=True)
    await page.goto(address)
    await page.get_by_role("button", name="Resume").click()
    await is_(seen, "done")
    await expect(page.locator(".headline")).to_contain_text("All 6 cases")
    await page.get_by_role("link", name="Evals", exact=True).last.click()
    await page.get_by_role("link", name="first", exact=True).click()
    await started(seen, "scripted-too")
    await is_(seen, "done")
    await page.get_by_label("Compare with run").select_option(index=0)
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Run 1 and run 2")
    await expect(page.locator(".said")).to_contain_text("That is a draw.")
    await page.get_by_role("link", name="Show all").click()
    await expect(page.locator(".eval-pairs > li")).to_have_count(len(CASES))
    await page.get_by_role("link", name="first", exact=True).click()
    await expect(page.locator("svg.scatter .point")).to_have_count(2)


async def test_the_cases_of_a_verdict_and_one_as_a_question(
    visit: Visiting, evaluated: Server
) -> None:
    seen = await visit("/-/evals", on=evaluated)
    page = seen.page
    await imported(seen, "second")
    await started(seen, "scripted-too")
    await is_(seen, "done")
    await page.locator(".verdicts").get_by_role("link").nth(2).click()
    await expect(page.get_by_role("link", name=re.compile("ran but wrong"))).to_have_attribute(
        "aria-current", "page"
    )
    await page.get_by_text("SQL", exact=True).first.click()
    await expect(page.get_by_role("heading", name="Given").first).to_be_visible()
    await page.get_by_role("link", name="Which airlines are late?").click()
    await expect(page.get_by_role("textbox", name="Your question")).to_have_value(
        "Which airlines are late?"
    )


async def test_a_case_is_added_edited_and_taken_out(visit: Visiting, evaluated: Server) -> None:
    seen = await visit("/-/evals", on=evaluated)
    page = seen.page
    await imported(seen, "third")
    await page.get_by_text("Add a case").first.click()
    await page.get_by_label("Question", exact=True).fill("How many airports?")
    await page.get_by_label("Database").select_option("demo")
    await page.get_by_label("Accepted SQL").fill("SELECT count(*) FROM airports")
    await page.get_by_role("button", name="Add the case").click()
    added = page.locator(".eval-cases > li").last
    await expect(added).to_contain_text("How many airports?")
    await added.get_by_role("link", name="Edit").click()
    await page.get_by_label("Question", exact=True).fill("How many airports are there?")
    await page.get_by_role("button", name="Keep the change").click()
    await expect(page.locator(".eval-cases > li").last).to_contain_text("airports are there?")
    await page.get_by_role("button", name="Take out: How many airports").click()
    await expect(page.locator(".eval-cases > li")).to_have_count(len(CASES))


async def test_a_file_becomes_the_text(visit: Visiting, evaluated: Server) -> None:
    seen = await visit("/-/evals", on=evaluated)
    await seen.page.get_by_label("A file").set_input_files(
        {"name": "s.yaml", "mimeType": "text/plain", "buffer": suite("from a file").encode()}
    )
    await expect(seen.page.get_by_label("The suite as YAML")).to_have_value(suite("from a file"))


async def test_this_is_right(visit: Visiting, evaluated: Server) -> None:
    seen = await visit(on=evaluated)
    page = seen.page
    await seen.ask("How many airlines are there?")
    await seen.answered()
    await page.get_by_label("Right ones go into the suite").fill("marked")
    await page.get_by_role("button", name="This is right").click()
    await expect(page.get_by_text("You said that this is right.")).to_be_visible()
    await expect(page.get_by_role("button", name="This is wrong")).to_be_focused()
    await picture(seen, "marked")
    await expect(page.get_by_role("link", name="marked", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_text("Taken back.")).to_be_visible()
    await page.get_by_role("button", name="This is right").click()
    await page.get_by_role("link", name="marked", exact=True).click()
    await expect(page.locator(".eval-cases > li")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
async def test_looks(visit: Visiting, evaluated: Server, scheme: str, width: int) -> None:
    seen = await visit(
        "/-/evals",
        on=evaluated,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    )
    page = seen.page
    name = f"looks {scheme} {width}"
    await imported(seen, name)
    await started(seen, "scripted-too")
    await is_(seen, "done")
    run = page.url
    await page.get_by_role("link", name=name, exact=True).click()
    await started(seen, "scripted")
    await is_(seen, "done")
    await page.get_by_role("button", name="Compare").click()
    await page.get_by_role("link", name="Show all").click()
    compare = page.url
    paths = {"evals": "/-/evals", "suite": run.rsplit("/", 1)[0], "run": run, "compare": compare}
    for what, path in {**paths, "cases": f"{run}/-/cases"}.items():
        await seen.goto(path.removeprefix(evaluated.url))
        await page.evaluate(OPENED)
        await picture(seen, f"{what}-{scheme}-{width}")
        assert not await seen.may_scroll_sideways(), what
        assert await page.evaluate(NAMELESS) == [], what
        assert await page.evaluate(LOW_CONTRAST) == [], what
