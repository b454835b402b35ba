"""SQLite's functions as phrases of English, those of them that have sure and short words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from .values import NotUnderstood

if TYPE_CHECKING:
    from .phrases import Phrases

_CASTS = {"TEXT": "text", "REAL": "a decimal number", "INTEGER": "a whole number"}


def called(node: Any, phrases: Phrases) -> str:
    """A function with its arguments as a noun phrase. Raises NotUnderstood."""
    arguments = [each for each in node.args.values() if each is not None and each != []]
    part = phrases.part
    match node:
        case exp.Upper():
            return f"{part(node.this)} in capitals"
        case exp.Lower():
            return f"{part(node.this)} in small letters"
        case exp.Round():
            return _rounded(node, phrases)
        case exp.Abs():
            return f"{part(node.this)} without its sign"
        case exp.Length():
            return f"the length of {part(node.this)}"
        case exp.Trim() if len(arguments) == 1:
            return f"{part(node.this)} without spaces around it"
        case exp.Substring():
            return _substring(node, phrases)
        case exp.Coalesce() if len(node.expressions) == 1:
            return f"{part(node.this)} ({phrases.value(node.expressions[0])} if empty)"
        case exp.Coalesce():
            tried = [part(each) for each in (node.this, *node.expressions)]
            return f"the first of {', '.join(tried[:-1])} and {tried[-1]} that has a value"
        case exp.Nullif():
            return f"{part(node.this)} (nothing if it is {phrases.side(node.expression)})"
        case exp.Cast():
            kind = node.args["to"].sql(dialect="sqlite").upper()
            if kind == "INTEGER" and not isinstance(node.this, exp.Column):
                return f"{part(node.this)} cut to a whole number"
            if kind in _CASTS:
                return f"{part(node.this)} as {_CASTS[kind]}"
        case exp.Greatest() | exp.Least() if len(node.expressions) == 1:
            word = "larger" if isinstance(node, exp.Greatest) else "smaller"
            both = f"{part(node.this)} and {part(node.expressions[0])}"
            return f"the {word} of {both} (nothing if one is empty)"
        case exp.StrPosition() if len(arguments) == 2:
            where = f"{part(node.args['substr'])} begins in {part(node.this)}"
            return f"the place where {where} (0 if it is not there)"
        case exp.Replace():
            old, new = node.expression, node.args["replacement"]
            return f"{part(node.this)} with {part(new)} in place of {part(old)}"
        case exp.Typeof():
            return f"the type of {part(node.this)}"
        case exp.Anonymous() if node.name.lower() == "total" and len(node.expressions) == 1:
            return f"the sum of {part(node.expressions[0])} (0 if there is none)"
        case exp.Anonymous() if node.name.lower() == "julianday" and len(node.expressions) == 1:
            return f"{part(node.expressions[0])} as a number of days"
    raise NotUnderstood(type(node).__name__)


def _rounded(node: exp.Round, phrases: Phrases) -> str:
    decimals = node.args.get("decimals")
    if decimals is None or decimals.sql() == "0":
        return f"{phrases.value(node.this)}, rounded to a whole number"
    if not isinstance(decimals, exp.Literal):
        raise NotUnderstood("ROUND")
    s = "" if decimals.name == "1" else "s"
    return f"{phrases.value(node.this)}, rounded to {decimals.name} decimal{s}"


def _substring(node: exp.Substring, phrases: Phrases) -> str:
    start, length = node.args.get("start"), node.args.get("length")
    of = phrases.part(node.this)
    from_end = start.this if isinstance(start, exp.Neg) else None
    if isinstance(from_end, exp.Literal) and from_end.is_int and length in (None, from_end):
        return f"the last {_characters(from_end.name)} of {of}"
    if not isinstance(start, exp.Literal) or not start.is_int or start.name == "0":
        raise NotUnderstood("SUBSTR")
    if length is None:
        return f"{of} from character {start.name} on"
    if not isinstance(length, exp.Literal) or not length.is_int or length.name == "0":
        raise NotUnderstood("SUBSTR")
    if start.name == "1":
        return f"the first {_characters(length.name)} of {of}"
    if length.name == "1":
        return f"character {start.name} of {of}"
    return f"characters {start.name} to {int(start.name) + int(length.name) - 1} of {of}"


def _characters(number: str) -> str:
    return "character" if number == "1" else f"{number} characters"
