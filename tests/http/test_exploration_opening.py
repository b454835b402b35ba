"""Addresses open for whom they should, and say to nobody else that there is anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.errors import BadInput, NotAllowed, NotFound
from datasette_llm_tools.explorations import link_store, opening, publication_store, store
from datasette_llm_tools.explorations.access import Door
from datasette_llm_tools.explorations.values import Mode
from tests.exploration_sites import (
    EXPLORATIONS,
    PUBLISHING,
    WORDS,
    make_exploration,
    published,
    shop_document,
)
from tests.sites import ALICE, BOB, Site, make_site

HIDDEN = "There is no such exploration, or it is not shared with you."


@dataclass
class Asked:
    """What of a request opens an exploration."""

    exploration_id: str
    actor: dict[str, Any] | None = None
    args: dict[str, str] = field(default_factory=dict)

    @property
    def url_vars(self) -> dict[str, str]:
        return {"id": self.exploration_id, "block": "f" * 12}


def site(folder: Path, **config: Any) -> Any:
    return make_site(folder, lambda _: "", config={**PUBLISHING, **config})


async def opened(
    shops: Site, exploration_id: str, actor: dict[str, Any] | None = None, **args: str
) -> opening.Opened:
    asked: Any = Asked(exploration_id, actor, args)
    return await opening.opened(asked, shops.datasette)


@pytest.mark.asyncio
async def test_a_private_one_is_hidden_from_all_but_its_author(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await make_exploration(shops)
        mine = await opened(shops, made.id, ALICE)
        assert mine.is_author and mine.key is None and mine.mode is Mode.LIVE
        for actor in (BOB, None, {"id": None}, {"id": "Alice"}):
            with pytest.raises(NotFound, match=HIDDEN):
                await opened(shops, made.id, actor)
        with pytest.raises(NotFound, match=HIDDEN):
            await opened(shops, "0" * 24, ALICE)


@pytest.mark.asyncio
async def test_a_link_says_what_became_of_it(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, shop_document(WORDS), public=False)
        other = await published(shops, shop_document(WORDS), public=False)

        async def link(expires_at: str | None = None) -> str:
            added = await link_store.add(
                shops.datasette, made.id, label="", actor_id="alice", expires_at=expires_at
            )
            return added.token

        open_one, late, revoked = (
            await link(),
            await link("2020-01-01T00:00:00.000+00:00"),
            await link(),
        )
        await link_store.revoke(shops.datasette, made.id, revoked)
        found = await opened(shops, made.id, key=open_one)
        assert (found.door, found.key, found.mode) == (Door.LINK, open_one, Mode.SNAPSHOT)
        assert (await opened(shops, made.id, ALICE, key=open_one)).key is None
        for token, message in [(late, "has expired"), (revoked, "was revoked"), ("x", HIDDEN)]:
            with pytest.raises(NotFound, match=message):
                await opened(shops, made.id, BOB, key=token)
        with pytest.raises(NotFound, match=HIDDEN):
            await opened(shops, other.id, key=open_one)
        await publication_store.unpublish(shops.datasette, made.id)
        with pytest.raises(NotFound, match="was revoked"):
            await opened(shops, made.id, key=open_one)


@pytest.mark.asyncio
async def test_what_is_public_is_so_for_those_who_may_view_this_datasette(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, shop_document(WORDS), people=["bob"])
        assert (await opened(shops, made.id)).door is Door.PUBLIC
        assert (await opened(shops, made.id, BOB)).door is Door.PERSON
    (tmp_path / "shops.db").unlink()
    async with site(tmp_path, allow={"id": ["alice", "bob"]}) as shops:
        assert (await opened(shops, made.id, BOB)).door is Door.PERSON
        for actor in (None, {"id": "carol"}):
            with pytest.raises(NotFound, match=HIDDEN):
                await opened(shops, made.id, actor)


@pytest.mark.asyncio
async def test_its_author_may_look_with_the_eyes_of_readers(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, shop_document(WORDS, title="As read"))
        await store.save(
            shops.datasette,
            made.id,
            shop_document(WORDS, title="As written"),
            base=None,
            actor_id="alice",
            keep=False,
        )
        assert (await opened(shops, made.id, ALICE)).document.title == "As written"
        read = await opened(shops, made.id, ALICE, published="1")
        assert (read.document.title, read.mode) == ("As read", Mode.SNAPSHOT)
        assert (await opened(shops, made.id, BOB)).document.title == "As read"
        assert (await opened(shops, made.id, BOB, mode="live")).mode is Mode.LIVE
        with pytest.raises(BadInput, match="live or snapshot"):
            await opened(shops, made.id, BOB, mode="fast")


@pytest.mark.asyncio
async def test_only_its_author_changes_it(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, shop_document(WORDS))
        mine: Any = Asked(made.id, ALICE)
        bobs: Any = Asked(made.id, BOB)
        assert await opening.own(mine, shops.datasette) == made
        with pytest.raises(NotAllowed, match="make a fork"):
            await opening.own(bobs, shops.datasette)
        found = await opening.opened(mine, shops.datasette)
        with pytest.raises(NotFound, match="no such block"):
            opening.block_of(mine, found)
        with pytest.raises(NotAllowed, match="Sign in"):
            opening.require_author(None)


@pytest.mark.asyncio
async def test_a_restricted_token_changes_nothing(tmp_path: Path) -> None:
    token = {**ALICE, "token": "dstok", "_r": {"a": ["vi", "es", "ltp"]}}
    async with site(tmp_path) as shops:
        made = await make_exploration(shops, shop_document(WORDS))
        url = f"{EXPLORATIONS}/{made.id}"
        assert (await shops.get(f"{url}.json", token)).status_code == 200
        posts: list[tuple[str, dict[str, Any]]] = [
            (f"{url}/-/save", {"document": "{}", "base": "{}"}),
            (f"{url}/-/publish", {"public": "1", "mode": "snapshot"}),
            (f"{url}/-/share", {"public": "1"}),
            (f"{url}/-/link", {"label": "l"}),
            (f"{url}/-/fork", {}),
            (f"{url}/-/unpublish", {}),
            (f"{url}/-/delete", {}),
            (f"{EXPLORATIONS}/-/new", {}),
            (f"{EXPLORATIONS}/-/import", {}),
        ]
        for path, form in posts:
            answer = await shops.post(path, form, token)
            assert answer.status_code == 403, path
            assert "token is restricted" in answer.text, path
        assert await store.get(shops.datasette, made.id) == made
