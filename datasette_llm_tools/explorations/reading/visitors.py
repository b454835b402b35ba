"""What everybody may read, for a visitor whom nobody knows: bytes that are kept ready.

At each request the internal database is asked once whether the exploration is still public, so
that unpublishing holds at once in every process; what was withdrawn from its publisher holds within
half a minute.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Request

from ...errors import NotFound
from .. import access, store
from ..access import Door
from ..addresses import KEY
from ..opening import Opened, sees_public, withheld
from ..parameters import PREFIX
from ..values import Exploration, Mode
from .kept_pages import Kept, KeptResponse, kept_pages

if TYPE_CHECKING:
    from datasette.app import Datasette

Make = Callable[[Opened, Request], Awaitable[Kept]]


async def kept_response(
    request: Request, datasette: Datasette, what: str, make: Make
) -> KeptResponse | None:
    """The kept bytes for a visitor, or None where this request is not for kept bytes.

    `what` says which page below the exploration it is; `make` makes it for a visitor, from the
    exploration opened for them and a request of theirs.
    """
    if not _is_visitor(request) or not _wants_what_all_get(request):
        return None
    exploration = await store.get(datasette, request.url_vars["id"])
    if exploration is None or not is_kept(exploration, request.args.get("mode")):
        return None
    if not await sees_public(datasette, None):
        return None
    return KeptResponse(request, await _kept(datasette, request, exploration, what, make))


async def warm(
    datasette: Datasette, request: Request, exploration: Exploration, what: str, make: Make
) -> None:
    """Make ready what the next visitor will ask for, on the host of `request`."""
    if is_kept(exploration):
        await _kept(datasette, request, exploration, what, make)


async def _kept(
    datasette: Datasette, request: Request, exploration: Exploration, what: str, make: Make
) -> Kept:
    hidden = await withheld(datasette, exploration)
    snapshot, published = exploration.snapshot, exploration.published
    # Policy and absolute addresses have the host in them.
    host = (request.scheme, request.headers.get("host"))
    key = (what, exploration.id, snapshot, published, frozenset(hidden.items()), host)

    async def made() -> Kept:
        revision = await store.revision(datasette, exploration.id, published or 0)
        if revision is None:
            raise NotFound("There is no such exploration any more.")
        found = Opened(
            exploration=exploration,
            revision=revision,
            door=Door.PUBLIC,
            mode=Mode.SNAPSHOT,
            link=None,
        )
        return await make(found, visitors_request(request, exploration.id))

    return await kept_pages(datasette).get(key, made)


def visitors_request(request: Request, exploration_id: str) -> Request:
    """A request as a visitor would send it to the same host: no actor, cookies or arguments."""
    path = request.path
    kept = [(name, value) for name, value in request.scope.get("headers", ()) if name == b"host"]
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "scheme": request.scheme,
        "headers": kept,
        "url_route": {"kwargs": {**request.url_vars, "id": exploration_id}},
    }
    return Request(scope, None)


def _is_visitor(request: Request) -> bool:
    # Datasette would send a message that waits for somebody along with the page.
    return request.actor is None and not getattr(request, "_messages", None)


def _wants_what_all_get(request: Request) -> bool:
    names = set(request.args)
    return KEY not in names and not any(name.startswith(PREFIX) for name in names)


def is_kept(exploration: Exploration, mode: str | None = None) -> bool:
    """Whether it is public, and this mode of it a snapshot."""
    if exploration.published is None or not exploration.sharing.public:
        return False
    if mode not in (None, "", Mode.SNAPSHOT.value):
        return False
    wanted = Mode.SNAPSHOT if mode else None
    return access.mode(exploration, exploration.published, wanted) is Mode.SNAPSHOT
