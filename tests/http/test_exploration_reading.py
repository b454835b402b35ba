"""Reading an exploration: who sees what, from a snapshot or live, and what visitors get ready."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.explorations import link_store, publication_store, snapshot_store, store
from datasette_llm_tools.explorations.reading.kept_pages import kept_pages
from datasette_llm_tools.explorations.reading.warming import warm_up
from datasette_llm_tools.explorations.values import Exploration, Mode, QueryBlock, Sharing
from tests.exploration_sites import (
    CHART,
    EXPLORATIONS,
    PUBLISHING,
    QUERY,
    QUESTION,
    SECRET,
    WORDS,
    make_exploration,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

CAROL = {"id": "carol"}
ROOT = {"id": "root"}


def silent(turn: str) -> str:
    return "select 1"


# Root may see what is secret, and publish it.
FOR_ROOT: dict[str, Any] = {
    "databases": {
        "shops": {
            "tables": {"secret": {"allow": {"id": "root"}}},
            "permissions": {"llm-tools-publish": {"id": "root"}},
        }
    }
}


def open_site(folder: Path, **more: Any) -> Any:
    return make_site(folder, silent, config=dict(PUBLISHING), **more)


def url(made: Exploration, tail: str = "") -> str:
    return f"{EXPLORATIONS}/{made.id}{tail}"


def block_url(made: Exploration, block_id: str, tail: str = "") -> str:
    return url(made, f"/-/block/{block_id}{tail}")


async def get(site: Site, path: str, actor: Mapping[str, Any] | None = None, **more: Any) -> Any:
    return await site.get(path, actor=dict(actor) if actor else None, **more)


async def forget_sales(site: Site) -> None:
    """Change what was frozen."""
    await site.datasette.get_database("shops").execute_write("update sale set item = 'juice'")


@pytest.mark.asyncio
async def test_who_may_not_read_finds_nothing(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        draft = await make_exploration(site)
        private = await published(site, public=False, people=["bob"])
        for made, actor in ((draft, None), (draft, BOB), (private, None), (private, CAROL)):
            for tail in ("", "/-/block/" + QUESTION.id, f"/-/block/{QUESTION.id}.json"):
                response = await get(site, url(made, tail), actor)
                assert response.status_code == 404, (tail, response.text)
                assert "tea" not in response.text
        assert (await get(site, url(draft), ALICE)).status_code == 200
        assert (await get(site, url(private), BOB)).status_code == 200
        assert (await get(site, f"{EXPLORATIONS}/{'0' * 24}")).status_code == 404


@pytest.mark.asyncio
async def test_a_page_has_words_rows_sql_charts_and_contents(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        page = (await get(site, url(made))).text
        assert "<h1>Shops and tea</h1>" in page
        assert "Tea sells <strong>everywhere</strong>." in page
        assert "What was sold?" in page and "<tr><td>tea<td>3.5" in page
        assert "select item, price from sale order by id" in page
        assert "Sales by item" in page and "<llm-tools-exploration-chart" in page
        assert re.search(r'<a href="#block-b{12}">What was sold\?</a>', page)
        assert f'data-badge="{QUESTION.id}"' in page
        assert "vega" in page and "llm-tools-widget.js" not in page
        assert "/-/edit" not in page and "/-/fork" not in page
        policy = (await get(site, url(made))).headers["content-security-policy"]
        assert "frame-src 'none'" in policy and "unsafe-eval" not in policy


@pytest.mark.asyncio
async def test_charts_and_widgets_are_loaded_only_where_there_are_some(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, shop_document(WORDS, QUESTION))
        page = (await get(site, url(made))).text
        assert "vega" not in page and "llm-tools-widget" not in page


@pytest.mark.asyncio
async def test_a_snapshot_stays_as_it_was_and_live_rows_do_not(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        await forget_sales(site)
        assert "juice" not in (await get(site, url(made), BOB)).text
        live = (await get(site, url(made, "?mode=live"), BOB)).text
        assert "<tr><td>juice<td>3.5" in live and "Rows are read now" in live
        snapshot = (await get(site, block_url(made, QUESTION.id, ".json"))).json()
        assert snapshot["rows"][0] == ["tea", 3.5] and snapshot["mode"] == "snapshot"
        assert snapshot["certificate"]["rows_hash"].startswith("sha256:")
        now = await get(site, block_url(made, QUESTION.id, ".json?mode=live"), BOB)
        assert now.json()["rows"][0] == ["juice", 3.5] and now.json()["certificate"] is None


@pytest.mark.asyncio
async def test_charts_come_as_json_with_what_is_drawn(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        told = (await get(site, block_url(made, CHART.id, ".json"))).json()
        assert told["drawn"]["vega_lite"]["mark"]
        assert sorted(told["rows"]) == [["milk", 1.2], ["tea", 7.1]]
        page = (await get(site, url(made, "?mode=live"), BOB)).text
        state = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
        assert state and json.loads(state[1])["fields"]


@pytest.mark.asyncio
async def test_live_blocks_run_as_their_reader(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        block = replace(SECRET, text="The word is hush.")
        document = shop_document(QUESTION, block)
        made = await published(site, document, ROOT, mode=Mode.LIVE)
        page = (await get(site, url(made), BOB)).text
        assert "<tr><td>tea<td>3.5" in page
        assert "hush" not in page
        assert re.search(r"message-warning block-refused.*secret", page)
        assert "hush" in (await get(site, url(made), ROOT)).text
        told = (await get(site, block_url(made, SECRET.id, ".json"), BOB)).json()
        assert "secret" in told["refused"] and "rows" not in told


@pytest.mark.asyncio
async def test_a_snapshot_shows_what_its_author_has_chosen_to_show(tmp_path: Path) -> None:
    async with make_site(tmp_path, silent, config=FOR_ROOT) as site:
        made = await published(site, shop_document(SECRET), ROOT)
        assert "hush" in (await get(site, url(made), BOB)).text


@pytest.mark.asyncio
async def test_what_its_publisher_may_not_see_any_more_is_withheld(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        # Bob has no permission to publish over shops: as if it had been taken away.
        block = replace(QUESTION, text="Milk costs 1.2.")
        made = await published(site, shop_document(WORDS, block), BOB)
        for actor in (None, CAROL):
            page = (await get(site, url(made), actor)).text
            assert "Whoever published this may not see" in page
            assert "everywhere" in page and "milk" not in page and "Milk" not in page
        told = (await get(site, block_url(made, block.id, ".json"))).json()
        assert "may not see" in told["refused"] and "rows" not in told


@pytest.mark.asyncio
async def test_a_block_whose_table_is_gone_says_so_and_the_rest_works(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        gone = QueryBlock(
            id="9" * 12, title="Gone", database="shops", sql="select * from x", query=""
        )
        elsewhere = replace(gone, id="8" * 12, database="nowhere")
        missing = replace(await widget_block(site), widget_id="0" * 24)
        made = await published(site, shop_document(gone, elsewhere, missing, QUESTION))
        for tail in ("", "?mode=live"):
            page = (await get(site, url(made, tail), ALICE)).text
            assert "no such table: x" in page
            assert "There is no database called nowhere here." in page
            assert "This widget is gone" in page
            assert "<tr><td>tea" in page


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["", "?mode=live", "?mode=snapshot", "/-/embed", "/-/edit"])
async def test_a_database_that_is_served_no_more_leaves_the_page(tmp_path: Path, tail: str) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, shop_document(WORDS, QUESTION, QUERY))
        site.datasette.remove_database("shops")
        page = await get(site, url(made, tail), ALICE)
        assert page.status_code == 200 and "/shops/shops_in" not in page.text


@pytest.mark.asyncio
async def test_parameters_are_held_by_the_address(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        page = (await get(site, url(made))).text
        assert "<tr><td>Market" in page and f'data-follows="{QUERY.id}"' in page
        page = (await get(site, url(made, "?p_city=Graz"), BOB)).text
        assert "<tr><td>Corner" in page and "Market" not in page
        assert "<option selected>Graz" in page and "Rows are read now" in page
        part = await get(site, block_url(made, QUERY.id, "?part=1&p_city=Graz"), BOB)
        assert part.text.startswith("<article") and "Corner" in part.text
        assert "mode=live&amp;p_city=Graz" in part.text
        wrong = await get(site, url(made, "?p_city=Wien"), BOB)
        assert wrong.status_code == 400 and "City must be one of the choices" in wrong.text
        assert (await get(site, url(made, "?mode=frozen"), BOB)).status_code == 400


@pytest.mark.asyncio
async def test_readers_see_the_published_version_and_its_author_the_current(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        await store.save(
            site.datasette, made.id, shop_document(WORDS, title="Under way"),
            base=None, actor_id="alice", keep=True,
        )  # fmt: skip
        assert "<h1>Shops and tea</h1>" in (await get(site, url(made))).text
        own = (await get(site, url(made), ALICE)).text
        assert "<h1>Under way</h1>" in own and "who have version 1" in own
        as_read = (await get(site, url(made, "?published=1"), ALICE)).text
        assert "<h1>Shops and tea</h1>" in as_read and "<tr><td>tea" in as_read


@pytest.mark.asyncio
async def test_one_block_has_a_page_of_its_own(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        page = (await get(site, block_url(made, QUESTION.id))).text
        assert "<title>What was sold?: Shops and tea</title>" in page
        assert "<tr><td>tea" in page and "everywhere" not in page
        assert (await get(site, block_url(made, "0" * 12))).status_code == 404
        assert (await get(site, block_url(made, WORDS.id, ".json"))).json()["kind"] == "words"


# Visitors -------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_visitors_get_bytes_that_may_be_kept(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        for path in (url(made), block_url(made, CHART.id, ".json")):
            first = await get(site, path)
            assert first.headers["cache-control"] == "public, max-age=30"
            assert "Cookie" in first.headers["vary"] and "Accept-Encoding" in first.headers["vary"]
            again = await get(site, path, headers={"if-none-match": first.headers["etag"]})
            assert again.status_code == 304 and not again.content
            head = await site.datasette.client.request("HEAD", path, actor=None)
            assert head.status_code == 200 and not head.content
            assert head.headers["etag"] == first.headers["etag"]
            plain = await get(site, path, headers={"accept-encoding": "identity"})
            assert "content-encoding" not in plain.headers and plain.text == first.text
        assert len(kept_pages(site.datasette)) == 2


@pytest.mark.asyncio
async def test_invented_hosts_share_one_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, shop_document(WORDS, QUESTION, await widget_block(site)))
        for number in range(20):
            host = f"h{number}.example"
            page = await get(site, url(made), headers={"host": host})
            assert page.status_code == 200
            policy = page.headers["content-security-policy"]
            assert f"frame-src {host}/" in policy and "host.invalid" not in policy
            said = f'<link rel="canonical" href="http://{host}{url(made)}">' in page.text
            assert said == (number < 4) and "host.invalid" not in page.text
        assert len(kept_pages(site.datasette)) == 5
        # Each of the first stays with its own.
        again = await get(site, url(made), headers={"host": "h2.example"})
        assert (
            f'href="http://h2.example{url(made)}"' in again.text and "h1.example" not in again.text
        )
        wrong = await get(site, url(made), headers={"host": "a b;script-src *"})
        assert wrong.status_code == 400
        assert len(kept_pages(site.datasette)) == 5
        for number in range(9):
            await get(site, block_url(made, QUESTION.id, ".json"), headers={"host": f"x{number}"})
        assert len(kept_pages(site.datasette)) == 6


@pytest.mark.asyncio
async def test_whom_we_know_gets_nothing_that_may_be_kept(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, people=["bob"])
        for path, actor in ((url(made), BOB), (url(made), ALICE), (url(made, "?mode=live"), None)):
            response = await get(site, path, actor)
            assert response.headers["cache-control"] == "private, no-store", path
        assert len(kept_pages(site.datasette)) == 0
        signed_in = (await get(site, url(made), BOB)).text
        assert "/-/fork" in signed_in and "bob" in signed_in
        assert "bob" not in (await get(site, url(made))).text


@pytest.mark.asyncio
async def test_no_source_is_queried_for_a_snapshot(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        await get(site, url(made))
        site.datasette.remove_database("shops")
        kept_pages(site.datasette)._pages.clear()
        assert "<tr><td>tea<td>3.5" in (await get(site, url(made))).text


@pytest.mark.asyncio
async def test_what_is_unpublished_or_made_private_is_gone_at_once(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        assert (await get(site, url(made))).status_code == 200
        await publication_store.share(site.datasette, made.id, Sharing(False))
        assert (await get(site, url(made))).status_code == 404
        await publication_store.share(site.datasette, made.id, Sharing(True))
        assert (await get(site, url(made))).status_code == 200
        await publication_store.unpublish(site.datasette, made.id)
        assert (await get(site, url(made))).status_code == 404


@pytest.mark.asyncio
async def test_what_is_public_is_for_those_who_may_see_the_site(tmp_path: Path) -> None:
    config = {**PUBLISHING, "allow": {"id": "*"}}
    async with make_site(tmp_path, silent, config=config) as site:
        made = await published(site)
        assert (await get(site, url(made))).status_code == 404
        assert (await get(site, url(made), BOB)).status_code == 200


@pytest.mark.asyncio
async def test_a_server_that_starts_makes_the_newest_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        await warm_up(site.datasette)  # there is none
        live = await published(site, mode=Mode.LIVE)
        await warm_up(site.datasette)
        made = await published(site, shop_document(QUESTION, await widget_block(site)))
        await warm_up(site.datasette)
        assert await snapshot_store.fragments(site.datasette, live) == {}
        kept = await snapshot_store.fragments(site.datasette, made)
        assert QUESTION.id in kept
        assert len(kept_pages(site.datasette)) == 0  # for no host that anybody asked


@pytest.mark.asyncio
async def test_programs_are_sent_to_the_json_of_a_page(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        response = await get(site, url(made, "?mode=live"), headers={"accept": "application/json"})
        assert response.status_code == 302
        assert response.headers["location"] == url(made, ".json?mode=live")


@pytest.mark.asyncio
async def test_kept_html_of_another_version_is_rendered_again(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        await snapshot_store.keep_fragments(
            site.datasette, made, {QUESTION.id: "<p>old</p>"}, "another version"
        )
        page = (await get(site, url(made))).text
        assert "<tr><td>tea<td>3.5" in page and "<p>old</p>" not in page
        kept = await snapshot_store.fragments(site.datasette, made)
        assert set(kept) == {QUESTION.id, CHART.id, QUERY.id}
        assert "<tr><td>tea<td>3.5" in kept[QUESTION.id].html


# Links ----------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_link_opens_and_is_carried_along(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, public=False)
        link = await link_store.add(
            site.datasette, made.id, label="x", actor_id="alice", expires_at=None
        )
        response = await get(site, url(made, f"?key={link.token}"))
        assert response.status_code == 200
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-robots-tag"] == "noindex"
        assert response.headers["cache-control"] == "private, no-store"
        below = re.findall(rf'(?:href|src|data-url|action)="({url(made)}[^"]*)"', response.text)
        # A form sends it in a field, and so do requests for the blocks that follow one.
        bare = {url(made), *(block_url(made, each.id) for each in (QUESTION, CHART, QUERY))}
        assert f'<input type="hidden" name="key" value="{link.token}">' in response.text
        assert len(below) > 8
        for each in set(below) - bare:
            assert f"key={link.token}" in each, each
        told = await get(site, block_url(made, CHART.id, f".json?key={link.token}"))
        assert told.json()["drawn"] and told.headers["x-robots-tag"] == "noindex"
        await link_store.revoke(site.datasette, made.id, link.token)
        gone = await get(site, url(made, f"?key={link.token}"))
        assert gone.status_code == 404 and "revoked" in gone.text
        old = await link_store.add(
            site.datasette, made.id, label="", actor_id="alice",
            expires_at="2020-01-01T00:00:00.000+00:00",
        )  # fmt: skip
        expired = await get(site, url(made, f"?key={old.token}"))
        assert expired.status_code == 404 and "expired" in expired.text


@pytest.mark.asyncio
async def test_a_public_page_by_a_link_is_not_kept(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        link = await link_store.add(
            site.datasette, made.id, label="x", actor_id="alice", expires_at=None
        )
        response = await get(site, url(made, f"?key={link.token}"))
        assert response.headers["cache-control"] == "private, no-store"
        assert link.token not in (await get(site, url(made))).text


# Widgets --------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_widget_of_a_snapshot_gets_frozen_rows(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        block = await widget_block(site)
        made = await published(site, shop_document(block))
        await forget_sales(site)
        response = await get(site, url(made))
        assert re.search(
            r"frame-src \S+/-/widgets/-/frame;", response.headers["content-security-policy"]
        )
        frames, rows = block_url(made, block.id, "/-/frame"), block_url(made, block.id, "/-/rows")
        minted = (await site.post(frames, {}, None)).json()
        assert minted["approved"] is True and minted["refused"] == []
        shown = await get(site, minted["frame"], headers={"sec-fetch-dest": "iframe"})
        assert "<h1>Sales</h1>" in shown.text
        told = (await asked(site, rows, {"query": "sales"})).json()
        assert told["rows"][0] == ["tea", 3.5] and told["next"] is None
        two = (await asked(site, rows, {"query": "sales", "params": {"shop": "2"}})).json()
        assert two["rows"] == [["tea", 3.6]]
        live = (await asked(site, rows + "?mode=live", {"query": "sales"}, BOB)).json()
        assert live["rows"][0] == ["juice", 3.5]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"query": "secrets"}, "no query called"),
        ({"query": "sales", "params": {"shop": 77}}, "holds no rows of sales for shop = 77"),
        ({"query": "sales", "params": {"other": 1}}, "no parameter other"),
        ({"query": "sales", "params": [1]}, "must be an object"),
        ({"query": {"a": 1}}, "no query called"),
    ],
)
async def test_a_widget_gets_nothing_else(tmp_path: Path, body: dict[str, Any], said: str) -> None:
    async with open_site(tmp_path) as site:
        block = await widget_block(site)
        made = await published(site, shop_document(block))
        response = await asked(site, block_url(made, block.id, "/-/rows"), body)
        assert response.status_code == 400 and said in response.json()["error"]


@pytest.mark.asyncio
async def test_frames_are_for_widgets_and_their_readers(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        block = await widget_block(site)
        made = await published(site, shop_document(block, QUESTION), public=False)
        for tail in ("/-/frame", "/-/rows"):
            refused = await site.post(block_url(made, block.id, tail), {"query": "sales"}, None)
            assert refused.status_code == 404
            wrong = await site.post(block_url(made, QUESTION.id, tail), {}, ALICE)
            assert wrong.status_code == 400


@pytest.mark.asyncio
async def test_a_widget_that_was_not_run_is_not_shown(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        block = await widget_block(site, was_run=False)
        made = await published(site, shop_document(block))
        assert "has not run this version yet" in (await get(site, url(made))).text
        for mode in ("snapshot", "live"):
            path = block_url(made, block.id, f"/-/frame?mode={mode}")
            assert (await site.post(path, {}, BOB)).status_code in (403, 404)


async def asked(
    site: Site, path: str, body: dict[str, Any], actor: dict[str, Any] | None = None
) -> Any:
    return await site.datasette.client.post(
        path, json=body, actor=actor, headers={"accept": "application/json"}
    )
