"""What a prompt may say of a database, as one actor may see it, as frozen values.

Names, types and keys come from pragmas, never from DDL text: comments in DDL
are somebody's words and would reach the model as instructions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scalar = str | int | float
Kind = Literal["table", "view"]

SAMPLES = 3
SAMPLE_CHARS = 40


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `pk` is its place in the primary key from 1, or 0 if it is no part of it.

    `samples` are distinct values of a text column in the order of its rows, each of at most
    SAMPLE_CHARS: SAMPLES of them, or more where these are all that there are.
    `minimum` and `maximum` are exact, of numbers or ISO dates; both None where unknown.
    """

    name: str
    type: str
    pk: int = 0
    not_null: bool = False
    description: str | None = None
    column_type: str | None = None
    samples: tuple[str, ...] = ()
    minimum: Scalar | None = None
    maximum: Scalar | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of this table that name a row of `other_table`."""

    columns: tuple[str, ...]
    other_table: str
    other_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view. `row_count` is None where counting took too long."""

    name: str
    kind: Kind
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    row_count: int | None = None
    description: str | None = None

    def column(self, name: str) -> Column | None:
        """Return the column of that name as SQLite would match it, or None."""
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables and views of one database that one actor may see.

    `version` is a hash of all the rest: equal versions give equal prompts, and it
    changes when what may be seen or what is said of it changes.
    """

    database: str
    tables: tuple[Table, ...]
    version: str
    description: str | None = None

    def __hash__(self) -> int:
        # Tens of thousands of columns take milliseconds to hash, and the version is a hash already.
        return hash(self.version)

    def table(self, name: str) -> Table | None:
        """Return the table or view of that name as SQLite would match it, or None."""
        return next((each for each in self.tables if each.name.lower() == name.lower()), None)
