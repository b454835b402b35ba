"""A browser, servers, and pages that must stay silent: no console error, no request elsewhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    async_playwright,
    expect,
)
from server import Server, start_server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Debian's where there is one, else Playwright's own.
CHROMIUM = next((each for each in [Path("/usr/bin/chromium")] if each.exists()), None)
_numbers = count(1)
# For what a page shows; Playwright's own 5 seconds are few on a busy machine.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def server_without_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("without-model"), scripted=False, kept=False)
    yield running
    running.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium with a fresh profile; each visit gets a context of its own."""
    async with async_playwright() as playwright:
        try:
            running = await playwright.chromium.launch(args=FLAGS, executable_path=CHROMIUM)
        except Error as error:
            if "Executable doesn't exist" not in str(error):
                raise
            pytest.skip("there is no Chromium: playwright install chromium")
        yield running
        await running.close()


@dataclass
class Watch:
    """What a page complained about, and what it asked other hosts for."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    # Headers of a widget's frame: one for other browsers, one that its page does not have; and
    # a frame whose place was taken, by another one or by the next page, before it was loaded;
    # and libraries of charts, which an idle page with an answer loads until it is left.
    expected: list[str] = field(
        default_factory=lambda: [
            "directive 'webrtc'",
            "origin-keyed agent cluster",
            r"/-/widgets/-/frame\S* net::ERR_ABORTED",
            r"/vendor/vega\S* net::ERR_ABORTED",
            r"/static-plugins/datasette-llm-tools/chart-\w+\.js\S* net::ERR_ABORTED",
        ]
    )

    def expect(self, pattern: str) -> None:
        """Let a complaint pass that the test provokes."""
        self.expected.append(pattern)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.complaints.append(f"request to another host: {request.url}")

    def failed(self, request: Request) -> None:
        # Chromium reports a stream of events as aborted even when it was read to its end; one
        # that really broke off shows in the page.
        if request.headers.get("accept") == "text/event-stream":
            return
        self.complaints.append(f"request failed: {request.url} {request.failure}")

    def assert_silent(self) -> None:
        assert not [
            each
            for each in self.complaints
            if not any(re.search(pattern, each) for pattern in self.expected)
        ]


@dataclass(frozen=True)
class Visit:
    """A page of a signed-in person. `actor` is new for each visit unless it was given."""

    page: Page
    watch: Watch
    server: Server
    actor: str

    async def goto(self, path: str) -> None:
        await self.page.goto(self.server.url + path)

    async def ask(self, question: str) -> None:
        """Type a question and send it with Enter."""
        await self.page.get_by_role("textbox", name=re.compile("question|follow-up")).fill(question)
        await self.page.keyboard.press("Enter")

    async def answered(self) -> None:
        """Wait until nothing is being answered."""
        await self.page.wait_for_selector("article.answer:not(.live)")
        await self.page.wait_for_selector("article.live", state="detached")

    async def may_scroll_sideways(self) -> bool:
        return bool(
            await self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )


Visiting = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visiting]:
    """Make visits: `await visit(path, actor=, on=, **options of a browser context)`."""
    visits: list[Visit] = []

    async def make(
        path: str = "/-/questions/demo",
        *,
        actor: str | None = None,
        on: Server | None = None,
        **options: Any,
    ) -> Visit:
        target = on or request.getfixturevalue("server")
        who = actor or f"person-{next(_numbers)}"
        context = await browser.new_context(**{"reduced_motion": "reduce", **options})
        await context.add_cookies([target.cookie(who)])  # type: ignore[list-item] # a plain dict
        context.set_default_timeout(PATIENCE_MS)
        watch = Watch(target.url)
        page = await context.new_page()
        page.on("console", watch.console)
        page.on("pageerror", lambda error: watch.complaints.append(f"page error: {error}"))
        page.on("request", watch.request)
        page.on("requestfailed", watch.failed)
        visits.append(Visit(page, watch, target, who))
        await page.goto(target.url + path)
        return visits[-1]

    yield make
    for each in visits:
        await each.page.context.close()
    for each in visits:
        each.watch.assert_silent()
