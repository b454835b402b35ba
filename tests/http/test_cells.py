"""Cells: what is linked, escaped, cut and told apart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Request
from markupsafe import Markup

from datasette_llm_tools.cells import display_rows
from datasette_llm_tools.schema import Schema
from datasette_llm_tools.schema_reading import read_schema
from tests.flight_tables import AIRLINES, FLIGHTS

SCHEMA = Schema("data", (AIRLINES, FLIGHTS), "v")


@dataclass(frozen=True)
class Result:
    columns: list[str]
    rows: list[list[Any]]


async def serve(**options: Any) -> Datasette:
    datasette = Datasette(memory=True, **options)
    datasette.add_memory_database("cells_test", name="data")
    await datasette.invoke_startup()
    return datasette


async def shown(
    value: Any, sql: str = "select 1", column: str = "c", *, datasette: Datasette | None = None
) -> str:
    rows = await display_rows(
        datasette or await serve(),
        Request.fake("/"),
        "data",
        sql,
        Result([column], [[value]]),
        SCHEMA,
    )
    assert isinstance(rows[0][0], Markup)
    return str(rows[0][0])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("value", "html"),
    [
        (None, '<span class="llm-tools-null">NULL</span>'),
        ("NULL", "NULL"),
        ("", "&nbsp;"),
        (0, "0"),
        (1.5, "1.5"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("https://e.com and more", "https://e.com and more"),
        (
            ' https://e.com/?a=1&b="><script> ',
            '<a href="https://e.com/?a=1&amp;b=&#34;&gt;&lt;script&gt;">'
            "https://e.com/?a=1&amp;b=&#34;&gt;&lt;script&gt;</a>",
        ),
    ],
)
async def test_values(value: Any, html: str) -> None:
    assert await shown(value) == html


@pytest.mark.asyncio
async def test_long_text_is_cut_where_datasette_cuts_it() -> None:
    datasette = await serve(settings={"truncate_cells_html": 5})
    assert await shown("123456", datasette=datasette) == "12345\u2026"
    assert await shown("12345", datasette=datasette) == "12345"
    whole = await serve(settings={"truncate_cells_html": 0})
    assert await shown("x" * 9000, datasette=whole) == "x" * 9000


@pytest.mark.asyncio
async def test_a_blob_links_to_its_bytes() -> None:
    datasette = await serve(settings={"base_url": "/prefix/"})
    html = await shown(b"\xff\x00", "select x'ff00' as [a&b]", "a&b", datasette=datasette)
    assert "&lt;Binary:&nbsp;2&nbsp;bytes&gt;" in html
    url = unescape(html.split('href="')[1].split('"')[0])
    assert urlsplit(url).path == "/prefix/data/-/query.blob"
    assert parse_qs(url.split("?")[1])["sql"] == ["select x'ff00' as [a&b]"]
    response = await datasette.client.get(url.removeprefix("/prefix"))
    assert response.status_code == 200
    assert response.content == b"\xff\x00"


@pytest.mark.asyncio
async def test_a_blob_has_no_link_where_the_query_may_not_run() -> None:
    datasette = await serve(config={"allow_sql": False})
    assert await shown(b"\xff", datasette=datasette) == "&lt;Binary:&nbsp;1&nbsp;byte&gt;"


@pytest.mark.asyncio
async def test_keys_link_to_the_rows_that_they_name() -> None:
    sql = "select f.id, f.carrier, f.delay from flights f"
    result = Result(["id", "carrier", "delay"], [[7, "A/<B", 3], [8, None, 4]])
    rows = await display_rows(await serve(), Request.fake("/"), "data", sql, result, SCHEMA)
    assert rows == [
        [
            '<a href="/data/flights/7">7</a>',
            '<a href="/data/air+lines/A~2F~3CB">A/&lt;B</a>',
            "3",
        ],
        ['<a href="/data/flights/8">8</a>', '<span class="llm-tools-null">NULL</span>', "4"],
    ]


@contextmanager
def rendering(render: Any) -> Iterator[None]:
    """A plugin with this render_cell, while the block runs."""

    class Plugin:
        @hookimpl
        def render_cell(self, row: Any, value: Any, column: str, table: Any) -> Any:
            return render(row, value, column, table)

    plugin = Plugin()
    pm.register(plugin, name="cells-test")
    try:
        yield
    finally:
        pm.unregister(name="cells-test")


@pytest.mark.asyncio
async def test_plugins_render_first_and_are_escaped_unless_they_say_html() -> None:
    async def later() -> Markup:
        return Markup("<i>later</i>")

    def render(row: Any, value: Any, column: str, table: Any) -> Any:
        assert table is None
        assert row["other"] == row[1] == "o"
        return later() if value == "b" else {"a": "<b>"}.get(value)

    result = Result(["x", "other"], [["a", "o"], ["b", "o"], ["c", "o"]])
    with rendering(render):
        rows = await display_rows(
            await serve(), Request.fake("/"), "data", "select 1", result, SCHEMA
        )
    assert [row[0] for row in rows] == ["&lt;b&gt;", "<i>later</i>", "c"]


@pytest.mark.asyncio
@pytest.mark.parametrize("gone", [False, True], ids=["there", "dropped meanwhile"])
async def test_a_foreign_key_shows_the_label_of_the_row_that_it_names(
    tmp_path: Path, gone: bool
) -> None:
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            create table airline (id integer primary key, name text);
            create table flight (id integer primary key, airline integer references airline(id));
            insert into airline values (1, 'Ann <b>Air</b>'), (2, null);
            insert into flight values (1, 1), (2, 2), (3, 3);
            """
        )
    datasette = Datasette([str(path)])
    await datasette.invoke_startup()
    schema = await read_schema(datasette, "data", None)
    sql = "select airline from flight order by id"
    result = Result(["airline"], [[1], [2], [3]])
    if gone:  # after it was seen which column holds the labels
        await display_rows(datasette, Request.fake("/"), "data", sql, result, schema)
        await datasette.get_database("data").execute_write("drop table airline")
    rows = await display_rows(datasette, Request.fake("/"), "data", sql, result, schema)
    label = "1" if gone else "Ann &lt;b&gt;Air&lt;/b&gt;"
    assert [str(row[0]) for row in rows] == [
        f'<a href="/data/airline/1">{label}</a>' + ("" if gone else "&nbsp;<em>1</em>"),
        '<a href="/data/airline/2">2</a>',
        '<a href="/data/airline/3">3</a>',
    ]
