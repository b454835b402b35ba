"""What stands in FROM, and the columns of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ...schema import Column, Table
from ...sql_names import fold

Place: TypeAlias = tuple[str, str]  # alias and column, both folded


@dataclass(frozen=True, slots=True)
class Source:
    """What stands in FROM or JOIN; `table` is None for queries inside and common tables.

    `is_plain`: it is a table or one of those, not a function or several joined in parentheses.
    """

    alias: str
    shown: str
    table: Table | None
    join: Any = None
    is_plain: bool = True
    may_be_missing: bool = False

    @property
    def has_key(self) -> bool:
        """Whether a primary key is known, by which one row can be told from others."""
        return self.table is not None and any(each.pk for each in self.table.columns)

    @property
    def kind(self) -> str:
        """How it is joined: inner, left, right, full or cross; empty for the first one."""
        if self.join is None:
            return ""
        side = str(self.join.args.get("side") or "").lower()
        matches = any(self.join.args.get(each) for each in ("on", "using", "method"))
        return side or ("inner" if matches else "cross")


@dataclass(frozen=True, slots=True)
class Named:
    """A column with where it comes from; `column` is None where its table is not known."""

    source: Source
    name: str
    column: Column | None

    @property
    def place(self) -> Place:
        return self.source.alias, fold(self.name)

    @property
    def may_be_null(self) -> bool:
        """Whether its table lets it be empty; False where that is not known."""
        table, column = self.source.table, self.column
        if table is None or column is None or table.kind != "table":
            return False
        return not column.not_null and not column.pk

    @property
    def has_value(self) -> bool:
        """Whether it is never empty; False where that is not known."""
        table = self.source.table
        is_known = table is not None and table.kind == "table" and self.column is not None
        return is_known and not self.may_be_null and not self.source.may_be_missing

    @property
    def affinity(self) -> str:
        """text, number or nothing, by its declared type (sqlite.org/datatype3.html, 3.1)."""
        declared = self.column.type.upper() if self.column and self.source.table else ""
        if self.source.table is None or self.source.table.kind != "table":
            return ""
        if "INT" in declared:
            return "integer"
        if any(each in declared for each in ("CHAR", "CLOB", "TEXT")):
            return "text"
        return "number" if any(each in declared for each in ("REAL", "FLOA", "DOUB")) else ""
