"""What is decided about one statement, from its text and from what SQLite says it does.

What a view or a full-text table reads for itself may be hidden from the actor. SQLite
does not say reliably who reads (a CTE can take a view's name), so such a table is readable
only while the statement does not spell its name: then a view alone can have named it.
Standard library only: query_worker.py loads this file.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .sql_catalog import Catalog
from .sql_functions import FUNCTIONS, TABLE_FUNCTIONS
from .sql_limits import MAX_SQL_BYTES
from .sql_names import fold, plain, spells

# Every word that begins a statement of SQLite's other than SELECT, WITH and VALUES.
_OTHER_FIRST_WORDS = frozenset(
    """
    ALTER ANALYZE ATTACH BEGIN COMMIT CREATE DELETE DETACH DROP END EXPLAIN INSERT PRAGMA REINDEX
    RELEASE REPLACE ROLLBACK SAVEPOINT UPDATE VACUUM
    """.split()  # noqa: SIM905 - twenty quoted words are harder to read
)
_BEFORE_FIRST_WORD = re.compile(r"(?:[\s\ufeff]|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_WRITES = {
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
}
_TABLES_ABOUT_SQLITE = re.compile(r"\b(pragma_\w+|dbstat|sqlite_\w+|bytecode|tables_used)")


@dataclass(frozen=True)
class Allowed:
    """Visible tables and views that the statement names, and (table, column) pairs it reads."""

    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Rejected:
    """Why a statement may not run; `name` is the table, function or keyword that was met."""

    reason: str
    name: str | None


def check_text(sql: str) -> Rejected | None:
    """Reject what need not reach SQLite: length, NUL, and anything that is not a SELECT."""
    try:
        size = len(sql.encode())
    except UnicodeEncodeError:
        return Rejected("The statement is not valid Unicode text.", None)
    if size > MAX_SQL_BYTES:
        return Rejected(f"The statement is longer than {MAX_SQL_BYTES:,} bytes; shorten it.", None)
    if "\0" in sql:
        return Rejected("The statement contains a NUL character; remove it.", None)
    start = _BEFORE_FIRST_WORD.match(sql)
    word = re.compile(r"\w*").match(sql, start.end() if start else 0)
    first = word.group().upper() if word else ""
    if not first:
        return Rejected("Only a single SELECT may run here, and there is none.", None)
    # A word that begins no statement is a slip, which SQLite explains best.
    return _only_select(first) if first in _OTHER_FIRST_WORDS else None


def _only_select(word: str) -> Rejected:
    return Rejected(f"Only a single SELECT may run here, not {word[:40]}.", word[:40])


def _hidden_table(name: str) -> Rejected:
    return Rejected(f"The table {name} is not one you may see.", name)


class Judgement:
    """One statement being judged; `rejected` is the first objection to it."""

    def __init__(self, sql: str, catalog: Catalog) -> None:
        self._catalog = catalog
        self._plain_sql = plain(sql)
        self._seen: set[str] = set()
        self._columns: set[tuple[str, str]] = set()
        self.rejected: Rejected | None = None

    def objection(self, action: int, first: str, second: str, via: str | None) -> Rejected | None:
        """What an authorizer, called with these, has against the statement; the first is kept."""
        objection = self._objection(action, first, second, via)
        self.rejected = self.rejected or objection
        return objection

    def _objection(self, action: int, first: str, second: str, via: str | None) -> Rejected | None:
        if (
            via
            and fold(via) in self._catalog.views
            and (hidden := self._objection_to_table(via, ""))
        ):
            return hidden
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return None
        if action == sqlite3.SQLITE_READ:
            return self._objection_to_table(first, second)
        if action == sqlite3.SQLITE_FUNCTION:
            if fold(second) in FUNCTIONS:
                return None
            return Rejected(f"The function {second} is not allowed.", second)
        # Full-text tables ask this for themselves; nobody else may.
        if (
            action == sqlite3.SQLITE_PRAGMA
            and first == "data_version"
            and first not in self._plain_sql
        ):
            return None
        # Connecting a table-valued function looks like a write to sqlite_master.
        function = _TABLES_ABOUT_SQLITE.search(self._plain_sql)
        if function and first == "sqlite_master":
            return _hidden_table(function.group())
        return _only_select(_WRITES.get(action, "a statement that changes something"))

    def read_program(self, program: Iterable[tuple[Any, ...]]) -> None:
        """Check the tables that the compiled statement, as EXPLAIN shows it, opens.

        The authorizer is not enough: SQLite (3.40 at least) does not ask it about the
        columns that NATURAL and USING compare.
        """
        for _, opcode, _, root, *_ in program:
            if opcode in ("OpenRead", "ReopenIdx", "OpenWrite"):
                opened = self._catalog.roots.get(root, "sqlite_master")
                self.rejected = self.rejected or self._objection_to_table(opened, "")
        # Nothing in a program names a virtual table, so the statement must not either.
        for name in self._catalog.hidden_virtual:
            if spells(self._plain_sql, name):
                self.rejected = self.rejected or _hidden_table(name)

    def rejection_behind(self, error: Exception) -> Rejected | None:
        """The rejection that made SQLite fail, or that keeps its message from telling too much."""
        if "one statement at a time" in str(error):
            return Rejected("Only one statement may run at a time.", None)
        if self.rejected or "interrupted" in str(error):
            return self.rejected
        # Names are resolved before the authorizer is asked: "no such column" would
        # tell which columns a hidden table has.
        for key, name in self._catalog.relations.items():
            if key not in self._catalog.allowed and spells(self._plain_sql, name):
                return _hidden_table(name)
        return None

    def allowed(self) -> Allowed:
        """What the statement, if nothing was against it, names and reads."""
        named = {
            key: name
            for key, name in self._catalog.allowed.items()
            if key in self._seen and spells(self._plain_sql, name)
        }
        columns = {(named[key], column) for key, column in self._columns if key in named}
        return Allowed(frozenset(named.values()), frozenset(columns))

    def _objection_to_table(self, name: str, column: str) -> Rejected | None:
        key = fold(name)
        self._seen.add(key)
        if key in self._catalog.allowed:
            if column:
                self._columns.add((key, column))
            return None
        if key in self._catalog.relations:
            if key in self._catalog.read_within and not spells(self._plain_sql, name):
                return None
        elif key in TABLE_FUNCTIONS or (not column and not key.startswith("sqlite_")):
            return None  # without a column and not in the schema: a CTE
        return _hidden_table(name)
