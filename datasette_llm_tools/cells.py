"""Rows as Datasette's query page shows them, with links where a value is a key.

The pages that a link leads to check permissions themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

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

from .column_origins import column_origins, key_links
from .key_labels import key_labels
from .permissions import may
from .queries import Rows
from .schema import Schema

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_BLOB_SQL_CHARS = 4000  # the SQL stands in each BLOB's address
_ROWS_AT_ONCE = 50


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
    labelled = await key_labels(datasette, database, result, links, origins, schema)
    cells = _Cells(
        datasette,
        request,
        database,
        result.columns,
        links=links,
        labels={
            (index, value): label
            for index, each in labelled.items()
            for value, label in each.labels.items()
        },
        blob_sql=await _blob_sql(datasette, request, database, sql, result),
        has_plugins=bool(pm.hook.render_cell.get_hookimpls()),
    )
    shown: list[list[Markup]] = []
    for number, row in enumerate(result.rows):
        if number and number % _ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)  # others' requests get their turn
        shown.append([await cells.show(row, index) for index in range(len(result.columns))])
    return shown


async def _blob_sql(
    datasette: Datasette, request: Request, database: str, sql: str, result: Rows
) -> str | None:
    """The SQL, where there are BLOBs and the link to one, which runs it again, would work."""
    has_blob = any(isinstance(value, bytes) for row in result.rows for value in row)
    if not has_blob or len(sql) > _BLOB_SQL_CHARS:
        return None
    return sql if await may(datasette, request.actor, "execute-sql", database) else None


@dataclass(frozen=True)
class _Cells:
    """How the cells of one result are shown.

    `links` are the tables whose rows the values of a column, by its index, name;
    `labels` what those rows are called. BLOBs link to their bytes by `blob_sql`, unless it is None.
    """

    datasette: Datasette
    request: Request
    database: str
    columns: Sequence[str]
    links: Mapping[int, str]
    labels: Mapping[tuple[int, Any], str]
    blob_sql: str | None
    has_plugins: bool

    async def show(self, row: Sequence[Any], index: int) -> Markup:
        """One cell as HTML."""
        value = row[index]
        if self.has_plugins and (html := await self._by_plugin(row, index)) is not None:
            return html
        if isinstance(value, bytes):
            return self._blob(self.columns[index], value)
        if index in self.links and isinstance(value, (str, int)) and value != "":
            return self._key(index, value)
        return self._value(value)

    async def _by_plugin(self, row: Sequence[Any], index: int) -> Markup | None:
        """What the first plugin that wants to makes of the cell."""
        for candidate in pm.hook.render_cell(
            row=CustomRow(list(self.columns), dict(zip(self.columns, row, strict=True))),
            value=row[index],
            column=self.columns[index],
            table=None,
            pks=[],
            database=self.database,
            datasette=self.datasette,
            request=self.request,
            column_type=None,
        ):
            html = await await_me_maybe(candidate)
            if html is not None:
                return escape(html)
        return None

    def _value(self, value: Any) -> Markup:
        """A value as Datasette shows it, but for NULL, which Datasette leaves blank."""
        if value is None:
            return Markup('<span class="llm-tools-null">NULL</span>')
        if value == "":
            return Markup("&nbsp;")
        text = str(value)
        url = text.strip()
        if is_url(url):
            length = self.datasette.setting("truncate_cells_html")
            return Markup('<a href="{}">{}</a>').format(url, truncate_url(url, length))
        return escape(self._truncated(text))

    def _key(self, index: int, value: str | int) -> Markup:
        """A link to the row that a key names: its label and the key, as on a table's page."""
        url = self.datasette.urls.row(self.database, self.links[index], tilde_encode(str(value)))
        key, label = str(value), self.labels.get((index, value), "")
        if label in ("", key):
            return Markup('<a href="{}">{}</a>').format(str(url), self._truncated(key))
        return Markup('<a href="{}">{}</a>&nbsp;<em>{}</em>').format(
            str(url), self._truncated(label), self._truncated(key)
        )

    def _blob(self, column: str, value: bytes) -> Markup:
        """The length of a BLOB, with a link to its bytes where there may be one."""
        text = Markup("&lt;Binary:&nbsp;{:,}&nbsp;byte{}&gt;").format(
            len(value), "" if len(value) == 1 else "s"
        )
        if self.blob_sql is None:
            return text
        query = urlencode(
            {
                "sql": self.blob_sql,
                "_blob_column": column,
                "_blob_hash": hashlib.sha256(value).hexdigest(),
            }
        )
        url = self.datasette.urls.database(self.database) + "/-/query.blob?" + query
        return Markup('<a class="blob-download" href="{}" title="{}">{}</a>').format(
            str(url), format_bytes(len(value)), text
        )

    def _truncated(self, text: str) -> str:
        length = self.datasette.setting("truncate_cells_html")
        return f"{text[:length]}\u2026" if length and len(text) > length else text
