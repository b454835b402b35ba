"""What is read of each kind of node of a parsed statement.

A parser marks things in places that nobody expects, such as the NOT of NOT LIKE. A node with
anything in it that is not read here is not understood, and gets no words.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from .values import NotUnderstood

_BOTH_SIDES = (
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.NullSafeEQ, exp.And, exp.Or),
    *(exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Filter, exp.Collate, exp.Nullif, exp.Glob),
    exp.NullSafeNEQ,
)
_ONE = (
    *(exp.Paren, exp.Not, exp.Exists, exp.Neg, exp.Sum, exp.Avg, exp.Min, exp.Max),
    *(exp.Abs, exp.Length, exp.Upper, exp.Lower, exp.Trim, exp.Date, exp.TsOrDsToTimestamp),
    *(exp.Ntile, exp.FirstValue, exp.Typeof),
)
_NOTHING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Null, exp.Star, exp.CurrentDate)
_READ: dict[type, tuple[str, ...]] = {
    **dict.fromkeys(_BOTH_SIDES, ("this", "expression")),
    **dict.fromkeys(_ONE, ("this",)),
    **dict.fromkeys(_NOTHING, ()),
    exp.Div: ("this", "expression", "typed", "safe"),
    exp.DPipe: ("this", "expression", "safe"),
    exp.Like: ("this", "expression", "negate"),
    exp.Column: ("this", "table"),
    exp.Literal: ("this", "is_string"),
    exp.Alias: ("this", "alias"),
    exp.Count: ("this", "big_int"),
    exp.Distinct: ("expressions",),
    exp.GroupConcat: ("this", "separator"),
    exp.Window: ("this", "partition_by", "order", "over", "spec"),
    exp.Lag: ("this", "offset", "default"),
    exp.Lead: ("this", "offset", "default"),
    exp.Greatest: ("this", "expressions", "ignore_nulls"),
    exp.Least: ("this", "expressions", "ignore_nulls"),
    exp.StrPosition: ("this", "substr"),
    exp.Replace: ("this", "expression", "replacement"),
    exp.Ordered: ("this", "desc", "nulls_first"),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true", "false"),
    exp.In: ("this", "expressions", "query"),
    exp.Between: ("this", "low", "high"),
    exp.Subquery: ("this", "alias"),
    exp.Select: ("expressions",),
    exp.Round: ("this", "decimals"),
    exp.Substring: ("this", "start", "length"),
    exp.Coalesce: ("this", "expressions"),
    exp.TimeToStr: ("this", "format"),
    exp.Cast: ("this", "to", "_type"),
    exp.Anonymous: ("this", "expressions"),
}


def check(node: Any) -> None:
    """Raise NotUnderstood for a node of another kind, or with something in it that is not read."""
    read = _READ.get(type(node))
    if read is None or any(
        name not in read and value not in (None, False, []) for name, value in node.args.items()
    ):
        raise NotUnderstood(type(node).__name__)
