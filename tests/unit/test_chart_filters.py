"""Which rows a filter keeps: texts in any letters, dates written finer than the column."""

from __future__ import annotations

from typing import Any

import pytest

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.charts.behind import behind
from datasette_llm_tools.widgets.charts.prompts import read_spec
from tests.chart_queries import columns_of, query_of, rows_of, table


def counted(values: list[Any], comparison: str, value: Any, unit: str | None = None) -> list[Any]:
    spec = {
        "mark": "bar", "x": "a", "aggregate": "count", "sort": "x", "x_unit": unit,
        "filters": [{"column": "a", "comparison": comparison, "value": value}],
    }  # fmt: skip
    return [row[0] for row in rows_of(table(["a"], [(each,) for each in values]), spec).rows]


@pytest.mark.parametrize(("text", "found"), [("École", "École"), ("éCOLE", "école"), ("AN", "an")])
def test_what_contains_a_text_is_found_whatever_its_letters(text: str, found: str) -> None:
    assert counted(["École", "école", "an"], "contains", text) == [found]


DAYS = ["2013-01-04", "2013-01-05", "2013-01-06"]
TIMES = ["2013-01-04T23:59:59Z", "2013-01-05T00:00:00Z", "2013-01-06T00:00:00Z"]
MONTHS = ["2013-01", "2013-02", "2013-03"]


@pytest.mark.parametrize(
    ("values", "comparison", "value", "last"),
    [
        (DAYS, ">=", "2013-01-05T00:00:00Z", 2),
        (DAYS, ">=", "2013-01-05 12:00", 1),
        (DAYS, "<", "2013-01-05 12:00", 2),
        (DAYS, ">=", "2013-1-5", 2),
        (DAYS, "=", "2013-01-05 00:00:00", 1),
        (DAYS, "in", ["2013-01-05T02:00:00+02:00", "2013-01-06"], 2),
        (MONTHS, ">=", "2013-02-01", 2),
        (MONTHS, ">", "2013-02-15", 1),
        (MONTHS, "<=", "2013-02-28", 2),
        (MONTHS, "<=", "2013-02", 2),
    ],
)
def test_a_filter_may_be_finer_than_its_column(
    values: list[str], comparison: str, value: Any, last: int
) -> None:
    unit = "year_month" if values is MONTHS else "day"
    assert len(counted(values, comparison, value, unit)) == last


@pytest.mark.parametrize(
    ("comparison", "value", "last"),
    [
        (">=", "2013-01-05T00:00:00Z", 2),
        ("=", "2013-01-05T00:00:00Z", 1),
        ("=", "2013-01-05T01:00:00+01:00", 1),
        ("=", "2013-01-05", 1),
        ("<", "2013-01-05 00:00", 1),
        ("=", "2013-01-04T23:59:59.500Z", 1),
    ],
)
def test_times_are_compared_as_the_moments_that_they_are(
    comparison: str, value: str, last: int
) -> None:
    assert len(counted(TIMES, comparison, value, "day")) == last


@pytest.mark.parametrize("value", ["January", "2013-13", "2013-02-30", "5.1.2013", "2013-01-05 x"])
def test_a_filter_that_is_no_date_is_refused(value: str) -> None:
    with pytest.raises(BadInput, match="a holds dates; compare it with one such as 2013-01-31"):
        counted(DAYS, ">=", value)


def test_a_number_and_its_digits_are_one_category() -> None:
    # Vega takes 1 and "1" for one place on an axis, and draws the second bar nowhere.
    connection = table(["a"], [(each,) for each in [1, "1", 2.5, "2.5", "x", b"\x01", None, "x"]])
    spec, query = query_of(connection, {"mark": "bar", "x": "a", "aggregate": "count"})
    rows = {row[0]: row[1] for row in connection.execute(query.sql)}
    assert rows == {"1": 2, "2.5": 2, "x": 2, "(binary)": 1, "(no value)": 1}
    found = behind(spec, query, "select * from t", columns_of(connection), {})
    assert found is not None
    for value, count in rows.items():
        assert len(connection.execute(found.sql, {"x": value}).fetchall()) == count


def test_a_model_is_told_of_a_filter_that_cannot_be_compared() -> None:
    columns = columns_of(table(["day"], [(each,) for each in DAYS]))
    wish = '{"mark": "bar", "x": "day", "filters": [{"column": "day", "is": "=", "value": "%s"}]}'
    assert read_spec(wish % "2013-01", columns)[0].filters
    with pytest.raises(BadInput, match="day holds dates"):
        read_spec(wish % "January", columns)
