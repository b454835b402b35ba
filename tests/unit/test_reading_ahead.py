"""Pages are read one in advance, in order, and closed with whoever reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from datasette_llm_tools.enrichments.work.ahead import ahead


class Pages:
    """`read` are the pages that were begun, `closed` whether their reading has ended."""

    def __init__(self, count: int, wait: asyncio.Event | None = None) -> None:
        self.count = count
        self.wait = wait
        self.read: list[int] = []
        self.closed = False

    async def all(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(1, self.count + 1):
                self.read.append(number)
                await asyncio.sleep(0)
                if self.wait and number == self.count:
                    await self.wait.wait()
                yield number
        finally:
            self.closed = True


@pytest.mark.asyncio
async def test_pages_come_in_order_with_the_next_one_begun() -> None:
    pages = Pages(3)
    seen = []
    async for page in ahead(pages.all()):
        await asyncio.sleep(0.01)
        seen.append((page, pages.read[-1]))
    assert seen == [(1, 2), (2, 3), (3, 3)]
    assert pages.closed


@pytest.mark.asyncio
async def test_none_at_all() -> None:
    assert [page async for page in ahead(Pages(0).all())] == []


@pytest.mark.asyncio
async def test_leaving_early_ends_the_reading() -> None:
    pages = Pages(3, wait=asyncio.Event())
    async with aclosing(ahead(pages.all())) as read:
        assert await anext(read) == 1
        assert await anext(read) == 2
        await asyncio.sleep(0)
    assert pages.closed


@pytest.mark.asyncio
async def test_cancelling_whoever_waits_ends_the_reading() -> None:
    pages = Pages(1, wait=asyncio.Event())
    reading = asyncio.create_task(anext(ahead(pages.all())))
    await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert pages.closed


@pytest.mark.asyncio
async def test_a_failure_comes_after_the_pages_before_it() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("gone")

    read = ahead(failing())
    assert await anext(read) == 1
    with pytest.raises(ValueError, match="gone"):
        await anext(read)
