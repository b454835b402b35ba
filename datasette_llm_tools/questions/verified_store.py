"""What people called right, of questions as they are kept: what others may be answered by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasette.app import Datasette


@dataclass(frozen=True)
class Verified:
    """Of a question that its owner called right, what others are answered by."""

    id: str
    actor_id: str | None
    question: str
    sql: str


async def verified(
    datasette: Datasette, database: str, actor_id: str | None, most: int = 1000
) -> tuple[Verified, ...]:
    """What this person or, of what they shared, others called right, newest first."""
    rows = await datasette.get_internal_database().execute(
        """
        select id, actor_id, question, sql from llm_tools_questions
        where verified = 1 and database_name = :database and sql is not null
          and (shared or actor_id = :actor_id) and parent_id is null
        order by created_at desc limit :most
        """,
        {"database": database, "actor_id": actor_id, "most": most},
    )
    return tuple(Verified(*row) for row in rows.rows)


async def tables_read(
    datasette: Datasette, question_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The tables that the SQL of questions reads, by id, as far as they stand for themselves.

    What was asked of a query that was open, or investigated, means nothing without that.
    """
    rows = await datasette.get_internal_database().execute(
        """
        select id, json_extract(details, '$.tables') as tables from llm_tools_questions
        where id in (select value from json_each(?))
          and json_extract(details, '$.investigation') is null
          and not exists (
            select 1 from json_each(details, '$.calls[0].messages')
            where json_extract(value, '$.role') = 'assistant'
          )
        """,
        [json.dumps(list(question_ids))],
    )
    return {row["id"]: tuple(json.loads(row["tables"] or "[]")) for row in rows.rows}
