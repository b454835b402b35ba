"""The Atom feed of public explorations (RFC 4287), as bytes that may be kept on the way."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from datasette.utils.asgi import Response

from ...errors import NotAllowed
from .. import catalog_store, opening
from ..addresses import absolute, exploration_url, explorations_url
from ..catalog_store import Entry
from .catalog_contexts import Feed, FeedEntry

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_SECONDS = 300
_NEVER = "1970-01-01T00:00:00Z"
# What XML 1.0 has no way to write, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def feed_response(datasette: Datasette, request: Request) -> Response:
    """The feed, or 304 to whoever has it. Raises NotAllowed without view-instance."""
    if not await opening.sees_public(datasette, request.actor):
        raise NotAllowed("You need the permission view-instance.")
    feed = await _feed(datasette, request)
    text = await datasette.render_template(
        "llm_tools/explorations_feed.xml", {"feed": feed}, request=request
    )
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    whose = "private" if request.actor else "public"
    headers = {
        "Cache-Control": f"{whose}, max-age={_SECONDS}",
        "ETag": etag,
        "Vary": "Cookie, Authorization",
        "X-Content-Type-Options": "nosniff",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response("", status=304, headers=headers)
    return Response(text, headers=headers, content_type="application/atom+xml; charset=utf-8")


async def _feed(datasette: Datasette, request: Request) -> Feed:
    entries = await catalog_store.feed(datasette)
    metadata = await datasette.get_instance_metadata()
    site = metadata.get("title")
    return Feed(
        title=_plain(f"Explorations: {site}" if site else "Explorations"),
        url=absolute(request, datasette, explorations_url(datasette, "/-/feed.atom")),
        page_url=absolute(request, datasette, explorations_url(datasette)),
        updated_at=max(
            (each.exploration.published_at or _NEVER for each in entries), default=_NEVER
        ),
        entries=[_entry(datasette, request, each) for each in entries],
    )


def _entry(datasette: Datasette, request: Request, entry: Entry) -> FeedEntry:
    each = entry.exploration
    return FeedEntry(
        url=absolute(request, datasette, exploration_url(datasette, each.id)),
        title=_plain(entry.title),
        summary=_plain(entry.summary),
        tags=[_plain(tag) for tag in entry.tags],
        author=_plain(each.actor_id or "somebody"),
        published_at=each.published_at or _NEVER,
    )


def _plain(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
