"""A chart as models write it: like a spec, but a column and what is done to it are one word.

`{"mark": "line", "x": "month(lent)", "y": "mean(fee)", "stacked": "branch"}`: a model of 1.5
billion parameters gets half as much wrong in this as in the spec's own keys, and writes a third
less. What goes with which column is in closed lists, so there is no sum of a text to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .column_types import ChartColumn
from .spec import AGGREGATES, COMPARISONS, MARKS, UNITS, ChartSpec, Filter
from .wish_words import EVERYTHING, Asked

_COUNT = "count(*)"
_NUMERIC = ("sum", "mean", "median", "min", "max")
_UNITS_OF = {
    "year": (),
    "month": ("year_month", "year", "quarter", "month"),
    "day": ("day", "year_month", "year", "quarter", "month", "week", "weekday"),
    "second": UNITS,
}
_SPLITS = {"stacked": "stacked", "grouped": "grouped", "percent": "normalized"}
_SORTS = {
    "largest first": "y_descending",
    "smallest first": "y",
    "alphabetical": "x",
    "from Z to A": "x_descending",
}
# A small model that sees "day" takes it for days of the week, which are weekdays.
_UNIT_WORDS = {"day": "date"}
_SYNONYMS = {
    "date": "day",
    "avg": "mean",
    "average": "mean",
    "total": "sum",
    "histogram": "bins",
    "bin": "bins",
}
_CALL = re.compile(r"(\w+)\((.*)\)", re.DOTALL)


class Shorthand:
    """The words for charts over some columns."""

    def __init__(self, columns: Sequence[ChartColumn]) -> None:
        self._columns = tuple(each for each in columns if each.role != "other")
        self._names = frozenset(each.name for each in columns)
        # Where a query counts already, its column may be called just that.
        self._count = _COUNT if _COUNT not in self._names else "count(rows)"

    def schema(self, asked: Asked = EVERYTHING) -> dict[str, Any]:
        """The JSON schema of a reply; what was not asked for is left out of it."""
        keys = [column.name for column in self._columns]
        parts = self._words(self._units)
        values = self._words(self._aggregates)
        counts = [self._count] if asked.counts else []
        splits = [name for name in keys if asked.splits is None or name in asked.splits]
        properties: dict[str, Any] = {
            "mark": _one_of(MARKS),
            "x": _one_of([*parts, *self._words(self._bins)]),
            "y": _one_of([*counts, *dict.fromkeys([*parts, *values])]),
            "color": _one_of([*splits, self._count, *values]),
        }
        if splits:
            properties |= {key: _one_of(splits) for key in _SPLITS}
        if asked.log:
            properties |= {"y_scale": _one_of(["log"]), "x_scale": _one_of(["log"])}
        if asked.sort:
            properties["sort"] = _one_of(_SORTS)
        if asked.limit:
            properties["limit"] = {"type": "integer", "minimum": 1, "maximum": 1000}
        if asked.filters:
            filters = {"type": "array", "maxItems": 3, "items": _filter_schema(parts)}
            properties["filters"] = filters
        return _object(properties, required=["mark"])

    def written(self, spec: ChartSpec) -> dict[str, Any]:
        """A spec in these words."""
        is_heatmap = spec.mark == "heatmap"
        value = spec.color if is_heatmap else spec.y
        if spec.aggregate == "count":
            value = self._count
        elif spec.aggregate and value:
            value = f"{spec.aggregate}({value})"
        x = f"bins({spec.x})" if spec.x_bins else _part(spec.x, spec.x_unit)
        said: dict[str, Any] = {"mark": spec.mark, "x": x}
        said["y"] = _part(spec.y, spec.y_unit) if is_heatmap or spec.mark == "map" else value
        said[self._split_key(spec)] = value if is_heatmap else spec.color
        said["y_scale"] = "log" if spec.scale == "log" else None
        said["x_scale"] = "log" if spec.x_scale == "log" else None
        said["sort"] = next((word for word, sort in _SORTS.items() if sort == spec.sort), None)
        said["limit"] = spec.limit
        said["filters"] = [_filter_written(each) for each in spec.filters] or None
        return {key: each for key, each in said.items() if each is not None}

    def read(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """A reply as the JSON of a spec, which still has to be checked.

        What is no word of ours stays as it is, so that the check can name it.
        """
        spec: dict[str, Any] = {key: each for key, each in said.items() if key not in _SPLITS}
        unit, spec["x"] = self._apart(said.get("x"))
        if unit is not None:
            spec |= {"x_bins": True} if unit == "bins" else {"x_unit": unit}
        # Of several, the last is what the model came to.
        split_by = next((key for key in reversed(list(said)) if key in _SPLITS and said[key]), None)
        if split_by is not None:
            spec |= {"stack": _SPLITS[split_by], "color": said[split_by]}
        of_color, spec["color"] = self._apart(spec.get("color"))
        of_y, spec["y"] = self._apart(said.get("y"))
        if said.get("mark") == "heatmap":
            spec |= {"y_unit": of_y} if of_y else {}
            spec |= {"aggregate": of_color} if of_color else {}
        else:
            spec |= {"aggregate": of_y} if of_y else {}
            # An amount is no colour of bars; a small model that may not split them offers one.
            spec["color"] = None if of_color else spec["color"]
        spec["sort"] = _SORTS.get(str(said.get("sort")), said.get("sort"))
        spec["scale"] = spec.pop("y_scale", spec.get("scale"))
        filters = said.get("filters")
        if isinstance(filters, list):
            spec["filters"] = [self._filter_read(each) for each in filters]
        return {key: each for key, each in spec.items() if each is not None and each != []}

    def _split_key(self, spec: ChartSpec) -> str:
        if spec.mark not in ("bar", "area"):
            return "color"
        return next((key for key, stack in _SPLITS.items() if stack == spec.stack), "stacked")

    def _apart(self, word: Any) -> tuple[str | None, Any]:
        """The function and the column of a word such as "mean(fee)"; either may be None."""
        if not isinstance(word, str) or word in self._names:
            return None, word
        called = _CALL.fullmatch(word)
        if called is None:
            return None, word
        name, column = called[1].lower(), called[2]
        column = column if column in self._names else column.strip()
        name = _SYNONYMS.get(name, name)
        if name == "count" and column.lower().startswith("distinct "):
            name, column = "distinct", column[len("distinct ") :].strip()
        if name not in (*AGGREGATES, *UNITS, "bins"):
            return None, word
        return name, None if name == "count" else column

    def _filter_read(self, said: Any) -> Any:
        if not isinstance(said, dict):
            return said
        unit, column = self._apart(said.get("column"))
        read = {**said, "column": column}
        if "is" in read:
            read["comparison"] = read.pop("is")
        return read if unit is None else {**read, "unit": unit}

    def _words(self, functions: Any) -> list[str]:
        """Every column that `functions` has a word for, with each of these."""
        return [word for column in self._columns for word in functions(column)]

    def _units(self, column: ChartColumn) -> Iterable[str]:
        units = _UNITS_OF[column.grain] if column.grain else ()
        return [column.name, *(str(_part(column.name, unit)) for unit in units)]

    def _bins(self, column: ChartColumn) -> Iterable[str]:
        is_amount = column.role in ("number", "latitude", "longitude")
        return [f"bins({column.name})"] if is_amount else []

    def _aggregates(self, column: ChartColumn) -> Iterable[str]:
        # A flag is a category that can be added up.
        adds_up = column.is_numeric and column.role not in ("id", "time")
        numeric = _NUMERIC if adds_up else ()
        return [*(f"{each}({column.name})" for each in numeric), f"distinct({column.name})"]


def _part(column: str | None, unit: str | None) -> str | None:
    return f"{_UNIT_WORDS.get(unit, unit)}({column})" if unit and column else column


def _filter_written(each: Filter) -> dict[str, Any]:
    value = list(each.value) if isinstance(each.value, tuple) else each.value
    return {"column": _part(each.column, each.unit), "is": each.comparison, "value": value}


def _filter_schema(columns: Iterable[str]) -> dict[str, Any]:
    scalar = {"type": ["string", "number"]}
    many = {"type": "array", "items": scalar, "maxItems": 20}
    properties = {
        "column": _one_of(columns),
        "is": _one_of(COMPARISONS),
        "value": {"anyOf": [scalar, many]},
    }
    return _object(properties, required=list(properties))


def _one_of(words: Iterable[str]) -> dict[str, Any]:
    return {"enum": list(words)}


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
