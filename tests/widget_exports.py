"""Charts and documents that are kept, for tests to export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from datasette_llm_tools.prompt import Usage
from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.values import (
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Parameter,
    Widget,
    Writing,
)
from tests.sites import ALICE, Site

SALES = "select item, count(*) as sales from sale group by item"
BARS = {"mark": "bar", "x": "item", "y": "sales"}
WRITING = Writing("Draw what sold", "scripted", Usage(10, 5), None, 12.0)
DOCUMENT = """<!DOCTYPE html><html><head><title>Sales</title></head>
<body><h1>Sales</h1><ul id="list"></ul><script>
datasette.rows("sales", {city: "Graz"}).then((rows) => {
  for (const row of rows) {
    const line = document.createElement("li");
    line.textContent = row.item + ": " + row.sales + (rows.truncated ? " (cut)" : "");
    document.getElementById("list").append(line);
  }
});
</script></body></html>"""
IN_CITY = NamedQuery(
    "sales",
    "select item, count(*) as sales from sale join shop on shop.id = shop_id "
    "where city = :city group by item",
    (Parameter("city", default="Graz"),),
)


async def kept_chart(
    site: Site,
    sql: str = SALES,
    spec: dict[str, Any] | None = None,
    *,
    title: str = "What sold",
    actor: dict[str, Any] = ALICE,
    shared: bool = False,
) -> Widget:
    """A chart of one revision."""
    source = json.dumps(BARS if spec is None else spec)
    draft = Draft(Origin.CREATED, source, (NamedQuery("rows", sql),), writing=WRITING)
    return await _kept(site, Kind.CHART, title, draft, actor, shared)


async def kept_document(
    site: Site,
    source: str = DOCUMENT,
    queries: Sequence[NamedQuery] = (IN_CITY,),
    *,
    title: str = "Sales by item",
    actor: dict[str, Any] = ALICE,
    shared: bool = False,
    approved: bool = True,
) -> Widget:
    """A document of one revision, which its owner has run unless it is not `approved`."""
    draft = Draft(Origin.CREATED, source, tuple(queries), writing=WRITING)
    widget = await _kept(site, Kind.DOCUMENT, title, draft, actor, shared)
    if approved:
        await store.approve(site.datasette, widget.id, 1)
    return widget


async def _kept(
    site: Site, kind: Kind, title: str, draft: Draft, actor: dict[str, Any], shared: bool
) -> Widget:
    widget, _ = await store.create(
        site.datasette,
        database="shops",
        kind=kind,
        title=title,
        draft=draft,
        actor_id=actor["id"],
    )
    if shared:
        await store.share(site.datasette, widget.id, True)
    return widget


def export_url(widget: Widget, tail: str = "") -> str:
    return f"/-/widgets/shops/{widget.id}/-/export{tail}"
