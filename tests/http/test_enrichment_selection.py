"""The rows that a filtered table page shows are the rows that a run is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasette.utils.asgi import Request

from datasette_llm_tools.enrichments.database import rows
from datasette_llm_tools.enrichments.database.selection import (
    selection_for_key,
    selection_from_request,
    selection_from_where,
)
from datasette_llm_tools.enrichments.values import Selection
from datasette_llm_tools.errors import BadInput, NotAllowed
from tests.enriched_tables import ALICE, KINDS, Enriched, make_enriched

PEOPLE = """
create table town (id integer primary key, name text);
create table people (
    id integer primary key, name text, age integer, tags text, "a b" text, _hidden text,
    town_id integer references town(id)
);
insert into town values (1, 'Graz'), (2, 'Linz');
insert into people values
    (1, 'Ann', 30, '["x"]', 'q', 'h', 1), (2, 'Bo', 40, '["y"]', null, 'h', 2),
    (3, 'Cy', 50, '["x","y"]', 'r', 'k', 1), (4, 'Di -- " Do', 9, '[]', 'q', 'k', null);
create virtual table people_fts using fts5(name, content="people", content_rowid='id');
insert into people_fts(people_fts) values ('rebuild');
"""


async def selected(site: Enriched, query: str, actor: dict[str, str] | None = ALICE) -> Selection:
    path = f"/data/people?{query}"
    request = Request.fake(path, url_vars={"database": "data", "table": "people"})
    request.scope["actor"] = actor
    return await selection_from_request(site.datasette, request, "data", "people")


async def keys(site: Enriched, selection: Selection, table: str = "people") -> set[object]:
    target = await site.target(table)
    found = await rows.sample(site.datasette, ALICE, "data", target, selection, [], 99, 1)
    assert await rows.count(site.datasette, ALICE, "data", target, selection) == len(found)
    return {row.key[0] for row in found}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("name=Ann", 'where name = "Ann"'),
        ("age__gt=30&age__lt=50", "where age > 30 and age < 50"),
        ("name__contains=n", 'where name contains "n"'),
        ("name__exact=Di+--+%22+Do", 'where name = "Di -- " Do"'),
        ("a+b__isnull=1", "where a b is null"),
        ("a+b=q", 'where a b = "q"'),
        ("id__in=1,3", 'where id in ["1", "3"]'),
        ("tags__arraycontains=y", 'where tags contains "y"'),
        ("_hidden__exact=k", 'where _hidden = "k"'),
        ("rowid=2", "where rowid = 2"),
        ("_search=cy", 'where search matches "cy"'),
        ("_search=di+%22do", 'where search matches "di "do"'),
        ("_search_name=ann", 'where search column "name" matches "ann"'),
        ("_where=age+%3E+35+--+x", "where age > 35 -- x"),
        ("_where=age+%3E+35&name=Bo", 'where age > 35 and name = "Bo"'),
        ('_through={"table":"town","column":"name","value":"Graz"}', None),
        ("_sort=name&_size=2&_facet=age&_form=classify", "all rows"),
    ],
)
async def test_the_page_and_the_run_have_the_same_rows(
    tmp_path: Path, query: str, words: str | None
) -> None:
    async with make_enriched(tmp_path, [], PEOPLE) as site:
        page = await site.datasette.client.get(
            f"/data/people.json?{query}&_shape=objects&_size=max", actor=ALICE
        )
        if words is None:  # no such relation
            with pytest.raises(BadInput):
                await selected(site, query)
            return
        selection = await selected(site, query)
        assert selection.description == words
        shown = {row["id"] for row in page.json()["rows"]}
        chosen = await keys(site, selection)
        assert chosen == shown or "_size=2" in query


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["nonsense=1", "name.x=1", "id__in=[1", "_search_nonsense=x"])
async def test_filters_that_cannot_be_are_refused(tmp_path: Path, query: str) -> None:
    async with make_enriched(tmp_path, [], PEOPLE) as site:
        with pytest.raises(BadInput):
            await selected(site, query)


@pytest.mark.asyncio
async def test_sql_in_the_address_takes_its_permission(tmp_path: Path) -> None:
    config = {"databases": {"data": {"allow_sql": {"id": "alice"}}}}
    async with make_enriched(tmp_path, [], PEOPLE, config=config) as site:
        assert (await selected(site, "_where=1=1")).where
        with pytest.raises(NotAllowed):
            await selected(site, "_where=1=1", {"id": "bob"})


@pytest.mark.asyncio
@pytest.mark.parametrize("table", KINDS)
async def test_a_row_by_its_key(tmp_path: Path, table: str) -> None:
    async with make_enriched(tmp_path, [table]) as site:
        target = await site.target(table)
        for key in KINDS[table][1]:
            chosen = selection_for_key(target, key)
            found = await rows.sample(site.datasette, ALICE, "data", target, chosen, [], 9, 1)
            assert [row.key for row in found] == [key]
        with pytest.raises(BadInput):
            selection_for_key(target, (1, 2, 3))


@pytest.mark.asyncio
async def test_a_condition_in_sql(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, [], PEOPLE) as site:
        assert await keys(site, selection_from_where(" age > 35 ; ")) == {2, 3}
        assert selection_from_where("  ") == Selection()
