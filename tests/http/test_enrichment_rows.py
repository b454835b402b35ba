"""Rows of a run by key, in pages: every kind of table, each row once."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasette_llm_tools.enrichments.database import rows, store
from datasette_llm_tools.enrichments.database.row_reader import PAGE_ROWS
from datasette_llm_tools.enrichments.database.tables import TableGone, key_from_json, key_json
from datasette_llm_tools.enrichments.values import (
    Fault,
    Outcome,
    OutcomeStatus,
    RunStatus,
    Selection,
)
from datasette_llm_tools.errors import BadInput, NotAllowed, QueryFailed, SqlRejected
from tests.enriched_tables import ALICE, KINDS, OWNER, done, make_enriched


@pytest.mark.asyncio
@pytest.mark.parametrize("table", KINDS)
async def test_each_row_comes_once_in_the_order_of_its_key(tmp_path: Path, table: str) -> None:
    async with make_enriched(tmp_path, [table]) as site:
        run = await site.running(table)
        found = await site.rows(run)
        # Rows whose text key is NULL are left out: nobody could tell them apart.
        assert [row.key for row in found] == KINDS[table][1]
        assert [key_from_json(key_json(row.key)) for row in found] == KINDS[table][1]
        assert {value for row in found for value in row.values.values()} <= set("abcdefg")
        for at, key in enumerate(KINDS[table][1]):
            behind = await site.rows(run, after=key)
            assert [row.key for row in behind] == KINDS[table][1][at + 1 :]


@pytest.mark.asyncio
async def test_columns_with_any_name_and_blobs_as_a_mark(tmp_path: Path) -> None:
    more = 'update "or""der by" set "select" = x\'00ff\', body = null'
    async with make_enriched(tmp_path, ['or"der by'], more) as site:
        run = await site.running('or"der by')
        (row,) = await site.rows(run, ["order", 'a"b', "select", "näme; drop", "body"])
        assert row.values == {
            "order": 1,
            'a"b': "q",
            "select": b"",
            "näme; drop": "n",
            "body": None,
        }


@pytest.mark.asyncio
async def test_pages_of_a_large_table_and_rows_with_results_left_out(tmp_path: Path) -> None:
    many = (
        "create table many (a integer, b integer, body text, primary key (a, b)) without rowid;"
        "with recursive n(i) as (select 0 union all select i + 1 from n where i < 1999)"
        " insert into many select i / 700, i % 700, i from n"
    )
    async with make_enriched(tmp_path, [], many) as site:
        run = await site.running("many")
        target = await site.target("many")
        pages = [
            page async for page in rows.pages(site.datasette, run, target, ["body"], after=None)
        ]
        assert [len(page) for page in pages] == [PAGE_ROWS] * 4
        assert len({row.key for page in pages for row in page}) == 2000
        settled = [row.key for row in pages[1]][::2]
        await site.write(run, [done(key) for key in settled], cursor=pages[0][-1].key)
        run = await site.now(run)
        left = await site.rows(run, after=run.cursor)
        assert [row.key for row in left] == [
            row.key for page in pages[1:] for row in page if row.key not in set(settled)
        ]


@pytest.mark.asyncio
async def test_a_page_cut_by_its_bytes_goes_on(tmp_path: Path) -> None:
    big = (
        "create table big (id integer primary key, body text);"
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60)"
        " insert into big select i, substr(hex(zeroblob(100000)), 1, 200000) || i from n"
    )
    async with make_enriched(tmp_path, [], big) as site:
        found = await site.rows(await site.running("big"))
        assert [row.key for row in found] == [(i,) for i in range(1, 61)]
        assert all(str(row.values["body"]).endswith(f"0{row.key[0]}") for row in found)


@pytest.mark.asyncio
async def test_a_cell_of_megabytes_comes_cut_and_takes_no_other_row_along(tmp_path: Path) -> None:
    huge = (
        "create table huge (id integer primary key, body text, other text);"
        "insert into huge values (1, 'a', 'x'), (2, hex(zeroblob(1500000)), 'y'), (3, 'c', 'z'),"
        " (4, hex(zeroblob(900000)), hex(zeroblob(900000)))"
    )
    async with make_enriched(tmp_path, [], huge) as site:
        found = await site.rows(await site.running("huge"), ["body", "other"])
        assert [row.key for row in found] == [(1,), (2,), (3,), (4,)]
        assert [row.values["other"] for row in found][:3] == ["x", "y", "z"]
        assert len(str(found[1].values["body"])) == 1_000_001
        assert found[2].values["body"] == "c"


@pytest.mark.asyncio
async def test_the_selection_chooses_rows(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        target = await site.target("numbers")
        chosen = Selection("body > :least or id = :p1 -- a comment", {"least": "b", "p1": 1})
        run = await site.running("numbers", selection=chosen)
        assert [row.key for row in await site.rows(run)] == [(-4,), (1,), (30,)]
        assert await rows.count(site.datasette, ALICE, "data", target, chosen) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("where", ["nonsense = 1", "1) ; drop table numbers; --"])
async def test_a_selection_that_is_no_condition_is_refused(tmp_path: Path, where: str) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        target = await site.target("numbers")
        with pytest.raises((QueryFailed, SqlRejected)):
            await rows.count(site.datasette, ALICE, "data", target, Selection(where))
        assert site.sql("select count(*) from numbers") == [(4,)]


@pytest.mark.asyncio
async def test_a_selection_reads_nothing_that_its_owner_may_not_see(tmp_path: Path) -> None:
    config = {"databases": {"data": {"tables": {"secret": {"allow": False}}}}}
    secret = "create table secret (id integer primary key, word text);"
    async with make_enriched(tmp_path, ["numbers"], secret, config=config) as site:
        target = await site.target("numbers")
        peeking = Selection("exists (select 1 from secret where word like 'h%')")
        with pytest.raises(SqlRejected, match="secret"):
            await rows.count(site.datasette, ALICE, "data", target, peeking)


@pytest.mark.asyncio
async def test_a_permission_withdrawn_ends_the_reading(tmp_path: Path) -> None:
    config = {"databases": {"data": {"tables": {"numbers": {"allow": {"id": "alice"}}}}}}
    async with make_enriched(tmp_path, ["numbers"], config=config) as site:
        run = await site.running("numbers")
        assert len(await site.rows(run)) == 4
        assert site.datasette.config is not None
        site.datasette.config["databases"]["data"]["tables"]["numbers"]["allow"] = {"id": "bob"}
        with pytest.raises(NotAllowed, match="numbers"):
            await site.rows(run)


@pytest.mark.asyncio
async def test_retried_rows_are_read_by_key_behind_the_others(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["compound"]) as site:
        run = await site.running("compound")
        first, second, third = KINDS["compound"][1]
        failures = [
            Outcome(key, OutcomeStatus.FAILED, fault=Fault.MODEL, message="No.")
            for key in (first, third)
        ]
        await site.write(run, [failures[0], done(second), failures[1]], cursor=third)
        await store.release(site.datasette, run, OWNER, RunStatus.DONE)
        assert await store.retry_failed(site.datasette, run) == 2
        site.sql("insert into compound (name, year, body) values ('new', 9, 'n')")
        site.sql("delete from compound where year = 2")
        run = await site.now(run)
        assert (run.status, run.counts.failed, run.cursor) == (RunStatus.WAITING, 0, ())
        found = await site.rows(run, after=run.cursor)
        # The row that is gone comes with nothing in it, so that it is settled as well.
        assert [(row.key, row.values["body"]) for row in found] == [(first, "c"), (third, None)]


@pytest.mark.asyncio
async def test_a_table_or_column_that_is_gone_is_named(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers", "texts"]) as site:
        run, other = await site.running("numbers"), await site.running("texts")
        site.sql("alter table numbers rename column body to text")
        with pytest.raises(TableGone, match="body"):
            await site.rows(run)
        target = await site.target("texts")
        site.sql("drop table texts")
        with pytest.raises(TableGone, match="texts"):
            async for _ in rows.pages(site.datasette, other, target, ["body"], after=None):
                pass


@pytest.mark.asyncio
async def test_a_selection_over_a_renamed_column_does_not_become_another(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["computed"]) as site:
        run = await site.running("computed", selection=Selection("\"upper_body\" = 'A'"))
        target = await site.target("computed")
        site.sql("alter table computed rename column upper_body to loud")
        with pytest.raises(TableGone, match="upper_body"):  # to SQLite it is a text by now
            async for _ in rows.pages(site.datasette, run, target, ["body"], after=None):
                pass


@pytest.mark.asyncio
@pytest.mark.parametrize("table", KINDS)
async def test_a_sample_is_repeatable_and_of_rows_that_are_there(
    tmp_path: Path, table: str
) -> None:
    async with make_enriched(tmp_path, [table]) as site:
        target = await site.target(table)

        async def draw(seed: int) -> list[object]:
            found = await rows.sample(
                site.datasette, ALICE, "data", target, Selection(), ["body"], 2, seed
            )
            return [row.key for row in found]

        assert await draw(1) == await draw(1)
        keys = KINDS[table][1]
        assert set(await draw(3)) <= set(keys) and len(await draw(3)) == min(2, len(keys))
        one = await rows.read_row(site.datasette, ALICE, "data", target, keys[-1], ["body"])
        assert one is not None and one.key == keys[-1]


@pytest.mark.asyncio
async def test_a_sample_of_a_long_table_is_from_all_over_it(tmp_path: Path) -> None:
    long = (
        "create table long (id integer primary key, body text);"
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)"
        " insert into long select i, i % 2 from n"
    )
    async with make_enriched(tmp_path, [], long) as site:
        target = await site.target("long")
        odd = Selection("body = '1'")
        found = await rows.sample(site.datasette, ALICE, "data", target, odd, ["body"], 40, 5)
        assert all(row.values["body"] == "1" for row in found)
        assert len(found) == 40 and max(row.key[0] for row in found) > 50_000  # type: ignore[type-var,operator]  # integers


@pytest.mark.asyncio
async def test_blobs_are_read_whole_or_refused(tmp_path: Path) -> None:
    files = (
        "create table files (id integer primary key, file);"
        "insert into files values (1, x'00ff10'), (2, null), (3, 'text')"
    )
    async with make_enriched(tmp_path, [], files) as site:
        target = await site.target("files")

        async def blob(key: int, most: int = 3) -> bytes | None:
            return await rows.read_blob(
                site.datasette, "data", target, (key,), "file", max_bytes=most
            )

        assert await blob(1) == b"\x00\xff\x10"
        assert await blob(2) is None and await blob(9) is None
        with pytest.raises(BadInput, match="3 bytes"):
            await blob(1, 2)
        with pytest.raises(BadInput, match="no BLOB"):
            await blob(3)
