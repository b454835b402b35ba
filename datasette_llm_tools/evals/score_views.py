"""The page and JSON of a scored run of an enrichment: parse, ask for permission, render."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..enrichments import pages as enriching
from ..enrichments.run_views import readable_run
from ..errors import BadInput
from ..pages import json_response, render, wants_json
from .enrichment_scores import labelled_runs, rejected_rows, score_run
from .score_pages import scores_json, scores_page

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from ..enrichments.values import Run


async def scores(request: Request, datasette: Datasette) -> Response:
    """GET /-/runs/DATABASE/ID/-/scores: a run against labelled rows; ?labelled= is whose."""
    run = await readable_run(request, datasette)
    choices = await labelled_runs(datasette, run)
    labelled = await _labelled(request, datasette, run, choices)
    found = await score_run(datasette, labelled, run, actor=request.actor)
    if wants_json(request):
        return json_response(scores_json(run, labelled, found))
    rejected = await rejected_rows(datasette, labelled)
    page = scores_page(datasette, run, labelled, choices, found, rejected)
    return await render(datasette, request, page)


async def _labelled(
    request: Request, datasette: Datasette, run: Run, choices: tuple[Run, ...]
) -> Run:
    """The run whose labels count: the one that is named, else this one, else the newest."""
    wanted = request.args.get("labelled")
    if not wanted:
        return next((each for each in (run, *choices) if each in choices), run)
    found = await enriching.readable_run(datasette, request.actor, run.enrichment.database, wanted)
    if found.enrichment.table.lower() != run.enrichment.table.lower():
        raise BadInput("Those rows are of another table: name a run over the same one.")
    return found
