"""Widgets of a small shop, for tests of their pages: made by a scripted model or put there."""

from __future__ import annotations

import re
from typing import Any

from datasette_llm_tools.prompt import Usage
from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.store import Added
from datasette_llm_tools.widgets.values import (
    Column,
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Parameter,
    Widget,
    Writing,
)
from tests.sites import ALICE, Site, parse_events

WIDGETS = "/-/widgets/shops"
HTML_HEADERS = {"accept": "text/html"}
SALES = NamedQuery(
    "sales",
    "SELECT item, price FROM sale WHERE shop_id = :shop",
    (Parameter("shop", "integer", 1, minimum=1, maximum=9),),
)
SOURCE = "<!doctype html>\n<h1>Sales</h1>\n<p id=note>none yet</p>\n"
REPLY = f"""\
Title: Sales by shop
```query sales(shop integer = 1)
{SALES.sql}
```
```html
{SOURCE}```
"""
PATCH = """\
<<<<<<< SEARCH
<h1>Sales</h1>
=======
<h1>All sales</h1>
>>>>>>> REPLACE
"""


def reply(turn: str) -> str | list[str]:
    """A whole widget to a wish, a patch to a change; other things by a word in the wish."""
    if "Change wanted" in turn or "this went wrong" in turn:
        return PATCH
    if "chatty" in turn:
        return "I would rather talk about the weather."
    if "half" in turn:
        return REPLY[:-20]
    return re.findall(r".{1,20}", REPLY, re.DOTALL)


def draft(source: str = SOURCE, **more: Any) -> Draft:
    contract = {"sales": (Column("item", "text"), Column("price", "float"))}
    usage = Usage(1200, 340)
    writing = Writing("Sales of each shop", "scripted", usage, usd=0.0042, milliseconds=2345.0)
    return Draft(
        **{
            "origin": Origin.CREATED,
            "source": source,
            "queries": (SALES,),
            "contract": contract,
            "writing": writing,
            **more,
        }
    )


async def kept(site: Site, title: str = "Sales by shop", **more: Any) -> Widget:
    """A widget of Alice's, approved, unless `more` says otherwise."""
    first = more.pop("draft", draft())
    widget, _ = await store.create(
        site.datasette,
        **{
            "database": "shops",
            "kind": Kind.DOCUMENT,
            "title": title,
            "draft": first,
            "actor_id": "alice",
            **more,
        },
    )
    await store.approve(site.datasette, widget.id, 1)
    return widget


async def changed(site: Site, widget: Widget, source: str, **more: Any) -> Added:
    """Another version of a widget, from the current one unless `more` has a parent."""
    options = {"parent": None, "actor_id": widget.actor_id, **more}
    made = options.pop("draft", draft(source, origin=Origin.CHANGED))
    return await store.add_revision(site.datasette, widget.id, made, **options)


async def events(
    site: Site, path: str, fields: dict[str, Any], actor: dict[str, Any] | None = ALICE
) -> list[tuple[str, dict[str, Any]]]:
    """POST as the studio does and return the events."""
    response = await site.post(path, fields, actor, headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    return parse_events(response.text)


def url(widget: Widget, tail: str = "") -> str:
    return f"{WIDGETS}/{widget.id}{tail}"
