"""Two tables that a foreign key joins, one with a space in its name; for tests of links."""

from __future__ import annotations

from datasette_llm_tools.schema import Column, ForeignKey, Table

AIRLINES = Table("air lines", "table", (Column("carrier", "TEXT", 1), Column("name", "TEXT")))
FLIGHTS = Table(
    "flights",
    "table",
    (Column("id", "INTEGER", 1), Column("carrier", "TEXT"), Column("delay", "INTEGER")),
    (ForeignKey(("carrier",), "air lines", ("carrier",)),),
)
