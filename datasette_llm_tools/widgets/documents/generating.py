"""From a wish to a document: the one place where model, patches, guard and sandbox meet.

A Generating is iterated for events and holds what there is so far, so that whoever stops
iterating (a person, a page that was closed) keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from ...errors import BadInput, LimitReached, LlmToolsError, ModelFailed
from ...prompt import Prompt
from ..sandbox.documents import rebuild
from ..spending import Spending
from ..values import Draft, NamedQuery
from . import prompts
from .document_replies import MOST_TITLE_CHARACTERS, DocumentReply, Piece, elision
from .events import (
    Event,
    Finished,
    QueryFound,
    SourceReplaced,
    SourceWritten,
    StepBegan,
)
from .patches import PatchFailed, patched
from .query_checks import QuerySet
from .wishes import Prepared, Wish, prepare_wish

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

__all__ = ["Generating", "Wish", "events", "prepare", "side_by_side"]

_STOPPED = "Stopped before the document was complete."


async def prepare(datasette: Datasette, actor: Actor, database: str, wish: Wish) -> Generating:
    """Make ready to fulfil a wish. Raises BadInput, NoModel before anything is streamed.

    The permission must have been checked.
    """
    return Generating(await prepare_wish(datasette, actor, database, wish))


async def events(
    datasette: Datasette, actor: Actor, database: str, wish: Wish
) -> AsyncGenerator[Event, None]:
    """Fulfil a wish; the last event is Finished. Raises what `prepare` raises."""
    generating = await prepare(datasette, actor, database, wish)
    async with aclosing(generating.events()) as stream:
        async for event in stream:
            yield event


class Generating:
    """One wish being fulfilled: iterate `events()` once, read `finished` at any time."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.wish = prepared.wish
        self._spending = Spending(prepared.model, prepared.settings)
        base = prepared.wish.base
        self._queries = QuerySet(base.draft.queries if base else (), prepared.checks())
        self._replies: list[DocumentReply] = []
        self._reply = self._next_reply()  # the one that the document is taken from
        self._source: str | None = None  # once it is whole
        self._notes: tuple[str, ...] = ()
        self._error: str | None = _STOPPED
        self._ended: Finished | None = None

    async def events(self) -> AsyncGenerator[Event, None]:
        """Fulfil the wish. The last event is Finished, whatever happened."""
        try:
            async with aclosing(self._steps()) as steps:
                async for event in steps:
                    yield event
            self._error = None
        except LlmToolsError as error:
            self._error = error.message
        finally:
            await self._queries.aclose()
            self._ended = self._as_it_stands()
        yield self._ended

    @property
    def finished(self) -> Finished:
        """How it ended, or what is there of a document under way."""
        return self._ended or self._as_it_stands()

    def _as_it_stands(self) -> Finished:
        source = self._reply.source if self._source is None else self._source
        draft = None
        if source.strip():
            writing = self._spending.writing(self.wish.prompt)
            queries, contract = self._queries.queries, self._queries.contract
            draft = Draft(self.wish.origin, source, queries, contract, writing)
        # A document that was whole when somebody pressed Stop is a whole one.
        was_whole = self._source is not None and self._error == _STOPPED
        return Finished(
            draft,
            self._title(),
            None if was_whole else self._error,
            "\n\n".join(each.text for each in self._replies).strip(),
            self._notes,
        )

    def _title(self) -> str | None:
        """Of a new document; one that is changed keeps what its owner calls it."""
        if self.wish.base is not None:
            return None
        return self._reply.title or self.wish.prompt[:MOST_TITLE_CHARACTERS]

    async def _steps(self) -> AsyncGenerator[Event, None]:
        self._queries.start()
        if self.wish.errors:
            # What went wrong may be that a query gives something else today.
            await self._queries.wait()
            for event in self._taken(()):
                yield event
        yield StepBegan(self._before_writing())
        # A large schema is cut to the wish, which takes tens of milliseconds.
        prompt = await asyncio.to_thread(
            self.prepared.prompt, self._queries.contract, self._queries.notes("")
        )
        for part in (self._write(prompt), self._complete(prompt), self._finish(prompt)):
            async with aclosing(part) as events_of_part:
                async for event in events_of_part:
                    yield event

    def _before_writing(self) -> str:
        """What a model does until its first word: seconds to minutes for a cold local one."""
        if not self.prepared.model.is_loaded:
            return "Loading the model"
        return "Reading the document" if self.wish.base else "Reading the schema"

    async def _write(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """One reply of the model; its queries run as they come."""
        reply = self._reply
        async with aclosing(self._spending.ask(prompt)) as chunks:
            async for chunk in chunks:
                if not reply.has_begun:
                    yield StepBegan("Writing")
                for event in self._taken(reply.feed(chunk)):
                    yield event
                self._check_size(reply.source_bytes)
        for event in self._taken(reply.end()):
            yield event

    def _taken(self, pieces: Iterable[Piece]) -> Iterator[Event]:
        """What came, as events; queries are told of when they have run."""
        for piece in pieces:
            if isinstance(piece, NamedQuery):
                self._queries.take(piece)
            elif isinstance(piece, SourceWritten) or self.wish.base is None:
                yield piece
        for checked in self._queries.done():
            yield QueryFound(checked.query, checked.columns, checked.error)

    async def _complete(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """A whole source from the reply; where its changes do not fit, from a second one."""
        try:
            source = await asyncio.to_thread(self._read_source)
        except PatchFailed as misfit:
            yield StepBegan("The change did not fit; writing the whole document")
            yield SourceReplaced("")
            again = prompts.whole_prompt(prompt, self._reply.text, misfit.message)
            self._reply = self._next_reply()
            async with aclosing(self._write(again)) as writing:
                async for event in writing:
                    yield event
            try:
                source = await asyncio.to_thread(self._read_source)
            except PatchFailed as failed:
                raise ModelFailed(
                    f"{failed.message} Nothing was changed; ask again, or in other words."
                ) from failed
        self._check_size(len(source.encode()))
        base = self.wish.base
        if base and source == base.draft.source and self._queries.queries == base.draft.queries:
            raise ModelFailed("The model changed nothing; say in other words what to change.")
        self._source = source
        if not self._reply.source:
            yield SourceReplaced(source)

    def _read_source(self) -> str:
        """The document that the reply makes. Raises PatchFailed, ModelFailed."""
        reply, base = self._reply, self.wish.base
        if reply.is_half:
            what = "document" if reply.source else "change"
            why = (
                ", at the limit of a reply (widget_output_tokens)" if self._spending.was_cut else ""
            )
            raise ModelFailed(
                f"The model broke off in the middle of the {what}{why}; ask again, or for less at "
                "once."
            )
        if reply.source.strip():
            return reply.source
        if base is None:
            raise ModelFailed(
                "The model wrote no HTML document; its reply is kept. Ask again, or choose "
                "another model."
            )
        if not reply.patches and not reply.queries:
            raise ModelFailed(
                "The model wrote no change; its reply is kept. Say in other words what to change, "
                "or choose another model."
            )
        return patched(base.draft.source, reply.patches)

    async def _finish(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """Let the queries come to their end; those that do not run are mended once."""
        source = self._source or ""
        yield StepBegan("Running the queries")
        await self._queries.wait()
        for event in self._taken(()):
            yield event
        refused = await asyncio.to_thread(_faults, source)
        self._notes = (*refused, *self._queries.notes(source))
        if failed := self._queries.failed(source, self._reply.faults):
            yield StepBegan("Mending a query that does not run")
            again = prompts.queries_prompt(prompt, self._reply.text, failed, self.prepared.schema)
            try:
                async with aclosing(self._mend_queries(again)) as mending:
                    async for event in mending:
                        yield event
            except LlmToolsError as error:
                self._notes = (*self._notes, error.message)
            else:
                self._notes = (*refused, *self._queries.notes(source))

    async def _mend_queries(self, prompt: Prompt) -> AsyncGenerator[Event, None]:
        """A reply of which only queries are taken."""
        reply = self._next_reply()
        async with aclosing(self._spending.ask(prompt)) as chunks:
            async for chunk in chunks:
                reply.feed(chunk)
        reply.end()
        for query in reply.queries:
            self._queries.take(query)
        await self._queries.wait()
        for event in self._taken(()):
            yield event

    def _next_reply(self) -> DocumentReply:
        self._replies.append(DocumentReply())
        return self._replies[-1]

    def _check_size(self, size: int) -> None:
        most = self.prepared.settings.max_widget_bytes
        if size > most:
            raise LimitReached(
                f"Stopped at {most:,} bytes, the limit of a widget's HTML (max_widget_bytes)."
            )


async def side_by_side(*generatings: Generating) -> AsyncGenerator[tuple[int, Event], None]:
    """Several wishes fulfilled at once: the events of each with its place, from 0.

    Closing it stops them all.
    """
    queue: asyncio.Queue[tuple[int, Event | None]] = asyncio.Queue()

    async def pass_on(place: int, generating: Generating) -> None:
        try:
            async with aclosing(generating.events()) as stream:
                async for event in stream:
                    await queue.put((place, event))
        finally:
            queue.put_nowait((place, None))

    tasks = [asyncio.create_task(pass_on(*each)) for each in enumerate(generatings)]
    try:
        for _ in tasks:
            while (found := await queue.get())[1] is not None:
                yield found[0], found[1]
            await tasks[found[0]]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _faults(source: str) -> tuple[str, ...]:
    """What the sandbox takes out of a document, and what its model left out, in sentences."""
    try:
        refused = rebuild(source).refused
    except BadInput as error:
        return (error.message,)
    if left_out := elision(source):
        return (*refused, f"The model may have left out part of the document: “{left_out}”.")
    return refused
