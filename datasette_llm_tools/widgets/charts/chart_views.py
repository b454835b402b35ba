"""Charts as JSON for programs: a query and perhaps a spec in, what is drawn out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput
from ...leaving import unless_left
from ...pages import json_response, posted
from ..access import widget_database
from .chart_data import Params, draw
from .drawn import drawn_json

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def drawn(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/-/chart: the rows and the drawing of a query; keeps nothing.

    Whoever may run queries may draw them: no model is asked.
    """
    database = await widget_database(request, datasette, "execute-sql")
    form = await posted(request)
    sql, params, spec = chart_request(form)
    chart = await unless_left(request, draw(datasette, request.actor, database, sql, params, spec))
    return json_response(drawn_json(chart))


def chart_request(form: Mapping[str, Any]) -> tuple[str, Params, Mapping[str, Any] | None]:
    """The query, its parameters and the spec that were sent; BadInput where they are not these.

    In a form, `params` and `spec` are JSON texts.
    """
    sql = form.get("sql")
    if not isinstance(sql, str) or not sql.strip():
        raise BadInput("There is no SQL to draw; write a SELECT statement.")
    params = _object(form.get("params"), "params") or {}
    for name, value in params.items():
        if not isinstance(value, (str, int, float, type(None))):
            raise BadInput(f"The parameter {name} must be a text or a number.")
    return sql, params, _object(form.get("spec"), "spec")


def _object(value: Any, name: str) -> dict[str, Any] | None:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadInput(f"{name} is not valid JSON.") from None
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be a JSON object.")
    return value
