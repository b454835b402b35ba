"""Sharing: what its author is shown first, who may publish, links, and taking it back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.explorations import link_store, snapshot_store, store
from datasette_llm_tools.explorations.reading.kept_pages import kept_pages
from datasette_llm_tools.explorations.values import Exploration, Frozen, Mode, QueryBlock
from datasette_llm_tools.widgets.internal_tables import now
from tests.exploration_sites import (
    EXPLORATIONS,
    PUBLISHING,
    QUESTION,
    SECRET,
    WORDS,
    make_exploration,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

HTML = {"accept": "text/html"}


def silent(turn: str) -> str:
    return "select 1"


def open_site(folder: Path) -> Any:
    return make_site(folder, silent, config=dict(PUBLISHING))


def url(made: Exploration, tail: str = "") -> str:
    return f"{EXPLORATIONS}/{made.id}{tail}"


async def post(
    site: Site, made: Exploration, tail: str, body: Any = None, actor: Any = ALICE
) -> Any:
    return await site.datasette.client.post(
        url(made, tail), json=body or {}, actor=actor, headers={"accept": "application/json"}
    )


async def shared(site: Site, made: Exploration) -> dict[str, Any]:
    response = await site.get(url(made, "/-/share.json"))
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


async def current(site: Site, made: Exploration) -> Exploration:
    found = await store.get(site.datasette, made.id)
    assert found is not None
    return found


@pytest.mark.asyncio
async def test_what_becomes_visible_is_told_before_it_is_published(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        sql = "select * from x"
        gone = QueryBlock(id="9" * 12, title="Gone", database="shops", sql=sql, query="")
        made = await make_exploration(
            site, shop_document(WORDS, QUESTION, await widget_block(site), SECRET, gone)
        )
        told = await shared(site, made)
        (sale,) = told["visible"]["tables"]
        assert (sale["database"], sale["table"]) == ("shops", "sale")
        assert sale["columns"] == ["id", "item", "price", "shop_id"]
        assert sale["blocks"] == ["What was sold?", "Sales of a shop"]
        assert sale["rows"] > 3 and sale["rows_before"] is None
        refused = {each["block"]: each["reason"] for each in told["visible"]["refused"]}
        assert set(refused) == {"Words", "Gone"} and "secret" in refused["Words"]
        page = (await site.get(url(made, "/-/share"))).text
        assert "<code>price</code>" in page and "no such table: x" in page
        assert "what you have written" in page
        assert (await current(site, made)).published is None


@pytest.mark.asyncio
async def test_publishing_freezes_rows_and_says_what_changes_next_time(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await make_exploration(site, shop_document(QUESTION))
        told = await shared(site, made)
        body = {
            "public": True, "people": ["bob"], "mode": "snapshot",
            "seen": told["visible"]["seen"], "number": 1, "edition": told["edition"],
        }  # fmt: skip
        response = await post(site, made, "/-/publish", body)
        assert response.status_code == 200, response.text
        assert response.json()["sharing"] == {
            "public": True, "people": ["bob"], "mode": "snapshot"
        }  # fmt: skip
        after = await current(site, made)
        assert after.published == 1 and after.publisher == ALICE
        fragments = await snapshot_store.fragments(site.datasette, after)
        assert "<tr><td>tea" in fragments[QUESTION.id].html
        # It is ready for visitors of this host.
        assert len(kept_pages(site.datasette)) == 1
        assert "<tr><td>tea" in (await site.get(url(made), actor=None)).text
        assert len(kept_pages(site.datasette)) == 1
        shops = replace(QUESTION, id="1" * 12, sql="select name from shop")
        await store.save(
            site.datasette, made.id, shop_document(shops), base=None, actor_id="alice", keep=True
        )
        visible = (await shared(site, made))["visible"]
        assert visible["gone"] == ["sale of shops"]
        (table,) = visible["tables"]
        assert (table["table"], table["rows_before"]) == ("shop", None)
        assert "not visible" in (await site.get(url(made, "/-/share"))).text


@pytest.mark.asyncio
async def test_nothing_is_published_that_its_author_has_not_looked_at(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await make_exploration(site, shop_document(QUESTION))
        told = await shared(site, made)
        wider = replace(QUESTION, sql="select * from sale")
        await store.save(
            site.datasette, made.id, shop_document(wider), base=None, actor_id="alice", keep=True
        )
        for body in (
            {"seen": told["visible"]["seen"]},
            {"number": told["version"], "edition": told["edition"]},
        ):
            response = await post(site, made, "/-/publish", body)
            assert response.status_code == 409 and "look" in response.json()["error"]
        assert (await current(site, made)).published is None


@pytest.mark.asyncio
async def test_publishing_takes_the_permission_on_every_database(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await make_exploration(site, shop_document(QUESTION), BOB)
        for tail, body in (("/-/publish", {"public": True}), ("/-/link", {"label": "x"})):
            response = await post(site, made, tail, body, BOB)
            assert response.status_code == 403, tail
            assert "llm-tools-publish" in response.json()["error"]
        widened = await post(site, made, "/-/share", {"public": True}, BOB)
        assert widened.status_code == 403
        page = (await site.get(url(made, "/-/share"), actor=BOB)).text
        assert "You cannot publish it" in page and 'class="primary" disabled' in page


@pytest.mark.asyncio
async def test_who_may_publish_no_more_may_still_let_fewer_read(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, actor=BOB, people=["carol", "dan"])
        response = await post(site, made, "/-/share", {"public": False, "people": "dan"}, BOB)
        assert response.status_code == 200
        assert (await current(site, made)).sharing.people == ("dan",)
        assert (await post(site, made, "/-/unpublish", {}, BOB)).status_code == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["/-/share", "/-/publish", "/-/unpublish", "/-/link", "/-/revoke"])
async def test_sharing_is_for_the_author(tmp_path: Path, tail: str) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        for actor in (None, BOB):
            response = await post(site, made, tail, {"public": True}, actor)
            assert response.status_code == 403, (actor, response.text)
        draft = await make_exploration(site)
        assert (await post(site, draft, tail, {}, BOB)).status_code == 404
        assert (await site.get(url(made, "/-/share"), actor=BOB)).status_code == 403
        assert (await current(site, made)).sharing.public


@pytest.mark.asyncio
async def test_live_publishing_freezes_nothing(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await make_exploration(site, shop_document(QUESTION))
        assert (await post(site, made, "/-/publish", {"public": True, "mode": "live"})).is_success
        after = await current(site, made)
        assert after.snapshot is None and after.sharing.mode is Mode.LIVE
        page = await site.get(url(made, "?mode=snapshot"), actor=BOB)
        assert "Rows are read now" in page.text and "Show the snapshot" not in page.text
        frozen = await post(site, made, "/-/share", {"mode": "snapshot"})
        assert frozen.status_code == 400 and "Publish it again" in frozen.json()["error"]


@pytest.mark.asyncio
async def test_bad_input_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site)
        for tail, body in (
            ("/-/publish", {"mode": "frozen"}),
            ("/-/share", {"people": ["x" * 300]}),
            ("/-/link", {"expires": "soon"}),
            ("/-/link", {"expires": "2001-01-01"}),
            ("/-/revoke", {}),
        ):
            response = await post(site, made, tail, body)
            assert response.status_code == 400 and response.json()["error"].endswith("."), body
        missing = await post(site, made, "/-/revoke", {"token": "x"})
        assert missing.status_code == 404
        assert (await site.get(url(made, "/-/publish"))).status_code == 405


@pytest.mark.asyncio
async def test_links_are_made_listed_and_revoked(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await make_exploration(site, shop_document(QUESTION))
        told = (await post(site, made, "/-/link", {"label": "Editors", "expires": "7"})).json()
        (link,) = told["links"]
        assert link["label"] == "Editors" and link["is_open"] and link["expires_at"]
        path = link["url"].split("localhost", 1)[1]
        early = await site.get(path, actor=None)
        assert early.status_code == 404 and "is not published yet" in early.text
        await post(site, made, "/-/publish", {"mode": "snapshot"})
        assert (await site.get(path, actor=None)).status_code == 200
        assert (await site.get(url(made), actor=None)).status_code == 404
        page = (await site.get(url(made, "/-/share"))).text
        assert link["url"] in page and "Editors" in page
        told = (await post(site, made, "/-/revoke", {"token": link["token"]})).json()
        assert told["links"][0]["is_revoked"]
        assert (await site.get(path, actor=None)).status_code == 404
        assert "only you can read it" in (await site.get(url(made, "/-/share"))).text


@pytest.mark.asyncio
async def test_who_can_read_it_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, public=False, people=["bob", "cleo"])
        assert "you, bob and cleo can read it" in (await site.get(url(made, "/-/share"))).text
        await post(site, made, "/-/share", {"people": ["bob"]})
        await post(site, made, "/-/link", {"label": "x"})
        page = (await site.get(url(made, "/-/share"))).text
        assert "you, bob and whoever has one of the links below can read it" in page
        await post(site, made, "/-/share", {"public": True, "people": []})
        page = (await site.get(url(made, "/-/share"))).text
        assert "everybody who may see this site and whoever has" in page


@pytest.mark.asyncio
async def test_unpublishing_takes_all_back(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await published(site, people=["bob"])
        await link_store.add(site.datasette, made.id, label="x", actor_id="alice", expires_at=None)
        told = (await post(site, made, "/-/unpublish")).json()
        assert told["published"] is None and told["links"][0]["is_revoked"]
        for actor in (None, BOB):
            assert (await site.get(url(made), actor=actor)).status_code == 404
        assert await snapshot_store.reads(site.datasette, made) == ()


@pytest.mark.asyncio
async def test_forms_work_without_javascript(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        made = await make_exploration(site, shop_document(QUESTION))
        page = (await site.get(url(made, "/-/share"))).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        form = {**hidden, "public": "1", "people": "bob\r\ncarol", "mode": "snapshot"}
        response = await site.post(url(made, "/-/publish"), form, headers=HTML)
        assert response.status_code == 303
        assert response.headers["location"] == url(made, "/-/share")
        after = await current(site, made)
        assert after.sharing.public and after.sharing.people == ("bob", "carol")
        form = {"public": "0", "people": "", "mode": "snapshot"}
        assert (await site.post(url(made, "/-/share"), form, headers=HTML)).status_code == 303
        assert not (await current(site, made)).sharing.public


@pytest.mark.asyncio
async def test_rows_of_a_file_stand_for_blocks_that_do_not_run_here(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        away = replace(QUESTION, database="elsewhere")
        edited = replace(away, id="1" * 12)
        made = await make_exploration(site, shop_document(away, edited))
        rows = [
            Frozen(each.id, ("item",), (("cocoa",),), database="elsewhere", tables=("t",),
                   taken_at=now())
            for each in (away, edited)
        ]  # fmt: skip
        await snapshot_store.keep_imported(site.datasette, made.id, rows)
        later = shop_document(away, replace(edited, sql="select 2"))
        await store.save(site.datasette, made.id, later, base=None, actor_id="alice", keep=True)
        response = await post(site, made, "/-/publish", {"public": True, "mode": "snapshot"})
        assert response.status_code == 200, response.text
        page = (await site.get(url(made), actor=None)).text
        assert page.count("<tr><td>cocoa") == 1
        assert "There is no database called elsewhere here." in page
