"""oEmbed (oembed.com, version 1.0): what another site puts into its page for an address of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from datasette.utils.asgi import Request
from markupsafe import escape

from ...errors import BadInput, NotFound
from ...widgets.exporting.pictures import can_draw
from ..addresses import KEY, absolute, exploration_url, explorations_url
from ..contents import block_name
from ..opening import Opened
from ..values import Block
from .cards import HEIGHT, WIDTH
from .embed_pages import as_readers, embed_url, sites

if TYPE_CHECKING:
    from datasette.app import Datasette

_DEFAULT = {"maxwidth": 800, "maxheight": 600}
_LEAST = 120
_TAIL = re.compile(r"/([0-9a-f]{24})(?:/-/block/([0-9a-f]{12}))?(?:/-/embed)?/?")
_NOT_OURS = "This is not the address of an exploration here that you may read."


async def oembed_json(request: Request, datasette: Datasette) -> dict[str, Any]:
    """The answer for `?url=`, no larger than `maxwidth` and `maxheight`.

    Raises NotFound for addresses that are not ours or not readable, BadInput.
    """
    if request.args.get("format", "json") != "json":
        raise BadInput("oEmbed is answered as JSON here: format=json.")
    if not sites(datasette):
        raise NotFound(
            "No site may embed what is published here: the setting embed_sites is empty."
        )
    width, height = (_size(request, name) for name in ("maxwidth", "maxheight"))
    found, block = await _opened(request, datasette)
    source = absolute(request, datasette, embed_url(datasette, found, block))
    title = (block_name(block) if block else "") or found.document.title
    told = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": "Datasette",
        "provider_url": absolute(request, datasette, datasette.urls.instance()),
        "html": f'<iframe src="{escape(source)}" title="{escape(title)}" width="{width}" '
        f'height="{height}" loading="lazy" style="border:0;max-width:100%"></iframe>',
        "width": width,
        "height": height,
    }
    if found.exploration.actor_id:
        told["author_name"] = found.exploration.actor_id
    return told | _thumbnail(request, datasette, found)


def _size(request: Request, name: str) -> int:
    given = request.args.get(name)
    if given is None:
        return _DEFAULT[name]
    if not (given.isascii() and given.isdigit() and int(given[:9]) >= _LEAST):
        raise BadInput(f"{name} is a number of pixels, {_LEAST} or more.")
    return min(int(given[:9]), _DEFAULT[name])


async def _opened(request: Request, datasette: Datasette) -> tuple[Opened, Block | None]:
    """What the address leads to, as whoever asks may read it. Raises NotFound."""
    address = urlsplit(request.args.get("url") or "")
    ours = urlsplit(absolute(request, datasette, explorations_url(datasette)))
    is_ours = address.scheme in ("http", "https") and address.netloc == ours.netloc
    tail = address.path.removeprefix(ours.path)
    match = _TAIL.fullmatch(tail) if is_ours and tail != address.path else None
    if match is None:
        raise NotFound(_NOT_OURS)
    found = await as_readers(_asked(request, match[1], parse_qs(address.query)), datasette)
    block = found.document.block(match[2]) if match[2] else None
    if match[2] and block is None:
        raise NotFound("This exploration has no such block, or it has none any more.")
    return found, block


def _asked(request: Request, exploration_id: str, arguments: dict[str, list[str]]) -> Request:
    """A request for an exploration by the same person, with the token that its address has."""
    token = arguments.get(KEY, [""])[0]
    known = re.fullmatch(r"[\w-]*", token, re.ASCII)
    scope = {
        **request.scope,
        "query_string": f"{KEY}={token}".encode() if token and known else b"",
        "url_route": {"kwargs": {"id": exploration_id}},
    }
    return Request(scope, None)


def _thumbnail(request: Request, datasette: Datasette, found: Opened) -> dict[str, Any]:
    """The picture for links, where everybody may fetch it and it fits what was asked for."""
    most = {name: int((request.args.get(name) or "9999")[:9]) for name in ("maxwidth", "maxheight")}
    fits = most["maxwidth"] >= WIDTH and most["maxheight"] >= HEIGHT
    if not (can_draw() and fits and found.exploration.sharing.public):
        return {}
    picture = exploration_url(datasette, found.exploration.id, "/-/picture.png")
    return {
        "thumbnail_url": absolute(request, datasette, picture),
        "thumbnail_width": WIDTH,
        "thumbnail_height": HEIGHT,
    }
