"""Whether an expression gives numbers, dates or text, as far as schema and SQL tell.

Words depend on it: dates are earlier or later, text goes from A to Z.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from sqlglot import exp

from .scopes import Scope
from .sources import Named

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?)?)?|\d\d:\d\d(:\d\d)?")
_NUMBERS = (
    *(exp.Count, exp.Sum, exp.Avg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg),
    *(exp.Round, exp.Length, exp.Abs, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile),
)
_TEXTS = (exp.Upper, exp.Lower, exp.Trim, exp.DPipe, exp.GroupConcat, exp.Replace)
# What gives a value of the kind that it is given.
_SAME = (
    *(exp.Min, exp.Max, exp.Paren, exp.Alias, exp.Window, exp.Filter, exp.Coalesce, exp.Nullif),
    *(exp.Lag, exp.Lead, exp.FirstValue, exp.Collate, exp.Greatest, exp.Least),
)
_DATE_FUNCTIONS = {"date", "datetime", "time"}
_NUMBER_FUNCTIONS = {"julianday", "unixepoch", "total"}


class Kind(Enum):
    """What values an expression has; UNKNOWN where they may be of any kind."""

    NUMBER = "number"
    DATE = "date"
    TEXT = "text"
    UNKNOWN = "unknown"


def is_date(text: str) -> bool:
    """Whether a text is written like a date, a time, or the beginning of one."""
    return _DATE.fullmatch(text) is not None


def is_other_text(node: Any, scope: Scope) -> bool:
    """Whether a column is known to hold text that is not written like dates."""
    named = scope.column(node)
    if named is None or named.column is None or isinstance(named.column.minimum, str):
        return False
    return bool(named.column.samples) and not any(map(is_date, named.column.samples))


def kind_of(node: Any, scope: Scope) -> Kind:
    """The kind of an expression of a SELECT."""
    if isinstance(node, exp.Column):
        return _of_column(node, scope)
    if isinstance(node, exp.Literal):
        if not node.is_string:
            return Kind.NUMBER
        return Kind.DATE if is_date(node.name) else Kind.TEXT
    if isinstance(node, (exp.TimeToStr, exp.Date, exp.CurrentDate)):
        return Kind.DATE
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name in _DATE_FUNCTIONS:
            return Kind.DATE
        return Kind.NUMBER if name in _NUMBER_FUNCTIONS else Kind.UNKNOWN
    if isinstance(node, exp.Cast):
        return Kind.TEXT if node.args["to"].sql("sqlite").upper() == "TEXT" else Kind.NUMBER
    if isinstance(node, (exp.Case, exp.If)):
        return _of_choice(node, scope)
    if isinstance(node, exp.Subquery) and (inner := scope.inner_query(node)):
        found = {kind_of(each.tree.expressions[0], each) for each in inner.scopes}
        return found.pop() if len(found) == 1 else Kind.UNKNOWN
    for kinds, kind in ((_NUMBERS, Kind.NUMBER), (_TEXTS, Kind.TEXT)):
        if isinstance(node, kinds):
            return kind
    return kind_of(node.this, scope) if isinstance(node, _SAME) else Kind.UNKNOWN


def _of_column(node: exp.Column, scope: Scope) -> Kind:
    named = scope.column(node)
    if named is None:
        meant = scope.item(node)
        return Kind.UNKNOWN if isinstance(meant, exp.Column) else kind_of(meant, scope)
    if named.column and isinstance(named.column.minimum, str):
        return Kind.DATE
    if named.affinity == "text":
        return Kind.TEXT if _has_letters(named) else Kind.UNKNOWN
    return Kind.NUMBER if named.affinity else Kind.UNKNOWN


def _has_letters(named: Named) -> bool:
    """Whether its values are words, not numbers that are kept as text."""
    samples = named.column.samples if named.column else ()
    return not samples or any(each.isalpha() for text in samples for each in text)


def _of_choice(node: Any, scope: Scope) -> Kind:
    """The kind that all branches have."""
    if isinstance(node, exp.If):
        chosen = [node.args["true"], node.args.get("false")]
    else:
        chosen = [*(each.args["true"] for each in node.args["ifs"]), node.args.get("default")]
    kinds = {
        kind_of(each, scope)
        for each in chosen
        if each is not None and not isinstance(each, exp.Null)
    }
    return kinds.pop() if len(kinds) == 1 else Kind.UNKNOWN
