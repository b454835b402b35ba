"""A table as a run writes to it: its key, its columns, and what may be written where.

SQLite is asked, never the text of a CREATE TABLE. A row is known by its primary key
or, in a table without one, by its rowid.
"""

from __future__ import annotations

import base64
import json
import math
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from ...permissions import OWN_TABLES
from ...sql_names import fold, quoted
from ..outputs import Output, sqlite_type
from ..values import Key, Value

if TYPE_CHECKING:
    from datasette.app import Datasette

_ROWID_NAMES = ("rowid", "_rowid_", "oid")


class TableGone(BadInput):
    """The table, or a column that a run needs, is not there any more: the run cannot go on."""


@dataclass(frozen=True, slots=True)
class TargetTable:
    """What SQLite says of a table that can be enriched.

    `key_columns` is the primary key in its own order, or the one name by which the
    rowid can be read (`uses_rowid`). `nullable_key` are those of them that may hold
    NULL: such a row cannot be told from another, so it is never asked about.
    """

    name: str
    key_columns: tuple[str, ...]
    uses_rowid: bool
    columns: tuple[str, ...]
    generated: frozenset[str] = frozenset()
    not_null: frozenset[str] = frozenset()
    nullable_key: frozenset[str] = frozenset()

    def column(self, name: str) -> str | None:
        """The column of that name as the table spells it, or None."""
        return next((each for each in self.columns if fold(each) == fold(name)), None)


async def require_target(datasette: Datasette, database: str, table: str) -> TargetTable:
    """The table to enrich. Raises BadInput with the reason why it cannot be, or TableGone."""
    db = datasette.databases.get(database)
    if db is None:
        raise TableGone(f"There is no database called {database} here.")
    if db.is_memory:
        raise BadInput(
            f"The database {database} lives in memory, where what a model says would vanish "
            "with the server; keep it in a file."
        )
    if not db.is_mutable:
        raise BadInput(
            f"The database {database} is served as immutable and cannot be written to; "
            "serve it without --immutable."
        )
    found: TargetTable = await db.execute_fn(lambda connection: read_target(connection, table))
    return found


def read_target(connection: sqlite3.Connection, table: str) -> TargetTable:
    """Read what SQLite knows of a table; raises BadInput with the reason, or TableGone."""
    name = _enrichable(connection, table)
    _require_no_meddling(connection)
    info = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    # (number, name, type, not null, default, place in the key, hidden); 2 and 3 are generated
    columns = tuple(row[1] for row in info)
    keys = tuple(row[1] for row in sorted(info, key=lambda row: row[5]) if row[5])
    not_null = frozenset(row[1] for row in info if row[3])
    rowid = _rowid_name(connection, name, columns)
    if not keys and rowid is None:
        raise BadInput(
            f"The table {name} has no primary key and columns named {', '.join(_ROWID_NAMES)}, "
            "so that its rows cannot be told apart; rename one of these."
        )
    without_rowid = rowid is None and not {fold(each) for each in columns} & set(_ROWID_NAMES)
    is_alias = len(keys) == 1 and _is_rowid_alias(connection, name, keys[0], rowid)
    return TargetTable(
        name=name,
        key_columns=keys or (str(rowid),),
        uses_rowid=not keys,
        columns=columns,
        generated=frozenset(row[1] for row in info if row[6] in (2, 3)),
        not_null=not_null,
        nullable_key=frozenset() if without_rowid or is_alias else frozenset(keys) - not_null,
    )


def check_outputs(
    target: TargetTable, outputs: Sequence[Output], overwrite: Collection[str] = ()
) -> None:
    """Raise BadInput unless each output may be written: a new column, or one named to overwrite."""
    named = {fold(each) for each in overwrite}
    keys = {fold(each) for each in target.key_columns}
    generated = {fold(each) for each in target.generated}
    for output in outputs:
        name = fold(output.name)
        if name in keys or name in _ROWID_NAMES:
            raise BadInput(
                f"{output.name} is what tells the rows of {target.name} apart and is never "
                "written to; choose another column."
            )
        if name in generated:
            raise BadInput(
                f"SQLite computes the column {output.name} of {target.name} itself; "
                "choose another column."
            )
        if target.column(output.name) is not None and name not in named:
            raise BadInput(
                f"The table {target.name} has a column {output.name} already: confirm that "
                "its values may be replaced, or choose another name."
            )


def add_columns(
    connection: sqlite3.Connection, target: TargetTable, outputs: Iterable[Output]
) -> tuple[str, ...]:
    """Add the outputs that the table has no column for; returns their names."""
    added = [each for each in outputs if target.column(each.name) is None]
    for output in added:
        connection.execute(
            f"ALTER TABLE {quoted(target.name)} "
            f"ADD COLUMN {quoted(output.name)} {sqlite_type(output)}"
        )
    return tuple(each.name for each in added)


def require_columns(
    connection: sqlite3.Connection, target: TargetTable, names: Iterable[str]
) -> None:
    """Raise TableGone unless the table still has its key and these columns."""
    try:
        info = connection.execute(f"PRAGMA table_xinfo({quoted(target.name)})").fetchall()
    except sqlite3.OperationalError:
        info = []
    if not info:
        raise TableGone(f"The table {target.name} is not there any more.")
    there = {fold(row[1]) for row in info}
    needed = (*names, *(() if target.uses_rowid else target.key_columns))
    gone = next((each for each in needed if fold(each) not in there), None)
    if gone is not None:
        raise TableGone(f"The table {target.name} has no column {gone} any more.")


def where_key(target: TargetTable) -> str:
    """A condition in SQL that holds for the row whose key is given as `?` parameters."""
    return " AND ".join(f"{quoted(each)} = ?" for each in target.key_columns)


def key_json(key: Key) -> str:
    """A key as it is stored and put into addresses: `[1]`, `["a", 2]`."""
    if len(key) == 1 and type(key[0]) is int:  # nearly always, and six times as fast
        return f"[{key[0]}]"
    return json.dumps([json_value(each) for each in key], ensure_ascii=False)


def key_from_json(text: str) -> Key:
    """The key that `key_json` wrote. Raises BadInput for anything else."""
    try:
        parts = json.loads(text)
        if not isinstance(parts, list) or not parts:
            raise ValueError("not a list")
        key = tuple(value_from_json(each) for each in parts)
        if any(isinstance(each, int) and not -(2**63) <= each < 2**63 for each in key):
            raise ValueError("more than SQLite's integers")
        text.encode()
        key_json(key).encode()  # half a surrogate pair can be in no table
        return key
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInput(f"{text[:100]!r} is not the key of a row.") from error


def json_value(value: Any) -> Any:
    """A value of SQLite's as JSON has it; bytes and infinities as objects of one key."""
    if isinstance(value, bytes):
        return {"$base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$real": str(value)}
    return value


def value_from_json(value: Any) -> Value:
    """What `json_value` was given. Raises ValueError, KeyError or TypeError for anything else."""
    if isinstance(value, dict):
        if "$real" in value:
            return float(value["$real"])
        return base64.b64decode(value["$base64"], validate=True)
    if isinstance(value, list):
        raise ValueError("a list is no value of SQLite's")
    return int(value) if isinstance(value, bool) else value


def _enrichable(connection: sqlite3.Connection, table: str) -> str:
    """The table's name as it was declared. Raises BadInput or TableGone."""
    row = connection.execute(
        "SELECT name, type, sql FROM sqlite_master "
        "WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
        [table],
    ).fetchone()
    if row is None:
        raise TableGone(f"There is no table called {table} here.")
    name, kind, sql = str(row[0]), row[1], str(row[2] or "")
    if kind == "view":
        raise BadInput(f"{name} is a view and holds nothing itself; enrich a table it reads.")
    if sql[:30].upper().split()[:2] == ["CREATE", "VIRTUAL"]:
        raise BadInput(f"{name} is a virtual table, which has no columns to add to.")
    if fold(name).startswith(("sqlite_", OWN_TABLES, "_sqlite_")) or _is_shadow(connection, name):
        raise BadInput(f"{name} is a table that SQLite or a plugin keeps for itself.")
    if not connection.execute("PRAGMA database_list").fetchone()[2]:
        raise BadInput(
            f"{name} is in a database in memory, where what a model says would vanish; "
            "keep it in a file."
        )
    return name


def _require_no_meddling(connection: sqlite3.Connection) -> None:
    """Raise BadInput for a trigger that may change what we keep of runs: they would never end.

    A trigger names every table that it changes, so its text tells.
    """
    found = connection.execute(
        "SELECT t.name FROM sqlite_master AS t JOIN json_each(?) AS kept "
        "WHERE t.type = 'trigger' AND instr(lower(t.sql), kept.value)",
        [json.dumps([OWN_TABLES + each for each in ("enrichments", "runs", "results")])],
    ).fetchone()
    if found is not None:
        raise BadInput(
            f"The trigger {found[0]} of this database meddles with what is kept of runs; drop it "
            "before anything is enriched here."
        )


def _is_shadow(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a full-text or other virtual table keeps its data in this one."""
    rows = connection.execute(f"PRAGMA table_list({quoted(name)})").fetchall()
    return any(row[2] == "shadow" for row in rows)  # SQLite before 3.37 says nothing


def _rowid_name(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> str | None:
    """A name by which this table's rowid can be read, or None."""
    taken = {fold(each) for each in columns}
    for name in _ROWID_NAMES:
        if name not in taken:
            try:
                connection.execute(f"SELECT {name} FROM {quoted(table)} LIMIT 0")  # noqa: S608 -- names are quoted
            except sqlite3.OperationalError:
                return None
            return name
    return None


def _is_rowid_alias(
    connection: sqlite3.Connection, table: str, key: str, rowid: str | None
) -> bool:
    """Whether a key column is the rowid itself, which is never NULL.

    The compiled statement tells: it reads such a column as the rowid.
    """
    if rowid is None:
        return False
    program = connection.execute(
        f"EXPLAIN SELECT {quoted(key)} FROM {quoted(table)} NOT INDEXED"  # noqa: S608 -- names are quoted
    ).fetchall()
    return any(row[1] == "Rowid" for row in program)
