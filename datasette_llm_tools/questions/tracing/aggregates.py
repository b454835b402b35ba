"""The aggregates of an expression as it is written, and which rows each takes into account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from ...sql_names import fold
from ..explaining.written import Written, closing

# What of sql_functions puts rows together; min and max of several values do not.
_AGGREGATES = {
    *("avg", "count", "group_concat", "json_group_array", "json_group_object", "max", "median"),
    *("min", "percentile", "percentile_cont", "percentile_disc", "string_agg", "sum", "total"),
}
_KEEPS_NULL = {"json_group_array", "json_group_object"}
_CONDITIONS = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.And,
    exp.Or,
    exp.Not,
    exp.In,
    exp.Between,
    exp.Like,
    exp.Is,
)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`condition` is its FILTER; `counts_condition`: it sums a 1 or 0 for each row."""

    name: str
    argument: Written
    distinct: bool
    condition: Written | None
    counts_condition: bool


def aggregates_in(piece: Written, tree: Any) -> list[Aggregate]:
    """The aggregates of an expression, by their names before a parenthesis."""
    found, tokens = [], piece.tokens
    for index, token in enumerate(tokens[:-1]):
        name = fold(token.name or "")
        if name not in _AGGREGATES or tokens[index + 1].text != "(":
            continue
        end = closing(tokens, index + 1)
        inside = piece.cut(index + 2, end)
        listed = inside.listed()
        if name in ("min", "max") and len(listed) != 1:
            continue
        argument = _before_order(listed[0])
        first = argument.tokens[0].word if argument.tokens else ""
        argument = argument.cut(1) if first in ("distinct", "all") else argument
        condition = None
        if end + 3 < len(tokens) and tokens[end + 1].word == "filter":
            condition = piece.cut(end + 4, closing(tokens, end + 2))
        found.append(
            Aggregate(name, argument, first == "distinct", condition, _counts_condition(tree))
        )
    return found


def _before_order(argument: Written) -> Written:
    """An argument without the order in which an aggregate is to take its values."""
    depth = argument.tokens[0].depth if argument.tokens else 0
    for index, token in enumerate(argument.tokens):
        if token.word == "order" and token.depth == depth:
            return argument.cut(0, index)
    return argument


def _counts_condition(tree: Any) -> bool:
    """Whether this sums a condition, or the 1 or 0 that a condition is turned into."""
    total = tree.find(exp.Sum)
    if total is None:
        return False
    summed = total.this.unnest()
    if isinstance(summed, _CONDITIONS):
        return True
    if isinstance(summed, exp.If):
        branches = [summed.args.get("true"), summed.args.get("false")]
    elif isinstance(summed, exp.Case):
        branches = [*(each.args["true"] for each in summed.args["ifs"]), summed.args.get("default")]
    else:
        return False
    return all(
        each is None or isinstance(each, exp.Null) or each.sql() in ("0", "1") for each in branches
    )


def own_conditions(one: Aggregate) -> list[str]:
    """What keeps only the rows that an aggregate took into account."""
    conditions = [in_parentheses(one.condition)] if one.condition is not None else []
    is_value = one.argument.tokens and one.argument.text != "*"
    is_constant = len(one.argument.tokens) == 1 and one.argument.tokens[0].kind == "number"
    if not is_value or is_constant or one.name in _KEEPS_NULL:
        return conditions
    if one.counts_condition and not one.distinct:
        return [*conditions, f"({one.argument.text}) <> 0"]
    return [*conditions, f"{in_parentheses(one.argument)} is not null"]


def in_parentheses(piece: Written) -> str:
    """A piece as it is written; in parentheses, but for a name or a single value."""
    is_name = all(each.name or each.text == "." for each in piece.tokens)
    is_single = len(piece.tokens) == 1 or (len(piece.tokens) == 3 and is_name)
    return piece.text if is_single and is_name else f"({piece.text})"
