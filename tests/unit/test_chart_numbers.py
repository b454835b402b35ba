"""The numbers of a chart are those of SQL over all rows, whatever columns and values are called."""

from __future__ import annotations

import math
import sqlite3
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.charts.behind import behind
from datasette_llm_tools.widgets.charts.bins import Bins, bins_of
from datasette_llm_tools.widgets.charts.chart_parts import Channel, without_end
from datasette_llm_tools.widgets.charts.chart_sql import chart_sql
from datasette_llm_tools.widgets.charts.spec import ChartSpec
from tests.chart_queries import columns_of, query_of, rows_of, table

AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "distinct": lambda values: len(set(values)),
}
NUMBERS = st.one_of(st.none(), st.integers(-1000, 1000))
KEYS = st.one_of(st.none(), st.sampled_from(["a", "b", "Ä'\"", "", "(no value)"]))


@pytest.mark.parametrize(
    ("spec", "at"),
    [
        ({"mark": "bar", "x": "post_id", "y": "likes", "aggregate": "sum"}, 0),
        ({"mark": "pie", "x": "post_id", "y": "likes"}, 0),
        ({"mark": "point", "x": "likes", "y": "likes", "color": "post_id"}, 2),
    ],
)
def test_names_that_are_large_numbers_stay_different_in_a_browser(
    spec: dict[str, Any], at: int
) -> None:
    posts = [2**60 + 1, 2**60 + 2, 2**53 - 1]
    kept = rows_of(table(["post_id", "likes"], [(each, 3) for each in posts]), spec)
    assert {row[at] for row in kept.rows} == {str(2**60 + 1), str(2**60 + 2), 2**53 - 1}


@pytest.mark.parametrize("aggregate", list(AGGREGATES))
@settings(deadline=None)
@given(rows=st.lists(st.tuples(KEYS, NUMBERS), min_size=1, max_size=40))
def test_aggregates_are_those_of_all_rows(aggregate: str, rows: list[tuple[Any, Any]]) -> None:
    groups = defaultdict(list)
    for key, number in rows:
        groups["(no value)" if key is None else key].append(number)
    expected = {}
    for key, numbers in groups.items():
        held = [number for number in numbers if number is not None]
        if held or aggregate == "distinct":
            expected[key] = AGGREGATES[aggregate](held)
    connection = table(["k", "v"], [*rows, ("a", None)])
    groups["a"].append(None)
    if aggregate == "distinct":
        expected.setdefault("a", 0)
    kept = rows_of(connection, {"mark": "bar", "x": "k", "y": "v", "aggregate": aggregate})
    assert dict(kept.rows) == pytest.approx(expected)
    missing = sum(number is None for numbers in groups.values() for number in numbers)
    assert [int(text.split()[0]) for text in kept.left_out] == ([missing] if missing else [])


@example(["FALSE", "0"])
@settings(deadline=None)
@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=4, unique_by=str.lower).filter(
        lambda names: all("\0" not in name for name in names)
    )
)
def test_columns_may_be_called_anything(names: list[str]) -> None:
    names = [name.encode("utf-8", "ignore").decode() or "x" for name in names]
    if len({name.lower() for name in names}) < len(names):
        return
    connection = table(
        names, [("a", 1, *"yz"[: len(names) - 2]), ("b", 2, *"yz"[: len(names) - 2])]
    )
    columns = columns_of(connection)
    spec = ChartSpec("bar", x=columns[0].name, y=columns[1].name, aggregate="sum")
    query = chart_sql(spec, "select * from t", columns)
    rows = [row[:2] for row in connection.execute(query.sql)]
    assert rows == [("b", 2), ("a", 1)]
    back = behind(spec, query, "select * from t", columns, {})
    assert back is not None
    found = connection.execute(back.sql, {back.params[0][0]: "a"}).fetchall()
    assert [row[:2] for row in found] == [("a", 1)]


@pytest.mark.parametrize(
    "sql",
    [
        "select k, v from t;",
        "select k, v from t -- the end",
        "select k, v from t; /* the end */ -- really",
        "select k, v from t where k != ';' or k = '--'",
        "select k, v from t order by v desc limit 3",
        "with keyed as (select * from t) select k, v from keyed",
        "with drawn(k, v) as (select k, v from t) select * from drawn",
        "select k, v from t union all select 'z', null where 0",
        "values ('b', 2), ('a', 1), ('b', 1)",
    ],
)
def test_any_query_can_be_drawn(sql: str) -> None:
    connection = table(["k", "v"], [("a", 1), ("b", 2), ("b", 1)])
    x, y = (column.name for column in columns_of(connection, sql))
    kept = rows_of(connection, {"mark": "bar", "x": x, "y": y, "aggregate": "sum"}, sql)
    assert kept.rows == (("b", 3), ("a", 1))


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("select 1", "select 1"),
        ("select 1 ; -- one", "select 1"),
        ("select ';' -- ; one", "select ';' -- ; one"),
        ("select 1; select 2", "select 1; select 2"),
        ('select 1 as ";"', 'select 1 as ";"'),
        ("select 1 /* ; ", "select 1 /* ;"),
    ],
)
def test_only_the_end_of_a_statement_is_taken_off(sql: str, kept: str) -> None:
    assert without_end(sql) == kept


def test_columns_of_one_name_are_drawn_each() -> None:
    connection = table(["k", "v"], [("a", 1), ("b", 2)])
    sql = "select k, v, v * 10 as v from t"
    kept = rows_of(connection, {"mark": "bar", "x": "k", "y": "v (2)"}, sql)
    assert kept.rows == (("a", 10), ("b", 20))


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("year", [(2023, 1), (2024, 4)]),
        ("quarter", [("Q1", 4), ("Q4", 1)]),
        ("month", [("Jan", 2), ("Feb", 2), ("Dec", 1)]),
        ("year_month", [("2023-12", 1), ("2024-01", 2), ("2024-02", 2)]),
        ("week", [("2023-12-25", 1), ("2024-01-01", 2), ("2024-02-26", 2)]),
        ("day", [("2023-12-31", 1), ("2024-01-01", 1), ("2024-01-02", 1), ("2024-02-29", 2)]),
        ("weekday", [("Mon", 1), ("Tue", 1), ("Thu", 2), ("Sun", 1)]),
        ("hour", [(0, 2), (5, 2), (23, 1)]),
    ],
)
def test_units_of_time(unit: str, expected: list[Any]) -> None:
    times = [
        "2023-12-31", "2024-01-01 05:17", "2024-01-02T05:17:59.123Z", "2024-02-29T23:59:59",
        "2024-02-29", None,
    ]  # fmt: skip
    connection = table(["at", "n"], [(time, 1) for time in times])
    kept = rows_of(connection, {"mark": "bar", "x": "at", "x_unit": unit, "aggregate": "count"})
    assert list(kept.rows) == expected
    assert kept.left_out == ("1 row has no date in at.",)


@pytest.mark.parametrize(
    ("each", "drawn"),
    [
        ({"column": "at", "comparison": "=", "value": "2024-01"}, 2),
        ({"column": "at", "comparison": "<=", "value": "2024-01-01"}, 2),
        ({"column": "at", "comparison": ">", "value": "2024-01-01"}, 2),
        ({"column": "at", "comparison": "in", "value": ["2023", "2024-02-29"]}, 2),
        ({"column": "at", "comparison": "=", "value": 12, "unit": "month"}, 1),
        ({"column": "at", "comparison": "in", "value": ["Monday", "Tue"], "unit": "weekday"}, 2),
        ({"column": "at", "comparison": "=", "value": "2024-W01", "unit": "week"}, 2),
        ({"column": "at", "comparison": "=", "value": "2023-W52", "unit": "week"}, 1),
        ({"column": "at", "comparison": ">=", "value": "2024-01", "unit": "year_month"}, 3),
        ({"column": "k", "comparison": "=", "value": "it's"}, 1),
        ({"column": "k", "comparison": "!=", "value": "it's"}, 4),
        ({"column": "k", "comparison": "in", "value": ["a", "b"]}, 3),
        ({"column": "k", "comparison": "contains", "value": "T'"}, 1),
        ({"column": "n", "comparison": ">", "value": "2.5"}, 2),
        ({"column": "n", "comparison": "=", "value": 4}, 1),
    ],
)  # fmt: skip
def test_filters(each: dict[str, Any], drawn: int) -> None:
    rows = [
        ("2023-12-31", "a", 1), ("2024-01-01 05:17", "b", 2), ("2024-01-02", "it's", 3.5),
        ("2024-02-29", "b", 4), (None, None, None),
    ]  # fmt: skip
    connection = table(["at", "k", "n"], rows)
    kept = rows_of(connection, {"mark": "number", "aggregate": "count", "filters": [each]})
    assert kept.rows == ((drawn,),)


def test_a_filter_that_cannot_be_compared_is_refused() -> None:
    connection = table(["k", "n"], [("a", 1)])
    each = {"column": "n", "comparison": "=", "value": "many"}
    with pytest.raises(BadInput, match="n is a number and cannot be compared with 'many'"):
        query_of(connection, {"mark": "number", "filters": [each]})


def test_what_has_no_place_is_counted() -> None:
    rows = [(1, 10.0), (2, 0), (3, -5), (4, None), (None, 3), (5, math.inf), (6, "many"), (7, b"x")]
    connection = table(["x", "y"], [*rows, *[(8, 2)] * 92])
    kept = rows_of(connection, {"mark": "point", "x": "x", "y": "y", "scale": "log"})
    assert len(kept.rows) == 93
    assert kept.left_out == (
        "1 row has no number in x.",
        "4 rows have no number in y.",
        "2 values are 0 or less and not on the log scale.",
    )


def test_a_pie_has_no_slices_below_zero() -> None:
    connection = table(["k", "v"], [("a", 3), ("b", -2), ("c", 0)])
    kept = rows_of(connection, {"mark": "pie", "x": "k", "y": "v", "aggregate": "sum"})
    assert kept.rows == (("a", 3), ("c", 0))
    assert kept.left_out == ("1 value is below 0 and without a slice.",)


def test_a_sum_too_large_to_draw_is_counted() -> None:
    connection = table(["k", "v"], [("a", 1.7e308), ("a", 1.7e308), ("b", 1)])
    kept = rows_of(connection, {"mark": "bar", "x": "k", "y": "v", "aggregate": "sum"})
    assert kept.rows == (("b", 1),)
    assert kept.left_out == ("1 value is too large to draw.",)


def test_numbers_written_as_text_are_numbers() -> None:
    connection = table(["k", "v"], [("a", "1.5"), ("a", "2"), *[("b", "1")] * 20, ("b", "n/a")])
    kept = rows_of(connection, {"mark": "bar", "x": "k", "y": "v", "aggregate": "sum"})
    assert kept.rows == (("b", 20), ("a", 3.5))
    assert kept.left_out == ("1 row has no number in v.",)


def test_first_groups_are_those_of_all() -> None:
    rows = [(f"k{i}", i) for i in range(500)]
    connection = table(["k", "v"], rows)
    spec = {"mark": "bar", "x": "k", "y": "v", "aggregate": "sum"}
    asked = rows_of(connection, {**spec, "sort": "y_descending", "limit": 3})
    assert [row[0] for row in asked.rows] == ["k499", "k498", "k497"]
    assert asked.note is None and asked.total == 500
    assert asked.left_out == ("3 of 500 values of k are drawn, as many as asked for.",)
    seen = rows_of(connection, spec)
    assert len(seen.rows) == 100
    assert seen.note == "Only the 100 first of 500 values of k are drawn."


def test_too_many_colours_are_said() -> None:
    rows = [(f"2024-01-{i % 28 + 1:02d}", f"k{i % 40}", i) for i in range(1200)]
    connection = table(["day", "k", "v"], rows)
    spec = {"mark": "line", "x": "day", "y": "v", "color": "k", "aggregate": "sum"}
    kept = rows_of(connection, spec)
    assert len({row[1] for row in kept.rows}) == 20
    assert kept.note == "Only the 20 most frequent of 40 values of k are drawn."
    first = rows_of(connection, {"mark": "point", "x": "v", "y": "v", "limit": 7})
    assert [row[0] for row in first.rows] == list(range(7))
    assert first.left_out == ("7 of 1,200 points are drawn, as many as asked for.",)
    points = rows_of(connection, {"mark": "point", "x": "v", "y": "v", "color": "k"})
    assert len(points.rows) == 1200
    assert len({row[2] for row in points.rows}) == 20
    assert "have a colour of their own" in points.left_out[0]


@settings(deadline=None)
@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**53), 2**53),
        min_size=2,
        max_size=50,
        unique=True,
    )
)
def test_every_number_falls_into_a_bin(values: list[float]) -> None:
    connection = table(["v"], [(value,) for value in values])
    spec = {"mark": "bar", "x": "v", "x_bins": True, "aggregate": "count"}
    kept = rows_of(connection, spec)
    assert sum(row[-1] for row in kept.rows) == len(values)
    drawn, query = query_of(connection, spec)
    if drawn.x_bins:
        assert len(kept.rows) <= 42
        span = max(values) - min(values)
        for start, end, count in kept.rows:
            inside = sum(start - span * 1e-6 <= value <= end + span * 1e-6 for value in values)
            assert inside >= count
        assert [field.channel for field in query.fields] == ["x", "x_end", "y"]


@pytest.mark.parametrize(
    ("low", "high", "whole", "step"),
    [(0, 40, False, 1), (0, 41, False, 2), (-50, 700, True, 20), (0.0, 1.0, False, 0.05),
     (3, 3, False, 0.5), (0, 1e-9, False, 5e-11), (0, 30, True, 1), (0, 1e300, False, 5e298)],
)  # fmt: skip
def test_bins_are_round(low: float, high: float, whole: bool, step: float) -> None:
    bins = bins_of(low, high, whole=whole)
    assert bins.step == pytest.approx(step)
    assert bins.origin <= low


MARKS: list[dict[str, Any]] = [
    {"mark": "bar", "x": "k", "aggregate": "count"},
    {"mark": "bar", "x": "k", "y": "v", "aggregate": "mean", "color": "at"},
    {"mark": "line", "x": "at", "x_unit": "year_month", "y": "v", "aggregate": "sum"},
    {"mark": "bar", "x": "at", "x_unit": "month", "aggregate": "count", "color": "k"},
    {"mark": "heatmap", "x": "at", "x_unit": "weekday", "y": "k"},
    {"mark": "bar", "x": "at", "x_unit": "quarter"},
    {"mark": "bar", "x": "at", "x_unit": "hour"},
    {"mark": "bar", "x": "at", "x_unit": "week", "color": "y"},
    {"mark": "bar", "x": "v", "x_bins": True, "aggregate": "count"},
    {"mark": "pie", "x": "k", "aggregate": "count"},
    {"mark": "bar", "x": "y", "aggregate": "count"},
    {"mark": "number", "aggregate": "count"},
    {"mark": "bar", "x": "k", "aggregate": "count",
     "filters": [{"column": "at", "comparison": ">", "value": "2024-02"}]},
]  # fmt: skip


@pytest.mark.parametrize("written", MARKS, ids=str)
def test_rows_behind_a_mark_are_those_it_counts(written: dict[str, Any]) -> None:
    rows = [
        (
            f"2024-{i % 6 + 1:02d}-{i % 28 + 1:02d} 0{i % 10}:00",
            "ab"[i % 2] * 2,
            i / 3,
            2000 + i % 3,
        )
        for i in range(90)
    ] + [(None, None, None, None)]
    connection = table(["at", "k", "v", "y"], rows)
    columns = columns_of(connection)
    spec, query = query_of(connection, {**written, "aggregate": "count"})
    bins: dict[Channel, Bins] = {"x": bins_of(0, 89 / 3, whole=False)} if spec.x_bins else {}
    back = behind(spec, query, "select * from t", columns, bins)
    assert back is not None
    for row in connection.execute(query.sql).fetchall():
        shown = dict(zip((field.name for field in query.fields), row, strict=False))
        params = {name: text_of(shown[field]) for name, field in back.params}
        found = connection.execute(back.sql, params).fetchall()
        assert len(found) == row[len(query.fields) - 1]


def text_of(value: Any) -> str:
    """A value as a browser writes it into an address."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def test_parameters_of_the_query_are_left_alone() -> None:
    connection = sqlite3.connect(":memory:")
    sql = "select :x as k, 1 as v"
    columns = columns_of(table(["k", "v"], [("a", 1)]))
    spec = ChartSpec("bar", x="k", aggregate="count")
    query = chart_sql(spec, sql, columns)
    assert connection.execute(query.sql, {"x": "own"}).fetchone()[:2] == ("own", 1)
    back = behind(spec, query, sql, columns, {})
    assert back is not None
    assert back.params == (("x_mark", "f0"),)
    assert connection.execute(back.sql, {"x": "own", "x_mark": "own"}).fetchall() == [("own", 1)]


@pytest.mark.parametrize("unit", ["day", "week", "year_month", "weekday", None])
def test_days_that_no_calendar_has_are_left_out(unit: str | None) -> None:
    days = ["2013-03-02", "2013-02-30", "2013-02-29T10:00", "2013-04-31 01:00:00+01:00"]
    days += ["2012-02-29", "2013-12-31", *(f"2014-05-{day:02d}" for day in range(1, 32))]
    spec = {"mark": "bar", "x": "day", "x_unit": unit, "aggregate": "count"}
    kept = rows_of(table(["day"], [(each,) for each in days]), spec)
    assert sum(row[-1] for row in kept.rows) == len(days) - 3
    assert kept.left_out == ("3 rows have no date in day.",)


def test_the_least_number_there_is_has_a_bin() -> None:
    bins = bins_of(-1.75e308, 0.0, whole=False)
    assert bins.origin <= -1.75e308 and bins.edge("0")


def test_a_text_too_large_for_a_number_is_left_out() -> None:
    spec = {"mark": "bar", "x": "v", "x_bins": True, "aggregate": "count"}
    connection = table(["v"], [("1e999",), *((f"{number}.5",) for number in range(40))])
    kept = rows_of(connection, spec)
    assert kept.left_out == ("1 row has no number in v.",)
    assert sum(row[-1] for row in kept.rows) == 40
    assert rows_of(table(["v"], [("1e999",)]), spec).rows == ()
