"""The pages and JSON on which a table is enriched: parse, ask for permission, call, render."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from datasette.utils import tilde_decode
from datasette.utils.asgi import Response

from ..errors import LlmToolsError, NotAllowed, NotFound
from ..leaving import unless_left
from ..model_choice import available_models
from ..pages import fragment, json_response, posted, render, wants_json
from ..permissions import ENRICH, require_table
from ..settings import read_settings
from . import links, pages, preview_pages
from .database.tables import TargetTable, require_target
from .drafts import Draft, draft_from
from .previewing import PURPOSE, Preview, preview
from .run_json import run_json
from .starting import start_run
from .values import RunLimits, Selection, Specification
from .work import worker

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from .contexts import PreviewShown


async def home(request: Request, datasette: Datasette) -> Response:
    """GET /-/enrichments: the actor's own runs, and tables to enrich."""
    await datasette.refresh_schemas()
    page = await pages.home_page(datasette, request)
    if not page.tables and not page.runs:
        who = "You need" if request.actor else "Sign in: you need"
        raise NotAllowed(f"{who} the permission {ENRICH} on a table to enrich it.")
    if wants_json(request):
        return json_response({"runs": [run_json(datasette, each.run) for each in page.runs]})
    return await render(datasette, request, page)


async def enrich(request: Request, datasette: Datasette) -> Response:
    """GET /-/enrichments/DATABASE/TABLE: the form, and the table's runs."""
    database, table = await _table(request, datasette, "view-table")
    if wants_json(request):
        runs = await pages.table_runs(datasette, request.actor, database, table)
        models = await available_models(datasette, request.actor, PURPOSE, database)
        return json_response(
            {
                "runs": [run_json(datasette, each.run) for each in runs],
                "models": [each.model_id for each in models],
            }
        )
    draft = await pages.first_draft(datasette, request, database, table)
    page = await pages.enrich_page(datasette, request, database, table, draft)
    return await render(datasette, request, page)


async def look(request: Request, datasette: Datasette) -> Response:
    """POST /-/enrichments/DATABASE/TABLE/-/preview: ask about sampled rows, write nothing."""
    database, table = await _table(request, datasette, ENRICH)
    fields = await posted(request)
    draft = draft_from(fields)
    if fields.get("sample") == "other":
        draft = replace(draft, seed=draft.seed + 1)
    try:
        changed = await _changed(datasette, database, table, draft, fields)
        if changed is not None:
            return await _form(request, datasette, database, table, changed)
        asked = await _asked(request, datasette, database, table, draft)
        found, shown = await unless_left(request, _previewed(request, datasette, asked, draft))
    except LlmToolsError as error:
        if wants_json(request):
            raise
        return await _form(request, datasette, database, table, draft, error=error)
    if not wants_json(request):
        return await _form(request, datasette, database, table, draft, shown=shown)
    html = await _preview_html(request, datasette, asked, draft, shown)
    value = preview_pages.preview_json(found, shown)
    return json_response({**value, "seed": draft.seed, "html": html})


async def estimate(request: Request, datasette: Datasette) -> Response:
    """POST /-/enrichments/DATABASE/TABLE/-/estimate: what a run would take, by a few rows."""
    database, table = await _table(request, datasette, ENRICH)
    draft = draft_from(await posted(request))
    asked = await _asked(request, datasette, database, table, draft)
    found, shown = await unless_left(request, _previewed(request, datasette, asked, draft))
    value = preview_pages.estimate_json(found)
    words = {name.lower(): text for name, text in shown.estimate}
    return json_response({"estimate": value, "words": words, "stopped": found.stopped})


async def start(request: Request, datasette: Datasette) -> Response:
    """POST /-/enrichments/DATABASE/TABLE/-/start: begin a run over the chosen rows."""
    database, table = await _table(request, datasette, ENRICH)
    draft = draft_from(await posted(request))
    try:
        asked = await _asked(request, datasette, database, table, draft)
        run = await start_run(
            datasette,
            request.actor,
            database,
            asked.target,
            asked.specification,
            asked.selection,
            asked.limits,
            name=draft.name,
            overwrite=draft.overwrite,
        )
    except LlmToolsError as error:
        if wants_json(request):
            raise
        return await _form(request, datasette, database, table, draft, error=error)
    worker.wake(datasette)
    if wants_json(request):
        return json_response(run_json(datasette, run), status=201)
    return Response.redirect(links.run_url(datasette, database, run.id), status=303)


@dataclass(frozen=True)
class _Asked:
    """What a form asks for, checked."""

    database: str
    target: TargetTable
    specification: Specification
    selection: Selection
    limits: RunLimits


async def _asked(
    request: Request, datasette: Datasette, database: str, table: str, draft: Draft
) -> _Asked:
    """What the form and its address ask for. Raises BadInput, NoModel and others in a sentence."""
    target = await require_target(datasette, database, table)
    models = await available_models(datasette, request.actor, PURPOSE, database)
    return _Asked(
        database=database,
        target=target,
        specification=draft.specification(target.columns, models[0].model_id if models else ""),
        selection=await pages.selection_of(datasette, request, database, target),
        limits=draft.limits.limits(read_settings(datasette, database)),
    )


async def _previewed(
    request: Request, datasette: Datasette, asked: _Asked, draft: Draft
) -> tuple[Preview, PreviewShown]:
    found = await preview(
        datasette,
        request.actor,
        asked.database,
        asked.target,
        asked.specification,
        asked.selection,
        asked.limits,
        count=draft.preview_count(),
        seed=draft.seed,
    )
    shown = await preview_pages.preview_shown(
        datasette,
        request.actor,
        asked.database,
        asked.target,
        found,
        asked.specification.outputs,
    )
    return found, shown


async def _changed(
    datasette: Datasette, database: str, table: str, draft: Draft, fields: dict[str, Any]
) -> Draft | None:
    """The form after a button that only changes the form, or None for a preview."""
    if "add_output" in fields:
        return pages.with_output_added(draft)
    if "remove_output" in fields:
        return pages.without_output(draft, str(fields["remove_output"]))
    if "as_free" in fields:
        return draft.as_free((await require_target(datasette, database, table)).columns)
    return None


async def _form(
    request: Request,
    datasette: Datasette,
    database: str,
    table: str,
    draft: Draft,
    *,
    shown: PreviewShown | None = None,
    error: LlmToolsError | None = None,
) -> Response:
    """The form again, as it was sent, with a preview or with what is wrong."""
    page = await pages.enrich_page(
        datasette,
        request,
        database,
        table,
        draft,
        preview=shown,
        error=error.message if error else None,
    )
    return await render(datasette, request, page, status=error.status if error else 200)


async def _preview_html(
    request: Request, datasette: Datasette, asked: _Asked, draft: Draft, shown: PreviewShown
) -> str:
    settings = read_settings(datasette, asked.database)
    context = {
        "preview": shown,
        "draft": draft,
        "url": links.table_url(datasette, asked.database, asked.target.name),
        "filters": links.filters_of(request.query_string),
        "most_at_once": settings.enrich_max_concurrency,
        "usual_at_once": settings.enrich_concurrency,
    }
    return await fragment(datasette, request, "llm_tools/_enrich_preview.html", context)


async def _table(request: Request, datasette: Datasette, action: str) -> tuple[str, str]:
    """The database and table of the address, if this actor may do `action` there."""
    database = str(tilde_decode(request.url_vars["database"]))
    table = str(tilde_decode(request.url_vars["table"]))
    await datasette.refresh_schemas()
    if database not in datasette.databases:
        raise NotFound(f"There is no database called {database} here.")
    await require_table(datasette, request.actor, action, database, table)
    return database, table
