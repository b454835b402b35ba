"""The engine: rows and a specification in, outcomes out; no SQLite, no HTTP.

A reader takes rows from pages and puts questions into a short queue, workers ask, and whoever
iterates gets outcomes in whatever order they come. The queue is short so that a model which
answers at once cannot keep the event loop for itself. When a run stops, rows that nothing was
paid for yet get no outcome: they are as they were, and are asked about when it is resumed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BadInput, ModelUnusable, RunPaused
from ..pricing import price_usd
from ..prompt import Attachment
from .asked import Asked, repeated
from .concurrency import Breaker
from .doors import CutOff, Door, Doorkeeper, OutOfMoney, Price
from .inquiry import Inquiry, Question
from .prompts import Prompting, new_marker
from .spending import Purse
from .values import Fault, Key, Outcome, OutcomeStatus, Row, RunLimits, Specification
from .waiting import Waiting

_BATCH_ROWS = 200
_BATCH_SECONDS = 0.05
_QUEUED_ROWS = 16
# Rows that were taken and not handed out yet: with the slowest of them, all that is in memory.
_MOST_OPEN = 2_000
# A limit of rows is of those that are asked about, or would be but for an earlier answer.
_NOT_COUNTED = (OutcomeStatus.SKIPPED, OutcomeStatus.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of a row without asking: `values` of an earlier identical prompt."""

    values: Mapping[str, Any] | None
    model_id: str | None = None


UNCHANGED = Recalled(None)  # its result from an earlier run still holds

Recall = Callable[[Sequence[tuple[Key, bytes]]], Awaitable[Mapping[Key, Recalled]]]
Load = Callable[[Row], Awaitable[tuple[Attachment, ...]]]


class Asking:
    """One go at the rows of a run.

    `doors` are the model and, where the specification names one, the fallback. `load` reads a
    row's attachments and raises BadInput. `give_way` is awaited between rows.
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
    ) -> None:
        self._specification = specification
        self._limits = limits
        self._recall = recall
        self._load = load
        self._give_way = give_way
        self._purse = Purse(limits.usd, spent_usd)
        self._breaker = Breaker(limits.failures_in_a_row)
        self._stopped = asyncio.Event()
        promptings = _promptings(specification, columns, doors)
        self._prompting = promptings[0]
        self._keepers = [
            Doorkeeper(door, limits, price=price, purse=self._purse, stopped=self._stopped)
            for door in doors
        ]
        self._inquiry = Inquiry(promptings, self._keepers)
        self._asked = Asked() if specification.use_cache else None
        self._queue: asyncio.Queue[Question | Row] = asyncio.Queue(
            max(_QUEUED_ROWS, specification.rows_per_call)
        )
        self._settled: list[Outcome] = []
        self._held: list[Outcome] = []
        self._news = asyncio.Event()
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
        self._limits = limits
        self._purse.limit_usd = limits.usd
        self._breaker.most = limits.failures_in_a_row
        for keeper in self._keepers:
            keeper.adjust(limits)
        self._purse.waiting.wake()
        if self._reader is not None:
            self._employ()

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
                await self._news.wait()
                self._news.clear()
                while self._settled:
                    batch = self._settled[:_BATCH_ROWS]
                    del self._settled[:_BATCH_ROWS]
                    self._open -= len(batch)
                    self._room.wake()
                    yield batch
                if self._is_finished() and not self._settled:
                    if not self._held:
                        break
                    self._settled, self._held = self._held, []
                    self._news.set()
        finally:
            await self._close(pages)
        if self._error is not None:
            raise self._error

    async def _read(self, pages: AsyncIterator[Sequence[Row]]) -> None:
        """Take rows from the pages and queue what is to be asked."""
        async for page in pages:
            prepared: list[Question | Outcome | Row] = []
            for number in range(0, len(page), _QUEUED_ROWS):
                await self._breathe()
                rows = page[number : number + _QUEUED_ROWS]
                prepared += rows if self._load else [self._prepared(row) for row in rows]
            for number, each in enumerate(await self._recalled(prepared)):
                if number % _QUEUED_ROWS == 0:
                    await self._breathe()
                if not (isinstance(each, Outcome) and each.status in _NOT_COUNTED):
                    if self._limits.rows is not None and self._taken >= self._limits.rows:
                        return
                    self._taken += 1
                self._open += 1
                if isinstance(each, Outcome):
                    self._settle(each)
                else:
                    await self._in_time()
                    await self._queue.put(each)

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

    def _prepared(self, row: Row, files: tuple[Attachment, ...] = ()) -> Question | Outcome:
        """What to ask about a row, or what came of it where there is nothing to ask."""
        prompting = self._prompting
        if not self._specification.ask_empty and prompting.is_empty(row.values, files):
            return Outcome(row.key, OutcomeStatus.SKIPPED)
        if column := prompting.too_long(row.values):
            most = self._specification.max_cell_characters
            return _failed(row, Fault.INPUT_TOO_LONG, f"{column} has over {most:,} characters.")
        try:
            prompt = prompting.prompt(row.values, files)
        except BadInput as error:
            return _failed(row, Fault.TEMPLATE, error.message)
        return Question(row, prompt, prompting.input_hash(prompt), files)

    async def _recalled(
        self, prepared: list[Question | Outcome | Row]
    ) -> list[Question | Outcome | Row]:
        """The same, with outcomes of the rows that need not be asked about again."""
        asked = [(each.row.key, each.input_hash) for each in prepared if isinstance(each, Question)]
        if self._recall is None or not asked:
            return prepared
        known = await self._recall(asked)
        return [
            _known(each, known[each.row.key])
            if isinstance(each, Question) and each.row.key in known
            else each
            for each in prepared
        ]

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
                    self._news.set()

    async def _ask(self, rows: list[Question | Row]) -> None:
        questions = [
            question
            for each in rows
            if (question := await self._loaded(each) if isinstance(each, Row) else each) is not None
        ]
        if not questions:
            return
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
        assert self._load
        try:
            prepared: Question | Outcome | Row = self._prepared(row, await self._load(row))
        except BadInput as error:
            prepared = _failed(row, Fault.ATTACHMENT, error.message)
        (prepared,) = await self._recalled([prepared])
        if isinstance(prepared, Outcome):
            self._taken -= prepared.status in _NOT_COUNTED
            self._settle(prepared)
            return None
        assert isinstance(prepared, Question)
        return prepared if self._is_new(prepared) else None

    def _is_new(self, question: Question | Row) -> bool:
        """Whether it must be asked; otherwise it is settled, now or with the one like it."""
        if self._asked is None or isinstance(question, Row):
            return True
        key = question.row.key
        if answer := self._asked.answer(question.input_hash, key):
            self._settle(answer)
            return False
        return not self._asked.follow(question.input_hash, key)

    def _settle_asked(self, question: Question, outcome: Outcome) -> None:
        """An outcome that a model gave, for the row and those like it."""
        outcomes = [outcome]
        if self._asked:
            followers = self._asked.settle(question.input_hash, outcome)
            outcomes += [repeated(outcome, key) for key in followers]
        if outcome.fault is None:
            self._breaker.succeeded()
            outcomes = self._held + outcomes
            self._held = []
        else:
            self._breaker.failed()
            if outcome.fault is Fault.OVERLOADED and not outcome.usd:
                # When nobody is answered, it is not these rows that failed: see _stop().
                self._held += outcomes
                outcomes = []
        for each in outcomes:
            self._settle(each)
        if self._breaker.is_tripped:
            self._stop(
                RunPaused(
                    f"{self._breaker.failures} rows failed in a row, the last one because: "
                    f"{outcome.message} Resume the run when that is mended."
                )
            )

    def _settle(self, outcome: Outcome) -> None:
        self._settled.append(outcome)
        if len(self._settled) == 1:
            asyncio.get_running_loop().call_later(_BATCH_SECONDS, self._news.set)
        elif len(self._settled) == _BATCH_ROWS:
            self._news.set()

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
        self._news.set()

    def _stop(self, error: BaseException | None) -> None:
        """Take no more rows; what waits, or was turned away like all others, is left as it was."""
        self._error = self._error or error
        self._stopped.set()
        self._held = []
        if self._reader is not None:
            self._reader.cancel()
        while not self._queue.empty():
            self._queue.get_nowait()
        for keeper in self._keepers:
            keeper.look_again()
        self._news.set()

    async def _close(self, pages: AsyncIterator[Sequence[Row]]) -> None:
        tasks = [task for task in (self._reader, *self._workers) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(pages, AsyncGenerator):
            await pages.aclose()
        for keeper in self._keepers:
            await keeper.aclose()


def _promptings(
    specification: Specification, columns: Sequence[str], doors: Sequence[Door]
) -> list[Prompting]:
    """How each model is asked; the last one need not say whether it is unsure."""
    marker = new_marker()
    return [
        Prompting(
            specification if number == 0 else replace(specification, model_id=door.model_id),
            columns,
            supports_schema=door.info.supports_schema,
            supports_grammar=door.info.supports_grammar,
            marker=marker,
            asks_unsure=number < len(doors) - 1,
        )
        for number, door in enumerate(doors)
    ]


def _failed(row: Row, fault: Fault, message: str) -> Outcome:
    return Outcome(row.key, OutcomeStatus.FAILED, usd=0.0, fault=fault, message=message)


def _known(question: Question, recalled: Recalled) -> Outcome:
    if recalled.values is None:
        return Outcome(
            question.row.key, OutcomeStatus.UNCHANGED, input_hash=question.input_hash, usd=0.0
        )
    return Outcome(
        question.row.key,
        OutcomeStatus.DONE,
        values=recalled.values,
        input_hash=question.input_hash,
        usd=0.0,
        cached=True,
        model_id=recalled.model_id,
    )
