"""A widget may send any value as a parameter: only what its query declares reaches SQLite."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.named_queries import (
    MOST_QUERIES,
    bound,
    checked_queries,
    parameters_of,
    queries_from_json,
    queries_json,
)
from datasette_llm_tools.widgets.values import NamedQuery, Parameter


def query(*parameters: Parameter) -> NamedQuery:
    return NamedQuery("sales", "select 1", parameters)


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (Parameter("p"), "Graz", "Graz"),
        (Parameter("p"), 12, "12"),
        (Parameter("p", default="x"), None, "x"),
        (Parameter("p", "integer"), 3, 3),
        (Parameter("p", "integer"), 3.0, 3),
        (Parameter("p", "integer"), " -3 ", -3),
        (Parameter("p", "integer", minimum=0, maximum=9), 9, 9),
        (Parameter("p", "float"), "1.5", 1.5),
        (Parameter("p", "float"), 2, 2.0),
        (Parameter("p", "boolean"), True, 1),
        (Parameter("p", "boolean"), "false", 0),
        (Parameter("p", "date"), "2024-02-29", "2024-02-29"),
        (Parameter("p", "date"), "2024-02-29T10:00:00.5Z", "2024-02-29T10:00:00.5Z"),
        (
            Parameter("p", "date", maximum="2024-01-31"),
            "2024-01-31 23:59:59",
            "2024-01-31 23:59:59",
        ),
        (Parameter("p", choices=("a", "b")), "b", "b"),
        (Parameter("p", "integer", choices=(1, 2)), "2", 2),
    ],
)
def test_values_become_what_the_query_declares(
    parameter: Parameter, value: Any, expected: Any
) -> None:
    found = bound(query(parameter), {"p": value})["p"]
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (Parameter("p"), ["a"], "must be text"),
        (Parameter("p"), True, "must be text"),
        (Parameter("p", most_characters=3), "abcd", "3 characters"),
        (Parameter("p", "integer"), 1.5, "a whole number"),
        (Parameter("p", "integer"), True, "a whole number"),
        (Parameter("p", "integer"), 2**63, "a whole number"),
        (Parameter("p", "integer"), "1; drop table sale", "a whole number"),
        (Parameter("p", "integer", minimum=0), -1, "at least 0"),
        (Parameter("p", "float"), float("nan"), "a number"),
        (Parameter("p", "float"), 10**400, "a number"),
        (Parameter("p", "float", maximum=1.5), 2, "at most 1.5"),
        (Parameter("p", "boolean"), 2, "true or false"),
        (Parameter("p", "date"), "2024-02-30", "a date"),
        (Parameter("p", "date"), "yesterday", "a date"),
        (Parameter("p", "date", minimum="2024-01-01"), "2023-12-31", "at least 2024-01-01"),
        (Parameter("p", "date", maximum="2024-01-31"), "2024-02-01", "at most 2024-01-31"),
        (Parameter("p", choices=("a", "b")), "c", "one of its choices"),
    ],
)
def test_other_values_are_refused_by_the_name_of_the_parameter(
    parameter: Parameter, value: Any, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as raised:
        bound(query(parameter), {"p": value})
    assert "The parameter p of the query sales" in raised.value.message


def test_a_parameter_that_is_not_declared_is_refused() -> None:
    with pytest.raises(BadInput, match="no parameter 'rowid'; it has: p"):
        bound(query(Parameter("p")), {"rowid": 1})


@given(
    st.sampled_from(["text", "integer", "float", "boolean", "date"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=4,
    ),
)
def test_whatever_is_sent_sqlite_gets_a_scalar(kind: Any, value: Any) -> None:
    try:
        found = bound(query(Parameter("p", kind)), {"p": value})["p"]
    except BadInput:
        return
    assert found is None or type(found) in (str, int, float)


def test_parameters_are_not_looked_for_in_quotes_and_comments() -> None:
    sql = "select ':a', \":b\", [:c], `:d` -- :e\n, /* :f */ :g, @h, $i, :g, '12:30'"
    assert parameters_of(sql) == ("g", "h", "i")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("select 1", "must be a list"),
        ([{"name": "a"}], "needs a name and sql"),
        ([{"name": "a b", "sql": "select 1"}], "cannot be the name"),
        ([{"name": "a", "sql": " "}], "has no SQL"),
        ([{"name": "a", "sql": "select 1"}, {"name": "A", "sql": "select 2"}], "Two queries"),
        ([{"name": f"q{n}", "sql": "select 1"} for n in range(MOST_QUERIES + 1)], "may have"),
        ([{"name": "a", "sql": "select :p"}], "uses :p, which it does not declare"),
        ([{"name": "a", "sql": "s", "parameters": [{"name": "p", "type": "blob"}]}], "types"),
        ([{"name": "a", "sql": "s", "parameters": [{"name": "p", "sort": 1}]}], "'sort'"),
        ([{"name": "a", "sql": "s", "parameters": [{"name": "1p"}]}], "needs a name"),
        ([{"name": "a", "sql": "s", "parameters": [{"name": "p", "choices": 3}]}], "choices"),
        ([{"name": "a", "sql": "s", "parameters": [{"name": "p", "minimum": []}]}], "must be text"),
        (
            [{"name": "a", "sql": "s", "parameters": [{"name": "p", "most_characters": "9"}]}],
            "most_characters",
        ),
        (
            [
                {
                    "name": "a",
                    "sql": "s",
                    "parameters": [{"name": "p", "type": "integer", "default": 11, "maximum": 10}],
                }
            ],
            "at most 10",
        ),
    ],
)
def test_queries_that_make_no_sense_are_refused(value: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        queries_from_json(value)


def test_queries_come_back_from_json_with_defaults_of_their_type() -> None:
    sent = [
        {
            "name": "sales",
            "sql": "select :least, :city",
            "parameters": [
                {"name": "least", "type": "integer", "default": "3", "minimum": 0},
                {"name": "city", "choices": ["Graz", "Linz"], "default": "Graz"},
            ],
        }
    ]
    found = queries_from_json(sent)
    assert found[0].parameters[0].default == 3
    assert queries_from_json(json.loads(json.dumps(queries_json(found)))) == found
    assert checked_queries(found) == found
