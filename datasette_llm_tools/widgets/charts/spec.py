"""A chart as a small flat spec over named columns; what models write and people edit.

Small and flat because a model of 1.5 billion parameters must manage it. It says what to draw,
not how: rows are grouped and counted by SQL (chart_sql.py), and drawn with Vega-Lite
(vega_lite.py). It holds no expression, no URL and no markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from ..values import Column

Mark = Literal["bar", "line", "area", "point", "pie", "heatmap", "map", "number"]
Aggregate = Literal["count", "sum", "mean", "median", "min", "max", "distinct"]
Unit = Literal["year", "quarter", "month", "year_month", "week", "day", "weekday", "hour"]
Scale = Literal["linear", "log"]
Stack = Literal["stacked", "normalized", "grouped"]
Sort = Literal["x", "x_descending", "y", "y_descending"]
Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "in", "contains"]

MARKS: tuple[Mark, ...] = ("bar", "line", "area", "point", "pie", "heatmap", "map", "number")
AGGREGATES: tuple[Aggregate, ...] = ("count", "sum", "mean", "median", "min", "max", "distinct")
UNITS: tuple[Unit, ...] = (
    "year", "quarter", "month", "year_month", "week", "day", "weekday", "hour",
)  # fmt: skip
SCALES: tuple[Scale, ...] = ("linear", "log")
STACKS: tuple[Stack, ...] = ("stacked", "normalized", "grouped")
SORTS: tuple[Sort, ...] = ("x", "x_descending", "y", "y_descending")
COMPARISONS: tuple[Comparison, ...] = ("=", "!=", "<", "<=", ">", ">=", "in", "contains")


@dataclass(frozen=True, slots=True)
class Filter:
    """Only rows where `column` (or its `unit`: month 1 to 12, weekday 0 to 6 from Monday,
    quarter 1 to 4, year_month "2013-01", day "2013-01-31", week "2013-W05", hour 0 to 23)
    compares so with `value`; a tuple for `in`."""

    column: str
    comparison: Comparison
    value: str | float | int | tuple[str | float | int, ...]
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What to draw. Columns are named exactly as the query names them.

    x, y      columns; for `map` longitude and latitude; for `pie` x are the slices and y their
              size; for `heatmap` the two sides, and `color` the number; `number` has only y.
    aggregate how y (for heatmap: color) is put together for each x (and color); `count` needs
              no column. None draws each row.
    x_unit, y_unit   a date's part or step; y_unit for heatmaps only.
    x_bins    True groups a number's range into bins: a histogram.
    color     a column that splits bars, lines, areas and points by colour.
    scale     of y, or of x for points when `x_scale` says so.
    limit     only the first so many of the groups after sorting.
    """

    mark: Mark
    x: str | None = None
    y: str | None = None
    aggregate: Aggregate | None = None
    color: str | None = None
    x_unit: Unit | None = None
    y_unit: Unit | None = None
    x_bins: bool = False
    stack: Stack | None = None
    scale: Scale = "linear"
    x_scale: Scale = "linear"
    sort: Sort | None = None
    limit: int | None = None
    filters: tuple[Filter, ...] = ()
    title: str = ""


def spec_json(spec: ChartSpec) -> dict[str, Any]:
    """The spec as JSON: keys in the order of the schema, without those that say nothing."""
    written: dict[str, Any] = {}
    for each in fields(ChartSpec):
        value = getattr(spec, each.name)
        if value != each.default:
            written[each.name] = value
    if spec.filters:
        written["filters"] = [_filter_json(each) for each in spec.filters]
    return written


def _filter_json(each: Filter) -> dict[str, Any]:
    value = list(each.value) if isinstance(each.value, tuple) else each.value
    written = {"column": each.column, "comparison": each.comparison, "value": value}
    return written if each.unit is None else {**written, "unit": each.unit}


def json_schema(columns: Sequence[Column], *, titled: bool = False) -> dict[str, Any]:
    """The JSON schema that a model's reply is held to while it is decoded.

    Closed lists throughout, keys in a fixed order, all but `mark` optional. `titled` lets the
    model write a title, which costs it tokens; otherwise titles are made from the spec.
    """
    column = {"enum": list(dict.fromkeys(each.name for each in columns))}
    unit = {"enum": list(UNITS)}
    scalar: dict[str, Any] = {"type": ["string", "number"]}
    properties: dict[str, Any] = {
        "mark": {"enum": list(MARKS)},
        "x": column,
        "y": column,
        "aggregate": {"enum": list(AGGREGATES)},
        "color": column,
        "x_unit": unit,
        "y_unit": unit,
        "x_bins": {"type": "boolean"},
        "stack": {"enum": list(STACKS)},
        "scale": {"enum": list(SCALES)},
        "x_scale": {"enum": list(SCALES)},
        "sort": {"enum": list(SORTS)},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
        "filters": {
            "type": "array",
            "maxItems": 3,
            "items": _object(
                {
                    "column": column,
                    "unit": unit,
                    "comparison": {"enum": list(COMPARISONS)},
                    "value": {
                        "anyOf": [scalar, {"type": "array", "items": scalar, "maxItems": 20}]
                    },
                },
                required=["column", "comparison", "value"],
            ),
        },
    }
    if titled:
        properties["title"] = {"type": "string", "maxLength": 100}
    return _object(properties, required=["mark"])


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
