"""Nothing keeps people from using a page, as far as a checker can tell: axe-core over every page.

Each page is loaded once; light and dark, narrow and wide are tried on it where it stands, with
all that is folded opened. What does not depend on colours is looked for in light alone. The checker
lies beside this file, so that nothing has to be installed or fetched for these tests.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from conftest import Visit, Visiting
from playwright.async_api import Browser
from server import Server, start_server

from datasette_llm_tools.routes import ROUTES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

(AXE,) = Path(__file__).parent.glob("vendor/axe-core-*/axe.min.js")
WIDTHS = (1600, 768, 320)
OF_COLOURS = ["color-contrast", "link-in-text-block"]
# Rules of WCAG 2.0 to 2.2 at levels A and AA, and what axe calls best practice. What is in a frame
# of a widget is its author's. Without `only`, all rules.
CHECK = """async (only) => {
    const run = only
        ? { type: "rule", values: only }
        : { type: "tag", values: [
            "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice",
        ] };
    const { violations } = await axe.run(document, {
        runOnly: run, resultTypes: ["violations"], iframes: false,
    });
    const said = ({ html, any, all, none }) => {
        const why = [...any, ...all, ...none].map((each) => each.message).join(" ");
        return `${html.slice(0, 160)} [${why.slice(0, 160)}]`;
    };
    return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(said).join(" | ")}`);
}"""
OPENED = """() => {
    for (const each of document.querySelectorAll("section.content details, main details")) {
        each.open = true;
    }
}"""
AIR = [{"name": "air", "sql": "select carrier, name from airlines", "parameters": []}]
HTML = "<!doctype html><p>waiting</p><script>datasette.rows('air')</script>"
SUITE = """suite: pages
database: demo.db
cases:
- id: c0
  question: How many airlines are there?
  sql: SELECT count(*) FROM airlines
- id: c1
  question: What is broken?
  sql: SELECT name FROM airlines
"""
COMMENTS = "/-/enrichments/demo/passenger_comments"
WORDS = "## Flights\n\n> Of one\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n## More"
BLOCKS = ["a" * 12, "b" * 12, "c" * 12, "d" * 12]
CHART = {"mark": "bar", "x": "origin", "aggregate": "count"}


@pytest.fixture(scope="module")
def pages_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what is made here would be on the pages of other tests."""
    sites = {"plugins": {"datasette-llm-tools": {"embed_sites": "https://news.example"}}}
    running = start_server(tmp_path_factory.mktemp("pages"), config=sites)
    yield running
    running.stop()


class Maker:
    """Makes what pages are about, as one person, over HTTP."""

    def __init__(self, request: Any, server: Server) -> None:
        self._request, self._server = request, server

    async def post(self, path: str, **fields: Any) -> dict[str, Any]:
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "origin": self._server.url,
        }
        response = await self._request.post(
            self._server.url + path, data=json.dumps(fields), headers=headers, timeout=120_000
        )
        assert response.ok, f"{path}: {await response.text()}"
        told: dict[str, Any] = await response.json()
        return told

    async def get(self, path: str) -> dict[str, Any]:
        response = await self._request.get(f"{self._server.url}{path}")
        assert response.ok, f"{path}: {await response.text()}"
        told: dict[str, Any] = await response.json()
        return told

    async def until_done(self, path: str) -> None:
        for _ in range(1200):
            told = await self.get(f"{path}.json")
            if told.get("status") in ("done", "finished") or told.get("state") == "done":
                return
            await asyncio.sleep(0.05)
        raise AssertionError(told)


async def made_questions(maker: Maker) -> dict[str, str]:
    late = await maker.post("/-/questions/demo", question="Which airlines are late?", in_words="1")
    steps = await maker.post(
        "/-/questions/demo", question="Who flies most?", model="scripted-too", investigate="1"
    )
    return {
        "ask": "/-/questions/demo",
        "questions": "/-/questions",
        "answer": f"/-/questions/demo/{late['id']}",
        "investigation": f"/-/questions/demo/{steps['id']}",
        "error": "/-/questions/demo/" + "0" * 24,
    }


async def made_runs(maker: Maker) -> dict[str, str]:
    started = await maker.post(
        f"{COMMENTS}/-/start?id__lte=12",
        template="What mood is this? {{ comment }}",
        output_name_0="mood",
        output_type_0="label",
        output_labels_0="glad, sad",
    )
    run = str(started["url"])
    await maker.until_done(run)
    return {
        "enrich": COMMENTS,
        "enrichments": "/-/enrichments",
        "run": run,
        "results": f"{run}/-/results",
        "stale rows": f"{run}/-/stale",
        "review": f"{run}/-/review",
        "labelled rows": f"{run}/-/labelled",
        "scores": f"{run}/-/scores",
        "row": f"{COMMENTS}/-/row?key=[1]",
    }


async def made_widgets(maker: Maker) -> dict[str, str]:
    sql = "select origin from flights"
    chart = await maker.post(
        "/-/widgets/demo/-/chart/save", sql=sql, spec=json.dumps(CHART), title="Origins"
    )
    widget = await maker.post(
        "/-/widgets/demo", prompt="Delays by month, with a menu for the airline"
    )
    of_widget = str(widget["url"])
    await maker.post(f"{of_widget}/1/-/run")
    await maker.post(f"{of_widget}/-/edit", source=HTML, queries=AIR)
    asked = urlencode({"sql": sql, "spec": json.dumps(CHART)})
    return {
        "widgets": "/-/widgets",
        "new widget": "/-/widgets/demo",
        "studio": of_widget,
        "version": f"{of_widget}/1",
        "versions beside each other": f"{of_widget}/-/compare?left=1&right=2",
        "export of a widget": f"{of_widget}/-/export",
        "chart": f"/-/widgets/demo/-/chart?{asked}",
        "saved chart": str(chart["url"]),
    }


async def made_evals(maker: Maker) -> dict[str, str]:
    await maker.post("/-/evals", text=SUITE)
    runs = []
    for model in ("scripted", "scripted-too"):
        started = await maker.post("/-/evals/pages/-/start", models=[model])
        runs.append(str(started["runs"][0]))
        await maker.until_done(runs[-1])
    first, second = (each.rpartition("/")[2] for each in runs)
    return {
        "evals": "/-/evals",
        "suite": "/-/evals/pages",
        "eval run": runs[0],
        "eval cases": f"{runs[0]}/-/cases",
        "eval runs beside each other": f"/-/evals/pages/-/compare?first={first}&second={second}",
    }


def exploration_document(widget: str) -> dict[str, Any]:
    of_demo = {"database": "demo"}
    return {
        "title": "Flights of an airline",
        "summary": "What *one* airline flies.",
        "tags": ["flights"],
        "parameters": [
            {"name": "carrier", "label": "Airline", "kind": "choice", "default": "UA",
             "choices": ["AA", "UA"]}
        ],
        "blocks": [
            {"id": BLOCKS[0], "kind": "words", "text": WORDS},
            {**of_demo, "id": BLOCKS[1], "kind": "query", "title": "Its first flights", "query": "",
             "sql": "select id, carrier, origin from flights where carrier = :carrier limit 5"},
            {**of_demo, "id": BLOCKS[2], "kind": "chart", "title": "Flights by origin",
             "sql": "select origin from flights where carrier = :carrier", "spec": CHART},
            {**of_demo, "id": BLOCKS[3], "kind": "widget", "title": "Airlines",
             "widget_id": widget.rpartition("/")[2], "revision": 1},
        ],
    }  # fmt: skip


async def made_explorations(maker: Maker, widget: str) -> dict[str, str]:
    document = exploration_document(widget)
    made = await maker.post("/-/explorations/-/new", document=document)
    url = str(made["url"])
    await maker.post(f"{url}/-/publish", public="1")
    await maker.post(f"{url}/-/link", label="For Ada", expires="7")
    await maker.post(f"{url}/-/verify")
    changed = {**document, "title": "Later", "blocks": document["blocks"][:2][::-1]}
    await maker.post(f"{url}/-/save", document=changed, base=None, keep=True)
    adding = urlencode({"source": "query", "database": "demo", "sql": "select 1", "title": "One"})
    return {
        "explorations": "/-/explorations",
        "exploration": f"{url}?published=1",
        "live exploration": f"{url}?published=1&mode=live",
        "draft": url,
        "block": f"{url}/-/block/{BLOCKS[1]}?published=1",
        "editor": f"{url}/-/edit",
        "history": f"{url}/-/history",
        "share": f"{url}/-/share",
        "certificates": f"{url}/-/certificate?published=1",
        "compared": f"{url}/-/compare",
        "export": f"{url}/-/export?published=1",
        "import": "/-/explorations/-/import",
        "add": f"/-/explorations/-/add?{adding}",
        "embed": f"{url}/-/embed",
        "embedded block": f"{url}/-/block/{BLOCKS[2]}/-/embed",
        "embedded error": f"{url}/-/block/{'0' * 12}/-/embed",
        "home": "/",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def paths(browser: Browser, pages_server: Server) -> AsyncIterator[dict[str, str]]:
    """The address of every page, by a name."""
    context = await browser.new_context()
    await context.add_cookies([pages_server.cookie("ada")])  # type: ignore[list-item] # a plain dict
    maker = Maker(context.request, pages_server)
    widgets = await made_widgets(maker)
    yield {
        **await made_questions(maker),
        **await made_runs(maker),
        **widgets,
        **await made_evals(maker),
        **await made_explorations(maker, widgets["studio"]),
    }
    await context.close()


async def stays_too_wide(seen: Visit) -> bool:
    """Whether the page scrolls sideways, charts having been painted again for its width."""
    for _ in range(40):
        if not await seen.may_scroll_sideways():
            return False
        await seen.page.wait_for_timeout(50)
    return True


async def barriers(seen: Visit) -> list[str]:
    """What axe finds on the page, in both themes and all widths, and where it is too wide."""
    page, found = seen.page, []
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    await page.evaluate(OPENED)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two words
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            only = OF_COLOURS if scheme == "dark" else None
            complaints = await page.evaluate(CHECK, only)
            if scheme == "light" and await stays_too_wide(seen):
                complaints.append("the page scrolls sideways")
            found += [f"{scheme} {width}: {each}" for each in complaints]
    return found


async def test_nothing_serious_on_any_page(
    visit: Visiting, pages_server: Server, paths: dict[str, str]
) -> None:
    seen = await visit("/-/questions", actor="ada", on=pages_server)
    seen.watch.expect("status of 404")  # the page of an error
    found = {}
    for name, path in paths.items():
        await seen.page.goto(pages_server.url + path, wait_until="load")
        complaints = await barriers(seen)
        if complaints:
            found[name] = complaints
    assert found == {}, json.dumps(found, indent=1)


async def test_nothing_serious_in_an_exported_file(
    visit: Visiting, pages_server: Server, paths: dict[str, str], tmp_path: Path
) -> None:
    seen = await visit("/-/versions.json", actor="ada", on=pages_server)
    seen.watch.expect("request to another host: file:")
    url = f"{pages_server.url}{paths['draft']}/-/export.html?published=1"
    file = tmp_path / "exported.html"
    file.write_bytes(await (await seen.page.request.get(url)).body())
    await seen.page.goto(file.as_uri())
    assert await barriers(seen) == []


async def test_the_checker_sees_what_is_wrong(
    visit: Visiting, pages_server: Server, paths: dict[str, str]
) -> None:
    seen = await visit(paths["error"], actor="ada", on=pages_server)
    seen.watch.expect("status of 404")
    await seen.page.evaluate(
        """() => {
            const content = document.querySelector("section.content");
            content.append(Object.assign(document.createElement("img"), { src: "data:," }));
            const style = "width: 2000px; color: #999999; background: #bbbbbb";
            const pale = Object.assign(document.createElement("p"), { textContent: "pale", style });
            content.append(pale);
        }"""
    )
    found = "\n".join(await barriers(seen))
    assert "light 320: image-alt" in found and "dark 1600: color-contrast" in found
    assert "the page scrolls sideways" in found


# What answers GET with something else than a page of ours.
NO_PAGES = re.compile(
    r"\.(?:svg|png|csv|json|html|md|ipynb|yaml|atom)|/frame\$|/-/oembed|/questions/\(.*/-/compare"
)


async def test_every_page_is_among_them(paths: dict[str, str]) -> None:
    visited = {path.partition("?")[0] for path in paths.values()}
    missing = [
        pattern
        for pattern, _, methods in ROUTES
        if "GET" in methods
        and not NO_PAGES.search(
            pattern.replace(r"(?:\.json)?", "").replace(r"(?:\.json|\.csv)?", "")
        )
        and not any(re.fullmatch(pattern.removesuffix("$"), each) for each in visited)
    ]
    assert missing == []
