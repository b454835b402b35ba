"""What prompts cost: of one row, and of a run that may not cost more than so much."""

from __future__ import annotations

from dataclasses import dataclass

from ...prompt import Usage
from .waiting import Waiting


@dataclass(slots=True)
class Bill:
    """What was done about one row so far. `usd` is None once a reply had no known price.

    `milliseconds` are the model's, without waiting for a place in flight.
    """

    usage: Usage = Usage()
    usd: float | None = 0.0
    attempts: int = 0
    milliseconds: float = 0.0

    @property
    def is_paid(self) -> bool:
        """Whether there was a reply, which costs money."""
        return self.usd != 0.0 or self.usage != Usage()

    def add(self, usage: Usage, usd: float | None) -> None:
        """Put a reply on it."""
        self.usage = self.usage + usage
        self.usd = None if usd is None or self.usd is None else self.usd + usd

    def share(self, number: int, of: int) -> Bill:
        """The part of one of several rows that were asked about together; parts add up."""

        def part(tokens: int | None) -> int | None:
            return None if tokens is None else tokens // of + (number < tokens % of)

        usage = Usage(part(self.usage.input_tokens), part(self.usage.output_tokens))
        usd = None if self.usd is None else self.usd / of
        return Bill(usage, usd, self.attempts, self.milliseconds / of)


class Purse:
    """Money of a run: what is spent and what prompts in flight may cost stay below the limit."""

    def __init__(self, limit_usd: float | None, spent_usd: float) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = 0.0
        self.open = 0
        self.waiting = Waiting()  # for what is in flight to turn out cheaper

    def has(self, usd: float) -> bool:
        """Whether so much more may be spent."""
        return self.limit_usd is None or self.spent_usd + self.reserved_usd + usd <= self.limit_usd

    def reserve(self, usd: float) -> None:
        """Set aside what a prompt may cost."""
        self.reserved_usd += usd
        self.open += 1

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Free what was set aside, and spend."""
        self.open -= 1
        # Sums of floats drift; nothing set aside is exactly nothing.
        self.reserved_usd = self.reserved_usd - reserved_usd if self.open else 0.0
        self.spent_usd += spent_usd
        self.waiting.wake()
