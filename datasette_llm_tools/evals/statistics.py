"""Shares with their intervals, two runs beside each other, and the middle of many figures. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..enrichments.jobs import wilson


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with its 95% interval by Wilson."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share from 0 to 1; None without cases."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.count, self.of)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs over the same cases: how many each of them alone had right.

    `p` is the chance of a difference as large or larger between equals, by McNemar's exact test,
    two-sided: the cases that only one of them had right are as throws of a coin.
    """

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def cases(self) -> int:
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def p(self) -> float:
        thrown = self.only_first + self.only_second
        fewer = min(self.only_first, self.only_second)
        ways = sum(math.comb(thrown, each) for each in range(fewer + 1))
        return min(1.0, float(2 * ways / 2**thrown))


def paired(first: Mapping[str, bool], second: Mapping[str, bool]) -> Paired:
    """Compare which cases, by id, two runs had right. Cases of one run only are left out."""
    both = first.keys() & second.keys()
    told = [(first[each], second[each]) for each in both]
    return Paired(
        both=told.count((True, True)),
        only_first=told.count((True, False)),
        only_second=told.count((False, True)),
        neither=told.count((False, False)),
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which that share (0 to 1) of the values lies, between neighbours by line.

    None without values.
    """
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float | None:
    """The middle value; None without values."""
    return percentile(values, 0.5)
