"""What an accepted statement has in it, read off its SQL. Pure, and advice only.

Cases are counted apart by it. Where a statement cannot be parsed, nothing is said of it; but
for the order of rows, which then is asked for where the text says ORDER BY.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from .values import Case, Kind

_REMEMBERED = 10_000  # statements
_DATE_FUNCTIONS = re.compile(
    r"\b(?:strftime|date|time|datetime|julianday|unixepoch|timediff)\s*\(|\bcurrent_(?:date|time)",
    re.IGNORECASE,
)
_DATE_TEXT = re.compile(r"'\d{4}-\d{2}(?:-\d{2})?[^']*'")


@dataclass(frozen=True, slots=True)
class Order:
    """That a statement orders its rows, and by which of its columns: number from 0, or name.

    `columns` is None where it orders by what it does not return: every row has its place then.
    Rows that are equal in all `columns` may stand in any order among themselves.
    """

    columns: tuple[int | str, ...] | None


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a statement's LIMIT cuts its rows off.

    `sql` returns the rows that it would return without, the values they are ordered by being
    the last `keys` columns; the cut is before row number `at`, counted from 0.
    """

    sql: str
    keys: int
    at: int


def kinds_of(case: Case) -> frozenset[Kind]:
    """The kinds of the first accepted statement; none where there is none that can be read."""
    return _kinds_of_sql(case.statements[0]) if case.statements else frozenset()


def tables_of(case: Case) -> frozenset[str]:
    """Names of the tables that the first accepted statement reads, in lower case."""
    return _tables_of_sql(case.statements[0]) if case.statements else frozenset()


def reads_any(sql: str, tables: Collection[str]) -> bool:
    """Whether a statement names any of these tables, which are in lower case.

    Where it cannot be parsed, or is no statement, it is enough that a name is among its words.
    """
    if not tables:
        return False
    named = _tables_named(sql)
    return mentions_any(sql, tables) if named is None else not named.isdisjoint(tables)


def mentions_any(text: str, tables: Collection[str]) -> bool:
    """Whether a text has the name of one of these tables, which are in lower case, as a word."""
    words = text.lower()
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", words) for each in tables)


# Parsing takes a millisecond, and a page that follows a run asks for all its cases each second.
@lru_cache(maxsize=_REMEMBERED)
def _kinds_of_sql(sql: str) -> frozenset[Kind]:
    query = _parsed(sql)
    return frozenset() if query is None else frozenset(_kinds(query, sql))


@lru_cache(maxsize=_REMEMBERED)
def _tables_of_sql(sql: str) -> frozenset[str]:
    query = _parsed(sql)
    if query is None:
        return frozenset()
    named = {each.alias.lower() for each in query.find_all(exp.CTE)}
    return frozenset(each.name.lower() for each in query.find_all(exp.Table) if each.name) - named


@lru_cache(maxsize=_REMEMBERED)
def _tables_named(sql: str) -> frozenset[str] | None:
    """All that stands where tables do, names of a WITH too; None where it cannot be parsed."""
    query = _parsed(sql)
    if query is None:
        return None
    named = {each.name.lower() for each in query.find_all(exp.Table)}
    beside = (each.args.get("field") for each in query.find_all(exp.In))  # `x IN a_table`
    return frozenset(named | {each.name.lower() for each in beside if each is not None})


def order_of(sql: str) -> Order | None:
    """How the outermost statement orders its rows; None where it does not."""
    query = _parsed(sql)
    if query is None:
        return Order(None) if re.search(r"\border\s+by\b[^()]*$", sql, re.IGNORECASE) else None
    while isinstance(query, exp.Subquery) and query.args.get("order") is None:
        query = query.this
    order = query.args.get("order")
    if order is None:
        return None
    columns = [_position(each.this, query) for each in order.expressions]
    known = tuple(each for each in columns if each is not None)
    return Order(known if len(known) == len(columns) else None)


def cut_of(sql: str) -> Cut | None:
    """The cut of a statement whose outermost SELECT has a LIMIT, so that it can be looked at.

    None where it has no LIMIT. Raises LookupError where ties at a LIMIT cannot be seen: in a
    subquery or a set operation, without an order, with DISTINCT.
    """
    query = _parsed(sql)
    if query is None:
        raise LookupError("the statement cannot be read")
    limits = list(query.find_all(exp.Limit))
    if not limits:
        return None
    order, limit, offset = (query.args.get(each) for each in ("order", "limit", "offset"))
    if not isinstance(query, exp.Select) or query.args.get("distinct") or len(limits) > 1:
        raise LookupError("ties at this LIMIT cannot be seen")
    if limit is None or order is None:
        raise LookupError("ties at this LIMIT cannot be seen")
    try:
        at = int(limit.expression.this) + (int(offset.expression.this) if offset else 0)
    except (AttributeError, TypeError, ValueError) as error:
        raise LookupError("the LIMIT is no number") from error
    whole = _with_keys(query)
    for name in ("limit", "offset"):
        whole.set(name, None)
    return Cut(whole.sql(dialect="sqlite"), len(order.expressions), at)


def keyed(sql: str) -> str | None:
    """The same statement with what it orders by as its last columns; None where that cannot be."""
    query = _parsed(sql)
    if not isinstance(query, exp.Select) or query.args.get("distinct"):
        return None
    return None if query.args.get("order") is None else _with_keys(query).sql(dialect="sqlite")


def _with_keys(query: exp.Select) -> exp.Select:
    whole = query.copy()
    for each in query.args["order"].expressions:
        position = _position(each.this, query)
        shown = query.selects[position].unalias() if isinstance(position, int) else each.this
        whole.args["expressions"].append(shown.copy())
    return whole


def _parsed(sql: str) -> exp.Expr | None:
    try:
        statements = sqlglot.parse(sql, dialect="sqlite")
    except Exception:  # advice only: SQLite is who says whether a statement runs
        return None
    found = [each for each in statements if each is not None]
    return found[0] if len(found) == 1 and isinstance(found[0], exp.Query) else None


def _kinds(query: exp.Expr, sql: str) -> set[Kind]:
    found = {
        Kind.JOIN: query.find(exp.Join) is not None,
        Kind.GROUP: query.find(exp.Group) is not None,
        Kind.DATE: bool(_DATE_FUNCTIONS.search(sql) or _DATE_TEXT.search(sql)),
        Kind.NESTED: _is_nested(query),
        Kind.SET: query.find(exp.SetOperation) is not None,
        Kind.ORDER: query.find(exp.Order) is not None,
        Kind.LIMIT: query.find(exp.Limit) is not None,
    }
    return {kind for kind, is_there in found.items() if is_there} or {Kind.SIMPLE}


def _is_nested(query: exp.Expr) -> bool:
    """Whether a SELECT stands inside another: the sides of a set operation do not."""
    return any(
        isinstance(each.find_ancestor(exp.Select), exp.Select)
        for each in query.find_all(exp.Select)
    ) or any(query.find_all(exp.CTE))


def _position(term: exp.Expr, query: exp.Expr) -> int | str | None:
    """Which returned column an ORDER BY term is, by number, alias or the same expression.

    Behind a `*` only its name is known.
    """
    if isinstance(query, exp.SetOperation):
        outputs = query.left.selects if isinstance(query.left, exp.Query) else []
    else:
        outputs = getattr(query, "selects", [])
    if any(each.is_star for each in outputs):
        return term.name.lower() if isinstance(term, exp.Column) else None
    if isinstance(term, exp.Literal) and term.is_int:
        number = int(term.this) - 1
        return number if 0 <= number < len(outputs) else None
    for index, output in enumerate(outputs):
        is_named = isinstance(term, exp.Column) and not term.table
        if is_named and term.name.lower() == output.alias_or_name.lower():
            return index
        if _spelled(term) == _spelled(output.unalias()):
            return index
    return None


def _spelled(expression: exp.Expr) -> str:
    return expression.sql(dialect="sqlite").lower()
