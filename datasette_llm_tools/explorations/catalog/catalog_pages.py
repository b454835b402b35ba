"""How the catalog comes about, and what of it stands on Datasette's home page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from markupsafe import Markup

from ...errors import NotAllowed
from ...permissions import PUBLISH
from .. import catalog_store, opening
from ..addresses import exploration_url, explorations_url
from ..catalog_store import Entry
from .catalog_contexts import CatalogPage, Listed, Narrowed

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ...permissions import Actor

_SEARCH_CHARACTERS = 200
_MOST_TAGS = 40
_MOST_PINS = 12


async def catalog_page(datasette: Datasette, request: Request) -> CatalogPage:
    """What this person may read, as they narrowed it down. Raises NotAllowed for visitors who may
    not view this Datasette."""
    actor = request.actor
    known, sees_public = opening.actor_id(actor), await opening.sees_public(datasette, actor)
    if known is None and not sees_public:
        raise NotAllowed("Sign in: you need the permission view-instance.")
    narrowed = _narrowed(request)
    found = await catalog_store.catalog(
        datasette,
        known,
        search=narrowed.search,
        author=narrowed.author or None,
        tag=narrowed.tag or None,
        own=narrowed.own,
        pinned=narrowed.pinned,
        sees_public=sees_public,
        after=request.args.get("next"),
    )
    tags = await catalog_store.tags(datasette, known, sees_public=sees_public)
    may_pin = await _may_publish(datasette, actor)
    url = explorations_url(datasette)
    return CatalogPage(
        listed=[listed(datasette, actor, each, may_pin=may_pin) for each in found.entries],
        narrowed=narrowed,
        tags=[(tag, number, _query(url, tag=tag)) for tag, number in tags[:_MOST_TAGS]],
        next_url=_next(url, narrowed, found.next),
        url=url,
        feed_url=explorations_url(datasette, "/-/feed.atom"),
        new_url=explorations_url(datasette, "/-/new") if known else None,
        import_url=explorations_url(datasette, "/-/import") if known else None,
        temporary=bool(datasette.get_internal_database().is_temp_disk),
    )


def page_json(page: CatalogPage) -> dict[str, Any]:
    """{explorations, tags: {tag: number}, next}"""
    return {
        "explorations": [
            {
                "id": each.id,
                "url": each.url,
                "title": each.title,
                "summary": each.summary,
                "tags": list(each.tags),
                "author": each.author,
                "own": each.is_own,
                "at": each.at,
                "state": each.state,
                "pinned": each.is_pinned,
            }
            for each in page.listed
        ],
        "tags": {tag: number for tag, number, _ in page.tags},
        "next": page.next_url,
    }


async def pins_html(datasette: Datasette, request: Request) -> Markup:
    """What stands at the top of the home page: pinned ones that this person may read."""
    actor = request.actor
    if not await opening.sees_public(datasette, actor):
        return Markup("")
    # As everybody reads them, to their authors too.
    found = await catalog_store.catalog(datasette, None, pinned=True, size=_MOST_PINS)
    if not found.entries:
        return Markup("")
    pins = [listed(datasette, actor, each, may_pin=False) for each in found.entries]
    url = explorations_url(datasette)
    html = await datasette.render_template(
        "llm_tools/_exploration_pins.html", {"pins": pins, "url": url}, request=request
    )
    return Markup(html)


def listed(datasette: Datasette, actor: Actor, entry: Entry, *, may_pin: bool) -> Listed:
    """An exploration as lists show it."""
    each = entry.exploration
    is_own = each.actor_id is not None and each.actor_id == opening.actor_id(actor)
    if each.published is None:
        state = "private"
    else:
        state = "public" if each.sharing.public else "shared"
    return Listed(
        id=each.id,
        url=exploration_url(datasette, each.id),
        title=entry.title,
        summary=entry.summary,
        tags=entry.tags,
        author=each.actor_id,
        is_own=is_own,
        at=each.updated_at if is_own else (each.published_at or each.updated_at),
        state=state,
        is_pinned=each.pinned_at is not None,
        pin_url=exploration_url(datasette, each.id, "/-/pin")
        if may_pin and state == "public"
        else None,
    )


def _narrowed(request: Request) -> Narrowed:
    def text(name: str) -> str:
        return (request.args.get(name) or "").strip()[:_SEARCH_CHARACTERS]

    return Narrowed(
        search=text("q"),
        author=text("author"),
        tag=text("tag").lower(),
        own=text("own") == "1",
        pinned=text("pinned") == "1",
    )


def _next(url: str, narrowed: Narrowed, following: str | None) -> str | None:
    if following is None:
        return None
    return _query(
        url,
        q=narrowed.search,
        author=narrowed.author,
        tag=narrowed.tag,
        own="1" if narrowed.own else "",
        pinned="1" if narrowed.pinned else "",
        next=following,
    )


def _query(url: str, **arguments: str) -> str:
    given = {name: value for name, value in arguments.items() if value}
    return f"{url}?{urlencode(given)}" if given else url


async def _may_publish(datasette: Datasette, actor: Actor) -> bool:
    allowed = await datasette.allowed_resources(PUBLISH, actor, limit=1)
    return bool(allowed.resources)
