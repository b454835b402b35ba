"""Functions OVER other rows, of the forms that are said in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import summaries
from .understood import check
from .values import NotUnderstood

if TYPE_CHECKING:
    from .phrases import Phrases

_PLACES = {
    exp.RowNumber: "the place of the row",
    exp.Rank: "the rank of the row",
    exp.DenseRank: "the rank of the row without gaps",
}
_ALL = " over all rows"
_SO_FAR = " over the rows up to this one"


def window(node: exp.Window, phrases: Phrases) -> str:
    """A window function as a noun phrase. Raises NotUnderstood."""
    check(node.this)
    by = node.args.get("partition_by") or []
    given = node.args.get("order")
    within = f" among rows of the same {phrases.listed(by)}" if by else ""
    order = f", {phrases.order(given.expressions, of_window=True)}" if given else ""
    of, spec = node.this, node.args.get("spec")
    if isinstance(of, (exp.AggFunc, exp.Filter)) and not isinstance(of, _OF_ONE_ROW):
        what = summaries.summary(of, phrases)
        if not given and spec is None:
            within = within.replace(" among rows", "") if what == "the number of rows" else within
            return f"{what}{within or _ALL}"
        return f"{what}{_frame(spec)}{within}{order}"
    if not given or spec is not None:
        raise NotUnderstood("a window without an order")
    return f"{_of_one_row(of, phrases)}{within}{order}"


_OF_ONE_ROW = (
    *(exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Ntile),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist),
)


def _of_one_row(of: Any, phrases: Phrases) -> str:
    """What is not put together of several rows."""
    if type(of) in _PLACES:
        return _PLACES[type(of)]
    if isinstance(of, (exp.Lag, exp.Lead)):
        where = "before" if isinstance(of, exp.Lag) else "after"
        number = of.args.get("offset")
        if number is not None and not number.is_int:
            raise NotUnderstood("LAG")
        far = "" if number is None or number.name == "1" else f"{number.name} rows "
        default = of.args.get("default")
        none = f" ({phrases.value(default)} if there is none)" if default is not None else ""
        return f"{phrases.part(of.this)} of the row {far}{where} this one{none}"
    if isinstance(of, exp.FirstValue):
        return f"{phrases.part(of.this)} of the first row"
    if isinstance(of, exp.Ntile) and isinstance(of.this, exp.Literal):
        return f"which of {of.this.name} parts of about the same size the row is in"
    raise NotUnderstood(type(of).__name__)


def _frame(spec: Any) -> str:
    """The rows around a row that are put together."""
    if spec is None:
        return f"{_SO_FAR} and those that tie with it"
    start, start_side = _edge(spec, "start")
    end, end_side = _edge(spec, "end") if spec.args.get("end") else ("here", "")
    if spec.args.get("kind", "").lower() != "rows":
        raise NotUnderstood("a frame of other rows")
    if start == "UNBOUNDED" and start_side == "before":
        if end == "here":
            return _SO_FAR
        if end == "UNBOUNDED":
            return _ALL
    edges = ((start, start_side), (end, end_side))
    if any(each == "UNBOUNDED" for each, _ in edges) or end_side == "before":
        raise NotUnderstood("a frame")
    if start_side == "after":
        raise NotUnderstood("a frame")
    around = [f"the {number} {side} it" for number, side in edges if side]
    return f" over {' and '.join(['this row', *around]) if around else 'this row alone'}"


def _edge(spec: Any, name: str) -> tuple[str, str]:
    """How many rows away a frame begins or ends, and on which side."""
    edge, side = spec.args.get(name), str(spec.args.get(f"{name}_side") or "").lower()
    if edge == "CURRENT ROW":
        return "here", ""
    if edge != "UNBOUNDED" and not (isinstance(edge, exp.Literal) and edge.is_int):
        raise NotUnderstood("a frame")
    number = edge if isinstance(edge, str) else edge.name
    number = "one" if number == "1" else number
    return number, {"preceding": "before", "following": "after"}[side]
