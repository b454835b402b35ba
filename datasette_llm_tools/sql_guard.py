"""May this SQL run for this actor? SQLite's own authorizer decides, on a connection of our own.

Standard library only: query_worker.py loads this file without the package.
What a view or a full-text table reads for itself may be hidden from the actor. SQLite
does not say reliably who reads (a CTE can take a view's name), so such a table is readable
only while the statement does not spell its name: then a view alone can have named it.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

MAX_SQL_BYTES = 20_000

T = TypeVar("T")


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


FUNCTIONS = frozenset(
    """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat
    concat_ws cos cosh count cume_dist current_date current_time current_timestamp date datetime
    degrees dense_rank exp first_value floor format glob group_concat hex highlight if ifnull iif
    instr json json_array json_array_length json_error_position json_extract json_group_array
    json_group_object json_insert json_object json_patch json_pretty json_quote json_remove
    json_replace json_set json_type json_valid julianday lag last_value lead length like
    likelihood likely ln log log10 log2 lower ltrim match matchinfo max median min mod nth_value
    ntile nullif octet_length offsets percent_rank percentile percentile_cont percentile_disc pi
    pow power printf quote radians random rank replace round row_number rtrim sign sin sinh
    snippet soundex sqrt strftime string_agg substr substring sum tan tanh time timediff total
    trim trunc typeof unhex unicode unixepoch unlikely upper
    """.split()  # noqa: SIM905 - ninety quoted words are harder to read
)
TABLE_FUNCTIONS = ("json_each", "json_tree")

_FIRST_WORDS = ("SELECT", "WITH", "VALUES")
_BEFORE_FIRST_WORD = re.compile(r"(?:[\s\ufeff]|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_WRITES = {
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
}
# The tables in which full-text and R-tree modules keep what they know.
_SHADOWS = (
    "data idx content docsize config segments segdir stat node parent rowid".split()  # noqa: SIM905 - reads better as words
)
_SELECT_ALL = "SELECT * FROM {}"
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
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_QUOTES_AND_SPACE = re.compile(r"[\s\"'`\[\]]+")
_NAME_CHARACTER = "[0-9A-Za-z_$\x80-\U0010ffff]"


def fold(name: str) -> str:
    """Lower-case a name as SQLite compares names: ASCII letters only."""
    return name.translate(_ASCII_LOWER)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def database_uri(path: str, immutable: bool) -> str:
    """The `file:` URI that opens exactly this file for reading, whatever its name contains."""
    full = os.fsencode(os.path.abspath(path))  # noqa: PTH100 - pathlib costs the worker 10 ms
    if os.sep == "\\":
        full = b"/" + full.replace(b"\\", b"/")
    plain = b"/:-_.~"
    escaped = "".join(
        chr(byte) if (byte < 128 and chr(byte).isalnum()) or byte in plain else f"%{byte:02X}"
        for byte in full
    )
    return f"file://{escaped}?{'immutable=1' if immutable else 'mode=ro'}"


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
    if first not in _FIRST_WORDS:
        return _only_select(first)
    return None


def _only_select(word: str) -> Rejected:
    return Rejected(f"Only a single SELECT may run here, not {word[:40]}.", word[:40])


def _hidden_table(name: str) -> Rejected:
    return Rejected(f"The table {name} is not one you may see.", name)


def _plain(text: str) -> str:
    """Text without its quoting, so that every way to write one name looks the same."""
    return _QUOTES_AND_SPACE.sub(" ", fold(text))


def _spells(plain_sql: str, name: str) -> bool:
    """Whether a statement, made plain, may name a table; says yes when in doubt."""
    wanted = _plain(name).strip()
    if wanted not in plain_sql:
        return False
    edges = f"(?<!{_NAME_CHARACTER}){re.escape(wanted)}(?!{_NAME_CHARACTER})"
    return re.search(edges, plain_sql) is not None


class Guard:
    """A read-only connection to one database file on which only allowed statements run.

    `tables` are the names that the actor may see. Raises sqlite3.Error when the file
    cannot be opened as a database.
    """

    def __init__(self, path: str, *, immutable: bool, tables: Collection[str]) -> None:
        self._visible = {fold(name) for name in tables}
        self._statements = count()
        self._plain_sql: str | None = None  # None: the statement is our own
        self._seen: set[str] = set()
        self._columns: set[tuple[str, str]] = set()
        self._rejected: Rejected | None = None
        self._schema_version: int | None = None
        self.deadline = float("inf")  # by time.perf_counter(); "interrupted" is raised then
        self.connection = sqlite3.connect(
            database_uri(path, immutable),
            uri=True,
            timeout=2.0,
            isolation_level=None,
            cached_statements=0,
        )
        self.connection.text_factory = lambda raw: str(raw, "utf-8", "replace")
        self._default_limits = self._read_limits()
        for pragma in (
            "query_only=1",
            "trusted_schema=0",
            "cell_size_check=1",
            "mmap_size=0",
            "temp_store=2",  # a large sort must meet the memory limit, not fill the disk
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        if not self._default_limits:
            bound_printf(self.connection)
        self.connection.set_authorizer(self._authorize)
        self.connection.set_progress_handler(self._is_late, 5000)

    def close(self) -> None:
        self.connection.close()

    def judge(self, sql: str, params: Mapping[str, Any] | None = None) -> Allowed | Rejected:
        """Compile a statement without running it. Raises sqlite3.Error when it is faulty."""
        outcome: tuple[Allowed, list[None]] | Rejected = self._run(sql, params or {}, None)
        return outcome if isinstance(outcome, Rejected) else outcome[0]

    def run(
        self, sql: str, params: Mapping[str, Any], take: Callable[[sqlite3.Cursor], T]
    ) -> tuple[Allowed, T] | Rejected:
        """Run one statement and return what `take` made of its cursor, or the rejection.

        Raises sqlite3.Error with SQLite's own message, and MemoryError.
        """
        outcome = self._run(sql, params, take)
        if isinstance(outcome, Rejected):
            return outcome
        return outcome[0], outcome[1][0]

    def _run(
        self, sql: str, params: Mapping[str, Any], take: Callable[[sqlite3.Cursor], T] | None
    ) -> tuple[Allowed, list[T]] | Rejected:
        """Judge a statement and, with `take`, run it; the list holds what was taken."""
        if rejected := check_text(sql):
            return rejected
        self._rejected = None
        taken: list[T] = []
        # One transaction: the schema that is studied is the schema that is read, and no
        # writer's lock can cut a study short.
        self.connection.execute("BEGIN")
        try:
            self._study_if_changed()
            self._begin_judging(sql)
            self._judge_program(self._execute("EXPLAIN " + sql, params))
            if take is not None and self._rejected is None:
                cursor = self._execute(sql, params)
                taken.append(take(cursor))
                cursor.close()
            return self._rejected or (self._allowed_now(), taken)
        except (sqlite3.Error, sqlite3.Warning) as error:
            if rejected := self._rejection_behind(error):
                return rejected
            raise
        finally:
            self._plain_sql = None
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def _execute(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        # sqlite3 in Python 3.10 reuses compiled statements, past the authorizer, whatever
        # it is told: a number makes each one new.
        return self.connection.execute(f"/*{next(self._statements)}*/{sql}", params)

    def _judge_program(self, program: Iterable[tuple[Any, ...]]) -> None:
        """Check the tables that a compiled statement opens.

        The authorizer is not enough: SQLite (3.40 at least) does not ask it about the
        columns that NATURAL and USING compare.
        """
        for _, opcode, _, root, *_ in program:
            if opcode in ("OpenRead", "ReopenIdx", "OpenWrite"):
                opened = self._roots.get(root, "sqlite_master")
                self._rejected = self._rejected or self._object_to_table(opened, "")
        # Nothing in a program names a virtual table, so the statement must not either.
        for name in self._hidden_virtual:
            if _spells(self._plain_sql or "", name):
                self._rejected = self._rejected or _hidden_table(name)

    def _rejection_behind(self, error: Exception) -> Rejected | None:
        """The rejection that made SQLite fail, or that keeps its message from telling too much."""
        if "one statement at a time" in str(error):
            return Rejected("Only one statement may run at a time.", None)
        if self._rejected or self._plain_sql is None or "interrupted" in str(error):
            return self._rejected
        # Names are resolved before the authorizer is asked: "no such column" would
        # tell which columns a hidden table has.
        for key, name in self._relations.items():
            if key not in self._allowed and _spells(self._plain_sql, name):
                return _hidden_table(name)
        return None

    def _is_late(self) -> bool:
        # Never while studying: half a study would be kept.
        return self._plain_sql is not None and time.perf_counter() > self.deadline

    def _begin_judging(self, sql: str) -> None:
        self._plain_sql = _plain(sql)
        self._seen = set()
        self._columns = set()

    def _allowed_now(self) -> Allowed:
        named = {
            key: name
            for key, name in self._allowed.items()
            if key in self._seen and _spells(self._plain_sql or "", name)
        }
        columns = {(named[key], column) for key, column in self._columns if key in named}
        return Allowed(frozenset(named.values()), frozenset(columns))

    def _authorize(
        self, action: int, first: str | None, second: str | None, _: str | None, via: str | None
    ) -> int:
        if self._plain_sql is None:
            self._seen |= {fold(name) for name in (via, first) if name}
            return sqlite3.SQLITE_OK
        rejected = self._objection(action, first or "", second or "", via)
        if rejected is None:
            return sqlite3.SQLITE_OK
        self._rejected = self._rejected or rejected
        return sqlite3.SQLITE_DENY

    def _objection(self, action: int, first: str, second: str, via: str | None) -> Rejected | None:
        if via and fold(via) in self._views and (hidden := self._object_to_table(via, "")):
            return hidden
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return None
        if action == sqlite3.SQLITE_READ:
            return self._object_to_table(first, second)
        if action == sqlite3.SQLITE_FUNCTION:
            if fold(second) in FUNCTIONS:
                return None
            return Rejected(f"The function {second} is not allowed in questions.", second)
        plain_sql = self._plain_sql or ""
        # Full-text tables ask this for themselves; nobody else may.
        if action == sqlite3.SQLITE_PRAGMA and first == "data_version" and first not in plain_sql:
            return None
        if first == "sqlite_master":
            # Connecting a table-valued function looks like a write to sqlite_master.
            function = re.search(
                r"\b(pragma_\w+|dbstat|sqlite_\w+|bytecode|tables_used)", plain_sql
            )
            if function:
                return _hidden_table(function.group())
        return _only_select(_WRITES.get(action, "a statement that changes something"))

    def _object_to_table(self, name: str, column: str) -> Rejected | None:
        key = fold(name)
        self._seen.add(key)
        if key in self._allowed:
            if column:
                self._columns.add((key, column))
            return None
        if key in self._relations:
            if key in self._read_within and not _spells(self._plain_sql or "", name):
                return None
        elif key in TABLE_FUNCTIONS or (not column and not key.startswith("sqlite_")):
            return None  # without a column and not in the schema: a CTE
        return _hidden_table(name)

    def _study_if_changed(self) -> None:
        (version,) = self.connection.execute("PRAGMA schema_version").fetchone()
        if version != self._schema_version:
            self._study()

    def _study(self) -> None:
        """Learn which tables there are and what allowed views and virtual tables read.

        Each virtual table is touched here, because connecting one looks like a write.
        """
        self._set_limits(self._default_limits)  # wide tables and long DDL must load
        (self._schema_version,) = self.connection.execute("PRAGMA schema_version").fetchone()
        schema = self.connection.execute(
            "SELECT name, type, tbl_name, rootpage FROM sqlite_master WHERE type != 'trigger'"
        ).fetchall()
        self._roots = {root: table for _, _, table, root in schema if root}
        self._relations = {fold(name): name for name, kind, *_ in schema if kind != "index"}
        self._views = {fold(name) for name, kind, *_ in schema if kind == "view"}
        virtual = {fold(name) for name, kind, _, root in schema if kind == "table" and not root}
        shadows = {
            name: {f"{name}_{suffix}" for suffix in _SHADOWS} & self._relations.keys()
            for name in virtual
        }
        inner = set().union(*shadows.values())
        reads = {
            name: self._reads(_SELECT_ALL.format(quoted(self._relations[name])) + " LIMIT 1")
            for name in virtual
        }
        allowed = {
            name
            for name in self._visible & self._relations.keys()
            if name not in inner and not name.startswith("sqlite_")
        }
        # An index over a table that is hidden would tell its words.
        while leaking := {
            name for name in allowed & virtual if reads[name] - {name} - shadows[name] - allowed
        }:
            allowed -= leaking
        within = set().union(*(shadows[name] for name in allowed & virtual))
        for name in allowed & self._views:
            read = self._asked_by("EXPLAIN " + _SELECT_ALL.format(quoted(self._relations[name])))
            within |= read.union(*(reads[each] | shadows[each] for each in read & virtual))
        self._allowed = {name: self._relations[name] for name in allowed}
        self._read_within = within
        self._hidden_virtual = [self._relations[name] for name in virtual - allowed]
        for function in TABLE_FUNCTIONS:
            self._reads(_SELECT_ALL.format(f"{function}('[]')"))
        self._set_limits(self._strict_limits())

    def _reads(self, sql: str) -> set[str]:
        """The tables that a virtual table reads by itself when a statement runs over it."""
        self._asked_by("EXPLAIN " + sql)  # connects it, which looks like a use of sqlite_master
        return self._asked_by(sql)

    def _asked_by(self, sql: str) -> set[str]:
        """The tables and views that SQLite asked about while it ran a statement of ours."""
        self._seen = set()
        try:
            self.connection.execute(sql).fetchone()
        except sqlite3.Error:
            return {"sqlite_master"}  # broken, or its module is missing
        return self._seen & (self._relations.keys() | {"sqlite_master"})

    def _read_limits(self) -> dict[str, int]:
        if not hasattr(self.connection, "getlimit"):
            return {}
        return {name: self.connection.getlimit(getattr(sqlite3, name)) for name in _LIMITS}

    def _strict_limits(self) -> dict[str, int]:
        (widest,) = self.connection.execute(
            "SELECT max(columns) FROM (SELECT count(*) AS columns FROM sqlite_master AS m,"
            " pragma_table_info(m.name) WHERE m.type = 'table' AND m.rootpage GROUP BY m.name)"
        ).fetchone()
        return {**_LIMITS, "SQLITE_LIMIT_COLUMN": max(_MIN_COLUMNS, widest or 0)}

    def _set_limits(self, limits: Mapping[str, int]) -> None:
        if self._default_limits:
            for name, value in limits.items():
                self.connection.setlimit(getattr(sqlite3, name), value)


def bound_printf(connection: sqlite3.Connection) -> None:
    """Replace printf and format by ones that refuse widths over three digits.

    Only where Python has no setlimit, which bounds the built-in ones: a replaced function
    is one that views may not call under trusted_schema=0.
    """
    inner = sqlite3.connect(":memory:")

    def bounded(*args: Any) -> Any:
        if args and re.search(r"%[^%a-zA-Z]*(\*|\d{4})", str(args[0])):
            raise ValueError("printf: widths of four digits and * are not allowed")
        marks = ",".join("?" * len(args))
        return inner.execute(f"SELECT printf({marks})", args).fetchone()[0]

    for name in ("printf", "format"):
        connection.create_function(name, -1, bounded, deterministic=True)
