"""What of a query becomes visible by a chart over it: the columns that are drawn. Pure.

A chart over a table reads `select * from …`; but what its readers get are rows of a few columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import sqlglot
from sqlglot import exp

from ..column_origins import column_origins
from ..schema import Schema
from ..widgets.charts.spec import ChartSpec

Pair = tuple[str, str]  # table, column
_SQL_CHARS = 8000
_DECIDING = ("with_", "with", "distinct", "group", "having", "windows", "qualify")


def drawn_columns(spec: ChartSpec) -> frozenset[str]:
    """The columns of its query that a chart is made of, filters too: what they ask for is said."""
    named = (spec.x, spec.y, spec.color, *(each.column for each in spec.filters))
    return frozenset(each for each in named if each is not None)


def drawn_sources(
    sql: str,
    schema: Schema,
    columns: Sequence[str],
    drawn: AbstractSet[str],
    sources: frozenset[Pair],
) -> frozenset[Pair]:
    """Of all that a query reads, what becomes visible where only `drawn` of its columns do.

    Left out is what the query does nothing with but to return it; where that cannot be told from
    the SQL, everything stays.
    """
    query = _plain(sql)
    origins = column_origins(sql, schema)
    if query is None or len(origins) != len(columns):
        return sources
    used = {name.lower() for name in _used(query)}
    outputs = [(origins[at], name) for at, name in enumerate(columns)]
    kept = {_folded(origin) for origin, name in outputs if name in drawn or name.lower() in used}
    returned = {_folded(origin) for origin, _ in outputs}
    return frozenset(
        pair
        for pair in sources
        if _folded(pair) in kept or _folded(pair) not in returned or pair[1].lower() in used
    )


def _plain(sql: str) -> exp.Select | None:
    """A SELECT that only picks, sorts and returns rows; None for any other statement."""
    if len(sql) > _SQL_CHARS:
        return None
    try:
        query = sqlglot.parse_one(sql, dialect="sqlite")
    except Exception:  # advice only: then everything that is read is said to become visible
        return None
    if not isinstance(query, exp.Select) or any(query.args.get(name) for name in _DECIDING):
        return None
    joins = query.args.get("joins") or []
    is_named = not any(each.args.get("using") or each.args.get("method") for each in joins)
    order = query.args.get("order")
    has_numbers = order is not None and any(order.find_all(exp.Literal))
    is_single = len(list(query.find_all(exp.Select))) == 1
    return query if is_named and is_single and not has_numbers else None


def _used(query: exp.Select) -> Iterator[str]:
    """The names of columns that the query has elsewhere than among those that it returns."""
    for name, part in query.args.items():
        if name == "expressions":
            continue
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expression):
                yield from (column.name for column in each.find_all(exp.Column))


def _folded(pair: Pair) -> Pair:
    return pair[0].lower(), pair[1].lower()
