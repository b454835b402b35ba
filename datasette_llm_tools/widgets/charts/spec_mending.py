"""A spec that makes sense: what does not go together is mended by rule, or refused in a sentence.

Each rule is what a person most likely meant. Rules that leave something out or change the kind
of chart say so in a note; those that only write the same thing properly do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...errors import BadInput
from ..values import Column
from .column_types import ChartColumn
from .spec import Aggregate, ChartSpec, Unit

# Units that a time column of each grain can be split into; those that follow each other first.
_FINER: dict[str, tuple[Unit, ...]] = {
    "year": ("year",),
    "month": ("year_month", "year", "quarter", "month"),
    "day": ("day", "year_month", "year", "quarter", "month", "week", "weekday"),
}
_TOO_MANY_SLICES: tuple[Unit, ...] = ("hour", "day", "week", "year_month")
_NOT_ADDED: tuple[Aggregate, ...] = ("mean", "median", "min", "max", "distinct")
_NUMERIC_ONLY: tuple[Aggregate, ...] = ("sum", "mean", "median", "min", "max")


def mended(spec: ChartSpec, columns: Sequence[Column]) -> tuple[ChartSpec, tuple[str, ...]]:
    """The spec as it can be drawn, and a sentence for each thing that was changed.

    Raises BadInput, in one sentence, for what cannot be drawn at all.
    """
    mending = _Mending(spec, {column.name: _as_chart_column(column) for column in columns})
    mending.mend()
    return mending.spec, tuple(mending.notes)


def _as_chart_column(column: Column) -> ChartColumn:
    if isinstance(column, ChartColumn):
        return column
    is_number = column.type in ("integer", "float")
    return ChartColumn(column.name, column.type, "number" if is_number else "category")


class _Mending:
    """One spec on its way through the rules."""

    def __init__(self, spec: ChartSpec, columns: dict[str, ChartColumn]) -> None:
        self.spec = spec
        self.notes: list[str] = []
        self._columns = columns

    def mend(self) -> None:
        self._drop_what_cannot_be_drawn()
        by_mark: dict[str, Callable[[], None]] = {
            "number": self._number,
            "map": self._map,
            "heatmap": self._heatmap,
            "pie": self._pie,
            "point": self._point,
        }
        by_mark.get(self.spec.mark, self._bars)()
        self._aggregates()
        self._units()
        self._bins()
        self._stacks()
        self._scales()
        self._sorts()

    def _change(self, note: str | None = None, **changes: Any) -> None:
        self.spec = replace(self.spec, **changes)
        if note:
            self.notes.append(note)

    def _column(self, name: str | None) -> ChartColumn | None:
        return None if name is None else self._columns[name]

    def _is_numeric(self, name: str | None) -> bool:
        column = self._column(name)
        return column is not None and column.is_numeric

    def _is_time(self, name: str | None) -> bool:
        column = self._column(name)
        return column is not None and column.role == "time"

    def _drop_what_cannot_be_drawn(self) -> None:
        for name in (self.spec.x, self.spec.y, self.spec.color):
            column = self._column(name)
            if column is not None and column.type == "blob":
                raise BadInput(
                    f"{name} holds binary data, which no chart can show; choose another."
                )
        if self.spec.aggregate == "count" and self.spec.mark in ("number", "pie") and self.spec.y:
            self._change(y=None)

    def _number(self) -> None:
        spec = self.spec
        y = spec.y or (spec.x if spec.aggregate != "count" else None)
        self._change(x=None, color=None, y=y, x_unit=None, x_bins=False, limit=None)
        if y is None:
            self._change(aggregate="count")
        elif spec.aggregate is None and not self._is_numeric(y):
            self._change(aggregate="distinct")

    def _map(self) -> None:
        east = next((c.name for c in self._columns.values() if c.role == "longitude"), None)
        north = next((c.name for c in self._columns.values() if c.role == "latitude"), None)
        x, y = self.spec.x, self.spec.y
        if x == north and y == east and x is not None:
            x, y = y, x
        x, y = x if self._is_numeric(x) else east, y if self._is_numeric(y) else north
        if x is None or y is None or x == y:
            raise BadInput("A map needs a column with longitudes as x and one with latitudes as y.")
        if self.spec.aggregate not in (None, "count"):
            self._change("A map shows places, or counts the rows at each.", aggregate=None)
        self._change(x=x, y=y, x_unit=None, x_bins=False)

    def _heatmap(self) -> None:
        spec = self.spec
        if spec.x is None or spec.y is None:
            raise BadInput("A heat map needs a column for x and one for y.")
        if spec.aggregate == "count" or spec.color is None:
            self._change(aggregate="count", color=None)
        elif spec.aggregate is None and not self._is_numeric(spec.color):
            self._change(
                f"{spec.color} holds no numbers; the rows are counted.",
                aggregate="count",
                color=None,
            )

    def _pie(self) -> None:
        if self.spec.x is None:
            self._change(x=self.spec.color)
        self._change(color=None)
        self._bars()
        if self.spec.x_unit in _TOO_MANY_SLICES or self.spec.x_bins:
            self._change("A pie with so many slices cannot be read; bars are drawn.", mark="bar")

    def _point(self) -> None:
        spec = self.spec
        if spec.x is None:
            raise BadInput("Points need a column for x and one for y.")
        if spec.aggregate == "count":
            self._change(y=None)
        elif spec.y is None:
            self._change(aggregate="count")

    def _bars(self) -> None:
        """Bars, lines, areas and pies: x is what there is a bar for, y its length."""
        spec = self.spec
        if spec.aggregate == "count":
            self._change(x=spec.x or spec.y, y=None)
        x, y = self.spec.x, self.spec.y
        if x is None and self.spec.color is not None:
            x = self.spec.color
            self._change(x=x, color=None)
        if x is None and y is not None and spec.aggregate is None:
            # One column alone: how its values are spread.
            x, y = y, None
            self._change(x=x, y=None, aggregate="count", x_bins=self._is_numeric(x))
        if x is None:
            raise BadInput(f"A {self.spec.mark} chart needs a column for x.")
        if y is None and self.spec.aggregate in (None, "count"):
            self._change(aggregate="count")
        elif y is not None and self.spec.aggregate != "distinct" and self._is_lying(x, y):
            self._change(x=y, y=x)

    def _is_lying(self, x: str, y: str) -> bool:
        """Whether the bars were meant to lie: what is grouped was put on y."""
        return self._is_numeric(x) and not self._is_numeric(y) and not self._is_time(x)

    def _aggregates(self) -> None:
        spec = self.spec
        name = spec.color if spec.mark == "heatmap" else spec.y
        if spec.aggregate in (None, "count"):
            needs_number = spec.mark not in ("point", "heatmap", "map") and spec.aggregate is None
            if needs_number and not self._is_numeric(name):
                raise BadInput(
                    f"{name} holds no numbers to draw; count rows, or choose a column of numbers."
                )
        elif name is None:
            raise BadInput(f"{spec.aggregate} needs a column of numbers as y.")
        elif spec.aggregate in _NUMERIC_ONLY and not self._is_numeric(name):
            raise BadInput(
                f"{name} holds no numbers to take the {spec.aggregate} of; use count or distinct."
            )

    def _units(self) -> None:
        spec = self.spec
        if spec.y_unit is not None and (spec.mark != "heatmap" or not self._is_time(spec.y)):
            self._change(y_unit=None)
        if spec.x_unit is not None and not self._is_time(spec.x):
            note = f"{spec.x} holds no dates, so it is not split by {_shown(spec.x_unit)}."
            self._change(note, x_unit=None)
        for key, name in (("x_unit", spec.x), ("y_unit", spec.y)):
            unit: Unit | None = getattr(self.spec, key)
            column = self._column(name)
            possible = _FINER.get((column and column.grain) or "")
            if unit is not None and possible is not None and unit not in possible:
                note = f"{name} says no {_shown(unit)}; it is split by {_shown(possible[0])}."
                self._change(note, **{key: possible[0]})
        if self.spec.x_unit is not None and self.spec.aggregate is None:
            self._change(aggregate=self._adding_up())

    def _adding_up(self) -> Aggregate:
        """How values of one group are put together when nobody said."""
        return "mean" if self.spec.mark in ("line", "point", "heatmap") else "sum"

    def _bins(self) -> None:
        spec = self.spec
        if not spec.x_bins:
            return
        if not self._is_numeric(spec.x) or self._is_time(spec.x):
            self._change(f"{spec.x} holds no numbers to put into bins.", x_bins=False)
        elif spec.aggregate is None:
            self._change(aggregate="mean")

    def _stacks(self) -> None:
        spec = self.spec
        splits = spec.color is not None and spec.color != spec.x
        if spec.stack is not None and (spec.mark not in ("bar", "area") or not splits):
            self._change(stack=None)
        elif spec.mark == "bar" and splits and spec.aggregate in _NOT_ADDED:
            if spec.stack in ("stacked", "normalized"):
                note = f"The {spec.aggregate} of parts cannot be added up; bars stand side by side."
                self.notes.append(note)
            self._change(stack="grouped")
        elif spec.mark == "area" and splits and spec.aggregate in _NOT_ADDED:
            note = f"The {spec.aggregate} of parts cannot be added up; lines are drawn."
            self._change(note, mark="line", stack=None)
        elif spec.mark == "area" and spec.stack == "grouped":
            self._change(
                "Areas cannot stand side by side; lines are drawn.", mark="line", stack=None
            )

    def _scales(self) -> None:
        spec = self.spec
        if spec.x_scale == "log" and (
            spec.mark != "point" or not self._is_numeric(spec.x) or self._is_time(spec.x)
        ):
            self._change(x_scale="linear")
        if spec.scale != "log":
            return
        if spec.mark in ("pie", "map", "number"):
            self._change(f"A {spec.mark} has no log scale.", scale="linear")
        elif spec.mark == "point" and spec.aggregate is None and not self._is_numeric(spec.y):
            self._change(f"{spec.y} holds no numbers for a log scale.", scale="linear")
        elif spec.stack == "normalized":
            self._change("Shares are drawn on a linear scale.", scale="linear")
        elif spec.mark == "area":
            self._change("Areas on a log scale mislead; lines are drawn.", mark="line", stack=None)
        elif spec.mark == "bar" and spec.stack != "grouped" and spec.color not in (None, spec.x):
            note = "Stacks on a log scale mislead; the bars stand side by side."
            self._change(note, stack="grouped")

    def _sorts(self) -> None:
        """Lines follow time and numbers, whatever the sort; a number and a map have no order."""
        spec = self.spec
        runs = self._is_time(spec.x) or self._is_numeric(spec.x)
        follows_x = runs and spec.limit is None and spec.mark in ("line", "area", "point")
        if follows_x or spec.mark in ("number", "map"):
            self._change(sort=None)


def _shown(unit: str) -> str:
    return unit.replace("_", " and ")
