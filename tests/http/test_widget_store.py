"""Revisions are never lost: not by two people who save at once, not by a locked database."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from datasette.app import Datasette

from datasette_llm_tools.errors import Conflict, NotFound
from datasette_llm_tools.prompt import Usage
from datasette_llm_tools.widgets import catalog_store, store, vote_store
from datasette_llm_tools.widgets.values import (
    Candidate,
    Choice,
    Column,
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Parameter,
    Widget,
    Writing,
)
from tests.internal_tables import served

MISSING = "0" * 24


def draft(source: str = "<p>", origin: Origin = Origin.CHANGED, prompt: str = "") -> Draft:
    return Draft(origin, source, writing=Writing(prompt=prompt or None))


async def kept(
    datasette: Datasette,
    title: str = "A widget",
    *,
    database: str = "shops",
    actor_id: str | None = "alice",
    kind: Kind = Kind.DOCUMENT,
    prompt: str = "",
) -> Widget:
    widget, _ = await store.create(
        datasette,
        database=database,
        kind=kind,
        title=title,
        draft=draft(origin=Origin.CREATED, prompt=prompt),
        actor_id=actor_id,
    )
    return widget


@pytest.mark.asyncio
async def test_a_revision_comes_back_as_it_went(tmp_path: Path) -> None:
    parameters = (
        Parameter("city", "text", "Graz", choices=("Graz", "Linz"), most_characters=20),
        Parameter("least", "integer", 3, minimum=0, maximum=9),
    )
    whole = Draft(
        Origin.CREATED,
        "<p>“Ünï”</p>",
        (NamedQuery("sales", "select :city, :least", parameters),),
        {"sales": (Column("a", "text"), Column("b", "integer"))},
        Writing("Sales by city", "scripted", Usage(10, None), 0.25, 12.5),
    )
    async with served(tmp_path) as datasette:
        widget, first = await store.create(
            datasette,
            database="shops",
            kind=Kind.DOCUMENT,
            title="  Sales \n by city ",
            draft=whole,
            actor_id="alice",
            question_id="q",
        )
        assert widget.title == "Sales by city"
        assert await store.get(datasette, widget.id) == widget
        assert await store.revision(datasette, widget.id, 1) == first
        assert first.draft == whole
        (summary,) = await store.revisions(datasette, widget.id)
        assert (summary.number, summary.origin, summary.writing) == (1, whole.origin, whole.writing)
        assert await store.get(datasette, MISSING) is None
        assert await store.revision(datasette, widget.id, 2) is None


@pytest.mark.asyncio
async def test_who_saves_second_is_told_and_loses_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)
        first, second = await asyncio.gather(
            *(
                store.add_revision(datasette, widget.id, draft(who), parent=1, actor_id=who)
                for who in ("alice", "bob")
            )
        )
        assert first.is_current and first.conflict is None
        assert not second.is_current
        assert second.conflict is not None
        assert second.conflict.number == first.revision.number
        found = await store.get(datasette, widget.id)
        assert found is not None and found.current == first.revision.number
        branch = await store.revision(datasette, widget.id, second.revision.number)
        assert branch is not None
        assert (branch.draft.source, branch.parent) == (second.revision.draft.source, 1)

        await store.make_current(datasette, widget.id, second.revision.number)
        found = await store.get(datasette, widget.id)
        assert found is not None and found.current == second.revision.number


@pytest.mark.asyncio
async def test_a_variant_stands_beside_the_current_one(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)
        added = await store.add_revision(
            datasette, widget.id, draft(), parent=1, actor_id="alice", current=False
        )
        assert (added.is_current, added.conflict) == (False, None)
        after = await store.add_revision(
            datasette, widget.id, draft(), parent=None, actor_id="alice"
        )
        assert (after.revision.number, after.revision.parent, after.is_current) == (3, 1, True)


@pytest.mark.asyncio
async def test_what_is_not_there_cannot_be_a_parent(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)
        with pytest.raises(NotFound, match="no revision 7"):
            await store.add_revision(datasette, widget.id, draft(), parent=7, actor_id=None)
        with pytest.raises(NotFound, match="no revision 7"):
            await store.make_current(datasette, widget.id, 7)
        with pytest.raises(NotFound, match="no revision 7"):
            await store.approve(datasette, widget.id, 7)
        with pytest.raises(NotFound, match="no such widget"):
            await store.add_revision(datasette, MISSING, draft(), parent=1, actor_id=None)
        assert len(await store.revisions(datasette, widget.id)) == 1


@pytest.mark.asyncio
async def test_run_is_noted_once(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)
        when = await store.approve(datasette, widget.id, 1)
        assert await store.approve(datasette, widget.id, 1) == when
        found = await store.revision(datasette, widget.id, 1)
        assert found is not None and found.approved_at == when
        # What is made from it is something else, and waits for Run again.
        added = await store.add_revision(datasette, widget.id, draft(), parent=1, actor_id="alice")
        assert added.revision.approved_at is None


@pytest.mark.asyncio
async def test_the_catalog_has_own_and_shared_ones_of_databases_that_may_be_queried(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as datasette:
        await kept(datasette, "Own chart", kind=Kind.CHART, prompt="all of 100% sales")
        shared = await kept(datasette, "Shared", actor_id="bob", prompt="all secrets")
        await store.share(datasette, shared.id, True)
        await kept(datasette, "Private", actor_id="bob")
        await kept(datasette, "Elsewhere", database="other")
        orphan = await kept(datasette, "Nobody's", actor_id=None)

        async def titles(actor_id: str | None = "alice", **asked: object) -> set[str]:
            found = await catalog_store.catalog(datasette, actor_id, {"shops"}, **asked)  # type: ignore[arg-type] # the test's own words
            return {each.title for each in found.widgets}

        assert await titles() == {"Own chart", "Shared"}
        assert await titles(own=True) == {"Own chart"}
        assert await titles(kind=Kind.CHART) == {"Own chart"}
        assert await titles(search="100%") == {"Own chart"}
        assert await titles(search="100_") == set()
        assert await titles(search="secrets") == set()  # prompts are their owners'
        assert await titles(search="share") == {"Shared"}
        assert await titles(None) == {"Shared"}  # visitors own nothing
        assert await titles("bob") == {"Shared", "Private"}
        await store.delete(datasette, orphan.id)
        assert await store.get(datasette, orphan.id) is None
        assert await store.revisions(datasette, orphan.id) == ()


@pytest.mark.asyncio
async def test_pages_of_the_catalog_have_each_widget_once(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        made = {(await kept(datasette, str(number))).id for number in range(7)}
        seen: list[str] = []
        after: str | None = None
        for _ in range(3):
            page = await catalog_store.catalog(datasette, "alice", {"shops"}, after=after, size=3)
            seen += [each.id for each in page.widgets]
            after = page.next
        assert after is None
        assert len(seen) == 7 and set(seen) == made


@pytest.mark.asyncio
async def test_a_second_vote_replaces_the_first_whichever_side_was_left(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)
        one, two = Candidate(1, "large"), Candidate(2, "small")
        for left, right, choice, who in (
            (one, two, Choice.LEFT, "alice"),
            (two, one, Choice.LEFT, "alice"),
            (one, two, Choice.BOTH_BAD, "bob"),
        ):
            await vote_store.add_vote(
                datasette,
                widget,
                left=left,
                right=right,
                prompt="Sales",
                prompt_kind="document created",
                choice=choice,
                actor_id=who,
            )
        found = await vote_store.votes(datasette, widget.id)
        assert [(each.actor_id, each.left, each.choice) for each in found] == [
            ("alice", two, Choice.LEFT),
            ("bob", one, Choice.BOTH_BAD),
        ]
        await store.delete(datasette, widget.id)
        assert await vote_store.votes(datasette) == found


@pytest.mark.asyncio
async def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)

        def shut(connection: sqlite3.Connection) -> None:
            (pages,) = connection.execute("pragma page_count").fetchone()
            connection.execute(f"pragma max_page_count = {pages}")

        await datasette.get_internal_database().execute_write_fn(shut, transaction=False)
        with pytest.raises(Conflict, match="full"):
            await store.add_revision(
                datasette, widget.id, draft("x" * 1_000_000), parent=1, actor_id="alice"
            )
        assert await store.get(datasette, widget.id) == widget
        assert len(await store.revisions(datasette, widget.id)) == 1


@pytest.mark.asyncio
async def test_a_locked_internal_database_is_said(tmp_path: Path) -> None:
    async with served(tmp_path) as datasette:
        widget = await kept(datasette)
        await datasette.get_internal_database().execute_write_fn(
            lambda connection: connection.execute("pragma busy_timeout = 10"), transaction=False
        )
        with closing(sqlite3.connect(tmp_path / "internal.db")) as other:
            other.execute("begin immediate")
            with pytest.raises(Conflict, match="locked"):
                await store.rename(datasette, widget.id, "Another")
        await store.rename(datasette, widget.id, "Another")
        found = await store.get(datasette, widget.id)
        assert found is not None and found.title == "Another"
