"""Files opened from disk in a browser, what they complain of and ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

HOSTILE = Path(__file__).with_name("hostile_export.html")


class Opened:
    """A page from disk, what it complained about, and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    @property
    def requests(self) -> list[str]:
        """What was asked for beside the file itself."""
        inside = ("file://", "data:", "blob:", "about:")
        return [each for each in self.asked if not each.startswith(inside)]


@asynccontextmanager
async def opened(
    browser: Browser, file: Path, *, offline: bool = True, **options: Any
) -> AsyncIterator[Opened]:
    context = await browser.new_context(offline=offline, **options)
    context.set_default_timeout(10_000)
    try:
        found = Opened(await context.new_page())
        await found.page.goto(file.as_uri())
        yield found
    finally:
        await context.close()
