"""Pages and JSON of reviews, labelled rows and provenance: parse, ask for permission, render."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils import tilde_decode
from datasette.utils.asgi import Response

from ...errors import BadInput, NotAllowed, NotFound
from ...pages import json_response, posted, render, wants_json
from ...permissions import may_write, require_table
from .. import provenance
from ..database.tables import key_from_json, key_json, require_target
from ..run_views import readable_run
from ..values import Key, Run
from . import labelled, review_pages, reviews
from .keeping import keep
from .labelled_pages import labelled_page
from .review_forms import judgements_of
from .reviewing import order_of, output_accuracy, queue, row_accuracy
from .reviews import Verdict, reviews_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from .reviewing import Accuracy
    from .reviews import Review


async def review(request: Request, datasette: Datasette) -> Response:
    """GET /-/runs/DATABASE/ID/-/review: a row to review. POST: what somebody says of one."""
    run = await _reviewable(request, datasette)
    if request.method == "POST":
        return await _review(request, datasette, run)
    if wants_json(request):
        found = await reviews_of(datasette, run)
        waiting = await queue(datasette, run, order_of(request.args.get, run), found)
        following = waiting.first()
        return json_response(
            {
                **_accuracies(run, found),
                "next": None if following is None else key_json(following),
                "url": review_pages.review_url(datasette, run),
            }
        )
    page = await review_pages.review_page(datasette, request, run, at=_key(request.args.get("at")))
    return await render(datasette, request, page)


async def labelled_rows(request: Request, datasette: Datasette) -> Response:
    """GET /-/runs/DATABASE/ID/-/labelled: rows whose right values are known; .json and .csv."""
    run = await readable_run(request, datasette)
    if wants_json(request):
        found = await labelled.labelled_rows(datasette, run, actor=request.actor)
        value = {"run": run.id, "rows": [labelled.labelled_json(each) for each in found]}
        return _download(json_response(value), run, "json")
    if request.path.endswith(".csv"):
        found = await labelled.labelled_rows(datasette, run, actor=request.actor)
        inputs = await labelled.input_columns(datasette, run)
        text = labelled.labelled_csv(run, found, inputs)
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        answer = Response(text, headers=headers, content_type="text/csv; charset=utf-8")
        return _download(answer, run, "csv")
    page = await labelled_page(datasette, request, run)
    return await render(datasette, request, page)


async def row(request: Request, datasette: Datasette) -> Response:
    """GET /-/enrichments/DATABASE/TABLE/-/row?key=[1]: where a row's values come from."""
    database = str(tilde_decode(request.url_vars["database"]))
    table = str(tilde_decode(request.url_vars["table"]))
    await datasette.refresh_schemas()
    if database not in datasette.databases:
        raise NotFound(f"There is no database called {database} here.")
    await require_table(datasette, request.actor, "view-table", database, table)
    key = _key(request.args.get("key"))
    if key is None:
        raise BadInput("Say which row: its key as JSON, for example ?key=[1].")
    page = await provenance.provenance_page(datasette, request, database, table, key)
    if wants_json(request):
        return json_response(provenance.provenance_json(page))
    return await render(datasette, request, page)


async def _review(request: Request, datasette: Datasette, run: Run) -> Response:
    """Keep a verdict and go on to the next row, or show the form again with what is wrong."""
    form = await posted(request)
    key = _key(str(form.get("key") or ""))
    try:
        verdict = Verdict(str(form.get("verdict")))
    except ValueError as error:
        raise BadInput("Say what it is: accept, edit or reject.") from error
    if key is None:
        raise BadInput("Say which row: its key as JSON.")
    try:
        await _keep(datasette, request, run, key, verdict, form)
    except BadInput as error:
        if wants_json(request):
            raise
        page = await review_pages.review_page(
            datasette, request, run, at=key, error=error.message, typed=form
        )
        return await render(datasette, request, page, status=error.status)
    return await _go_on(request, datasette, run, key)


async def _keep(
    datasette: Datasette,
    request: Request,
    run: Run,
    key: Key,
    verdict: Verdict,
    form: Mapping[str, Any],
) -> None:
    said = await reviews.values_of_row(datasette, run, key)
    if said is None:
        raise NotFound("This run has no values for that row; choose another one.")
    target = await require_target(datasette, run.enrichment.database, run.enrichment.table)
    judgements = judgements_of(run, verdict, form, said)
    known = (request.actor or {}).get("id")
    actor_id = None if known is None else str(known)
    await keep(datasette, run, target, key, judgements, actor_id)


async def _go_on(request: Request, datasette: Datasette, run: Run, key: Key) -> Response:
    """On to the next row that has no review."""
    found = await reviews_of(datasette, run)
    order = order_of(request.args.get, run)
    following = (await queue(datasette, run, order, found)).first(key)
    url = review_pages.review_url(datasette, run, order.query(following))
    if wants_json(request):
        after = None if following is None else key_json(following)
        return json_response({**_accuracies(run, found), "next": after, "url": url})
    return Response.redirect(url, status=303)


async def _reviewable(request: Request, datasette: Datasette) -> Run:
    """The run of the address, if this actor may write to its table."""
    run = await readable_run(request, datasette)
    enrichment = run.enrichment
    missing = await may_write(
        datasette, request.actor, enrichment.database, enrichment.table, alter=False
    )
    if missing is not None:
        who = "You need" if request.actor else "Sign in: you need"
        raise NotAllowed(f"{who} the permission {missing} on {enrichment.table} to review it.")
    return run


def _accuracies(run: Run, found: Sequence[Review]) -> dict[str, Any]:
    outputs = run.enrichment.specification.outputs
    return {
        "accuracy": _accuracy_json(row_accuracy(found)),
        "outputs": {
            each.name: _accuracy_json(output_accuracy(found, each.name)) for each in outputs
        },
    }


def _accuracy_json(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "right": accuracy.right,
        "reviewed": accuracy.reviewed,
        "share": accuracy.share,
        "interval": None if accuracy.share is None else list(accuracy.interval),
    }


def _key(text: str | None) -> Key | None:
    return key_from_json(text) if text else None


def _download(response: Response, run: Run, kind: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="labelled-{run.id}.{kind}"'
    return response
