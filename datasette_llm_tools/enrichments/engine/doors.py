"""Doors to models, and what keeps them within bounds: how many prompts at once, how long one
may take, what is tried again and when, what it may cost.

A row that waits to be tried again keeps its place, so that a provider that refuses everybody is
left alone for as long as it asked.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import WaitBaseT, wait_random_exponential

from ...errors import ModelOverloaded, ModelUnusable, RunPaused
from ...model import Completion
from ...prompt import Prompt, Usage
from ..values import RunLimits
from ..wording import usd_words
from .concurrency import Concurrency, at_once
from .groups import Door, Groups
from .spending import Bill, Purse
from .waiting import Waiting

Price = Callable[[str, Usage], "float | None"]

# A refusal for want of capacity tried nothing: more of them are borne than of failures.
_REFUSALS_PER_ATTEMPT = 5
_MOST_TIMEOUTS = 2
_LONGEST_WAIT_S = 600.0
BACK_OFF: WaitBaseT = wait_random_exponential(multiplier=0.5, max=30)


class CutOff(Exception):
    """The run stopped before this row was asked about: it is as it was before."""


class OutOfMoney(RunPaused):
    """The limit of money would be passed."""


class TimedOut(ModelOverloaded):
    """An attempt took longer than a row may."""


class Doorkeeper:
    """Lets prompts through one door. `stopped`: no row that costs nothing yet is to go on."""

    def __init__(
        self,
        door: Door,
        limits: RunLimits,
        *,
        price: Price,
        purse: Purse,
        stopped: asyncio.Event,
        back_off: WaitBaseT = BACK_OFF,
    ) -> None:
        self.model_id = door.model_id
        self._door = door
        self._price = price
        self._purse = purse
        self._stopped = stopped
        self._back_off = back_off
        self._limits = limits
        self._concurrency = Concurrency(self._most(limits))
        self._sending = 0
        self._gate = Waiting()
        self._groups = Groups(door)
        self._longest_output: int | None = None

    def adjust(self, limits: RunLimits) -> None:
        """Other limits from now on."""
        self._limits = limits
        self._concurrency.limit(self._most(limits))
        self._gate.wake()

    def look_again(self) -> None:
        """Wake what waits: the run stopped."""
        self._gate.wake()
        self._purse.waiting.wake()

    async def aclose(self) -> None:
        """Settle groups and close connections."""
        await self._groups.aclose()
        await self._door.aclose()

    async def ask(self, prompt: Prompt, bill: Bill) -> str:
        """The model's reply; what it took is put on the bill.

        Raises CutOff, OutOfMoney, ModelUnusable (for the run), TimedOut, ModelOverloaded or
        another ModelFailed (for the row).
        """
        try:
            return await self._send(prompt, bill)
        except ModelOverloaded as error:
            return await self._send_again(prompt, bill, error)

    async def _send_again(self, prompt: Prompt, bill: Bill, error: ModelOverloaded) -> str:
        first: ModelOverloaded | None = error
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ModelOverloaded),
            stop=_Patience(self._limits.attempts),
            wait=self._wait_s,
            sleep=lambda seconds: self._nap(seconds, bill),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if first is not None:
                    error, first = first, None
                    raise error
                return await self._send(prompt, bill)
        raise AssertionError("unreachable: the last attempt raises")

    async def _send(self, prompt: Prompt, bill: Bill) -> str:
        await self._enter(bill)
        try:
            reserved = await self._reserve(prompt, bill)
            spent = 0.0
            try:
                completion = await self._complete(prompt, bill)
                usd = self._usd(completion.usage)
                spent = usd or 0.0
                bill.add(completion.usage, usd)
            finally:
                self._purse.settle(reserved, spent)
        finally:
            self._sending -= 1
            if self._gate:
                self._gate.wake(self._concurrency.allowed - self._sending)
        self._longest_output = max(self._longest_output or 0, completion.usage.output_tokens or 0)
        return completion.text

    async def _complete(self, prompt: Prompt, bill: Bill) -> Completion:
        """One attempt."""
        bill.attempts += 1
        epoch = self._concurrency.epoch
        began = time.perf_counter()
        try:
            completion = await self._groups.complete(prompt, self._limits.seconds_per_row)
        except TimeoutError:
            raise TimedOut(
                f"{self.model_id} took more than {self._limits.seconds_per_row:g} s for a row."
            ) from None
        except ModelOverloaded as error:
            if error.rate_limited:
                self._concurrency.overloaded(epoch)
            if (error.retry_after_s or 0) > _LONGEST_WAIT_S:
                minutes = (error.retry_after_s or 0) / 60
                raise ModelUnusable(
                    f"{self.model_id} asks to wait {minutes:.0f} minutes; resume the run then."
                ) from error
            raise
        finally:
            bill.milliseconds += (time.perf_counter() - began) * 1000
        self._concurrency.succeeded()
        return completion

    async def _enter(self, bill: Bill) -> None:
        """Wait for one of the places in flight."""
        self._cut_off_if_stopped(bill)
        while self._sending >= self._concurrency.allowed:
            await self._gate.wait()
            self._cut_off_if_stopped(bill)
        self._sending += 1

    async def _reserve(self, prompt: Prompt, bill: Bill) -> float:
        """Set money aside, waiting for what is in flight where it may turn out cheaper."""
        if self._purse.limit_usd is None:
            self._purse.reserve(0.0)
            return 0.0
        usd = self._usd(self._expected(prompt))
        if usd is None:
            raise OutOfMoney(
                f"{self.model_id} has no known price, so a limit of money cannot be kept; "
                "take the limit away or choose another model."
            )
        while not self._purse.has(usd):
            if self._purse.open == 0:
                raise OutOfMoney(
                    f"The limit of {usd_words(self._purse.limit_usd)} is reached: "
                    f"{usd_words(self._purse.spent_usd)} is spent, and one more prompt may cost "
                    f"{usd_words(usd)}. Raise it and resume."
                )
            await self._purse.waiting.wait()
            self._cut_off_if_stopped(bill)
        self._purse.reserve(usd)
        return usd

    def _expected(self, prompt: Prompt) -> Usage:
        """Tokens of a prompt and its reply, rather too many: a token has about four bytes of
        English, and three of most other scripts."""
        texts = [prompt.system, *(turn.text for turn in prompt.turns), str(prompt.schema or "")]
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        output = self._longest_output or prompt.max_tokens or 300
        return Usage(size // 3 + 20 + 1500 * len(prompt.attachments), output + output // 4)

    def _usd(self, usage: Usage) -> float | None:
        return 0.0 if self._door.info.is_local else self._price(self.model_id, usage)

    def _most(self, limits: RunLimits) -> int:
        return at_once(limits.concurrency, is_local=self._door.info.is_local)

    def _cut_off_if_stopped(self, bill: Bill) -> None:
        if self._stopped.is_set() and not bill.is_paid:
            raise CutOff

    def _wait_s(self, state: RetryCallState) -> float:
        """Longer and longer, at random; but not before the provider wants to hear from us."""
        asked = _error(state).retry_after_s
        if asked is None:
            return float(self._back_off(state))
        return asked + random.uniform(0, 0.5)

    async def _nap(self, seconds: float, bill: Bill) -> None:
        """Wait before the next attempt, not beyond the end of the run."""
        with anyio.move_on_after(seconds):
            if not bill.is_paid:
                await self._stopped.wait()
            else:
                await anyio.sleep(seconds)
        self._cut_off_if_stopped(bill)


class _Patience:
    """When a row has been tried often enough."""

    def __init__(self, attempts: int) -> None:
        self._attempts = max(1, attempts)
        self._failures = 0
        self._refusals = 0
        self._timeouts = 0

    def __call__(self, state: RetryCallState) -> bool:
        error = _error(state)
        self._timeouts += isinstance(error, TimedOut)
        self._refusals += error.rate_limited
        self._failures += not error.rate_limited
        return (
            self._failures >= self._attempts
            or self._refusals >= self._attempts * _REFUSALS_PER_ATTEMPT
            or self._timeouts >= _MOST_TIMEOUTS
        )


def _error(state: RetryCallState) -> ModelOverloaded:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ModelOverloaded)
    return error
