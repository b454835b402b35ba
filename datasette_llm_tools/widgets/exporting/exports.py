"""A widget as a file: what is read for it, as whoever asks, and what its format makes of that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from ..charts import chart_data
from ..charts.drawn import drawn_json
from ..values import Kind, Revision, Widget
from . import export_data, export_html, pictures
from .snapshots import Snapshot, snapshots

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Material:
    """What a file of a revision is made of: the chart with its rows, or each query's rows."""

    widget: Widget
    revision: Revision
    drawn: Mapping[str, Any] | None = None
    taken: tuple[Snapshot, ...] = ()


async def material(
    datasette: Datasette, actor: Actor, widget: Widget, revision: Revision
) -> Material:
    """Run the queries of a revision now, as the actor. Raises what running them raises."""
    if widget.kind is Kind.CHART:
        drawn = await drawn_chart(datasette, actor, widget.database, revision)
        return Material(widget, revision, drawn=drawn)
    taken = await snapshots(datasette, actor, widget.database, revision)
    return Material(widget, revision, taken=taken)


async def drawn_chart(
    datasette: Datasette, actor: Actor, database: str, revision: Revision
) -> dict[str, Any]:
    """The chart of a revision over the rows of now, as JSON."""
    query = revision.draft.queries[0]
    params = {each.name: each.default for each in query.parameters}
    spec = json.loads(revision.draft.source)
    drawn = await chart_data.draw(datasette, actor, database, query.sql, params, spec)
    return drawn_json(drawn)


async def content(
    datasette: Datasette, made_of: Material, kind: str, query: str | None = None
) -> bytes:
    """A file in one of MEDIA_TYPES; JSON is the source and queries of this version."""
    if kind == "html":
        return (await html_file(datasette, made_of)).encode()
    if kind in ("svg", "png"):
        return await picture_file(made_of, "svg" if kind == "svg" else "png")
    if kind == "csv":
        return csv_file(made_of, query).encode()
    told = export_data.version_json(made_of.widget, made_of.revision)
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


async def html_file(datasette: Datasette, made_of: Material) -> str:
    """The one HTML file that shows the widget from disk."""
    widget, revision = made_of.widget, made_of.revision
    if made_of.drawn is not None:
        return await export_html.chart_html(datasette, widget, revision, made_of.drawn)
    return await export_html.document_html(datasette, widget, revision, made_of.taken)


async def picture_file(made_of: Material, kind: pictures.PictureType) -> bytes:
    """SVG or PNG of a chart. Raises BadInput for a document, and what pictures.picture raises."""
    if made_of.drawn is None:
        raise BadInput("There are pictures of charts only; open the HTML file in a browser.")
    notes = export_html.chart_notes(made_of.drawn)
    return await chart_picture(made_of.drawn, kind, title=made_of.widget.title, notes=notes)


async def chart_picture(
    drawn: Mapping[str, Any],
    kind: pictures.PictureType,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> bytes:
    """The picture of a chart that was drawn. On it stand title and notes (export_html.chart_notes)
    where nothing around it says them."""
    return await pictures.picture(
        drawn["vega_lite"],
        drawn["fields"],
        drawn["rows"],
        kind,
        title=title,
        notes=notes,
    )


def csv_file(made_of: Material, query: str | None = None) -> str:
    """The rows that a chart draws, or those of one query of a document. Raises BadInput."""
    drawn = made_of.drawn
    if drawn is not None:
        return export_data.rows_csv(drawn.get("titles") or drawn["fields"], drawn["rows"])
    taken = export_data.named_snapshot(made_of.taken, query)
    return export_data.rows_csv(taken.default.columns, taken.default.rows)


def filename(widget: Widget, kind: str) -> str:
    """A name for the file, of letters, digits and hyphens."""
    name = re.sub(r"[^a-z0-9]+", "-", widget.title.lower()).strip("-")[:60].strip("-")
    return f"{name or 'widget'}.{kind}"
