"""Schemas made from CREATE TABLE statements, as schema_reading would read them."""

from __future__ import annotations

import sqlite3

from datasette_llm_tools.schema import Column, ForeignKey, Schema, Table


def schema_of(connection: sqlite3.Connection) -> Schema:
    """The tables of a connection, with types, keys and foreign keys; no samples."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
    ).fetchall()
    return Schema("test", tuple(_table(connection, name) for (name,) in names), "1")


def _table(connection: sqlite3.Connection, name: str) -> Table:
    columns = tuple(
        Column(column, kind, pk)
        for _, column, kind, _, _, pk in connection.execute(f'PRAGMA table_info("{name}")')
    )
    keys = tuple(
        ForeignKey((row[3],), row[2], (row[4],))
        for row in connection.execute(f'PRAGMA foreign_key_list("{name}")')
    )
    return Table(name, "table", columns, keys)
