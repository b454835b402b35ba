"""A Datasette plugin for tests of the sandbox: a page with a widget, documents without a bridge.

What a widget could do if it had got the better of the bridge is tested with documents that are
served as they are, under the frame's headers. To see that a test can fail, the environment
variable WEAKENED names what is left out, with commas: headers of the frame, the `page`'s own
policy, or `all`.
"""

import json
import os
from dataclasses import dataclass
from typing import Any, ClassVar

from datasette import Request, Response, hookimpl
from datasette.app import Datasette
from jinja2 import ChoiceLoader, DictLoader, Environment

from datasette_llm_tools import pages
from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.sandbox import frame_views, frames
from datasette_llm_tools.widgets.sandbox.documents import Rebuilt, rebuild
from datasette_llm_tools.widgets.sandbox.framing import framed
from datasette_llm_tools.widgets.values import Draft, Kind, NamedQuery, Origin, Parameter

RAW = "<!-- raw -->"
PAGE = """{% extends "llm_tools/_page.html" %}
{% block extra_head %}{{ super() }}
<link rel="stylesheet" href="{{ static('llm-tools-widget.css', plugin='datasette-llm-tools') }}">
{% set element = static('llm-tools-widget.js', plugin='datasette-llm-tools') %}
<script type="module" src="{{ element }}"></script>
{% endblock %}
{% block content %}
<h1>Lab</h1>
<p><label>Prompt <input id="prompt"></label></p>
<llm-tools-widget data-title="Widget" {% if url %}data-frame-url="{{ url }}/-/frame"
data-rows-url="{{ url }}/-/rows" data-run-url="{{ url }}/-/run"{% endif %}></llm-tools-widget>
{% endblock %}"""


@dataclass(frozen=True)
class LabPage(pages.Page):
    template: ClassVar[str] = "lab.html"
    has_frames: ClassVar[bool] = True
    url: str = pages.shown("The address of a revision, or nothing")


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    assert env.loader
    env.loader = ChoiceLoader([DictLoader({"lab.html": PAGE}), env.loader])


async def lab(request: Request, datasette: Datasette) -> Response:
    """GET /-/lab?widget=ID: a page with that widget, or with an empty one."""
    widget = request.args.get("widget")
    url = datasette.urls.path(f"/-/widgets/demo/{widget}/1") if widget else ""
    response = await pages.render(datasette, request, LabPage(str(url)))
    if "all" in _weakened or "page" in _weakened:
        del response.headers["Content-Security-Policy"]
    return response


async def keep(request: Request, datasette: Datasette) -> Response:
    """POST /-/lab/keep {html, queries: [{name, sql, parameters}]}: a widget of the actor."""
    body = json.loads(await request.post_body())
    queries = tuple(
        NamedQuery(name, sql, tuple(Parameter(*each) for each in parameters))
        for name, sql, parameters in body.get("queries", [])
    )
    widget, _ = await store.create(
        datasette,
        database="demo",
        kind=Kind.DOCUMENT,
        title="Lab",
        draft=Draft(Origin.CREATED, body["html"], queries),
        actor_id=(request.actor or {}).get("id"),
    )
    return Response.json({"id": widget.id})


async def mint(request: Request, datasette: Datasette) -> Response:
    """POST /-/lab/mint {html}: a frame of a document without bridge, unless it is `checked`."""
    body = json.loads(await request.post_body())
    document = rebuild(body["html"]) if body.get("checked") else Rebuilt(RAW + body["html"])
    minted = await frames.mint(datasette, document)
    return Response.json(frames.frame_json(minted, approved=True))


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"/-/lab$", lab), (r"/-/lab/keep$", keep), (r"/-/lab/mint$", mint)]


def _framed(rebuilt: Rebuilt) -> str:
    is_raw = rebuilt.html.startswith(RAW)
    return rebuilt.html.removeprefix(RAW) if is_raw else framed(rebuilt)


frame_views.framed = _framed

_weakened = os.environ.get("WEAKENED", "").split(",")
if "all" in _weakened:
    frames.HEADERS.clear()
for each in _weakened:
    frames.HEADERS.pop(each, None)
