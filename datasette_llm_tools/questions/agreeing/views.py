"""The page and the JSON that compare a dissent with the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils import tilde_decode

from ...errors import BadInput
from ...pages import fragment, json_response, render, wants_json
from ...schema_reading import read_schema
from .. import store
from ..addresses import ask_url
from ..question_access import readable_question
from .contexts import ComparePage
from .reading import compared, comparison, comparison_json, group_of

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response


async def compare(request: Request, datasette: Datasette) -> Response:
    """GET /-/questions/DATABASE/ID/-/compare?group=N: a dissent's rows beside the answer's."""
    database = str(tilde_decode(request.url_vars["database"]))
    found = await readable_question(datasette, request.actor, request.url_vars["id"], database)
    wanted = request.args.get("group") or ""
    if not wanted.isdecimal() or len(wanted) > 4:
        raise BadInput("Say which statement to compare with, as in ?group=2.")
    number = int(wanted)
    group, dissent = await group_of(datasette, request.actor, found, number)
    rows = await compared(datasette, request.actor, found, group)
    schema = await read_schema(datasette, database, request.actor)
    shown = await comparison(datasette, request, found, number, rows, schema)
    if wants_json(request):
        html = await fragment(
            datasette, request, "llm_tools/_comparison.html", {"comparison": shown}
        )
        return json_response({**comparison_json(group, number, rows), "html": html})
    page = ComparePage(
        database=database,
        name=found.name,
        url=f"{ask_url(datasette, database)}/{found.id}",
        sql=found.answer.sql or "",
        comparison=shown,
        dissent=dissent,
        may_take=found.actor_id is not None and found.actor_id == store.actor_id(request.actor),
    )
    return await render(datasette, request, page)
