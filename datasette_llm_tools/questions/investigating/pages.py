"""How an investigation is shown: each step with its rows and links, then what rests on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import escape

from ...permissions import WIDGET, may
from ..addresses import ask_url, draw_url
from ..result_tables import result_table
from .contexts import ClaimView, InvestigationView, StepView
from .reading import ReadStep
from .values import Claim

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ...schema import Schema
    from ..store import Question


async def investigation_view(
    datasette: Datasette,
    request: Request,
    question: Question,
    steps: list[ReadStep],
    schema: Schema,
) -> InvestigationView | None:
    """The steps that somebody may read, or None where there are none to be had."""
    investigation, database = question.answer.investigation, question.database
    if investigation is None:
        return None
    views = [
        await step_view(datasette, request, database, question.id, each, schema) for each in steps
    ]
    claims = investigation.claims if question.answer.text else ()
    return InvestigationView(
        steps=views,
        most=investigation.most,
        claims=await asyncio.to_thread(_claims, claims, views, question.question),
        draw_url=draw_url(datasette, database),
        may_make=await may(datasette, request.actor, WIDGET, database),
    )


def _claims(claims: tuple[Claim, ...], views: list[StepView], question: str) -> list[ClaimView]:
    """The sentences of an answer; a number leads to the rows of a step that its sentence names."""
    found = []
    for claim in claims:
        html = escape(claim.text)
        for view in views:
            if view.step.number in claim.steps and view.result is not None:
                html = view.result.links.in_words(html, question)
        found.append(ClaimView(html, claim.steps, claim.unfounded))
    return found


async def step_view(
    datasette: Datasette,
    request: Request,
    database: str,
    question_id: str,
    read: ReadStep,
    schema: Schema,
) -> StepView:
    """One step with links for its SQL."""
    sql, table = read.step.sql, None
    if read.result is not None:
        table = await result_table(datasette, request, database, sql or "", read.result, schema)
    address = urlencode({"sql": sql}) if sql else None
    return StepView(
        step=read.step,
        result=table,
        described=read.described,
        refused=read.refused,
        anchor=f"question-{question_id}-step-{read.step.number}",
        query_url=f"{datasette.urls.database(database)}/-/query?{address}" if address else None,
        change_url=f"{ask_url(datasette, database)}?{address}" if address else None,
    )
