"""Outcomes on their way to whoever writes them, in batches, and failures in a row."""

from __future__ import annotations

import asyncio

from ..values import Fault, Outcome
from .concurrency import Breaker

BATCH_ROWS = 200
_BATCH_SECONDS = 0.05


class Outbox:
    """Collects outcomes; `news` is set when there is a batch, or when some have waited 50 ms.

    Whoever writes a batch gets the next one no sooner: commits are what costs.
    """

    def __init__(self, breaker: Breaker) -> None:
        self.news = asyncio.Event()
        self._breaker = breaker
        self._settled: list[Outcome] = []
        self._held: list[Outcome] = []
        self._is_due = False

    def put(self, outcome: Outcome) -> None:
        """An outcome that no model was asked for."""
        self._settled.append(outcome)
        if len(self._settled) == 1:
            self._set_clock()
        elif len(self._settled) == BATCH_ROWS:
            self.news.set()

    def put_asked(self, outcomes: list[Outcome]) -> None:
        """The outcome of asking once: the row's that was asked about, and of those like it.

        Overloaded rows are held back until another row succeeds. Where none does, nobody is
        answered, it is not these rows that failed, and drop_held() leaves them as they were.
        """
        asked = outcomes[0]
        if asked.fault is None:
            self._breaker.succeeded()
            self.release_held()
        else:
            self._breaker.failed()
            if asked.fault is Fault.OVERLOADED and not asked.usd:
                self._held += outcomes
                return
        for each in outcomes:
            self.put(each)

    def release_held(self) -> None:
        """Hand out what was held back."""
        held, self._held = self._held, []
        for each in held:
            self.put(each)

    def drop_held(self) -> None:
        """Forget what was held back."""
        self._held = []

    def take(self, *, rest: bool = False) -> list[Outcome]:
        """The next batch, empty where there is none yet; `rest` takes what there is."""
        if not (rest or self._is_due or len(self._settled) >= BATCH_ROWS):
            return []
        batch = self._settled[:BATCH_ROWS]
        del self._settled[:BATCH_ROWS]
        self._is_due = False
        if self._settled:
            self._set_clock()
        return batch

    def _set_clock(self) -> None:
        asyncio.get_running_loop().call_later(_BATCH_SECONDS, self._ring)

    def _ring(self) -> None:
        self._is_due = bool(self._settled)
        self.news.set()
