"""The chart that somebody would draw first of a result, found without a model.

Two kinds of results are told apart: rows that are groups already (one for each date, category
or pair of them), which are drawn as they are, and plain records, which are counted or averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .column_types import ChartColumn
from .spec import Aggregate, ChartSpec, Mark, Sort

_FEW_COLORS = 10
_MOST_COLORS = 20
_WIDE = 5  # a result with so many columns is a table rather than an answer
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def suggest(
    columns: Sequence[ChartColumn], rows: Sequence[Sequence[Any]], *, truncated: bool = False
) -> ChartSpec | None:
    """A chart of a result by its columns' parts and the rows looked at, or None for none.

    `truncated`: there are more rows than these.
    """
    return _Suggestion(columns, rows, truncated).spec() if rows else None


class _Suggestion:
    """One result being looked at."""

    def __init__(
        self, columns: Sequence[ChartColumn], rows: Sequence[Sequence[Any]], truncated: bool
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._is_long = truncated
        self._index = {column.name: index for index, column in enumerate(columns)}
        varied = [column for column in columns if column.distinct > 1]
        self._times = [column for column in varied if column.role == "time"]
        self._numbers = [column for column in varied if column.role == "number"]
        self._categories = [column for column in varied if column.role == "category"]

    def spec(self) -> ChartSpec | None:
        if len(self._rows) == 1:
            return self._single()
        return (
            self._places()
            or self._series()
            or self._bars()
            or self._steps()
            or self._scatter()
            or self._spread()
            or self._counts()
        )

    def _single(self) -> ChartSpec | None:
        """One row: its number."""
        found = [
            column
            for column in self._columns
            if column.is_numeric and column.role in ("number", "category")
        ]
        return ChartSpec("number", y=found[-1].name) if found else None

    def _places(self) -> ChartSpec | None:
        east = next((each for each in self._columns if each.role == "longitude"), None)
        north = next((each for each in self._columns if each.role == "latitude"), None)
        if east is None or north is None:
            return None
        color = next(iter(self._few_categories()), None)
        measure = self._numbers[0] if self._numbers and len(self._columns) <= _WIDE else None
        chosen = measure or color
        return ChartSpec("map", x=east.name, y=north.name, color=chosen.name if chosen else None)

    def _series(self) -> ChartSpec | None:
        """Something over time."""
        time = max(self._times, key=self._time_worth, default=None)
        if time is None:
            return None
        if self._numbers and not self._are_events():
            measure = self._numbers[0]
            if self._are_unique(time):
                return self._line(time, measure)
            for color in self._few_categories(most=1000):
                if self._are_unique(time, color):
                    few = color.distinct <= _MOST_COLORS
                    return self._line(time, measure, color if few else None)
            if len(self._columns) <= 3:
                return self._line(time, measure, by="mean")
        if time.grain == "year":
            return ChartSpec("bar", x=time.name, aggregate="count")
        return ChartSpec("line", x=time.name, aggregate="count")

    def _are_events(self) -> bool:
        """Whether each row is something that happened, rather than a measurement."""
        ids = [column for column in self._columns if column.role == "id"]
        return len(ids) > 1 or any(column.role == "text" for column in self._columns)

    def _sum_or_mean(self, measure: ChartColumn) -> Aggregate:
        """Whole numbers of groups are most often counts, which add up."""
        return "sum" if measure.type == "integer" and not self._is_wide_table() else "mean"

    def _time_worth(self, time: ChartColumn) -> tuple[int, int]:
        """Days before times of day, and earlier columns before later ones."""
        return (time.grain != "second", -self._index[time.name])

    def _line(
        self,
        time: ChartColumn,
        measure: ChartColumn,
        color: ChartColumn | None = None,
        by: Aggregate | None = None,
    ) -> ChartSpec:
        aggregate = by or (self._sum_or_mean(measure) if self._is_long else None)
        mark: Mark = "line"
        if time.distinct <= 6 and aggregate is None and color is None:
            mark = "bar"
        return ChartSpec(
            mark,
            x=time.name,
            y=measure.name,
            aggregate=aggregate,
            color=color.name if color else None,
        )

    def _bars(self) -> ChartSpec | None:
        """A number for each category, or each pair of them."""
        if not self._numbers:
            return None
        measure = self._measure()
        named = [category for category in self._categories if self._are_unique(category)]
        is_table = len(self._columns) >= _WIDE and self._is_long
        if named and not is_table:
            return self._ranking(named[0], measure)
        pair = self._pair() if not named else None
        if pair is not None:
            return self._crossed(*pair, measure)
        few = self._few_categories(most=30)
        if len(self._columns) >= _WIDE or not few or len(self._numbers) >= 2:
            return None
        return ChartSpec("bar", x=few[0].name, y=measure.name, aggregate="mean")

    def _measure(self) -> ChartColumn:
        """The number that a query was written for: what it sorts by, or else its first."""
        return next((each for each in self._numbers if self._is_sorted(each)), self._numbers[0])

    def _ranking(self, category: ChartColumn, measure: ChartColumn) -> ChartSpec:
        keeps_order = self._is_sorted(measure) or self._follows(category)
        if len(self._rows) > 30 or self._is_long:
            return ChartSpec("bar", x=category.name, y=measure.name, sort="y_descending", limit=30)
        sort: Sort | None = None if keeps_order else "y_descending"
        return ChartSpec("bar", x=category.name, y=measure.name, sort=sort)

    def _pair(self) -> tuple[ChartColumn, ChartColumn] | None:
        """Two columns that name each row."""
        steps = [each for each in self._numbers[:-1] if self._is_step(each)]
        sides = [*self._categories, *steps]
        for index, left in enumerate(sides):
            for right in sides[index + 1 :]:
                if self._are_unique(left, right):
                    return left, right
        return None

    def _crossed(self, left: ChartColumn, right: ChartColumn, measure: ChartColumn) -> ChartSpec:
        if measure in (left, right):
            measure = self._numbers[-1]
        few, many = sorted((left, right), key=lambda each: each.distinct)
        if many.distinct > 40:
            by = self._sum_or_mean(measure)
            color = few.name if few.distinct <= _FEW_COLORS else None
            return ChartSpec(
                "bar", x=many.name, y=measure.name, aggregate=by, color=color,
                sort="y_descending", limit=30,
            )  # fmt: skip
        if few.distinct <= 4 and many.distinct <= 25 and not {few, many} <= set(self._numbers):
            return ChartSpec("bar", x=many.name, y=measure.name, color=few.name, stack="grouped")
        return ChartSpec("heatmap", x=few.name, y=many.name, color=measure.name)

    def _steps(self) -> ChartSpec | None:
        """A number for each whole number, such as an hour or a rating."""
        if len(self._numbers) < 2 or not self._is_step(self._numbers[0]):
            return None
        step, measure = self._numbers[0], self._numbers[1]
        if not self._are_unique(step):
            return None
        mark: Mark = "bar" if step.distinct <= 31 else "line"
        return ChartSpec(mark, x=step.name, y=measure.name)

    def _scatter(self) -> ChartSpec | None:
        """Two numbers of each row; of a wide table nobody asked for just these."""
        is_table = len(self._columns) >= _WIDE and self._few_categories(most=100)
        if len(self._numbers) < 2 or is_table or self._is_wide_table():
            return None
        colors = self._few_categories()
        color = colors[0].name if colors else None
        x, y = self._numbers[:2]
        return ChartSpec("point", x=x.name, y=y.name, color=color)

    def _is_wide_table(self) -> bool:
        return any(column.role == "id" for column in self._columns) and bool(self._few_categories())

    def _spread(self) -> ChartSpec | None:
        """How the values of a number are spread, where it stands alone."""
        if not self._numbers or self._few_categories():
            return None
        number = self._numbers[0]
        few = number.type == "integer" and number.distinct <= 20
        return ChartSpec("bar", x=number.name, aggregate="count", x_bins=not few)

    def _counts(self) -> ChartSpec | None:
        """How many rows each category has."""
        few = self._few_categories(most=100)
        if not few:
            return None
        best = max(few, key=lambda each: (each.distinct <= 30, each.distinct > 2))
        limit = 30 if best.distinct > 30 else None
        sort: Sort | None = None if self._follows(best) and not limit else "y_descending"
        return ChartSpec("bar", x=best.name, aggregate="count", sort=sort, limit=limit)

    def _few_categories(self, most: int = _FEW_COLORS) -> list[ChartColumn]:
        """Categories that come again and again."""
        return [
            column
            for column in self._categories
            if 2 <= column.distinct <= most and column.distinct * 2 <= len(self._rows)
        ]

    def _values(self, column: ChartColumn) -> list[Any]:
        index = self._index[column.name]
        return [row[index] for row in self._rows]

    def _are_unique(self, *columns: ChartColumn) -> bool:
        """Whether no two rows agree in these columns."""
        indexes = [self._index[column.name] for column in columns]
        return len({tuple(row[i] for i in indexes) for row in self._rows}) == len(self._rows)

    def _is_step(self, column: ChartColumn) -> bool:
        """Whether a number stands for a place in an order: few whole numbers, close together."""
        texts = {str(value) for value in self._values(column) if value is not None}
        if not 2 <= len(texts) <= 60 or not all(text.lstrip("-").isdecimal() for text in texts):
            return False
        values = [int(text) for text in texts]
        return max(values) - min(values) <= 2 * len(values)

    def _is_sorted(self, column: ChartColumn) -> bool:
        """Whether the query sorted its rows by this number."""
        values = [value for value in self._values(column) if isinstance(value, (int, float))]
        ups = sorted(values)
        return len(values) > 2 and values in (ups, ups[::-1])

    def _follows(self, column: ChartColumn) -> bool:
        """Whether a category's values have an order of their own and stand in it."""
        values = [str(value).lower() for value in self._values(column) if value is not None]
        named = [value[:3] for value in values]
        for order in (_WEEKDAYS, _MONTHS):
            if set(named) <= set(order):
                return True
        numbered = all(value[:1].isdigit() for value in values)
        return numbered and values == sorted(values)
