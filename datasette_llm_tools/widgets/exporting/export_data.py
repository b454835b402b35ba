"""The rows of a widget as CSV, and a widget as JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from .. import store, widget_pages
from ..values import Kind, Revision, Widget
from .snapshots import Snapshot

if TYPE_CHECKING:
    from datasette.app import Datasette

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows_csv(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV with a line of heads; NULL is empty, bytes are hexadecimal digits.

    Text that a spreadsheet would take for a formula begins with an apostrophe; JSON has it as
    it is.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([_cell(each) for each in row] for row in (heads, *rows))
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def named_snapshot(taken: Sequence[Snapshot], name: str | None) -> Snapshot:
    """The rows of the query that is called so; without a name, of the only one. Raises BadInput."""
    found = [each for each in taken if name in (None, each.query.name)]
    if len(found) != 1:
        names = ", ".join(each.query.name for each in taken) or "none"
        raise BadInput(f"Choose one of the widget's queries with ?query=; there are: {names}.")
    return found[0]


async def widget_json(
    datasette: Datasette, widget: Widget, *, is_owner: bool, number: int | None = None
) -> dict[str, Any]:
    """A widget with its revisions, the newest first; a reader one, as readers may see it."""
    numbers = [number or widget.current]
    if is_owner and number is None:
        numbers = [each.number for each in await store.revisions(datasette, widget.id)]
    found = [await store.revision(datasette, widget.id, each) for each in numbers]
    kept = [each for each in found if each is not None]
    shown = kept if is_owner else list(map(store.for_readers, kept))
    return {
        "widget": widget_pages.widget_json(datasette, widget),
        "revisions": list(map(widget_pages.revision_json, shown)),
    }


def version_json(widget: Widget, revision: Revision) -> dict[str, Any]:
    """One version by itself, for a file; that of a chart has its spec as an object too."""
    told = {"title": widget.title, "kind": widget.kind.value}
    if widget.kind is Kind.CHART:
        told["spec"] = json.loads(revision.draft.source)
    return {**told, **widget_pages.revision_json(revision)}
