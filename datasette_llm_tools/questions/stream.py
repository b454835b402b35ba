"""A question's events as they go to the browser; docs/api.md lists them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ..errors import LlmToolsError
from ..pages import fragment
from . import pages
from .addresses import ask_url
from .agreeing.sentences import so_far
from .asking import Asking, warm
from .investigating.stream import investigated
from .investigating.values import (
    InvestigationEvent,
    InvestigationStepBegan,
    InvestigationStepEnded,
    InvestigationWritten,
)
from .result_tables import result_table
from .session import Session
from .values import (
    AttemptEnded,
    Event,
    Finished,
    RowsFound,
    SqlWritten,
    StepBegan,
    VotesCounted,
    WordsWritten,
)

if TYPE_CHECKING:
    from datasette.utils.asgi import Request

Stream = AsyncGenerator[tuple[str, Mapping[str, Any]], None]


async def answering(request: Request, session: Session) -> Stream:
    """Answer, and end with the whole article as HTML."""
    datasette, stored = session.asking.datasette, session.question
    url = ask_url(datasette, stored.database) + f"/{stored.id}"
    model = session.asking.model.model_id
    async with session, aclosing(session.events()) as events:
        yield "question", {"id": stored.id, "url": url, "question": stored.question, "model": model}
        async for event in events:
            if not isinstance(event, Finished):
                yield await _as_sent(request, session, event)
    stored = session.question
    block = await pages.block(
        datasette, request, stored, session.asking.schema, stored.answer.result
    )
    html = await pages.block_html(datasette, request, block)
    yield "done", {"status": stored.answer.status.value, "error": stored.answer.error, "html": html}


async def _as_sent(
    request: Request, session: Session, event: Event | InvestigationEvent
) -> tuple[str, Mapping[str, Any]]:
    match event:
        case InvestigationStepBegan() | InvestigationWritten() | InvestigationStepEnded():
            return await investigated(request, session.asking, session.question.id, event)
        case StepBegan(step):
            return "status", {"step": step.name.lower(), "message": step.value}
        case SqlWritten(attempt, delta):
            return "sql", {"attempt": attempt, "delta": delta}
        case AttemptEnded(attempt, outcome):
            return "attempt", {"attempt": attempt, "sql": outcome.sql, "error": outcome.error}
        case VotesCounted(agreement):
            asked, votes, message = agreement.asked, agreement.votes, so_far(agreement)
            return "votes", {"asked": asked, "votes": votes, "message": message}
        case WordsWritten(delta):
            return "words", {"delta": delta}
        case RowsFound(sql, result):
            asking = session.asking
            table = await result_table(
                asking.datasette, request, asking.database, sql, result, asking.schema
            )
            html = await fragment(
                asking.datasette, request, "llm_tools/_rows.html", {"result": table}
            )
            return "rows", {"html": html, "count": len(result.rows), "truncated": result.truncated}
    raise AssertionError(event)


async def warming(asking: Asking) -> Stream:
    """Load the model and let it read the schema; a model that keeps nothing is ready at once."""
    if asking.model.info.keeps_prefix:
        yield "status", {"message": f"{asking.model.model_id} is reading the schema"}
        try:
            await warm(asking)
        except LlmToolsError as error:
            yield "error", {"message": error.message}
            return
    yield "ready", {"model": asking.model.model_id}
