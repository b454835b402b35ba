"""Reads the next page while the one before is asked about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

Page = TypeVar("Page")


async def ahead(pages: AsyncGenerator[Page, None]) -> AsyncGenerator[Page, None]:
    """The same pages in the same order, one of them read in advance; closes them in the end."""
    following = asyncio.create_task(_next(pages))
    try:
        while (page := await following) is not None:
            following = asyncio.create_task(_next(pages))
            yield page
    finally:
        following.cancel()
        await asyncio.wait({following})
        await pages.aclose()


async def _next(pages: AsyncGenerator[Page, None]) -> Page | None:
    return await anext(pages, None)
