"""What passes without the schema would have passed it, and nothing that differs does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datasette_llm_tools.enrichments.outputs import Output, OutputType, is_plain, json_schema
from datasette_llm_tools.enrichments.replies import InvalidReply, Replies

OUTPUTS = (
    Output("a"),
    Output("a", max_length=3),
    Output("a", OutputType.LABEL, labels=("yes", "no", "1")),
    Output("a", OutputType.BOOLEAN),
    Output("a", OutputType.INTEGER),
    Output("a", OutputType.DATE, optional=True),
    Output("a", OutputType.JSON),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6)
) | st.sampled_from(["yes", "no", "1", "Yes", "2024-02-30"])


@given(st.sampled_from(OUTPUTS), VALUES)
def test_plain_values_fit_the_schema(output: Output, value: Any) -> None:
    if is_plain(output, value):
        assert Draft202012Validator(json_schema([output])).is_valid({"a": value})


@pytest.mark.parametrize(
    ("output", "value", "plain"),
    [
        (OUTPUTS[0], "text", True),
        (OUTPUTS[0], None, False),
        (OUTPUTS[1], "four", False),
        (OUTPUTS[2], "yes", True),
        (OUTPUTS[2], "maybe", False),
        (OUTPUTS[2], 1, False),
        (OUTPUTS[3], True, True),
        (OUTPUTS[3], 1, False),
    ],
)
def test_plain_or_not(output: Output, value: Any, plain: bool) -> None:
    assert is_plain(output, value) is plain


@pytest.mark.parametrize("reply", [{"a": "x", "b": 1}, {"b": "x"}, {}, ["a"], {"a": 1}])
def test_other_keys_and_values_are_refused_as_ever(reply: object) -> None:
    replies = Replies(OUTPUTS[:1], asks_unsure=False, mends=False)
    with pytest.raises(InvalidReply):
        replies.parse(json.dumps(reply))
