"""COUNT, SUM and their like: what several rows are put together to, in words.

A CASE inside one, or a FILTER behind it, chooses the rows that count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import conditions
from .kinds import Kind, kind_of
from .understood import check
from .values import NotUnderstood

if TYPE_CHECKING:
    from .phrases import Phrases

_EXTREMES: dict[type, dict[Kind, str]] = {
    exp.Min: {Kind.DATE: "earliest", Kind.TEXT: "first", Kind.NUMBER: "smallest"},
    exp.Max: {Kind.DATE: "latest", Kind.TEXT: "last", Kind.NUMBER: "largest"},
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is put together and of which rows; `counts`: a 1 for each of them."""

    of: Any
    distinct: bool = False
    where: Any = None
    counts: bool = False


def summary(node: Any, phrases: Phrases) -> str:
    """An aggregate as a noun phrase. Raises NotUnderstood."""
    check(node)
    kept = None
    if isinstance(node, exp.Filter):
        node, kept = node.this, node.expression.this
        check(node)
    chosen = _chosen(node)
    wheres = [phrases.condition(each) for each in (kept, chosen.where) if each is not None]
    if len(wheres) > 1:
        wheres = [f"({each})" if " or " in each else each for each in wheres]
    where = f" where {' and '.join(wheres)}" if wheres else ""
    if isinstance(node, exp.Count):
        return _count(chosen, where, phrases)
    if chosen.counts:
        what = "the share of rows" if isinstance(node, exp.Avg) else "the number of rows"
        return f"{what}{where}{_all_rows(node, kept)}"
    over = f" over rows{where}" if where else ""
    if isinstance(node, exp.GroupConcat):
        different = "different " if chosen.distinct else ""
        return f"the {different}values of {phrases.part(chosen.of)}{over}, joined as text"
    if isinstance(node, (exp.Sum, exp.Avg)):
        what = "sum" if isinstance(node, exp.Sum) else "average"
        different = "the different values of " if chosen.distinct else ""
        return f"the {what} of {different}{phrases.part(chosen.of)}{over}"
    if type(node) in _EXTREMES and not node.expressions:
        kind, words = kind_of(chosen.of, phrases.scope), _EXTREMES[type(node)]
        word = words.get(kind, words[Kind.NUMBER])
        letters = " (A to Z)" if kind is Kind.TEXT else ""
        return f"the {word} {phrases.part(chosen.of)}{letters}{over}"
    raise NotUnderstood(type(node).__name__)


def aggregates(tree: Any) -> list[Any]:
    """The aggregates of a SELECT that put its own rows together."""
    nodes = [*tree.expressions, tree.args.get("having"), tree.args.get("order")]
    return [
        each
        for node in nodes
        if node is not None
        for each in node.find_all(exp.AggFunc, exp.Anonymous)
        if (
            not isinstance(each, exp.Anonymous)
            or each.name.lower() in ("total", "json_group_array")
        )
        and each.find_ancestor(exp.Window) is None
        and not isinstance(each, (exp.RowNumber, exp.Lag, exp.Lead))
        and not (type(each) in _EXTREMES and each.expressions)
    ]


def is_conditional(node: Any) -> bool:
    """Whether the phrase for an aggregate has a condition in it."""
    try:
        return _chosen(node).where is not None
    except NotUnderstood:
        return True


def _count(chosen: _Chosen, where: str, phrases: Phrases) -> str:
    if chosen.distinct:
        over = f" over rows{where}" if where else ""
        return f"the number of different values of {phrases.part(chosen.of)}{over}"
    if chosen.counts:
        return f"the number of rows{where}"
    among = f", among rows{where}" if where else ""
    return f"the number of rows with a value for {phrases.part(chosen.of)}{among}"


def _all_rows(node: Any, kept: Any) -> str:
    """Of which rows a share is: a comparison is neither true nor false where a value is empty."""
    if not isinstance(node, exp.Avg):
        return ""
    if kept is not None:
        raise NotUnderstood("a share of some rows")
    is_choice = isinstance(node.this.unnest(), (exp.Case, exp.If))
    return " (from 0 to 1)" if is_choice else " (from 0 to 1), of those where that is known"


def _chosen(node: Any) -> _Chosen:
    of = node.this.unnest() if isinstance(node.this, exp.Paren) else node.this
    distinct = isinstance(of, exp.Distinct)
    if distinct:
        if len(of.expressions) != 1:
            raise NotUnderstood("DISTINCT of several")
        of = of.expressions[0]
    elif isinstance(node, (exp.Sum, exp.Avg)) and isinstance(of, conditions.KINDS):
        return _Chosen(of, where=of, counts=True)
    elif isinstance(node, exp.Count) and isinstance(of, (exp.Star, exp.Literal)):
        return _Chosen(of, counts=True)
    return _of_choice(node, of, distinct) or _Chosen(of, distinct)


def _of_choice(node: Any, of: Any, distinct: bool) -> _Chosen | None:
    """The rows that the one branch of a CASE chooses, where the others do not count."""
    if isinstance(of, exp.Case) and of.this is None and len(of.args["ifs"]) == 1:
        branch, default = of.args["ifs"][0], of.args.get("default")
    elif isinstance(of, exp.If):
        branch, default = of, of.args.get("false")
    else:
        return None
    where, then = branch.this, branch.args["true"]
    is_empty = default is None or isinstance(default, exp.Null)
    is_zero = default is not None and default.sql() in ("0", "0.0")
    is_one = then.sql() in ("1", "1.0")
    if isinstance(node, exp.Avg) and is_one and is_zero and not distinct:
        return _Chosen(then, where=where, counts=True)
    if isinstance(node, exp.Sum) and (is_empty or is_zero) and not distinct:
        return _Chosen(then, where=where, counts=is_one)
    if is_empty:
        counts = isinstance(node, exp.Count) and isinstance(then, exp.Literal) and not distinct
        return _Chosen(then, distinct, where, counts)
    return None
