"""What is saved is never lost, and lists show to each what they may read."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from datasette_llm_tools.errors import Conflict, NotFound
from datasette_llm_tools.explorations import link_store, publication_store, snapshot_store, store
from datasette_llm_tools.explorations.catalog_store import catalog, feed, tags
from datasette_llm_tools.explorations.records import Base
from datasette_llm_tools.explorations.values import (
    Document,
    Exploration,
    Frozen,
    Mode,
    Origin,
    RevisionOrigin,
    Sharing,
    Words,
)
from tests.internal_tables import served

MISSING = "0" * 24
BLOCK = "a" * 12
PUBLIC = Sharing(public=True)


def document(title: str = "Delays", text: str = "", **more: Any) -> Document:
    return Document(title, blocks=(Words(id=BLOCK, text=text),), **more)


async def made(
    datasette: Datasette, title: str = "Delays", actor_id: str = "alice", **more: Any
) -> Exploration:
    exploration, _ = await store.create(
        datasette, document=document(title, **more), actor_id=actor_id
    )
    return exploration


async def saved(
    datasette: Datasette, exploration: Exploration, title: str, **more: Any
) -> store.Saved:
    given: dict[str, Any] = {"base": None, "actor_id": "alice", "keep": False, **more}
    return await store.save(datasette, exploration.id, document(title), **given)


async def shown(
    datasette: Datasette, exploration: Exploration, sharing: Sharing = PUBLIC, **more: Any
) -> Exploration:
    current = await store.get(datasette, exploration.id)
    assert current is not None
    revision = await store.revision(datasette, exploration.id, current.current)
    assert revision is not None
    given: dict[str, Any] = {"base": Base(revision.number, revision.edition), "frozen": (), **more}
    return await publication_store.publish(
        datasette, exploration.id, publisher={"id": "alice"}, sharing=sharing, **given
    )


async def titles(datasette: Datasette, actor_id: str | None, **more: Any) -> list[str]:
    return [each.title for each in (await catalog(datasette, actor_id, **more)).entries]


@pytest.mark.asyncio
async def test_an_exploration_comes_back_as_it_went(tmp_path: Path) -> None:
    origin = Origin("f" * 24, "Other", None, 3, "https://x.example/", "sha256:0", "2026")
    async with served(tmp_path) as datasette:
        exploration, first = await store.create(
            datasette,
            document=document("“Ünï”", tags=("a",)),
            actor_id=None,
            how=RevisionOrigin.IMPORTED,
            origin=origin,
        )
        assert await store.get(datasette, exploration.id) == exploration
        assert await store.revision(datasette, exploration.id, 1) == first
        assert first.document == document("“Ünï”", tags=("a",))
        assert await store.get(datasette, MISSING) is None
        assert await store.revision(datasette, exploration.id, 2) is None
        with pytest.raises(NotFound):
            await store.save(datasette, MISSING, document(), base=None, actor_id=None, keep=False)


@pytest.mark.asyncio
async def test_saving_on_writes_over_the_draft_until_it_is_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        one = await saved(datasette, exploration, "One", base=Base(1, 1))
        two = await saved(datasette, exploration, "Two", base=Base(2, 1))
        kept = await saved(datasette, exploration, "Kept", base=Base(2, 2), keep=True)
        after = await saved(datasette, exploration, "After", base=Base(2, 3))
        found = [each.revision for each in (one, two, kept, after)]
        assert [(each.number, each.edition, each.is_draft) for each in found] == [
            (2, 1, True),
            (2, 2, True),
            (2, 3, False),
            (3, 1, True),
        ]
        assert found[0].created_at == found[1].created_at
        listed = await store.revisions(datasette, exploration.id)
        assert [(each.number, each.title, each.parent) for each in listed] == [
            (3, "After", 2),
            (2, "Kept", 1),
            (1, "Delays", None),
        ]
        current = await store.get(datasette, exploration.id)
        assert current is not None and current.current == 3


@pytest.mark.asyncio
async def test_of_two_tabs_that_save_at_once_nothing_is_lost(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        left, right = await asyncio.gather(
            saved(datasette, exploration, "Left", base=Base(1, 1)),
            saved(datasette, exploration, "Right", base=Base(1, 1)),
        )
        first, second = sorted([left, right], key=lambda each: each.revision.number)
        assert first.is_current and first.conflict is None
        assert not second.is_current
        assert second.conflict is not None and second.conflict.number == 2
        # The second tab goes on beside the first, in one revision.
        on = await saved(datasette, exploration, "On", base=Base(3, 1))
        assert (on.revision.number, on.revision.edition, on.is_current) == (3, 2, False)
        # A tab that has not seen what another wrote into the same draft.
        await saved(datasette, exploration, "First goes on", base=Base(2, 1))
        stale = await saved(datasette, exploration, "Stale", base=Base(2, 1))
        assert (stale.revision.number, stale.is_current) == (4, False)
        found = await store.revisions(datasette, exploration.id)
        assert [each.title for each in found] == ["Stale", "On", "First goes on", "Delays"]


@pytest.mark.asyncio
async def test_an_earlier_version_comes_back_as_a_new_one(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        await saved(datasette, exploration, "Other")
        back = await store.restore(datasette, exploration.id, 1, "alice")
        assert (back.number, back.parent, back.origin) == (3, 1, RevisionOrigin.RESTORED)
        assert back.document == document()
        assert await titles(datasette, "alice") == ["Delays"]
        with pytest.raises(NotFound, match="no version 9"):
            await store.restore(datasette, exploration.id, 9, "alice")


@pytest.mark.asyncio
async def test_what_is_published_stays_while_its_author_writes_on(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        await saved(datasette, exploration, "Published")
        frozen = Frozen(BLOCK, ("a",), ((1,), (None,)), database="shops", tables=("sale",))
        public = await shown(datasette, exploration, frozen=(frozen,))
        assert (public.published, public.publisher) == (2, {"id": "alice"})
        draft = await saved(datasette, exploration, "Written on")
        assert draft.revision.number == 3
        assert await snapshot_store.frozen(datasette, public, BLOCK) == frozen
        (read,) = await snapshot_store.reads(datasette, public)
        assert (read.database, read.tables, read.row_count) == ("shops", ("sale",), 2)
        again = await shown(datasette, exploration, frozen=())
        assert again.snapshot is not None and public.snapshot is not None
        assert again.snapshot > public.snapshot
        assert await snapshot_store.reads(datasette, public) == ()


@pytest.mark.asyncio
async def test_only_what_its_author_looked_at_is_published(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        await saved(datasette, exploration, "One")
        await saved(datasette, exploration, "Two", base=Base(2, 1))
        with pytest.raises(Conflict, match="changed since"):
            await shown(datasette, exploration, base=Base(2, 1))
        with pytest.raises(Conflict):
            await shown(datasette, exploration, base=Base(9, 1))
        private = await store.get(datasette, exploration.id)
        assert private is not None and private.published is None


@pytest.mark.asyncio
async def test_html_of_blocks_is_kept_beside_their_rows(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        public = await shown(datasette, await made(datasette), frozen=(Frozen(BLOCK),))
        assert await snapshot_store.fragments(datasette, public) == {}
        await snapshot_store.keep_fragments(datasette, public, {BLOCK: "<p>ü"}, "v1")
        kept = await snapshot_store.fragments(datasette, public)
        assert kept == {BLOCK: snapshot_store.Fragment("<p>ü", "v1")}


@pytest.mark.asyncio
async def test_what_is_unpublished_is_for_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        public = await shown(datasette, exploration, frozen=(Frozen(BLOCK),))
        await publication_store.pin(datasette, exploration.id, True)
        link = await link_store.add(
            datasette, exploration.id, label=" For  Bob ", actor_id="alice", expires_at=None
        )
        assert await link_store.find(datasette, link.token) == link
        assert link.label == "For Bob"
        await publication_store.unpublish(datasette, exploration.id)
        private = await store.get(datasette, exploration.id)
        assert private is not None
        assert (private.published, private.snapshot, private.pinned_at) == (None, None, None)
        assert private.sharing == Sharing()
        (revoked,) = await link_store.links(datasette, exploration.id)
        assert revoked.revoked_at is not None
        assert await snapshot_store.reads(datasette, public) == ()
        assert await titles(datasette, "bob") == []


@pytest.mark.asyncio
async def test_links_are_revoked_one_by_one(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        one, other = await made(datasette), await made(datasette)
        link = await link_store.add(
            datasette, one.id, label="", actor_id="alice", expires_at="2030-01-01"
        )
        with pytest.raises(NotFound):
            await link_store.revoke(datasette, other.id, link.token)
        await link_store.revoke(datasette, one.id, link.token)
        found = await link_store.find(datasette, link.token)
        assert found is not None and not found.is_open("2026-01-01")
        assert await link_store.find(datasette, "none") is None


@pytest.mark.asyncio
async def test_pins_are_for_what_everybody_reads(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        with pytest.raises(Conflict, match="Publish"):
            await publication_store.pin(datasette, exploration.id, True)
        await shown(datasette, exploration)
        await publication_store.pin(datasette, exploration.id, True)
        assert await titles(datasette, None, pinned=True) == ["Delays"]
        await publication_store.share(
            datasette, exploration.id, Sharing(people=("bob",), mode=Mode.LIVE)
        )
        private = await store.get(datasette, exploration.id)
        assert private is not None and private.pinned_at is None
        assert private.sharing == Sharing(people=("bob",), mode=Mode.LIVE)


@pytest.mark.asyncio
async def test_what_is_deleted_leaves_nothing_behind(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette)
        await shown(datasette, exploration, frozen=(Frozen(BLOCK),))
        await link_store.add(datasette, exploration.id, label="", actor_id=None, expires_at=None)
        await store.delete(datasette, exploration.id)
        internal = datasette.get_internal_database()
        for table in await internal.table_names():
            if re.fullmatch(r"llm_tools_exploration(s|s_fts|_[a-z]+)", table):
                counted = await internal.execute(f"select count(*) from {table}")
                assert counted.single_value() == 0, table
        with pytest.raises(NotFound):
            await publication_store.share(datasette, exploration.id, PUBLIC)


@pytest.mark.asyncio
async def test_lists_show_what_each_may_read(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        await made(datasette, "Private")
        await shown(datasette, await made(datasette, "Public", tags=("air", "2024")))
        bobs = await made(datasette, "For Bob", tags=("air",))
        await shown(datasette, bobs, Sharing(people=("bob",)))
        assert sorted(await titles(datasette, "alice")) == ["For Bob", "Private", "Public"]
        assert sorted(await titles(datasette, "bob")) == ["For Bob", "Public"]
        assert await titles(datasette, None) == ["Public"]
        assert await titles(datasette, None, sees_public=False) == []
        assert await titles(datasette, "bob", sees_public=False) == ["For Bob"]
        assert await titles(datasette, "bob", own=True) == []
        assert sorted(await titles(datasette, "bob", author="alice")) == ["For Bob", "Public"]
        assert await titles(datasette, "bob", author="carol") == []
        assert sorted(await titles(datasette, "bob", tag="air")) == ["For Bob", "Public"]
        assert await titles(datasette, "bob", tag="2024") == ["Public"]
        assert await tags(datasette, "bob") == (("air", 2), ("2024", 1))
        assert await tags(datasette, None) == (("2024", 1), ("air", 1))
        assert [each.title for each in await feed(datasette)] == ["Public"]


@pytest.mark.asyncio
async def test_others_find_and_read_what_was_published_not_what_is_written_on(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as datasette:
        exploration = await made(datasette, "Delays in Zürich", text="Fog and snow")
        await shown(datasette, exploration)
        await saved(datasette, exploration, "Unfinished")
        assert await titles(datasette, "bob") == ["Delays in Zürich"]
        assert await titles(datasette, "bob", search="unfinished") == []
        assert await titles(datasette, "bob", search="zurich") == ["Delays in Zürich"]
        assert await titles(datasette, "bob", search="fo") == ["Delays in Zürich"]
        assert await titles(datasette, "bob", search="snow fog") == ["Delays in Zürich"]
        assert await titles(datasette, "bob", search="sno fog") == []
        assert await titles(datasette, "alice", search="unfin") == ["Unfinished"]
        assert await titles(datasette, "alice", search="zurich") == []


@pytest.mark.asyncio
@pytest.mark.parametrize("search", ['"', "a OR", "title:x", "NEAR(", "*", "-", "fog\0", "' or 1"])
async def test_whatever_is_searched_for_is_words(tmp_path: Path, search: str) -> None:
    async with served(tmp_path) as datasette:
        await made(datasette)
        assert isinstance(await titles(datasette, "alice", search=search), list)


@pytest.mark.asyncio
async def test_a_long_list_comes_in_pages(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        for number in range(7):
            await made(datasette, f"Number {number}")
        found, after = [], None
        for _ in range(4):
            page = await catalog(datasette, "alice", size=3, after=after)
            found += [each.title for each in page.entries]
            after = page.next
            if after is None:
                break
        assert sorted(found) == [f"Number {number}" for number in range(7)]
