"""What a reader may know of the pair that an answer was taken from: its question only if that is
their own or shared."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from . import store
from .addresses import ask_url
from .contexts import PairView
from .pairs import PairUsed
from .question_access import may_read
from .values import Answer

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor


async def readable_pair(datasette: Datasette, actor: Actor, answer: Answer) -> Answer:
    """The answer, with the pair's question only if this actor may read that."""
    if answer.pair is None or await _question(datasette, actor, answer.pair) is not None:
        return answer
    return replace(answer, pair=PairUsed(None, None))


async def pair_view(
    datasette: Datasette, actor: Actor, question: store.Question
) -> PairView | None:
    """How a page tells of the pair that an answer was taken from."""
    used = question.answer.pair
    if used is None:
        return None
    of = await _question(datasette, actor, used)
    asked_url = ask_url(datasette, question.database)
    if of is None:
        return PairView(None, None, None, False, False, (), asked_url)
    return PairView(
        question=used.question,
        url=f"{asked_url}/{of.id}",
        asked_on=_day(of.created_at),
        is_own=of.actor_id == store.actor_id(actor),
        is_right=bool(of.verified),
        values=used.values,
        ask_url=asked_url,
    )


async def _question(datasette: Datasette, actor: Actor, used: PairUsed) -> store.Question | None:
    """The pair's question, if it is there still and this actor may read it."""
    found = await store.get(datasette, used.question_id) if used.question_id else None
    return found if found is not None and may_read(actor, found) else None


def _day(created_at: str) -> str:
    day = datetime.fromisoformat(created_at)
    return f"{day.day} {day:%B %Y}"
