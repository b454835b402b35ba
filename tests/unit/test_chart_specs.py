"""Specs: read from JSON with every fault named, mended by rule, held to their schema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.charts.column_types import ChartColumn
from datasette_llm_tools.widgets.charts.spec import ChartSpec, Filter, json_schema, spec_json
from datasette_llm_tools.widgets.charts.spec_reading import mended_from_json, spec_from_json

COLUMNS = (
    ChartColumn("day", "text", "time", "day", 300),
    ChartColumn("year", "integer", "time", "year", 20),
    ChartColumn("shop", "text", "category", None, 5),
    ChartColumn("price", "float", "number", None, 200),
    ChartColumn("pieces", "integer", "number", None, 9),
    ChartColumn("lat", "float", "latitude", None, 50),
    ChartColumn("lon", "float", "longitude", None, 50),
    ChartColumn("photo", "blob", "other", None, 50),
)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ([], "A chart's spec must be a JSON object."),
        ({}, "A spec needs a mark"),
        ({"mark": "bars"}, "mark cannot be bars; did you mean bar?"),
        ({"mark": "bar", "x": "shopp"}, "There is no column shopp; did you mean shop?"),
        ({"mark": "bar", "x": 3}, "There is no column 3; there are day, year"),
        ({"mark": "bar", "x": "shop", "colour": "day"}, "no key colour; did you mean color?"),
        ({"mark": "bar", "x": "shop", "limit": 0}, "limit must be a whole number"),
        ({"mark": "bar", "x": "shop", "x_bins": "yes"}, "x_bins must be true or false"),
        ({"mark": "bar", "x": "shop", "title": "x" * 300}, "title must be a text"),
        ({"mark": "bar", "x": "shop", "filters": [{"column": "day"}]}, "A filter is an object"),
        (
            {"mark": "bar", "x": "shop", "filters": [
                {"column": "day", "comparison": "~", "value": 1}]},
            "comparison cannot be ~",
        ),
        (
            {"mark": "bar", "x": "shop", "filters": [
                {"column": "day", "comparison": "=", "value": [1, 2]}]},
            "compares with one value",
        ),
        ({"mark": "bar", "x": "photo"}, "photo holds binary data"),
        ({"mark": "bar", "x": "shop", "y": "shop"}, "shop holds no numbers to draw"),
        ({"mark": "bar", "x": "day", "y": "shop", "aggregate": "sum"}, "use count or distinct"),
        ({"mark": "bar", "x": "shop", "aggregate": "sum"}, "sum needs a column of numbers"),
        ({"mark": "heatmap", "x": "shop"}, "A heat map needs"),
        ({"mark": "point", "y": "price"}, "Points need"),
        ({"mark": "line"}, "A line chart needs a column for x."),
    ],
)  # fmt: skip
def test_faults_are_named(written: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as raised:
        spec_from_json(written, COLUMNS)
    assert sentence in raised.value.message


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(BadInput) as raised:
        spec_from_json({"mark": "bars", "x": "shopp", "limit": -1}, COLUMNS)
    assert all(word in raised.value.message for word in ("bars", "shopp", "limit"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"mark": "bar", "x": "SHOP"}, ChartSpec("bar", x="shop", aggregate="count")),
        ({"mark": "bar", "x": "price"},
         ChartSpec("bar", x="price", aggregate="count")),
        ({"mark": "bar", "y": "price"},
         ChartSpec("bar", x="price", aggregate="count", x_bins=True)),
        ({"mark": "bar", "x": "price", "y": "shop", "aggregate": "mean"},
         ChartSpec("bar", x="shop", y="price", aggregate="mean")),
        ({"mark": "bar", "x": "shop", "y": "pieces", "aggregate": "count"},
         ChartSpec("bar", x="shop", aggregate="count")),
        ({"mark": "bar", "x": "day", "x_unit": "month", "y": "price"},
         ChartSpec("bar", x="day", x_unit="month", y="price", aggregate="sum")),
        ({"mark": "line", "x": "day", "x_unit": "month", "y": "price"},
         ChartSpec("line", x="day", x_unit="month", y="price", aggregate="mean")),
        ({"mark": "pie", "color": "shop", "y": "price", "aggregate": "sum"},
         ChartSpec("pie", x="shop", y="price", aggregate="sum")),
        ({"mark": "map"}, ChartSpec("map", x="lon", y="lat")),
        ({"mark": "map", "x": "lat", "y": "lon"}, ChartSpec("map", x="lon", y="lat")),
        ({"mark": "number", "x": "price", "aggregate": "max"},
         ChartSpec("number", y="price", aggregate="max")),
        ({"mark": "number"}, ChartSpec("number", aggregate="count")),
        ({"mark": "heatmap", "x": "shop", "y": "day"},
         ChartSpec("heatmap", x="shop", y="day", aggregate="count")),
        ({"mark": "line", "x": "day", "y": "price", "stack": "stacked", "sort": "y"},
         ChartSpec("line", x="day", y="price")),
        ({"mark": "bar", "x": "shop", "y": "price", "aggregate": "mean", "color": "day"},
         ChartSpec("bar", x="shop", y="price", aggregate="mean", color="day", stack="grouped")),
    ],
)  # fmt: skip
def test_what_was_meant_is_drawn(written: dict[str, Any], meant: ChartSpec) -> None:
    spec, notes = mended_from_json(written, COLUMNS)
    assert spec == meant
    assert notes == ()


@pytest.mark.parametrize(
    ("written", "changed", "note"),
    [
        ({"mark": "bar", "x": "shop", "x_unit": "month"}, {"x_unit": None}, "holds no dates"),
        ({"mark": "bar", "x": "year", "x_unit": "hour"}, {"x_unit": "year"}, "says no hour"),
        ({"mark": "bar", "x": "day", "x_unit": "hour"}, {"x_unit": "day"}, "says no hour"),
        ({"mark": "pie", "x": "day", "x_unit": "day"}, {"mark": "bar"}, "cannot be read"),
        ({"mark": "area", "x": "day", "scale": "log"}, {"mark": "line"}, "mislead"),
        ({"mark": "bar", "x": "day", "color": "shop", "scale": "log"},
         {"stack": "grouped"}, "mislead"),
        ({"mark": "bar", "x": "shop", "color": "year", "stack": "normalized", "scale": "log"},
         {"scale": "linear"}, "Shares"),
        ({"mark": "area", "x": "day", "y": "price", "aggregate": "mean", "color": "shop"},
         {"mark": "line"}, "cannot be added up"),
        ({"mark": "bar", "x": "shop", "x_bins": True}, {"x_bins": False}, "no numbers"),
        ({"mark": "heatmap", "x": "shop", "y": "day", "color": "shop"},
         {"aggregate": "count", "color": None}, "rows are counted"),
        ({"mark": "pie", "x": "shop", "scale": "log"}, {"scale": "linear"}, "no log scale"),
        ({"mark": "map", "aggregate": "sum"}, {"aggregate": None}, "A map shows"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_mended_and_said(
    written: dict[str, Any], changed: dict[str, Any], note: str
) -> None:
    spec, notes = mended_from_json(written, COLUMNS)
    assert {key: getattr(spec, key) for key in changed} == changed
    assert note in " ".join(notes)


def test_filters_understand_words_for_months_and_weekdays() -> None:
    written = {
        "mark": "bar",
        "x": "shop",
        "filters": [
            {"column": "day", "unit": "month", "comparison": "in", "value": ["Jan", "december"]},
            {"column": "day", "unit": "weekday", "comparison": "=", "value": "Sunday"},
            {"column": "day", "unit": "quarter", "comparison": "=", "value": "Q3"},
            {"column": "shop", "comparison": "=", "value": "may"},
        ],
    }
    spec = spec_from_json(written, COLUMNS)
    assert [each.value for each in spec.filters] == [(1, 12), 6, 3, "may"]


def test_spec_as_json_says_only_what_is_set() -> None:
    spec = ChartSpec(
        "bar",
        x="shop",
        aggregate="count",
        filters=(Filter("day", "in", ("2024-01", "2024-02"), "year_month"),),
    )
    assert spec_json(spec) == {
        "mark": "bar",
        "x": "shop",
        "aggregate": "count",
        "filters": [
            {
                "column": "day",
                "comparison": "in",
                "value": ["2024-01", "2024-02"],
                "unit": "year_month",
            }
        ],
    }
    assert spec_from_json(spec_json(spec), COLUMNS) == spec


NAMES = [column.name for column in COLUMNS]
WRITTEN = st.fixed_dictionaries(
    {"mark": st.sampled_from(["bar", "line", "area", "point", "pie", "heatmap", "map", "number"])},
    optional={
        "x": st.sampled_from(NAMES),
        "y": st.sampled_from(NAMES),
        "color": st.sampled_from(NAMES),
        "aggregate": st.sampled_from(["count", "sum", "mean", "median", "distinct"]),
        "x_unit": st.sampled_from(["year", "month", "week", "weekday", "hour"]),
        "y_unit": st.sampled_from(["year", "hour"]),
        "x_bins": st.booleans(),
        "stack": st.sampled_from(["stacked", "normalized", "grouped"]),
        "scale": st.sampled_from(["linear", "log"]),
        "x_scale": st.sampled_from(["linear", "log"]),
        "sort": st.sampled_from(["x", "y_descending"]),
        "limit": st.integers(1, 100),
    },
)


@settings(deadline=None)
@given(WRITTEN)
@example({"mark": "pie", "y": "price"})
def test_whatever_fits_the_schema_is_mended_once_and_for_all_or_refused(
    written: dict[str, Any],
) -> None:
    jsonschema.validate(written, json_schema(COLUMNS))
    try:
        spec = spec_from_json(written, COLUMNS)
    except BadInput as refused:
        assert refused.message.endswith(".")
        return
    again, notes = mended_from_json(spec_json(spec), COLUMNS)
    assert (again, notes) == (spec, ())


def test_the_schema_takes_what_a_spec_says_and_nothing_else() -> None:
    schema = json_schema(COLUMNS)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema["properties"])[:5] == ["mark", "x", "y", "aggregate", "color"]
    for wrong in ({}, {"mark": "bar", "x": "nothing"}, {"mark": "bar", "url": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
    assert "title" in json_schema(COLUMNS, titled=True)["properties"]
