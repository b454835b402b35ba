"""Work in the background gives way to pages, not to streams, and not for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.traffic import Asgi, Message, Traffic, counting, traffic
from tests.sites import make_site

REQUEST = {"type": "http"}


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def nowhere(message: Message) -> None:
    pass


def answering(kind: bytes, begun: asyncio.Event, finish: asyncio.Event) -> Asgi:
    """An application that begins its answer and then waits until it may finish."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        headers = [(b"Content-Type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        begun.set()
        await finish.wait()
        await send({"type": "http.response.body", "body": b""})

    return app


@pytest.mark.asyncio
async def test_a_page_of_datasette_counts_while_it_is_made(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: "") as site:
        counted = traffic(site.datasette)
        seen: list[int] = []

        page = asyncio.ensure_future(site.get("/shops/shop"))
        while not page.done():
            seen.append(counted.in_flight)
            await asyncio.sleep(0)
        assert (await page).status_code == 200
        assert max(seen) == 1
        assert counted.in_flight == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "counts"), [(b"text/html", 1), (b"text/event-stream", 0)])
async def test_streams_of_events_do_not_count(tmp_path: Path, kind: bytes, counts: int) -> None:
    async with make_site(tmp_path, lambda text: "") as site:
        counted = traffic(site.datasette)
        begun, finish = asyncio.Event(), asyncio.Event()
        app = counting(site.datasette)(answering(kind, begun, finish))
        request = asyncio.ensure_future(app(REQUEST, nothing, nowhere))
        await begun.wait()
        assert counted.in_flight == counts
        finish.set()
        await request
        assert counted.in_flight == 0


@pytest.mark.asyncio
async def test_a_request_that_fails_is_over(tmp_path: Path) -> None:
    async def broken(scope: Message, receive: Any, send: Any) -> None:
        raise OSError("gone")

    async with make_site(tmp_path, lambda text: "") as site:
        with pytest.raises(OSError, match="gone"):
            await counting(site.datasette)(broken)(REQUEST, nothing, nowhere)
        assert traffic(site.datasette).in_flight == 0


@pytest.mark.asyncio
async def test_work_waits_for_a_page_and_goes_on_after_it() -> None:
    counted = Traffic()
    leave = counted.enter()
    work = asyncio.ensure_future(counted.give_way())
    await asyncio.sleep(0)
    assert not work.done()
    leave()
    leave()
    await work
    assert counted.in_flight == 0


@pytest.mark.asyncio
async def test_a_request_that_never_ends_is_forgotten() -> None:
    counted = Traffic()
    counted.enter()
    while counted.in_flight:
        await counted.give_way()
        await asyncio.sleep(0.001)
    counted.enter()()
    assert counted.in_flight == 0


@pytest.mark.asyncio
async def test_work_is_not_starved_by_pages_without_a_pause() -> None:
    counted = Traffic()
    turns = 0

    async def worker() -> None:
        nonlocal turns
        while turns < 3:
            await counted.give_way()
            turns += 1
            await asyncio.sleep(0)

    work = asyncio.ensure_future(worker())
    leave = counted.enter()
    while not work.done():
        following = counted.enter()
        leave()
        leave = following
        await asyncio.sleep(0.005)
    leave()
    assert turns == 3
