"""Enrichments: what is asked of the rows of a table, in the database that the answers go to."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...migrations import enriched
from ..values import Enrichment, Specification
from .fitting import readable
from .own_tables import now, read, write
from .records import ENRICHMENT_COLUMNS, enrichment_of
from .records import to_json as as_json
from .tables import require_target

if TYPE_CHECKING:
    from datasette.app import Datasette


async def create_enrichment(
    datasette: Datasette,
    database: str,
    table: str,
    name: str,
    specification: Specification,
    actor: Mapping[str, Any] | None,
) -> Enrichment:
    """Keep a specification for a table; our tables are made in its database with the first one.

    Raises BadInput for a table that cannot be enriched, TableGone, DatabaseLocked, RunPaused.
    """
    target = await require_target(datasette, database, table)
    known = (actor or {}).get("id")
    made = Enrichment(
        id=secrets.token_hex(12),
        database=database,
        table=target.name,
        name=name,
        specification=specification,
        actor_id=None if known is None else str(known),
        created_at=now(),
    )

    def change(connection: sqlite3.Connection) -> None:
        enriched.apply(connection)
        connection.execute(
            "INSERT INTO _llm_tools_enrichments "
            "(id, table_name, name, specification, actor_id, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                made.id,
                made.table,
                made.name,
                as_json(specification),
                made.actor_id,
                made.created_at,
            ],
        )

    await write(datasette, database, change)
    return made


async def get_enrichment(
    datasette: Datasette, database: str, enrichment_id: str
) -> Enrichment | None:
    """The enrichment of that id, or None."""

    def ask(connection: sqlite3.Connection) -> Enrichment | None:
        row = connection.execute(
            f"SELECT {ENRICHMENT_COLUMNS} FROM _llm_tools_enrichments AS e WHERE e.id = ?",
            [enrichment_id],
        ).fetchone()
        return enrichment_of(row, database) if row else None

    return await read(datasette, database, ask, None)


async def enrichments(
    datasette: Datasette, database: str, table: str | None = None
) -> tuple[Enrichment, ...]:
    """The enrichments of a database, or of one table in it, newest first."""

    def ask(connection: sqlite3.Connection) -> tuple[Enrichment, ...]:
        rows = connection.execute(
            f"SELECT {ENRICHMENT_COLUMNS} FROM _llm_tools_enrichments AS e "
            "WHERE ?1 IS NULL OR e.table_name = ?1 COLLATE NOCASE ORDER BY e.rowid DESC",
            [table],
        )
        return tuple(readable(rows, lambda row: enrichment_of(row, database)))

    return await read(datasette, database, ask, ())
