"""URLs in cells that try to reach what the server can reach and their writer cannot.

A small server on loopback plays the host; only these tests let loopback through.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from datasette_llm_tools.enrichments.attaching import fetching
from datasette_llm_tools.enrichments.attaching.addresses import Address, is_public
from datasette_llm_tools.enrichments.attaching.attachments import load, url_columns
from datasette_llm_tools.enrichments.attaching.fetching import Reach, fetch, hosts_from, resolve
from datasette_llm_tools.enrichments.database.tables import require_target
from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import Attachment, Row, Specification
from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.settings import settings_from
from tests.enrich_sites import enrich_site

pytestmark = pytest.mark.asyncio

PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 100
TLS = b"\x16"  # the first byte of a client that wants it
LOOPBACK = ip_address("127.0.0.1")
Reply = Callable[[str], "bytes | Sequence[bytes]"]


@dataclass
class Host:
    """A host on loopback: what it was asked, and what may be fetched from it."""

    port: int
    requests: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/a.png", name: str = "files.example") -> str:
        return f"http://{name}:{self.port}{path}"

    def reach(self, **changes: object) -> Reach:
        """Every name leads here, and loopback is let through."""

        async def here(name: str, port: int) -> Sequence[Address]:
            self.resolved.append(name)
            return (LOOPBACK,)

        names = ("files.example", "other.example")
        hosts = frozenset(f"{name}:{self.port}" for name in names)
        reach = Reach(hosts, 1000, 2.0, here, lambda address: address == LOOPBACK)
        return replace(reach, **changes)  # type: ignore[arg-type] # fields by name


@asynccontextmanager
async def hosting(reply: Reply, pause: float = 0.0) -> AsyncIterator[Host]:
    """A server whose `reply` maps a path to a whole HTTP response, in pieces with pauses."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(1)
            if first == TLS:
                return
            request = (first + await reader.readuntil(b"\r\n\r\n")).decode()
            host.requests.append(request)
            host.asked.set()
            said = reply(request.split(" ")[1])
            for piece in [said] if isinstance(said, bytes) else said:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host = Host(server.sockets[0].getsockname()[1])
    async with server:
        yield host


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


async def refusal(url: str, reach: Reach) -> str:
    with pytest.raises(BadInput) as caught:
        await fetch(url, reach)
    return caught.value.message


async def test_a_file_is_read_without_cookies_credentials_or_packing() -> None:
    async with hosting(lambda path: ok(PNG, "Set-Cookie: a=b")) as host:
        assert await fetch(host.url("/a.png?size=1"), host.reach()) == PNG
        assert await fetch(host.url("/b.png"), host.reach()) == PNG
    first, second = host.requests
    assert first.startswith("GET /a.png?size=1 HTTP/1.1\r\n")
    assert f"\r\nHost: files.example:{host.port}\r\n" in first
    assert "\r\nAccept-Encoding: identity\r\n" in first
    for each in (first, second):
        assert "cookie" not in each.lower()
        assert "authorization" not in each.lower()


async def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with hosting(lambda path: ok(PNG)) as host:
        assert await fetch(host.url(), host.reach()) == PNG


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "a.png",
        "//files.example/a.png",
        "file:///etc/passwd",
        "ftp://files.example/a",
        "data:image/png;base64,iVBORw0KGgo=",
        "gopher://files.example/",
        "unix:///run/docker.sock",
        "http://",
        "http:///a.png",
        "http://[::1",
        "https://\x00/",
        "http+unix://files.example/",
        "javascript:alert(1)",
    ],
)
async def test_only_urls_of_http(url: str) -> None:
    reach = Reach(frozenset({"files.example", ""}), 1000, resolve=nowhere)
    assert "URL" in await refusal(url, reach)


async def nowhere(name: str, port: int) -> Sequence[Address]:
    raise AssertionError(f"{name} must not be looked up")


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/a.png",
        "http://files.example.evil.example/",
        "http://evil.example/files.example",
        "http://evil.example#files.example",
        "http://evil.example?files.example",
        "http://evil.example\\files.example/",
        "http://xfiles.example/",
        "http://cdn.example/",
        "http://files.example:8080/",
        "http://files.example:22/",
        "http://files.example:99999/",
        "http://files.example./",
        "http://ﬁles.example.org/",
        "http://127.0.0.1/",
        "http://[::1]/",
    ],
)
async def test_only_hosts_and_ports_of_the_list(url: str) -> None:
    reach = Reach(hosts_from("files.example *.cdn.example"), 1000, resolve=nowhere)
    await refusal(url, reach)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example@evil.example/",
        "http://me:secret@files.example/",
        "http://me@files.example/",
    ],
)
async def test_urls_with_credentials_are_refused(url: str) -> None:
    said = await refusal(url, Reach(hosts_from("files.example"), 1000, resolve=nowhere))
    assert "name or password" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        ("https://files.example/a", "files.example"),
        ("https://FILES.example:443/a", "Files.Example other"),
        ("http://img1.cdn.example/a", "*.cdn.example"),
        ("http://a.b.cdn.example/a", "*.cdn.example"),
        ("http://files.example:8080/a", "files.example:8080"),
        ("http://bücher.example/a", "xn--bcher-kva.example"),
    ],
)
async def test_hosts_of_the_list_are_looked_up(url: str, listed: str) -> None:
    asked: list[str] = []

    async def private(name: str, port: int) -> Sequence[Address]:
        asked.append(name)
        return (ip_address("10.0.0.1"),)

    said = await refusal(url, Reach(hosts_from(listed), 1000, resolve=private))
    assert len(asked) == 1
    assert "public internet" in said
    assert "10.0.0.1" not in said


async def test_no_host_is_listed_by_default() -> None:
    assert "attachment_hosts" in await refusal(
        "https://files.example/", Reach(hosts_from(""), 1000, resolve=nowhere)
    )


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "224.0.0.1",
    ],
)
async def test_spellings_of_private_addresses_are_refused_even_when_listed(host: str) -> None:
    """With the system's own resolver: what a name means is decided by what it leads to."""
    async with hosting(lambda path: ok(PNG)) as server:
        listed = hosts_from(f"{host} {host.strip('[]')} *.0.0.1 127.0.0.1:{server.port}")
        listed |= {f"{each}:{server.port}" for each in listed}
        reach = Reach(listed, 1000, 2.0)
        for url in (f"http://{host}:{server.port}/a.png", f"https://{host}/a.png"):
            said = await refusal(url, reach)
            # What no parser and no resolver understands is as good.
            assert re.search("public internet|no address|attachment_hosts|not a URL", said)
    assert server.requests == []


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    async def mixed(name: str, port: int) -> Sequence[Address]:
        return (ip_address("93.184.215.14"), LOOPBACK)

    async with hosting(lambda path: ok(PNG)) as host:
        said = await refusal(host.url(), host.reach(resolve=mixed, is_allowed=is_public))
    assert "public internet" in said
    assert host.requests == []


async def test_a_name_that_leads_elsewhere_a_moment_later() -> None:
    """DNS rebinding: the check sees one address, the connection would ask again."""
    answers = [LOOPBACK, ip_address("169.254.169.254"), ip_address("127.0.0.2")]
    asked: list[str] = []

    async def rebinding(name: str, port: int) -> Sequence[Address]:
        asked.append(name)
        return (answers[len(asked) - 1],)

    async with hosting(lambda path: ok(PNG)) as host:
        reach = host.reach(resolve=rebinding)
        assert await fetch(host.url(), reach) == PNG
        assert len(asked) == 1
        assert "public internet" in await refusal(host.url(), reach)
    assert len(host.requests) == 1


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async def two(name: str, port: int) -> Sequence[Address]:
        return (ip_address("127.0.0.3"), LOOPBACK)

    async with hosting(lambda path: ok(PNG)) as host:
        reach = host.reach(resolve=two, is_allowed=lambda address: address.is_loopback)
        assert await fetch(host.url(), reach) == PNG


async def test_a_name_without_an_address() -> None:
    async def none(name: str, port: int) -> Sequence[Address]:
        raise OSError("Name or service not known")

    assert "no address" in await refusal(
        "https://files.example/", Reach(hosts_from("files.example"), 1000, resolve=none)
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    def reply(path: str) -> bytes:
        return ok(PNG) if path == "/b.png" else moved("/b.png", status)

    async with hosting(reply) as host:
        assert await fetch(host.url("/a.png"), host.reach()) == PNG


async def test_three_redirects_are_followed_and_no_more() -> None:
    def reply(path: str) -> bytes:
        left = int(path.strip("/"))
        return moved(f"/{left - 1}") if left else ok(PNG)

    async with hosting(reply) as host:
        assert await fetch(host.url("/3"), host.reach()) == PNG
        assert "more than 3 times" in await refusal(host.url("/4"), host.reach())
    assert len(host.requests) == 4 + 4


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://evil.example/",
        "file:///etc/passwd",
        "http://me:secret@other.example/",
        "//evil.example/",
        "http://[::1",
        "http://localhost/",
        "gopher://other.example/",
        "http://other.example:22/",
    ],
)
async def test_redirects_are_checked_like_the_first_url(to: str) -> None:
    async with hosting(lambda path: moved(to)) as host:
        await refusal(host.url(), host.reach())
    assert len(host.requests) == 1
    assert host.resolved == ["files.example"]


async def test_a_redirect_to_a_listed_name_of_a_private_address() -> None:
    async def resolving(name: str, port: int) -> Sequence[Address]:
        return (LOOPBACK if name == "files.example" else ip_address("10.0.0.1"),)

    async with hosting(lambda path: moved(f"http://other.example:{host.port}/")) as host:
        said = await refusal(host.url(), host.reach(resolve=resolving))
    assert said.startswith("other.example does not lead to the public internet")
    assert len(host.requests) == 1


async def test_no_redirect_from_https_to_http() -> None:
    url = fetching._checked_url("https://files.example/", Reach(hosts_from("files.example"), 1))
    with pytest.raises(BadInput, match="from https to http"):
        fetching._redirected(url, "http://files.example/", Reach(hosts_from("files.example"), 1))


async def test_https_is_not_spoken_without_tls() -> None:
    async with hosting(lambda path: ok(PNG)) as host:
        said = await refusal(host.url().replace("http:", "https:"), host.reach())
    assert "could not be read" in said
    assert host.requests == []


@pytest.mark.parametrize("size", [1000, 1001])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_may_have_the_largest_size_and_no_more(size: int, announced: bool) -> None:
    body = b"p" * size
    plain = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
    async with hosting(lambda path: ok(body) if announced else plain) as host:
        if size == 1000:
            assert await fetch(host.url(), host.reach()) == body
        else:
            assert "larger than 1,000 bytes" in await refusal(host.url(), host.reach())


async def test_a_file_without_an_end_is_cut_off_at_its_size() -> None:
    chunk = b"100\r\n" + b"p" * 256 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with hosting(lambda path: [head, *[chunk] * 10_000]) as host:
        assert "larger than" in await refusal(host.url(), host.reach())


async def test_a_packed_file_is_not_unpacked() -> None:
    bomb = b"\x1f\x8b\x08" + b"\x00" * 100
    async with hosting(lambda path: ok(bomb, "Content-Encoding: gzip")) as host:
        assert await fetch(host.url(), host.reach()) == bomb


@pytest.mark.parametrize(
    "pieces",
    [
        [b"H"] * 100,  # a byte at a time
        [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", *[b"p"] * 100],
        [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 100,
        [b""] * 100,
    ],
)
async def test_a_host_that_dawdles_is_given_up(pieces: list[bytes]) -> None:
    async with hosting(lambda path: pieces, pause=0.05) as host:
        assert "within 0.3 seconds" in await refusal(host.url(), host.reach(seconds=0.3))


async def test_a_redirect_does_not_start_the_time_anew() -> None:
    async with hosting(lambda path: [b"", b"", b"", moved("/again")], pause=0.05) as host:
        assert "within 0.3 seconds" in await refusal(host.url(), host.reach(seconds=0.3))


async def test_a_resolver_that_dawdles_is_given_up() -> None:
    async def slow(name: str, port: int) -> Sequence[Address]:
        await asyncio.sleep(10)
        return (LOOPBACK,)

    async with hosting(lambda path: ok(PNG)) as host:
        said = await refusal(host.url(), host.reach(resolve=slow, seconds=0.1))
    assert "within 0.1 seconds" in said


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\xff" * 50,
    ],
)
async def test_answers_that_are_no_file(said: bytes) -> None:
    async with hosting(lambda path: said) as host:
        assert (await refusal(host.url(), host.reach())).endswith((".", "URL."))


async def test_what_follows_the_question_mark_is_in_no_message() -> None:
    async with hosting(lambda path: b"HTTP/1.1 403 Forbidden\r\n\r\n") as host:
        said = await refusal(host.url("/a.png?key=hush"), host.reach())
    assert "403" in said
    assert "hush" not in said


async def test_cancelling_ends_the_connection() -> None:
    async with hosting(lambda path: [b"HTTP/1.1 "] * 1000, pause=0.01) as host:
        task = asyncio.create_task(fetch(host.url(), host.reach()))
        await host.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_system_s_resolver_gives_addresses() -> None:
    found = await resolve("localhost", 80)
    assert found
    assert all(address.is_loopback for address in found)


PHOTO, LINK = Attachment("photo"), Attachment("mood", "url")
FILLED = f"""
update remark set photo = x'{PNG.hex()}' where id = 1;
update remark set photo = 'text' where id = 2;
update remark set photo = x'' where id = 4;
update remark set photo = x'{b"<svg onload=alert(1)>".hex()}' where id = 5;
update remark set photo = x'{(b"%PDF-1.7" + b"x" * 3000).hex()}' where id = 6;
"""


async def loaded(
    folder: Path,
    key: int,
    *attachments: Attachment,
    url: object = None,
    accepted: Collection[str] = ("image/png",),
    reach: Reach | None = None,
) -> list[tuple[str, bytes]]:
    """The files of a remark as a model would get them, as (type, content)."""
    async with enrich_site(folder, more=FILLED) as site:
        found = await load(
            site.datasette,
            "shops",
            await require_target(site.datasette, "shops", "remark"),
            Row((key,), {"mood": url}),  # type: ignore[dict-item] # also what is no URL
            Specification("{{ body }}", (Output("words"),), "scripted", attachments=attachments),
            settings_from({"max_attachment_bytes": 2000}),
            accepted=accepted,
            reach=reach,
        )
        return [(each.type, each.content) for each in found]


async def test_blobs_and_files_at_urls_go_along_in_order(tmp_path: Path) -> None:
    async with hosting(lambda path: ok(b"GIF89a" + PNG)) as host:
        found = await loaded(
            tmp_path,
            1,
            LINK,
            PHOTO,
            url=f" {host.url()} ",
            accepted={"image/png", "image/gif"},
            reach=host.reach(),
        )
    assert found == [("image/gif", b"GIF89a" + PNG), ("image/png", PNG)]


@pytest.mark.parametrize(("key", "url"), [(3, None), (4, ""), (99, "  ")])
async def test_empty_cells_have_no_files(tmp_path: Path, key: int, url: str | None) -> None:
    assert await loaded(tmp_path, key, PHOTO, LINK, url=url) == []


@pytest.mark.parametrize(
    ("key", "attachment", "url", "said"),
    [
        (2, PHOTO, None, "The column photo holds no BLOB"),
        (5, PHOTO, None, "photo is no image, sound or PDF"),
        (6, PHOTO, None, "more than the 2,000"),
        (1, LINK, 5, "does not hold a URL"),
        (1, LINK, b"http://files.example/", "does not hold a URL"),
        (1, LINK, "https://files.example/a.png", "attachment_hosts"),
    ],
)
async def test_files_that_do_not_go_along(
    tmp_path: Path, key: int, attachment: Attachment, url: object, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        await loaded(tmp_path, key, attachment, url=url)


async def test_only_types_that_the_model_takes_go_along(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is image/png; the model takes application/pdf"):
        await loaded(tmp_path, 1, PHOTO, accepted={"application/pdf"})


async def test_a_page_that_calls_itself_a_picture_is_none(tmp_path: Path) -> None:
    page = ok(b"<html><img src=x></html>", "Content-Type: image/png")
    async with hosting(lambda path: page) as host:
        with pytest.raises(BadInput, match="no image, sound or PDF"):
            await loaded(tmp_path, 1, LINK, url=host.url(), reach=host.reach())


async def test_columns_of_urls_are_read_with_the_row() -> None:
    specification = Specification("", (), "m", attachments=(PHOTO, LINK))
    assert url_columns(specification) == ("mood",)
