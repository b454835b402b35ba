"""JSON to a ChartSpec: every key, word and column must be one there is, or its fault is named."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, cast

from rapidfuzz import fuzz, process

from ...errors import BadInput
from ..values import Column
from . import spec as words
from .spec import ChartSpec, Filter, Unit
from .spec_mending import mended

MAX_FILTERS = 10
MAX_CHOICES = 50
MAX_LIMIT = 50_000
MAX_TITLE = 200
MAX_TEXT = 500
_COLUMN_KEYS = ("x", "y", "color")
_WORD_KEYS: dict[str, tuple[str, ...]] = {
    "mark": words.MARKS,
    "aggregate": words.AGGREGATES,
    "x_unit": words.UNITS,
    "y_unit": words.UNITS,
    "stack": words.STACKS,
    "scale": words.SCALES,
    "x_scale": words.SCALES,
    "sort": words.SORTS,
}
_KEYS = (*_WORD_KEYS, *_COLUMN_KEYS, "x_bins", "limit", "filters", "title")
_FILTER_KEYS = ("column", "comparison", "value", "unit")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def spec_from_json(value: Any, columns: Sequence[Column]) -> ChartSpec:
    """Read a spec that a model or a person wrote and mend what can be mended by rule.

    `columns` are those of the result, best as column_types.chart_columns gives them. Raises
    BadInput that names every fault in a sentence, with the nearest column or word for it.
    """
    return mended(_read(value, columns), columns)[0]


def mended_from_json(value: Any, columns: Sequence[Column]) -> tuple[ChartSpec, tuple[str, ...]]:
    """As spec_from_json, with a sentence for each thing that was mended."""
    return mended(_read(value, columns), columns)


def _read(value: Any, columns: Sequence[Column]) -> ChartSpec:
    """The spec that `value` is. Raises BadInput with one sentence for each fault."""
    reading = _Reading([column.name for column in columns])
    spec = reading.spec(value)
    if reading.faults:
        raise BadInput(" ".join(dict.fromkeys(reading.faults)))
    return spec


def nearest(name: str, names: Collection[str]) -> str | None:
    """The one of `names` that is most like `name`, or None where none is much like it."""
    found = process.extractOne(
        name, names, scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=50
    )
    return None if found is None else str(found[0])


class _Reading:
    """One spec being read; `faults` are the sentences so far."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.faults: list[str] = []

    def spec(self, value: Any) -> ChartSpec:
        if not isinstance(value, dict):
            self.faults.append("A chart's spec must be a JSON object.")
            return ChartSpec("bar")
        given = {key: each for key, each in value.items() if each is not None and each != ""}
        for key in given:
            if key not in _KEYS:
                self._unknown("A spec has no key", key, _KEYS)
        found: dict[str, Any] = {
            key: self._word(key, given[key], allowed)
            for key, allowed in _WORD_KEYS.items()
            if key in given
        }
        found |= {key: self._column(given[key]) for key in _COLUMN_KEYS if key in given}
        if "mark" not in given:
            self.faults.append(f"A spec needs a mark: {', '.join(words.MARKS)}.")
        found["mark"] = found.get("mark") or "bar"
        if "x_bins" in given:
            found["x_bins"] = self._flag(given["x_bins"])
        if "limit" in given:
            found["limit"] = self._limit(given["limit"])
        if "title" in given:
            found["title"] = self._title(given["title"])
        if "filters" in given:
            found["filters"] = self._filters(given["filters"])
        return ChartSpec(**{key: each for key, each in found.items() if each is not None})

    def _word(self, key: str, value: Any, allowed: Sequence[str]) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        self._unknown(f"{key} cannot be", value, allowed)
        return None

    def _column(self, value: Any) -> str | None:
        if isinstance(value, str):
            if value in self._names:
                return value
            alike = [name for name in self._names if name.casefold() == value.casefold()]
            if len(alike) == 1:
                return alike[0]
        near = nearest(value, self._names) if isinstance(value, str) else None
        offer = f"did you mean {near}?" if near else f"there are {_listed(self._names)}."
        self.faults.append(f"There is no column {_shown(value)}; {offer}")
        return None

    def _flag(self, value: Any) -> bool:
        if not isinstance(value, bool):
            self.faults.append(f"x_bins must be true or false, not {_shown(value)}.")
        return value is True

    def _limit(self, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_LIMIT:
            return value
        self.faults.append(f"limit must be a whole number from 1 to {MAX_LIMIT:,}.")
        return None

    def _title(self, value: Any) -> str:
        if isinstance(value, str) and len(value) <= MAX_TITLE:
            return " ".join(value.split())
        self.faults.append(f"title must be a text of at most {MAX_TITLE} characters.")
        return ""

    def _filters(self, value: Any) -> tuple[Filter, ...]:
        if not isinstance(value, list) or len(value) > MAX_FILTERS:
            self.faults.append(f"filters must be a list of at most {MAX_FILTERS}.")
            return ()
        return tuple(found for each in value if (found := self._filter(each)) is not None)

    def _filter(self, value: Any) -> Filter | None:
        if not isinstance(value, dict) or not {"column", "comparison", "value"} <= value.keys():
            self.faults.append("A filter is an object with column, comparison and value.")
            return None
        for key in value:
            if key not in _FILTER_KEYS:
                self._unknown("A filter has no key", key, _FILTER_KEYS)
        column = self._column(value["column"])
        comparison = self._word("comparison", value["comparison"], words.COMPARISONS)
        named = value.get("unit") and self._word("unit", value["unit"], words.UNITS)
        unit = cast("Unit | None", named or None)
        compared = self._compared(value["value"], comparison, unit)
        if column is None or comparison is None or compared is None:
            return None
        return Filter(column, cast("words.Comparison", comparison), compared, unit)

    def _compared(
        self, value: Any, comparison: str | None, unit: Unit | None
    ) -> str | float | int | tuple[str | float | int, ...] | None:
        """The value of a filter: a list for `in`, one text or number for all others."""
        many = value if isinstance(value, list) else [value]
        if len(many) > MAX_CHOICES or not many or (len(many) > 1 and comparison != "in"):
            self.faults.append(
                f"A filter compares with one value, or with up to {MAX_CHOICES} for `in`."
            )
            return None
        if not all(map(_is_scalar, many)):
            self.faults.append(f"A filter's value must be a text or a number, not {_shown(value)}.")
            return None
        numbered = [_unit_number(each, unit) for each in many]
        return tuple(numbered) if comparison == "in" else numbered[0]

    def _unknown(self, what: str, value: Any, allowed: Sequence[str]) -> None:
        near = nearest(value, allowed) if isinstance(value, str) else None
        offer = f"did you mean {near}?" if near else f"there are {_listed(allowed)}."
        self.faults.append(f"{what} {_shown(value)}; {offer}")


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    return isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 2**63


def _unit_number(value: str | float | int, unit: Unit | None) -> str | float | int:
    """The number that a month, weekday or quarter stands for where it is written as a word."""
    if not isinstance(value, str):
        return int(value) if unit and float(value).is_integer() else value
    text = value.strip().casefold()
    if unit in ("month", "weekday") and len(text) >= 3:
        named, first = (_MONTHS, 1) if unit == "month" else (_WEEKDAYS, 0)
        for number, word in enumerate(named, first):
            if word.startswith(text.rstrip(".")):
                return number
    digits = text.removeprefix("q") if unit == "quarter" else text
    cyclic = unit in ("year", "quarter", "month", "weekday", "hour")
    return int(digits) if cyclic and digits.isdecimal() and len(digits) < 6 else value


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(_shown, names[:12]))
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
