"""Outputs: how they are checked, asked for and stored."""

from __future__ import annotations

import json
import math
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datasette_llm_tools.enrichments.output_declarations import parse_output
from datasette_llm_tools.enrichments.outputs import (
    Output,
    OutputType,
    check_outputs,
    json_schema,
    output_from_json,
    output_json,
    sqlite_type,
    storable,
    to_sqlite,
)
from datasette_llm_tools.errors import BadInput

KIND = OutputType
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        [Output("")],
        [Output(" a")],
        [Output("a\nb")],
        [Output("a\ud800")],
        [Output("x" * 201)],
        [Output("a"), Output("A")],
        [Output(str(number)) for number in range(51)],
        [Output("a", minimum=1)],
        [Output("a", KIND.INTEGER, max_length=3)],
        [Output("a", KIND.FLOAT, maximum=math.inf)],
        [Output("a", labels=("x",))],
        [Output("a", KIND.LABEL, labels=("x\ny",))],
        [Output("a", KIND.LABEL, labels=("x", "null"), optional=True)],
        [Output("a", description="x" * 5_001)],
    ],
)
def test_outputs_that_cannot_be_are_refused(outputs: list[Output]) -> None:
    with pytest.raises(BadInput):
        check_outputs(outputs)


def test_names_are_compared_as_sqlite_compares_them() -> None:
    names = ("é", "É")
    check_outputs([Output(name) for name in names])
    columns = ", ".join(f'"{name}"' for name in names)
    sqlite3.connect(":memory:").execute(f"CREATE TABLE t ({columns})").connection.close()


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("a:text(3)", ["", "abc", "äöü"], ["abcd", 1, None, ["a"]]),
        ("a:text?", [None, "x"], [False]),
        ("a:integer(1..5)", [1, 5, 3.0], [0, 6, 2.5, "3", True, None]),
        ("a:float", [1, -2.5], ["1", None, True]),
        ("a:boolean", [True, False], [0, 1, "true", None]),
        ("a:json", [{}, [], "x", 1, True], [None]),
        ("a:json?", [None, {"b": None}], []),
        ("a:label(x|y z)", ["x", "y z"], ["X", "", "y", None, 1]),
        ("a:label(x)?", ["x", None], ["null"]),
    ],
)
def test_the_schema_takes_what_the_type_says(text: str, good: list[Any], bad: list[Any]) -> None:
    schema = json_schema([parse_output(text)])
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert [value for value in good if not validator.is_valid({"a": value})] == []
    assert [value for value in bad if validator.is_valid({"a": value})] == []
    assert not validator.is_valid({})
    assert not validator.is_valid({"a": good[0], "b": 1})


@pytest.mark.parametrize(
    ("text", "value", "stored"),
    [
        ("a:text", "x", "x"),
        ("a:text?", None, None),
        ("a:integer", 3.0, 3),
        ("a:float", 3, 3.0),
        ("a:boolean", True, 1),
        ("a:date", "2020-01-31", "2020-01-31"),
        ("a:json", {"é": [1, None]}, '{"é": [1, null]}'),
        ("a:json", "text", '"text"'),
        ("a:label(x)", "x", "x"),
    ],
)
def test_values_go_into_sqlite_as_their_type(text: str, value: Any, stored: Any) -> None:
    output = parse_output(text)
    found = to_sqlite(output, storable(output, value))
    assert (found, type(found)) == (stored, type(stored))


def test_columns_have_the_type_of_their_output() -> None:
    kinds = {kind: sqlite_type(Output("a", kind)) for kind in KIND}
    assert kinds == {
        KIND.TEXT: "TEXT",
        KIND.INTEGER: "INTEGER",
        KIND.FLOAT: "REAL",
        KIND.BOOLEAN: "INTEGER",
        KIND.DATE: "TEXT",
        KIND.JSON: "TEXT",
        KIND.LABEL: "TEXT",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a:integer", 2**63),
        ("a:integer", -(2**63) - 1),
        ("a:integer", 1e300),
        ("a:float", 10**400),
        ("a:float", math.inf),
        ("a:float", math.nan),
        ("a:text", "a\x00b"),
        ("a:text", "\ud800"),
        ("a:json", {"a": "\udfff"}),
        ("a:json", [math.nan]),
    ],
)
def test_what_sqlite_cannot_hold_is_refused(text: str, value: Any) -> None:
    with pytest.raises(BadInput, match="a "):
        storable(parse_output(text), value)


@given(ANY_JSON, st.sampled_from(["text", "integer", "float", "boolean", "json", "label(a|b)"]))
def test_whatever_fits_the_schema_is_stored_as_it_was_or_refused(value: Any, kind: str) -> None:
    output = parse_output(f"a:{kind}?")
    if not Draft202012Validator(json_schema([output])).is_valid({"a": value}):
        return
    try:
        stored = to_sqlite(output, storable(output, value))
    except BadInput:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t (a {sqlite_type(output)})")
    connection.execute("INSERT INTO t VALUES (?)", [stored])
    (found,) = connection.execute("SELECT a FROM t").fetchone()
    connection.close()
    if kind == "json" and found is not None:
        found = json.loads(found)
    assert found == value


OUTPUTS = st.builds(
    Output,
    name=st.text(min_size=1, max_size=9),
    type=st.sampled_from(KIND),
    description=st.text(max_size=9),
    labels=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    minimum=st.none() | st.integers(-9, 9) | st.floats(-9, 9),
    maximum=st.none() | st.integers(-9, 9) | st.floats(-9, 9),
    max_length=st.none() | st.integers(1, 99),
    optional=st.booleans(),
)


@given(OUTPUTS)
def test_an_output_survives_json(output: Output) -> None:
    assert output_from_json(json.loads(json.dumps(output_json(output)))) == output


@given(ANY_JSON | st.fixed_dictionaries({}, optional={"name": ANY_JSON, "labels": ANY_JSON}))
def test_any_json_is_an_output_or_bad_input(said: Any) -> None:
    try:
        assert isinstance(output_from_json(said), Output)
    except BadInput as error:
        assert len(error.message) < 300
