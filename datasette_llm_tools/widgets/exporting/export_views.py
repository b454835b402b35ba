"""Views of exports: a widget as a file, and what of the data becomes visible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette.utils.asgi import Response

from ...errors import BadInput
from ...pages import json_response, render
from ..access import is_own, readable_revision, readable_widget, require_run
from ..values import Revision, Widget
from . import export_data, exports, pictures
from .export_pages import export_page

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

# The files are for a disk. Opened under our address, not even a script of ours may run in them.
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


async def export(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/-/export: the formats, and what becomes visible with them."""
    widget, revision = await _wanted(request, datasette)
    made_of = await exports.material(datasette, request.actor, widget, revision)
    return await render(datasette, request, await export_page(datasette, made_of))


async def html(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/-/export.html: one file that shows the widget from disk."""
    made_of = await _material(request, datasette)
    text = await exports.html_file(datasette, made_of)
    return _file(made_of.widget, "html", text)


async def picture(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/-/export.svg or .png: a picture of a chart."""
    kind: pictures.PictureType = "png" if request.path.endswith(".png") else "svg"
    made_of = await _material(request, datasette)
    drawn = await exports.picture_file(made_of, kind)
    return _file(made_of.widget, kind, drawn, is_shown=True)


async def rows(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/-/export.csv: the rows of a chart, or of ?query=NAME."""
    made_of = await _material(request, datasette)
    return _file(made_of.widget, "csv", exports.csv_file(made_of, request.args.get("query")))


async def program(request: Request, datasette: Datasette) -> Response:
    """GET /-/widgets/DATABASE/ID/-/export.json: the widget, for its owner with all versions."""
    widget = await readable_widget(request, datasette)
    is_owner = is_own(request.actor, widget)
    require_run(request.actor, widget, await readable_revision(request, datasette, widget))
    return json_response(await export_data.widget_json(datasette, widget, is_owner=is_owner))


async def _material(request: Request, datasette: Datasette) -> exports.Material:
    widget, revision = await _wanted(request, datasette)
    return await exports.material(datasette, request.actor, widget, revision)


async def _wanted(request: Request, datasette: Datasette) -> tuple[Widget, Revision]:
    """The widget and the version that was asked for. Raises NotFound, NotAllowed, BadInput."""
    widget = await readable_widget(request, datasette)
    number = request.args.get("number")
    if number is not None and not (number.isascii() and number.isdigit()):
        raise BadInput("number is the number of a version, such as 2.")
    wanted = None if number is None else int(number[:9])
    revision = await readable_revision(request, datasette, widget, wanted)
    require_run(request.actor, widget, revision)
    return widget, revision


def _file(widget: Widget, kind: str, content: str | bytes, *, is_shown: bool = False) -> Response:
    """A file to keep; `is_shown`: a browser may show it instead."""
    how = "inline" if is_shown else "attachment"
    name = exports.filename(widget, kind)
    headers = {**FILE_HEADERS, "Content-Disposition": f'{how}; filename="{name}"'}
    return Response(content, headers=headers, content_type=exports.MEDIA_TYPES[kind])
