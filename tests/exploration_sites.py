"""Explorations of a small shop, for tests of what is done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasette_llm_tools.explorations import publication_store, running, store
from datasette_llm_tools.explorations.documents import new_block_id
from datasette_llm_tools.explorations.records import Base
from datasette_llm_tools.explorations.values import (
    Block,
    ChartBlock,
    Document,
    Exploration,
    Mode,
    Parameter,
    QueryBlock,
    QuestionBlock,
    Sharing,
    WidgetBlock,
    Words,
    Written,
)
from datasette_llm_tools.widgets import store as widget_store
from datasette_llm_tools.widgets.values import Draft, Kind, Origin
from tests.sites import ALICE, Site
from tests.widget_sites import SALES, SOURCE

EXPLORATIONS = "/-/explorations"
# Who is signed in may publish over shops: no rule does so by itself.
PUBLISHING: Mapping[str, Any] = {
    "databases": {
        "shops": {
            "tables": {"secret": {"allow": {"id": "root"}}},
            "permissions": {"llm-tools-publish": {"id": ["alice", "carol"]}},
        }
    }
}
WORDS = Words(id="a" * 12, text="Tea sells **everywhere**.")
QUESTION = QuestionBlock(
    id="b" * 12,
    title="",
    database="shops",
    sql="select item, price from sale order by id",
    text="Tea costs 3.5 in the first sale.",
    question="What was sold?",
    written=Written("scripted", None, "2026-01-02T03:04:05.000+00:00"),
)
CHART = ChartBlock(
    id="c" * 12,
    title="Sales by item",
    database="shops",
    sql="select item, price from sale",
    spec={"mark": "bar", "x": "item", "y": "price", "aggregate": "sum"},
)
QUERY = QueryBlock(
    id="d" * 12,
    title="Shops in a city",
    database="shops",
    sql="select name from shop where city = :city order by id",
    query="shops_in",
)
SECRET = QueryBlock(
    id="e" * 12, title="Words", database="shops", sql="select word from secret", query=""
)
CITY = Parameter("city", "City", "choice", "Linz", ("Graz", "Linz"))


def shop_document(*blocks: Block, title: str = "Shops and tea", **more: Any) -> Document:
    """A document with these blocks, or with words, a question, a chart and a query."""
    shown = blocks or (WORDS, QUESTION, CHART, QUERY)
    return Document(title, **{"parameters": (CITY,), "tags": ("tea",), "blocks": shown, **more})


async def make_exploration(
    site: Site, document: Document | None = None, actor: Mapping[str, Any] = ALICE
) -> Exploration:
    """An exploration that nobody but its author reads."""
    made, _ = await store.create(
        site.datasette, document=document or shop_document(), actor_id=actor["id"]
    )
    return made


async def published(
    site: Site,
    document: Document | None = None,
    actor: dict[str, Any] = ALICE,
    *,
    public: bool = True,
    people: Sequence[str] = (),
    mode: Mode = Mode.SNAPSHOT,
) -> Exploration:
    """An exploration for everybody, with its rows frozen as its author."""
    made = await make_exploration(site, document, actor)
    revision = await store.revision(site.datasette, made.id, made.current)
    assert revision is not None
    return await publication_store.publish(
        site.datasette,
        made.id,
        base=Base(revision.number, revision.edition),
        publisher=actor,
        sharing=Sharing(public, tuple(people), mode),
        frozen=await running.freeze_all(site.datasette, actor, actor["id"], revision.document),
    )


async def widget_block(
    site: Site, *, was_run: bool = True, actor_id: str | None = "alice", source: str = SOURCE
) -> WidgetBlock:
    """A block with a widget of sales that its owner has run."""
    widget, revision = await widget_store.create(
        site.datasette,
        database="shops",
        kind=Kind.DOCUMENT,
        title="Sales",
        draft=Draft(Origin.CREATED, source, (SALES,)),
        actor_id=actor_id,
    )
    if was_run:
        await widget_store.approve(site.datasette, widget.id, revision.number)
    return WidgetBlock(
        id=new_block_id(),
        title="Sales of a shop",
        database="shops",
        widget_id=widget.id,
        revision=revision.number,
    )
