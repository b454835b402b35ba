"""Our tables in the internal database, as numbered steps that are only ever appended."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database, Migrations

internal = Migrations("datasette-llm-tools")


@internal(name="0001_questions")
def _questions(db: Database) -> None:
    db["llm_tools_questions"].create(
        {
            "id": str,
            "database_name": str,
            "actor_id": str,
            "parent_id": str,
            "question": str,
            "title": str,
            "status": str,
            "sql": str,
            "answer": str,
            "error": str,
            "model_id": str,
            "shared": int,
            "created_at": str,
            "details": str,
        },
        pk="id",
        not_null={"database_name", "question", "status", "shared", "created_at", "details"},
        defaults={"shared": 0},
    )
    db["llm_tools_questions"].create_index(["actor_id", "created_at"])
    db["llm_tools_questions"].create_index(["parent_id"])


def apply(connection: Any) -> None:
    """Bring the internal database that `connection` writes to up to date."""
    internal.apply(Database(connection))
