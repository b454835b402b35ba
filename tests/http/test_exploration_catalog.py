"""The list of explorations, pins on the home page, and the feed: who finds what where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from datasette_llm_tools.explorations import publication_store, store
from datasette_llm_tools.explorations.values import Exploration, Sharing
from tests.exploration_sites import (
    EXPLORATIONS,
    PUBLISHING,
    QUERY,
    SECRET,
    WORDS,
    make_exploration,
    published,
    shop_document,
)
from tests.sites import ALICE, BOB, Site, make_site

HTML = {"accept": "text/html"}
ATOM = "{http://www.w3.org/2005/Atom}"
CAROL = {"id": "carol"}
# Only people who signed in may view this Datasette.
CLOSED: dict[str, Any] = {**PUBLISHING, "permissions": {"view-instance": {"id": "*"}}}


async def titles(site: Site, query: str = "", actor: Any = ALICE) -> list[str]:
    response = await site.get(f"{EXPLORATIONS}.json{query}", actor)
    assert response.status_code == 200, response.text
    return [each["title"] for each in response.json()["explorations"]]


async def several(site: Site) -> dict[str, Exploration]:
    """Alice's: one public, one for Bob, one for nobody; and Bob's."""
    return {
        "public": await published(site, shop_document(title="Tea in Linz")),
        "shared": await published(
            site,
            shop_document(WORDS, title="Milk for Bob", tags=("milk", "tea")),
            public=False,
            people=("bob",),
        ),
        "private": await make_exploration(site, shop_document(title="Hush")),
        "bobs": await make_exploration(site, shop_document(title="Bob's own"), BOB),
    }


@pytest.mark.asyncio
async def test_everybody_finds_what_they_may_read(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        await several(site)
        found = {
            name: set(await titles(site, actor=actor))
            for name, actor in (("alice", ALICE), ("bob", BOB), ("carol", CAROL), ("visitor", None))
        }
        page = await site.get(EXPLORATIONS, None)
        own = await site.get(EXPLORATIONS)
    assert found["alice"] == {"Tea in Linz", "Milk for Bob", "Hush"}
    assert found["bob"] == {"Tea in Linz", "Milk for Bob", "Bob's own"}
    assert found["carol"] == found["visitor"] == {"Tea in Linz"}
    assert "New exploration" not in page.text and "Hush" not in page.text
    assert f'action="{EXPLORATIONS}/-/new"' in own.text and ">private</span>" in own.text


@pytest.mark.asyncio
async def test_what_was_said_of_rows_is_found_by_its_author_alone(tmp_path: Path) -> None:
    """A reader may see that block withheld: words of it must not be guessed by searching."""
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        block = replace(QUERY, text="Gooseberries were sold most.")
        await published(site, shop_document(WORDS, block, title="Fruit"))
        assert await titles(site, "?q=gooseberries") == ["Fruit"]
        assert await titles(site, "?q=gooseberries", BOB) == []
        assert await titles(site, "?q=fruit", BOB) == ["Fruit"]


@pytest.mark.asyncio
async def test_the_list_is_narrowed_down(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await several(site)
        await publication_store.pin(site.datasette, made["public"].id, True)
        assert await titles(site, "?q=everyw linz") == []
        assert await titles(site, "?q=linz+everyw") == ["Tea in Linz"]  # words of a block; a prefix
        assert set(await titles(site, "?own=1", BOB)) == {"Bob's own"}
        assert set(await titles(site, "?author=bob")) == set()
        assert set(await titles(site, "?tag=MILK", BOB)) == {"Milk for Bob"}
        assert await titles(site, "?pinned=1", None) == ["Tea in Linz"]
        assert await titles(site, "?q=hush", BOB) == []
        assert await titles(site, '?q="-)(*&tag=', None) == ["Tea in Linz"]
        tags = (await site.get(f"{EXPLORATIONS}.json", BOB)).json()["tags"]
        page = await site.get(f"{EXPLORATIONS}?tag=milk&q=nothing", BOB)
    assert tags == {"tea": 3, "milk": 1}
    assert "Nothing here is like that" in page.text and "with the tag “milk”" in page.text


@pytest.mark.asyncio
async def test_the_author_reads_their_draft_and_others_what_was_published(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site, shop_document(title="Published so"))
        later = shop_document(title="Unspoken")
        await store.save(site.datasette, made.id, later, base=None, actor_id="alice", keep=False)
        found = [await titles(site, query, BOB) for query in ("", "?q=unspoken", "?q=published")]
        own = [await titles(site, query) for query in ("", "?q=unspoken", "?q=published")]
    assert found == [["Published so"], [], ["Published so"]]
    assert own == [["Unspoken"], ["Unspoken"], []]


@pytest.mark.asyncio
async def test_the_list_has_pages(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        for number in range(33):
            await make_exploration(site, shop_document(WORDS, title=f"Number {number}"))
        first = (await site.get(f"{EXPLORATIONS}.json?own=1")).json()
        second = (await site.get(first["next"].replace("?", ".json?", 1))).json()
        page = await site.get(f"{EXPLORATIONS}?own=1")
        nonsense = await site.get(f"{EXPLORATIONS}.json?next=nonsense")
    both = [each["title"] for each in (*first["explorations"], *second["explorations"])]
    assert len(set(both)) == 33 and second["next"] is None
    assert "own=1" in first["next"] and "Older ones" in page.text
    assert nonsense.status_code == 200


@pytest.mark.asyncio
async def test_pins_stand_on_the_home_page(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site, shop_document(title="Tea <b>in</b> Linz", summary="All of it"))
        before = await site.get("/", None)
        # Carol may publish over shops; it is not hers.
        answer = await site.post(f"{EXPLORATIONS}/{made.id}/-/pin", {"pinned": "1"}, CAROL)
        home = await site.get("/", None)
        listed = await site.get(EXPLORATIONS, CAROL)
        form = await site.post(
            f"{EXPLORATIONS}/{made.id}/-/pin", {"pinned": "0"}, CAROL, headers=HTML
        )
        after = await site.get("/", None)
    assert answer.json()["pinned"] is True
    assert "Tea &lt;b&gt;in&lt;/b&gt; Linz" in home.text and "All of it" in home.text
    assert "llm-tools-pins" not in before.text + after.text
    assert "Take off the home page" in listed.text
    assert form.status_code == 303
    assert form.headers["location"] == f"{EXPLORATIONS}/{made.id}"


@pytest.mark.asyncio
async def test_who_may_pin_what(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await several(site)
        secret = await published(site, shop_document(SECRET))

        async def pin(exploration: Exploration, actor: Any = ALICE) -> Any:
            return await site.post(f"{EXPLORATIONS}/{exploration.id}/-/pin", {}, actor)

        by_bob = await pin(made["public"], BOB)
        by_visitor = await pin(made["public"], None)
        of_nobody = await pin(made["private"])
        of_people = await pin(made["shared"])
        unseen = await pin(made["private"], BOB)
        whole = await pin(secret)
        await publication_store.share(site.datasette, secret.id, Sharing())
        unpinned = await store.get(site.datasette, secret.id)
    assert by_bob.status_code == by_visitor.status_code == 403
    assert "llm-tools-publish" in by_bob.json()["error"]
    assert of_nobody.status_code == of_people.status_code == 409
    assert unseen.status_code == 404 and whole.status_code == 200
    assert unpinned is not None and unpinned.pinned_at is None


@pytest.mark.asyncio
async def test_the_feed_has_public_ones(tmp_path: Path) -> None:
    hostile = shop_document(
        QUERY, title='A <b> & "c" \x0b', summary="<script>\ud7ff ]]> end", tags=("a&b",)
    )
    async with make_site(
        tmp_path, lambda _: "", config={**PUBLISHING, "title": "The Shop"}
    ) as site:
        await several(site)
        await published(site, hostile)
        response = await site.get(f"{EXPLORATIONS}/-/feed.atom", None)
        etag = response.headers["etag"]
        again = await site.get(f"{EXPLORATIONS}/-/feed.atom", None, headers={"if-none-match": etag})
        own = await site.get(f"{EXPLORATIONS}/-/feed.atom")
        page = await site.get(EXPLORATIONS, None)
    feed = ElementTree.fromstring(response.text)
    entries = feed.findall(f"{ATOM}entry")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert own.headers["cache-control"].startswith("private")
    assert (again.status_code, again.content) == (304, b"")
    assert [each.findtext(f"{ATOM}title") for each in entries] == [
        'A <b> & "c" \N{REPLACEMENT CHARACTER}',
        "Tea in Linz",
    ]
    first = entries[0]
    assert first.findtext(f"{ATOM}summary") == "<script>\ud7ff ]]> end"
    assert first.findtext(f"{ATOM}author/{ATOM}name") == "alice"
    assert [each.get("term") for each in first.findall(f"{ATOM}category")] == ["a&b"]
    assert (first.findtext(f"{ATOM}id") or "").startswith("http://localhost/-/explorations/")
    assert feed.findtext(f"{ATOM}updated") == first.findtext(f"{ATOM}updated")
    links = {each.get("rel"): each.get("href") for each in feed.findall(f"{ATOM}link")}
    assert links["self"] == feed.findtext(f"{ATOM}id")
    assert "Hush" not in own.text and 'type="application/atom+xml"' in page.text


@pytest.mark.asyncio
async def test_a_feed_of_nothing_is_a_feed(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        response = await site.get(f"{EXPLORATIONS}/-/feed.atom", None)
        page = await site.get(EXPLORATIONS, None)
    assert (
        ElementTree.fromstring(response.text).findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    )
    assert "Nothing is published yet" in page.text


@pytest.mark.asyncio
async def test_what_is_public_is_for_those_who_may_view_this_datasette(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=CLOSED) as site:
        await several(site)
        closed = [
            await site.get(path, None)
            for path in (EXPLORATIONS, f"{EXPLORATIONS}.json", f"{EXPLORATIONS}/-/feed.atom")
        ]
        feed = await site.get(f"{EXPLORATIONS}/-/feed.atom", CAROL)
    assert [each.status_code for each in closed] == [403] * 3
    assert "Tea in Linz" not in "".join(each.text for each in closed)
    assert feed.status_code == 200 and "Tea in Linz" in feed.text


@pytest.mark.asyncio
async def test_menu_and_jump_bar_lead_to_explorations(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await several(site)
        home = await site.get("/", None)
        jumps = {
            name: (await site.get("/-/jump.json?q=tea", actor)).json()
            for name, actor in (("alice", ALICE), ("visitor", None))
        }
        hush = (await site.get("/-/jump.json?q=hush", BOB)).json()
    assert f'href="{EXPLORATIONS}"' in home.text
    for found in jumps.values():
        urls = [each["url"] for each in found["matches"]]
        assert f"{EXPLORATIONS}/{made['public'].id}" in urls
    assert not [each for each in hush["matches"] if "xplor" in str(each)]


@pytest.mark.asyncio
async def test_addresses_below_a_prefix(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        site.datasette._settings["base_url"] = "/data/"
        made = await published(site)
        told = (await site.get(f"{EXPLORATIONS}.json", None)).json()
        feed = await site.get(f"{EXPLORATIONS}/-/feed.atom", None)
    assert told["explorations"][0]["url"] == f"/data{EXPLORATIONS}/{made.id}"
    assert f"http://localhost/data{EXPLORATIONS}/{made.id}" in feed.text
