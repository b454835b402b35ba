"""Queries as text are read as models write them, and come back as they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.documents.query_blocks import (
    queries_text,
    read_queries,
    read_query,
)
from datasette_llm_tools.widgets.values import NamedQuery, Parameter

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
# Spaces of a text are made one: a header is one line.
LINES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=20)
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9)
PARAMETERS = st.builds(
    Parameter,
    NAMES,
    st.sampled_from(["text", "integer", "float", "boolean", "date"]),
    st.none() | LINES | NUMBERS,
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.lists(LINES | NUMBERS, max_size=3).map(tuple),
    st.integers(1, 10_000),
)
SQL = (
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1)
    .map(str.strip)
    .filter(lambda text: text and not text.endswith(";"))
)


@given(st.lists(st.builds(NamedQuery, NAMES, SQL, st.lists(PARAMETERS, max_size=3).map(tuple))))
def test_what_is_written_is_read_back(queries: list[NamedQuery]) -> None:
    assert read_queries(queries_text(queries)) == tuple(queries)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("q", []),
        ("q()", []),
        ("q(city)", [("city", "text", None)]),
        ("q(:city text = 'Graz')", [("city", "text", "Graz")]),
        ('q(city = "O\'Hare")', [("city", "text", "O'Hare")]),
        ("q(city = 'O''Hare, (x)')", [("city", "text", "O'Hare, (x)")]),
        ("q(year int=2013, on bool = true)", [("year", "integer", 2013), ("on", "boolean", True)]),
        ("q(least REAL default -1.5)", [("least", "float", -1.5)]),
        ("q(day datetime = '2024-01-01')", [("day", "date", "2024-01-01")]),
        ("q(year = 2013)", [("year", "integer", 2013)]),
        ("q(unit = month)", [("unit", "text", "month")]),
    ],
)
def test_headers_as_models_write_them(header: str, expected: list[Any]) -> None:
    found = read_query(header, " select 1;\n")
    assert [(each.name, each.type, each.default) for each in found.parameters] == expected
    assert (found.name, found.sql) == ("q", "select 1")


def test_limits_and_choices() -> None:
    text = "q(n integer = 3 from 0 to 9, city = 'a' in ('a', 'b, c'), t text characters 20)"
    assert read_query(text, "select 1").parameters == (
        Parameter("n", "integer", 3, 0, 9),
        Parameter("city", "text", "a", choices=("a", "b, c")),
        Parameter("t", most_characters=20),
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "no name of a query"),
        ("two words", "no name of a query"),
        ("q(city", "a bracket is missing"),
        ("q(, city)", "has no name"),
        ("q(city varchar(20) = 'x')", "not understood"),
        ("q(city text 'Graz')", "not understood"),
    ],
)
def test_headers_that_say_nothing_are_refused_with_what_to_write(header: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_query(header, "select 1")


@pytest.mark.parametrize(
    "text",
    ["select 1", "```query a\nselect 1", "```query a\nselect 1\n```\nselect 2", "```sql\nx\n```"],
)
def test_nothing_that_somebody_typed_is_passed_over(text: str) -> None:
    with pytest.raises(BadInput, match="stands in no block"):
        read_queries(text)


def test_queries_typed_in_a_form() -> None:
    text = "\n```query a\nselect 1;\n```\n\n````query b\nselect '```'\n````\n"
    assert [each.sql for each in read_queries(text)] == ["select 1", "select '```'"]
    assert read_queries(" \n") == ()
