"""Publishing: who may read, what becomes visible, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput, Conflict
from ...leaving import unless_left
from ...pages import json_response, posted, render, wants_json
from .. import link_store, publication_store, store
from ..addresses import exploration_url
from ..opening import own
from . import publishing
from .blocks_shown import snapshot_html
from .read_views import warm_page
from .share_forms import expiry_from, sharing_from
from .share_pages import share_json, share_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..values import Exploration, Revision


async def share(request: Request, datasette: Datasette) -> Any:
    """GET, POST …/ID/-/share: who may read; POST {public, people, mode}."""
    found = await own(request, datasette)
    if request.method == "POST":
        sharing = sharing_from(await posted(request), found.sharing)
        await publishing.share(datasette, request.actor, found, sharing)
        return await _changed(request, datasette, "Saved who may read it.")
    page = await unless_left(request, share_page(datasette, request, found))
    if wants_json(request):
        return json_response(share_json(datasette, request, page))
    return await render(datasette, request, page)


async def publish(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/publish: the current version, with its rows frozen, for its readers."""
    found = await own(request, datasette)
    form = await posted(request)
    revision = await _looked_at(datasette, found, form)
    sharing = sharing_from(form, found.sharing)
    seen = str(form.get("seen") or "") or None
    made = await publishing.publish(datasette, request.actor, found, revision, sharing, seen=seen)
    if made.snapshot is not None:
        # Nobody shall wait for it to be rendered.
        await snapshot_html(datasette, made, revision.document)
        await warm_page(datasette, request, made)
    return await _changed(request, datasette, f"Published version {revision.number}.")


async def unpublish(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/unpublish: for nobody but its author again."""
    found = await own(request, datasette)
    await publication_store.unpublish(datasette, found.id)
    said = "Only you can read it now; its links open nothing any more."
    return await _changed(request, datasette, said)


async def link(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/link: a secret link, {label, expires}."""
    found = await own(request, datasette)
    form = await posted(request)
    expires_at = expiry_from(form)
    await publishing.require_to_share(datasette, request.actor, found)
    await link_store.add(
        datasette,
        found.id,
        label=str(form.get("label") or ""),
        actor_id=found.actor_id,
        expires_at=expires_at,
    )
    return await _changed(request, datasette, "Made a link; whoever has it may read.")


async def revoke(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/revoke: a secret link opens nothing any more, {token}."""
    found = await own(request, datasette)
    token = (await posted(request)).get("token")
    if not isinstance(token, str) or not token:
        raise BadInput("Say which link: send its token.")
    await link_store.revoke(datasette, found.id, token)
    return await _changed(request, datasette, "The link opens nothing any more.")


async def _looked_at(datasette: Datasette, found: Exploration, form: Mapping[str, Any]) -> Revision:
    """The current revision, which must be that which its author was shown, if they say so."""
    revision = await store.revision(datasette, found.id, found.current)
    if revision is None:
        raise Conflict("The exploration has changed meanwhile; look at it again.")
    shown = (str(form.get("number") or ""), str(form.get("edition") or ""))
    if any(shown) and shown != (str(revision.number), str(revision.edition)):
        raise Conflict("The exploration has changed since; look at it again before publishing.")
    return revision


async def _changed(request: Request, datasette: Datasette, said: str) -> Response:
    """What is so now: as JSON, or the page again, which says what was done."""
    if wants_json(request):
        found = await own(request, datasette)
        page = await share_page(datasette, request, found, looks=False)
        return json_response(share_json(datasette, request, page))
    datasette.add_message(request, said, datasette.INFO)
    url = exploration_url(datasette, request.url_vars["id"], "/-/share")
    return Response.redirect(url, status=303)
