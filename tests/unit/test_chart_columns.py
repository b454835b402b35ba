"""What the columns of a result are good for, and which chart is drawn of them first."""

from __future__ import annotations

from typing import Any

import pytest

from datasette_llm_tools.widgets.charts.column_types import chart_columns
from datasette_llm_tools.widgets.charts.spec import spec_json
from datasette_llm_tools.widgets.charts.suggesting import suggest
from tests.chart_queries import Result


@pytest.mark.parametrize(
    ("name", "values", "kind", "role", "grain"),
    [
        ("day", ["2024-01-02", None, "2024-02-03"], "text", "time", "day"),
        ("at", ["2024-01-02 10:00", "2024-01-02T10:00:05.5Z"], "text", "time", "second"),
        ("at", ["2024-01-02T10:00:05+02:00", "2024-01-03"], "text", "time", "second"),
        ("month", ["2024-01", "2024-02"], "text", "time", "month"),
        ("founded", ["1850", "1999"], "text", "time", "year"),
        ("zip", ["1010", "8010"], "text", "id", None),
        ("year", [1999, 2004, None], "integer", "time", "year"),
        ("year_built", [1999, 2004], "integer", "time", "year"),
        ("seats", [1999, 2004], "integer", "number", None),
        ("day", ["2024-02-31", "2024-02-30"], "text", "category", None),
        ("version", ["1.2.3", "2.0.0"], "text", "category", None),
        ("price", ["12.50", "3", "-1e3"], "text", "number", None),
        ("price", [1.5, 2], "float", "number", None),
        ("id", [1, 2, 3], "integer", "id", None),
        ("shop_id", [1, 2, 3], "integer", "id", None),
        ("cancelled", [0, 1, 0, 1], "integer", "category", None),
        ("latitude", [48.2, 47.1], "float", "latitude", None),
        ("lng", [16.4, 15.4], "float", "longitude", None),
        ("latitude", [480.2, 47.1], "float", "number", None),
        ("note", ["so long a text that nobody would ever group by it " * 3] * 2, "text",
         "text", None),
        ("photo", [b"1", b"2"], "blob", "other", None),
        ("nothing", [None, None], "null", "other", None),
        ("any", [1, "two", b"3"], "mixed", "category", None),
        ("huge", [float("inf"), 1.0], "float", "number", None),
    ],
)  # fmt: skip
def test_part_of_a_column(
    name: str, values: list[Any], kind: str, role: str, grain: str | None
) -> None:
    (column,) = chart_columns(Result([name], [[value] for value in values]))
    assert (column.type, column.role, column.grain) == (kind, role, grain)


def test_columns_of_one_name_are_told_apart() -> None:
    columns = chart_columns(Result(["id", "id", "id (2)", "id"], [[1, 2, 3, 4]]))
    assert [column.name for column in columns] == ["id", "id (2)", "id (2) (2)", "id (3)"]


DAYS = [f"2024-{month:02d}-{day:02d}" for month in range(1, 7) for day in range(1, 29)]
SHOPS = ["Graz", "Linz", "Wien"]


@pytest.mark.parametrize(
    ("names", "rows", "spec"),
    [
        (["day", "n"], [(day, i) for i, day in enumerate(DAYS)],
         {"mark": "line", "x": "day", "y": "n"}),
        (["year", "n"], [(2000 + i, i * i) for i in range(4)],
         {"mark": "bar", "x": "year", "y": "n"}),
        (["day", "shop", "n"], [(day, shop, i) for i, day in enumerate(DAYS) for shop in SHOPS],
         {"mark": "line", "x": "day", "y": "n", "color": "shop"}),
        (["id", "shop_id", "day", "item"],
         [(i, i % 3, day, "tea") for i, day in enumerate(DAYS * 2)],
         {"mark": "line", "x": "day", "aggregate": "count"}),
        (["shop", "n"], [("Linz", 5), ("Graz", 9), ("Wien", 7)],
         {"mark": "bar", "x": "shop", "y": "n", "sort": "y_descending"}),
        (["shop", "n"], [("Linz", 9), ("Graz", 8), ("Wien", 7)],
         {"mark": "bar", "x": "shop", "y": "n"}),
        (["month", "n"], [(f"{i:02d}", i % 5) for i in range(1, 13)],
         {"mark": "bar", "x": "month", "y": "n"}),
        (["weekday", "n"], [("Monday", 3), ("Tuesday", 9), ("Sunday", 1)],
         {"mark": "bar", "x": "weekday", "y": "n"}),
        (["name", "n"], [(f"name {i}", i % 7) for i in range(50)],
         {"mark": "bar", "x": "name", "y": "n", "sort": "y_descending", "limit": 30}),
        (["shop", "item", "n"],
         [(shop, item, i) for i, shop in enumerate(SHOPS) for item in ("tea", "milk", "oil", "rice",
          "salt")],
         {"mark": "bar", "x": "item", "y": "n", "color": "shop", "stack": "grouped"}),
        (["weekday", "hour", "n"], [(d, h, d * h) for d in range(7) for h in range(24)],
         {"mark": "heatmap", "x": "weekday", "y": "hour", "color": "n"}),
        (["hour", "delay"], [(h, h * 1.5) for h in range(5, 24)],
         {"mark": "bar", "x": "hour", "y": "delay"}),
        (["weekday", "delay"], [(str(d), d * 1.5) for d in range(7)],
         {"mark": "bar", "x": "weekday", "y": "delay"}),
        (["tail", "type", "maker", "engines", "seats"],
         [(f"t{i}", "ab"[i % 2], "xyz"[i % 3], i % 4, i * 7 % 300) for i in range(1000)],
         {"mark": "bar", "x": "maker", "aggregate": "count", "sort": "y_descending"}),
        (["width", "height"], [(i * 1.5, i % 7 * 2.5) for i in range(60)],
         {"mark": "point", "x": "width", "y": "height"}),
        (["shop", "price"], [(SHOPS[i % 3], i * 1.1) for i in range(60)],
         {"mark": "bar", "x": "shop", "y": "price", "aggregate": "mean"}),
        (["price"], [(i * 1.37,) for i in range(80)],
         {"mark": "bar", "x": "price", "aggregate": "count", "x_bins": True}),
        (["rating"], [(i % 5 + 1,) for i in range(80)],
         {"mark": "bar", "x": "rating", "aggregate": "count"}),
        (["name", "lat", "lon"], [(f"place {i}", 40 + i / 10, 10 + i / 10) for i in range(30)],
         {"mark": "map", "x": "lon", "y": "lat"}),
        (["shop"], [(SHOPS[i % 3],) for i in range(30)],
         {"mark": "bar", "x": "shop", "aggregate": "count", "sort": "y_descending"}),
        (["count(*)"], [(42,)], {"mark": "number", "y": "count(*)"}),
        (["name"], [(f"name {i}",) for i in range(30)], None),
        (["n"], [], None),
        (["name"], [("only",)], None),
    ],
)  # fmt: skip
def test_first_chart(names: list[str], rows: list[Any], spec: dict[str, Any] | None) -> None:
    found = suggest(chart_columns(Result(names, rows)), rows, truncated=len(rows) == 1000)
    assert (found and spec_json(found)) == spec
