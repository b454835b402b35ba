"""Explorations in pages of other sites: their height, their theme, and who may show them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal

import pytest
import pytest_asyncio
from conftest import Visit, Visiting
from playwright.async_api import Browser, FrameLocator, expect
from server import Server, start_server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCRIPT = "/-/static-plugins/datasette-llm-tools/llm-tools-embed.js"
ROWS, CHART, WIDGET = ("b" * 12, "c" * 12, "d" * 12)
HTML = """<!doctype html><p id=out>waiting</p><script>
datasette.rows("air").then((rows) => {
  document.getElementById("out").textContent = `${rows.length} airlines`;
});
</script>"""
AIR = ["air", "select carrier, name from airlines order by 1", []]


class News(BaseHTTPRequestHandler):
    """A page of another site, which embeds what its query string says."""

    def do_GET(self) -> None:
        page, _, embedded = self.path.partition("?")
        script = embedded.partition("/-/")[0] + SCRIPT
        body = f"""<!doctype html><title>News</title><h1>News</h1><script src="{script}"></script>
            <datasette-llm-tools-embed src="{embedded}" theme="{page.strip("/")}" title="Flights">
            </datasette-llm-tools-embed>"""
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def news() -> Iterator[str]:
    """The address of another site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), News) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory, news: str) -> Iterator[Server]:
    """A server whose explorations that site may embed."""
    below = news.replace("://", "://*.")
    sites = {"plugins": {"datasette-llm-tools": {"embed_sites": f"{news} {below}"}}}
    running = start_server(tmp_path_factory.mktemp("embedding"), config=sites)
    yield running
    running.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def exploration(browser: Browser, embedding: Server) -> AsyncIterator[str]:
    """The address of a public exploration with rows, a chart and a widget."""
    context = await browser.new_context()
    await context.add_cookies([embedding.cookie("ada")])  # type: ignore[list-item] # a plain dict

    async def post(path: str, body: Any) -> dict[str, Any]:
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "origin": embedding.url,
        }
        response = await context.request.post(
            embedding.url + path, data=json.dumps(body), headers=headers, timeout=120_000
        )
        assert response.ok, await response.text()
        told: dict[str, Any] = await response.json()
        return told

    widget = await post("/-/lab/keep", {"html": HTML, "queries": [AIR]})
    await post(f"/-/widgets/demo/{widget['id']}/1/-/run", {})
    of_demo = {"database": "demo"}
    blocks = [
        {**of_demo, "id": ROWS, "kind": "query", "title": "Airlines", "query": "",
         "sql": "select carrier, name from airlines"},
        {**of_demo, "id": CHART, "kind": "chart", "title": "Flights by origin",
         "sql": "select origin from flights",
         "spec": {"mark": "bar", "x": "origin", "aggregate": "count"}},
        {**of_demo, "id": WIDGET, "kind": "widget", "title": "How many", "revision": 1,
         "widget_id": widget["id"]},
    ]  # fmt: skip
    made = await post("/-/explorations/-/new", {"document": {"title": "Flights", "blocks": blocks}})
    await post(f"{made['url']}/-/publish", {"public": "1"})
    yield f"{embedding.url}{made['url']}"
    await context.close()


async def embedded(visit: Visiting, on: Server, page: str) -> tuple[Visit, FrameLocator]:
    """A visit at a page of the other site, and what is embedded there."""
    seen = await visit("/-/versions.json", on=on)
    seen.watch.expect("request to another host: http://localhost")
    await seen.page.goto(page)
    return seen, seen.page.frame_locator("datasette-llm-tools-embed iframe")


async def test_all_of_it_stands_in_a_page_of_another_site(
    visit: Visiting, embedding: Server, news: str, exploration: str
) -> None:
    seen, frame = await embedded(visit, embedding, f"{news}/auto?{exploration}/-/embed")
    await expect(frame.get_by_role("heading", name="Airlines")).to_be_visible()
    # What is far below is drawn when it is seen.
    chart = frame.locator("llm-tools-exploration-chart")
    await chart.scroll_into_view_if_needed()
    await expect(chart).to_have_attribute("data-checked", "right", timeout=30_000)
    widget = frame.frame_locator("llm-tools-widget iframe")
    await expect(widget.get_by_text(re.compile(r"\d+ airlines"))).to_be_visible(timeout=30_000)
    # As high as what is in it: nothing to scroll within.
    place = seen.page.locator("datasette-llm-tools-embed iframe")
    await expect(place).not_to_have_css("height", "400px")
    for _ in range(100):
        inner = await frame.locator("body").evaluate("each => each.getBoundingClientRect().height")
        outer = await place.evaluate("each => each.getBoundingClientRect().height")
        if abs(inner - outer) < 2:
            break
        await seen.page.wait_for_timeout(50)
    assert abs(inner - outer) < 2 and outer > 600
    assert await place.get_attribute("title") == "Flights"
    leaving = frame.get_by_role("link", name="Open this exploration")
    async with seen.page.expect_popup() as popup:
        await leaving.click()
    assert (await popup.value).url == exploration


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
async def test_its_theme_is_the_one_of_the_page_around_it(
    visit: Visiting,
    embedding: Server,
    news: str,
    exploration: str,
    scheme: Literal["light", "dark"],
    theme: str,
) -> None:
    path = f"{exploration}/-/block/{ROWS}/-/embed"
    seen, frame = await embedded(visit, embedding, f"{news}/{theme}?{path}")
    await seen.page.emulate_media(color_scheme=scheme)
    await expect(frame.locator("article")).to_be_visible()
    colour = await frame.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    is_dark = max(map(int, re.findall(r"\d+", colour))) < 70
    assert is_dark == ((scheme if theme == "auto" else theme) == "dark")


async def test_a_site_below_a_name_may(
    visit: Visiting, embedding: Server, news: str, exploration: str
) -> None:
    page = f"{news.replace('://', '://sport.')}/auto?{exploration}/-/block/{ROWS}/-/embed"
    seen, frame = await embedded(visit, embedding, page)
    seen.watch.expect("request to another host: http://sport.localhost")
    await expect(frame.locator("article")).to_be_visible()
    place = seen.page.locator("datasette-llm-tools-embed iframe")
    await expect(place).not_to_have_css("height", "400px")


async def test_no_other_site_may(visit: Visiting, embedding: Server, exploration: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), News) as other:
        thread = Thread(target=other.serve_forever)
        thread.start()
        page = f"http://localhost:{other.server_port}/auto?{exploration}/-/embed"
        seen, frame = await embedded(visit, embedding, page)
        seen.watch.expect("frame-ancestors|ERR_BLOCKED_BY_RESPONSE|postMessage")
        await seen.page.wait_for_timeout(500)
        await expect(frame.get_by_text("Airlines")).to_have_count(0)
        place = seen.page.locator("datasette-llm-tools-embed iframe")
        await expect(place).to_have_css("height", "400px")
        other.shutdown()
        thread.join()
