"""SQLite's own limits on a statement, where Python can set them (3.11 on).

Standard library only: query_worker.py loads this file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

MAX_SQL_BYTES = 20_000

_MIN_COLUMNS = 200
# Names of limits, because sqlite3 knows the constants since Python 3.11 only.
_LIMITS = {
    "SQLITE_LIMIT_LENGTH": 2_000_000,
    "SQLITE_LIMIT_SQL_LENGTH": MAX_SQL_BYTES + 100,
    "SQLITE_LIMIT_COLUMN": _MIN_COLUMNS,
    "SQLITE_LIMIT_EXPR_DEPTH": 100,
    "SQLITE_LIMIT_COMPOUND_SELECT": 50,
    "SQLITE_LIMIT_VDBE_OP": 25_000,
    "SQLITE_LIMIT_FUNCTION_ARG": 100,
    "SQLITE_LIMIT_ATTACHED": 0,
    "SQLITE_LIMIT_LIKE_PATTERN_LENGTH": 500,
    "SQLITE_LIMIT_VARIABLE_NUMBER": 100,
}


class Limits:
    """The limits of one connection, which begins with SQLite's defaults.

    `are_kept` is False where Python cannot set any.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.are_kept = hasattr(connection, "setlimit")
        self._defaults: dict[str, int] = {}
        if self.are_kept:
            self._defaults = {name: connection.getlimit(getattr(sqlite3, name)) for name in _LIMITS}

    def lift(self) -> None:
        """Go back to the defaults: a schema with wide tables and long DDL must load."""
        self._set(self._defaults)

    def impose(self) -> None:
        """Hold statements to our limits, but let them read the widest table that there is."""
        (widest,) = self._connection.execute(
            "SELECT max(columns) FROM (SELECT count(*) AS columns FROM sqlite_master AS m,"
            " pragma_table_info(m.name) WHERE m.type = 'table' AND m.rootpage GROUP BY m.name)"
        ).fetchone()
        self._set({**_LIMITS, "SQLITE_LIMIT_COLUMN": max(_MIN_COLUMNS, widest or 0)})

    def _set(self, limits: Mapping[str, int]) -> None:
        if self.are_kept:
            for name, value in limits.items():
                self._connection.setlimit(getattr(sqlite3, name), value)
