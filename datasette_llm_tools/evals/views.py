"""The pages and JSON of suites: parse, ask for permission, call one function, render."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasette.utils import tilde_decode
from datasette.utils.asgi import Response

from ..errors import BadInput, Conflict, NotFound
from ..pages import json_response, posted, render, wants_json
from . import links, pages, run_pages, run_store, starting, store, work
from .access import require_all, require_any, require_suite
from .case_forms import case_of_form
from .editions import compared
from .eval_json import compare_json, suite_json, suite_line_json
from .importing import exported, import_suite
from .values import Suite

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.utils.asgi import Request


async def home(request: Request, datasette: Datasette) -> Response:
    """GET /-/evals: suites that are kept here. POST: import one from YAML or JSONL."""
    await datasette.refresh_schemas()
    await require_any(datasette, request.actor)
    if request.method == "POST":
        form = await posted(request)
        suite = await import_suite(
            datasette,
            request.actor,
            str(form.get("text") or ""),
            str(form.get("name") or "").strip(),
            over=is_on(form, "replace"),
        )
        said = f"{suite.name} is kept, with {len(suite.cases):,} cases."
        return told(request, datasette, links.suite_url(datasette, suite.name), said)
    page = await pages.home_page(datasette, request)
    if wants_json(request):
        return json_response({"suites": [suite_line_json(each) for each in page.suites]})
    return await render(datasette, request, page)


async def suite(request: Request, datasette: Datasette) -> Response:
    """GET /-/evals/SUITE: its cases and runs, and the form that starts one."""
    kept, found = await suite_of(request, datasette)
    page = await pages.suite_page(datasette, request, kept, found, start=start_of(request))
    if wants_json(request):
        return json_response(suite_json(page))
    return await render(datasette, request, page)


async def export(request: Request, datasette: Datasette) -> Response:
    """GET /-/evals/SUITE.yaml: the suite as a file, which the command line runs too."""
    _, found = await suite_of(request, datasette)
    name = "".join(each if each.isalnum() and each.isascii() else "-" for each in found.name)
    return Response(
        exported(datasette, found),
        headers={
            "Content-Disposition": f'attachment; filename="{name or "suite"}.yaml"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
        content_type="application/yaml; charset=utf-8",
    )


async def delete(request: Request, datasette: Datasette) -> Response:
    """POST /-/evals/SUITE/-/delete: forget it with its runs."""
    kept, found = await suite_of(request, datasette)
    require_all(datasette, request.actor, found)
    for run in await run_store.runs_of(kept, found.name):
        await work.call_off(datasette, run)
    await store.delete_suite(kept, found.name)
    return told(request, datasette, links.home_url(datasette), f"{found.name} was deleted.")


async def case(request: Request, datasette: Datasette) -> Response:
    """POST /-/evals/SUITE/-/case: a new case, or another in the place of the case `was`."""
    kept, found = await suite_of(request, datasette)
    form = await posted(request)
    was = str(form.get("was") or "")
    before = next((each for each in found.cases if each.id == was), None)
    if was and before is None:
        raise NotFound(f"There is no case {was} in {found.name}; it was taken out meanwhile.")
    new = await case_of_form(datasette, request.actor, form, before)
    taken = {each.id for each in found.cases} | found.left_out
    if new.id != was and new.id in taken:
        raise Conflict(f"There is a case {new.id} already; leave the id empty, or edit that one.")
    await store.add_case(kept, found.name, new)
    if was and new.id != was:
        await store.drop_case(kept, found.name, was)
    url = links.suite_url(datasette, found.name)
    said = f"The case {new.id} is kept."
    return told(request, datasette, url, said, {"id": new.id}, anchor=f"#case-{new.id}")


async def drop(request: Request, datasette: Datasette) -> Response:
    """POST /-/evals/SUITE/-/drop: take the case `id` out; what came of it in runs is hidden."""
    kept, found = await suite_of(request, datasette)
    case_id = str((await posted(request)).get("id") or "")
    is_there = any(each.id == case_id for each in found.cases)
    if not is_there or not await store.drop_case(kept, found.name, case_id):
        raise NotFound(f"There is no case {case_id or 'without id'} in {found.name}.")
    url = links.suite_url(datasette, found.name)
    return told(request, datasette, url, f"The case {case_id} was taken out.")


async def start(request: Request, datasette: Datasette) -> Response:
    """POST /-/evals/SUITE/-/start: ask its cases, a run for each model."""
    kept, found = await suite_of(request, datasette)
    form = await posted(request)
    runs = await starting.start(datasette, request.actor, kept, found, form, _models(form))
    url = links.run_url(datasette, found.name, runs[0].id)
    started = [links.run_url(datasette, found.name, each.id) for each in runs]
    said = "The run was started." if len(runs) == 1 else f"{len(runs)} runs were started."
    to = url if len(runs) == 1 else links.suite_url(datasette, found.name)
    return told(request, datasette, to, said, {"runs": started})


async def compare(request: Request, datasette: Datasette) -> Response:
    """GET /-/evals/SUITE/-/compare?first=&second=: two runs of it, case by case."""
    kept, found = await suite_of(request, datasette)
    wanted = [str(request.args.get(name) or "") for name in ("first", "second")]
    first, second = [await run_pages.find_run(datasette, kept, found, each) for each in wanted]
    page = await run_pages.compare_page(
        datasette,
        kept,
        found,
        first,
        second,
        all_cases=bool(request.args.get("all")),
        start=start_of(request),
    )
    if wants_json(request):
        return json_response(compare_json(page, compared(first[1].results, second[1].results)))
    return await render(datasette, request, page)


async def suite_of(request: Request, datasette: Datasette) -> tuple[Database, Suite]:
    """The suite of the address, if this actor may use it."""
    name = str(tilde_decode(request.url_vars["suite"]))
    return await require_suite(datasette, request.actor, name)


def told(
    request: Request,
    datasette: Datasette,
    url: str,
    said: str,
    more: Mapping[str, Any] | None = None,
    *,
    anchor: str = "",
) -> Response:
    """What was done: for a program, or as a message on the page of `url`."""
    if wants_json(request):
        return json_response({"url": url, "message": said, **(more or {})})
    datasette.add_message(request, said, datasette.INFO)
    return Response.redirect(url + anchor, status=303)


def start_of(request: Request) -> int:
    """At which case a page of them begins."""
    written = request.args.get("start") or "0"
    if not written.isdecimal() or len(written) > 9:
        raise BadInput("`start` must be a whole number.")
    return int(written)


def is_on(form: Mapping[str, Any], name: str) -> bool:
    """A switch of a form, off where it is absent."""
    return str(form.get(name, "")).lower() in ("1", "true", "on")


def _models(form: Mapping[str, Any]) -> list[str]:
    """`models` as a list in JSON, or fields `model` and `model_1` and so on."""
    listed = form.get("models")
    if isinstance(listed, list):
        return [str(each) for each in listed]
    named = [value for name, value in form.items() if name == "model" or name.startswith("model_")]
    return [str(each) for each in named if each]
