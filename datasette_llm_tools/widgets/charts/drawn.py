"""What a query gives and the chart that became of it, as values; a chart as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...queries import Value
from .column_types import ChartColumn
from .spec import ChartSpec, spec_json

LOOKED_AT = 1000


@dataclass(frozen=True)
class Looked:
    """What a query gives: its columns and its first rows, LOOKED_AT at most.

    `noun` is what a row is, in the plural, where each is a row of one table; `milliseconds`
    is how long the query took to give these; `visible` are the tables that the actor may view,
    `tables` and `sources` what it reads, as a QueryResult has it.
    """

    columns: tuple[ChartColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    truncated: bool
    noun: str | None
    milliseconds: float
    visible: frozenset[str]
    tables: tuple[str, ...] = ()
    sources: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Drawn:
    """A chart with its rows. `titles` are what `fields` are called for people.

    `sql` is what was run; `total` marks or rows there would be without limits, or None;
    `note` is said on the chart when it shows a part only; `notes` say what of the spec was
    understood differently; `behind` is a query page of Datasette for the rows behind a mark.
    """

    spec: ChartSpec
    columns: tuple[ChartColumn, ...]
    sql: str
    fields: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int | None
    note: str | None
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    vega_lite: Mapping[str, Any]
    behind: Mapping[str, Any] | None
    title: str
    summary: str
    milliseconds: float


def drawn_json(drawn: Drawn) -> dict[str, Any]:
    """What was drawn as JSON, for pages, programs and pictures."""
    return {
        "spec": spec_json(drawn.spec),
        "columns": [
            {"name": each.name, "type": each.type, "role": each.role} for each in drawn.columns
        ],
        "sql": drawn.sql,
        "fields": list(drawn.fields),
        "titles": list(drawn.titles),
        "rows": drawn.rows,
        "total": drawn.total,
        "truncated": drawn.note is not None,
        "note": drawn.note,
        "notes": list(drawn.notes),
        "left_out": list(drawn.left_out),
        "vega_lite": drawn.vega_lite,
        "behind": drawn.behind,
        "title": drawn.title,
        "summary": drawn.summary,
        "milliseconds": round(drawn.milliseconds, 1),
    }
