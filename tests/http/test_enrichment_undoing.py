"""Undoing brings back what was there, drops what was made, and leaves what was edited since."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments.database import results, store, undoing
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.values import Run, RunStatus, Wish
from datasette_llm_tools.errors import Conflict
from tests.enriched_tables import KINDS, OWNER, Enriched, done, make_enriched


async def finished(site: Enriched, table: str, outcomes: list[Any], **more: Any) -> Run:
    """A run that wrote these outcomes and has ended."""
    run = await site.running(table, **more)
    await site.write(run, outcomes)
    await store.release(site.datasette, run, OWNER, RunStatus.DONE)
    return await site.now(run)


@pytest.mark.asyncio
@pytest.mark.parametrize("table", KINDS)
async def test_a_new_column_goes_and_the_table_is_as_before(tmp_path: Path, table: str) -> None:
    async with make_enriched(tmp_path, [table]) as site:
        name = table.replace('"', '""')
        before = site.sql(f'select * from "{name}"')
        keys = KINDS[table][1]
        run = await finished(site, table, [done(key) for key in keys])
        undone = await undoing.undo(site.datasette, run)
        assert undone == undoing.Undone(len(keys), 0, ("label",))
        assert site.sql(f'select * from "{name}"') == before
        run = await site.now(run)
        assert run.status is RunStatus.UNDONE
        # What was said stays known, of a run that is undone.
        (known,) = await results.results_of_row(site.datasette, "data", table, keys[0])
        assert known.run.status is RunStatus.UNDONE
        with pytest.raises(Conflict, match="already"):
            await undoing.undo(site.datasette, run)


@pytest.mark.asyncio
async def test_values_of_every_type_come_back(tmp_path: Path) -> None:
    mixed = (
        "create table mixed (id integer primary key, body text, label, note text);"
        "insert into mixed (id, label, note) values (1, 5, 'n'), (2, 1.5, null), (3, 'text', 'ü'),"
        " (4, x'00ff', ''), (5, null, 'only'), (6, 9e999, null), (7, '5', null)"
    )
    outputs = [Output("label", OutputType.INTEGER), Output("note", OutputType.JSON, optional=True)]
    async with make_enriched(tmp_path, [], mixed) as site:
        before = site.sql("select id, label, typeof(label), note from mixed order by id")
        run = await finished(
            site,
            "mixed",
            [done((i,), values={"label": i, "note": [i]}) for i in range(1, 8)],
            outputs=outputs,
            overwrite=["label", "note"],
        )
        assert site.sql("select label, note from mixed where id = 4") == [(4, "[4]")]
        undone = await undoing.undo(site.datasette, run)
        assert undone == undoing.Undone(7, 0, ())
        assert site.sql("select id, label, typeof(label), note from mixed order by id") == before


@pytest.mark.asyncio
async def test_what_was_edited_since_stays(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        run = await finished(site, "numbers", [done((1,)), done((2,)), done((30,))])
        site.sql("update numbers set label = 'Praise' where id = 1")  # differs by case only
        site.sql("delete from numbers where id = 30")
        undone = await undoing.undo(site.datasette, run)
        assert undone == undoing.Undone(1, 1, (), ("label",))
        assert site.sql("select id, label from numbers order by id") == [
            (-4, None),
            (1, "Praise"),
            (2, None),
        ]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("label text collate nocase", "x"),
        ("label integer", "12"),
        ("label real", "3"),
        ("label", ""),
    ],
)
async def test_a_value_that_the_column_stored_otherwise_is_no_edit(
    tmp_path: Path, column: str, value: str
) -> None:
    typed = f"create table typed (id integer primary key, body text, {column});"
    async with make_enriched(tmp_path, [], typed + "insert into typed (id) values (1)") as site:
        run = await finished(site, "typed", [done((1,), value)], overwrite=["label"])
        assert await undoing.undo(site.datasette, run) == undoing.Undone(1, 0, ())
        assert site.sql("select label from typed") == [(None,)]


@pytest.mark.asyncio
async def test_a_column_that_something_needs_stays_empty(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        run = await finished(site, "numbers", [done((1,))])
        site.sql("create index by_label on numbers(label)")
        undone = await undoing.undo(site.datasette, run)
        assert undone == undoing.Undone(1, 0, (), ("label",))
        assert site.sql("select count(label) from numbers") == [(0,)]


@pytest.mark.asyncio
async def test_a_later_run_is_undone_first(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        first = await finished(site, "numbers", [done((1,), "first"), done((2,), "first")])
        second = await finished(site, "numbers", [done((2,), "second")], overwrite=["label"])
        with pytest.raises(Conflict, match=second.id):
            await undoing.undo(site.datasette, first)
        assert (await undoing.undo(site.datasette, second)).restored == 1
        assert site.sql("select label from numbers where id in (1, 2)") == [("first",), ("first",)]
        undone = await undoing.undo(site.datasette, first)
        assert undone == undoing.Undone(2, 0, ("label",))


@pytest.mark.asyncio
async def test_only_a_run_that_has_ended_is_undone(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"]) as site:
        run = await site.running("numbers")
        await site.write(run, [done((1,))])
        with pytest.raises(Conflict, match="cancel it"):
            await undoing.undo(site.datasette, run)
        await store.release(site.datasette, run, OWNER, RunStatus.PAUSED)
        with pytest.raises(Conflict, match="cancel it"):
            await undoing.undo(site.datasette, run)
        await store.wish(site.datasette, run, Wish.CANCEL)
        assert (await undoing.undo(site.datasette, run)).restored == 1


@pytest.mark.asyncio
async def test_what_the_table_refuses_by_now_stays(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"], "alter table numbers add label") as site:
        run = await finished(site, "numbers", [done((1,)), done((2,))], overwrite=["label"])
        site.sql(
            "create trigger no_nulls before update on numbers when new.id = 2 and"
            " new.label is null begin select raise(abort, 'no'); end"
        )
        assert await undoing.undo(site.datasette, run) == undoing.Undone(1, 1, ())
        assert site.sql("select label from numbers where id in (1, 2)") == [(None,), ("praise",)]


@pytest.mark.asyncio
async def test_an_undo_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    many = (
        "create table many (id integer primary key, body text, label text);"
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)"
        " insert into many select i, i, 'old ' || i from n;"
        # The last batch meets a trigger that a person has left behind.
        "create trigger broken before update on many when new.id = 1000 and new.label like 'old%'"
        " begin select raise(rollback, 'not now'); end;"
    )
    async with make_enriched(tmp_path, [], many) as site:
        keys = [(i,) for i in range(1, 2501)]
        run = await finished(site, "many", [done(key) for key in keys], overwrite=["label"])
        with pytest.raises(Conflict, match="not now"):
            await undoing.undo(site.datasette, run)
        assert (await site.now(run)).status is RunStatus.DONE
        restored = site.sql("select count(*) from many where label like 'old%'")[0][0]
        assert restored == 2000
        with closing(sqlite3.connect(site.path)) as connection:
            connection.execute("drop trigger broken")
        undone = await undoing.undo(site.datasette, run)
        assert undone == undoing.Undone(500, 0, ())
        assert site.sql("select count(*) from many where label = 'old ' || id") == [(2500,)]
