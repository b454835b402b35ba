"""Queries over tables made up for a test, looked at and drawn without a server."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datasette_llm_tools.widgets.charts.bins import Bins
from datasette_llm_tools.widgets.charts.chart_parts import Channel, Source
from datasette_llm_tools.widgets.charts.chart_sql import ChartQuery, chart_sql
from datasette_llm_tools.widgets.charts.column_types import ChartColumn, chart_columns
from datasette_llm_tools.widgets.charts.kept_rows import Kept, kept_rows
from datasette_llm_tools.widgets.charts.settling import ends_sql, open_sides, settled
from datasette_llm_tools.widgets.charts.spec import ChartSpec
from datasette_llm_tools.widgets.charts.spec_reading import spec_from_json


@dataclass
class Result:
    """Columns and rows, as a query gives them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> sqlite3.Connection:
    """A database with a table `t`, whose columns have no types."""
    connection = sqlite3.connect(":memory:")
    listed = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    connection.execute(f"create table t ({listed})")
    marks = ", ".join("?" * len(names))
    connection.executemany(f"insert into t values ({marks})", rows)
    return connection


def columns_of(
    connection: sqlite3.Connection, sql: str = "select * from t"
) -> tuple[ChartColumn, ...]:
    """What the columns of a query are good for."""
    cursor = connection.execute(sql)
    names = [each[0] for each in cursor.description]
    return chart_columns(Result(names, cursor.fetchall()))


def query_of(
    connection: sqlite3.Connection, written: dict[str, Any], sql: str = "select * from t"
) -> tuple[ChartSpec, ChartQuery]:
    """A spec as JSON with what the data decide, and its SQL."""
    columns = columns_of(connection, sql)
    spec = spec_from_json(written, columns)
    sides = open_sides(spec, columns)
    bins: dict[Channel, Bins] = {}
    if sides:
        ends = connection.execute(ends_sql(spec, Source(sql, columns), sides)).fetchone()
        spec, bins = settled(spec, sides, ends)
    return spec, chart_sql(spec, sql, columns, bins=bins)


def rows_of(
    connection: sqlite3.Connection, written: dict[str, Any], sql: str = "select * from t"
) -> Kept:
    """The rows that a spec draws, and what is said of the others."""
    spec, query = query_of(connection, written, sql)
    return kept_rows(spec, query, connection.execute(query.sql).fetchall(), truncated=False)
