"""What the person who asked says of an answer, and the case that comes of it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ..errors import BadInput, NotAllowed, NotFound
from ..permissions import EVAL, Actor, require
from ..questions import store as questions
from ..questions.values import Status
from . import access, store
from .values import Case

if TYPE_CHECKING:
    from datasette.app import Datasette

MOST_NAME = 100


class Mark(str, Enum):
    """What may be said of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    NOTHING = "nothing"  # whatever was said is taken back


_VERIFIED = {Mark.RIGHT: True, Mark.WRONG: False, Mark.NOTHING: None}


def suite_name(written: str) -> str:
    """A name that a suite may have. Raises BadInput."""
    name = " ".join(written.split())
    if not name or len(name) > MOST_NAME:
        raise BadInput(f"A suite needs a name of at most {MOST_NAME} characters.")
    return name


async def mark_answer(
    datasette: Datasette,
    actor: Actor,
    question: questions.Question,
    mark: Mark,
    suite: str | None,
) -> str | None:
    """Keep what is said of an answer. A right one becomes a case of `suite`, if one is named.

    The SQL counts as it is now, by whomever it was written. What is said otherwise takes the case
    out of every suite that the actor may change. Returns the suite that it is in now. Raises
    BadInput for what has no rows, and what `require` raises for a suite.
    """
    if mark is not Mark.NOTHING and question.answer.status is not Status.ANSWERED:
        raise BadInput("Only an answer with rows can be said to be right or wrong.")
    if question.answer.investigation is not None:
        raise BadInput("An investigation has several statements: none of them is the right one.")
    name = suite_name(suite) if mark is Mark.RIGHT and suite else None
    if name is not None:
        await require(datasette, actor, EVAL, question.database)
        await _keep(datasette, actor, question, name)
    elif mark is not Mark.RIGHT:
        await _drop(datasette, actor, question)
    await questions.mark(datasette, question.id, _VERIFIED[mark])
    return name


async def _keep(
    datasette: Datasette, actor: Actor, question: questions.Question, name: str
) -> None:
    if question.parent_id is not None:
        raise BadInput(
            "A follow-up cannot be asked by itself, as a suite asks it: ask it anew in one "
            "sentence, or empty the name of the suite."
        )
    kept = await store.opened(datasette)
    if name in await store.suite_names(kept):
        there = await store.suite_of(kept, name)
        if not await access.may_use(datasette, actor, there):
            raise NotAllowed(f"The suite {name} is not yours to change: write another name.")
    sql = question.answer.sql or ""
    case = Case(question.id, question.question, question.database, (sql,))
    await store.add_case(kept, name, case)


async def _drop(datasette: Datasette, actor: Actor, question: questions.Question) -> None:
    if not store.is_there(datasette):
        return
    kept = await store.opened(datasette)
    for name in await store.suites_with(kept, question.id):
        try:
            await access.require_suite(datasette, actor, name)
        except (NotAllowed, NotFound):
            continue
        await store.drop_case(kept, name, question.id)
