"""Small changes to the rows of a database, on a copy: what is right by luck shows there.

The same seed makes the same copies. Keys, unique columns, NOT NULL and CHECK hold in them, and
what refers to a row still finds it. A copy has no triggers, so that nothing else changes.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..sql_names import fold, quoted

MAX_DATABASE_BYTES = 200_000_000
_ROWS_READ = 20_000  # of a table, to choose from
_MOST_ROWS = 20  # of a table, to change
_SHARE = 0.1
_ROWID_NAMES = ("rowid", "_rowid_", "oid")


class Change(str, Enum):
    """What is done to the tables of a copy."""

    TIES = "ties"  # values of one row are put into another
    NULLS = "nulls"  # values are taken away
    DUPLICATES = "duplicates"  # rows are there once more, under another key
    EMPTY_GROUP = "empty group"  # all rows that refer to one other row are gone


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed copy of a database. `rows` is how many rows were changed, added or removed."""

    path: Path
    change: Change
    rows: int


@dataclass(frozen=True, slots=True)
class _Table:
    """What may be changed in a table.

    `key` are the columns by which a row is found. `free` columns are in no key, unique index or
    reference; `nullable` ones may hold NULL. `copied` are the columns of a copied row, none where
    a row cannot be there twice. `parents` are the columns of each reference to another table.
    """

    name: str
    key: tuple[str, ...]
    free: tuple[str, ...]
    nullable: tuple[str, ...]
    copied: tuple[str, ...]
    parents: tuple[tuple[str, ...], ...]
    is_parent: bool


def make_variants(path: Path, folder: Path, count: int, seed: int = 0) -> tuple[Variant, ...]:
    """Make `count` changed copies of a database file in `folder`, the changes in turn.

    A copy in which nothing could be changed is left out. Raises BadInput for a database over
    MAX_DATABASE_BYTES, or one that cannot be read.
    """
    if path.stat().st_size > MAX_DATABASE_BYTES:
        raise BadInput(
            f"{path.name} has more than {MAX_DATABASE_BYTES:,} bytes: too large for changed copies."
        )
    changes = list(Change)
    made = []
    for number in range(count):
        change = changes[number % len(changes)]
        target = folder / f"{number}.db"
        try:
            rows = _changed_copy(path, target, change, random.Random(f"{seed} {number}"))
        except sqlite3.Error as error:
            raise BadInput(f"{path.name} cannot be copied and changed: {error}.") from error
        if rows:
            made.append(Variant(target, change, rows))
    return tuple(made)


def _changed_copy(path: Path, target: Path, change: Change, chance: random.Random) -> int:
    with (
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as connection,
    ):
        source.backup(connection)
        connection.execute("PRAGMA trusted_schema = 0")
        connection.execute("PRAGMA journal_mode = MEMORY")
        for (name,) in _all(connection, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            connection.execute(f"DROP TRIGGER {quoted(name)}")
        rows = sum(_CHANGES[change](connection, table, chance) for table in _tables(connection))
        connection.commit()
    return rows


def _ties(connection: sqlite3.Connection, table: _Table, chance: random.Random) -> int:
    rows = _some_rows(connection, table, chance, atleast=2)
    changed = 0
    for column in table.free:
        for key in rows:
            other = chance.choice(rows)
            sql = (
                f"UPDATE {quoted(table.name)} SET {quoted(column)} = "  # noqa: S608 -- names are quoted
                f"(SELECT {quoted(column)} FROM {quoted(table.name)} WHERE {_is_row(table)}) "
                f"WHERE {_is_row(table)}"
            )
            changed += _try(connection, sql, [*other, *key])
    return changed


def _nulls(connection: sqlite3.Connection, table: _Table, chance: random.Random) -> int:
    changed = 0
    for column in table.nullable:
        for key in _some_rows(connection, table, chance):
            sql = f"UPDATE {quoted(table.name)} SET {quoted(column)} = NULL WHERE {_is_row(table)}"  # noqa: S608 -- names are quoted
            changed += _try(connection, sql, key)
    return changed


def _duplicates(connection: sqlite3.Connection, table: _Table, chance: random.Random) -> int:
    if not table.copied:
        return 0
    columns = ", ".join(map(quoted, table.copied))
    sql = (
        f"INSERT INTO {quoted(table.name)} ({columns}) "  # noqa: S608 -- names are quoted
        f"SELECT {columns} FROM {quoted(table.name)} WHERE {_is_row(table)}"
    )
    return sum(_try(connection, sql, key) for key in _some_rows(connection, table, chance))


def _empty_group(connection: sqlite3.Connection, table: _Table, chance: random.Random) -> int:
    """Remove the rows that refer to one row; others must stay, and nothing refer to them."""
    if table.is_parent:
        return 0
    for columns in table.parents:
        names = ", ".join(map(quoted, columns))
        groups = _all(
            connection,
            f"SELECT DISTINCT {names} FROM {quoted(table.name)} "  # noqa: S608 -- names are quoted
            f"WHERE {' AND '.join(f'{quoted(each)} IS NOT NULL' for each in columns)} "
            f"ORDER BY {names} LIMIT {_ROWS_READ}",
        )
        if len(groups) > 1:
            condition = " AND ".join(f"{quoted(each)} = ?" for each in columns)
            sql = f"DELETE FROM {quoted(table.name)} WHERE {condition}"  # noqa: S608 -- names are quoted
            return _try(connection, sql, chance.choice(groups))
    return 0


_CHANGES: dict[Change, Callable[[sqlite3.Connection, _Table, random.Random], int]] = {
    Change.TIES: _ties,
    Change.NULLS: _nulls,
    Change.DUPLICATES: _duplicates,
    Change.EMPTY_GROUP: _empty_group,
}


def _try(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> int:
    """How many rows a statement changed; none where a constraint is against it."""
    try:
        return max(0, connection.execute(sql, list(values)).rowcount)
    except (sqlite3.IntegrityError, sqlite3.OperationalError):
        return 0


def _some_rows(
    connection: sqlite3.Connection, table: _Table, chance: random.Random, atleast: int = 1
) -> list[tuple[Any, ...]]:
    """Keys of a tenth of a table's rows, few at most."""
    names = ", ".join(map(quoted, table.key))
    keys = _all(
        connection,
        f"SELECT {names} FROM {quoted(table.name)} ORDER BY {names} LIMIT {_ROWS_READ}",  # noqa: S608 -- names are quoted
    )
    wanted = min(len(keys), _MOST_ROWS, max(atleast, round(len(keys) * _SHARE)))
    return chance.sample(keys, wanted)


def _is_row(table: _Table) -> str:
    return " AND ".join(f"{quoted(each)} IS ?" for each in table.key)


def _tables(connection: sqlite3.Connection) -> Iterator[_Table]:
    """The tables that hold rows of their own: no views, virtual tables or what is behind those."""
    named = _all(connection, "PRAGMA main.table_list")
    names = {
        str(name): bool(without_rowid)
        for _, name, kind, _, without_rowid, _ in named
        if kind == "table" and not str(name).startswith("sqlite_")
    }
    referred: dict[str, set[str]] = {}
    for name in names:
        for _, _, other, _, column, *_ in _foreign_keys(connection, name):
            referred.setdefault(fold(other), set()).add(fold(column or ""))
    for name, without_rowid in sorted(names.items()):
        table = _table(connection, name, without_rowid, referred.get(fold(name), set()))
        if table is not None:
            yield table


def _table(
    connection: sqlite3.Connection, name: str, without_rowid: bool, referred: set[str]
) -> _Table | None:
    # cid, name, type, notnull, default, pk, hidden: over 0 for what cannot be written
    columns = [each for each in _all(connection, _pragma("table_xinfo", name)) if not each[6]]
    names = [str(each[1]) for each in columns]
    primary = [str(each[1]) for each in sorted(columns, key=lambda each: each[5]) if each[5]]
    unique = {
        str(column)
        for _, index, is_unique, *_ in _all(connection, _pragma("index_list", name))
        if is_unique
        for _, _, column in _all(connection, _pragma("index_info", index))
    }
    groups: dict[int, list[str]] = {}
    for number, _, _, column, *_ in _foreign_keys(connection, name):
        groups.setdefault(number, []).append(column)
    children = {fold(each) for group in groups.values() for each in group}
    kept = {fold(each) for each in (*primary, *unique)} | referred
    rowid = next((each for each in _ROWID_NAMES if each not in map(fold, names)), None)
    key = primary if without_rowid or rowid is None else [rowid]
    if not key:
        return None
    has_number = len(primary) == 1 and any(
        each[5] and str(each[2]).upper() == "INTEGER" for each in columns
    )
    can_repeat = (not primary or (has_number and not without_rowid)) and not unique
    return _Table(
        name=name,
        key=tuple(key),
        free=tuple(each for each in names if fold(each) not in kept | children),
        nullable=tuple(
            str(each[1]) for each in columns if not each[3] and fold(str(each[1])) not in kept
        ),
        copied=tuple(each for each in names if each not in primary) if can_repeat else (),
        parents=tuple(map(tuple, groups.values())),
        is_parent=bool(referred),
    )


def _foreign_keys(connection: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """id, number within it, other table, column here, column there, and more."""
    return [
        (number, place, other, here, there)
        for number, place, other, here, there, *_ in _all(
            connection, _pragma("foreign_key_list", table)
        )
    ]


def _pragma(name: str, argument: str) -> str:
    return f"PRAGMA main.{name}({quoted(argument)})"


def _all(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()
