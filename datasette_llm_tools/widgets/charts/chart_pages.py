"""The pages of charts: one of a query that is not kept, and one that somebody keeps.

The server draws the chart before the page leaves, so that it is painted without another request,
and is there as text, table and picture for whoever has no JavaScript.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils import tilde_encode
from datasette.utils.asgi import Response

from ...errors import BadInput, LlmToolsError
from ...model_choice import WAYS_TO_GET_A_MODEL, available_models
from ...pages import json_response, render, wants_json
from ...permissions import PUBLISH, WIDGET, Actor, may, visible_tables
from ...queries import Value
from .. import store
from ..access import is_own, widget_database, widgets_url
from ..exporting.exports import chart_picture as picture_of
from ..exporting.pictures import can_draw
from ..values import Revision, Widget
from . import chart_views
from .chart_contexts import Addresses, ChartPage, ChartTable, DrawPage
from .chart_data import draw, look
from .chart_sources import QUESTION, ChartSource, draw_url, query_url, source_of, spec_of
from .drawn import drawn_json

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

PURPOSE = "widgets"
_READ = "execute-sql"
_ROWS_IN_PAGE = 200

Drawn = dict[str, Any]


async def chart(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DB/-/chart: the Draw page, or a Drawn as JSON. POST draws a spec."""
    if request.method == "POST":
        return await chart_views.drawn(request, datasette)
    database = await widget_database(request, datasette, _READ)
    source = await source_of(datasette, request, database)
    if wants_json(request):
        if source is None:
            raise BadInput("Say what to draw: ?sql=SELECT … or ?table=NAME.")
        return json_response(
            await _drawn(datasette, request.actor, database, source.sql, source.params, request)
        )
    return await render(datasette, request, await draw_page(datasette, request, database, source))


async def chart_picture(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DB/-/chart.svg: the same chart as a picture."""
    database = await widget_database(request, datasette, _READ)
    source = await source_of(datasette, request, database)
    if source is None:
        raise BadInput("Say what to draw: ?sql=SELECT … or ?table=NAME.")
    drawn = await _drawn(datasette, request.actor, database, source.sql, source.params, request)
    svg = await picture_of(drawn, "svg")  # the page around it has title and notes
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(svg, headers=headers, content_type="image/svg+xml")


async def draw_page(
    datasette: Datasette, request: Request, database: str, source: ChartSource | None
) -> DrawPage:
    """The page of a chart that is not kept; without a source, the choice of what to draw."""
    actor = request.actor
    drawn, refused = None, None
    state: dict[str, Any] = {}
    if source is not None:
        try:
            drawn = await _drawn(datasette, actor, database, source.sql, source.params, request)
        except LlmToolsError as error:
            refused = error.message
        state = {"sql": source.sql, "params": dict(source.params), "drawn": drawn}
        if drawn is None:
            state |= {"columns": await _columns(datasette, actor, database, source)}
        question = request.args.get(QUESTION)
        state |= {"question": question} if question else {}
    address = draw_url(datasette, database)
    makes = drawn is not None and can_draw()
    return DrawPage(
        database=database,
        database_url=str(datasette.urls.database(database)),
        draw_url=address,
        sql=source.sql if source else "",
        table=source.table if source else None,
        source_url=source.url if source else None,
        tables=[] if source else await _tables(datasette, actor, database),
        drawn=drawn,
        refused=refused,
        as_table=_as_table(drawn),
        picture_url=f"{address}.svg?{request.query_string}" if makes else None,
        state=state,
        addresses=await addresses(datasette, actor, database),
        models=await available_models(datasette, actor, PURPOSE, database),
        no_model=WAYS_TO_GET_A_MODEL,
    )


async def widget_page(
    datasette: Datasette, request: Request, widget: Widget, revision: Revision
) -> ChartPage:
    """The page of a chart that is kept. `revision` is the version that is shown."""
    actor, database = request.actor, widget.database
    is_owner = is_own(actor, widget)
    query = revision.draft.queries[0]
    params = {each.name: each.default for each in query.parameters}
    drawn, refused = None, None
    try:
        spec = json.loads(revision.draft.source)
        drawn = drawn_json(await draw(datasette, actor, database, query.sql, params, spec))
    except LlmToolsError as error:
        refused = error.message
    url = widgets_url(datasette, database, widget.id)
    state: dict[str, Any] = {
        "sql": query.sql,
        "params": params,
        "drawn": drawn,
        "title": widget.title,
    }
    if is_owner:
        state |= {"widget": widget.id, "parent": revision.number}
    exported = urlencode({"number": revision.number})
    return ChartPage(
        widget=widget,
        widget_url=url,
        revision=revision,
        revisions=await store.revisions(datasette, widget.id) if is_owner else (),
        shown_number=revision.number,
        database=database,
        database_url=str(datasette.urls.database(database)),
        source_url=query_url(datasette, database, query.sql, params),
        question_url=_question_url(datasette, widget),
        is_owner=is_owner,
        may_publish=await may(datasette, actor, PUBLISH, database),
        may_copy=actor is not None and await may(datasette, actor, WIDGET, database),
        drawn=drawn,
        refused=refused,
        as_table=_as_table(drawn),
        picture_url=f"{url}/-/export.svg?{exported}" if drawn and can_draw() else None,
        state=state,
        addresses=await addresses(datasette, actor, database),
        models=await available_models(datasette, actor, PURPOSE, database),
        no_model=WAYS_TO_GET_A_MODEL,
        temporary=bool(datasette.get_internal_database().is_temp_disk),
    )


async def addresses(datasette: Datasette, actor: Actor, database: str) -> Addresses:
    """Where a chart over a database is drawn, changed in words and kept, by this actor."""
    base = draw_url(datasette, database)
    makes = await may(datasette, actor, WIDGET, database)
    owns = makes and actor is not None
    return Addresses(
        chart_url=base,
        prompt_url=f"{base}/prompt" if makes else None,
        warm_url=f"{base}/warm" if makes else None,
        save_url=f"{base}/save" if owns else None,
    )


async def _drawn(
    datasette: Datasette,
    actor: Actor,
    database: str,
    sql: str,
    params: Mapping[str, Value],
    request: Request,
) -> Drawn:
    found = await draw(datasette, actor, database, sql, params, spec_of(request))
    return drawn_json(found)


async def _columns(
    datasette: Datasette, actor: Actor, database: str, source: ChartSource
) -> list[dict[str, Any]]:
    """What there is to choose from by hand; nothing where the query does not run."""
    try:
        looked = await look(datasette, actor, database, source.sql, source.params)
    except LlmToolsError:
        return []
    return (
        [{"name": each.name, "type": each.type, "role": each.role} for each in looked.columns]
        if looked.rows
        else []
    )


def _as_table(drawn: Drawn | None) -> ChartTable | None:
    if drawn is None:
        return None
    rows = drawn["rows"]
    return ChartTable(tuple(drawn["titles"]), rows[:_ROWS_IN_PAGE], len(rows))


async def _tables(datasette: Datasette, actor: Actor, database: str) -> list[dict[str, str]]:
    hidden = set(await datasette.get_database(database).hidden_table_names())
    names = sorted(await visible_tables(datasette, actor, database) - hidden)
    return [{"name": name, "url": draw_url(datasette, database, table=name)} for name in names]


def _question_url(datasette: Datasette, widget: Widget) -> str | None:
    if widget.question_id is None:
        return None
    database = tilde_encode(widget.database)
    return str(datasette.urls.path(f"/-/questions/{database}/{widget.question_id}"))
