"""What SQLite says of a table: what tells its rows apart, and what may be written where."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.database.tables import (
    TableGone,
    add_columns,
    check_outputs,
    key_from_json,
    key_json,
    read_target,
    require_target,
)
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.errors import BadInput
from tests.enriched_tables import make_enriched


@pytest.mark.asyncio
async def test_keys_and_columns_of_each_kind_of_table(tmp_path: Path) -> None:
    async with make_enriched(tmp_path) as site:
        seen = {
            name: (target.key_columns, target.uses_rowid, sorted(target.nullable_key))
            for name in (
                "numbers",
                "rowids",
                "taken",
                "texts",
                "compound",
                "norowid",
                "computed",
                'or"der by',
            )
            if (target := await site.target(name))
        }
        assert seen == {
            "numbers": (("id",), False, []),
            "rowids": (("rowid",), True, []),
            "taken": (("_rowid_",), True, []),
            "texts": (("code",), False, ["code"]),
            "compound": (("year", "name"), False, ["name", "year"]),
            "norowid": (("a", "b"), False, []),
            "computed": (("id",), False, []),
            'or"der by': (("order",), False, []),
        }
        computed = await site.target("COMPUTED")
        assert computed.name == "computed"
        assert computed.columns == ("id", "body", "upper_body", "size")
        assert computed.generated == {"upper_body", "size"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("create view it as select 1 as a", "view"),
        ("create virtual table it using fts5(a)", "virtual"),
        ("create virtual table x using fts5(a); -- it is x_data", "keeps for itself"),
        ("create table it (rowid, _rowid_, oid)", "told apart"),
        ("create table _llm_tools_it (id integer primary key)", "keeps for itself"),
    ],
)
async def test_what_cannot_be_enriched_is_refused_with_the_reason(
    tmp_path: Path, ddl: str, reason: str
) -> None:
    async with make_enriched(tmp_path, [], ddl) as site:
        name = "x_data" if "x_data" in ddl else "_llm_tools_it" if "_llm" in ddl else "it"
        with pytest.raises(BadInput, match=reason):
            await site.target(name)
        with pytest.raises(BadInput, match=reason):
            await site.waiting(name)


@pytest.mark.asyncio
async def test_databases_that_cannot_keep_it_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fixed.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (id integer primary key)")
    datasette = Datasette([], immutables=[str(path)], memory=True)
    datasette.add_memory_database("named", name="named")
    await datasette.invoke_startup()
    try:
        await datasette.databases["named"].execute_write("create table t (id integer primary key)")
        for database, reason in (
            ("fixed", "immutable"),
            ("_memory", "vanish"),
            ("named", "vanish"),
            ("nowhere", "no database"),
        ):
            with pytest.raises(BadInput, match=reason):
                await require_target(datasette, database, "t")
    finally:
        await datasette.invoke_shutdown()
        datasette.close()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t (id integer primary key)")
        with pytest.raises(BadInput, match="vanish"):
            read_target(connection, "t")


@pytest.mark.asyncio
async def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, []) as site:
        with pytest.raises(TableGone, match="nothing"):
            await site.target("nothing")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("table", "output", "overwrite", "reason"),
    [
        ("numbers", "ID", ["id"], "never written"),
        ("numbers", "rowid", ["rowid"], "never written"),
        ("rowids", "rowid", [], "never written"),
        ("compound", "year", ["year"], "never written"),
        ("computed", "Size", ["size"], "computes"),
        ("numbers", "BODY", [], "already"),
        ("numbers", "body", ["other"], "already"),
        ("numbers", "body", ["Body"], None),
        ("numbers", "new", [], None),
        ('or"der by', "select", ["select"], None),
    ],
)
async def test_what_may_be_written(
    tmp_path: Path, table: str, output: str, overwrite: list[str], reason: str | None
) -> None:
    async with make_enriched(tmp_path, [table]) as site:
        target = await site.target(table)
        if reason is None:
            check_outputs(target, [Output(output)], overwrite)
        else:
            with pytest.raises(BadInput, match=reason):
                check_outputs(target, [Output(output)], overwrite)


@pytest.mark.asyncio
async def test_columns_are_added_with_their_types_and_only_if_missing(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        target = await site.target("numbers")
        outputs = [
            Output("BODY"),
            Output('a"; drop table numbers; --', OutputType.INTEGER),
            Output("select", OutputType.FLOAT),
            Output("näme", OutputType.JSON),
        ]
        with closing(sqlite3.connect(site.path)) as connection:
            added = add_columns(connection, target, outputs)
        assert added == ('a"; drop table numbers; --', "select", "näme")
        info = site.sql("select name, type from pragma_table_info('numbers')")
        assert info[2:] == [
            ('a"; drop table numbers; --', "INTEGER"),
            ("select", "REAL"),
            ("näme", "TEXT"),
        ]


VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.none(),
)


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_a_key_comes_back_from_json(parts: list[Any]) -> None:
    text = key_json(tuple(parts))
    assert key_from_json(text) == tuple(parts)
    assert [type(each) for each in key_from_json(text)] == [type(each) for each in parts]
    # SQLite reads it as JSON too, and gives it back as it was.
    with closing(sqlite3.connect(":memory:")) as connection:
        (back,) = connection.execute(
            "select value from json_each(json_array(?))", [text]
        ).fetchone()
        assert back == text


@pytest.mark.parametrize(
    "text", ["", "1", "{}", "[]", "[[1]]", '[{"$base64": "!"}]', '[{"x": 1}]', "[1", "[" * 9999]
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(BadInput, match="not the key"):
        key_from_json(text)
