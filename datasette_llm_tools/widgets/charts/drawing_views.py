"""Charts changed in words, and charts that are kept: JSON in, JSON out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput, NotAllowed, NotFound
from ...leaving import unless_left
from ...model import Model
from ...model_choice import choose_model
from ...pages import json_response, posted
from ...permissions import Actor
from ...queries import Value
from .. import store
from ..access import actor_id, is_own, widget_database, widgets_url
from ..load import WARMING, WISHES
from ..making_views import parent_number
from ..named_queries import checked_queries
from ..values import Column, Draft, Kind, NamedQuery, Origin, Parameter, Widget, Writing
from . import drawing
from .chart_data import Params, draw, look
from .chart_views import chart_request
from .drawn import Looked, drawn_json
from .spec import ChartSpec, spec_json
from .spec_reading import spec_from_json
from .summaries import chart_title

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ...prompt import Usage

MAX_PROMPT_CHARACTERS = 1000
_QUERY = "rows"


@dataclass(frozen=True)
class _Sent:
    """A chart as it was sent; `widget` is one that gets a further revision, made from `parent`."""

    database: str
    sql: str
    params: Params
    spec: Mapping[str, Any] | None
    widget: Widget | None
    parent: int | None


async def prompted(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/-/chart/prompt: a model changes a chart, which is drawn anew.

    With `widget`, the change is kept as a further revision of that chart.
    """
    database = await widget_database(request, datasette)
    form = await posted(request)
    wish = _prompt(form)
    sent = await _sent(request, datasette, database, form)
    model = await _model(datasette, request.actor, database, form)
    with WISHES.one_more(datasette, actor_id(request.actor)):
        work = _changed(datasette, request.actor, sent, wish, model)
        return json_response(await unless_left(request, work))


async def saved(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/-/chart/save: keep a chart, as a new one or a further revision."""
    database = await widget_database(request, datasette)
    if actor_id(request.actor) is None:
        raise NotAllowed("Sign in to keep charts: they are kept with whoever makes them.")
    form = await posted(request)
    sent = await _sent(request, datasette, database, form)
    if sent.spec is None:
        raise BadInput("There is no spec to keep; send the spec of what was drawn.")
    looked = await look(datasette, request.actor, database, sent.sql, sent.params)
    spec = spec_from_json(dict(sent.spec), looked.columns)
    writing = Writing(prompt=str(form.get("prompt") or "")[:MAX_PROMPT_CHARACTERS] or None)
    title = str(form.get("title") or "").strip()
    if sent.widget is not None:
        draft = _draft(Origin.EDITED, sent, spec, looked, writing)
        kept = await _add(datasette, request.actor, sent.widget, sent.parent, draft)
        if title and title != sent.widget.title:
            await store.rename(datasette, sent.widget.id, title)
        return json_response(kept)
    widget, revision = await store.create(
        datasette,
        database=database,
        kind=Kind.CHART,
        title=title or chart_title(spec, looked.noun),
        draft=_draft(Origin.CREATED, sent, spec, looked, writing),
        actor_id=actor_id(request.actor),
        question_id=_question(form),
    )
    return json_response(_kept_json(datasette, widget, revision.number))


async def warmed(request: Request, datasette: Datasette) -> Response:
    """POST /-/widgets/DATABASE/-/chart/warm: a local model is loaded and reads the columns."""
    database = await widget_database(request, datasette)
    form = await posted(request)
    sql, params, _ = chart_request(form)
    model = await _model(datasette, request.actor, database, form)
    if model.info.keeps_prefix:
        with WARMING.one_more(datasette, actor_id(request.actor)):
            work = drawing.warm(datasette, request.actor, database, sql, params, model)
            await unless_left(request, work)
    return json_response({"model": model.model_id})


def _prompt(form: Mapping[str, Any]) -> str:
    prompt = str(form.get("prompt") or "").strip()
    if not prompt:
        raise BadInput("The prompt is empty; write what the chart should show.")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise BadInput(f"A prompt may have {MAX_PROMPT_CHARACTERS:,} characters at most.")
    return prompt


def _question(form: Mapping[str, Any]) -> str | None:
    """The question whose answer is drawn, if it is one."""
    question = str(form.get("question") or "")
    if question and not re.fullmatch("[0-9a-f]{24}", question):
        raise BadInput("That is no id of a question; leave it out.")
    return question or None


async def _model(
    datasette: Datasette, actor: Actor, database: str, form: Mapping[str, Any]
) -> Model:
    wanted = str(form.get("model") or "") or None
    return await choose_model(datasette, actor, drawing.PURPOSE, wanted, database)


async def _sent(
    request: Request, datasette: Datasette, database: str, form: Mapping[str, Any]
) -> _Sent:
    """What was sent. Raises BadInput, and NotFound or NotAllowed for a chart of somebody else."""
    sql, params, spec = chart_request(form)
    widget = await _own_chart(request, datasette, database, form.get("widget"))
    parent = parent_number(form) if widget else None
    return _Sent(database, sql, params, spec, widget, parent)


async def _own_chart(
    request: Request, datasette: Datasette, database: str, widget_id: Any
) -> Widget | None:
    """The chart to which a revision is to be added, if there is to be one."""
    if not widget_id:
        return None
    found = await store.get(datasette, str(widget_id))
    visible = found is not None and (found.shared or is_own(request.actor, found))
    if found is None or found.database != database or not visible:
        raise NotFound("There is no such chart to change; save it as a new one.")
    if not is_own(request.actor, found):
        raise NotAllowed("Only its owner may change this chart; save it as one of your own.")
    if found.kind is not Kind.CHART:
        raise BadInput("This widget is a document, not a chart; save the chart as a new one.")
    return found


async def _changed(
    datasette: Datasette, actor: Actor, sent: _Sent, wish: str, model: Model
) -> dict[str, Any]:
    """Change the chart, draw it, and keep it where it is a revision; as JSON."""
    query = (sent.database, sent.sql, sent.params)
    changed = await drawing.change(datasette, actor, *query, sent.spec, wish, model)
    drawn = await draw(datasette, actor, *query, changed.spec, changed.looked)
    kept = None
    if sent.widget is not None:
        draft = _draft(Origin.CHANGED, sent, changed.spec, changed.looked, changed.writing)
        kept = await _add(datasette, actor, sent.widget, sent.parent, draft)
    return {
        "spec": spec_json(drawn.spec),
        "drawn": drawn_json(drawn),
        "notes": list(changed.notes),
        "calls": changed.calls,
        "widget": kept,
        **_writing_json(changed.writing),
    }


async def _add(
    datasette: Datasette, actor: Actor, widget: Widget, parent: int | None, draft: Draft
) -> dict[str, Any]:
    """Keep a revision; whoever was overtaken is told, and theirs is kept beside the other."""
    added = await store.add_revision(
        datasette, widget.id, draft, parent=parent, actor_id=actor_id(actor)
    )
    kept = _kept_json(datasette, widget, added.revision.number)
    conflict = added.conflict.number if added.conflict else None
    return {**kept, "is_current": added.is_current, "conflict": conflict}


def _kept_json(datasette: Datasette, widget: Widget, number: int) -> dict[str, Any]:
    return {
        "id": widget.id,
        "widget": widget.id,
        "number": number,
        "url": widgets_url(datasette, widget.database, widget.id),
    }


def _draft(origin: Origin, sent: _Sent, spec: ChartSpec, looked: Looked, writing: Writing) -> Draft:
    columns = tuple(Column(each.name, each.type) for each in looked.columns)
    query = NamedQuery(_QUERY, sent.sql, tuple(starmap(_parameter, sent.params.items())))
    source = json.dumps(spec_json(spec), ensure_ascii=False)
    return Draft(origin, source, checked_queries([query]), {_QUERY: columns}, writing)


def _parameter(name: str, value: Value) -> Parameter:
    """A query's parameter with the value that it had when the chart was kept."""
    if isinstance(value, (int, float)):
        return Parameter(name, "integer" if isinstance(value, int) else "float", value)
    return Parameter(name, "text", value, most_characters=max(200, len(value or "")))


def _writing_json(writing: Writing) -> dict[str, Any]:
    usage: Usage = writing.usage
    return {
        "model": writing.model_id,
        "usage": {"input": usage.input_tokens, "output": usage.output_tokens},
        "seconds": round(writing.milliseconds / 1000, 2),
        "usd": writing.usd,
    }
