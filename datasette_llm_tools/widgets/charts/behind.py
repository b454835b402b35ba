"""The rows behind one mark, as a query of Datasette whose parameters are read off the mark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import expressions
from .bins import Bins
from .chart_parts import Channel, NamedSource, Part, parts_of
from .chart_sql import ChartQuery
from .column_types import ChartColumn
from .spec import ChartSpec

_MOST_SQL = 8_000  # it stands in an address


@dataclass(frozen=True, slots=True)
class Behind:
    """`sql` gives the rows behind a mark; `params` are its parameters and the fields they are."""

    sql: str
    params: tuple[tuple[str, str], ...]


def behind(
    spec: ChartSpec,
    query: ChartQuery,
    sql: str,
    columns: Sequence[ChartColumn],
    bins: Mapping[Channel, Bins],
) -> Behind | None:
    """The query for the rows behind one mark, or None where it is too long for an address."""
    source = NamedSource(sql, columns)
    conditions = source.conditions(spec)
    params: list[tuple[str, str]] = []
    for part in parts_of(spec, source, bins):
        field = query.field(part.channel)
        if field is None:
            continue
        name = _free(part.channel, sql)
        params.append((name, field.name))
        conditions.append(_is_mark(part, source.value(part.column.name), f":{name}"))
    lines = [source.select_all()]
    if conditions:
        lines.append("where " + "\n  and ".join(conditions))
    written = "\n".join(lines)
    return Behind(written, tuple(params)) if len(written) <= _MOST_SQL else None


def _free(name: str, sql: str) -> str:
    """A name for a parameter that the query has none of."""
    while re.search(rf"[:@$]{name}\b", sql):
        name += "_mark"
    return name


def _is_mark(part: Part, value: str, parameter: str) -> str:
    """Whether a row belongs to the mark; a page's parameters are always text."""
    if part.bins is not None:
        index = part.bins.index(f"cast({parameter} as real)")
        return f"{part.key} = {index}"
    if part.kind == "category" and part.column.type == "float":
        no_value = expressions.literal(expressions.NO_VALUE)
        return (
            f"case when {parameter} = {no_value} then {value} is null "
            f"else {value} = cast({parameter} as real) end"
        )
    if part.kind == "category" and part.column.type == "mixed":
        return f"{part.key} = {parameter}"
    if part.kind == "category":
        return f"ifnull(cast({value} as text), '{expressions.NO_VALUE}') = {parameter}"
    shown = part.shown(part.key)[0]
    if part.column.role == "time":
        return f"cast({shown} as text) = {parameter}"
    return f"{part.key} = cast({parameter} as real)"
