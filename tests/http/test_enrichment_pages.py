"""Where a table is enriched: form, preview, estimate, Start; allowed, denied, bad input."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.enrich_sites import CAROL, FORM, TABLE, enrich_site, started, table, until
from tests.sites import ALICE, BOB, Site

HTML = {"accept": "text/html"}


def writes(site: Site) -> list[str]:
    """Names of tables and columns as they are in the file."""
    path = site.datasette.get_database("shops").path
    connection = sqlite3.connect(str(path))
    try:
        return [str(row[0]) for row in connection.execute("select sql from sqlite_master")]
    finally:
        connection.close()


@pytest.mark.asyncio
async def test_the_form_shows_columns_samples_forms_and_models(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        page = await site.get(TABLE)
    assert page.status_code == 200
    for shown in ("All 6 rows", "{{ body }}", "lovely tea", "scripted", "_form=classify"):
        assert shown in page.text, shown
    policy = page.headers["content-security-policy"]
    assert "object-src 'none'" in policy and "'unsafe-inline'" not in policy.split("style-src")[0]


@pytest.mark.asyncio
async def test_filters_choose_the_rows_in_words(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        page = await site.get(f"{TABLE}?stars__gt=3&_sort=body&_size=10")
    assert "3 rows where stars &gt; 3" in page.text
    assert "/shops/remark?stars__gt=3" in page.text and "_sort" not in page.text.split("<form")[1]


@pytest.mark.asyncio
async def test_one_row_by_its_key(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        found = await site.post(f"{TABLE}/-/preview?_key=%5B4%5D", FORM)
        bad = await site.post(f"{TABLE}/-/preview?_key=4%27", FORM)
    assert [row["key"] for row in found.json()["rows"]] == [[4]]
    assert found.json()["total"] == 1
    assert bad.status_code == 400 and bad.json()["ok"] is False


@pytest.mark.asyncio
async def test_a_preview_as_json_writes_nothing(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        before = writes(site), await table(site)
        response = await site.post(f"{TABLE}/-/preview", {**FORM, "preview_rows": "6"})
        assert (writes(site), await table(site)) == before
    preview = response.json()
    assert response.status_code == 200, response.text
    by_key = {row["key"][0]: row for row in preview["rows"]}
    assert by_key[2]["values"] == {"feeling": "sad"} and by_key[1]["values"] == {"feeling": "glad"}
    assert by_key[5]["status"] == "skipped"
    assert by_key[1]["usd"] is None and by_key[1]["input_tokens"] > 0
    assert preview["estimate"]["rows"] == 6 and preview["estimate"]["usd_high"] is None
    assert preview["created"] == ["feeling"] and preview["overwritten"] == []
    assert "lovely tea" in str(by_key[1]["messages"])


@pytest.mark.asyncio
async def test_a_preview_without_javascript_is_the_page(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        page = await site.post(
            f"{TABLE}/-/preview?stars__gt=3", {**FORM, "preview_rows": "3"}, headers=HTML
        )
    assert page.status_code == 200
    for shown in ("Preview", "glad", "unknown", "Start", "/-/start?stars__gt=3", "feeling"):
        assert shown in page.text, shown
    assert "What mood is this? {{ body }}" in page.text, "the form keeps what was typed"


@pytest.mark.asyncio
async def test_a_cell_is_never_a_template_nor_html(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        page = await site.post(f"{TABLE}/-/preview?id=6", FORM, headers=HTML)
        sent = site.model.prompts[-1][-1]["text"]
    assert "tea {{ stars }}" in sent
    assert "<b>x</b>" not in page.text and "&lt;b&gt;x&lt;/b&gt;" in page.text


@pytest.mark.asyncio
async def test_other_rows_and_the_same_again(tmp_path: Path) -> None:
    many = "insert into remark (body) with recursive n(i) as (select 1 union all select i + 1 "
    many += "from n where i < 300) select 'remark ' || i from n;"
    async with enrich_site(tmp_path, more=many) as site:

        async def keys(**more: str) -> tuple[list[Any], int]:
            found = (await site.post(f"{TABLE}/-/preview", {**FORM, **more})).json()
            return [row["key"] for row in found["rows"]], found["seed"]

        first, seed = await keys(seed="7")
        assert await keys(seed="7", sample="same") == (first, seed)
        other, next_seed = await keys(seed="7", sample="other")
    assert other != first and next_seed == 8


@pytest.mark.asyncio
async def test_buttons_that_only_change_the_form_ask_nothing(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        more = await site.post(f"{TABLE}/-/preview", {**FORM, "add_output": "1"}, headers=HTML)
        less = await site.post(
            f"{TABLE}/-/preview",
            {**FORM, "output_name_1": "other", "remove_output": "0"},
            headers=HTML,
        )
        assert not site.model.prompts
    assert 'name="output_name_1"' in more.text and 'value="feeling"' in more.text
    assert 'value="feeling"' not in less.text and 'value="other"' in less.text


@pytest.mark.asyncio
async def test_a_ready_form_becomes_a_prompt_to_be_edited(tmp_path: Path) -> None:
    form = {"form": "classify", "column_columns_1": "body", "field_labels": "glad\nsad"}
    async with enrich_site(tmp_path, lambda text: '{"label": "sad"}') as site:
        page = await site.get(f"{TABLE}?_form=classify")
        preview = await site.post(f"{TABLE}/-/preview?id=2", {**form, "field_output": "label"})
        free = await site.post(f"{TABLE}/-/preview", {**form, "as_free": "1"}, headers=HTML)
        empty = await site.post(f"{TABLE}/-/preview", {"form": "classify"})
        unknown = await site.get(f"{TABLE}?_form=nonsense")
    assert 'name="column_columns_1" value="body"' in page.text
    assert 'name="field_labels"' in page.text
    assert preview.json()["rows"][0]["values"] == {"label": "sad"}
    assert "{{ body }}</textarea>" in free.text and 'name="form" value="free"' in free.text
    assert "glad, sad</textarea>" in free.text
    assert empty.status_code == unknown.status_code == 400


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"template": ""}, 400, "prompt is empty"),
        ({"template": "{{ nobody }}"}, 400, "nobody"),
        ({"template": "{{ body "}, 400, "line 1"),
        ({"output_name_0": " "}, 400, "no output"),
        ({"output_type_0": "colour"}, 400, "no type"),
        ({"output_labels_0": ""}, 400, "label"),
        ({"output_name_0": "id"}, 400, "id"),
        ({"model": "nobody"}, 503, "nobody"),
        ({"fallback_model": "nobody"}, 503, "nobody"),
        ({"temperature": "hot"}, 400, "temperature"),
        ({"rows_per_call": "0"}, 400, "Rows in one call"),
        ({"concurrency": "100000"}, 400, "Rows at once"),
        ({"usd": "-1"}, 400, "money"),
        ({"usd": "1"}, 400, "no known price"),
        ({"usd": "nan"}, 400, "number"),
        ({"rows": "1.5"}, 400, "whole number"),
        ({"form": "nonsense"}, 400, "nonsense"),
        ({"attach_blobs": "nobody"}, 400, "no column nobody"),
    ],
)
async def test_bad_input_is_one_sentence_and_asks_nothing(
    tmp_path: Path, fields: dict[str, str], status: int, words: str
) -> None:
    async with enrich_site(tmp_path) as site:
        before = writes(site)
        response = await site.post(f"{TABLE}/-/start", {**FORM, **fields})
        page = await site.post(f"{TABLE}/-/start", {**FORM, **fields}, headers=HTML)
        assert not site.model.prompts and writes(site) == before
    assert response.status_code == page.status_code == status
    assert response.json()["ok"] is False and words.lower() in response.json()["error"].lower()
    assert 'role="alert"' in page.text, "the page keeps the form and says what is wrong"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body", [{"outputs": [3]}, {"outputs": ["feeling"]}, {"template": ["a"]}, {"seed": "x"}]
)
async def test_bad_json_is_a_bad_request(tmp_path: Path, body: dict[str, Any]) -> None:
    async with enrich_site(tmp_path) as site:
        response = await site.datasette.client.post(
            f"{TABLE}/-/preview.json", actor=ALICE, json={"template": "{{ body }}", **body}
        )
    assert response.status_code == 400 and response.json()["ok"] is False


@pytest.mark.asyncio
async def test_json_takes_outputs_as_a_program_writes_them(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        response = await site.datasette.client.post(
            f"{TABLE}/-/start.json",
            actor=ALICE,
            json={
                "template": "{{ body }}",
                "outputs": ["feeling:label(glad|sad)"],
                "rows": 2,
                "name": "Two of them",
            },
        )
        assert response.status_code == 201, response.text
        run = await until(site, response.json()["url"], "done")
    assert run["name"] == "Two of them" and run["done"] == 2


@pytest.mark.asyncio
async def test_a_plain_form_starts_and_leads_to_the_run(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        response = await site.post(f"{TABLE}/-/start?stars__lt=5", FORM, headers=HTML)
        assert response.status_code == 303
        url = response.headers["location"]
        run = await until(site, url, "done")
        assert (await site.get(url)).status_code == 200
        rows = await table(site, "id, feeling")
        listed = await site.get(TABLE)
        home = await site.get("/-/enrichments")
    assert (run["done"], run["skipped"]) == (4, 1)
    assert [row["feeling"] for row in rows] == [None, "sad", "glad", "sad", None, "glad"]
    assert url in listed.text and url in home.text


@pytest.mark.asyncio
async def test_a_column_that_exists_must_be_named(tmp_path: Path) -> None:
    form = {**FORM, "output_name_0": "mood"}
    async with enrich_site(tmp_path, lambda text: '{"mood": "glad"}') as site:
        preview = await site.post(f"{TABLE}/-/preview", form, headers=HTML)
        assert 'name="overwrite_0" value="mood"' in preview.text
        refused = await site.post(f"{TABLE}/-/start", form)
        assert refused.status_code == 400 and "mood" in refused.json()["error"]
        assert (await table(site, "mood"))[0]["mood"] == "old"
        url = await started(site, {**form, "overwrite_0": "mood"})
        await until(site, url, "done")
        assert (await table(site, "mood"))[0]["mood"] == "glad"


@pytest.mark.asyncio
@pytest.mark.parametrize("where", ["loud", "nowhere", "secret", "_llm_tools_runs"])
async def test_what_cannot_be_enriched_says_why(tmp_path: Path, where: str) -> None:
    async with enrich_site(tmp_path) as site:
        await until(site, await started(site), "done")
        page = await site.get(f"/-/enrichments/shops/{where}")
        start = await site.post(f"/-/enrichments/shops/{where}/-/start", FORM)
    assert start.status_code in (400, 403, 404) and start.json()["ok"] is False
    assert "Prompt for each row" not in page.text
    assert page.status_code in (200, 403, 404)


@pytest.mark.asyncio
async def test_who_may_not_write_may_look_but_not_start(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        page = await site.get(TABLE, CAROL)
        preview = await site.post(f"{TABLE}/-/preview", FORM, CAROL)
        start = await site.post(f"{TABLE}/-/start", FORM, CAROL)
        assert "feeling" not in (await table(site))[0]
    assert page.status_code == 200
    assert "update-row" in preview.json()["missing"]
    assert start.status_code == 403 and "update-row" in start.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["", "/-/preview", "/-/estimate", "/-/start"])
async def test_anonymous_visitors_may_not_enrich(tmp_path: Path, path: str) -> None:
    async with enrich_site(tmp_path) as site:
        if path:
            response = await site.post(TABLE + path, FORM, None)
            assert response.status_code == 403 and "Sign in" in response.json()["error"]
        else:
            page = await site.get(TABLE, None)
            assert page.status_code == 200 and "Prompt for each row" not in page.text
            assert (await site.get("/-/enrichments", None)).status_code == 403
        assert not site.model.prompts


@pytest.mark.asyncio
async def test_denied_by_configuration(tmp_path: Path) -> None:
    config = {
        "permissions": {
            "llm-tools-enrich": {"id": "bob"},
            "update-row": True,
            "alter-table": True,
        }
    }
    async with enrich_site(tmp_path, config=config) as site:
        denied = await site.post(f"{TABLE}/-/start", FORM, ALICE)
        allowed = await site.post(f"{TABLE}/-/start", FORM, BOB)
    assert denied.status_code == 403 and "llm-tools-enrich" in denied.json()["error"]
    assert allowed.status_code == 201


@pytest.mark.asyncio
async def test_the_wrong_method_is_refused(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        assert (await site.get(f"{TABLE}/-/start")).status_code == 405
        assert (await site.post(TABLE, FORM)).status_code == 405


@pytest.mark.asyncio
async def test_a_failing_model_is_said_in_the_preview(tmp_path: Path) -> None:
    async with enrich_site(tmp_path, lambda text: "no JSON at all") as site:
        found = (await site.post(f"{TABLE}/-/preview?id=1", FORM)).json()
        page = await site.post(f"{TABLE}/-/preview?id=1", FORM, headers=HTML)
    assert found["rows"][0]["status"] == "failed"
    assert found["rows"][0]["reply"] == "no JSON at all"
    assert "no JSON at all" in page.text and "The reply did not fit the outputs" in page.text


@pytest.mark.asyncio
async def test_the_estimate_follows_the_limits(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        response = await site.post(f"{TABLE}/-/estimate", {**FORM, "rows": "3"})
    assert response.json()["estimate"]["rows"] == 3
    assert response.json()["words"]["rows"] == "3"


@pytest.mark.asyncio
async def test_an_earlier_run_is_where_the_form_begins(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = await started(site)
        await until(site, url, "done")
        page = await site.get(f"{TABLE}?_run={url.rsplit('/', 1)[1]}")
    assert "What mood is this? {{ body }}" in page.text and 'value="feeling"' in page.text


@pytest.mark.asyncio
async def test_menus_lead_here(tmp_path: Path) -> None:
    more = "create table keyless (word text); insert into keyless values ('x');"
    async with enrich_site(tmp_path, more=more) as site:
        plain = await site.get("/shops/remark")
        filtered = await site.get("/shops/remark?stars__gt=3&_sort=stars")
        row = await site.get("/shops/remark/4")
        rowid = await site.get("/shops/keyless/1")
        visitor = await site.get("/shops/remark", None)
        view = await site.get("/shops/loud")
    assert f'href="{TABLE}"' in plain.text and "Enrich this table" in plain.text
    assert f'href="{TABLE}?stars__gt=3"' in filtered.text and "Enrich these rows" in filtered.text
    assert f"{TABLE}?_key=%5B4%5D" in row.text
    assert "/-/enrichments/shops/keyless?_key=%5B1%5D" in rowid.text
    assert "/-/enrichments" in plain.text.split("nav-menu-inner")[1].split("</ul>")[0]
    assert "Ask a question" in plain.text, "the other feature keeps its links"
    assert "/-/enrichments" not in visitor.text and "Enrich" not in view.text.split("<h1")[1]
