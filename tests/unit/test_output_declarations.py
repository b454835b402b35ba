"""Outputs as people type them, and what is said of those that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.output_declarations import parse_output
from datasette_llm_tools.enrichments.outputs import Output, OutputType, check_outputs
from datasette_llm_tools.errors import BadInput

KIND = OutputType


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("summary:text", Output("summary")),
        ("summary:text(200)", Output("summary", max_length=200)),
        ("year:integer?", Output("year", KIND.INTEGER, optional=True)),
        ("stars:integer(1..5)", Output("stars", KIND.INTEGER, minimum=1, maximum=5)),
        ("share:float(0..)", Output("share", KIND.FLOAT, minimum=0.0)),
        ("share:float(..0.5)?", Output("share", KIND.FLOAT, maximum=0.5, optional=True)),
        ("kind:label(a|b c)", Output("kind", KIND.LABEL, labels=("a", "b c"))),
        ("kind:label(a (1)|b:text)", Output("kind", KIND.LABEL, labels=("a (1)", "b:text"))),
        (
            "my col:date when (if) it was built",
            Output("my col", KIND.DATE, "when (if) it was built"),
        ),
        ("x:json? all of it", Output("x", KIND.JSON, "all of it", optional=True)),
        ("a:b:boolean", Output("a:b", KIND.BOOLEAN)),
    ],
)
def test_an_output_is_read_from_a_line(text: str, output: Output) -> None:
    assert parse_output(text) == output


@pytest.mark.parametrize(
    "text",
    [
        "",
        "summary",
        ":text",
        "summary:texts",
        "summary:text(x)",
        "summary:text(0)",
        "summary:text(200",
        "year:integer(5..1)",
        "year:integer(1)",
        "year:integer(a..b)",
        "share:float(nan..1)",
        "flag:boolean(1..2)",
        "kind:label",
        "kind:label()",
        "kind:label(a||b)",
        "kind:label(a|a)",
    ],
)
def test_a_line_that_is_no_output_says_how_to_write_one(text: str) -> None:
    with pytest.raises(BadInput, match=r"NAME:TYPE|label|length|least"):
        parse_output(text)


@given(st.text(max_size=60) | st.from_regex(r".{1,9}:(text|label|integer|float)\(.{0,9}\)?.{0,9}"))
def test_any_line_is_an_output_or_bad_input(text: str) -> None:
    try:
        output = parse_output(text)
    except BadInput:
        return
    check_outputs([output])
