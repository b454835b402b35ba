"""The formats that an exploration leaves in, and CSV of one block."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, LlmToolsError
from ...widgets.exporting.export_data import rows_csv
from ...widgets.exporting.pictures import can_draw, picture
from ..values import Block, ChartBlock, Frozen, WidgetBlock
from .aside import aside
from .files import File, as_text, file_json
from .html_file import html_file
from .markdown_file import markdown_file
from .notebook_file import notebook_file
from .plain_cells import results_of, sqlite_rows
from .queries_file import queries_file

if TYPE_CHECKING:
    from datasette.app import Datasette

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "ipynb": "application/x-ipynb+json",
    "yaml": "application/yaml; charset=utf-8",
}
_MOST_SECONDS = 60.0  # for all pictures of a file


async def content(datasette: Datasette, file: File, kind: str, *, has_run: bool = True) -> str:
    """An exploration in one of MEDIA_TYPES. `has_run`: its widgets start by themselves."""
    if kind == "html":
        return await html_file(datasette, file, has_run=has_run)
    if kind == "json":
        return await aside(lambda: as_text(file_json(file)))
    if kind == "yaml":
        return await aside(lambda: queries_file(file))
    writing = markdown_file if kind == "md" else notebook_file
    pictures = await pictures_of(file)
    return await aside(lambda: writing(file, pictures))


async def pictures_of(file: File) -> dict[str, bytes]:
    """PNGs of charts by the id of their block; none without the extra, nor after a minute."""
    found: dict[str, bytes] = {}
    deadline = time.monotonic() + _MOST_SECONDS
    for block in file.document.blocks if can_draw() else ():
        frozen = file.of(block.id)
        is_drawn = frozen is not None and frozen.refused is None and frozen.rows
        if not (isinstance(block, ChartBlock) and frozen and is_drawn):
            continue
        if time.monotonic() > deadline:
            break
        more = frozen.more
        said = [str(each) for each in (more.get("note"), *(more.get("left_out") or ())) if each]
        title = "" if block.title else str(more.get("title") or "")  # a heading has it
        fields = list(more.get("fields") or frozen.columns)
        try:
            found[block.id] = await picture(
                more["vega_lite"], fields, frozen.rows, "png", title=title, notes=said
            )
        except LlmToolsError:
            continue  # a file without this picture still has its rows
    return found


def block_csv(block: Block, frozen: Frozen, query: str | None = None) -> str:
    """The rows of a block; of a widget those of one query. Raises BadInput."""
    if frozen.refused is not None:
        raise BadInput(frozen.refused)
    columns: Sequence[str] = frozen.columns
    rows: Sequence[Sequence[Any]] = frozen.rows
    if isinstance(block, WidgetBlock):
        there = {name: (heads, cells) for name, _, heads, cells in results_of(frozen)}
        wanted = query or next(iter(there), "")
        if wanted not in there or (query is None and len(there) > 1):
            names = ", ".join(there) or "none"
            raise BadInput(f"Choose one of the widget's queries with ?query=; there are: {names}.")
        columns, rows = there[wanted]
    return rows_csv(columns, sqlite_rows(rows))


def filename(title: str, kind: str) -> str:
    """A name for a file, of letters, digits and hyphens."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
    return f"{name or 'exploration'}.{kind}"
