"""Bins of a histogram: round numbers, so many that the shape is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

_BINS = 40
_MOST_DIGITS = 15  # SQLite rounds no finer with certainty


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of width `step` from `origin` on; `digits` after the point write every edge."""

    origin: float
    step: float
    digits: int

    def edge(self, index: str) -> str:
        """SQL for the lower edge of the bin whose number the SQL `index` gives."""
        if self.digits == 0:
            return f"{int(self.origin)} + {int(self.step)} * {index}"
        if self.digits > _MOST_DIGITS:
            return f"{self.origin!r} + {self.step!r} * {index}"
        return f"round({self.origin!r} + {self.step!r} * {index}, {self.digits})"

    def index(self, value: str) -> str:
        """SQL for the number, from 0, of the bin that the SQL `value` falls into."""
        # Divided as floats, 0.3 / 0.1 is a little less than 3.
        return f"cast(({value} - {self.origin!r}) / {float(self.step)!r} + 1e-9 as integer)"


def bins_of(low: float, high: float, *, whole: bool) -> Bins:
    """Up to forty bins from `low` to `high`, of width 1, 2 or 5 times a power of ten.

    `whole`: the values are integers, so no bin is narrower than 1.
    """
    width = (high / _BINS) - (low / _BINS)  # the difference itself may be infinite
    if not width > 0:
        width = 1.0 if whole else abs(low) / 10 or 1.0
    power = math.floor(math.log10(width))
    factor = next(each for each in (1, 2, 5, 10) if width <= each * 10.0**power * (1 + 1e-9))
    step = factor * 10.0**power
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if whole and step < 1:
        step, digits = 1.0, 0
    step = round(step, digits)
    origin = round(math.floor(low / step) * step, digits)
    # At the end of what a float holds there is no round number below.
    return Bins(origin if math.isfinite(origin) else low, step, digits)
