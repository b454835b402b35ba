"""Forks beside their originals, and versions beside each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.explorations import publication_store, store
from datasette_llm_tools.explorations.canonical import digest
from datasette_llm_tools.explorations.documents import document_json
from datasette_llm_tools.explorations.records import Base
from datasette_llm_tools.explorations.values import (
    Document,
    Exploration,
    Origin,
    RevisionOrigin,
    Sharing,
)
from tests.exploration_sites import (
    EXPLORATIONS,
    PUBLISHING,
    QUERY,
    QUESTION,
    WORDS,
    make_exploration,
    published,
    shop_document,
)
from tests.sites import ALICE, BOB, Site, make_site

CHANGED = shop_document(QUERY, WORDS, replace(QUESTION, sql="select item\nfrom sale"), title="Mine")


def url(exploration: Exploration, query: str = "", tail: str = ".json") -> str:
    return f"{EXPLORATIONS}/{exploration.id}/-/compare{tail}{query}"


async def forked(site: Site, original: Exploration, document: Document, **more: Any) -> Exploration:
    """Bob's fork, which he then made into `document`."""
    revision = await store.revision(site.datasette, original.id, original.current)
    assert revision is not None
    told = {
        "id": original.id,
        "title": revision.document.title,
        "author": "alice",
        "revision": 1,
        "url": f"https://data.example{EXPLORATIONS}/{original.id}",
        "digest": digest(document_json(revision.document)),
        "at": revision.saved_at,
    }
    made, _ = await store.create(
        site.datasette,
        document=revision.document,
        actor_id="bob",
        how=RevisionOrigin.FORKED,
        origin=Origin(**{**told, **more}),
    )
    await store.save(site.datasette, made.id, document, base=None, actor_id="bob", keep=True)
    return made


@pytest.mark.asyncio
async def test_a_fork_beside_its_original(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        original = await published(site, shop_document(WORDS, QUESTION, QUERY))
        fork = await forked(site, original, CHANGED)
        told = (await site.get(url(fork), BOB)).json()
        page = await site.get(url(fork, tail=""), BOB)
    assert told["summary"] == "1 block changed, 1 block moved, title changed."
    assert told["left"]["url"] == f"{EXPLORATIONS}/{original.id}"
    changes = {each["id"]: (each["change"], each["moved"]) for each in told["blocks"]}
    assert changes == {
        QUERY.id: ("same", True),
        WORDS.id: ("same", False),
        QUESTION.id: ("changed", False),
    }
    (sql,) = next(each["fields"] for each in told["blocks"] if each["id"] == QUESTION.id)
    assert sql["lines"] == [[QUESTION.sql, "select item"], [None, "from sale"]]
    assert "<ins>from sale</ins>" in page.text and "was number 3, is number 1" in page.text


@pytest.mark.asyncio
@pytest.mark.parametrize("where", ["private", "elsewhere"])
async def test_an_original_that_nobody_shows_is_not_shown(tmp_path: Path, where: str) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        original = await make_exploration(site, shop_document(WORDS, title="Hush hush"))
        await store.save(
            site.datasette,
            original.id,
            shop_document(replace(WORDS, text="Alice went on"), title="Hush hush"),
            base=None,
            actor_id="alice",
            keep=True,
        )
        more = {"id": "0" * 24, "url": "javascript:alert(1)"} if where == "elsewhere" else {}
        first = await store.get(site.datasette, original.id)
        assert first is not None
        fork = await forked(site, replace(first, current=1), CHANGED, title="As named", **more)
        own = (await site.get(url(fork), BOB)).json()
        current = await store.get(site.datasette, fork.id)
        assert current is not None
        revision = await store.revision(site.datasette, fork.id, current.current)
        assert revision is not None
        await publication_store.publish(
            site.datasette,
            fork.id,
            base=Base(revision.number, revision.edition),
            publisher=BOB,
            sharing=Sharing(True),
            frozen=(),
        )
        read = (await site.get(url(fork), {"id": "carol"})).json()
        page = await site.get(url(fork, tail=""), {"id": "carol"})
    # Its author sees what they have changed since; what the original became stays hidden.
    assert own["left"]["label"] == "The original, as it was taken over" and own["blocks"]
    assert "Alice went on" not in str(own) + page.text and "javascript:" not in page.text
    assert read["fields"] is None and read["blocks"] == []
    assert "has been changed since" in read["summary"] and "As named" in page.text


@pytest.mark.asyncio
async def test_a_fork_that_is_still_the_same(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        original = await published(site)
        fork = await forked(site, original, shop_document(), id="0" * 24)
        await publication_store.publish(
            site.datasette,
            fork.id,
            base=Base(2, 1),
            publisher=BOB,
            sharing=Sharing(True),
            frozen=(),
        )
        read = (await site.get(url(fork), None)).json()
    assert "word for word" in read["summary"]


@pytest.mark.asyncio
async def test_versions_beside_each_other(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site)
        await store.save(site.datasette, made.id, CHANGED, base=None, actor_id="alice", keep=False)
        since = (await site.get(url(made))).json()
        back = (await site.get(url(made, "?left=2&right=1"))).json()
        page = await site.get(url(made, tail=""))
        wrong = [await site.get(url(made, f"?left={each}")) for each in ("x", "9", "-1", "²")]
        stranger = await site.get(url(made, "?left=1&right=2"), BOB)
        no_fork = await site.get(url(made), BOB)
    assert since["left"]["label"] == "Version 1 (published)"
    assert since["right"]["label"] == "Version 2 (current)"
    assert "1 block removed" in since["summary"] and "1 block added" in back["summary"]
    assert '<option value="2" selected>' in page.text
    assert [each.status_code for each in wrong] == [400, 404, 400, 400]
    assert stranger.status_code == no_fork.status_code == 404
    assert "no fork" in no_fork.json()["error"]


@pytest.mark.asyncio
async def test_an_only_version_is_like_itself(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await make_exploration(site)
        told = (await site.get(url(made), ALICE)).json()
    assert told["summary"] == "Nothing is different."
