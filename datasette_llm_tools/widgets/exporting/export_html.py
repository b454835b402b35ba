"""One HTML file that shows a widget from disk, with the rows as they are now and no network.

A chart's file runs our own scripts only, by their hashes. A document's file shows the widget in
a sandboxed frame; the frame takes over the file's policy, as a frame without an address does.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ...pages import Page
from ..sandbox.documents import rebuild
from ..sandbox.framing import POLICY, framed
from ..sandbox.libraries import STATIC
from ..values import Revision, Widget
from .classic_scripts import classic_script, in_script_element
from .export_contexts import About, ExportedChart, ExportedDocument, ExportedQuery
from .pictures import json_value
from .snapshots import Snapshot, snapshots_json

if TYPE_CHECKING:
    from datasette.app import Datasette

CHART_LIBRARIES = ("vega", "vega-lite", "vega-interpreter")
_TABLE_ROWS = 1000

# What the frame of a widget may do, but for our own scripts by their hashes. No browser knows
# `webrtc` in a meta element, and one that does not would say so.
FILE_POLICY = POLICY.replace("; webrtc 'block'", "")


async def chart_html(
    datasette: Datasette, widget: Widget, revision: Revision, drawn: Mapping[str, Any]
) -> str:
    """The file of a chart; `drawn` is the JSON of charts/drawn.py."""
    scripts = [*map(library_script, CHART_LIBRARIES), own_script("llm-tools-export-chart.js")]
    values = [list(map(json_value, row)) for row in drawn["rows"]]
    page = ExportedChart(
        about=about(widget, revision, [charted_query(revision, drawn)]),
        policy=FILE_POLICY.replace("'unsafe-inline'", " ".join(map(script_hash, scripts)), 1),
        style=file_style(),
        scripts=[Markup(each) for each in scripts],
        data=script_json({**_needed(drawn), "rows": values}),
        summary=str(drawn["summary"]),
        notes=chart_notes(drawn),
        heads=list(map(str, drawn.get("titles") or drawn["fields"])),
        rows=values[:_TABLE_ROWS],
        row_count=len(values),
    )
    return await rendered(datasette, page)


async def document_html(
    datasette: Datasette, widget: Widget, revision: Revision, taken: Sequence[Snapshot]
) -> str:
    """The file of a document. Raises BadInput where its source cannot be read."""
    rebuilt = await asyncio.to_thread(rebuild, revision.draft.source)
    rows = f"const SNAPSHOT = {script_json(snapshots_json(taken))};\n"
    frame = framed(rebuilt, rows + (STATIC / "widget-snapshot.js").read_text(encoding="utf-8"))
    data = {
        "title": widget.title,
        "source": frame,
        # A version that nobody has run yet runs when Run is pressed, as on the server.
        "approved": revision.approved_at is not None,
    }
    page = ExportedDocument(
        about=about(widget, revision, list(map(exported_query, taken))),
        policy=FILE_POLICY,
        style=file_style(),
        script=Markup(own_script("llm-tools-export-widget.js")),
        data=script_json(data),
        notes=[each for one in taken for each in snapshot_notes(one)],
    )
    return await rendered(datasette, page)


def script_json(value: Any) -> Markup:
    """JSON for a script element, in which nothing can end the element."""
    return json_in_script(json.dumps(value, ensure_ascii=False, default=str))


def json_in_script(text: str) -> Markup:
    """JSON that is text already, so that nothing in it can end a script element."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def charted_query(revision: Revision, drawn: Mapping[str, Any]) -> ExportedQuery:
    """The query of a chart, with the statement that was run around it."""
    query = revision.draft.queries[0]
    return ExportedQuery(
        name=query.name,
        sql=str(drawn["sql"]),
        params=_params({each.name: each.default for each in query.parameters}),
        columns=list(map(str, drawn.get("titles") or drawn["fields"])),
        row_count=len(drawn["rows"]),
        truncated=bool(drawn["truncated"]),
    )


def exported_query(taken: Snapshot) -> ExportedQuery:
    """A query with its rows, as people read of it."""
    return ExportedQuery(
        name=taken.query.name,
        sql=taken.query.sql,
        params=_params(taken.default.params),
        columns=list(taken.default.columns),
        row_count=taken.row_count,
        truncated=taken.default.truncated,
        other_values=len(taken.results) - 1,
    )


def snapshot_notes(taken: Snapshot) -> list[str]:
    """What a file does not have of a query, in sentences."""
    name, rows = taken.query.name, len(taken.default.rows)
    said = [f"{name} was cut to its first {rows:,} rows."] if taken.default.truncated else []
    if taken.is_partial:
        said.append(f"Of {name} this file holds {len(taken.results):,} choices; there are more.")
    return said


def about(widget: Widget, revision: Revision, queries: list[ExportedQuery]) -> About:
    """What a file says of itself, exported now."""
    return About(
        title=widget.title,
        database=widget.database,
        number=revision.number,
        model_id=revision.draft.writing.model_id,
        made_at=revision.created_at,
        exported_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        queries=queries,
    )


def _params(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, "NULL" if value is None else str(value)) for name, value in params.items()]


def _needed(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """What our script draws with; nothing that leads back to the server."""
    wanted = ("vega_lite", "fields", "titles", "title", "summary", "truncated", "total")
    return {**{name: drawn.get(name) for name in wanted}, "behind": None}


def chart_notes(drawn: Mapping[str, Any]) -> list[str]:
    """What is said on a chart beside its title: that it was cut, and what it leaves out."""
    said = [drawn.get("note"), *(drawn.get("left_out") or ())]
    return [str(each) for each in said if each]


def library_script(name: str) -> str:
    """A library of static/vendor by its package's name, for a script element."""
    (folder,) = (STATIC / "vendor").glob(f"{name}-[0-9]*")
    (file,) = folder.glob("*.js")
    return in_script_element(file.read_text(encoding="utf-8"))


def own_script(entry: str) -> str:
    """A module of ours with all that it imports as one classic script, for a script element."""

    def read(name: str) -> str:
        return (STATIC / name).read_text(encoding="utf-8")

    return in_script_element(classic_script(entry, read))


@cache
def file_style() -> Markup:
    """The style sheet of exported files, for a style element."""
    return Markup((STATIC / "llm-tools-export.css").read_text(encoding="utf-8"))


def script_hash(script: str) -> str:
    """The source of a policy that lets this one inline script run."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest())
    return f"'sha256-{digest.decode()}'"


async def rendered(datasette: Datasette, page: Page) -> str:
    """The text of a file by its template."""
    context = {each.name: getattr(page, each.name) for each in fields(page)}
    return str(await datasette.render_template(page.template, context))
