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
    "distinct": "different values of {}",
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


_CALL = re.compile(r'(\w+)\(\s*(?:\w+\.)?"?(\*|\w+)"?\s*\)')
_CALLED = {"avg": "mean", "sum": "total", "total": "total", "min": "lowest", "max": "highest"}


def spoken(name: str) -> str:
    """A column's name without underscores where these only join its words.

    A column that a query left unnamed is called by the function that made it.
    """
    call = _CALL.fullmatch(name)
    if call is not None:
        function, argument = call[1].lower(), call[2]
        if function == "count":
            return "count" if argument == "*" else f"count of {spoken(argument)}"
        if function in _CALLED:
            return f"{_CALLED[function]} {spoken(argument)}"
    return name.replace("_", " ").strip() if re.fullmatch(r"\w+", name) else name


def capital(text: str) -> str:
    """A text with its first letter in upper case, unless it is that letter only."""
    return text[:1].upper() + text[1:] if len(text) > 1 else text


def field_title(field: Field, spec: ChartSpec, noun: str | None = None) -> str:
    """What a field is called on an axis, in a legend and over a column."""
    if field.is_value:
        return capital(value_words(spec, noun))
    words = key_words(field.column.name if field.column else "", field.unit)
    return capital(f"{words}, to" if field.channel in ("x_end", "y_end") else words)


def value_words(spec: ChartSpec, noun: str | None = None) -> str:
    """What is drawn, within a sentence: "mean arrival delay", "number of flights"."""
    name = spec.color if spec.mark == "heatmap" else spec.y
    if spec.aggregate == "count":
        return f"number of {noun or 'rows'}"
    if spec.aggregate is not None and name is not None:
        return _AGGREGATES[spec.aggregate].format(spoken(name))
    return spoken(name or "")


def axis_words(spec: ChartSpec, noun: str | None = None) -> str:
    """What is drawn along an axis: the value, or its share of a whole."""
    words = value_words(spec, noun)
    if spec.stack != "normalized":
        return words
    return f"share of {noun or 'rows'}" if spec.aggregate == "count" else f"share of {words}"


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
