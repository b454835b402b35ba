"""What keys are called: shown with rows, live and frozen, and never of a table that is not seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.explorations import snapshot_store
from datasette_llm_tools.explorations.canonical import rows_digest
from datasette_llm_tools.explorations.values import Exploration, Mode, QueryBlock
from tests.exploration_sites import (
    EXPLORATIONS,
    PUBLISHING,
    make_exploration,
    published,
    shop_document,
)
from tests.sites import ALICE, BOB, Site, make_site

SALES = QueryBlock(
    id="5" * 12,
    title="Sales",
    database="shops",
    sql="select shop_id, item from sale order by id",
    query="",
)
DOCUMENT = shop_document(SALES, parameters=())
CORNER = '<a href="/shops/shop/1">Corner</a> <em>1</em>'
NAMES = [[1, "Corner"], [2, "Market"]]
# Nobody but root sees what a shop is called, and bob may publish, too.
HIDDEN: dict[str, Any] = {
    "databases": {
        "shops": {
            "tables": {"shop": {"allow": {"id": ["root", "alice"]}}},
            "permissions": {"llm-tools-publish": {"id": ["alice", "bob"]}},
        }
    }
}


def site(folder: Path, config: dict[str, Any] | None = None) -> Any:
    return make_site(folder, lambda _: "", config=config or dict(PUBLISHING))


def url(made: Exploration, tail: str = "") -> str:
    return f"{EXPLORATIONS}/{made.id}{tail}"


async def rename(shops: Site) -> None:
    database = shops.datasette.get_database("shops")
    await database.execute_write("update shop set name = 'Bend' where id = 1")


@pytest.mark.asyncio
async def test_keys_are_called_what_they_were_when_they_were_frozen(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, DOCUMENT)
        await rename(shops)
        page = (await shops.get(url(made), actor=None)).text
        assert f"<tr><td>{CORNER}<td>tea" in page
        live = (await shops.get(url(made, "?mode=live"))).text
        assert CORNER.replace("Corner", "Bend") in live
        frozen = await snapshot_store.frozen(shops.datasette, made, SALES.id)
    assert frozen is not None
    assert frozen.more == {"labels": [{"column": 0, "names": NAMES, "table": "shop"}]}
    assert frozen.rows[0] == (1, "tea")
    assert frozen.tables == ("sale", "shop")
    assert frozen.rows_hash == rows_digest(frozen.columns, frozen.rows)


@pytest.mark.asyncio
async def test_a_shop_that_is_called_otherwise_is_no_row_that_changed(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, DOCUMENT)
        await rename(shops)
        response = await shops.post(url(made, "/-/verify"), {})
    (checked,) = response.json()["verifications"]
    assert checked["badge"] == "as published"


@pytest.mark.asyncio
async def test_the_table_of_names_is_told_before_publishing(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await make_exploration(shops, DOCUMENT)
        told = (await shops.get(url(made, "/-/share.json"))).json()
    columns = {each["table"]: each["columns"] for each in told["visible"]["tables"]}
    assert columns["shop"] == ["id", "name"]
    assert columns["sale"] == ["id", "item", "shop_id"]


@pytest.mark.asyncio
async def test_a_key_that_is_called_by_itself_reads_no_other_table(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"tables": {"shop": {"label_column": "id"}}}}}
    async with site(tmp_path, config) as shops:
        made = await make_exploration(shops, DOCUMENT)
        told = (await shops.get(url(made, "/-/share.json"))).json()
    assert [each["table"] for each in told["visible"]["tables"]] == ["sale"]


@pytest.mark.asyncio
async def test_names_of_a_table_that_somebody_does_not_see_are_not_shown(tmp_path: Path) -> None:
    async with site(tmp_path, HIDDEN) as shops:
        bobs = await published(shops, DOCUMENT, BOB)
        frozen = await snapshot_store.frozen(shops.datasette, bobs, SALES.id)
        assert frozen is not None and frozen.tables == ("sale",) and not frozen.more
        assert "Corner" not in (await shops.get(url(bobs))).text
        alices = await published(shops, DOCUMENT, mode=Mode.LIVE)
        assert CORNER in (await shops.get(url(alices))).text
        seen_by_bob = (await shops.get(url(alices), actor=BOB)).text
        assert "Corner" not in seen_by_bob and "<tr><td>1<td>tea" in seen_by_bob


@pytest.mark.asyncio
async def test_who_may_not_see_the_names_any_more_shows_the_block_to_nobody(
    tmp_path: Path,
) -> None:
    async with site(tmp_path, HIDDEN) as shops:
        frozen = await published(shops, DOCUMENT)
        shops.datasette.config["databases"]["shops"]["tables"]["shop"]["allow"] = {"id": "root"}
        page = (await shops.get(url(frozen), actor=None)).text
    assert "may not see all of its data any more" in page and "Corner" not in page


@pytest.mark.asyncio
async def test_names_go_along_with_files_and_come_back_the_same(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, DOCUMENT)
        first = (await shops.get(url(made, "/-/export.json"))).json()
        assert first["rows"][SALES.id]["more"]["labels"][0]["names"] == NAMES
        assert first["certificates"][SALES.id]["labels_hash"].startswith("sha256:")
        assert "Corner (1)" in (await shops.get(url(made, "/-/export.md"))).text.replace("\\", "")
        imported = await take_in(shops, first)
        assert not imported["warnings"]
        second = (await shops.get(f"{imported['url']}/-/export.json")).json()
        page = (await shops.get(imported["url"])).text
    assert second["rows"] == first["rows"] and second["certificates"] == first["certificates"]
    assert CORNER in page


@pytest.mark.asyncio
async def test_a_name_that_was_tampered_with_is_told(tmp_path: Path) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, DOCUMENT)
        file = (await shops.get(url(made, "/-/export.json"))).json()
        file["rows"][SALES.id]["more"]["labels"][0]["names"][0][1] = "<b>Another</b>"
        imported = await take_in(shops, file)
        page = (await shops.get(imported["url"])).text
    assert "what its keys are called is not what the certificate says" in json.dumps(imported)
    assert "&lt;b&gt;Another&lt;/b&gt;</a>" in page and "<b>Another" not in page


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({}, "must be a list"),
        ([1], "must be an object"),
        ([{"column": 2, "names": [], "table": "shop"}], "number of a column"),
        ([{"column": True, "names": [], "table": "shop"}], "number of a column"),
        ([{"column": 0, "names": [[1]], "table": "shop"}], "pairs"),
        ([{"column": 0, "names": [[[], "x"]], "table": "shop"}], "pairs"),
        ([{"column": 0, "names": [[1, 2]], "table": "shop"}], "pairs"),
        ([{"column": 0, "names": [[1, "x"]], "table": 3}], "text"),
        ([{"column": 0, "names": [], "table": "shop", "more": 1}], "'more'"),
    ],
)
async def test_rows_with_names_that_are_none_are_left_out(
    tmp_path: Path, labels: Any, said: str
) -> None:
    async with site(tmp_path) as shops:
        made = await published(shops, DOCUMENT)
        file = (await shops.get(url(made, "/-/export.json"))).json()
        file["rows"][SALES.id]["more"]["labels"] = labels
        imported = await take_in(shops, file)
    assert any("without rows" in each and said in each for each in imported["warnings"])


@pytest.mark.asyncio
async def test_a_file_from_before_has_rows_without_names(tmp_path: Path) -> None:
    plain = replace(SALES, sql="select item from sale order by id")
    async with site(tmp_path) as shops:
        made = await published(shops, shop_document(plain, parameters=()))
        file = (await shops.get(url(made, "/-/export.json"))).json()
        imported = await take_in(shops, file)
    assert file["rows"][SALES.id]["more"] == {} and not imported["warnings"]
    assert "labels_hash" not in file["certificates"][SALES.id]


async def upload(shops: Site, file: dict[str, Any]) -> Any:
    return await shops.datasette.client.post(
        f"{EXPLORATIONS}/-/import",
        actor=ALICE,
        content=json.dumps(file),
        headers={"accept": "application/json", "content-type": "application/json"},
    )


async def take_in(shops: Site, file: dict[str, Any]) -> dict[str, Any]:
    response = await upload(shops, file)
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told
