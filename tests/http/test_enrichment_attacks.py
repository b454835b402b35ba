"""What a hostile reviewer tried against enrichments, as tests."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import stat
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from datasette_llm_tools.enrichments.database import enrichment_store, leases, seals, store
from datasette_llm_tools.enrichments.database.own_tables import LeaseLost
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.values import Run, RunLimits, RunStatus, Selection
from datasette_llm_tools.enrichments.work import worker
from tests.enrich_sites import CAROL, FORM, TABLE, enrich_site, started, table, until
from tests.review_runs import SAID, asking, make_run
from tests.sites import ALICE, BOB, Site

ROOT = {"id": "root"}


async def sql(site: Site, text: str, *params: Any) -> list[tuple[Any, ...]]:
    """What anybody who holds the file can do with it."""

    def change(connection: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.execute(text, params).fetchall()]

    found: list[tuple[Any, ...]] = await site.datasette.get_database("shops").execute_write_fn(
        change
    )
    return found


async def forged(site: Site, **columns: Any) -> Run:
    """A run that waits as root, though nobody here has started it."""
    run = await make_run(site, {})
    changes = {"status": "waiting", "actor": json.dumps(ROOT), "cursor": None, **columns}
    sets = ", ".join(f"{name} = ?" for name in changes)
    await sql(site, f"update _llm_tools_runs set {sets} where id = ?", *changes.values(), run.id)
    found = await store.get_run(site.datasette, "shops", run.id)
    assert found is not None
    return found


def url_of(run: Run) -> str:
    return f"/-/runs/shops/{run.id}"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"seal": None},
        {"seal": b"\xff"},
        {"seal": "ÿ" * 64},
        {"status": "running", "lease_until": 9e18, "lease_owner": "elsewhere/1:1:x"},
        {"status": "running", "lease_until": "soon", "lease_owner": b"x"},
    ],
    ids=str,
)
async def test_a_run_that_came_with_the_file_is_not_worked_on(
    tmp_path: Path, columns: dict[str, Any]
) -> None:
    note = "create table note (id integer primary key, body text); insert into note values (1, 'a')"
    async with enrich_site(tmp_path, more=note) as site:
        run = await forged(site, **columns)
        assert run.is_foreign and run.status is RunStatus.PAUSED
        assert await leases.claim(site.datasette, "shops", "h:1:t", time.time() + 9) is None
        said = (await site.get(f"{url_of(run)}.json")).json()
        assert said["status"] == "paused" and "came with the file" in said["reason"]
        page = (await site.get(url_of(run))).text
        assert "came with the file" in page and 'id="run-resume"' in page
        # It does not keep other tables from being worked on, and it is left alone then, too.
        form = {"template": "{{ body }}", "output_name_0": "feeling"}
        response = await site.post("/-/enrichments/shops/note/-/start", form)
        worker.wake(site.datasette)
        await until(site, response.json()["url"], "done")
        assert len(site.model.prompts) == 1


@pytest.mark.asyncio
async def test_whoever_resumes_a_run_that_came_with_the_file_is_its_owner(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = url_of(await forged(site))
        for actor, status in ((None, 403), (CAROL, 403), ({"id": "eve"}, 403)):
            for action in ("resume", "cancel", "retry", "limits", "undo", "again"):
                response = await site.post(f"{url}/-/{action}", {}, actor)
                assert response.status_code == status, (actor, action)
        response = await site.post(f"{url}/-/limits", {"max_rows": "5"})
        assert response.status_code == 409
        assert (await site.post(f"{url}/-/resume", {}, BOB)).status_code == 200
        await until(site, url, "done")
        assert await sql(site, "select actor, seal is null from _llm_tools_runs") == [
            (json.dumps(BOB), 0)
        ]
        assert [row["feeling"] for row in await table(site)][:2] == ["glad", "sad"]


@pytest.mark.asyncio
async def test_a_run_that_came_with_the_file_can_be_cancelled(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = url_of(await forged(site, status="running", lease_until=9e18))
        assert (await site.post(f"{url}/-/cancel", {}, BOB)).json()["status"] == "cancelled"
        await until(site, await started(site, {**FORM, "overwrite_0": "feeling"}), "done")


@pytest.mark.asyncio
async def test_failed_rows_of_a_run_that_came_with_the_file_are_retried_as_who_asks(
    tmp_path: Path,
) -> None:
    async with enrich_site(tmp_path) as site:
        run = await forged(site, status="done", cursor="[]", failed=1)
        await sql(
            site,
            "insert into _llm_tools_results (run, row_key, status, attempts) "
            "values (?, '[2]', 'failed', 1)",
            run.number,
        )
        assert (await site.post(f"{url_of(run)}/-/retry", {}, BOB)).status_code == 200
        await until(site, url_of(run), "done")
        assert await sql(site, "select actor from _llm_tools_runs") == [(json.dumps(BOB),)]
        assert len(site.model.prompts) == 1


@pytest.mark.asyncio
async def test_a_run_that_came_with_the_file_writes_no_key(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        run = await forged(site)
        for name in ("id", "rowid"):
            specification = json.dumps(
                {
                    "template": "{{ body }}",
                    "model_id": "scripted",
                    "outputs": [{"name": name, "type": "integer"}],
                }
            )
            await sql(site, "update _llm_tools_enrichments set specification = ?", specification)
            response = await site.post(f"{url_of(run)}/-/resume", {})
            assert response.status_code == 400 and "tells the rows" in response.json()["error"]
            response = await site.post(f"{url_of(run)}/-/undo", {})
            assert response.status_code in (400, 409)
        assert [row["id"] for row in await table(site)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.asyncio
async def test_a_trigger_cannot_lift_the_limits_of_a_run(tmp_path: Path) -> None:
    trigger = """
        create trigger greed after update on remark begin
            update _llm_tools_runs set limits = '{"rows": null, "concurrency": 256}';
        end;
    """
    async with enrich_site(tmp_path) as site:
        datasette, until_then = site.datasette, time.time() + 60
        enrichment = await enrichment_store.create_enrichment(
            datasette, "shops", "remark", "Moods", asking(), ALICE
        )
        run = await store.create_run(
            datasette,
            "shops",
            enrichment,
            Selection(),
            RunLimits(rows=2),
            ALICE,
            lease=("test", until_then),
        )
        assert (await leases.heartbeat(datasette, run, owner="test")).limits.rows == 2
        await sql(site, trigger)
        await sql(site, "update remark set body = 'x' where id = 1")
        with pytest.raises(LeaseLost):
            await leases.heartbeat(datasette, run, owner="test")
        await sql(site, "update _llm_tools_runs set lease_until = 1")
        changed = await store.get_run(datasette, "shops", run.id)
        assert changed is not None and changed.status is RunStatus.PAUSED


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "change",
    [
        "update _llm_tools_runs set status = 'odd'",
        "update _llm_tools_runs set done = 'many', usd = x'00'",
        "update _llm_tools_runs set done = -5, usd = -1e999",
        "update _llm_tools_runs set limits = '[]'",
        'update _llm_tools_runs set selection = \'{"params": {"a": []}}\'',
        "update _llm_tools_runs set actor = '[1]'",
        "update _llm_tools_runs set created_columns = '[{}]'",
        "update _llm_tools_enrichments set specification = '{}'",
        "update _llm_tools_results set reply_values = '[', previous = '[1]'",
        "update _llm_tools_results set status = 'odd', milliseconds = 'x', reply = 7",
        "update _llm_tools_results set row_key = run || row_key",
        "insert into _llm_tools_reviews values (1, '{', 'feeling', 'edit', '{', 5, 6)",
    ],
)
async def test_what_nobody_of_us_wrote_breaks_no_page(tmp_path: Path, change: str) -> None:
    async with enrich_site(tmp_path) as site:
        run = await make_run(site, SAID)
        await sql(site, change)
        for path in (
            "/-/enrichments.json",
            f"{TABLE}.json",
            f"{TABLE}/-/row.json?key=[1]",
            f"{url_of(run)}.json?_html=1",
            *(
                f"{url_of(run)}/-/{each}"
                for each in ("results.json", "stale.json", "review.json", "labelled.csv")
            ),
        ):
            assert (await site.get(path)).status_code < 500, path
        assert (await site.get("/-/enrichments")).status_code == 200
        url = await started(site, {**FORM, "output_name_0": "other"})
        # The script answers with another key, so all rows fail; what counts is that they are asked.
        assert (await until(site, url, "done", "paused"))["failed"] > 0


@pytest.mark.asyncio
async def test_views_that_go_by_our_names_are_not_looked_at(tmp_path: Path) -> None:
    endless = """
        create view _llm_tools_runs as with recursive n(id) as (select 1 union all select id + 1
        from n) select id, 'waiting' as status, id as number, null as enrichment_id from n;
        create view _LLM_tools_enrichments as select 1 as id;
    """
    async with enrich_site(tmp_path, more=endless) as site:
        assert await leases.claim(site.datasette, "shops", "h:1:t", time.time() + 9) is None
        assert (await site.get("/-/enrichments")).status_code == 200
        assert (await site.get(f"{TABLE}.json")).json()["runs"] == []
        response = await site.post(f"{TABLE}/-/start", FORM)
        assert response.status_code == 409 and "something else" in response.json()["error"]


@pytest.mark.asyncio
async def test_what_is_sealed_is_known_in_another_life(tmp_path: Path) -> None:
    """A run is known again by another Datasette of the same person, with another secret."""
    async with enrich_site(tmp_path) as site:
        run = await make_run(site, {})
        seals._kept.cache_clear()
        again = await store.get_run(site.datasette, "shops", run.id)
        assert again is not None and not again.is_foreign


def test_the_key_is_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    (key,) = seals._keys()
    (path,) = (tmp_path / "llm").iterdir()
    assert path.read_bytes() == key and len(key) == 32
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    seals._kept.cache_clear()
    assert seals._keys() == (key,)
    monkeypatch.setenv("DATASETTE_SECRET", "told")
    told, kept = seals._keys()
    assert kept == key != told
    # With a secret, as in a container, no file is made.
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "other"))
    assert seals._keys() == (told,) and list((tmp_path / "other").iterdir()) == []


def test_a_key_is_kept_on_a_disk_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*names: object) -> None:
        raise OSError("no links here")

    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    monkeypatch.setattr(os, "link", refuse)
    (key,) = seals._keys()
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == key


def test_a_folder_that_cannot_keep_a_key_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DATASETTE_SECRET", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "file" / "llm"))
    assert seals._keys() == seals._keys()
    assert "No key can be kept" in caplog.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "key", ['["\\ud800"]', "[99999999999999999999999]", "[1e400, 1]", "[true]"]
)
async def test_a_key_that_no_row_can_have_is_refused(tmp_path: Path, key: str) -> None:
    async with enrich_site(tmp_path) as site:
        run = await make_run(site, SAID)
        query = quote(key)
        for path in (
            f"{url_of(run)}/-/results.json?after={query}",
            f"{url_of(run)}/-/stale.json?after={query}",
            f"{url_of(run)}/-/review?at={query}",
            f"{TABLE}/-/row.json?key={query}",
        ):
            assert (await site.get(path)).status_code in (200, 400), path


@pytest.mark.asyncio
@pytest.mark.parametrize("actor", [None, BOB], ids=str)
async def test_a_run_over_a_hidden_table_is_as_one_that_is_not(
    tmp_path: Path, actor: dict[str, Any] | None
) -> None:
    secret = "create table quiet (id integer primary key, body text)"
    hidden = {"quiet": {"allow": ALICE}}
    async with enrich_site(
        tmp_path, more=secret, config={"databases": {"shops": {"tables": hidden}}}
    ) as site:
        run = await make_run(site, {}, table="quiet")
        nobodys = "0" * 24
        for path in ("", "/-/results", "/-/stale", "/-/review", "/-/labelled"):
            found = await site.get(f"{url_of(run)}{path}.json", actor)
            other = await site.get(f"/-/runs/shops/{nobodys}{path}.json", actor)
            nowhere = await site.get(f"/-/runs/nowhere/{nobodys}{path}.json", actor)
            assert (found.status_code, found.json()) == (404, other.json())
            assert nowhere.json() == other.json()
        response = await site.post(f"{url_of(run)}/-/undo", {}, actor)
        assert response.status_code == 404 and "quiet" not in response.text


@pytest.mark.asyncio
async def test_labelled_rows_are_read_as_the_reader_and_never_as_the_owner(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"allow_sql": {"id": ["alice", "root"]}}}}
    async with enrich_site(tmp_path, config=config) as site:
        run = await make_run(site, SAID)
        await site.post(f"{url_of(run)}/-/review", {"key": "[1]", "verdict": "accept"})
        assert len((await site.get(f"{url_of(run)}/-/labelled.json")).json()["rows"]) == 1
        for actor in (None, BOB):
            response = await site.get(f"{url_of(run)}/-/labelled.json", actor)
            assert response.status_code == 403 and "lovely" not in response.text


@pytest.mark.asyncio
async def test_a_spreadsheet_runs_nothing_of_labelled_rows(tmp_path: Path) -> None:
    """What begins like a formula is text in CSV and as it was in JSON; numbers stay numbers."""
    formula = "=cmd|' /C calc'!A0"
    asked = asking(Output("words"), Output("points", OutputType.INTEGER))
    async with enrich_site(tmp_path) as site:
        await sql(site, "update remark set body = ? where id = 1", "@SUM(1+1)*cmd")
        run = await make_run(site, {(1,): {"words": formula, "points": -5}}, asked)
        await site.post(f"{url_of(run)}/-/review", {"key": "[1]", "verdict": "accept"})
        table = await site.get(f"{url_of(run)}/-/labelled.csv")
        (row,) = csv.DictReader(io.StringIO(table.text))
        assert (row["words"], row["words said"], row["points"]) == (
            f"'{formula}",
            f"'{formula}",
            "-5",
        )
        assert row["input body"] == "'@SUM(1+1)*cmd"
        found = await site.get(f"{url_of(run)}/-/labelled.json")
        assert found.json()["rows"][0]["expected"]["words"] == formula
        for each in (table, found):
            assert each.headers["x-content-type-options"] == "nosniff"
            assert each.headers["content-disposition"].startswith("attachment")


@pytest.mark.asyncio
async def test_a_page_waits_for_no_filter_that_takes_for_ever(tmp_path: Path) -> None:
    endless = (
        "(with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n)"
    )
    async with enrich_site(tmp_path, settings={"query_ms": 200}) as site:
        page = (await site.get(f"{TABLE}?{urlencode({'_where': endless})}")).text
        assert "ran longer than 200 ms" in page


@pytest.mark.asyncio
async def test_nobody_has_any_number_of_previews_at_once(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.2) as site:
        found = await asyncio.gather(*(site.post(f"{TABLE}/-/preview", FORM) for _ in range(30)))
        statuses = Counter(each.status_code for each in found)
        assert set(statuses) == {200, 429} and statuses[200] < 10
        assert (await site.post(f"{TABLE}/-/preview", FORM)).status_code == 200


@pytest.mark.asyncio
async def test_nothing_is_asked_where_a_trigger_changes_what_we_keep_of_runs(
    tmp_path: Path,
) -> None:
    """A run whose results and lease a trigger takes away would be asked for ever."""
    trigger = """
        create trigger thief after update on remark begin
            delete from [_LLM_Tools_results];
            update "_llm_tools_runs" set lease_owner = 'x', usd = 0;
        end;
    """
    async with enrich_site(tmp_path, more=trigger) as site:
        response = await site.post(f"{TABLE}/-/start", FORM)
        assert response.status_code == 400 and "thief" in response.json()["error"]
        await sql(site, "drop trigger thief")
        url = await started(site)
        await until(site, url, "done")
        # One that comes later stops the next run over the table.
        await sql(site, trigger)
        assert (await site.post(f"{url}/-/again", {"rows": "all"})).status_code == 400
