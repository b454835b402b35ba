"""Rows as Datasette's query page shows them, with links where a value is a key.

What links where is read off the SQL, and is advice only: any doubt means no
link. The pages that a link leads to check permissions themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

import sqlglot
from datasette.plugins import pm
from datasette.utils import (
    CustomRow,
    await_me_maybe,
    format_bytes,
    is_url,
    tilde_encode,
    truncate_url,
)
from markupsafe import Markup, escape
from sqlglot import exp

from .permissions import may
from .schema import Schema, Table

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_SQL_CHARS = 8000  # longer statements get no links: parsing takes about 1 ms for 300 characters
_BLOB_SQL_CHARS = 4000  # the SQL stands in each BLOB's address
_ROWS_AT_ONCE = 50

Origin = tuple[str, str]
_Outputs = list[tuple[str, Origin | None]]


class Rows(Protocol):
    """What is shown: the names of the columns, and rows as long as they are."""

    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...


async def display_rows(
    datasette: Datasette,
    request: Request,
    database: str,
    sql: str,
    result: Rows,
    schema: Schema,
) -> list[list[Markup]]:
    """Return each cell of the result of `sql` as HTML that is safe to show.

    Plugins' render_cell comes first, then links to the rows that keys name:
    only of tables in `schema`, which is what the actor may see.
    """
    origins = await asyncio.to_thread(column_origins, sql, schema)
    links = key_links(origins, schema)
    has_blob = any(isinstance(value, bytes) for row in result.rows for value in row)
    blob_sql = None
    if has_blob and len(sql) <= _BLOB_SQL_CHARS:
        blob_sql = sql if await may(datasette, request.actor, "execute-sql", database) else None
    has_plugins = bool(pm.hook.render_cell.get_hookimpls())
    shown: list[list[Markup]] = []
    for number, row in enumerate(result.rows):
        if number and number % _ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)  # others' requests get their turn
        cells: list[Markup] = []
        for index, (column, value) in enumerate(zip(result.columns, row, strict=True)):
            cell = None
            if has_plugins:
                cell = await _plugin_cell(
                    datasette, request, database, result.columns, row, column, value
                )
            if cell is None and index in links and isinstance(value, (str, int)) and value != "":
                cell = _key_cell(datasette, database, links[index], value)
            cells.append(
                _cell(datasette, database, column, value, blob_sql) if cell is None else cell
            )
        shown.append(cells)
    return shown


async def _plugin_cell(
    datasette: Datasette,
    request: Request,
    database: str,
    columns: Sequence[str],
    row: Sequence[Any],
    column: str,
    value: Any,
) -> Markup | None:
    """What the first plugin that wants to makes of the cell."""
    for candidate in pm.hook.render_cell(
        row=CustomRow(list(columns), dict(zip(columns, row, strict=True))),
        value=value,
        column=column,
        table=None,
        pks=[],
        database=database,
        datasette=datasette,
        request=request,
        column_type=None,
    ):
        html = await await_me_maybe(candidate)
        if html is not None:
            return escape(html)
    return None


def _cell(
    datasette: Datasette, database: str, column: str, value: Any, blob_sql: str | None
) -> Markup:
    """A value as Datasette shows it, but for NULL, which Datasette leaves blank."""
    if value is None:
        return Markup('<span class="llm-tools-null">NULL</span>')
    if value == "":
        return Markup("&nbsp;")
    if isinstance(value, bytes):
        return _blob_cell(datasette, database, column, value, blob_sql)
    length = datasette.setting("truncate_cells_html")
    text = str(value)
    if is_url(text.strip()):
        url = text.strip()
        return Markup('<a href="{}">{}</a>').format(url, truncate_url(url, length))
    return escape(_truncated(text, length))


def _truncated(text: str, length: int) -> str:
    return f"{text[:length]}\u2026" if length and len(text) > length else text


def _key_cell(datasette: Datasette, database: str, table: str, value: str | int) -> Markup:
    url = datasette.urls.row(database, table, tilde_encode(str(value)))
    text = _truncated(str(value), datasette.setting("truncate_cells_html"))
    return Markup('<a href="{}">{}</a>').format(str(url), text)


def _blob_cell(
    datasette: Datasette, database: str, column: str, value: bytes, sql: str | None
) -> Markup:
    """The length of a BLOB; with `sql` a link to its bytes, which runs the SQL again."""
    text = Markup("&lt;Binary:&nbsp;{:,}&nbsp;byte{}&gt;").format(
        len(value), "" if len(value) == 1 else "s"
    )
    if sql is None:
        return text
    query = urlencode(
        {
            "sql": sql,
            "_blob_column": column,
            "_blob_hash": hashlib.sha256(value).hexdigest(),
        }
    )
    url = datasette.urls.database(database) + "/-/query.blob?" + query
    return Markup('<a class="blob-download" href="{}" title="{}">{}</a>').format(
        str(url), format_bytes(len(value)), text
    )


# Links


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
