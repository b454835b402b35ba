"""What is done where statements for one question disagree, as frozen values.

A person is asked which reading was meant, or a second model is asked too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

_T = TypeVar("_T")
Value: TypeAlias = int | float | str  # what a reading gives


_QUESTION_CHARACTERS = 160  # that two readings in one question may have
_MOST_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Readings:
    """What two buttons say. `swapped`: the first is of the second statement."""

    labels: tuple[str, str]
    opening: str = ""
    swapped: bool = False

    def in_order(self, first: _T, second: _T) -> tuple[_T, _T]:
        """What belongs to the statements, in the order of the labels."""
        return (second, first) if self.swapped else (first, second)


@dataclass(frozen=True, slots=True)
class Option:
    """One reading: what a button says, and its statement.

    `value` is its result where that is one value, a number or a short text. It is never kept:
    pages read it as the reader. `decimals` is how many its words need.
    """

    label: str
    sql: str
    value: Value | None = None
    decimals: int = 2

    @property
    def said(self) -> str:
        """`leave them out: 328`, or the label alone."""
        return self.label if self.value is None else f"{self.label}: {self.value_words}"

    @property
    def value_words(self) -> str:
        """What it gives, for people; empty where that is not one value."""
        if isinstance(self.value, (int, float)):
            return number_words(self.value, self.decimals)
        return self.value or ""

    @property
    def button(self) -> str:
        """The same as it begins a line."""
        return _capital(self.said)


@dataclass(frozen=True, slots=True)
class AskedBack:
    """One question to the person who asked, with two readings; `opening` stands before them."""

    options: tuple[Option, ...]
    opening: str = ""

    @property
    def question(self) -> str:
        """`Count cancelled flights too: 336, or leave them out: 328?`

        Without the readings where they are too long for a question: they stand below it.
        """
        readings = ", or ".join(each.said for each in self.options)
        if self.opening and len(readings) > _QUESTION_CHARACTERS:
            return f"{_capital(self.opening)}. Which did you mean?"
        return _capital(f"{self.opening}: {readings}?" if self.opening else f"{readings}?")


@dataclass(frozen=True, slots=True)
class Escalation:
    """A second model that was asked because fewer than `below` percent agreed, or was not needed.

    `votes` of `asked` agreed before. `usd` is what it cost, or would have cost where it was not
    needed; None where no price is known. `error`: why it gave nothing.
    """

    model_id: str
    votes: int
    asked: int
    below: int
    was_asked: bool
    usd: float | None = None
    error: str | None = None


def asked_back_json(asked: AskedBack) -> dict[str, Any]:
    """For programs: the question, and each reading with its SQL and its value."""
    return {
        "question": asked.question,
        "options": [
            {"label": each.label, "sql": each.sql, "value": each.value} for each in asked.options
        ],
    }


def kept_asked_back(asked: AskedBack) -> dict[str, Any]:
    """As it is kept, without values."""
    return {
        "opening": asked.opening,
        "options": [{"label": each.label, "sql": each.sql} for each in asked.options],
    }


def read_asked_back(kept: dict[str, Any] | None) -> AskedBack | None:
    """What kept_asked_back wrote."""
    if kept is None:
        return None
    return AskedBack(tuple(Option(**each) for each in kept["options"]), kept["opening"])


def with_values(asked: AskedBack, values: dict[str, Value | None]) -> AskedBack:
    """The same with the value of each statement; with none unless every reading has one."""
    found = [values.get(each.sql) for each in asked.options]
    if any(value is None for value in found):
        found = [None] * len(found)
    for decimals in range(2, _MOST_DECIMALS):
        options = tuple(
            replace(each, value=value, decimals=decimals)
            for each, value in zip(asked.options, found, strict=True)
        )
        if found[0] is None or len({each.value_words for each in options}) == len(options):
            break  # what is not the same does not look the same
    return replace(asked, options=options)


def number_words(value: int | float, decimals: int = 2) -> str:
    """`1,234` and `12.5`; as many digits as anybody reads."""
    if isinstance(value, float) and not value.is_integer():
        if abs(value) < 1:
            return f"{value:.{decimals + 1}g}"
        return f"{value:,.{decimals}f}".rstrip("0").rstrip(".")
    return f"{int(value):,}" if abs(value) < 1e15 else f"{value:g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
