"""From which table and column each column of a result comes, and which of them hold keys.

Read off the SQL, and advice only: any doubt means nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from .schema import Schema, Table

_SQL_CHARS = 8000  # parsing takes about 1 ms for 300 characters

Origin = tuple[str, str]  # table, column
_Outputs = list[tuple[str, Origin | None]]  # name and origin of each column that is returned


def key_links(origins: Mapping[int, Origin], schema: Schema) -> dict[int, str]:
    """For each result column that holds keys, the table whose row pages its values name."""
    links: dict[int, str] = {}
    for index, (table_name, column) in origins.items():
        table = schema.table(table_name)
        if table is None:
            continue
        if table.kind == "table" and _is_only_key(table, column):
            links[index] = table.name
            continue
        for key in table.foreign_keys:
            other = schema.table(key.other_table)
            if (
                [name.lower() for name in key.columns] == [column.lower()]
                and other is not None
                and _is_only_key(other, key.other_columns[0])
            ):
                links[index] = other.name
                break
    return links


def _is_only_key(table: Table, column: str) -> bool:
    return [each.name.lower() for each in table.columns if each.pk] == [column.lower()]


def column_origins(sql: str, schema: Schema) -> dict[int, Origin]:
    """Map the index of a result column to the (table, column) whose values it holds.

    Only plain columns, through aliases, `*`, subqueries and common table
    expressions. {} for anything that cannot be told from the SQL.
    """
    if len(sql) > _SQL_CHARS:
        return {}
    try:
        statements = sqlglot.parse(sql, dialect="sqlite")
        if len([each for each in statements if each is not None]) != 1:
            return {}
        outputs = _outputs(statements[0], schema, {})
    except Exception:  # advice only: a parser's trouble must not cost the person their rows
        return {}
    return {index: origin for index, (_, origin) in enumerate(outputs) if origin}


def _outputs(query: Any, schema: Schema, known: Mapping[str, _Outputs]) -> _Outputs:
    """Names and origins of what a query returns. LookupError where it cannot be told."""
    if isinstance(query, exp.Subquery):
        query = query.unnest()
    if not isinstance(query, exp.Select):
        raise LookupError("not a single SELECT")
    known = dict(known)
    for cte in query.ctes:
        known[cte.alias.lower()] = _renamed(cte, schema, known)
    sources = _sources(query, schema, known)
    outputs: _Outputs = []
    for projection in query.expressions:
        outputs += _projected(projection, sources, query)
    return outputs


def _renamed(cte: exp.CTE, schema: Schema, known: Mapping[str, _Outputs]) -> _Outputs:
    """What a common table expression returns, under the names that it gives."""
    try:
        outputs = _outputs(cte.this, schema, known)
    except LookupError:
        return []
    names = cte.alias_column_names
    if not names:
        return outputs
    return [(name, origin) for name, (_, origin) in zip(names, outputs, strict=True)]


def _sources(
    query: exp.Select, schema: Schema, known: Mapping[str, _Outputs]
) -> dict[str, _Outputs]:
    """What stands in FROM and JOIN by the name it goes by; [] where its columns are unknown."""
    clause = query.args.get("from_") or query.args.get("from")
    froms = [clause.this] if clause else []
    froms += [join.this for join in query.args.get("joins") or []]
    sources: dict[str, _Outputs] = {}
    for source in froms:
        outputs: _Outputs = []
        if isinstance(source, exp.Subquery):
            try:
                outputs = _outputs(source, schema, known)
            except LookupError:
                outputs = []
        elif isinstance(source, exp.Table):
            table = schema.table(source.name)
            if not source.db and source.name.lower() in known:
                outputs = known[source.name.lower()]
            elif table is not None:
                outputs = [(each.name, (table.name, each.name)) for each in table.columns]
        sources[source.alias_or_name.lower()] = outputs
    if len(sources) != len(froms):
        raise LookupError("two sources of one name")
    return sources


def _projected(
    projection: exp.Expression, sources: Mapping[str, _Outputs], query: exp.Select
) -> _Outputs:
    """What one expression after SELECT adds to the result."""
    column = projection.unalias()
    if isinstance(column, exp.Star) or (
        isinstance(column, exp.Column) and isinstance(column.this, exp.Star)
    ):
        of = column.table.lower() if isinstance(column, exp.Column) else None
        return _starred(sources, of, query)
    if not isinstance(column, exp.Column):
        return [(projection.alias_or_name, None)]
    places = [column.table.lower()] if column.table else list(sources)
    found = [
        origin
        for place in places
        for name, origin in sources.get(place, [])
        if name.lower() == column.name.lower()
    ]
    # A source with unknown columns may hold the name as well.
    is_sure = len(found) == 1 and all(sources.get(place) for place in places)
    return [(projection.alias_or_name, found[0] if is_sure else None)]


def _starred(sources: Mapping[str, _Outputs], of: str | None, query: exp.Select) -> _Outputs:
    joins = query.args.get("joins") or []
    if of is None and any(join.args.get("using") or join.method for join in joins):
        raise LookupError("USING and NATURAL leave columns out of *")
    outputs: _Outputs = []
    for name in sources if of is None else [of]:
        if not sources.get(name):
            raise LookupError(f"the columns of {name} are unknown")
        outputs += sources[name]
    return outputs
