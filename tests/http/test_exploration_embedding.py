"""Explorations on other sites: who may frame them, what stands there, and how links look."""

from __future__ import annotations

import html
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from datasette.utils import StartupError
from markupsafe import escape

from datasette_llm_tools.explorations import link_store, store
from datasette_llm_tools.explorations.reading.kept_pages import kept_pages
from datasette_llm_tools.explorations.values import Exploration, Mode, QueryBlock
from datasette_llm_tools.widgets.exporting import pictures
from tests.exploration_sites import (
    CHART,
    EXPLORATIONS,
    PUBLISHING,
    QUERY,
    QUESTION,
    WORDS,
    make_exploration,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

SITES = "https://news.example https://*.blog.example:8443"
HOSTILE = '</title><script>alert(1)</script>"><svg onload=x>&amp;'


def silent(turn: str) -> str:
    return "select 1"


def open_site(folder: Path, sites: str = SITES, **more: Any) -> Any:
    settings = {"embed_sites": sites, **more}
    return make_site(folder, silent, config=dict(PUBLISHING), settings=settings)


def url(made: Exploration, tail: str = "") -> str:
    return f"{EXPLORATIONS}/{made.id}{tail}"


def block_url(made: Exploration, block_id: str, tail: str = "") -> str:
    return url(made, f"/-/block/{block_id}{tail}")


async def get(site: Site, path: str, actor: dict[str, Any] | None = None, **more: Any) -> Any:
    return await site.get(path, actor, **more)


def ancestors(response: Any) -> str:
    policy = response.headers["content-security-policy"]
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    assert found and policy.count("frame-ancestors") == 1
    return found[1]


@pytest.mark.asyncio
async def test_what_is_public_can_be_framed_by_the_named_sites(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        for path in (url(made, "/-/embed"), block_url(made, QUESTION.id, "/-/embed")):
            response = await get(site, path)
            assert response.status_code == 200
            assert ancestors(response) == SITES
            assert "x-frame-options" not in response.headers
            assert response.headers["cache-control"] == "public, max-age=30"
            assert "set-cookie" not in response.headers
            assert "<td>tea" in response.text
            assert f'data-sites="{SITES}"' in response.text
            assert "Fork" not in response.text and "<footer" not in response.text
        assert ancestors(await get(site, url(made))) == "'self'"


@pytest.mark.asyncio
async def test_one_block_stands_alone_and_leads_to_the_whole(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        text = (await get(site, block_url(made, CHART.id, "/-/embed"))).text
        assert "llm-tools-exploration-chart" in text and "everywhere" not in text
        assert f'<a href="{url(made)}">Shops and tea</a>' in text


@pytest.mark.asyncio
async def test_its_author_is_told_what_to_put_into_a_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, shop_document(WORDS, title=HOSTILE))
        share = (await get(site, url(made, "/-/share"), ALICE)).text
        found = re.search(r'value="([^"]+)" aria-label="What to put into a page"', share)
        assert found
        code = html.unescape(found[1])
        assert f'src="http://localhost{url(made)}/-/embed"' in code
        assert code.count("<script") == 1 and f'title="{escape(HOSTILE)}"' in code
        private = await published(site, public=False)
        assert "What to put" not in (await get(site, url(private, "/-/share"), ALICE)).text


@pytest.mark.asyncio
async def test_without_sites_nobody_frames_anything(tmp_path: Path) -> None:
    async with open_site(tmp_path, sites="") as site:
        made = await published(site)
        response = await get(site, url(made, "/-/embed"))
        assert response.status_code == 200 and ancestors(response) == "'none'"
        told = await get(site, f"{EXPLORATIONS}/-/oembed?url=http://localhost{url(made)}")
        assert told.status_code == 404 and "embed_sites" in told.json()["error"]
        assert "oembed" not in (await get(site, url(made))).text


@pytest.mark.asyncio
async def test_a_wrong_site_stops_the_server_from_starting(tmp_path: Path) -> None:
    plugins = {"datasette-llm-tools": {"embed_sites": "https://a.example *"}}
    datasette = Datasette([], config={"plugins": plugins}, internal=str(tmp_path / "internal.db"))
    with pytest.raises(StartupError, match=r"embed_sites has '\*'"):
        await datasette.invoke_startup()


@pytest.mark.asyncio
async def test_what_is_not_for_everybody_is_not_embedded(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        draft = await make_exploration(site)
        shared = await published(site, public=False, people=["bob"])
        for made in (draft, shared):
            for tail in ("/-/embed", f"/-/block/{QUESTION.id}/-/embed", "/-/picture.png"):
                response = await get(site, url(made, tail))
                assert response.status_code == 404 and "tea" not in response.text
        # What went wrong is said in the frame, so the other site may show that, too.
        said = await get(site, url(shared, "/-/embed"))
        assert ancestors(said) == SITES and "not shared with you" in said.text
        assert "not published" in (await get(site, url(draft, "/-/embed"), ALICE)).text
        assert (await get(site, url(shared, "/-/embed"), BOB)).status_code == 200


@pytest.mark.asyncio
async def test_a_secret_link_can_be_embedded_until_it_is_revoked(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, public=False)
        link = await link_store.add(
            site.datasette, made.id, label="", actor_id="alice", expires_at=None
        )
        path = url(made, f"/-/embed?key={link.token}")
        response = await get(site, path)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "private, no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert f"{CHART.id}.json?mode=snapshot&amp;key={link.token}" in response.text
        told = await get(site, oembed(f"http://localhost{url(made)}?key={link.token}"))
        assert f"/-/embed?key={link.token}" in told.json()["html"]
        assert "thumbnail_url" not in told.json()
        await link_store.revoke(site.datasette, made.id, link.token)
        assert "revoked" in (await get(site, path)).text


@pytest.mark.asyncio
async def test_its_author_sees_what_readers_do(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        await store.save(
            site.datasette, made.id, shop_document(title="A later title"), base=None,
            actor_id="alice", keep=True,
        )  # fmt: skip
        text = (await get(site, url(made, "/-/embed"), ALICE)).text
        assert "Shops and tea" in text and "A later title" not in text


@pytest.mark.asyncio
async def test_a_theme_is_one_of_three(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        dark = (await get(site, url(made, "/-/embed?theme=dark"))).text
        assert 'data-theme="dark"' in dark
        assert '<meta name="color-scheme" content="dark">' in dark
        auto = (await get(site, url(made, "/-/embed"))).text
        assert "data-theme" not in auto and 'content="light dark"' in auto
        wrong = await get(site, url(made, "/-/embed?theme=<b>"))
        assert wrong.status_code == 400 and "light, dark or auto" in wrong.text


@pytest.mark.asyncio
async def test_parameters_are_the_only_form(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        response = await get(site, url(made, "/-/embed?theme=dark&p_city=Graz"), BOB)
        assert "Corner" in response.text and "Rows are read now" in response.text
        assert response.headers["cache-control"] == "private, no-store"
        (form,) = re.findall(r"<form[^>]*>", response.text)
        assert f'action="{url(made)}/-/embed"' in form and 'method="get"' in form
        assert '<input type="hidden" name="theme" value="dark">' in response.text
        wrong = await get(site, url(made, "/-/embed?p_city=Rome"))
        assert wrong.status_code == 400 and "City" in wrong.text


@pytest.mark.asyncio
async def test_unknown_blocks_are_said_to_be_unknown(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        for tail in ("/-/embed", ".svg"):
            response = await get(site, block_url(made, "0" * 12, tail))
            assert response.status_code == 404 and "no such block" in response.text


@pytest.mark.asyncio
async def test_a_widgets_frame_lets_the_named_sites_around_its_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        block = await widget_block(site)
        made = await published(site, shop_document(block))
        page = await get(site, url(made, "/-/embed"))
        assert "frame-src localhost/-/widgets/-/frame;" in page.headers["content-security-policy"]
        minted = (await site.post(block_url(made, block.id, "/-/frame"), {}, None)).json()
        shown = await get(site, minted["frame"], headers={"sec-fetch-dest": "iframe"})
        assert ancestors(shown) == f"'self' {SITES}"
        assert "sandbox allow-scripts" in shown.headers["content-security-policy"]


@pytest.mark.asyncio
async def test_hostile_words_stay_words(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        document = shop_document(WORDS, title=HOSTILE, summary=HOSTILE, tags=('a"><b>',))
        made = await published(site, document)
        for path in (url(made), url(made, "/-/embed")):
            text = (await get(site, path)).text
            assert "<script>alert" not in text and "<svg onload" not in text
        told = (await get(site, oembed(f"http://localhost{url(made)}"))).json()
        assert told["title"] == HOSTILE
        assert str(escape(HOSTILE)) in told["html"] and "<script" not in told["html"]


# oEmbed and what links show -------------------------------------------------------------------


def oembed(address: str, **arguments: str) -> str:
    from urllib.parse import urlencode

    return f"{EXPLORATIONS}/-/oembed?" + urlencode({"url": address, **arguments})


@pytest.mark.asyncio
async def test_oembed_tells_what_to_put_into_a_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        page = (await get(site, url(made))).text
        found = re.search(r'type="application/json\+oembed" href="([^"]+)"', page)
        assert found
        discovered = found[1].replace("&amp;", "&").removeprefix("http://localhost")
        told = (await get(site, discovered)).json()
        assert (told["version"], told["type"], told["title"]) == ("1.0", "rich", "Shops and tea")
        assert (told["width"], told["height"]) == (800, 600)
        assert told["author_name"] == "alice"
        assert f'src="http://localhost{url(made)}/-/embed"' in told["html"]
        small = await get(
            site,
            oembed(f"http://localhost{block_url(made, CHART.id)}", maxwidth="300", maxheight="200"),
        )
        assert (small.json()["width"], small.json()["height"]) == (300, 200)
        assert small.json()["title"] == "Sales by item"
        assert f"{CHART.id}/-/embed" in small.json()["html"]
        assert "thumbnail_url" not in small.json()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("", 404),
        ("https://elsewhere.example{page}", 404),
        ("http://localhost.elsewhere.example{page}", 404),
        ("http://localhost:81{page}", 404),
        ("ftp://localhost{page}", 404),
        ("{page}", 404),
        ("http://localhost/-/explorations", 404),
        ("http://localhost{page}/-/edit", 404),
        ("http://localhost{page}/-/block/000000000000", 404),
        ("http://localhost/x{page}", 404),
        ("http://localhost/-/explorations/000000000000000000000000", 404),
        ("http://localhost{page}?key=wrong", 200),  # it is public
        ("http://localhost{page}?key=a%26b", 200),
        ("https://localhost{page}/-/embed?theme=dark", 200),
    ],
)
async def test_oembed_is_for_addresses_of_ours(tmp_path: Path, address: str, status: int) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        response = await get(site, oembed(address.format(page=url(made))))
        assert response.status_code == status, response.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "arguments",
    [{"format": "xml"}, {"maxwidth": "wide"}, {"maxheight": "-1"}, {"maxwidth": "1"}],
)
async def test_oembed_takes_sizes_in_pixels(tmp_path: Path, arguments: dict[str, str]) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        response = await get(site, oembed(f"http://localhost{url(made)}", **arguments))
        assert response.status_code == 400


@pytest.mark.asyncio
async def test_only_public_pages_say_how_links_to_them_look(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        document = shop_document(summary="Tea is **sold** everywhere.")
        text = (await get(site, url(await published(site, document)))).text
        assert '<meta property="og:title" content="Shops and tea">' in text
        assert '<meta property="og:description" content="Tea is sold everywhere.">' in text
        assert re.search(r'og:url" content="http://localhost/-/explorations/[0-9a-f]{24}"', text)
        private = await published(site, public=False, people=["bob"])
        assert "og:" not in (await get(site, url(private), BOB)).text


# Pictures -------------------------------------------------------------------------------------


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.asyncio
async def test_pictures_of_a_snapshot(tmp_path: Path) -> None:
    if not pictures.can_draw():
        pytest.skip("the extra `pictures` is not installed")
    async with open_site(tmp_path) as site:
        made = await published(site, shop_document(WORDS, CHART, QUERY, title=HOSTILE))
        page = (await get(site, url(made))).text
        found = re.search(r'og:image" content="http://localhost([^"]+)"', page)
        assert found
        card = await get(site, found[1])
        assert card.headers["content-type"] == "image/png" and size(card.content) == (1200, 630)
        assert card.headers["cache-control"] == "public, max-age=30"
        assert "content-encoding" not in card.headers
        drawn = await get(site, block_url(made, CHART.id, ".svg"))
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in drawn.headers["content-security-policy"]
        # Its name is the heading above it.
        assert drawn.text.startswith("<svg") and "Sales by item" not in drawn.text
        assert (await get(site, block_url(made, QUERY.id, ".svg"))).status_code == 400
        live = await get(site, block_url(made, CHART.id, ".svg?mode=live"), BOB)
        assert live.status_code == 200 and live.headers["cache-control"] == "private, no-store"
        # An author's draft has pictures, too, for themselves alone.
        draft = await make_exploration(site)
        assert (await get(site, block_url(draft, CHART.id, ".svg"), ALICE)).status_code == 200
        assert (await get(site, block_url(draft, CHART.id, ".svg"), BOB)).status_code == 404


@pytest.mark.asyncio
async def test_a_page_that_is_live_has_a_card_without_rows(tmp_path: Path) -> None:
    if not pictures.can_draw():
        pytest.skip("the extra `pictures` is not installed")
    async with open_site(tmp_path) as site:
        made = await published(site, mode=Mode.LIVE)
        card = await get(site, url(made, "/-/picture.png"))
        assert size(card.content) == (1200, 630)
        assert card.headers["cache-control"] == "private, no-store"
        assert len(kept_pages(site.datasette)) == 1
        assert (await get(site, url(made, "/-/picture.png"))).content == card.content


@pytest.mark.asyncio
async def test_no_picture_shows_what_its_publisher_may_not_see(tmp_path: Path) -> None:
    if not pictures.can_draw():
        pytest.skip("the extra `pictures` is not installed")
    async with open_site(tmp_path) as site:
        gone = QueryBlock(
            id="f" * 12, title="Gone", database="shops", sql="select * from gone", query=""
        )
        made = await published(site, shop_document(gone, CHART))
        shops = site.datasette.config["databases"]["shops"]
        shops["tables"]["sale"] = {"allow": False}
        refused = await get(site, block_url(made, CHART.id, ".svg"))
        assert refused.status_code == 404 and "may not see" in refused.text
