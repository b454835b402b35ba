"""What everybody may read, for a visitor whom nobody knows: bytes that are kept ready.

At each request the internal database is asked once whether the exploration is still public, so
that unpublishing holds at once in every process; what was withdrawn from its publisher holds within
half a minute.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from datasette.utils.asgi import Request

from ...errors import NotFound
from ...pages import ANY_HOST
from .. import access, store
from ..access import Door
from ..addresses import KEY
from ..opening import Opened, sees_public, withheld
from ..parameters import PREFIX
from ..values import Exploration, Mode
from .kept_pages import Kept, KeptResponse, kept_pages

if TYPE_CHECKING:
    from datasette.app import Datasette

Host = tuple[str, str]  # scheme, and what the Host header says
_MOST_VISITED_HOSTS = 4
_MOST_HOSTS = 20
Make = Callable[[Opened, Request], Awaitable[Kept]]


async def kept_response(
    request: Request, datasette: Datasette, what: str, make: Make, *, says_host: bool = False
) -> KeptResponse | None:
    """The kept bytes for a visitor, or None where this request is not for kept bytes.

    `what` says which page below the exploration it is; `make` makes it for a visitor, from the
    exploration opened for them and a request of theirs. `says_host`: it has whole addresses of
    this site in it, where the host is known.
    """
    if not _is_visitor(request) or not _wants_what_all_get(request):
        return None
    exploration = await store.get(datasette, request.url_vars["id"])
    if exploration is None or not is_kept(exploration, request.args.get("mode")):
        return None
    if not await sees_public(datasette, None):
        return None
    host = _known_host(datasette, request) if says_host else None
    return KeptResponse(request, await _kept(datasette, request, exploration, what, make, host))


async def warm(
    datasette: Datasette, request: Request, exploration: Exploration, what: str, make: Make
) -> None:
    """Make ready what the next visitor will ask for, on the host of `request`."""
    if is_kept(exploration):
        # Whoever publishes has come by an address of this site.
        host = _known_host(datasette, request, most=_MOST_HOSTS)
        await _kept(datasette, request, exploration, what, make, host)


async def _kept(
    datasette: Datasette,
    request: Request,
    exploration: Exploration,
    what: str,
    make: Make,
    host: Host | None,
) -> Kept:
    hidden = await withheld(datasette, exploration)
    snapshot, published = exploration.snapshot, exploration.published
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
        return await make(found, visitors_request(request, exploration.id, host))

    return await kept_pages(datasette).get(key, made)


def _known_host(
    datasette: Datasette, request: Request, *, most: int = _MOST_VISITED_HOSTS
) -> Host | None:
    """The host for which pages with its addresses are kept. None for one beyond so many, as
    visitors may invent any number: all these get one page, without whole addresses."""
    hosts = _hosts.setdefault(datasette, set())
    host = request.scheme, request.headers.get("host", "")
    if host not in hosts and len(hosts) < most:
        hosts.add(host)
    return host if host in hosts else None


_hosts: WeakKeyDictionary[Datasette, set[Host]] = WeakKeyDictionary()


def visitors_request(request: Request, exploration_id: str, host: Host | None) -> Request:
    """A request as a visitor would send it to a host: no actor, cookies or arguments."""
    path = request.path
    scheme, name = host or (request.scheme, ANY_HOST)
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "scheme": scheme,
        "headers": [(b"host", name.encode("latin-1"))],
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
