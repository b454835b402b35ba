"""What columns, fields and charts are called for people."""

from __future__ import annotations

import re

from .chart_parts import Field
from .spec import Aggregate, ChartSpec, Filter, Unit

_AGGREGATES: dict[Aggregate, str] = {
    "sum": "total {}",
    "mean": "mean {}",
    "median": "median {}",
    "min": "lowest {}",
    "max": "highest {}",
    "distinct": "number of different {}",
}
_UNITS: dict[Unit, str] = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "year_month": "month",
    "week": "week",
    "day": "day",
    "weekday": "day of the week",
    "hour": "hour",
}
_COMPARISONS = {
    "=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than",
    ">=": "is at least", "in": "is", "contains": "contains",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def spoken(name: str) -> str:
    """A column's name without underscores where these only join its words."""
    return name.replace("_", " ").strip() if re.fullmatch(r"\w+", name) else name


def capital(text: str) -> str:
    """A text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def field_title(field: Field, spec: ChartSpec, noun: str | None = None) -> str:
    """What a field is called on an axis, in a legend and over a column."""
    if field.is_value:
        return capital(value_words(spec, noun))
    name = spoken(field.column.name) if field.column else ""
    if field.channel in ("x_end", "y_end"):
        return f"{capital(name)}, to"
    if field.unit is not None and _UNITS[field.unit] not in name.lower():
        return f"{capital(name)} ({_UNITS[field.unit]})"
    return capital(name)


def value_words(spec: ChartSpec, noun: str | None = None) -> str:
    """What is drawn, within a sentence: "mean arrival delay", "number of flights"."""
    name = spec.color if spec.mark == "heatmap" else spec.y
    if spec.aggregate == "count":
        return f"number of {noun or 'rows'}"
    if spec.aggregate is not None and name is not None:
        return _AGGREGATES[spec.aggregate].format(spoken(name))
    return spoken(name or "")


def key_words(name: str, unit: Unit | None) -> str:
    """What something is drawn over, within a sentence: "carrier", "month", "departure hour"."""
    if unit is None:
        return spoken(name)
    word = _UNITS[unit]
    return (
        word
        if spoken(name).lower() in ("date", "day", "time", word)
        else f"{word} of {spoken(name)}"
    )


def filter_words(each: Filter) -> str:
    """A filter within a sentence: "origin is JFK", "month of date is January"."""
    many = each.value if isinstance(each.value, tuple) else (each.value,)
    values = " or ".join(_value_words(value, each.unit) for value in many[:5])
    more = " or others" if len(many) > 5 else ""
    return f"{key_words(each.column, each.unit)} {_COMPARISONS[each.comparison]} {values}{more}"


def _value_words(value: str | float | int, unit: Unit | None) -> str:
    if unit == "month" and value in range(1, 13):
        return _MONTHS[int(value) - 1]
    if unit == "weekday" and value in range(7):
        return _WEEKDAYS[int(value)]
    return f"Q{value}" if unit == "quarter" else str(value)
