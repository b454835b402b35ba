"""JSON objects from outside, read key by key; what is wrong is said with its place."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import Any, TypeVar

from ..errors import BadInput

Kind = TypeVar("Kind", bound=Enum)

_LARGEST_INTEGER = 2**63


class ObjectReader:
    """One JSON object. `place` begins every message; each method raises BadInput.

    A key that is missing or null is the empty text or list, unless it is `required`.
    """

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise BadInput(f"{place} must be an object.")
        self._value = value
        self._left = set(value)
        self.place = place

    def get(self, key: str) -> Any:
        """The value of a key as it is, None where it is missing."""
        self._left.discard(key)
        return self._value.get(key)

    def text(
        self,
        key: str,
        most: int,
        *,
        required: bool = False,
        pattern: re.Pattern[str] | None = None,
    ) -> str:
        """A text of at most so many characters, all of it matching `pattern`."""
        value = self.get(key)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise self.wrong(key, "must be text")
        if len(value) > most:
            raise self.wrong(key, f"has {len(value):,} characters; there may be {most:,}")
        if not is_storable(value):
            raise self.wrong(key, "has characters that cannot be stored")
        if pattern is not None and not pattern.fullmatch(value):
            raise self.wrong(key, f"cannot be {value[:40]!r}")
        return value

    def whole(self, key: str) -> int:
        """A number that counts from 1."""
        value = self.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
            raise self.wrong(key, "must be a whole number from 1")
        return value

    def items(self, key: str, most: int) -> list[Any]:
        """A list of at most so many entries."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "must be a list")
        if len(value) > most:
            raise self.wrong(key, f"has {len(value):,} entries; there may be {most:,}")
        return value

    def choice(self, key: str, of: type[Kind]) -> Kind:
        """One of an enum's values."""
        value = self.get(key)
        for each in of:
            if each.value == value:
                return each
        raise self.wrong(key, f"must be one of {', '.join(str(each.value) for each in of)}")

    def wrong(self, key: str, what: str) -> BadInput:
        """The error that says what is wrong with a key."""
        return BadInput(f"{self.place}: {key} {what}.")

    def end(self) -> None:
        """Raise BadInput where there is something that nobody has read."""
        if self._left:
            unknown = ", ".join(sorted(repr(str(each)[:40]) for each in self._left))
            raise BadInput(f"{self.place} has {unknown}, which nothing here is called.")


def is_storable(text: str) -> bool:
    """Whether SQLite and JSON take a text: no half of a surrogate pair, no NUL."""
    return "\0" not in text and is_sayable(text)


def is_sayable(text: str) -> bool:
    """Whether an answer can hold a text: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_number(value: Any) -> bool:
    """Whether SQLite has such a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(value, int):
        return -_LARGEST_INTEGER <= value < _LARGEST_INTEGER
    return math.isfinite(value)
