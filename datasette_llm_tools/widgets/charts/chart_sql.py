"""A spec over a query as one SELECT: SQLite filters, groups, bins, sorts and limits all its rows.

Values of a spec stand in the SQL as literals, so that it can be copied and run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import expressions
from .bins import Bins
from .chart_parts import Channel, Field, Source, parts_of
from .column_types import ChartColumn
from .spec import ChartSpec

MOST_BARS = 100
MOST_SLICES = 20
MOST_COLORS = 20
MOST_SQUARES = 60  # along one side of a heat map


@dataclass(frozen=True, slots=True)
class ChartQuery:
    """SQL whose rows have `fields`, then for grouped ones the columns named in COUNTS.

    `caps` are how many different values of a channel are drawn at most, because the spec or
    the eye wants no more. Rows of a query that is not grouped are cut to them afterwards.
    """

    sql: str
    fields: tuple[Field, ...]
    is_grouped: bool
    caps: Mapping[Channel, int]

    def field(self, channel: Channel) -> Field | None:
        return next((each for each in self.fields if each.channel == channel), None)


# Behind the fields of a grouped query: groups in all, different values of the first and second
# key, rows without a first or second key, rows whose value is no number.
COUNTS = ("marks", "firsts", "seconds", "without_first", "without_second", "without_value")


def chart_sql(
    spec: ChartSpec,
    sql: str,
    columns: Sequence[ChartColumn],
    *,
    bins: Mapping[Channel, Bins] | None = None,
) -> ChartQuery:
    """The statement that gives a chart's rows. `columns` are all those of `sql`, in order.

    Raises BadInput for a filter that compares what cannot be compared.
    """
    return _Statement(spec, sql, columns, bins or {}).query()


class _Statement:
    """One spec being written as SQL."""

    def __init__(
        self,
        spec: ChartSpec,
        sql: str,
        columns: Sequence[ChartColumn],
        bins: Mapping[Channel, Bins],
    ) -> None:
        self._spec = spec
        self._source = Source(sql, columns)
        self._parts = parts_of(spec, self._source, bins)
        channels: dict[str, Channel] = {"heatmap": "color", "map": "size"}
        self._value_channel = channels.get(spec.mark, "y")
        self._value_name = spec.color if spec.mark == "heatmap" else spec.y
        if spec.mark == "map" or (spec.mark == "point" and spec.aggregate is None):
            self._value_name = None

    def query(self) -> ChartQuery:
        fields: list[Field] = []
        for part in self._parts:
            fields += part.fields(len(fields))
        if self._value_name is not None or self._spec.aggregate is not None:
            column = self._value_name and self._source.column(self._value_name)
            name = f"f{len(fields)}"
            fields.append(Field(name, self._value_channel, "number", column or None, is_value=True))
        is_grouped = self._spec.aggregate is not None
        sql = self._grouped(fields) if is_grouped else self._each_row(fields)
        return ChartQuery(sql, tuple(fields), is_grouped, self._caps())

    def _caps(self) -> dict[Channel, int]:
        """How many different values of each channel are drawn."""
        spec, caps = self._spec, {}
        for part in self._parts:
            cap = None
            if spec.mark == "heatmap":
                cap = MOST_SQUARES if part.kind == "category" else None
            elif part.channel == "color":
                cap = MOST_COLORS if part.kind != "number" else None
            elif part.channel == "x" and spec.mark == "pie":
                cap = MOST_SLICES
            elif part.channel == "x" and part.kind == "category":
                cap = MOST_BARS
            if spec.mark in ("point", "map") and spec.aggregate is None and part.channel != "color":
                cap = None
            elif part.channel == "x" and spec.limit is not None:
                cap = spec.limit
            if cap is not None:
                caps[part.channel] = cap
        return caps

    def _value(self) -> str:
        """SQL for what is put together, or for the number of each row."""
        if self._value_name is None:
            return "1"
        value = self._source.value(self._value_name)
        if self._spec.aggregate == "distinct":
            return value
        return expressions.number(value, self._source.column(self._value_name))

    def _each_row(self, fields: Sequence[Field]) -> str:
        shown = [sql for part in self._parts for sql in part.shown(part.key)]
        if len(fields) > len(shown):
            shown.append(self._value())
        statement = _select(
            _named(shown, fields),
            self._from("drawn"),
            self._where(),
            self._order_of_rows(fields),
        )
        return f"{self._source.with_clause()}\n{statement}"

    def _where(self) -> str:
        conditions = self._source.conditions(self._spec)
        return f"where {' and '.join(conditions)}" if conditions else ""

    def _order_of_rows(self, fields: Sequence[Field]) -> str:
        """Rows stay as the query has them, but for what the spec sorts and for lines."""
        sort, spec = self._spec.sort, self._spec
        x = next((part for part in self._parts if part.channel == "x"), None)
        y = next((field.name for field in fields if field.channel == "y"), None)
        order = ""
        if x is not None and sort in ("x", "x_descending"):
            order = x.key + (" desc" if sort == "x_descending" else "")
        elif y is not None and sort in ("y", "y_descending"):
            order = f"{y} desc" if sort == "y_descending" else f"{y} is null, {y}"
        elif x is not None and spec.mark in ("line", "area") and x.kind != "category":
            order = x.key
        return f"order by {order}" if order else ""

    def _grouped(self, fields: Sequence[Field]) -> str:
        keys = [f"k{index}" for index in range(len(self._parts))]
        listed = [f"{part.key} as {key}" for part, key in zip(self._parts, keys, strict=True)]
        keyed = _select([*listed, f"{self._value()} as v"], self._from("drawn"), self._where())
        tables = [
            self._source.with_clause(),
            self._table("keyed", keyed),
            *self._put_together(keys),
            *(self._first_values(index) for index in range(len(keys))),
        ]
        shown = [
            sql for part, key in zip(self._parts, keys, strict=True) for sql in part.shown(key)
        ]
        joined = [
            f"join {self._source.table(f'firsts{index}')} using ({key})"
            for index, key in enumerate(keys)
        ]
        order = ", ".join(f"place{index}" for index in range(len(keys)))
        statement = _select(
            [*_named([*shown, "v"], fields), *self._counts(keys)],
            " ".join([self._from("grouped"), *joined]),
            f"order by {order}" if order else "",
        )
        return ",\n".join(tables) + "\n" + statement

    def _put_together(self, keys: Sequence[str]) -> list[str]:
        """The groups: their keys, `v`, how many rows they have, and how many of these a value."""
        aggregate = {
            "count": "count(*)",
            "sum": "sum(v)",
            "mean": "avg(v)",
            "min": "min(v)",
            "max": "max(v)",
            "distinct": "count(distinct v)",
            # The middle one, or the two in the middle.
            "median": "avg(case when place in ((held + 1) / 2, (held + 2) / 2) then v end)",
        }[self._spec.aggregate or "count"]
        by = ", ".join(keys)
        grouped = _select(
            [*keys, f"{aggregate} as v", "count(*) as n", "count(v) as valued"],
            self._from("placed" if self._spec.aggregate == "median" else "keyed"),
            f"group by {by}" if by else "",
        )
        if self._spec.aggregate != "median":
            return [self._table("grouped", grouped)]
        partition = f"partition by {by} " if by else ""
        placed = _select(
            [
                "*",
                f"count(v) over ({partition.rstrip()}) as held",
                f"row_number() over ({partition}order by v is null, v) as place",
            ],
            self._from("keyed"),
        )
        return [self._table("placed", placed), self._table("grouped", grouped)]

    def _first_values(self, index: int) -> str:
        """The different values of one key that are drawn, with their places from the first on."""
        part, key = self._parts[index], f"k{index}"
        cap = self._caps().get(part.channel)
        values = _select(
            [key, f"row_number() over (order by {self._order(index)}) as place{index}"],
            self._from("grouped"),
            f"where {key} is not null",
            f"group by {key}",
            f"order by place{index}",
            f"limit {cap}" if cap is not None else "",
        )
        return self._table(f"firsts{index}", values)

    def _order(self, index: int) -> str:
        """How the values of a key are sorted: by themselves, or by what is drawn for them."""
        part, key, spec = self._parts[index], f"k{index}", self._spec
        if index > 0:
            # Which colours are drawn: those with the most rows behind them.
            return f"sum(n) desc, {key}" if part.kind == "category" else key
        sort = spec.sort
        if sort is None:
            by_value = part.kind == "category" and spec.mark != "heatmap"
            sort = "y_descending" if by_value or spec.mark == "pie" else "x"
        if sort in ("x", "x_descending"):
            return key + (" desc" if sort == "x_descending" else "")
        return f"sum(v){' desc' if sort == 'y_descending' else ' is null, sum(v)'}, {key}"

    def _counts(self, keys: Sequence[str]) -> list[str]:
        every = " and ".join(f"{key} is not null" for key in keys)
        counted = dict.fromkeys(COUNTS, "0")
        counted["marks"] = self._counted("count(*)", f"where {every}" if every else "")
        for key, word in zip(keys, ("first", "second"), strict=False):
            counted[f"{word}s"] = self._counted(f"count(distinct {key})")
            counted[f"without_{word}"] = self._counted("total(n)", f"where {key} is null")
        if self._value_name is not None:
            counted["without_value"] = self._counted("total(n - valued)")
        return [f"{sql} as {name}" for name, sql in counted.items()]

    def _from(self, name: str) -> str:
        return f"from {self._source.table(name)}"

    def _table(self, name: str, statement: str) -> str:
        lines = "\n".join(f"  {line}" for line in statement.splitlines())
        return f"{self._source.table(name)} as (\n{lines}\n)"

    def _counted(self, what: str, where: str = "") -> str:
        """A number over all groups, as a scalar subquery."""
        return f"(select {' '.join(filter(None, [what, self._from('grouped'), where]))})"


def _select(listed: Sequence[str], *clauses: str) -> str:
    """A SELECT with each clause on a line of its own; empty ones are left out."""
    return "\n".join(["select", "  " + ",\n  ".join(listed), *filter(None, clauses)])


def _named(shown: Sequence[str], fields: Sequence[Field]) -> list[str]:
    return [f"{sql} as {field.name}" for sql, field in zip(shown, fields, strict=True)]
