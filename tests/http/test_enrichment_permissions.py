"""Who may enrich a table, and that nobody reads or writes our own tables by other ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments.database import rows
from datasette_llm_tools.enrichments.values import Selection
from datasette_llm_tools.errors import BadInput, NotAllowed, NotFound, SqlRejected
from datasette_llm_tools.permissions import ENRICH, may_write, require_table, visible_tables
from datasette_llm_tools.queries import run_query
from datasette_llm_tools.schema_reading import read_schema
from tests.enriched_tables import ALICE, Enriched, done, make_enriched

BOB = {"id": "bob"}
ROOT = {"id": "root"}
SECRET = (
    "create table secret (id integer primary key, body text);"
    "insert into secret values (1, 'the word is hush');"
)
OWN = [
    "_llm_tools_enrichments",
    "_llm_tools_runs",
    "_llm_tools_results",
    "_llm_tools_reviews",
]


def config(**tables: Any) -> dict[str, Any]:
    """Alice may do everything and Bob may not see `secret`."""
    alice = {"id": "alice"}
    return {
        "databases": {
            "data": {
                "permissions": dict.fromkeys(
                    ("update-row", "alter-table", "insert-row", "drop-table"), alice
                ),
                "tables": {"secret": {"allow": {"id": ["alice", "root"]}}, **tables},
            }
        }
    }


async def tell(site: Enriched) -> None:
    """Alice enriches `secret`, so that its words stand in our tables."""
    run = await site.running("secret")
    await site.write(run, [done((1,), "hush")])
    await site.datasette.refresh_schemas(force=True)


@pytest.mark.asyncio
@pytest.mark.parametrize("table", OWN)
@pytest.mark.parametrize("actor", [None, ALICE, BOB], ids=str)
async def test_nobody_reads_our_tables(
    tmp_path: Path, table: str, actor: dict[str, Any] | None
) -> None:
    async with make_enriched(tmp_path, [], SECRET, config=config()) as site:
        await tell(site)
        client = site.datasette.client
        for path in (
            f"/data/{table}",
            f"/data/{table}.json",
            f"/data/{table}.csv?_stream=1",
            f"/data/{table}.json?_shape=array&_labels=on",
            f"/data/{table.upper()}.json",
            f"/data/{table}/1",
            f"/data/{table}/1,~5B1~5D.json",
        ):
            response = await client.get(path, actor=actor)
            assert response.status_code in (403, 404) and "hush" not in response.text, path
        with pytest.raises(SqlRejected):
            await run_query(site.datasette, "data", f"select * from {table}", actor=actor)
        assert table not in await visible_tables(site.datasette, actor, "data")


@pytest.mark.asyncio
async def test_our_tables_are_in_no_list_and_in_no_prompt(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"], SECRET, config=config()) as site:
        await tell(site)
        for actor in (ALICE, BOB, ROOT):
            schema = await read_schema(site.datasette, "data", actor)
            names = {table.name for table in schema.tables}
            assert not {each for each in names if each.startswith(("_llm_tools_", "sqlite_"))}
            assert ("secret" in names) == (actor is not BOB)
        for path in ("/-/tables.json?q=llm", "/-/jump.json?q=llm", "/.json"):
            response = await site.datasette.client.get(path, actor=ALICE)
            assert "_llm_tools" not in response.text, path
        listed = (await site.datasette.client.get("/data.json", actor=ALICE)).json()["tables"]
        assert [each["name"] for each in listed if not each["hidden"]] == ["numbers", "secret"]
        assert not [each for each in listed if each["name"].startswith("_llm_tools")]
        # To complete SQL, Datasette tells whoever may run it the columns of all tables.
        page = await site.datasette.client.get("/data", actor=ALICE)
        assert 'href="/data/_llm_tools' not in page.text and "hush" not in page.text
        assert "sqlite_sequence" not in page.text


@pytest.mark.asyncio
async def test_root_reads_them_and_others_where_the_configuration_says_so(tmp_path: Path) -> None:
    opened = config(_llm_tools_results={"allow": {"id": "alice"}})
    async with make_enriched(tmp_path, [], SECRET, config=opened) as site:
        await tell(site)
        seen = {}
        for actor in (ALICE, BOB, ROOT):
            response = await site.datasette.client.get("/data/_llm_tools_results.json", actor=actor)
            seen[actor["id"]] = response.status_code
        # A block for the table decides for root too, as it does for any table.
        assert seen == {"alice": 200, "bob": 403, "root": 403}
        runs = await site.datasette.client.get("/data/_llm_tools_runs.json", actor=ROOT)
        assert runs.status_code == 200
        without_root = await site.datasette.client.get("/data/_llm_tools_runs.json", actor=ALICE)
        assert without_root.status_code == 403


@pytest.mark.asyncio
async def test_an_actor_named_root_is_nobody_without_the_root_option(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, [], SECRET, config=config()) as site:
        await tell(site)
        site.datasette.root_enabled = False
        response = await site.datasette.client.get("/data/_llm_tools_results.json", actor=ROOT)
        assert response.status_code == 403


@pytest.mark.asyncio
@pytest.mark.parametrize("actor", [ALICE, ROOT], ids=str)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/data/_llm_tools_runs/-/insert", {"rows": [{"id": "x"}]}),
        ("/data/_llm_tools_runs/-/upsert", {"rows": [{"number": 1, "status": "done"}]}),
        ("/data/_llm_tools_runs/1/-/update", {"update": {"status": "done"}}),
        ("/data/_llm_tools_runs/1/-/delete", {}),
        ("/data/_llm_tools_runs/-/drop", {"confirm": True}),
        ("/data/_llm_tools_runs/-/alter", {"operations": []}),
        ("/data/-/create", {"table": "_llm_tools_runs", "row": {"number": 9}}),
        ("/data/-/execute-write", {"sql": "delete from _llm_tools_runs"}),
    ],
)
async def test_nobody_writes_to_them_by_hand(
    tmp_path: Path, actor: dict[str, Any], path: str, body: dict[str, Any]
) -> None:
    async with make_enriched(tmp_path, [], SECRET, config=config()) as site:
        await tell(site)
        before = site.sql("select number, status from _llm_tools_runs")
        response = await site.datasette.client.post(
            path,
            json=body,
            actor=actor,
            headers={"content-type": "application/json", "accept": "application/json"},
        )
        assert response.status_code >= 400, response.text
        assert site.sql("select number, status from _llm_tools_runs") == before != []


@pytest.mark.asyncio
async def test_they_are_never_enriched_themselves(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, [], SECRET, config=config()) as site:
        await tell(site)
        with pytest.raises(BadInput, match="keeps for itself"):
            await site.waiting("_llm_tools_results")
        with pytest.raises(SqlRejected):
            target = await site.target("secret")
            peeking = Selection("id in (select run from _llm_tools_results)")
            await rows.count(site.datasette, ALICE, "data", target, peeking)


@pytest.mark.asyncio
async def test_require_table_hides_what_may_not_be_seen(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"], SECRET, config=config()) as site:
        await require_table(site.datasette, ALICE, ENRICH, "data", "secret")
        for actor, table in ((BOB, "secret"), (ALICE, "nothing"), (ALICE, "_llm_tools_runs")):
            with pytest.raises(NotFound):
                await require_table(site.datasette, actor, ENRICH, "data", table)
        with pytest.raises(NotFound):
            await require_table(site.datasette, ALICE, ENRICH, "elsewhere", "numbers")
        with pytest.raises(NotAllowed, match=r"Sign in.*llm-tools-enrich"):
            await require_table(site.datasette, None, ENRICH, "data", "numbers")


@pytest.mark.asyncio
async def test_the_missing_permission_is_named(tmp_path: Path) -> None:
    async with make_enriched(tmp_path, ["numbers"], SECRET, config=config()) as site:

        async def missing(actor: dict[str, Any] | None, alter: bool = True) -> str | None:
            return await may_write(site.datasette, actor, "data", "numbers", alter=alter)

        assert await missing(ALICE) is None
        assert await missing(None) == ENRICH
        assert await missing(BOB) == "update-row"
        assert site.datasette.config is not None
        block = site.datasette.config["databases"]["data"]
        block["permissions"]["update-row"] = True
        assert await missing(BOB) == "alter-table"
        assert await missing(BOB, alter=False) is None
        block["allow_sql"] = {"id": "alice"}
        assert await missing(BOB, alter=False) == "execute-sql"
        assert await may_write(site.datasette, BOB, "data", "secret", alter=False) == "view-table"
        block["permissions"][ENRICH] = False
        assert await missing(ALICE) == ENRICH
