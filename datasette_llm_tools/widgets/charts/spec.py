"""A chart as a small flat spec over named columns; what models write and people edit.

Small and flat because a model of 1.5 billion parameters must manage it. It says what to draw,
not how: rows are grouped and counted by SQL (chart_sql.py), and drawn with Vega-Lite
(vega_lite.py). It holds no expression, no URL and no markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
