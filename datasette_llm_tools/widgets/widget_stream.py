"""A document that is being written, as events for the browser; docs/api.md lists them.

What can be painted of it so far is painted meanwhile: markup and styles, no script.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ..errors import LlmToolsError
from .access import widgets_url
from .documents.events import (
    Event,
    Finished,
    QueryFound,
    SourceReplaced,
    SourceWritten,
    StepBegan,
    TitleFound,
)
from .documents.keeping import Keeping
from .pairing import Pair
from .sandbox.documents import partial
from .sandbox.frames import mint
from .voting import sides

if TYPE_CHECKING:
    from datasette.app import Datasette

Stream = AsyncGenerator[tuple[str, Mapping[str, Any]], None]

# A frame that is painted more often than this flickers more than it shows.
_PAINT_SECONDS = 0.7
_LOOK_SECONDS = 0.1  # how often it is tried before there is something to see


async def writing(datasette: Datasette, keeping: Keeping, *, branch: bool = False) -> Stream:
    """One document: what happens, then where it is kept. `branch` as `outcome` takes it."""
    painter = _Painter(datasette)
    try:
        async with keeping, aclosing(keeping.events()) as events:
            async for event in events:
                async for sent in painter.sent(event):
                    yield sent
    except LlmToolsError as error:
        # A disk that is full: the page still holds what was written, and says so.
        yield "done", _not_kept(error, keeping.finished)
        return
    yield "done", outcome(datasette, keeping, branch=branch)


async def writing_two(datasette: Datasette, pair: Pair) -> Stream:
    """Two variants at once; each event says on which side it happens, sides by lot."""
    placed = sides(0, 1)
    painters = _Painter(datasette), _Painter(datasette)
    names = {placed[0]: "left", placed[1]: "right"}
    try:
        async with pair, aclosing(pair.events()) as events:
            async for index, event in events:
                async for name, data in painters[index].sent(event):
                    yield name, {"side": names[index], **data}
    except LlmToolsError as error:
        yield "done", _not_kept(error, *pair.finished)
        return
    yield "done", pair_outcome(datasette, pair, placed)


def outcome(datasette: Datasette, keeping: Keeping, *, branch: bool = False) -> dict[str, Any]:
    """Where a document is kept and how it ended; `url` is null where there was nothing to keep.

    `branch`: whoever asked knew that the version they started from is not the current one.
    """
    finished = keeping.finished
    found: dict[str, Any] = {"error": finished.error, "notes": list(finished.notes), "url": None}
    widget, added = keeping.widget, keeping.added
    if finished.draft is None or widget is None or added is None:
        return {**found, "reply": finished.reply}
    number = added.revision.number
    return {
        **found,
        "id": widget.id,
        "number": number,
        "url": widgets_url(
            datasette, widget.database, widget.id, None if added.is_current else number
        ),
        "is_current": added.is_current,
        "conflict": conflict_words(number, added.conflict.number)
        if added.conflict and not branch
        else None,
    }


def pair_outcome(datasette: Datasette, pair: Pair, placed: tuple[int, int]) -> dict[str, Any]:
    """Where two variants are kept: side by side, or the one that there is."""
    finished = [pair.finished[index] for index in placed]
    numbers = [pair.numbers[index] for index in placed]
    kept = [number for number in numbers if number is not None]
    found: dict[str, Any] = {
        "error": next((each.error for each in finished if each.error), None),
        "notes": [note for each in finished for note in each.notes],
        "url": None,
    }
    if pair.widget is None or not kept:
        return {**found, "reply": "\n\n".join(each.reply for each in finished)}
    url = widgets_url(datasette, pair.widget.database, pair.widget.id)
    if len(kept) == 1:
        return {**found, "id": pair.widget.id, "number": kept[0], "url": f"{url}/{kept[0]}"}
    left, right = kept
    compare = f"{url}/-/compare?left={left}&right={right}"
    return {**found, "id": pair.widget.id, "left": left, "right": right, "url": compare}


def conflict_words(kept: int, current: int) -> str:
    """What somebody is told whose version was made from one that is no longer the current one."""
    return (
        f"Version {current} was saved meanwhile, from another tab or window. Yours is kept "
        f"beside it as version {kept}: nothing is lost, and you choose which one is shown."
    )


def _not_kept(error: LlmToolsError, *finished: Finished) -> dict[str, Any]:
    reply = "\n\n".join(each.reply for each in finished)
    return {"error": error.message, "notes": [], "url": None, "reply": reply}


class _Painter:
    """The source of one document as it grows, painted now and then."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._source = ""
        self._painted = ""
        self._next = 0.0

    async def sent(self, event: Event) -> Stream:
        """The event as the browser gets it, and a frame where there is more to see."""
        match event:
            case StepBegan(text):
                yield "status", {"message": text}
            case TitleFound(title):
                yield "title", {"title": title}
            case QueryFound(query, columns, error):
                names = [each.name for each in columns]
                yield (
                    "query",
                    {"name": query.name, "sql": query.sql, "columns": names, "error": error},
                )
            case SourceWritten(delta):
                self._source += delta
                yield "source", {"delta": delta}
            case SourceReplaced(source):
                self._source = source
                yield "replace", {"source": source}
            case Finished():
                return
        if self._source != self._painted and time.monotonic() >= self._next:
            began = time.monotonic()
            frame = await self._frame()
            taken = time.monotonic() - began
            least = _PAINT_SECONDS if frame else _LOOK_SECONDS
            self._next = time.monotonic() + max(least, 3 * taken)
            if frame is not None:
                yield "paint", frame

    async def _frame(self) -> dict[str, Any] | None:
        """A frame of what there is, where there is something to see."""
        self._painted = self._source
        try:
            found = await asyncio.to_thread(partial, self._source)
            frame = found and await mint(self._datasette, found)
        except LlmToolsError:
            return None  # the document goes on without a picture of it
        return {"frame": frame.url, "token": frame.token} if frame else None
