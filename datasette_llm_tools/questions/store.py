"""Questions and answers in the internal database: with `verified_store` the only SQL over them.

Rows of results are not kept: they are read again, as the reader, when a page
is opened, so that nobody sees through history what they may not see today.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .kept_answers import kept_details, with_details
from .values import Answer, Status

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

_COLUMNS = (
    "id, database_name, actor_id, parent_id, question, title, status, sql, answer, error, "
    "model_id, shared, created_at, details, verified"
)


@dataclass(frozen=True)
class Question:
    """A question that was asked. `id` is unguessable; `created_at` is ISO 8601 in UTC.

    `verified` is what its owner said of the SQL as it is: right, wrong, or nothing.
    """

    id: str
    database: str
    actor_id: str | None
    question: str
    created_at: str
    answer: Answer
    parent_id: str | None = None
    title: str | None = None
    shared: bool = False
    verified: bool | None = None

    @property
    def name(self) -> str:
        """What lists call it."""
        return self.title or self.question


@dataclass(frozen=True)
class History:
    """One page of questions, newest first. `next` continues it, None at the end."""

    questions: tuple[Question, ...]
    next: str | None


def actor_id(actor: Actor) -> str | None:
    """Who somebody is, as it is stored with what they ask; None for a visitor."""
    known = (actor or {}).get("id")
    return None if known is None else str(known)


def new_question(
    *,
    database: str,
    actor_id: str | None,
    question: str,
    parent_id: str | None,
    model_id: str,
) -> Question:
    """A question that nothing has been done about yet."""
    return Question(
        id=secrets.token_hex(12),
        database=database,
        actor_id=actor_id,
        question=question,
        created_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        parent_id=parent_id,
        answer=Answer(model_id=model_id),
    )


async def begin(datasette: Datasette, new: Question) -> None:
    """Write down a question that is being answered."""
    await datasette.get_internal_database().execute_write(
        """
        insert into llm_tools_questions
            (id, database_name, actor_id, parent_id, question, status, model_id, created_at,
             shared, details)
        values (?, ?, ?, ?, ?, ?, ?, ?, 0, '{}')
        """,
        [
            new.id,
            new.database,
            new.actor_id,
            new.parent_id,
            new.question,
            Status.RUNNING.value,
            new.answer.model_id,
            new.created_at,
        ],
    )


async def save_answer(datasette: Datasette, question_id: str, answer: Answer) -> None:
    """Keep the answer of a question, over any that was there.

    Whether it was said to be right or wrong is forgotten where the SQL is another.
    """
    await datasette.get_internal_database().execute_write(
        """
        update llm_tools_questions
        set verified = case when sql is ? then verified end,
            status = ?, sql = ?, answer = ?, error = ?, model_id = ?, details = ?
        where id = ?
        """,
        [
            answer.sql,
            answer.status.value,
            answer.sql,
            answer.text,
            answer.error,
            answer.model_id,
            kept_details(answer),
            question_id,
        ],
    )


async def get(datasette: Datasette, question_id: str) -> Question | None:
    """The question of that id, or None."""
    rows = await datasette.get_internal_database().execute(
        f"select {_COLUMNS} from llm_tools_questions where id = ?",
        [question_id],
    )
    row = rows.first()
    return _question(row) if row else None


def without_prompts(question: Question) -> Question:
    """The question as somebody else may read it: prompts hold the schema as its owner sees it."""
    calls = tuple(replace(call, messages=(), reply="") for call in question.answer.calls)
    return replace(question, answer=replace(question.answer, calls=calls))


async def thread(datasette: Datasette, question: Question, limit: int = 6) -> list[Question]:
    """The questions that this one follows up, oldest first, and itself last."""
    found = [question]
    while found[0].parent_id and len(found) < limit:
        parent = await get(datasette, found[0].parent_id)
        if parent is None or parent.actor_id != question.actor_id:
            break
        found.insert(0, parent)
    return found


async def history(
    datasette: Datasette,
    actor_id: str,
    *,
    database: str | None = None,
    search: str = "",
    after: str | None = None,
    size: int = 20,
) -> History:
    """A person's own questions, newest first. `after` is the `next` of the page before."""
    created, _, last_id = (after or "").partition("~")
    rows = await datasette.get_internal_database().execute(
        f"""
        select {_COLUMNS} from llm_tools_questions
        where actor_id = :actor_id
          and (:database is null or database_name = :database)
          and (:search = '' or question like :like escape '\\' or title like :like escape '\\'
               or sql like :like escape '\\' or answer like :like escape '\\')
          and (:created = '' or (created_at, id) < (:created, :last_id))
        order by created_at desc, id desc limit :size
        """,
        {
            "actor_id": actor_id,
            "database": database,
            "search": search,
            "like": "%" + _escape_like(search) + "%",
            "created": created,
            "last_id": last_id,
            "size": size + 1,
        },
    )
    found = [_question(row) for row in rows.rows]
    more = len(found) > size
    found = found[:size]
    return History(tuple(found), f"{found[-1].created_at}~{found[-1].id}" if more else None)


async def rename(datasette: Datasette, question_id: str, title: str) -> None:
    """Give a question another name in lists; an empty one brings the question back."""
    await datasette.get_internal_database().execute_write(
        "update llm_tools_questions set title = ? where id = ?",
        [title.strip()[:200] or None, question_id],
    )


async def share(datasette: Datasette, question_id: str, shared: bool) -> None:
    """Let everybody who may ask this database read the question, or nobody else."""
    await datasette.get_internal_database().execute_write(
        "update llm_tools_questions set shared = ? where id = ?", [int(shared), question_id]
    )


async def mark(datasette: Datasette, question_id: str, verified: bool | None) -> None:
    """Keep what the owner says of the answer as it is: right, wrong, or nothing any more."""
    value = None if verified is None else int(verified)
    await datasette.get_internal_database().execute_write(
        "update llm_tools_questions set verified = ? where id = ?", [value, question_id]
    )


async def delete(datasette: Datasette, question_id: str) -> None:
    """Forget a question; its follow-ups stay and stand for themselves."""
    await datasette.get_internal_database().execute_write(
        "delete from llm_tools_questions where id = ?", [question_id]
    )


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _question(row: Any) -> Question:
    answer = Answer(
        status=Status(row["status"]),
        sql=row["sql"],
        text=row["answer"],
        error=row["error"],
        model_id=row["model_id"],
    )
    return Question(
        id=row["id"],
        database=row["database_name"],
        actor_id=row["actor_id"],
        question=row["question"],
        created_at=row["created_at"],
        parent_id=row["parent_id"],
        title=row["title"],
        shared=bool(row["shared"]),
        verified=None if row["verified"] is None else bool(row["verified"]),
        answer=with_details(answer, row["details"]),
    )
