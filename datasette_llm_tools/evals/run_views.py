"""A run's pages and JSON, what its owner tells it, and what is said of an answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from datasette.utils.asgi import Response

from ..errors import BadInput, Conflict
from ..pages import fragment, json_response, posted, render, wants_json
from ..permissions import EVAL, may
from ..questions.addresses import ask_url
from ..questions.views import own_question
from . import links, run_pages, starting, work
from .eval_json import result_json, whole_run_json
from .marking import Mark, mark_answer
from .summaries import Reported
from .values import Suite, Verdict
from .views import start_of, suite_of, told

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.utils.asgi import Request


async def run(request: Request, datasette: Datasette) -> Response:
    """GET /-/evals/SUITE/RUN: how far a run is, and what came of its cases."""
    kept, suite, number, found = await _run(request, datasette)
    if request.args.get("_html") and wants_json(request):
        now = await run_pages.run_now(datasette, request, suite, found)
        html = await fragment(datasette, request, "llm_tools/_eval_live.html", {"now": now})
        told_now = {"status": now.run.status.value, "announced": now.announced, "html": html}
        return json_response({**told_now, "url": now.url})
    if wants_json(request):
        value = await asyncio.to_thread(whole_run_json, datasette, suite, number, found)
        return json_response(value)
    page = await run_pages.run_page(datasette, request, kept, suite, number, found)
    return await render(datasette, request, page)


async def cases(request: Request, datasette: Datasette) -> Response:
    """GET /-/evals/SUITE/RUN/-/cases?verdict=: the cases of a run with what came of them."""
    _, suite, number, found = await _run(request, datasette)
    written = request.args.get("verdict") or ""
    verdicts = {each.value: each for each in Verdict}
    if written and written not in verdicts:
        raise BadInput(f"There is no such verdict; there are {', '.join(verdicts)}.")
    page = run_pages.cases_page(
        datasette, suite, number, found, verdict=verdicts.get(written), start=start_of(request)
    )
    if wants_json(request):
        shown = [result_json(each) for each in page.results]
        return json_response({"cases": shown, "next_url": page.next_url})
    return await render(datasette, request, page)


async def stop(request: Request, datasette: Datasette) -> Response:
    """POST /-/evals/SUITE/RUN/-/stop: stop it at once; what was answered stays."""
    _, suite, _, found = await _run(request, datasette)
    if not found.run.status.is_active:
        raise Conflict(f"The run is {found.run.status.value} already.")
    await work.call_off(datasette, found.run)
    url = links.run_url(datasette, suite.name, found.run.id)
    return told(request, datasette, url, "Stopped.")


async def resume(request: Request, datasette: Datasette) -> Response:
    """POST /-/evals/SUITE/RUN/-/resume: ask the cases that are left."""
    kept, suite, _, found = await _run(request, datasette)
    await starting.resume(datasette, request.actor, kept, suite, found.run)
    url = links.run_url(datasette, suite.name, found.run.id)
    return told(request, datasette, url, "Resumed.")


async def mark(request: Request, datasette: Datasette) -> Response:
    """POST /-/questions/DATABASE/ID/-/right: say that an answer is right, wrong, or nothing."""
    question = await own_question(request, datasette)
    form = await posted(request)
    marks = {each.value: each for each in Mark}
    wanted = marks.get(str(form.get("mark") or "right"))
    if wanted is None:
        raise BadInput(f"`mark` is one of {', '.join(marks)}.")
    suite = str(form["suite"]).strip() if "suite" in form else None
    if suite is None and question.parent_id is None:
        is_allowed = await may(datasette, request.actor, EVAL, question.database)
        suite = question.database if is_allowed else None
    kept_in = await mark_answer(datasette, request.actor, question, wanted, suite)
    said = {
        Mark.RIGHT: f"Kept as a case of the suite {kept_in}." if kept_in else "Marked as right.",
        Mark.WRONG: "Marked as wrong.",
        Mark.NOTHING: "Taken back.",
    }[wanted]
    more = {
        "mark": wanted.value,
        "suite": kept_in,
        "suite_url": links.suite_url(datasette, kept_in) if kept_in else None,
    }
    url = f"{ask_url(datasette, question.database)}/{question.id}"
    return told(request, datasette, url, said, more)


async def _run(request: Request, datasette: Datasette) -> tuple[Database, Suite, int, Reported]:
    """The run of the address, if this actor may use its suite."""
    kept, suite = await suite_of(request, datasette)
    number, found = await run_pages.find_run(datasette, kept, suite, request.url_vars["run"])
    return kept, suite, number, found
