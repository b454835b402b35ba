"""A run's pages and JSON, and what its owner tells it: parse, ask for permission, call, render."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils import tilde_decode
from datasette.utils.asgi import Response

from ..errors import BadInput, Conflict, NotAllowed
from ..pages import fragment, json_response, posted, render, wants_json
from ..permissions import ENRICH, require_table
from ..settings import read_settings
from . import links, pages, result_pages, run_pages, stale
from .database import store, undoing
from .database.tables import key_from_json, require_target
from .limit_drafts import changed_limits
from .pages import may_control
from .run_json import undone_json, whole_run_json
from .starting import require_models, require_writing, start_again
from .values import Fault, OutcomeStatus, Rows, Run, RunStatus, Wish
from .wording import rows_words, undone_words
from .work import worker

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def run(request: Request, datasette: Datasette) -> Response:
    """GET /-/runs/DATABASE/ID: how far a run is, its latest results and failures."""
    found = await readable_run(request, datasette)
    if not wants_json(request):
        return await render(datasette, request, await run_pages.run_page(datasette, request, found))
    value = await whole_run_json(datasette, found)
    if request.args.get("_html"):
        now = await run_pages.run_now(datasette, request, found)
        html = await fragment(datasette, request, "llm_tools/_run_live.html", {"now": now})
        value |= {"announced": now.announced, "html": html}
    return json_response(value)


async def results(request: Request, datasette: Datasette) -> Response:
    """GET /-/runs/DATABASE/ID/-/results: what came of each row, by status and kind of failure."""
    found = await readable_run(request, datasette)
    status, fault = request.args.get("status"), request.args.get("fault")
    after = request.args.get("after")
    kinds = {each.value: each for each in OutcomeStatus}
    faults = {each.name.lower(): each for each in Fault}
    if (status and status not in kinds) or (fault and fault not in faults):
        raise BadInput(
            f"There is no such kind of result; status is one of {', '.join(kinds)}, "
            f"fault one of {', '.join(faults)}."
        )
    page, lines = await result_pages.results_page(
        datasette,
        request.actor,
        found,
        status=kinds.get(status or ""),
        fault=faults.get(fault or ""),
        after=key_from_json(after) if after else None,
    )
    if wants_json(request):
        shown = [result_pages.result_json(each) for each in lines]
        return json_response({"results": shown, "next_url": page.next_url})
    return await render(datasette, request, page)


async def stale_rows(request: Request, datasette: Datasette) -> Response:
    """GET /-/runs/DATABASE/ID/-/stale: rows whose input changed, or that are new, since the run."""
    found = await readable_run(request, datasette)
    after = request.args.get("after")
    page = await stale.stale_page(
        datasette, request, found, after=key_from_json(after) if after else None
    )
    if wants_json(request):
        return json_response(
            {
                "changed": len(page.changed),
                "new": len(page.new),
                "failed": len(page.failed),
                "finished": page.next_url is None,
                "next_url": page.next_url,
                "filter_url": page.filter_url,
                "summary": page.summary,
            }
        )
    return await render(datasette, request, page)


async def pause(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/pause: take no more rows; what is under way may finish."""
    return await _wished(request, datasette, Wish.PAUSE)


async def resume(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/resume: go on where it was paused."""
    return await _wished(request, datasette, Wish.RUN)


async def cancel(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/cancel: end it; what it wrote stays until it is undone."""
    return await _wished(request, datasette, Wish.CANCEL)


async def retry(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/retry: ask about the failed rows once more."""
    found = await _own_run(request, datasette, writing=True)
    count = await store.retry_failed(datasette, found, by=request.actor)
    return await _told(request, datasette, found, f"{rows_words(count)} will be asked again.")


async def limits(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/limits: change what it may take, while it runs or rests."""
    found = await _own_run(request, datasette)
    if not found.status.is_active:
        raise Conflict(f"The run is {found.status.value}; limits are for runs that go on.")
    settings = read_settings(datasette, found.enrichment.database)
    wanted = changed_limits(found.limits, await posted(request), settings)
    enrichment = found.enrichment
    await require_models(
        datasette, request.actor, enrichment.database, enrichment.specification, wanted
    )
    await store.set_limits(datasette, found, wanted)
    return await _told(request, datasette, found, "The limits were changed.")


async def undo(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/undo: give the columns back what they held before."""
    found = await _own_run(request, datasette, writing=True)
    undone = await undoing.undo(datasette, found)
    said = undone_words(undone)
    return await _told(request, datasette, found, said, undone_json(undone))


async def again(request: Request, datasette: Datasette) -> Response:
    """POST /-/runs/DATABASE/ID/-/again: another run, over new and changed rows or over all."""
    found = await _own_run(request, datasette, writing=True)
    wanted = str((await posted(request)).get("rows") or Rows.CHANGED.value)
    if wanted not in {each.value for each in Rows}:
        raise BadInput("Say which rows: changed or all.")
    started = await start_again(datasette, request.actor, found, Rows(wanted))
    return await _told(request, datasette, started, "The run was started.")


async def readable_run(request: Request, datasette: Datasette) -> Run:
    """The run of the address, if this actor may read it."""
    database = str(tilde_decode(request.url_vars["database"]))
    return await pages.readable_run(datasette, request.actor, database, request.url_vars["id"])


async def _own_run(request: Request, datasette: Datasette, *, writing: bool = False) -> Run:
    """The run of the address for its owner or root; with `writing`, if they may still write."""
    found = await readable_run(request, datasette)
    if not may_control(datasette, request.actor, found):
        raise NotAllowed("Only the person who started the run may do that.")
    enrichment = found.enrichment
    await require_table(datasette, request.actor, ENRICH, enrichment.database, enrichment.table)
    if writing or found.is_foreign:
        target = await require_target(datasette, enrichment.database, enrichment.table)
        await require_writing(
            datasette, request.actor, enrichment.database, target, enrichment.specification
        )
    return found


async def _wished(request: Request, datasette: Datasette, wish: Wish) -> Response:
    found = await _own_run(request, datasette, writing=wish is Wish.RUN)
    if wish is not Wish.RUN and not found.status.is_active:
        raise Conflict(f"The run is {found.status.value} already.")
    changed = await store.wish(datasette, found, wish, by=request.actor)
    said = {Wish.PAUSE: "Paused.", Wish.RUN: "Resumed.", Wish.CANCEL: "Cancelled."}[wish]
    if changed.status is RunStatus.RUNNING and wish is not Wish.RUN:
        doing = "Pausing" if wish is Wish.PAUSE else "Cancelling"
        said = f"{doing}: what is under way may still finish."
    return await _told(request, datasette, found, said)


async def _told(
    request: Request,
    datasette: Datasette,
    run: Run,
    said: str,
    more: dict[str, object] | None = None,
) -> Response:
    """The run as it is now for a program, or its page with a message."""
    worker.wake(datasette)
    changed = await store.get_run(datasette, run.enrichment.database, run.id) or run
    if wants_json(request):
        return json_response(
            {**await whole_run_json(datasette, changed), **(more or {}), "message": said}
        )
    datasette.add_message(request, said, datasette.INFO)
    url = links.run_url(datasette, run.enrichment.database, run.id)
    return Response.redirect(url, status=303)
