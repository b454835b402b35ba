"""Blocks run as whoever asks, and what is frozen of them comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.errors import LlmToolsError, NotAllowed, NotFound, SqlRejected
from datasette_llm_tools.explorations import (
    opening,
    publication_store,
    running,
    snapshot_store,
    store,
)
from datasette_llm_tools.explorations.canonical import frozen_digest
from datasette_llm_tools.explorations.values import Document, Frozen
from datasette_llm_tools.widgets import store as widget_store
from tests.exploration_sites import (
    CHART,
    PUBLISHING,
    QUERY,
    QUESTION,
    SECRET,
    WORDS,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

NOTHING: dict[str, Any] = {}
ROOT = {"id": "root"}


def site(folder: Path, **config: Any) -> Any:
    return make_site(folder, lambda _: "", config={**PUBLISHING, **config})


async def frozen_of(site: Site, *blocks: Any, actor: Any = ALICE) -> list[Frozen]:
    document = shop_document(*blocks)
    return list(await running.freeze_all(site.datasette, actor, "alice", document))


@pytest.mark.asyncio
async def test_rows_of_a_question_and_of_a_query_with_a_parameter(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        ran = await running.run_block(shops.datasette, ALICE, QUESTION, {})
        assert ran.columns == ("item", "price")
        assert ran.rows[0] == ("tea", 3.5)
        assert ran.tables == ("sale",)
        assert ("sale", "price") in ran.sources
        ran = await running.run_block(shops.datasette, ALICE, QUERY, {"city": "Graz"})
        assert ran.rows == (("Corner",),)


@pytest.mark.asyncio
async def test_a_chart_is_drawn_and_thaws_as_it_was_frozen(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        (frozen,) = await frozen_of(shops, CHART)
        ran = await running.run_block(shops.datasette, ALICE, CHART, {})
    assert dict(ran.rows) == {"tea": 7.1, "milk": 1.2}
    assert frozen.tables == ("sale",)
    assert frozen.rows_hash == frozen_digest(frozen.columns, frozen.rows, frozen.more)
    again = running.thawed(frozen)
    assert again.rows == ran.rows
    assert again.drawn is not None and ran.drawn is not None
    assert again.drawn["vega_lite"] == ran.drawn["vega_lite"]
    assert again.drawn["behind"] is None


@pytest.mark.asyncio
async def test_of_a_chart_over_a_table_only_what_is_drawn_becomes_visible(tmp_path: Path) -> None:
    over_all = replace(CHART, sql="select * from sale")
    async with site(tmp_path) as shops:
        (frozen,) = await frozen_of(shops, over_all)
        (narrow,) = await frozen_of(shops, CHART)
    assert frozen.refused is None
    assert frozen.sources == {("sale", "item"), ("sale", "price")}
    assert [each["name"] for each in frozen.more["columns"]] == ["item", "price"]
    assert frozen.rows == narrow.rows and "shop_id" not in str(frozen.more)


@pytest.mark.asyncio
async def test_what_is_frozen_comes_back_from_the_store(tmp_path: Path) -> None:
    blob = replace(QUERY, id="1" * 12, sql="select x'00ff' as b, 1.0 as f, null as n, 9e999 as i")
    async with site(tmp_path) as shops:
        frozen = await frozen_of(shops, WORDS, QUESTION, CHART, blob, await widget_block(shops))
        made = await published(shops, shop_document(blob))
        kept = await snapshot_store.snapshot(shops.datasette, made)
        assert kept is not None
        (only,) = kept.blocks
        assert only.rows == (({"$base64": True, "encoded": "AP8="}, 1.0, None, None),)
        await publication_store.unpublish(shops.datasette, made.id)
        private = await store.get(shops.datasette, made.id)
        assert private is not None and private.snapshot is None
        await snapshot_store.keep_imported(shops.datasette, made.id, frozen)
        imported = await store.get(shops.datasette, made.id)
        assert imported is not None
        again = await snapshot_store.snapshot(shops.datasette, imported)
        assert again is not None
        assert [each.rows_hash for each in again.blocks] == [
            frozen_digest(each.columns, each.rows, each.more) for each in again.blocks
        ]
        assert again.of(CHART.id) == await snapshot_store.frozen(
            shops.datasette, imported, CHART.id
        )
        with pytest.raises(NotFound):
            await snapshot_store.keep_imported(shops.datasette, "0" * 24, frozen)


@pytest.mark.asyncio
async def test_a_widget_is_frozen_with_its_source_and_the_rows_of_its_queries(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as shops:
        block = await widget_block(shops)
        (frozen,) = await frozen_of(shops, block)
    assert frozen.refused is None
    assert "<h1>Sales</h1>" in frozen.more["html"]
    (query,) = frozen.more["queries"]
    assert query["name"] == "sales" and "SELECT" in query["sql"]
    assert query["results"][0]["params"] == {"shop": 1}
    assert query["results"][0]["rows"] == [["tea", 3.5], ["milk", 1.2]]
    assert frozen.tables == ("sale",)


@pytest.mark.asyncio
async def test_what_somebody_may_not_see_is_refused_in_words(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        with pytest.raises(SqlRejected):
            await running.run_block(shops.datasette, ALICE, SECRET, {})
        (alices,) = await frozen_of(shops, SECRET)
        (roots,) = await frozen_of(shops, SECRET, actor=ROOT)
        (elsewhere,) = await frozen_of(shops, replace(QUERY, database="gone"))
    assert alices.refused and "secret" in alices.refused and not alices.rows
    assert roots.refused is None and roots.rows == (("hush",),)
    assert elsewhere.refused == "There is no database called gone here."


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("was_run", "owner", "error"),
    [(False, "alice", NotAllowed), (True, "bob", NotFound), (True, None, NotFound)],
)
async def test_a_widget_that_its_author_may_not_show(
    tmp_path: Path, was_run: bool, owner: str | None, error: type[LlmToolsError]
) -> None:
    async with site(tmp_path) as shops:
        block = await widget_block(shops, was_run=was_run, actor_id=owner)
        with pytest.raises(error):
            await running.widget_of(shops.datasette, "alice", block)


@pytest.mark.asyncio
async def test_a_shared_widget_may_be_shown_until_it_is_gone(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        block = await widget_block(shops, actor_id="bob")
        await widget_store.share(shops.datasette, block.widget_id, True)
        _, revision = await running.widget_of(shops.datasette, "alice", block)
        assert revision.number == 1
        with pytest.raises(NotFound, match="no version 7"):
            await running.widget_of(shops.datasette, "alice", replace(block, revision=7))
        with pytest.raises(NotFound, match="gone"):
            await running.widget_of(shops.datasette, "alice", replace(block, database="other"))
        await widget_store.delete(shops.datasette, block.widget_id)
        with pytest.raises(NotFound, match="gone"):
            await running.widget_of(shops.datasette, "alice", block)


@pytest.mark.asyncio
async def test_the_hash_of_a_schema_changes_with_the_columns_of_its_tables_only(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as shops:
        before = await running.schema_digest(shops.datasette, ALICE, "shops", ("sale",))
        database = shops.datasette.get_database("shops")
        await database.execute_write("alter table shop add column phone text")
        await database.execute_write("insert into sale (item) values ('jam')")
        same = await running.schema_digest(shops.datasette, ALICE, "shops", ("sale",))
        await database.execute_write("alter table sale add column paid integer")
        after = await running.schema_digest(shops.datasette, ALICE, "shops", ("sale",))
    assert before == same != after


@pytest.mark.asyncio
async def test_nothing_is_shown_any_more_that_its_publisher_may_not_see(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, shop_document(QUESTION, QUERY))
        assert await opening.withheld(shops.datasette, made) == {}
    config = {
        "databases": {
            "shops": {
                "tables": {"sale": {"allow": {"id": "root"}}},
                "permissions": {"llm-tools-publish": {"id": "alice"}},
            }
        }
    }
    (tmp_path / "shops.db").unlink()
    async with site(tmp_path, **config) as shops:
        again = await store.get(shops.datasette, made.id)
        assert again is not None
        assert set(await opening.withheld(shops.datasette, again)) == {QUESTION.id}
    (tmp_path / "shops.db").unlink()
    async with site(tmp_path, databases={}) as shops:
        assert set(await opening.withheld(shops.datasette, again)) == {QUESTION.id, QUERY.id}


@pytest.mark.asyncio
async def test_publishing_takes_the_permission_on_every_database(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        await opening.require_publish(shops.datasette, ALICE, shop_document(QUESTION))
        await opening.require_publish(shops.datasette, ALICE, Document("Words", blocks=(WORDS,)))
        for document in (shop_document(QUESTION), shop_document(WORDS)):
            with pytest.raises(NotAllowed, match="llm-tools-publish"):
                await opening.require_publish(shops.datasette, BOB, document)


@pytest.mark.asyncio
async def test_two_people_who_see_a_table_get_the_same_hash_of_it(tmp_path: Path) -> None:
    """Even where one of them does not see the table to which its foreign key leads."""
    hidden = {
        "databases": {
            "shops": {"tables": {"shop": {"allow": {"id": "root"}}}},
        }
    }
    async with site(tmp_path, **hidden) as shops:
        hashes = {
            await running.schema_digest(shops.datasette, actor, "shops", ("sale",))
            for actor in (ALICE, ROOT)
        }
    assert len(hashes) == 1
