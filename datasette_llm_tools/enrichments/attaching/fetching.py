"""Files at URLs that stand in data, which may be written by anybody.

A name is resolved once, where the connection is made, and the connection goes to the addresses
that were checked: a name that leads elsewhere a moment later changes nothing. httpcore2 is used
without a client around it, so that there are no cookies, no credentials, no proxies from the
environment and nothing unpacked; redirects are followed here, each checked like the first URL.
"""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import anyio
import httpcore2
import httpx2

from ...errors import BadInput
from .addresses import Address, is_public

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 3
_MOST_ADDRESSES = 4  # of one name that are tried
_CONNECT_SECONDS = 10.0
_SHOWN_CHARACTERS = 200
_FAILURES = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
)


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Every address of a host; raises OSError when there is none."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(ip_address(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be fetched. `hosts` are names, `*.` before one for all below it, `:port` after it.

    Without a port a host stands for ports 80 and 443. `seconds` are for a file as a whole.
    """

    hosts: frozenset[str]
    max_bytes: int
    seconds: float = 30.0
    resolve: Resolve = resolve
    is_allowed: Callable[[Address], bool] = is_public


class _Network(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were checked, whatever the name says afterwards."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._below = httpcore2.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *rest: Any, **options: Any) -> Any:
        addresses = await self._checked(host, port)
        for address in addresses[:-1]:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._below.connect_tcp(str(address), port, *rest, **options)
        return await self._below.connect_tcp(str(addresses[-1]), port, *rest, **options)

    async def connect_unix_socket(self, *args: Any, **options: Any) -> Any:
        raise BadInput("Only hosts of the network are fetched from.")

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[Address]:
        try:
            found = await self._reach.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise BadInput(f"{host} has no address; check the URL.") from error
        # Not which address it is: names of a private network are nobody's business here.
        if not found or not all(map(self._reach.is_allowed, found)):
            raise BadInput(f"{host} does not lead to the public internet; nothing was read.")
        return list(found[:_MOST_ADDRESSES])


async def fetch(text: str, reach: Reach) -> bytes:
    """The file at a URL. Raises BadInput with a sentence for whatever is wrong with it."""
    url = _checked_url(text, reach)
    try:
        with anyio.fail_after(reach.seconds):
            return await _follow(url, reach)
    except TimeoutError as error:
        raise BadInput(
            f"{_shown(url)} was not read within {reach.seconds:g} seconds; try it again later."
        ) from error
    except _FAILURES as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"{_shown(url)} could not be read: {said[:_SHOWN_CHARACTERS]}.") from error


async def _follow(url: httpx2.URL, reach: Reach) -> bytes:
    pool = httpcore2.AsyncConnectionPool(
        ssl_context=_ssl_context(), network_backend=_Network(reach), max_keepalive_connections=0
    )
    async with pool:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await _get(pool, url, reach)
            if isinstance(answer, bytes):
                return answer
            url = answer
    raise BadInput(f"{_shown(url)} redirects more than {_MOST_REDIRECTS} times.")


async def _get(
    pool: httpcore2.AsyncConnectionPool, url: httpx2.URL, reach: Reach
) -> bytes | httpx2.URL:
    """The bytes, or where the host redirects to."""
    target = httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers: list[tuple[bytes | str, bytes | str]] = [
        ("Host", url.netloc),
        ("Accept", "image/*, audio/*, application/pdf"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "datasette-llm-tools"),
        ("Connection", "close"),
    ]
    timeouts = {"connect": _CONNECT_SECONDS, "read": reach.seconds, "write": reach.seconds}
    async with pool.stream(
        "GET", target, headers=headers, extensions={"timeout": timeouts}
    ) as answer:
        if answer.status in _REDIRECTS:
            return _redirected(url, _header(answer, b"location"), reach)
        if answer.status != 200:
            raise BadInput(f"{_shown(url)} could not be read: the host answered {answer.status}.")
        return await _body(answer, url, reach.max_bytes)


async def _body(answer: httpcore2.Response, url: httpx2.URL, most: int) -> bytes:
    too_large = BadInput(
        f"{_shown(url)} is larger than {most:,} bytes, the setting max_attachment_bytes."
    )
    said = _header(answer, b"content-length")
    if said.isdigit() and int(said) > most:
        raise too_large
    content = bytearray()
    async for chunk in answer.aiter_stream():
        content += chunk
        if len(content) > most:
            raise too_large
    return bytes(content)


def _redirected(url: httpx2.URL, location: str, reach: Reach) -> httpx2.URL:
    try:
        target = str(url.join(location))
    except (httpx2.InvalidURL, ValueError) as error:
        raise BadInput(f"{_shown(url)} redirects to what is no URL.") from error
    checked = _checked_url(target, reach)
    if url.scheme == "https" and checked.scheme != "https":
        raise BadInput(f"{_shown(url)} redirects from https to http; nothing was read.")
    return checked


def _checked_url(text: str, reach: Reach) -> httpx2.URL:
    """A URL whose scheme, host and port may be asked for; addresses are checked on connecting."""
    try:
        url = httpx2.URL(text.strip())
        host = url.raw_host.decode("ascii")
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise BadInput(f"“{text[:_SHOWN_CHARACTERS]}” is not a URL.") from error
    if url.scheme not in _PORTS or not host:
        raise BadInput(f"“{text[:_SHOWN_CHARACTERS]}” is not a URL that begins with https://.")
    if url.userinfo:
        raise BadInput(f"A URL of {host} holds a name or password; take it out.")
    if not _is_listed(host, url.port, reach.hosts):
        port = f":{url.port}" if url.port else ""
        raise BadInput(
            f"Files of {host}{port} are not read: the setting attachment_hosts lacks it."
        )
    return url


def _is_listed(host: str, port: int | None, hosts: frozenset[str]) -> bool:
    """Whether a host, or one above it, is in the list. httpx2 leaves out a scheme's own port."""
    tail = f":{port}" if port and port not in _PORTS.values() else ""
    labels = host.split(".")
    above = (f"*.{'.'.join(labels[at:])}{tail}" for at in range(1, len(labels)))
    return f"{host}{tail}" in hosts or any(each in hosts for each in above)


def _header(answer: httpcore2.Response, name: bytes) -> str:
    found = (value for key, value in answer.headers if key.lower() == name)
    return next(found, b"").decode("ascii", "replace")


def _shown(url: httpx2.URL) -> str:
    """A URL for a message, without what follows the question mark, which may be a key."""
    return str(url.copy_with(query=None, fragment=None))[:_SHOWN_CHARACTERS]


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


def hosts_from(setting: str) -> frozenset[str]:
    """The setting attachment_hosts as a Reach has it."""
    return frozenset(setting.lower().split())
