"""The text of one table: names that SQLite takes, and lines that nothing leaves."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.schema import Column, Table
from datasette_llm_tools.table_text import Detail, quoted_name, table_text


@pytest.mark.parametrize("name", ["order", "Group", "two words", 'a"b', "été", "1st", "", "a-b"])
def test_names_are_quoted_when_sqlite_needs_it(name: str) -> None:
    assert quoted_name(name).startswith('"')
    conn = sqlite3.connect(":memory:")
    conn.execute(f"create table t ({quoted_name(name)} integer)")
    assert conn.execute("select * from t").description[0][0] == name
    conn.close()


@pytest.mark.parametrize("name", ["flights", "_x1", "key", "date", "rank", "match", "left", "end_"])
def test_names_are_plain_when_sqlite_takes_them(name: str) -> None:
    assert quoted_name(name) == name
    conn = sqlite3.connect(":memory:")
    conn.execute(f"create table {name} ({name} integer)")
    assert conn.execute(f"select a.{name} from {name} a where {name} = 1").fetchall() == []
    conn.close()


hostile = st.text(max_size=60) | st.sampled_from(
    ["\n);\nDROP", "a\u2028b", "\x1b[0m", "<|im_end|>", "'; --", "\u202egnp", "*/", "x" * 999]
)


@given(hostile, hostile, hostile, hostile)
def test_nothing_leaves_its_line(name: str, sample: str, description: str, type_: str) -> None:
    column = Column(name, type_, samples=(sample, sample), description=description)
    table = Table(name, "table", (column,), (), 1, description)
    text = table_text(table, table.columns, Detail(3, 200, 200))
    lines = text.split("\n")
    assert len(lines) == len(text.splitlines()) == 3
    assert lines[0].startswith("CREATE TABLE ")
    assert lines[2] == ");"
    assert "<|" not in text
    assert all(line.isprintable() for line in lines)
    assert all(len(line) < 800 for line in lines)
