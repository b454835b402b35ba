"""One HTML file of an exploration that opens from disk, offline.

Rows stand in it once, as the JSON that an import reads; tables, charts and widgets are made from
that by our script. Without widgets only our scripts run, by their hashes; with widgets the policy
is that of their frames, which take it over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from ...markdown import markdown
from ...widgets.exporting.export_html import (
    CHART_LIBRARIES,
    FILE_POLICY,
    file_style,
    json_in_script,
    library_script,
    own_script,
    rendered,
    script_hash,
    script_json,
)
from ...widgets.sandbox.documents import Rebuilt
from ...widgets.sandbox.framing import framed
from ...widgets.sandbox.libraries import STATIC, in_order, inlined
from ..checking.certificates import row_count
from ..contents import block_anchor, block_name, contents, heading_top, headings
from ..values import Block, ChartBlock, Frozen, QuestionBlock, RowsBlock, WidgetBlock, Words
from .aside import aside
from .file_contexts import ExportedExploration, FileBlock, Library
from .files import File, as_text, file_json
from .portable import FAULTS

if TYPE_CHECKING:
    from datasette.app import Datasette

_ELEMENT = re.compile(r"<(script|style)([^>]*)>(.*?)</\1>", re.DOTALL)
_OWN_LINK = re.compile(r'(<a href=")(?=/)')
_PLAIN_SCRIPT = "llm-tools-export-exploration.js"
_CHART_SCRIPT = "llm-tools-export-exploration-charts.js"
_SNAPSHOT = "SNAPSHOT_OF_THIS_FRAME"


async def html_file(datasette: Datasette, file: File, *, has_run: bool = True) -> str:
    """The file's text. `has_run`: widgets start by themselves, for their owner has run them."""
    return await rendered(datasette, await aside(lambda: _page(file, has_run)))


def _page(file: File, has_run: bool) -> ExportedExploration:
    shown = [(block, file.of(block.id)) for block in file.document.blocks]
    drawn = [each for block, each in shown if each and isinstance(block, ChartBlock)]
    framed_rows = [
        each
        for block, each in shown
        if each and isinstance(block, WidgetBlock) and not each.refused
    ]
    has_charts = any(each.refused is None for each in drawn)
    names = in_order(dict.fromkeys(name for each in framed_rows for name in each.more["libraries"]))
    charting = [(name, library_script(name)) for name in CHART_LIBRARIES] if has_charts else []
    script = own_script(_CHART_SCRIPT if has_charts else _PLAIN_SCRIPT)
    return ExportedExploration(
        title=file.document.title,
        summary_html=_words(file, file.document.summary),
        about=file.about,
        entries=list(contents(file.document)),
        blocks=[_block(file, block, each) for block, each in shown],
        policy=_policy([*(text for _, text in charting), script], bool(framed_rows)),
        style=file_style() + _style(),
        libraries=[each for name in names for each in _library(name, has_charts)],
        charting=[(name, Markup(text)) for name, text in charting],
        script=Markup(script),
        data=json_in_script(as_text(file_json(file))),
        frames=script_json(_frames(framed_rows, has_run)) if framed_rows else None,
    )


def _policy(scripts: list[str], has_widgets: bool) -> str:
    if has_widgets:
        return FILE_POLICY
    return FILE_POLICY.replace("'unsafe-inline'", " ".join(map(script_hash, scripts)), 1)


def _block(file: File, block: Block, frozen: Frozen | None) -> FileBlock:
    name = block_name(block)
    question = block.question if isinstance(block, QuestionBlock) else None
    more = frozen.more if frozen else {}
    notes = [more.get("note"), *(more.get("left_out") or ())] if "vega_lite" in more else []
    return FileBlock(
        id=block.id,
        anchor=block_anchor(block.id),
        kind=block.kind.value,
        name=name,
        text_html=_words(file, block.text, block),
        question=question if question != name else None,
        sql=block.sql if isinstance(block, RowsBlock) else None,
        database=None if isinstance(block, Words) else block.database,
        row_count=row_count(frozen) if frozen else 0,
        truncated=bool(frozen and frozen.truncated),
        summary=str(more.get("summary") or ""),
        notes=[str(each) for each in notes if each],
        faults=[str(each) for each in more.get(FAULTS) or ()],
        refused=frozen.refused if frozen else None,
        taken_at=frozen.taken_at or None if frozen else None,
        certificate=file.certificates.get(block.id),
    )


def _words(file: File, text: str, block: Block | None = None) -> Markup:
    """Words as HTML; links within the site lead back to it."""
    if isinstance(block, Words):
        anchors, top = [each.anchor for each in headings(block)], heading_top(file.document)
        html = markdown(text, headings=True, anchors=anchors, top=top)
    else:
        html = markdown(text, headings=True)
    address = urlsplit(file.about.url)
    site = f"{address.scheme}://{address.netloc}" if address.netloc else ""
    return Markup(_OWN_LINK.sub(lambda found: found[1] + str(escape(site)), html))


def _library(name: str, has_charts: bool) -> Iterator[Library]:
    """The parts of a library; those that draw the file's charts lie there already."""
    for used_as, text in _parts(name):
        if not (has_charts and name == "vega-lite" and used_as == "held"):
            yield Library(name, used_as, Markup(text))


@cache
def _parts(name: str) -> tuple[tuple[str, str], ...]:
    """A library's elements as (held, script or style; text), none of which ends an element."""
    return tuple(
        ("held" if "data-held" in attributes else tag, text)
        for tag, attributes, text in _ELEMENT.findall(inlined(name))
    )


def _frames(frozen: list[Frozen], has_run: bool) -> dict[str, Any]:
    """What the script makes frames of: the head around a block's rows, and libraries in order."""
    rows = f"const SNAPSHOT = {_SNAPSHOT};\n"
    script = (STATIC / "widget-snapshot.js").read_text(encoding="utf-8")
    before, after = framed(Rebuilt(""), rows + script).split(_SNAPSHOT)
    orders = {each.block_id: in_order(each.more["libraries"]) for each in frozen}
    return {"before": before, "after": after, "libraries": orders, "has_run": has_run}


@cache
def _style() -> Markup:
    css = (STATIC / "llm-tools-export-exploration.css").read_text(encoding="utf-8")
    return Markup(css)
