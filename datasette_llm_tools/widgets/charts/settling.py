"""What a spec leaves open and the data decide: steps of time, widths of bins.

They are asked with one SELECT for the ends of the axes over all rows that are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from . import expressions
from .bins import Bins, bins_of
from .chart_parts import Channel, Source
from .column_types import ChartColumn
from .spec import ChartSpec, Unit

_MANY_VALUES = 40
_MANY_DAYS = 10**6
_FEW_ROWS = 4  # to a mark, on average, make a line of noise


def open_sides(spec: ChartSpec, columns: Sequence[ChartColumn]) -> dict[Channel, ChartColumn]:
    """The axes of a spec whose steps or bins hang on the data."""
    if spec.aggregate is None:
        return {}
    by_name = {column.name: column for column in columns}
    sides: dict[Channel, ChartColumn] = {}
    for channel, name, unit in _sides(spec):
        column = by_name.get(name or "")
        if column is None:
            continue
        if column.role == "time":
            if unit is None:
                sides[channel] = column
        elif column.is_numeric and _is_binned(spec, channel, column):
            sides[channel] = column
    return sides


def _sides(spec: ChartSpec) -> list[tuple[Channel, str | None, Unit | None]]:
    sides: list[tuple[Channel, str | None, Unit | None]] = [("x", spec.x, spec.x_unit)]
    if spec.mark == "heatmap":
        sides.append(("y", spec.y, spec.y_unit))
    return sides if spec.mark not in ("map", "number") else []


def _is_binned(spec: ChartSpec, channel: Channel, column: ChartColumn) -> bool:
    """Whether numbers go into bins: the spec says so, or there would be a bar too many."""
    if channel == "x" and spec.x_bins:
        return True
    many = column.role == "number" and column.distinct > _MANY_VALUES
    return many and spec.mark in ("bar", "area", "heatmap")


def ends_sql(spec: ChartSpec, source: Source, sides: Mapping[Channel, ChartColumn]) -> str:
    """A SELECT whose one row has the lowest and highest value of each side, and how many rows."""
    ends: list[str] = []
    for column in sides.values():
        value = source.value(column.name)
        if column.role == "time":
            found = expressions.moment(value, column, None)
        else:
            found = expressions.number(value, column)
        ends += [f"min({found})", f"max({found})"]
    conditions = source.conditions(spec)
    where = f"where {' and '.join(conditions)}" if conditions else ""
    ends.append("count(*)")
    lines = [source.with_clause(), "select", "  " + ",\n  ".join(ends), source.from_drawn(), where]
    return "\n".join(filter(None, lines))


def settled(
    spec: ChartSpec, sides: Mapping[Channel, ChartColumn], ends: Sequence[Any]
) -> tuple[ChartSpec, dict[Channel, Bins]]:
    """The spec with every step named, and the bins of its sides. `ends` are the row of ends_sql."""
    bins: dict[Channel, Bins] = {}
    for index, (channel, column) in enumerate(sides.items()):
        low, high = ends[2 * index : 2 * index + 2]
        if column.role == "time":
            most = 60 if spec.mark == "heatmap" else 400
            most_events = ends[-1] // _FEW_ROWS if spec.aggregate == "count" else most
            unit = _unit(column, low, high, min(most, most_events))
            spec = replace(spec, x_unit=unit) if channel == "x" else replace(spec, y_unit=unit)
            continue
        is_whole = column.type == "integer"
        if low is None or (is_whole and high - low <= 25):
            spec = replace(spec, x_bins=False) if channel == "x" else spec
        else:
            bins[channel] = bins_of(low, high, whole=is_whole)
            spec = replace(spec, x_bins=True) if channel == "x" else spec
    return spec, bins


def _unit(column: ChartColumn, low: Any, high: Any, most: int) -> Unit:
    """The finest step of a calendar that gives about `most` marks at most."""
    if column.grain == "year":
        return "year"
    days = _days(low, high)
    if column.grain != "month" and days <= most:
        return "day"
    return "year_month" if days / 30 <= max(most, 24) else "year"


def _days(low: Any, high: Any) -> int:
    if not isinstance(low, str) or not isinstance(high, str):
        return 0
    try:
        start, end = (date.fromisoformat(f"{text}-01"[:10]) for text in (low, high))
    except ValueError:  # before the year 1 or after 9999
        return _MANY_DAYS
    return (end - start).days
