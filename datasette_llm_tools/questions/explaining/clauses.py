"""The clauses of one SELECT in the order in which SQL is understood, each with its sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

from .joins import from_clauses
from .phrases import Phrases, listed
from .scopes import Scope
from .sentences import clause
from .summaries import aggregates
from .values import Clause, NotUnderstood
from .written import Query, Select, Written

_MOST_SQL = 80  # characters of an expression that stands in a sentence as it is


def select_clauses(select: Select, query: Query, scope: Scope) -> list[Clause]:
    """The clauses of the only SELECT of a query, with its order and limit."""
    tree, written, phrases = scope.tree, select.clauses, Phrases(scope)
    clauses: list[Clause] = []
    if "from" in written:
        clauses += from_clauses(written["from"], scope, phrases)
    sentences: tuple[tuple[str, str, Callable[[], str]], ...] = (
        ("where", "WHERE", lambda: f"Keeps only rows where {_condition('where', scope, phrases)}."),
        ("group", "GROUP BY", lambda: _grouped(scope, phrases)),
        ("having", "HAVING", lambda: f"Keeps only {_kept_groups(scope, phrases)}."),
        ("window", "WINDOW", _unsaid),
        ("select", "SELECT", lambda: _shown(written["select"], scope, phrases)),
    )
    for name, keyword, say in sentences:
        if name in written:
            clauses.append(clause(keyword, written[name].text, say, phrases))
    if select.distinct:
        clauses.append(Clause("DISTINCT", "DISTINCT", "Shows rows that are the same only once."))
    return clauses + ending_clauses(query, tree, phrases)


def ending_clauses(query: Query, tree: Any, phrases: Phrases) -> list[Clause]:
    """ORDER BY and LIMIT, which may belong to several SELECTs."""
    clauses = []
    if query.order is not None:
        nodes = tree.args["order"].expressions
        clauses.append(
            clause(
                "ORDER BY",
                query.order.text,
                lambda: f"Sorts the rows {phrases.order(nodes)}.",
                phrases,
            )
        )
    if query.limit is not None:
        clauses.append(clause("LIMIT", query.limit.text, lambda: _limited(tree), phrases))
    return clauses


def _unsaid() -> str:
    raise NotUnderstood("WINDOW")


def _condition(name: str, scope: Scope, phrases: Phrases) -> str:
    return phrases.condition(scope.tree.args[name].this)


def _kept_groups(scope: Scope, phrases: Phrases) -> str:
    what = "groups" if scope.tree.args.get("group") else "the one row"
    return f"{what} where {_condition('having', scope, phrases)}"


def _grouped(scope: Scope, phrases: Phrases) -> str:
    given = [
        _key(node, meant, scope, phrases)
        for node, meant in zip(scope.tree.args["group"].expressions, scope.groups, strict=True)
    ]
    if len(given) > 1:
        return f"Makes one row for each combination of {listed(given)}."
    return f"Makes one row for each value of {given[0]}."


def _key(node: Any, meant: Any, scope: Scope, phrases: Phrases) -> str:
    """What rows are grouped by: by the name that SELECT, which is said below, gives it."""
    name = scope.called(meant) if meant is not node else None
    if name is None or isinstance(meant, exp.Column):
        return phrases.value(meant)
    return f"{name} (see below)"


def _items(written: Written, tree: Any, phrases: Phrases) -> Iterator[str]:
    """What SELECT shows; as SQL has it where there are no words for one of several."""
    pieces = written.listed()
    is_understood = False
    for index, node in enumerate(tree.expressions):
        try:
            yield phrases.value(node)
            is_understood = True
        except NotUnderstood:
            is_last = index == len(tree.expressions) - 1
            piece = pieces[index].text if len(pieces) == len(tree.expressions) else ""
            if not 0 < len(piece) <= _MOST_SQL or (is_last and not is_understood):
                raise
            yield f"{' '.join(piece.split())} (see the SQL)"


def _shown(written: Written, scope: Scope, phrases: Phrases) -> str:
    tree = scope.tree
    what = listed(list(_items(written, tree, phrases)))
    if not tree.args.get("group") and aggregates(tree):
        return f"Puts all rows together into one and shows {what}."
    is_constant = all(isinstance(each.unalias(), exp.Literal) for each in tree.expressions)
    return f"Shows {what}{' for each row' if is_constant and scope.sources else ''}."


def _limited(tree: Any) -> str:
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    number = limit.expression.name if isinstance(limit.expression, exp.Literal) else ""
    skipped = ""
    if offset is not None:
        skipped = offset.expression.name if isinstance(offset.expression, exp.Literal) else "?"
    if not number.isdigit() or (skipped and not skipped.isdigit()) or limit.args.get("offset"):
        raise NotUnderstood("LIMIT")
    if number == "0":
        return "Keeps no row."
    rows = "row" if number == "1" else f"{number} rows"
    if skipped in ("", "0"):
        return f"Keeps only the first {rows}."
    left_out = "row" if skipped == "1" else f"{skipped} rows"
    return f"Leaves out the first {left_out} and keeps only the next {rows}."
