"""How the pages about questions come about: who may see what, read now, as the reader."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..errors import LlmToolsError
from ..markdown import markdown
from ..model_choice import WAYS_TO_GET_A_MODEL, available_models
from ..pages import fragment
from ..permissions import ASK, EVAL, WIDGET, may, visible_tables
from ..queries import Limits, QueryResult, run_query
from ..schema import Schema
from ..schema_reading import read_schema
from ..settings import read_settings
from . import store
from .addresses import ask_url as ask_url
from .addresses import draw_url
from .agreeing.reading import agreement_view, asked_back_view, mend_of, readable
from .asking import PURPOSE
from .contexts import AskPage, Block, HomePage, QuestionPage, Upload
from .empty_results import empty_result, says_nothing
from .explaining.reading import explain
from .explaining.values import Explanation
from .investigating.contexts import InvestigationView
from .investigating.pages import investigation_view
from .investigating.reading import as_read, read_investigation
from .pair_reading import pair_view
from .result_tables import result_table
from .starters import starter_questions
from .statements.looking import looking
from .statements.nothing_found import NothingFound, nothing_found
from .values import Answer, Status

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..permissions import Actor

_SEARCH_CHARACTERS = 1000  # SQLite refuses much longer patterns


def history_is_temporary(datasette: Datasette) -> bool:
    """Whether the internal database is a temporary file, so that history is lost."""
    return bool(datasette.get_internal_database().is_temp_disk)


async def block(
    datasette: Datasette,
    request: Request,
    question: store.Question,
    schema: Schema,
    result: QueryResult | None = None,
) -> Block:
    """A question with its rows, which are read now, as the reader, unless they are given."""
    actor, refused, steps = request.actor, None, None
    if question.answer.investigation is not None:
        question, steps = await _investigated(datasette, request, question, schema)
    answer = question.answer
    if steps is not None:
        result = None
    elif result is None and answer.sql and answer.status is Status.ANSWERED:
        try:
            result = await run_query(datasette, question.database, answer.sql, actor=actor)
        except LlmToolsError as error:
            refused = error.message
    url = f"{ask_url(datasette, question.database)}/{question.id}"
    known = result and await readable(datasette, actor, question.database, answer, result)
    table = result and await result_table(
        datasette, request, question.database, answer.sql or "", result, schema
    )
    # Whoever may not read the rows may not read what was said of them either, nor a prompt
    # that quotes them.
    words = markdown(answer.text) if answer.text and refused is None and steps is None else None
    if words and table:
        words = await asyncio.to_thread(table.links.in_words, words, question.question)
    explained = await explanation(answer, schema) if steps is None and not refused else None
    return Block(
        question=question if refused is None else store.without_prompts(question),
        result=table or None,
        refused=refused,
        investigation=steps,
        pair=await pair_view(datasette, actor, question) if refused is None else None,
        nothing_found=(
            await missing(datasette, actor, question, result, schema) if result else None
        ),
        empty=empty_result(result, explained) if result and not words else None,
        mend=mend_of(known) if known else None,
        agreement=agreement_view(known, answer.agreement, url) if known else None,
        asked_back=asked_back_view(known) if known else None,
        answer_html=words,
        explanation=explained,
        url=url,
        database_url=str(datasette.urls.database(question.database)),
        is_owner=question.actor_id == store.actor_id(actor),
        may_store=await may(datasette, actor, "store-query", question.database),
        table_urls={
            name: str(datasette.urls.table(question.database, name))
            for name in answer.tables
            if schema.table(name)
        },
        draw_url=draw_url(datasette, question.database),
        may_make=await may(datasette, actor, WIDGET, question.database),
        may_eval=await may(datasette, actor, EVAL, question.database),
    )


async def explanation(answer: Answer, schema: Schema) -> Explanation | None:
    """The SQL that gave the rows in plain words, with what this schema says of its columns."""
    if not answer.sql or answer.status is not Status.ANSWERED:
        return None
    return await asyncio.to_thread(explain, answer.sql, schema)


async def missing(
    datasette: Datasette,
    actor: Actor,
    question: store.Question,
    result: QueryResult,
    schema: Schema,
) -> NothingFound | None:
    """Which texts of the SQL are not in the data, where a result says nothing."""
    if not says_nothing(result):
        return None
    limits = Limits.of(read_settings(datasette, question.database))
    look = looking(datasette, actor, question.database, limits)
    return await nothing_found(question.answer.sql or "", schema, look)


async def _investigated(
    datasette: Datasette, request: Request, question: store.Question, schema: Schema
) -> tuple[store.Question, InvestigationView | None]:
    """A question with its steps, both as the reader may have them."""
    steps = await read_investigation(datasette, request.actor, question, schema)
    answer = as_read(question.answer, steps)
    view = await investigation_view(
        datasette, request, replace(question, answer=answer), steps, schema
    )
    return replace(question, answer=answer), view


async def block_html(datasette: Datasette, request: Request, shown_block: Block) -> str:
    """A block as HTML, for the event that ends an answer."""
    return await fragment(datasette, request, "llm_tools/_block.html", {"block": shown_block})


async def home_page(datasette: Datasette, request: Request) -> HomePage:
    """The page that lists what can be asked and what was asked."""
    names = [name for name in datasette.databases if name != "_internal"]
    history, next_url, search = await _history(datasette, request, None)
    return HomePage(
        databases=[
            {"name": name, "url": ask_url(datasette, name)}
            for name in names
            if await may(datasette, request.actor, ASK, name)
        ],
        upload=await _upload(datasette, request),
        history=history,
        search=search,
        next_url=next_url,
        temporary=history_is_temporary(datasette),
    )


async def ask_page(
    datasette: Datasette, request: Request, database: str, *, in_words: bool
) -> AskPage:
    """The page where a question is asked."""
    actor = request.actor
    schema = await read_schema(datasette, database, actor)
    history, next_url, search = await _history(datasette, request, database)
    table = request.args.get("table")
    known = schema.table(table) if table else None
    return AskPage(
        database=database,
        database_url=str(datasette.urls.database(database)),
        ask_url=ask_url(datasette, database),
        question=request.args.get("question") or "",
        table=known.name if known else None,
        sql=request.args.get("sql"),
        models=await available_models(datasette, actor, PURPOSE, database),
        no_model=WAYS_TO_GET_A_MODEL,
        starters=starter_questions(schema, table=known.name if known else None),
        upload=await _upload(datasette, request, database),
        history=history,
        search=search,
        next_url=next_url,
        temporary=history_is_temporary(datasette),
        in_words=in_words,
        schema_json=_columns(schema),
    )


async def question_page(
    datasette: Datasette, request: Request, question: store.Question, *, in_words: bool
) -> QuestionPage:
    """A question with its answer, below what it follows up."""
    tables = await visible_tables(datasette, request.actor, question.database)
    schema = await read_schema(datasette, question.database, request.actor, tables=tables)
    thread = await store.thread(datasette, question)
    if question.actor_id != store.actor_id(request.actor):
        thread = [store.without_prompts(each) for each in thread]
    blocks = [await block(datasette, request, each, schema) for each in thread]
    return QuestionPage(
        database=question.database,
        database_url=str(datasette.urls.database(question.database)),
        ask_url=ask_url(datasette, question.database),
        blocks=blocks,
        block=blocks[-1],
        models=await available_models(datasette, request.actor, PURPOSE, question.database),
        no_model=WAYS_TO_GET_A_MODEL,
        in_words=in_words,
        schema_json=_columns(schema),
    )


def _columns(schema: Schema) -> dict[str, list[str]]:
    return {each.name: [column.name for column in each.columns] for each in schema.tables}


async def _upload(
    datasette: Datasette, request: Request, database: str | None = None
) -> Upload | None:
    """The uploads database first, then the one that is being asked."""
    settings = read_settings(datasette)
    names = dict.fromkeys([settings.uploads_database, database or settings.uploads_database])
    allowed = [
        name
        for name in names
        if (name not in datasette.databases or datasette.get_database(name).is_mutable)
        and await may(datasette, request.actor, "create-table", name)
    ]
    if not allowed:
        return None
    url = ask_url(datasette) + "/-/upload"
    return Upload(url, tuple(allowed), settings.max_upload_bytes)


async def _history(
    datasette: Datasette, request: Request, database: str | None
) -> tuple[store.History | None, str | None, str]:
    search = (request.args.get("q") or "").strip()[:_SEARCH_CHARACTERS]
    known = store.actor_id(request.actor)
    if known is None:
        return None, None, search
    history = await store.history(
        datasette,
        known,
        database=database,
        search=search,
        after=request.args.get("next"),
    )
    query = urlencode({"q": search, "next": history.next})
    return history, f"?{query}" if history.next else None, search


def question_json(question: store.Question, url: str) -> Mapping[str, Any]:
    """A question as lists in JSON give it."""
    answer: Answer = question.answer
    return {
        "id": question.id,
        "database": question.database,
        "question": question.question,
        "title": question.title,
        "status": answer.status.value,
        "sql": answer.sql,
        "error": answer.error,
        "model": answer.model_id,
        "shared": question.shared,
        "verified": question.verified,
        "parent": question.parent_id,
        "created_at": question.created_at,
        "url": url,
    }
