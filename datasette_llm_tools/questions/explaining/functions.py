"""SQLite's functions as phrases of English, those of them that have sure and short words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlglot import exp

from .values import NotUnderstood

Value: TypeAlias = Callable[[Any], str]  # an argument as a noun phrase

_DATE_PARTS = {
    "%Y": "the year",
    "%m": "the month",
    "%d": "the day of the month",
    "%H": "the hour",
    "%w": "the day of the week (0 is Sunday)",
    "%Y-%m": "the year and month",
    "%Y-%m-%d": "the date",
}


def called(node: Any, value: Value) -> str:
    """A function with its arguments as a noun phrase. Raises NotUnderstood."""
    arguments = [each for each in node.args.values() if each is not None and each != []]
    simple = {exp.Upper: "in capitals", exp.Lower: "in small letters"}
    match node:
        case exp.Upper() | exp.Lower():
            return f"{value(node.this)} {simple[type(node)]}"
        case exp.Round():
            decimals = node.args.get("decimals")
            if decimals is None or decimals.sql() == "0":
                return f"{value(node.this)}, rounded to a whole number"
            if not isinstance(decimals, exp.Literal):
                raise NotUnderstood("ROUND")
            s = "" if decimals.name == "1" else "s"
            return f"{value(node.this)}, rounded to {decimals.name} decimal{s}"
        case exp.Abs():
            return f"{value(node.this)} without its sign"
        case exp.Length():
            return f"the length of {value(node.this)}"
        case exp.Trim() if len(arguments) == 1:
            return f"{value(node.this)} without spaces around it"
        case exp.Substring():
            return _substring(node, value)
        case exp.Coalesce():
            others = ", else ".join(value(each) for each in node.expressions)
            return f"{value(node.this)}, or where that is empty {others}"
        case exp.Nullif():
            given, not_this = value(node.this), value(node.expression)
            return f"{given}, or nothing where that is {not_this}"
        case exp.TimeToStr() if isinstance(node.args["format"], exp.Literal):
            of = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
            part = _DATE_PARTS.get(node.args["format"].name)
            if part is not None and isinstance(of, exp.Column):
                return f"{part} of {value(of)}"
        case exp.Date() if len(arguments) == 1 and isinstance(node.this, exp.Column):
            return f"the date of {value(node.this)}"
        case exp.Cast():
            kind = node.args["to"].sql(dialect="sqlite").upper()
            words = {"TEXT": "text", "REAL": "a number", "INTEGER": "a whole number"}
            if kind in words:
                return f"{value(node.this)} as {words[kind]}"
        case exp.Anonymous() if node.name.lower() == "total" and len(node.expressions) == 1:
            return f"the sum of {value(node.expressions[0])} (0 if there is none)"
    raise NotUnderstood(type(node).__name__)


def _substring(node: exp.Substring, value: Value) -> str:
    start, length = node.args.get("start"), node.args.get("length")
    numbers = [each.name for each in (start, length) if isinstance(each, exp.Literal)]
    if len(numbers) != 2 or not all(each.isdigit() for each in numbers):
        raise NotUnderstood("SUBSTR")
    if numbers[0] == "1":
        one = numbers[1] == "1"
        which = "the first character" if one else f"the first {numbers[1]} characters"
        return f"{which} of {value(node.this)}"
    return f"characters {numbers[0]} to {sum(map(int, numbers)) - 1} of {value(node.this)}"
