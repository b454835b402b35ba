"""Pages and JSON of widgets: parse, ask for permission, call one function, render."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ..errors import BadInput
from ..pages import Page, json_response, posted, render, wants_json
from . import making_views, store, voting, widget_pages
from .access import (
    actor_id,
    is_own,
    own_widget,
    readable_revision,
    readable_widget,
    require_run,
    revision_of,
    widget_database,
    widgets_url,
)
from .charts import chart_pages
from .comparing import compare_page
from .contexts import Listing
from .making_views import parent_number
from .values import Kind, Revision, Widget

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def catalog(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets: one's own widgets and shared ones, and where to make more."""
    await datasette.refresh_schemas()
    page = await widget_pages.widgets_page(datasette, request)
    if wants_json(request):
        places = [each["name"] for each in page.places]
        return _listing_json(datasette, page.listing, databases=places)
    return await render(datasette, request, page)


async def new_widget(request: Request, datasette: Datasette) -> Any:
    """GET /-/widgets/DATABASE: the prompt box. POST: a new document."""
    if request.method == "POST":
        return await making_views.make(request, datasette)
    database = await widget_database(request, datasette)
    page = await widget_pages.new_widget_page(datasette, request, database)
    if wants_json(request):
        models = [model.model_id for model in page.models]
        return _listing_json(datasette, page.listing, models=models, ideas=page.ideas)
    return await render(datasette, request, page)


async def widget(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID: the version that is shown now."""
    found = await readable_widget(request, datasette)
    return await _shown(
        request, datasette, found, await readable_revision(request, datasette, found)
    )


async def revision(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/NUMBER: one version; others than its owner see the current one."""
    found = await readable_widget(request, datasette)
    number = int(request.url_vars["number"])
    version = await readable_revision(request, datasette, found, number)
    return await _shown(request, datasette, found, version)


async def compare(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/-/compare?left=&right=: two versions side by side, live."""
    found = await own_widget(request, datasette)
    left, right = await _two(datasette, found, request.args)
    page = await compare_page(datasette, request, found, left, right)
    if wants_json(request):
        return json_response(
            {
                "left": widget_pages.revision_json(left),
                "right": widget_pages.revision_json(right),
                "may_vote": page.may_vote,
                "choice": page.choice or None,
            }
        )
    return await render(datasette, request, page)


async def vote(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/ID/-/vote: which of two variants was better."""
    found = await own_widget(request, datasette)
    form = await posted(request)
    left, right = await _two(datasette, found, form)
    choice = voting.read_choice(form.get("choice"))
    kept = await voting.vote(datasette, found, left, right, choice, actor_id(request.actor))
    url = widgets_url(datasette, found.database, found.id)
    if wants_json(request):
        after = await store.get(datasette, found.id) or found
        return json_response(
            {"vote": kept.id, "choice": kept.choice.value, "current": after.current, "url": url}
        )
    compared = f"{url}/-/compare?left={left.number}&right={right.number}"
    return Response.redirect(compared, status=303)


async def _shown(
    request: Request, datasette: Datasette, found: Widget, version: Revision
) -> Response:
    require_run(request.actor, found, version)
    if wants_json(request):
        own = is_own(request.actor, found)
        history = await store.revisions(datasette, found.id) if own else ()
        return json_response(
            {
                "widget": widget_pages.widget_json(datasette, found),
                "revision": widget_pages.revision_json(version),
                "revisions": [widget_pages.summary_json(each) for each in history],
            }
        )
    page: Page
    if found.kind is Kind.CHART:
        page = await chart_pages.widget_page(datasette, request, found, version)
    else:
        page = await widget_pages.widget_page(datasette, request, found, version)
    return await render(datasette, request, page)


async def _two(datasette: Datasette, found: Widget, given: Any) -> tuple[Revision, Revision]:
    numbers = [parent_number({"parent": given.get(name)}) for name in ("left", "right")]
    if None in numbers or numbers[0] == numbers[1]:
        raise BadInput("Name two different versions, as left=1 and right=2.")
    left, right = [await revision_of(datasette, found, number) for number in numbers]
    return left, right


def _listing_json(datasette: Datasette, listing: Listing, **more: Any) -> Response:
    widgets = [widget_pages.widget_json(datasette, each.widget) for each in listing.listed]
    return json_response({**more, "widgets": widgets, "next": listing.next_url})
