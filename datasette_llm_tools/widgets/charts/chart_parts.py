"""What a chart takes of each column of a query: axes and colours as SQL, and the fields they give.

The query stands in a common table expression whose columns are c0, c1, …, so that any name, and
two of the same, will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...sql_limits import MAX_SQL_BYTES
from ...sql_names import fold, quoted
from . import expressions
from .bins import Bins
from .column_types import ChartColumn
from .spec import ChartSpec, Unit

Channel = Literal["x", "x_end", "y", "y_end", "color", "size"]
# `time` follows a calendar, `step` is a part of it or a whole number that stands for itself.
FieldKind = Literal["time", "step", "number", "category"]

_CYCLES: tuple[Unit, ...] = ("quarter", "month", "weekday", "hour")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a chart's rows. `name` is safe anywhere, f0, f1, …

    `column` is where it comes from, None when rows are counted; `is_value`: what was put
    together by the aggregate, or the number that each row brings.
    """

    name: str
    channel: Channel
    kind: FieldKind
    column: ChartColumn | None = None
    unit: Unit | None = None
    is_value: bool = False


# What is not brought to its end goes on to the end of the text: looking for an end from each of
# many beginnings would take hours.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*(?:'|\Z)|"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[[^\]]*(?:\]|\Z)"""
    r"""|--[^\n]*|/\*.*?(?:\*/|\Z)|\s+|;|.""",
    re.DOTALL,
)


def without_end(sql: str) -> str:
    """A statement without its semicolon, so that it can stand in parentheses.

    One that is too long to be run stays as it is: run_query says so.
    """
    if len(sql) > MAX_SQL_BYTES:
        return sql
    tokens = _TOKEN.findall(sql)
    kept = len(tokens)
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        if token == ";":
            kept = index
        elif not (token.isspace() or token.startswith(("--", "/*"))):
            break
    return "".join(tokens[:kept]).strip()


@dataclass(frozen=True, slots=True)
class Source:
    """A query as a common table expression, and how its columns are written over it."""

    sql: str
    columns: Sequence[ChartColumn]

    def table(self, name: str) -> str:
        """A name for a table of ours that the query does not spell, or it would read that one."""
        while name in self.sql.lower():
            name += "_"
        return name

    def with_clause(self) -> str:
        listed = ", ".join(f"c{index}" for index in range(len(self.columns)))
        return f"with {self.table('drawn')}({listed}) as (\n{without_end(self.sql)}\n)"

    def from_drawn(self) -> str:
        return f"from {self.table('drawn')}"

    def value(self, name: str) -> str:
        """SQL for a column of the query."""
        index = next(i for i, column in enumerate(self.columns) if column.name == name)
        return f"c{index}"

    def column(self, name: str) -> ChartColumn:
        return next(column for column in self.columns if column.name == name)

    def conditions(self, spec: ChartSpec) -> list[str]:
        """The filters of a spec as SQL."""
        return [
            expressions.condition(each, self.value(each.column), self.column(each.column))
            for each in spec.filters
        ]


@dataclass(frozen=True, slots=True)
class NamedSource(Source):
    """A query for people to read: its columns by their names, as far as these are unique."""

    @property
    def _is_plain(self) -> bool:
        names = {fold(column.name) for column in self.columns}
        # A second `id` is `id (2)` in specs, which the query does not know.
        renamed = any(re.search(r" \(\d+\)$", column.name) for column in self.columns)
        # SQLite gives a subquery's column another name where it is called so.
        reserved = names & {"true", "false"}
        return len(names) == len(self.columns) and not renamed and not reserved

    def value(self, name: str) -> str:
        return expressions.identifier(name) if self._is_plain else Source.value(self, name)

    def select_all(self) -> str:
        """All columns of all rows, to be followed by a WHERE clause."""
        if self._is_plain:
            return "\n".join(["select * from (", without_end(self.sql), ")"])
        listed = ", ".join(
            f"{self.value(column.name)} as {quoted(column.name)}" for column in self.columns
        )
        return "\n".join([self.with_clause(), f"select {listed}", self.from_drawn()])


@dataclass(frozen=True, slots=True)
class Part:
    """What a chart takes of one column: `key` sorts and groups, fields are shown of it."""

    channel: Channel
    kind: FieldKind
    column: ChartColumn
    unit: Unit | None
    key: str
    bins: Bins | None = None

    def shown(self, key: str) -> list[str]:
        """SQL for what is shown of a key: one value, or the two edges of a bin."""
        if self.bins is not None:
            return [self.bins.edge(key), self.bins.edge(f"({key} + 1)")]
        return [expressions.named(key, self.unit)]

    def fields(self, first: int) -> list[Field]:
        """The fields that these are, the first called f`first`."""
        start = Field(f"f{first}", self.channel, self.kind, self.column, self.unit)
        if self.bins is None:
            return [start]
        end: Channel = "x_end" if self.channel == "x" else "y_end"
        return [start, Field(f"f{first + 1}", end, self.kind, self.column)]


def parts_of(spec: ChartSpec, source: Source, bins: Mapping[Channel, Bins]) -> tuple[Part, ...]:
    """The parts of a spec that are not put together: axes and colours, in the order of sorting."""
    names: dict[Channel, str | None] = {"x": spec.x, "y": spec.y, "color": spec.color}
    grouped = spec.aggregate is not None
    if spec.mark == "heatmap":
        names["color"] = None
    elif grouped and spec.mark != "map":
        names["y"] = None
    elif spec.mark not in ("point", "map"):
        names["y"] = None  # it is the value of each row
    if spec.color == spec.x:
        names["color"] = None
    return tuple(
        _part(spec, source, channel, name, bins.get(channel))
        for channel, name in names.items()
        if name is not None and spec.mark != "number"
    )


def _part(spec: ChartSpec, source: Source, channel: Channel, name: str, bins: Bins | None) -> Part:
    column, value = source.column(name), source.value(name)
    unit = spec.x_unit if channel == "x" else spec.y_unit if channel == "y" else None
    kind = _kind(spec, channel, column, unit)
    if bins is not None:
        key = bins.index(f"({expressions.number(value, column)})")
        return Part(channel, "number", column, None, key, bins)
    if column.role == "time":
        return Part(channel, kind, column, unit, expressions.moment(value, column, unit))
    if kind == "category":
        return Part(channel, kind, column, None, expressions.category(value, column))
    return Part(channel, kind, column, None, expressions.number(value, column))


def _kind(spec: ChartSpec, channel: Channel, column: ChartColumn, unit: Unit | None) -> FieldKind:
    if column.role == "time":
        discrete = unit in _CYCLES or channel == "color" or spec.mark in ("pie", "heatmap")
        return "step" if discrete else "time"
    if not column.is_numeric:
        return "category"
    along_axis = spec.mark in ("point", "map", "line", "area") and channel in ("x", "y")
    if along_axis or (spec.mark in ("point", "map") and column.role not in ("category", "id")):
        return "number"
    return "category" if column.role in ("category", "id") else "step"
