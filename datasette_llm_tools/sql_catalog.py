"""What a database holds for somebody who may see some of its tables.

SQLite itself is asked what a view or a virtual table reads: each is tried once
while an authorizer listens. Standard library only: query_worker.py loads this file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from dataclasses import dataclass

from .sql_functions import TABLE_FUNCTIONS
from .sql_names import fold, quoted

# The tables in which full-text and R-tree modules keep what they know.
_SHADOWS = frozenset(
    """
    data idx content docsize config segments segdir stat node parent rowid
    """.split()  # noqa: SIM905 - reads better as words
)
_SELECT_ALL = "SELECT * FROM {}"


@dataclass(frozen=True)
class Catalog:
    """Tables and views; sets and keys hold folded names, values names as they were declared.

    `roots` gives the table of a root page. `allowed` may be named in a statement;
    `read_within` is read by allowed views and virtual tables for themselves.
    """

    relations: dict[str, str]
    views: frozenset[str]
    roots: dict[int, str]
    allowed: dict[str, str]
    read_within: frozenset[str]
    hidden_virtual: tuple[str, ...]


def read_catalog(connection: sqlite3.Connection, visible: Set[str]) -> Catalog:
    """Study a database of which the tables `visible`, by folded name, may be seen.

    Replaces the connection's authorizer by one that allows everything, and
    connects every virtual table, which to an authorizer looks like a write.
    """
    schema = connection.execute(
        "SELECT name, type, tbl_name, rootpage FROM sqlite_master WHERE type != 'trigger'"
    ).fetchall()
    relations = {fold(name): name for name, kind, *_ in schema if kind != "index"}
    views = {fold(name) for name, kind, *_ in schema if kind == "view"}
    virtual = {fold(name) for name, kind, _, root in schema if kind == "table" and not root}
    shadows = {
        name: {f"{name}_{suffix}" for suffix in _SHADOWS} & relations.keys() for name in virtual
    }
    listener = _Listener(connection, relations.keys() | {"sqlite_master"})
    reads = {
        name: listener.read_by(_SELECT_ALL.format(quoted(relations[name])) + " LIMIT 1")
        for name in virtual
    }
    inner = set().union(*shadows.values())
    allowed = {
        name
        for name in visible & relations.keys()
        if name not in inner and not name.startswith("sqlite_")
    }
    # An index over a table that is hidden would tell its words.
    while leaking := {
        name for name in allowed & virtual if reads[name] - {name} - shadows[name] - allowed
    }:
        allowed -= leaking
    within = set().union(*(shadows[name] for name in allowed & virtual))
    for name in allowed & views:
        read = listener.asked_by("EXPLAIN " + _SELECT_ALL.format(quoted(relations[name])))
        within |= read.union(*(reads[each] | shadows[each] for each in read & virtual))
    for function in TABLE_FUNCTIONS:
        listener.read_by(_SELECT_ALL.format(f"{function}('[]')"))
    return Catalog(
        relations=relations,
        views=frozenset(views),
        roots={root: table for _, _, table, root in schema if root},
        allowed={name: relations[name] for name in allowed},
        read_within=frozenset(within),
        hidden_virtual=tuple(relations[name] for name in virtual - allowed),
    )


class _Listener:
    """Hears which of the `known` tables and views SQLite asks about."""

    def __init__(self, connection: sqlite3.Connection, known: Set[str]) -> None:
        self._connection = connection
        self._known = known
        self._heard: set[str] = set()
        connection.set_authorizer(self._hear)

    def _hear(
        self, _action: int, first: str | None, _second: str | None, _: str | None, via: str | None
    ) -> int:
        self._heard |= {fold(name) for name in (via, first) if name}
        return sqlite3.SQLITE_OK

    def asked_by(self, sql: str) -> set[str]:
        """What SQLite asked about while it ran a statement of ours."""
        self._heard = set()
        try:
            self._connection.execute(sql).fetchone()
        except sqlite3.Error:
            return {"sqlite_master"}  # broken, or its module is missing
        return self._heard & self._known

    def read_by(self, sql: str) -> set[str]:
        """What a virtual table reads by itself when a statement runs over it."""
        self.asked_by("EXPLAIN " + sql)  # connects it, which looks like a use of sqlite_master
        return self.asked_by(sql)
