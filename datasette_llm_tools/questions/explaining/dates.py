"""SQLite's functions of dates and times as phrases of English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from .values import NotUnderstood

if TYPE_CHECKING:
    from .phrases import Phrases

_PARTS = {
    "%Y": "the year",
    "%m": "the month",
    "%d": "the day of the month",
    "%H": "the hour",
    "%M": "the minute",
    "%j": "the day of the year",
    "%W": "the week",
    "%w": "the day of the week (0 is Sunday)",
    "%Y-%m": "the year and month",
    "%Y-%m-%d": "the date",
    "%H:%M": "the time",
}
_STARTS = {
    "start of month": "the first day of the month of",
    "start of year": "the first day of the year of",
    "start of day": "the beginning of the day of",
}
_SHIFT = re.compile(r"([+-])(\d+(?:\.\d+)?) (second|minute|hour|day|month|year)s?", re.IGNORECASE)
_NOW = {"date": "today (UTC)", "datetime": "now (UTC)", "time": "the time now (UTC)"}
_OF = {"date": "the date of", "datetime": "the date and time of", "time": "the time of"}


def dated(node: Any, phrases: Phrases) -> str | None:
    """A function of dates, or the days between two; None for what is neither.

    Raises NotUnderstood for a form of one that has no sure words.
    """
    if isinstance(node, exp.Sub):
        later, earlier = (_in_days(each) for each in (node.this, node.expression))
        if later is None or earlier is None:
            return None
        return f"the number of days from {_moment(earlier, phrases)} to {_moment(later, phrases)}"
    if isinstance(node, exp.TimeToStr):
        return _part(node, phrases)
    if isinstance(node, exp.Cast) and node.args["to"].sql("sqlite").upper() == "INTEGER":
        # A part of a date is the same number with or without zeros before it.
        of = node.this
        is_part = isinstance(of, exp.TimeToStr) and len(of.args["format"].name) == 2
        return _part(of, phrases) if is_part else None
    if isinstance(node, exp.CurrentDate):
        return _NOW["date"]
    if isinstance(node, exp.Date):
        return _shifted("date", [node.this], phrases)
    if isinstance(node, exp.Anonymous) and node.name.lower() in _OF:
        return _shifted(node.name.lower(), node.expressions, phrases)
    return None


def _part(node: exp.TimeToStr, phrases: Phrases) -> str:
    """STRFTIME of a common form."""
    how = node.args["format"]
    part = _PARTS.get(how.name) if isinstance(how, exp.Literal) else None
    if part is None:
        raise NotUnderstood("STRFTIME")
    of = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
    is_now = isinstance(of, exp.Literal) and of.name.lower() == "now"
    return f"{part} of {_NOW['date'] if is_now else _moment(of, phrases)}"


def _in_days(node: Any) -> Any:
    """The date that JULIANDAY makes a number of."""
    node = node.unnest()
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "julianday":
        return None
    return node.expressions[0] if len(node.expressions) == 1 else None


def _moment(node: Any, phrases: Phrases) -> str:
    """What a date is taken of."""
    if isinstance(node, exp.Literal):
        return _NOW["datetime"] if node.name.lower() == "now" else phrases.value(node)
    return phrases.part(node)


def _shifted(function: str, arguments: list[Any], phrases: Phrases) -> str:
    """DATE and its like, with what is added to it."""
    if not arguments:
        raise NotUnderstood(function)
    of = arguments[0]
    is_now = isinstance(of, exp.Literal) and of.name.lower() == "now"
    said = _NOW[function] if is_now else f"{_OF[function]} {_moment(of, phrases)}"
    for each in arguments[1:]:
        text = each.name.lower() if isinstance(each, exp.Literal) and each.is_string else ""
        if shift := _SHIFT.fullmatch(text):
            sign, number, unit = shift.groups()
            word = "plus" if sign == "+" else "minus"
            said = f"{said} {word} {number} {unit}{'' if number == '1' else 's'}"
        elif text in _STARTS:
            said = f"{_STARTS[text]} {said.removeprefix('the date of ')}"
        else:
            raise NotUnderstood(function)
    return said
