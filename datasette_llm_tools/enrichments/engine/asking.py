"""The engine: rows and a specification in, outcomes out; no SQLite, no HTTP.

A reader takes rows from pages and puts questions into a short queue, workers ask, and whoever
iterates gets outcomes in whatever order they come. The queue is short so that a model which
answers at once cannot keep the event loop for itself. When a run stops, rows that nothing was
paid for yet get no outcome: they are as they were, and are asked about when it is resumed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

from tenacity.wait import WaitBaseT

from ...errors import ModelUnusable, RunPaused
from ...pricing import price_usd
from ..values import Outcome, OutcomeStatus, Row, RunLimits, Specification
from .asked import Asked, repeated
from .concurrency import Breaker, at_once
from .doors import BACK_OFF, CutOff, Doorkeeper, OutOfMoney, Price
from .groups import Door
from .inquiry import Inquiry
from .outbox import Outbox
from .preparing import UNCHANGED, Load, Preparing, Question, Recall, Recalled, promptings_for
from .spending import Purse
from .waiting import Waiting

__all__ = ["UNCHANGED", "Asking", "Load", "Recall", "Recalled"]

_QUEUED_ROWS = 16
# Rows that were taken and not handed out yet: with the slowest of them, all that is in memory.
_MOST_OPEN = 2_000
# A limit of rows is of those that are asked about, or would be but for an earlier answer.
_NOT_COUNTED = (OutcomeStatus.SKIPPED, OutcomeStatus.UNCHANGED)


class Asking:
    """One go at the rows of a run.

    `doors` are the model and, where the specification names one, the fallback. `load` reads a
    row's attachments and raises BadInput. `give_way` is awaited between rows. `back_off`: how
    long to wait before a prompt is sent again, where the provider does not say.
    """

    def __init__(
        self,
        specification: Specification,
        limits: RunLimits,
        columns: Sequence[str],
        doors: Sequence[Door],
        *,
        recall: Recall | None = None,
        load: Load | None = None,
        price: Price = price_usd,
        spent_usd: float = 0.0,
        give_way: Callable[[], Awaitable[None]] | None = None,
        back_off: WaitBaseT = BACK_OFF,
    ) -> None:
        self._specification = specification
        self._with_files = load is not None
        self._limits = limits = self._bounded(limits)
        self._give_way = give_way
        self._purse = Purse(limits.usd, spent_usd)
        self._breaker = Breaker(limits.failures_in_a_row)
        self._stopped = asyncio.Event()
        promptings = promptings_for(specification, columns, [door.info for door in doors])
        self._preparing = Preparing(specification, promptings[0], recall=recall, load=load)
        self._keepers = [
            Doorkeeper(
                door,
                limits,
                price=price,
                purse=self._purse,
                stopped=self._stopped,
                back_off=back_off,
            )
            for door in doors
        ]
        self._inquiry = Inquiry(promptings, self._keepers)
        self._asked = Asked() if specification.use_cache else None
        self._queue: asyncio.Queue[Question | Row] = asyncio.Queue(
            max(_QUEUED_ROWS, specification.rows_per_call)
        )
        self._outbox = Outbox(self._breaker)
        self._room = Waiting()
        self._reader: asyncio.Task[None] | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._error: BaseException | None = None
        self._open = 0
        self._taken = 0
        self._next_at = 0.0
        self.in_flight = 0
        self.is_paused = False

    def adjust(self, limits: RunLimits) -> None:
        """Other limits from now on, while it runs."""
        self._limits = limits = self._bounded(limits)
        self._purse.limit_usd = limits.usd
        self._breaker.most = limits.failures_in_a_row
        for keeper in self._keepers:
            keeper.adjust(limits)
        self._purse.waiting.wake()
        if self._reader is not None:
            self._employ()

    def _bounded(self, limits: RunLimits) -> RunLimits:
        """A worker loads its row's files: fewer workers, less in memory."""
        return replace(limits, concurrency=at_once(limits.concurrency, with_files=self._with_files))

    def pause(self) -> None:
        """Take no more rows; what is in flight may finish, and then outcomes() ends."""
        self.is_paused = True
        self._stop(None)

    async def outcomes(
        self, pages: AsyncIterator[Sequence[Row]]
    ) -> AsyncGenerator[list[Outcome], None]:
        """Lists of at most 200 outcomes, at least every 50 ms while there are any.

        Raises RunPaused with the reason once everything settled has been handed out, and what
        `pages` raises. Closing it cancels what is in flight.
        """
        self._reader = asyncio.create_task(self._read(pages))
        self._reader.add_done_callback(self._has_ended)
        if self._stopped.is_set():
            self._reader.cancel()
        self._employ()
        try:
            while True:
                is_finished = self._is_finished()
                if is_finished and not self._stopped.is_set():
                    self._outbox.release_held()
                while batch := self._outbox.take(rest=is_finished):
                    self._open -= len(batch)
                    self._room.wake()
                    yield batch
                if is_finished:
                    break
                await self._outbox.news.wait()
                self._outbox.news.clear()
        finally:
            await self._close(pages)
        if self._error is not None:
            raise self._error

    async def _read(self, pages: AsyncIterator[Sequence[Row]]) -> None:
        """Take rows from the pages and queue what is to be asked."""
        async for page in pages:
            for number, each in enumerate(await self._prepared(page)):
                if number % _QUEUED_ROWS == 0:
                    await self._breathe()
                if not (isinstance(each, Outcome) and each.status in _NOT_COUNTED):
                    if self._limits.rows is not None and self._taken >= self._limits.rows:
                        return
                    self._taken += 1
                self._open += 1
                if isinstance(each, Outcome):
                    self._outbox.put(each)
                else:
                    await self._in_time()
                    await self._queue.put(each)

    async def _prepared(self, page: Sequence[Row]) -> Sequence[Question | Outcome | Row]:
        """The page's questions and outcomes; its rows as they are where files must be read."""
        if self._preparing.needs_files:
            return page
        prepared: list[Question | Outcome] = []
        for number in range(0, len(page), _QUEUED_ROWS):
            await self._breathe()
            prepared += map(self._preparing.prepared, page[number : number + _QUEUED_ROWS])
        return await self._preparing.recalled(prepared)

    async def _breathe(self) -> None:
        """Let others have the event loop, and whoever iterates catch up."""
        await (self._give_way() if self._give_way else asyncio.sleep(0))
        while self._open >= max(_MOST_OPEN, 2 * self._limits.concurrency):
            await self._room.wait()

    async def _in_time(self) -> None:
        """Keep to the rows per second that are allowed."""
        while rate := self._limits.rows_per_second:
            now = time.monotonic()
            if now >= self._next_at:
                self._next_at = max(self._next_at, now - 1 / rate) + 1 / rate
                return
            # In pieces, since the rate may change meanwhile.
            await asyncio.sleep(min(self._next_at - now, 1 / rate, 0.5))

    async def _work(self) -> None:
        """Ask about one row after another, or several at once, until cancelled."""
        while True:
            taken = [await self._queue.get()]
            while len(taken) < self._specification.rows_per_call and not self._queue.empty():
                taken.append(self._queue.get_nowait())
            self.in_flight += len(taken)
            try:
                await self._ask([each for each in taken if self._is_new(each)])
            finally:
                self.in_flight -= len(taken)
                if self._is_finished():
                    self._outbox.news.set()

    async def _ask(self, rows: list[Question | Row]) -> None:
        questions = [
            question
            for each in rows
            if (question := await self._loaded(each) if isinstance(each, Row) else each) is not None
        ]
        if not questions:
            return
        if self._give_way:
            await self._give_way()
        try:
            outcomes = await self._inquiry.settle_together(questions)
        except CutOff:
            self._forget(questions)
        except (OutOfMoney, ModelUnusable) as error:
            self._forget(questions)
            self._stop(RunPaused(error.message))
        else:
            for question, outcome in zip(questions, outcomes, strict=True):
                self._settle_asked(question, outcome)

    async def _loaded(self, row: Row) -> Question | None:
        """The question with the row's files; None where it is settled or asked already."""
        prepared = await self._preparing.loaded(row)
        if isinstance(prepared, Question):
            return prepared if self._is_new(prepared) else None
        self._taken -= prepared.status in _NOT_COUNTED
        self._outbox.put(prepared)
        return None

    def _is_new(self, question: Question | Row) -> bool:
        """Whether it must be asked; otherwise it is settled, now or with the one like it."""
        if self._asked is None or isinstance(question, Row):
            return True
        key = question.row.key
        if answer := self._asked.answer(question.input_hash, key):
            self._outbox.put(answer)
            return False
        return not self._asked.follow(question.input_hash, key)

    def _settle_asked(self, question: Question, outcome: Outcome) -> None:
        """An outcome that a model gave, for the row and those like it."""
        outcomes = [outcome]
        if self._asked:
            followers = self._asked.settle(question.input_hash, outcome)
            outcomes += [repeated(outcome, key) for key in followers]
        self._outbox.put_asked(outcomes)
        if self._breaker.is_tripped:
            self._stop(
                RunPaused(
                    f"{self._breaker.failures} rows failed in a row, the last one because: "
                    f"{outcome.message} Resume the run when that is mended."
                )
            )

    def _forget(self, questions: Sequence[Question]) -> None:
        """These rows and those like them get no outcome now."""
        for question in questions:
            self._open -= 1
            if self._asked:
                self._open -= len(self._asked.settle(question.input_hash, None))

    def _is_finished(self) -> bool:
        return (
            self._reader is not None
            and self._reader.done()
            and self.in_flight == 0
            and self._queue.empty()
        )

    def _employ(self) -> None:
        """Have as many workers as rows may be in flight; with fewer allowed, some wait."""
        while len(self._workers) < max(1, self._limits.concurrency):
            worker = asyncio.create_task(self._work())
            worker.add_done_callback(self._has_ended)
            self._workers.append(worker)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._stop(error)
        self._outbox.news.set()

    def _stop(self, error: BaseException | None) -> None:
        """Take no more rows; what waits, or was turned away like all others, is left as it was."""
        self._error = self._error or error
        self._stopped.set()
        self._outbox.drop_held()
        if self._reader is not None:
            self._reader.cancel()
        while not self._queue.empty():
            self._queue.get_nowait()
        for keeper in self._keepers:
            keeper.look_again()
        self._outbox.news.set()

    async def _close(self, pages: AsyncIterator[Sequence[Row]]) -> None:
        tasks = [task for task in (self._reader, *self._workers) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
        for keeper in self._keepers:
            await keeper.aclose()
