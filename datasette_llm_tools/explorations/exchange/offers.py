"""How the pages around files come about: what there is to take along, and what was taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ...permissions import Actor
from ...settings import read_settings
from ...widgets.exporting.pictures import can_draw
from .. import link_store, store
from ..addresses import KEY, block_url, exploration_url, explorations_url
from ..contents import block_name
from ..documents import document_json
from ..opening import Opened, actor_id
from ..values import Exploration, Link, Mode, WidgetBlock
from .file_contexts import ExplorationExportPage, ImportPage, Offer
from .files import File, as_text, file_json
from .forking import TakenIn, called
from .formats import content
from .plain_cells import results_of

if TYPE_CHECKING:
    from datasette.app import Datasette

_FORMATS = (
    ("html", "HTML", "one file that opens from disk without a network, and can be imported"),
    ("json", "JSON", "all of it for programs, and for an import"),
    ("md", "Markdown", "words, the first rows of each block, SQL"),
    ("ipynb", "Notebook", "for Jupyter: the SQL runs against files whose paths you set"),
    ("yaml", "YAML", "its queries for Datasette's configuration"),
)


async def export_page(
    datasette: Datasette, actor: Actor, found: Opened, file: File
) -> ExplorationExportPage:
    """The page of exports; the HTML file is made for its size."""
    exploration_id, key = found.exploration.id, found.key
    chosen = {"mode": found.mode.value, **({KEY: key} if key else {})}
    sizes = {
        "html": len((await content(datasette, file, "html")).encode()),
        "json": len(as_text(file_json(file)).encode()),
    }
    start = exploration_url(datasette, exploration_id, "/-/export")
    offers = [
        Offer(
            name,
            f"{start}.{kind}?{urlencode(chosen)}",
            what,
            sizes.get(kind),
        )
        for kind, name, what in _FORMATS
    ]
    fork = exploration_url(datasette, exploration_id, "/-/fork") + f"?{urlencode(chosen)}"
    return ExplorationExportPage(
        title=file.document.title,
        url=exploration_url(datasette, exploration_id, key=key),
        is_live=found.mode is Mode.LIVE,
        offers=offers,
        tables=list(_tables(datasette, exploration_id, file, chosen)),
        refused=_refused(file),
        can_draw=can_draw(),
        fork_url=fork if actor_id(actor) is not None else None,
        key=key,
    )


def import_page(
    datasette: Datasette, error: str | None = None, taken: TakenIn | None = None, title: str = ""
) -> ImportPage:
    """The page where a file is taken in, after the last one with what became of it."""
    made = None
    if taken is not None:
        made = {"title": title, "url": exploration_url(datasette, taken.exploration.id)}
    return ImportPage(
        url=explorations_url(datasette, "/-/import"),
        explorations_url=explorations_url(datasette),
        most_megabytes=f"{read_settings(datasette).max_import_bytes / 1_000_000:,.0f}",
        error=error,
        made=made,
        warnings=list(taken.warnings) if taken else [],
    )


async def exploration_json(
    datasette: Datasette, found: Opened, file: File | None, *, rows: bool
) -> dict[str, Any]:
    """An exploration for programs. `file`: as this reader reads it; without, as its author does.

    {exploration, document, links: for its author, rows and certificates: where they are wanted}
    """
    document = file.document if file else found.document
    told: dict[str, Any] = {
        "exploration": state_json(datasette, found.exploration, found),
        "document": document_json(document),
    }
    if found.is_author:
        links = await link_store.links(datasette, found.exploration.id)
        told["links"] = [_link_json(datasette, each) for each in links]
        revisions = await store.revisions(datasette, found.exploration.id)
        told["revisions"] = [
            {"number": each.number, "origin": each.origin.value, "saved_at": each.saved_at}
            for each in revisions
        ]
    if rows and file is not None:
        whole = file_json(file)
        told |= {name: whole[name] for name in ("rows", "certificates", "widgets")}
    return told


def state_json(
    datasette: Datasette, exploration: Exploration, found: Opened | None = None
) -> dict[str, Any]:
    """What is kept of an exploration beside its document; with whom it is shared, its author
    is told."""
    origin = exploration.origin
    told: dict[str, Any] = {
        "id": exploration.id,
        "url": exploration_url(datasette, exploration.id, key=found.key if found else None),
        "author": exploration.actor_id,
        "created_at": exploration.created_at,
        "updated_at": exploration.updated_at,
        "published": exploration.published,
        "published_at": exploration.published_at,
        "pinned_at": exploration.pinned_at,
        "origin": None
        if origin is None
        else {name: getattr(origin, name) for name in ("id", "title", "author", "revision", "url")},
    }
    if found is not None:
        told |= {"revision": found.revision.number, "mode": found.mode.value}
    if found is not None and found.is_author:
        sharing = exploration.sharing
        told["edition"] = found.revision.edition
        told["is_draft"] = found.revision.is_draft
        told["sharing"] = {
            "public": sharing.public,
            "people": list(sharing.people),
            "mode": sharing.mode.value,
        }
    return told


def _link_json(datasette: Datasette, link: Link) -> dict[str, Any]:
    told = {
        name: getattr(link, name)
        for name in ("token", "label", "created_at", "expires_at", "revoked_at")
    }
    return {**told, "url": exploration_url(datasette, link.exploration_id, key=link.token)}


def _tables(datasette: Datasette, exploration_id: str, file: File, chosen: dict[str, str]) -> Any:
    """Each block with rows by its name, with its CSV; of a widget one for each query."""
    for frozen in file.frozen:
        block = file.document.block(frozen.block_id)
        if block is None or frozen.refused is not None:
            continue
        name = block_name(block) or called(file.document, block)
        address = block_url(datasette, exploration_id, block.id, ".csv")
        if isinstance(block, WidgetBlock):
            for query, _, _, rows in results_of(frozen):
                url = f"{address}?{urlencode({**chosen, 'query': query})}"
                yield f"{name}, {query}", Offer("CSV", url, f"{len(rows):,} rows")
        else:
            count = f"{len(frozen.rows):,} row{'' if len(frozen.rows) == 1 else 's'}"
            yield name, Offer("CSV", f"{address}?{urlencode(chosen)}", count)


def _refused(file: File) -> list[tuple[str, str]]:
    found = []
    for frozen in file.frozen:
        block = file.document.block(frozen.block_id)
        if block is not None and frozen.refused is not None:
            found.append((block_name(block) or called(file.document, block), frozen.refused))
    return found
