"""A run's page and what its owner tells it: progress, results, failures, control, staleness."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from tests.enrich_sites import (
    CAROL,
    FORM,
    TABLE,
    WRITERS,
    enrich_site,
    feeling,
    started,
    table,
    until,
)
from tests.sites import ALICE, BOB, Site

HTML = {"accept": "text/html"}
ROOT = {"id": "root"}


def grumpy(text: str) -> str:
    """A model that fails on tea, and once more when it is told to mend that."""
    return "no JSON" if re.search("tea|Answer again", text) else feeling(text)


async def told(site: Site, url: str, what: str, actor: Any = ALICE, **fields: Any) -> Any:
    return await site.post(f"{url}/-/{what}", fields, actor)


@pytest.mark.asyncio
async def test_a_finished_run_shows_counts_results_and_failures(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, grumpy) as site:
        url = await started(site)
        run = await until(site, url, "done")
        page = await site.get(url)
        live = (await site.get(f"{url}.json?_html=1")).json()
        stale = (await site.get(f"{url}/-/stale.json")).json()
    assert (stale["changed"], stale["new"], stale["failed"]) == (0, 0, 2)
    assert (run["done"], run["failed"], run["skipped"]) == (3, 2, 1)
    assert run["usd"] is None and run["total"] == 6 and run["created_columns"] == ["feeling"]
    for shown in ("Done.", "The reply did not fit the outputs", "2 rows", "Retry failed rows"):
        assert shown in page.text, shown
    assert 'href="/shops/remark/1"' in page.text, "failures link to their rows"
    assert "unknown" in page.text, "no price is no zero"
    assert "{{ body }}" in page.text, "the page says what was asked"
    assert live["announced"] == "Done. 100% done."
    assert 'data-live="progress"' in live["html"]


@pytest.mark.asyncio
async def test_results_stand_beside_their_input_as_the_reader_may_read_it(tmp_path: Path) -> None:
    nobody_else = {"databases": {"shops": {"permissions": {"execute-sql": WRITERS}}}}
    async with enrich_site(tmp_path, config=nobody_else) as site:
        url = await started(site)
        await until(site, url, "done")
        for path in (url, f"{url}/-/results"):
            read = await site.get(path)
            assert '<td class="value input">rude staff</td>' in read.text
            assert "tea {{ stars }} &lt;b&gt;x&lt;/b&gt;" in read.text
            unread = await site.get(path, CAROL)
            assert unread.status_code == 200
            assert "rude staff" not in unread.text and "glad" in unread.text


@pytest.mark.asyncio
async def test_results_by_status_and_kind(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, grumpy) as site:
        url = await started(site)
        await until(site, url, "done")

        async def keys(query: str) -> list[int]:
            found = (await site.get(f"{url}/-/results.json?{query}")).json()["results"]
            return [each["key"][0] for each in found]

        assert await keys("") == [1, 2, 3, 4, 5, 6]
        assert await keys("status=done") == [2, 3, 4]
        assert await keys("status=failed&fault=invalid") == [1, 6]
        assert await keys("status=skipped") == [5]
        assert await keys("after=%5B4%5D") == [5, 6]
        page = await site.get(f"{url}/-/results?status=failed")
        bad = await site.get(f"{url}/-/results.json?status=odd")
    assert page.status_code == 200 and "no JSON" in page.text
    assert bad.status_code == 400


@pytest.mark.asyncio
async def test_pause_resume_and_cancel(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.05) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        assert (await told(site, url, "pause")).status_code == 200
        await until(site, url, "paused")
        page = await site.get(url)
        assert "Resume" in page.text and ">Pause<" not in page.text
        assert (await told(site, url, "resume")).status_code == 200
        run = await until(site, url, "done")
        assert run["done"] + run["skipped"] == 6
        other = await started(site, {**FORM, "output_name_0": "mood", "overwrite_0": "mood"})
        assert (await told(site, other, "cancel")).status_code == 200
        await until(site, other, "cancelled")
        again = await told(site, other, "pause")
    assert again.status_code == 409 and "cancelled" in again.json()["error"]


@pytest.mark.asyncio
async def test_what_is_told_of_a_run_is_so_already(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.6) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        await until(site, url, "running")
        pausing = (await told(site, url, "pause")).json()
        await until(site, url, "paused")
        await told(site, url, "resume")
        await until(site, url, "running")
        cancelling = (await told(site, url, "cancel")).json()
        await until(site, url, "cancelled")
        resumed = (await told(site, url, "resume")).json()
    assert (pausing["status"], cancelling["status"]) == ("running", "running")
    assert pausing["message"] == "Pausing: what is under way may still finish."
    assert cancelling["message"] == "Cancelling: what is under way may still finish."
    assert resumed["message"] == "Resumed."


@pytest.mark.asyncio
async def test_a_column_that_a_run_is_filling_is_told_with_that_run(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.6) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        second = await site.post(f"{TABLE}/-/start", FORM)
        again = await told(site, url, "again")
        await told(site, url, "cancel")
        await until(site, url, "cancelled")
    said = f"Another run ({url.rsplit('/', 1)[1]}) writes to feeling of remark: "
    for response in (second, again):
        assert response.status_code == 409 and response.json()["error"].startswith(said)


@pytest.mark.asyncio
async def test_forms_without_javascript_lead_back_with_a_message(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.05) as site:
        url = await started(site)
        response = await site.post(f"{url}/-/pause", {}, headers=HTML)
        assert response.status_code == 303 and response.headers["location"] == url
        await until(site, url, "paused", "done")


@pytest.mark.asyncio
async def test_limits_change_while_it_rests(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.05) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        await told(site, url, "pause")
        await until(site, url, "paused")
        changed = await told(site, url, "limits", concurrency="4", rows_per_second="2.50")
        assert changed.status_code == 200
        page = await site.get(url)
        bad = await told(site, url, "limits", concurrency="many")
        unpriced = await told(site, url, "limits", usd="3")
        await told(site, url, "limits")
        await told(site, url, "resume")
        await until(site, url, "done")
        late = await told(site, url, "limits", concurrency="4")
    assert 'value="4"' in page.text and 'value="2.5"' in page.text
    assert bad.status_code == 400 and late.status_code == 409
    assert unpriced.status_code == 400 and "no known price" in unpriced.json()["error"]


@pytest.mark.asyncio
async def test_limits_that_are_left_out_stay_and_empty_ones_go(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.1) as site:
        limits = {"rows": "2", "rows_per_second": "5", "failures_in_a_row": "7", "concurrency": "1"}
        url = await started(site, {**FORM, **limits})
        await told(site, url, "pause")
        await until(site, url, "paused")

        async def kept() -> dict[str, Any]:
            page = (await site.get(url)).text
            names = ("usd", "rows", "failures_in_a_row", "rows_per_second", "concurrency")
            return {
                name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in names
            }  # type: ignore[index]  # it is there

        await told(site, url, "limits", concurrency="3")
        assert await kept() == {"usd": "", **limits, "concurrency": "3"}
        await told(site, url, "limits", failures_in_a_row="", rows_per_second=None)
        assert await kept() == {
            "usd": "",
            "rows": "2",
            "failures_in_a_row": "20",
            "rows_per_second": "",
            "concurrency": "3",
        }
        await told(site, url, "limits", rows="")
        assert (await kept())["rows"] == ""
        await told(site, url, "resume")
        run = await until(site, url, "done")
    assert (run["done"], run["skipped"], run["total"]) == (5, 1, 6)


@pytest.mark.asyncio
async def test_totals_follow_the_limit_of_rows_while_it_runs(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.2) as site:
        url = await started(site, {**FORM, "rows": "2", "concurrency": "1"})
        run = await until(site, url, "running")
        while run["total"] is None:
            run = (await site.get(f"{url}.json")).json()
        assert run["total"] == 2
        changed = (await told(site, url, "limits", rows="4")).json()
        assert changed["total"] == 4
        run = await until(site, url, "done")
        assert (run["done"], run["skipped"], run["total"]) == (4, 1, 5)
        assert (await site.get(f"{url}.json?_html=1")).json()["announced"] == "Done. 100% done."
        again = (await told(site, url, "again")).json()
        run = await until(site, again["url"], "done")
    # The limit is kept; the four that are unchanged come on top, and so does the empty row.
    assert (run["done"], run["unchanged"], run["skipped"], run["total"]) == (1, 4, 1, 6)


@pytest.mark.asyncio
async def test_only_failed_rows_are_retried(tmp_path: Path) -> None:
    moods = {"good": False}

    def script(text: str) -> str:
        return feeling(text) if moods["good"] else grumpy(text)

    async with enrich_site(tmp_path, script) as site:
        url = await started(site)
        await until(site, url, "done")
        asked = len(site.model.prompts)
        moods["good"] = True
        retried = await told(site, url, "retry")
        assert retried.status_code == 200 and "2 rows" in retried.json()["message"]
        run = await until(site, url, "done")
        assert len(site.model.prompts) == asked + 2
        rows = await table(site, "feeling")
    assert (run["done"], run["failed"]) == (5, 0)
    assert rows[0]["feeling"] == "glad"


@pytest.mark.asyncio
async def test_undoing_says_what_it_does_and_does_it(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, lambda text: '{"mood": "glad", "feeling": "glad"}') as site:
        before = await table(site)
        form = {**FORM, "output_name_1": "mood", "overwrite_0": "mood"}
        url = await started(site, form)
        await until(site, url, "done")
        assert (await table(site)) != before
        page = await site.get(url)
        assert "removes the column feeling" in page.text and "gives mood back" in page.text
        undone = (await told(site, url, "undo")).json()
        assert await table(site) == before
        run = await until(site, url, "undone")
        twice = await told(site, url, "undo")
    assert undone["restored"] == 5 and undone["dropped_columns"] == ["feeling"]
    assert run["status"] == "undone" and twice.status_code == 409


@pytest.mark.asyncio
async def test_stale_rows_are_found_and_run_again_alone(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = await started(site)
        await until(site, url, "done")
        fresh = (await site.get(f"{url}/-/stale.json")).json()
        assert (fresh["changed"], fresh["new"], fresh["finished"]) == (0, 0, True)
        await site.datasette.get_database("shops").execute_write_script(
            "update remark set body = 'rude tea' where id = 1;"
            "update remark set stars = 0 where id = 2;"  # which the prompt does not use
            "insert into remark (id, body) values (7, 'new shop');"
        )
        stale = (await site.get(f"{url}/-/stale.json")).json()
        page = await site.get(f"{url}/-/stale")
        asked = len(site.model.prompts)
        again = await told(site, url, "again", rows="changed")
        assert again.status_code == 200, again.text
        run = await until(site, again.json()["url"], "done")
        assert len(site.model.prompts) == asked + 2
        rows = {row["id"]: row["feeling"] for row in await table(site, "id, feeling")}
    assert (stale["changed"], stale["new"]) == (1, 1)
    assert "id__in=1%2C7" in stale["filter_url"]
    assert 'href="/shops/remark/1"' in page.text and "1 row changed" in page.text
    assert run["done"] == 2 and (rows[1], rows[7]) == ("sad", "glad")


@pytest.mark.asyncio
async def test_all_rows_again(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = await started(site, {**FORM, "use_cache": "0"})
        await until(site, url, "done")
        asked = len(site.model.prompts)
        again = await told(site, url, "again", rows="all")
        run = await until(site, again.json()["url"], "done")
        bad = await told(site, url, "again", rows="some")
        assert len(site.model.prompts) == 2 * asked
    assert run["done"] == 5 and bad.status_code == 400


@pytest.mark.asyncio
@pytest.mark.parametrize("what", ["pause", "resume", "cancel", "retry", "limits", "undo", "again"])
async def test_only_the_owner_and_root_control_a_run(tmp_path: Path, what: str) -> None:
    async with enrich_site(tmp_path) as site:
        url = await started(site)
        await until(site, url, "done")
        for actor in (BOB, CAROL):
            denied = await told(site, url, what, actor)
            assert denied.status_code == 403 and denied.json()["ok"] is False
        visitor = await told(site, url, what, None)
        assert visitor.status_code == 403
        page = await site.get(url, BOB)
        assert page.status_code == 200 and "<button" not in page.text.split('class="content"')[1]
        root = await told(site, url, what, ROOT)
        assert root.status_code != 403, root.text


@pytest.mark.asyncio
async def test_a_run_of_a_hidden_table_is_hidden(tmp_path: Path) -> None:
    config = {
        "databases": {"shops": {"tables": {"remark": {"allow": {"id": "alice"}}}}},
    }
    async with enrich_site(tmp_path, config=config) as site:
        url = await started(site)
        await until(site, url, "done")
        paths = ("", ".json", "/-/results", "/-/results.json", "/-/stale", "/-/stale.json")
        for path in paths:
            assert (await site.get(url + path, BOB)).status_code == 404, path
            assert (await site.get(url + path, None)).status_code == 404, path
        assert (await told(site, url, "undo", BOB)).status_code == 404
        listed = (await site.get("/-/enrichments.json", BOB)).json()
    assert not listed.get("runs")


@pytest.mark.asyncio
async def test_who_lost_the_permission_to_write_controls_no_writing(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = await started(site)
        await until(site, url, "done")
        site.datasette.config["permissions"]["update-row"] = {"id": "bob"}
        for what in ("undo", "again", "retry"):
            denied = await told(site, url, what)
            assert denied.status_code == 403 and "update-row" in denied.json()["error"], what


@pytest.mark.asyncio
async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        for path in ("/-/runs/shops/" + "0" * 24, "/-/runs/nowhere/" + "0" * 24):
            missing = await site.get(f"{path}.json")
            assert missing.status_code == 404 and missing.json()["ok"] is False


@pytest.mark.asyncio
async def test_nothing_in_a_page_is_read_as_html(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    more = f"insert into remark (id, body) values (9, '{hostile}');"
    script = lambda text: '{"feeling": "<script>alert(1)</script>"}'  # noqa: E731 - one line
    form = {**FORM, "output_type_0": "text", "name": hostile}
    async with enrich_site(tmp_path, script, more=more) as site:
        url = await started(site, form)
        await until(site, url, "done")
        pages = [await site.get(path) for path in (url, f"{url}/-/results", "/-/enrichments")]
    for page in pages:
        assert "<img src=x" not in page.text and "<script>alert" not in page.text


@pytest.mark.asyncio
async def test_a_run_that_goes_on_says_how_far_it_is(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.1) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        seen = set()
        for _ in range(500):
            live = (await site.get(f"{url}.json?_html=1")).json()
            seen.add(live["done"])
            if live["status"] == "done":
                break
            assert "Pause" in live["html"] or live["status"] == "waiting"
            await asyncio.sleep(0.02)
        assert len(seen) > 2, "progress came in steps"
        page = await site.get(url)
    assert re.search(r"Rows settled</dt><dd>6 of 6", page.text)


@pytest.mark.asyncio
async def test_two_runs_over_one_column_are_refused(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.2) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        second = await site.post(f"{TABLE}/-/start", {**FORM, "overwrite_0": "feeling"})
        await told(site, url, "cancel")
        await until(site, url, "cancelled", "done")
    assert second.status_code == 409 and "feeling" in second.json()["error"]


@pytest.mark.asyncio
async def test_a_cancelled_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.05) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        await told(site, url, "cancel")
        run = await until(site, url, "cancelled")
        assert run["done"] < 5
        page = await site.get(url)
        assert "Resume" in page.text and "Run again" in page.text
        assert (await told(site, url, "resume")).status_code == 200
        run = await until(site, url, "done")
        assert (run["done"], run["skipped"]) == (5, 1)
        assert len(site.model.prompts) <= 6


@pytest.mark.asyncio
async def test_a_pause_says_its_reason(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, lambda text: "no JSON") as site:
        url = await started(site, {**FORM, "failures_in_a_row": "2", "concurrency": "1"})
        run = await until(site, url, "paused")
        page = await site.get(url)
    assert run["reason"] and run["reason"] in page.text.replace("&#39;", "'")


@pytest.mark.asyncio
async def test_any_name_of_table_and_column_and_a_key_of_several_columns(tmp_path: Path) -> None:
    more = """
    create table "odd / ta.ble" ("a b" text, "c,d" int, "{{ x" text, primary key ("a b", "c,d"))
        without rowid;
    insert into "odd / ta.ble" values ('x/y', 1, 'lovely'), ('z', 2, 'cold');
    """
    address = "/-/enrichments/shops/odd+~2F+ta~2Eble"
    form = {**FORM, "template": 'Mood? {{ row["{{ x"] }}', "output_name_0": "feel ing"}
    async with enrich_site(
        tmp_path, lambda text: feeling(text).replace("feeling", "feel ing"), more=more
    ) as site:
        page = await site.get(address)
        assert "row[&#34;{{ x&#34;]" in page.text
        response = await site.post(f"{address}/-/start", form)
        assert response.status_code == 201, response.text
        url = response.json()["url"]
        run = await until(site, url, "done")
        shown = await site.get(f"{url}/-/results")
        row = await site.get("/shops/odd+~2F+ta~2Eble/x~2Fy,1")
        again = await site.get(f"{url}/-/stale.json")
    assert run["done"] == 2
    assert 'href="/shops/odd+~2F+ta~2Eble/x~2Fy,1"' in shown.text
    assert f"{address}?_key=%5B%22x%2Fy%22%2C+1%5D" in row.text
    assert (again.json()["changed"], again.json()["filter_url"]) == (0, None)


@pytest.mark.asyncio
async def test_a_model_on_this_machine_costs_nothing_and_says_so(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        site.model.is_local = True  # type: ignore[attr-defined] # as the local model's class has it
        preview = await site.post(f"{TABLE}/-/preview?id=1", FORM, headers=HTML)
        url = await started(site, {**FORM, "usd": "0.01"})
        await until(site, url, "done")
        page = await site.get(url)
    for shown in (preview.text, page.text):
        assert "no fee" in shown and "$0" not in shown


@pytest.mark.asyncio
async def test_the_owner_reads_why_a_run_stopped_whose_table_is_gone(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, delay=0.1) as site:
        url = await started(site, {**FORM, "concurrency": "1"})
        await until(site, url, "running")
        await site.datasette.get_database("shops").execute_write_script(
            "drop view loud; drop table remark;"
        )
        run = await until(site, url, "stopped")
        page = await site.get(url)
        listed = await site.get("/-/enrichments")
        await site.datasette.refresh_schemas(force=True)
        other = await site.get(url, BOB)
        undo = await told(site, url, "undo")
    assert run["reason"] and run["reason"] in page.text and url in listed.text
    assert other.status_code == 404 and undo.status_code == 404
