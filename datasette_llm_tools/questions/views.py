"""The pages and JSON of questions: parse, ask for permission, call one function, render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datasette.utils import tilde_decode
from datasette.utils.asgi import Response

from ..errors import BadInput, LlmToolsError, NotAllowed, NotFound
from ..leaving import EventStream, unless_left
from ..pages import (
    json_response,
    posted,
    render,
    wants_events,
    wants_json,
)
from ..permissions import ASK, require, visible_tables
from ..queries import run_query
from ..schema_reading import read_schema
from ..settings import read_settings
from . import pages, store, stream
from .addresses import ask_url
from .agreeing.reading import readable, without_agreement
from .asking import prepare
from .investigating.planned import investigating
from .investigating.reading import investigation_json, just_read, read_investigation
from .pair_reading import readable_pair
from .question_access import may_read, readable_question
from .session import Session, rerun
from .values import (
    Previous,
    Status,
    answer_json,
)

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..schema import Schema

MAX_QUESTION_CHARACTERS = 2000


async def home(request: Request, datasette: Datasette) -> Response:
    """GET /-/questions: databases to ask, and the actor's own questions."""
    page = await pages.home_page(datasette, request)
    if not page.databases and not page.upload:
        who = "You need" if request.actor else "Sign in: you need"
        raise NotAllowed(f"{who} the permission {ASK} on a database to ask questions.")
    if wants_json(request):
        return _history_json(datasette, page.history, databases=page.databases)
    return await render(datasette, request, page)


async def ask(request: Request, datasette: Datasette) -> Any:
    """GET /-/questions/DATABASE: the page to ask on. POST: a question."""
    database = await _database(request, datasette)
    if request.method == "POST":
        return await _answer(request, datasette, database)
    in_words = read_settings(datasette, database).answer_in_words
    page = await pages.ask_page(datasette, request, database, in_words=in_words)
    if wants_json(request):
        models = [model.model_id for model in page.models]
        return _history_json(datasette, page.history, models=models, starters=page.starters)
    return await render(datasette, request, page)


async def question(request: Request, datasette: Datasette) -> Response:
    """GET /-/questions/DATABASE/ID: a question with its answer, rows read as the reader."""
    found = await _readable(request, datasette)
    if wants_json(request):
        return await _question_json(request, datasette, found)
    in_words = read_settings(datasette, found.database).answer_in_words
    page = await pages.question_page(datasette, request, found, in_words=in_words)
    return await render(datasette, request, page)


async def run(request: Request, datasette: Datasette) -> Response:
    """POST /-/questions/DATABASE/ID/-/run: SQL that a person edited, without a model."""
    found = await own_question(request, datasette)
    if found.answer.investigation is not None:
        raise BadInput("An investigation keeps its statements; edit one in Datasette instead.")
    sql = str((await posted(request)).get("sql") or "").strip()
    if not sql:
        raise BadInput("There is no SQL to run; write a SELECT statement.")
    changed, result = await unless_left(request, rerun(datasette, request.actor, found, sql))
    if not wants_json(request):
        return _to(datasette, changed)
    schema = await read_schema(datasette, found.database, request.actor)
    block = await pages.block(datasette, request, changed, schema, result)
    answer = replace(changed.answer, result=result)
    answer = await readable(datasette, request.actor, found.database, answer, result)
    html = await pages.block_html(datasette, request, block)
    told = answer_json(changed.question, answer, block.explanation, block.nothing_found)
    return json_response({**told, "html": html})


async def rename(request: Request, datasette: Datasette) -> Response:
    """POST /-/questions/DATABASE/ID/-/rename: another name in lists."""
    found = await own_question(request, datasette)
    await store.rename(datasette, found.id, str((await posted(request)).get("title") or ""))
    return await _changed(request, datasette, found)


async def share(request: Request, datasette: Datasette) -> Response:
    """POST /-/questions/DATABASE/ID/-/share: readable by all who may ask, or by nobody else."""
    found = await own_question(request, datasette)
    shared = str((await posted(request)).get("shared", "")).lower() in ("1", "true", "on")
    await store.share(datasette, found.id, shared)
    return await _changed(request, datasette, found)


async def delete(request: Request, datasette: Datasette) -> Response:
    """POST /-/questions/DATABASE/ID/-/delete: forget it."""
    found = await own_question(request, datasette)
    await store.delete(datasette, found.id)
    if wants_json(request):
        return json_response({"deleted": found.id})
    datasette.add_message(request, "The question was deleted.", datasette.INFO)
    return Response.redirect(ask_url(datasette, found.database))


async def warm_up(request: Request, datasette: Datasette) -> Any:
    """POST /-/questions/DATABASE/-/warm: load the model, let it read the schema; as events."""
    database = await _database(request, datasette)
    asking = await prepare(datasette, request.actor, database, "", model_id=_model(request.args))
    return EventStream(request, stream.warming(asking))


async def _answer(request: Request, datasette: Datasette, database: str) -> Any:
    """Ask, and answer as events, as JSON, or by sending a browser to the question's page."""
    form = await posted(request)
    text = str(form.get("question") or "").strip()
    if not text:
        raise BadInput("The question is empty; write what you want to know.")
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise BadInput(f"A question may have {MAX_QUESTION_CHARACTERS} characters at most.")
    parent, previous = await _previous(request, datasette, database, form)
    asking = await prepare(
        datasette,
        request.actor,
        database,
        text,
        model_id=_model(form),
        previous=previous,
        about=str(form.get("table") or "") or None,
        in_words=_flag(form, "in_words"),
        pairs=_flag(form, "pairs"),
    )
    session = Session(asking, parent, investigating(asking) if _flag(form, "investigate") else None)
    if wants_events(request):
        return EventStream(request, stream.answering(request, session))
    asked = await unless_left(request, session.run())
    if wants_json(request):
        url = ask_url(datasette, database) + f"/{asked.id}"
        told = await _answer_json(request, datasette, asked, asking.schema)
        return json_response({"id": asked.id, "url": url, **told})
    return _to(datasette, asked)


async def _answer_json(
    request: Request, datasette: Datasette, asked: store.Question, schema: Schema
) -> dict[str, Any]:
    """What has just been answered, for a program of the person who asked."""
    if asked.answer.investigation is None:
        result = asked.answer.result
        explanation = await pages.explanation(asked.answer, schema)
        nothing = None
        if result is not None:
            nothing = await pages.missing(datasette, request.actor, asked, result, schema)
        return answer_json(asked.question, asked.answer, explanation, nothing)
    steps = just_read(asked.answer.investigation)
    return investigation_json(asked.question, asked.answer, steps)


async def _previous(
    request: Request, datasette: Datasette, database: str, form: Mapping[str, Any]
) -> tuple[str | None, tuple[Previous, ...]]:
    """What a follow-up builds on: an earlier question of this thread, or the SQL of a query."""
    parent_id = str(form.get("parent") or "")
    if not parent_id:
        sql = str(form.get("sql") or "").strip()
        return None, (Previous("The query as it is", sql[:5000]),) if sql else ()
    parent = await store.get(datasette, parent_id)
    if parent is None or parent.database != database or not may_read(request.actor, parent):
        raise NotFound("The question to follow up is gone; ask anew.")
    thread = await store.thread(datasette, parent, limit=3)
    answered = [each for each in thread if each.answer.sql]
    if parent.actor_id != _actor_id(request):
        # What its owner may see and the asker may not must not get into the asker's prompt.
        tables = await visible_tables(datasette, request.actor, database)
        answered = [
            each
            for each in answered
            if each.answer.status is Status.ANSWERED and tables.issuperset(each.answer.tables)
        ]
    return parent.id, tuple(
        Previous(each.question, each.answer.sql or "", each.answer.columns) for each in answered
    )


async def _database(request: Request, datasette: Datasette) -> str:
    """The database of the address, if this actor may ask it."""
    database = str(tilde_decode(request.url_vars["database"]))
    await require(datasette, request.actor, ASK, database)
    return database


async def _readable(request: Request, datasette: Datasette) -> store.Question:
    """The question of the address, if this actor asked it or it is shared."""
    database = str(tilde_decode(request.url_vars["database"]))
    return await readable_question(datasette, request.actor, request.url_vars["id"], database)


async def own_question(request: Request, datasette: Datasette) -> store.Question:
    """The question of the address, for the person who asked it."""
    found = await _readable(request, datasette)
    # Visitors cannot be told apart, so nobody of them may change what one of them asked.
    if found.actor_id is None or found.actor_id != _actor_id(request):
        raise NotAllowed("Only the person who asked may change this question.")
    return found


def _actor_id(request: Request) -> str | None:
    return store.actor_id(request.actor)


def _model(form: Mapping[str, Any]) -> str | None:
    return str(form.get("model") or "") or None


def _flag(form: Mapping[str, Any], name: str) -> bool | None:
    """A switch of a form: absent means the default."""
    value = form.get(name)
    return None if value is None else str(value).lower() in ("1", "true", "on")


def _to(datasette: Datasette, found: store.Question) -> Response:
    url = f"{ask_url(datasette, found.database)}/{found.id}"
    return Response.redirect(url, status=303)


async def _changed(request: Request, datasette: Datasette, before: store.Question) -> Response:
    found = await store.get(datasette, before.id) or before
    if wants_json(request):
        url = f"{ask_url(datasette, found.database)}/{found.id}"
        return json_response({"question": pages.question_json(found, url)})
    return _to(datasette, found)


async def _question_json(request: Request, datasette: Datasette, found: store.Question) -> Response:
    """A question with its rows; without them, and without words, if the reader may not see them."""
    answer, explanation, nothing = found.answer, None, None
    url = f"{ask_url(datasette, found.database)}/{found.id}"
    if answer.investigation is not None:
        schema = await read_schema(datasette, found.database, request.actor)
        steps = await read_investigation(datasette, request.actor, found, schema)
        told = investigation_json(found.question, answer, steps)
        return json_response({**pages.question_json(found, url), **told})
    if answer.sql and answer.status is Status.ANSWERED:
        try:
            result = await run_query(datasette, found.database, answer.sql, actor=request.actor)
            answer = replace(answer, result=result)
            answer = await readable(datasette, request.actor, found.database, answer, result)
            schema = await read_schema(datasette, found.database, request.actor)
            explanation = await pages.explanation(answer, schema)
            nothing = await pages.missing(datasette, request.actor, found, result, schema)
        except LlmToolsError as error:
            answer = without_agreement(store.without_prompts(found).answer)
            answer = replace(answer, text=None, error=error.message)
    answer = await readable_pair(datasette, request.actor, answer)
    told = answer_json(found.question, answer, explanation, nothing)
    return json_response({**pages.question_json(found, url), **told})


def _history_json(datasette: Datasette, history: store.History | None, **more: Any) -> Response:
    questions = [
        pages.question_json(each, f"{ask_url(datasette, each.database)}/{each.id}")
        for each in (history.questions if history else ())
    ]
    return json_response(
        {**more, "questions": questions, "next": history.next if history else None}
    )
