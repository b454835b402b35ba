"""Charts as Vega-Lite: every mark draws, says what it shows, and names no field of ours."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.charts.summaries import chart_title, summary
from datasette_llm_tools.widgets.charts.vega_lite import vega_lite
from tests.chart_queries import query_of, rows_of, table

vl_convert = pytest.importorskip("vl_convert")

NAMES = ["day", "at", 'shop\'s "best" [x].y', "pieces", "price", "lat", "lon", "year"]
SHOP = NAMES[2]
ROWS = [
    (
        f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
        f"2024-0{i % 3 + 1}-11 {i % 24:02d}:30",
        ["Graz", "Linz", "Wien", None][i % 4],
        i % 7 + 1,
        i * 1.25 + 0.5,
        46 + i % 5 / 3,
        14 + i % 9 / 2,
        2000 + i % 15,
    )
    for i in range(120)
]
COUNT = {"aggregate": "count"}
SPECS: list[tuple[dict[str, Any], str | None]] = [
    ({"mark": "bar", "x": SHOP, **COUNT}, "bar"),
    ({"mark": "bar", "x": SHOP, "y": "price", "aggregate": "mean", "color": SHOP}, "bar"),
    ({"mark": "bar", "x": SHOP, **COUNT, "scale": "log"}, "bar"),
    ({"mark": "bar", "x": "day", "x_unit": "year_month", **COUNT, "color": SHOP}, "bar"),
    ({"mark": "bar", "x": "day", "x_unit": "week", **COUNT, "scale": "log"}, "bar"),
    ({"mark": "bar", "x": "day", "x_unit": "month", **COUNT, "color": SHOP,
      "stack": "grouped"}, "bar"),
    ({"mark": "bar", "x": "day", "x_unit": "year_month", **COUNT, "color": SHOP,
      "stack": "grouped"}, "bar"),
    ({"mark": "bar", "x": "day", "x_unit": "year", **COUNT, "color": SHOP,
      "stack": "normalized"}, "bar"),
    ({"mark": "bar", "x": "at", "x_unit": "hour", **COUNT}, "bar"),
    ({"mark": "bar", "x": "year", "y": "price", "aggregate": "max"}, "bar"),
    ({"mark": "bar", "x": "price", "x_bins": True, **COUNT}, "bar"),
    ({"mark": "line", "x": "day", "x_unit": "year_month", "y": "price", "aggregate": "median"},
     None),
    ({"mark": "line", "x": "day", "y": "price", "color": SHOP, "aggregate": "sum"}, None),
    ({"mark": "line", "x": "at", "y": "price"}, None),
    ({"mark": "line", "x": "pieces", "y": "price", "aggregate": "mean", "scale": "log"}, None),
    ({"mark": "area", "x": "day", "x_unit": "week", **COUNT, "color": SHOP}, None),
    ({"mark": "point", "x": "pieces", "y": "price", "color": SHOP}, "circle"),
    ({"mark": "point", "x": "pieces", "y": "price", "color": "price", "scale": "log",
      "x_scale": "log"}, "circle"),
    ({"mark": "point", "x": "at", "y": SHOP}, "circle"),
    ({"mark": "pie", "x": SHOP, **COUNT}, "arc mark"),
    ({"mark": "heatmap", "x": "day", "x_unit": "weekday", "y": SHOP, **COUNT}, "rect mark"),
    ({"mark": "heatmap", "x": "price", "y": "year", "x_bins": True, **COUNT, "scale": "log"},
     "rect mark"),
    ({"mark": "map", "x": "lon", "y": "lat", "color": "price"}, "circle"),
    ({"mark": "map", "x": "lon", "y": "lat", **COUNT, "color": SHOP}, "circle"),
    ({"mark": "number", "y": "price", "aggregate": "sum"}, "text mark"),
]  # fmt: skip


def picture(written: dict[str, Any], rows: list[Any]) -> tuple[str, int]:
    """A chart as SVG, and how many rows it draws."""
    connection = table(NAMES, rows)
    spec, query = query_of(connection, written)
    kept = rows_of(connection, written)
    drawn = vega_lite(spec, query, kept.rows)
    assert drawn["data"] == {"name": "rows"}
    assert "http" not in json.dumps(drawn)
    drawn["data"] = {"values": [dict(zip(fields(query), row, strict=True)) for row in kept.rows]}
    drawn["width"] = 600
    return vl_convert.vegalite_to_svg(drawn, vl_version="6.4"), len(kept.rows)


def fields(query: Any) -> list[str]:
    return [field.name for field in query.fields]


@pytest.mark.parametrize(("written", "mark"), SPECS, ids=str)
def test_every_row_becomes_a_mark(written: dict[str, Any], mark: str | None) -> None:
    svg, rows = picture(written, ROWS)
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)<", svg))
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', svg))
    for words in (shown, labels):
        assert not re.search(r"\b[tef]\d\b|NaN|undefined|null|Invalid", words), words
    assert ", to" not in shown
    assert rows > 0 and not re.search(r'd="[^"]*NaN', svg)
    if mark is not None:
        assert svg.count(f'aria-roledescription="{mark}"') == rows


@pytest.mark.parametrize(("written", "_"), SPECS, ids=str)
def test_nothing_draws_nothing(written: dict[str, Any], _: str | None) -> None:
    svg, rows = picture(written, [])
    assert rows == 0 or written["mark"] == "number"
    assert svg.startswith("<svg")


@pytest.mark.parametrize(
    ("written", "title", "words"),
    [
        ({"mark": "bar", "x": SHOP, **COUNT}, f"Number of sales by {SHOP}",
         "4 values of shop's \"best\" [x].y. Highest: (no value), 30. Lowest: (no value), 30."),
        ({"mark": "bar", "x": "price", "x_bins": True, **COUNT}, "Distribution of price",
         "from 0 to 150"),
        ({"mark": "line", "x": "day", "x_unit": "year_month", "y": "price", "aggregate": "mean"},
         "Mean price by month", "The last quarter of the series"),
        ({"mark": "bar", "x": "day", "x_unit": "year", **COUNT, "color": "pieces",
          "stack": "normalized"}, "Share of sales by year and pieces", "7 values of pieces"),
        ({"mark": "point", "x": "pieces", "y": "price"}, "Price against pieces",
         "120 points. Pieces from 1 to 7. Price from 0.5 to 149.2."),
        ({"mark": "map", "color": "price"}, "Sales on a map by price", "120 places."),
        ({"mark": "heatmap", "x": "day", "x_unit": "weekday", "y": "at", "y_unit": "hour"},
         "Number of sales by day of the week and hour of at", "Heat map"),
        ({"mark": "number", "y": "price", "aggregate": "max"}, "Highest price", "149.2"),
        ({"mark": "bar", "x": "year", **COUNT,
          "filters": [{"column": "day", "unit": "month", "comparison": "in", "value": [1, 2]}]},
         "Number of sales by year, where month is January or February", "Bar chart"),
        ({"mark": "bar", "x": "year", **COUNT, "title": "My own"}, "My own", "Bar chart: My own."),
    ],
)  # fmt: skip
def test_charts_in_words(written: dict[str, Any], title: str, words: str) -> None:
    connection = table(NAMES, ROWS)
    spec, query = query_of(connection, written)
    assert chart_title(spec, "sales") == title
    assert words in summary(spec, query, rows_of(connection, written).rows, "sales")
    assert "nothing to draw" in summary(spec, query, [], "sales")


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.sampled_from(["2024-01-02", "2024-02-30", "0000-00-00", "9999-12-31T23:59", "1e999", "12"]),
)
TIMES = st.sampled_from(["2024-01-02", "0000-01-01", "9999-12-31", "2024-02-29"])
WISHES = st.fixed_dictionaries(
    {"mark": st.sampled_from(["bar", "line", "area", "point", "pie", "heatmap", "map", "number"])},
    optional={
        "x": st.sampled_from(["any", "time", "number", "flag"]),
        "y": st.sampled_from(["any", "number", "time"]),
        "color": st.sampled_from(["any", "number", "flag", "time"]),
        "aggregate": st.sampled_from(["count", "sum", "mean", "median", "min", "distinct"]),
        "x_unit": st.sampled_from(["year", "quarter", "week", "weekday", "hour"]),
        "x_bins": st.booleans(),
        "stack": st.sampled_from(["stacked", "normalized", "grouped"]),
        "scale": st.sampled_from(["linear", "log"]),
        "sort": st.sampled_from(["x", "x_descending", "y", "y_descending"]),
        "limit": st.integers(1, 3),
    },
)


@settings(deadline=None, max_examples=300)
@given(
    WISHES,
    st.lists(
        st.tuples(CELLS, TIMES, st.floats(allow_nan=False) | st.integers(-99, 99), st.booleans()),
        max_size=12,
    ),
)
def test_whatever_the_data_a_chart_is_drawn_or_refused(
    written: dict[str, Any], rows: list[Any]
) -> None:
    connection = table(["any", "time", "number", "flag"], rows)
    try:
        spec, query = query_of(connection, written)
        kept = rows_of(connection, written)
    except BadInput as refused:
        assert refused.message.endswith(".")
        return
    except sqlite3.OperationalError as error:
        assert "overflow" in str(error)
        return
    drawn = vega_lite(spec, query, kept.rows)
    json.dumps([drawn, kept.rows], allow_nan=False)
    assert summary(spec, query, kept.rows)
    assert all(sentence.endswith(".") for sentence in kept.left_out)
