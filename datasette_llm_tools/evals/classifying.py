"""How what a model said of rows compares with what a person said: accuracy, confusion, F1. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .bags import same_value
from .statistics import Share
from .values import TOLERANCE

NOTHING = ""  # in place of a value that is NULL, or that a failed row has not


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each value was expected and each was said, as text. A cell: (expected, said)."""

    cells: Mapping[tuple[str, str], int]

    @property
    def labels(self) -> tuple[str, ...]:
        """Every value that was expected or said."""
        return tuple(sorted({each for pair in self.cells for each in pair}))

    @property
    def accuracy(self) -> Share:
        """How many were said as they were expected."""
        right = sum(count for (expected, said), count in self.cells.items() if expected == said)
        return Share(right, sum(self.cells.values()))

    def precision(self, label: str) -> Share:
        """Of those that were said to be `label`, how many are."""
        return Share(self._at(label, label), self._sum(said=label))

    def recall(self, label: str) -> Share:
        """Of those that are `label`, how many were said to be."""
        return Share(self._at(label, label), self._sum(expected=label))

    def f1(self, label: str) -> float | None:
        """The harmonic mean of precision and recall; None where there is no such label."""
        both = self._sum(expected=label) + self._sum(said=label)
        return 2 * self._at(label, label) / both if both else None

    @property
    def macro_f1(self) -> float | None:
        """The mean of F1 over the values that were expected; None without any."""
        expected = sorted({each for each, _ in self.cells})
        scores = [score for each in expected if (score := self.f1(each)) is not None]
        return sum(scores) / len(scores) if scores else None

    def _at(self, expected: str, said: str) -> int:
        return self.cells.get((expected, said), 0)

    def _sum(self, expected: str | None = None, said: str | None = None) -> int:
        return sum(
            count
            for (one, other), count in self.cells.items()
            if expected in (None, one) and said in (None, other)
        )


def confusion(pairs: Iterable[tuple[Any, Any]]) -> Confusion:
    """Count pairs of expected and said values, as JSON has them.

    Text is trimmed, numbers are compared with a tolerance as results of statements are.
    """
    cells: Counter[tuple[str, str]] = Counter()
    for expected, said in pairs:
        cells[_text(expected), _said(expected, said)] += 1
    return Confusion(dict(cells))


def _said(expected: Any, said: Any) -> str:
    """What was said as text: that of the expected value only where it is the same."""
    if _is_same(expected, said):
        return _text(expected)
    text = _text(said)
    return json.dumps(said) if text == _text(expected) else text


def _is_same(expected: Any, said: Any) -> bool:
    numbers = (int, float)
    if isinstance(expected, bool) or isinstance(said, bool):
        return expected is said
    if isinstance(expected, numbers) and isinstance(said, numbers):
        return same_value(expected, said, TOLERANCE)
    return type(expected) is type(said) and _text(expected) == _text(said)


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split())
