"""The words in which models write charts: there and back, and what the lists offer."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from datasette_llm_tools.widgets.charts.column_types import ChartColumn
from datasette_llm_tools.widgets.charts.shorthand import Shorthand
from datasette_llm_tools.widgets.charts.spec import (
    AGGREGATES,
    MARKS,
    SORTS,
    STACKS,
    ChartSpec,
    Filter,
    spec_json,
)
from datasette_llm_tools.widgets.charts.wish_words import Asked

COLUMNS = (
    ChartColumn("sold", "text", "time", "day"),
    ChartColumn("shop", "text", "category"),
    ChartColumn("price", "float", "number"),
    ChartColumn("id", "integer", "id"),
    ChartColumn("photo", "blob", "other"),
)
WORDS = Shorthand(COLUMNS)

SPECS = [
    (ChartSpec("bar", x="shop", aggregate="count"), {"mark": "bar", "x": "shop", "y": "count(*)"}),
    (
        ChartSpec("line", x="sold", x_unit="month", y="price", aggregate="mean", color="shop"),
        {"mark": "line", "x": "month(sold)", "y": "mean(price)", "color": "shop"},
    ),
    (
        ChartSpec("bar", x="price", x_bins=True, aggregate="count"),
        {"mark": "bar", "x": "bins(price)", "y": "count(*)"},
    ),
    (
        ChartSpec("bar", x="sold", x_unit="day", aggregate="count", color="shop", stack="grouped"),
        {"mark": "bar", "x": "date(sold)", "y": "count(*)", "grouped": "shop"},
    ),
    (
        ChartSpec("heatmap", x="shop", y="sold", y_unit="weekday", color="price", aggregate="max"),
        {"mark": "heatmap", "x": "shop", "y": "weekday(sold)", "color": "max(price)"},
    ),
    (
        ChartSpec("point", x="price", y="id", scale="log", x_scale="log"),
        {"mark": "point", "x": "price", "y": "id", "y_scale": "log", "x_scale": "log"},
    ),
    (
        ChartSpec("number", y="shop", aggregate="distinct"),
        {"mark": "number", "y": "distinct(shop)"},
    ),
    (
        ChartSpec(
            "bar",
            x="shop",
            aggregate="count",
            sort="y_descending",
            limit=3,
            filters=(Filter("sold", "=", 5, "month"), Filter("shop", "in", ("a", "b"))),
        ),
        {
            "mark": "bar",
            "x": "shop",
            "y": "count(*)",
            "sort": "largest first",
            "limit": 3,
            "filters": [
                {"column": "month(sold)", "is": "=", "value": 5},
                {"column": "shop", "is": "in", "value": ["a", "b"]},
            ],
        },
    ),
]


@pytest.mark.parametrize(("spec", "written"), SPECS)
def test_specs_and_their_words(spec: ChartSpec, written: dict[str, Any]) -> None:
    assert WORDS.written(spec) == written
    assert WORDS.read(written) == spec_json(spec)
    Draft202012Validator(WORDS.schema()).validate(written)


def test_bars_in_colours_are_stacked_where_nobody_says_otherwise() -> None:
    spec = ChartSpec("bar", x="sold", aggregate="count", color="shop")
    assert WORDS.written(spec)["stacked"] == "shop"


@pytest.mark.parametrize(
    ("key", "word", "is_offered"),
    [
        ("x", "month(sold)", True),
        ("x", "hour(sold)", False),  # days have no hours
        ("x", "month(shop)", False),
        ("x", "bins(price)", True),
        ("x", "bins(shop)", False),
        ("y", "sum(price)", True),
        ("y", "sum(shop)", False),
        ("y", "mean(id)", False),
        ("y", "distinct(id)", True),
        ("x", "photo", False),
    ],
)
def test_what_does_not_go_together_is_not_offered(key: str, word: str, is_offered: bool) -> None:
    assert (word in WORDS.schema()["properties"][key]["enum"]) is is_offered


def test_what_was_not_asked_for_is_not_offered() -> None:
    nothing = Asked(log=False, sort=False, limit=False, filters=False, splits=frozenset())
    assert list(WORDS.schema(nothing)["properties"]) == ["mark", "x", "y", "color"]
    assert "count(*)" not in WORDS.schema(Asked(counts=False))["properties"]["y"]["enum"]
    only_shop = WORDS.schema(Asked(splits=frozenset({"shop"})))["properties"]
    assert only_shop["stacked"]["enum"] == ["shop"]


@pytest.mark.parametrize(
    ("said", "spec"),
    [
        ({"mark": "bar", "x": "shop", "y": "AVG(price)"}, {"y": "price", "aggregate": "mean"}),
        ({"mark": "bar", "y": "count(distinct shop)"}, {"y": "shop", "aggregate": "distinct"}),
        ({"mark": "bar", "y": "round(price)"}, {"y": "round(price)"}),
        ({"mark": "bar", "x": "sold", "stacked": "id", "grouped": "shop"}, {"color": "shop"}),
        ({"mark": "bar", "aggregate": "sum", "y": "price"}, {"aggregate": "sum"}),
        ({"mark": "bar", "filters": "all"}, {"filters": "all"}),
        ({"mark": "bar", "colour": "shop"}, {"colour": "shop"}),
    ],
)
def test_what_models_without_a_schema_write(said: dict[str, Any], spec: dict[str, Any]) -> None:
    read = WORDS.read(said)
    assert {key: read.get(key) for key in spec} == spec


def test_columns_that_are_called_like_our_words_stay_columns() -> None:
    columns = (ChartColumn("shop", "text"), ChartColumn("count(*)", "integer", "number"))
    words = Shorthand(columns)
    assert words.read({"mark": "bar", "x": "shop", "y": "count(*)"})["y"] == "count(*)"
    counting = ChartSpec("bar", x="shop", aggregate="count")
    assert words.read(words.written(counting)) == spec_json(counting)


names = st.text(min_size=1, max_size=12)


@settings(deadline=None)
@given(
    st.lists(names, min_size=3, max_size=3, unique=True),
    st.sampled_from(MARKS),
    st.sampled_from(AGGREGATES),
    st.sampled_from([None, *STACKS]),
    st.sampled_from([None, *SORTS]),
)
def test_there_and_back_for_columns_of_any_name(
    columns: list[str], mark: Any, aggregate: Any, stack: Any, sort: Any
) -> None:
    x, y, color = columns
    spec = ChartSpec(mark, x=x, y=y, color=color, aggregate=aggregate, stack=stack, sort=sort)
    if aggregate == "count":
        spec = dataclasses.replace(spec, **({"color": None} if mark == "heatmap" else {"y": None}))
    if mark == "map":
        spec = dataclasses.replace(spec, y=y, aggregate=None)
    words = Shorthand([ChartColumn(each, "integer", "number") for each in columns])
    read = words.read(words.written(spec))
    wanted = spec_json(spec)
    if mark not in ("bar", "area"):
        wanted.pop("stack", None)
    elif spec.color and stack is None:
        wanted["stack"] = "stacked"
    elif not spec.color:
        wanted.pop("stack", None)
    assert read == wanted
