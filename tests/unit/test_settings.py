"""Configuration: what is taken, what is refused, and that names are said."""

from __future__ import annotations

from typing import Any

import pytest

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.settings import Settings, settings_from


def test_defaults() -> None:
    assert settings_from({}) == Settings()


def test_values_are_taken() -> None:
    assert settings_from({"model": "echo", "max_rows": 5}) == Settings(model="echo", max_rows=5)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"max_row": 5}, "max_row"),
        ({"max_rows": "many"}, "max_rows must be a whole number"),
        ({"max_rows": True}, "max_rows must be a whole number"),
        ({"max_rows": -1}, "max_rows must not be negative"),
        ({"answer_in_words": 1}, "answer_in_words must be true or false"),
        ({"model": 3}, "model must be text"),
    ],
)
def test_wrong_values_are_refused_by_name(config: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        settings_from(config)
