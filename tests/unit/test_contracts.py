"""What is said when the columns that a widget was written for change."""

from __future__ import annotations

import pytest

from datasette_llm_tools.queries import QueryResult, Value
from datasette_llm_tools.widgets.contracts import columns_of, differences
from datasette_llm_tools.widgets.values import Column


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((), "null"),
        ((None, None), "null"),
        ((1, None), "integer"),
        ((1, 2.5), "float"),
        (("a",), "text"),
        ((b"a",), "blob"),
        ((1, "a"), "mixed"),
    ],
)
def test_types_are_those_of_the_values(values: tuple[Value, ...], kind: str) -> None:
    rows = tuple((value,) for value in values)
    result = QueryResult(("a",), rows, False, 1.0, (), frozenset())
    assert columns_of(result) == (Column("a", kind),)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"a": "text"}, {"a": "text"}, []),
        ({"a": "text"}, {"a": "null"}, []),
        ({"a": "null"}, {"a": "blob"}, []),
        ({"a": "integer"}, {"a": "float"}, []),
        ({"a": "text"}, {}, ["The query q no longer has the column a."]),
        (
            {},
            {"a": "text"},
            ["The query q has a column a that it did not have when the widget was made."],
        ),
        (
            {"a": "integer"},
            {"a": "text"},
            [
                "The column a of the query q holds text; when the widget was made it held whole "
                "numbers."
            ],
        ),
    ],
)
def test_differences_in_words(before: dict[str, str], now: dict[str, str], said: list[str]) -> None:
    def columns(types: dict[str, str]) -> list[Column]:
        return [Column(name, kind) for name, kind in types.items()]

    assert list(differences("q", columns(before), columns(now))) == said
