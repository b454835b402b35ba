"""Published pages as bytes that are ready to be sent, in memory, and how they are sent.

A page is kept under a key that holds all that it was made of, so that nothing must ever be told
to forget it: what is not asked for any more gives way when the bytes are needed.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...pages import policy_for
from ...settings import read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_POLICY = "Content-Security-Policy"
_LEVEL = 4  # 3 in a hundred larger than level 6, in little more than half the time
_OVERHEAD_BYTES = 2000  # of a page in memory, besides its bytes: headers, key
PUBLIC_HEADERS = {
    "Cache-Control": "public, max-age=30",
    "Vary": "Accept-Encoding, Cookie, Authorization",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A page to be sent. `etag` is of its text; that of the gzip'd bytes has `-gzip` added.

    `gzipped` is None for what would not become smaller.
    """

    body: bytes
    gzipped: bytes | None
    etag: str
    headers: Mapping[str, str]

    @property
    def size(self) -> int:
        return len(self.body) + len(self.gzipped or b"") + _OVERHEAD_BYTES


async def keepable(body: str | bytes, content_type: str, headers: Mapping[str, str]) -> Kept:
    """Text as it is kept, or bytes that are small as they are. Its `headers` are sent with
    PUBLIC_HEADERS, which they may replace."""
    return await asyncio.to_thread(_keepable, body, content_type, headers)


def _keepable(body: str | bytes, content_type: str, headers: Mapping[str, str]) -> Kept:
    encoded = body.encode() if isinstance(body, str) else body
    digest = base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()[:18]).decode()
    return Kept(
        body=encoded,
        gzipped=gzip.compress(encoded, _LEVEL, mtime=0) if isinstance(body, str) else None,
        etag=digest,
        headers={**PUBLIC_HEADERS, **headers, "Content-Type": content_type},
    )


class KeptPages:
    """Pages by their keys, those that were asked for last; at most `most_bytes` of them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._pages: OrderedDict[Hashable, Kept] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Future[Kept]] = {}

    def __len__(self) -> int:
        return len(self._pages)

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Kept]]) -> Kept:
        """The page of a key. It is made once, however many ask for it meanwhile."""
        kept = self._pages.get(key)
        if kept is not None:
            self._pages.move_to_end(key)
            return kept
        under_way = self._under_way.get(key)
        if under_way is None:
            # A task of its own: who asked first may leave while others still wait.
            under_way = asyncio.ensure_future(self._made(key, make))
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda done: self._over(key, done))
        return await asyncio.shield(under_way)

    async def _made(self, key: Hashable, make: Callable[[], Awaitable[Kept]]) -> Kept:
        kept = await make()
        if kept.size <= self._most_bytes:
            self._pages[key] = kept
            self._bytes += kept.size
        while self._bytes > self._most_bytes:
            _, gone = self._pages.popitem(last=False)
            self._bytes -= gone.size
        return kept

    def _over(self, key: Hashable, done: asyncio.Future[Kept]) -> None:
        self._under_way.pop(key, None)
        if not done.cancelled():
            done.exception()  # told to those who wait; where none is left, to nobody


def kept_pages(datasette: Datasette) -> KeptPages:
    """The pages that this process keeps for a Datasette."""
    if datasette not in _kept_pages:
        _kept_pages[datasette] = KeptPages(read_settings(datasette).kept_pages_bytes)
    return _kept_pages[datasette]


_kept_pages: WeakKeyDictionary[Datasette, KeptPages] = WeakKeyDictionary()


class KeptResponse:
    """Sends a kept page as Datasette has its responses sent; 304 to whoever has it already."""

    def __init__(self, request: Request, kept: Kept) -> None:
        headers = request.headers
        self._kept = kept
        policy = kept.headers.get(_POLICY)
        self._policy = {_POLICY: policy_for(policy, request)} if policy else {}
        self._is_head = request.method == "HEAD"
        takes = _takes_gzip(headers.get("accept-encoding", ""))
        self._gzipped = kept.gzipped if takes else None
        self._etag = f'"{kept.etag}{"-gzip" if self._gzipped else ""}"'
        self._is_known = _names(headers.get("if-none-match", ""), self._etag)

    async def asgi_send(self, send: Send) -> None:
        """Send it; called by Datasette."""
        headers = {**self._kept.headers, "ETag": self._etag, **self._policy}
        body = self._gzipped or self._kept.body
        if self._is_known:
            headers.pop("Content-Type")
        else:
            headers["Content-Length"] = str(len(body))
            if self._gzipped:
                headers["Content-Encoding"] = "gzip"
        encoded = [(name.lower().encode(), each.encode()) for name, each in headers.items()]
        status = 304 if self._is_known else 200
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        is_empty = self._is_known or self._is_head
        await send({"type": "http.response.body", "body": b"" if is_empty else body})


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip, also in the form `gzip;q=0.5`."""
    for each in accepted.lower().split(","):
        coding, _, weight = each.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _names(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag; a weak comparison, as it is meant to be."""
    named = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return etag in named or named == {"*"}
