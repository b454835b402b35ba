"""Explorations as files over HTTP: what is in each, for whom, and what an import makes of it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import pytest
import yaml
from datasette.app import Datasette
from jsonschema import Draft202012Validator

from datasette_llm_tools.explorations import link_store, store
from datasette_llm_tools.explorations.values import Exploration, Mode
from datasette_llm_tools.widgets import store as widget_store
from tests.exploration_sites import (
    CHART,
    EXPLORATIONS,
    PUBLISHING,
    QUERY,
    QUESTION,
    SECRET,
    WORDS,
    make_exploration,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

ROOT = {"id": "root"}
KINDS = ("html", "json", "md", "ipynb", "yaml")
# What nbformat 4.5 asks for of the cells that are written here.
_TEXT = {"type": "string"}
_CELL_ID = {"type": "string", "pattern": "^[a-zA-Z0-9-_]+$", "maxLength": 64, "minLength": 1}
_OUTPUT = {
    "type": "object",
    "required": ["output_type", "metadata", "data"],
    "additionalProperties": False,
    "properties": {
        "output_type": {"enum": ["execute_result", "display_data"]},
        "execution_count": {"type": "null"},
        "metadata": {"type": "object"},
        "data": {"type": "object", "additionalProperties": _TEXT},
    },
    "if": {"properties": {"output_type": {"const": "execute_result"}}},
    "then": {"required": ["execution_count"]},
}
_BOTH = {"id": _CELL_ID, "metadata": {"type": "object"}, "source": _TEXT}
NOTEBOOK = {
    "type": "object",
    "required": ["cells", "metadata", "nbformat", "nbformat_minor"],
    "additionalProperties": False,
    "properties": {
        "nbformat": {"const": 4},
        "nbformat_minor": {"const": 5},
        "metadata": {
            "type": "object",
            "properties": {
                "kernelspec": {"type": "object", "required": ["name", "display_name"]},
                "language_info": {"type": "object", "required": ["name"]},
            },
        },
        "cells": {
            "type": "array",
            "items": {
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["cell_type", *_BOTH],
                        "additionalProperties": False,
                        "properties": {"cell_type": {"const": "markdown"}, **_BOTH},
                    },
                    {
                        "type": "object",
                        "required": ["cell_type", *_BOTH, "execution_count", "outputs"],
                        "additionalProperties": False,
                        "properties": {
                            "cell_type": {"const": "code"},
                            **_BOTH,
                            "execution_count": {"type": "null"},
                            "outputs": {"type": "array", "items": _OUTPUT},
                        },
                    },
                ]
            },
        },
    },
}


@asynccontextmanager
async def shops(folder: Path, **more: Any) -> AsyncIterator[Site]:
    async with make_site(folder, lambda _: "", config=dict(PUBLISHING), **more) as site:
        yield site


def url(exploration: Exploration, tail: str = "") -> str:
    return f"{EXPLORATIONS}/{exploration.id}{tail}"


def export_url(exploration: Exploration, kind: str) -> str:
    return url(exploration, f"/-/export.{kind}")


async def send(site: Site, content: Any, actor: Any = BOB, kind: str = "json", **more: Any) -> Any:
    """Import a file by its body."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    types = {"json": "application/json", "html": "text/html"}
    headers = {"content-type": types[kind], "accept": "application/json", **more}
    return await site.datasette.client.post(
        f"{EXPLORATIONS}/-/import", content=body, headers=headers, actor=actor
    )


async def told(site: Site, exploration: Exploration, actor: Any = ALICE) -> dict[str, Any]:
    """The JSON file of an exploration."""
    answer = await site.get(export_url(exploration, "json"), actor)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def without_ids_and_times(file: dict[str, Any]) -> str:
    """The text of a file without what a fork has of its own."""
    file = {**file, "exploration": None, "widgets": list(file["widgets"].values())}
    text = json.dumps(file, ensure_ascii=False)
    return re.sub(r'"widget_id": "[0-9a-f]{24}", "revision": \d+', "", text)


async def imported(site: Site, answer: Any) -> Exploration:
    assert answer.status_code == 201, answer.text
    found = await store.get(site.datasette, answer.json()["exploration"]["id"])
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_a_file_is_kept_and_never_shown_under_our_address(tmp_path: Path, kind: str) -> None:
    async with shops(tmp_path) as site:
        made = await published(site)
        answer = await site.get(export_url(made, kind), None)
        assert answer.status_code == 200
        attached = f'attachment; filename="shops-and-tea.{kind}"'
        assert answer.headers["content-disposition"] == attached
        assert answer.headers["content-security-policy"].endswith("; sandbox")
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "x-robots-tag" not in answer.headers


@pytest.mark.parametrize("tail", [".json", "/-/export", *(f"/-/export.{each}" for each in KINDS)])
@pytest.mark.asyncio
async def test_files_are_for_readers_only(tmp_path: Path, tail: str) -> None:
    async with shops(tmp_path) as site:
        private = await make_exploration(site)
        link = await link_store.add(
            site.datasette, private.id, label="x", actor_id="alice", expires_at=None
        )
        by_link = f"{url(private, tail)}?key={link.token}"
        assert (await site.get(url(private, tail), ALICE)).status_code == 200
        assert (await site.get(url(private, tail), BOB)).status_code == 404
        assert (await site.get(by_link, None)).status_code == 404  # not published
        await published(site)
        shared = await published(site, public=False)
        link = await link_store.add(
            site.datasette, shared.id, label="x", actor_id="alice", expires_at=None
        )
        by_link = f"{url(shared, tail)}?key={link.token}"
        answer = await site.get(by_link, None)
        assert answer.status_code == 200
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["referrer-policy"] == "no-referrer"
        await link_store.revoke(site.datasette, shared.id, link.token)
        answer = await site.get(by_link, None)
        assert answer.status_code == 404 and "revoked" in answer.text


@pytest.mark.asyncio
async def test_export_import_export_is_the_same_but_for_ids_and_times(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        document = shop_document(WORDS, QUESTION, CHART, QUERY, await widget_block(site), SECRET)
        made = await published(site, document)
        for kind in ("html", "json"):
            content = (await site.get(export_url(made, kind), None)).content
            fork = await imported(site, await send(site, content, kind=kind))
            before, after = await told(site, made, None), await told(site, fork, BOB)
            assert without_ids_and_times(before) == without_ids_and_times(after)
            assert before["widgets"].keys() != after["widgets"].keys()
            assert after["exploration"]["origin"]["id"] == made.id
            assert after["exploration"]["author"] == "bob"


@pytest.mark.asyncio
async def test_an_import_is_a_fork_that_only_its_importer_sees(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        made = await published(site)
        answer = await send(site, await told(site, made))
        assert answer.json()["warnings"] == []
        fork = await imported(site, answer)
        assert fork.origin is not None
        assert (fork.origin.id, fork.origin.author) == (made.id, "alice")
        assert (fork.published, fork.sharing.public) == (None, False)
        assert (await site.get(url(fork, ".json"), ALICE)).status_code == 404
        page = await site.get(url(fork), BOB)
        assert page.status_code == 200
        mine = (await site.get(url(fork, ".json?rows=1"), BOB)).json()
        assert mine["exploration"]["mode"] == "snapshot"
        assert mine["rows"][QUESTION.id]["rows"][0] == ["tea", 3.5]


@pytest.mark.asyncio
async def test_widgets_of_a_file_are_new_ones_that_nobody_has_run(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        block = await widget_block(site)
        made = await published(site, shop_document(block))
        fork = await imported(site, await send(site, await told(site, made)))
        revision = await store.revision(site.datasette, fork.id, 1)
        assert revision is not None
        (kept,) = revision.document.blocks
        assert getattr(kept, "widget_id", block.widget_id) != block.widget_id
        widget = await widget_store.get(site.datasette, getattr(kept, "widget_id", ""))
        assert widget is not None and widget.actor_id == "bob"
        first = await widget_store.revision(site.datasette, widget.id, 1)
        assert first is not None and first.approved_at is None
        assert first.draft.queries[0].name == "sales"
        live = (await site.get(url(fork, ".json?rows=1&mode=live"), BOB)).json()
        assert "has not run" in live["rows"][kept.id]["refused"]
        page = (await site.get(export_url(fork, "html"), BOB)).text
        assert '"has_run": false' in page


@pytest.mark.asyncio
async def test_without_the_permission_widgets_of_a_file_are_left_out(tmp_path: Path) -> None:
    denied = {"databases": {"shops": {"permissions": {"llm-tools-publish": {"id": "alice"},
              "llm-tools-widget": {"id": "alice"}}}}}  # fmt: skip
    async with make_site(tmp_path, lambda _: "", config=denied) as site:
        made = await published(site, shop_document(await widget_block(site)))
        answer = await send(site, await told(site, made))
        (warning,) = answer.json()["warnings"]
        assert "llm-tools-widget on the database shops" in warning


@pytest.mark.asyncio
async def test_what_was_tampered_with_is_taken_named_and_marked(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        file = await told(site, await published(site))
        file["rows"][QUESTION.id]["rows"][0][1] = 99.0
        file["document"]["blocks"][3]["sql"] = "select name from shop"
        answer = await send(site, file)
        first, second = answer.json()["warnings"]
        assert first.startswith("Block 2, “What was sold?”, does not fit its certificate:")
        assert "its rows are not" in first
        assert "“Shops in a city”" in second and "its SQL is not" in second
        fork = await imported(site, answer)
        again = await told(site, fork, BOB)
        marks = again["rows"][QUESTION.id]["more"]["faults"]
        assert any("its rows are not" in each for each in marks)
        assert "does not fit: its rows are not" in (await site.get(url(fork), BOB)).text
        for kind in ("html", "md", "ipynb"):
            exported = (await site.get(export_url(fork, kind), BOB)).text
            assert "does not fit: its rows are not" in exported, kind


@pytest.mark.asyncio
async def test_hostile_sql_meets_the_guard_when_it_runs(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        file = await told(site, await published(site))
        for number, sql in ((1, "select word from secret"), (3, "attach 'x.db' as x")):
            file["document"]["blocks"][number]["sql"] = sql
        fork = await imported(site, await send(site, file))
        live = (await site.get(url(fork, ".json?rows=1&mode=live"), BOB)).json()["rows"]
        assert "secret" in live[QUESTION.id]["refused"]
        assert live[QUERY.id]["refused"] and not live[QUERY.id]["rows"]
        assert not (tmp_path / "x.db").exists()


@pytest.mark.asyncio
async def test_hostile_words_cells_and_drawings_stay_text(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)></script><script>alert(1)</script>"
    async with shops(tmp_path) as site:
        file = await told(site, await published(site))
        file["document"]["title"] = hostile
        file["document"]["blocks"][0]["text"] = hostile
        file["rows"][QUESTION.id]["rows"][0][0] = hostile
        file["rows"][CHART.id]["more"]["vega_lite"]["data"] = {"url": "https://evil.example/"}
        file["exploration"]["url"] = "javascript:alert(1)"
        answer = await send(site, file)
        assert any("has come without rows" in each for each in answer.json()["warnings"])
        fork = await imported(site, answer)
        assert fork.origin is not None and fork.origin.url == ""
        for address in (url(fork), url(fork, "/-/export"), export_url(fork, "html")):
            page = html5lib.parse((await site.get(address, BOB)).text, namespaceHTMLElements=False)
            assert not list(page.iter("img"))
            assert not [each for each in page.iter("script") if (each.text or "") == "alert(1)"]
        again = await told(site, fork, BOB)
        assert "was not taken" in again["rows"][CHART.id]["refused"]
        assert "evil.example" not in json.dumps(again["rows"])


@pytest.mark.asyncio
async def test_files_that_cannot_be_taken_are_refused_in_a_sentence(tmp_path: Path) -> None:
    async with shops(tmp_path, settings={"max_import_bytes": 50_000}) as site:
        made = await published(site)
        file = await told(site, made)
        text = json.dumps(file).encode()
        for content, kind, said in (
            (b"x" * 50_001, "json", "larger than the 0 MB"),
            (text[:-40], "json", "cut off"),
            (b"<p>Hello", "html", "holds no exploration"),
            ({**file, "version": 2}, "json", "newer version of datasette-llm-tools"),
            ({**file, "document": {**file["document"], "blocks": [{}]}}, "json", "Block 1"),
            (b"", "json", "No file was sent"),
        ):
            answer = await send(site, content, kind=kind)
            assert answer.status_code == 400, answer.text
            assert said in answer.json()["error"]
        page = await send(site, b"<p>Hello", kind="html", accept="text/html")
        assert page.status_code == 400 and "holds no exploration" in page.text
        assert "<form" in page.text
        assert (await store.get(site.datasette, made.id)) is not None


@pytest.mark.asyncio
async def test_a_file_is_chosen_in_a_form(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        file = await told(site, await published(site))
        page = await site.get(f"{EXPLORATIONS}/-/import", BOB)
        assert page.status_code == 200 and 'type="file"' in page.text
        for content, status, said in (
            (json.dumps(file).encode(), 303, ""),
            (b"nothing", 400, "not valid JSON"),
        ):
            answer = await site.datasette.client.post(
                f"{EXPLORATIONS}/-/import", actor=BOB, files={"file": ("tea.json", content)}
            )
            assert answer.status_code == status, answer.text
            assert said in answer.text
        file["rows"][QUESTION.id]["rows"][0][1] = 1
        answer = await site.datasette.client.post(
            f"{EXPLORATIONS}/-/import",
            actor=BOB,
            files={"file": ("tea.json", json.dumps(file).encode())},
        )
        assert answer.status_code == 200 and "does not fit its certificate" in answer.text


@pytest.mark.asyncio
async def test_visitors_import_and_fork_nothing(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        made = await published(site)
        for answer in (
            await send(site, await told(site, made), None),
            await site.get(f"{EXPLORATIONS}/-/import", None),
            await site.post(url(made, "/-/fork"), {}, None),
        ):
            assert answer.status_code == 403 and "Sign in" in answer.text


@pytest.mark.asyncio
async def test_a_fork_is_ones_own_and_names_its_origin(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        document = shop_document(WORDS, QUESTION, await widget_block(site), SECRET)
        made = await published(site, document)
        answer = await site.post(url(made, "/-/fork"), {}, BOB)
        fork = await imported(site, answer)
        assert fork.origin is not None and fork.origin.id == made.id
        assert fork.origin.url == f"http://localhost{url(made)}"
        before, after = await told(site, made), await told(site, fork, BOB)
        assert without_ids_and_times(before) == without_ids_and_times(after)
        page = await site.post(url(made, "/-/fork"), {}, BOB, headers={"accept": "text/html"})
        assert page.status_code == 303 and page.headers["location"].startswith(EXPLORATIONS)
        private = await make_exploration(site)
        assert (await site.post(url(private, "/-/fork"), {}, BOB)).status_code == 404


@pytest.mark.asyncio
async def test_a_fork_of_live_rows_has_none_of_its_own(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        made = await published(site, mode=Mode.LIVE)
        fork = await imported(site, await site.post(url(made, "/-/fork"), {}, BOB))
        assert fork.snapshot is None


@pytest.mark.asyncio
async def test_words_about_rows_that_a_reader_may_not_see_are_not_told(tmp_path: Path) -> None:
    quoting = replace(SECRET, text="The word is hush.")
    async with shops(tmp_path) as site:
        made = await published(site, shop_document(WORDS, quoting), ROOT, mode=Mode.LIVE)
        for tail in (
            ".json",
            ".json?rows=1",
            "/-/export",
            *(f"/-/export.{each}" for each in KINDS),
        ):
            assert "hush" not in (await site.get(url(made, tail), BOB)).text
        assert "hush" in (await site.get(url(made, ".json"), ROOT)).text
        fork = await site.post(url(made, "/-/fork"), {}, BOB)
        assert "hush" not in (await site.get(fork.json()["url"] + ".json", BOB)).text


@pytest.mark.asyncio
async def test_the_page_of_exports_says_what_there_is(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        made = await published(site, shop_document(QUESTION, await widget_block(site), SECRET))
        text = (await site.get(url(made, "/-/export"), BOB)).text
        for kind in KINDS:
            assert f"/-/export.{kind}?mode=snapshot" in text
        assert f"/-/block/{QUESTION.id}.csv" in text and "Sales of a shop, sales" in text
        assert "secret" in text and "/-/fork" in text
        assert "/-/fork" not in (await site.get(url(made, "/-/export"), None)).text


@pytest.mark.asyncio
async def test_json_for_programs(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        made = await published(site, people=["bob"])
        await link_store.add(site.datasette, made.id, label="x", actor_id="alice", expires_at=None)
        own = (await site.get(url(made, ".json"))).json()
        assert own["ok"] and own["exploration"]["sharing"]["people"] == ["bob"]
        assert own["links"][0]["label"] == "x" and own["revisions"][0]["number"] == 1
        assert [each["id"] for each in own["document"]["blocks"]][1] == QUESTION.id
        assert "rows" not in own
        others = (await site.get(url(made, ".json?rows=1"), BOB)).json()
        assert "links" not in others and "sharing" not in others["exploration"]
        assert set(others["certificates"]) == {QUESTION.id, CHART.id, QUERY.id}


@pytest.mark.asyncio
async def test_rows_of_a_block_as_csv(tmp_path: Path) -> None:
    sql = "select '=1+1' as formula, x'00ff' as bytes, null as empty"
    async with shops(tmp_path) as site:
        block = replace(QUESTION, sql=sql)
        widget = await widget_block(site)
        made = await published(site, shop_document(WORDS, block, CHART, QUERY, widget, SECRET))

        async def rows(block_id: str, more: str = "", actor: Any = None) -> Any:
            return await site.get(url(made, f"/-/block/{block_id}.csv{more}"), actor)

        answer = await rows(block.id)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert list(csv.reader(io.StringIO(answer.text))) == [
            ["formula", "bytes", "empty"],
            ["'=1+1", "00ff", ""],
        ]
        assert (await rows(CHART.id)).text.splitlines()[1:] == ["tea,7.1", "milk,1.2"]
        assert (await rows(QUERY.id)).text.split() == ["name", "Market", "Harbour"]
        assert (await rows(QUERY.id, "?p_city=Graz")).text.split() == ["name", "Corner"]
        assert (await rows(QUERY.id, "?p_city=Wien")).status_code == 400
        assert (await rows(widget.id)).text.splitlines()[0] == "item,price"
        answer = await rows(widget.id, "?query=other")
        assert answer.status_code == 400 and "there are: sales" in answer.text
        assert (await rows(WORDS.id)).status_code == 400
        assert (await rows(SECRET.id)).status_code == 400
        assert (await rows("0" * 12)).status_code == 404


@pytest.mark.asyncio
async def test_the_html_file_runs_our_scripts_only_and_holds_its_rows_once(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        made = await published(site)
        text = (await site.get(export_url(made, "html"), None)).text
    page = html5lib.parse(text, namespaceHTMLElements=False)
    (policy,) = [
        each.get("content")
        for each in page.iter("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "'sha256-" in policy and "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert text.count('["milk",') == 2  # a row of the question, a row of the chart
    assert "Tea sells <strong>everywhere</strong>" in text
    assert 'href="http://localhost/' not in text


@pytest.mark.asyncio
async def test_markdown_has_words_tables_pictures_and_sql(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        text = (await site.get(export_url(await published(site), "md"), None)).text
    assert text.startswith("# Shops and tea\n")
    assert "| tea | 3.5 |" in text and f"```sql\n{QUESTION.sql}\n```" in text
    assert "](data:image/png;base64," in text
    assert "Certificate `sha256:" in text


@pytest.mark.asyncio
async def test_the_notebook_is_valid_and_its_cells_run(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        hostile = replace(
            QUERY, id="f" * 12, title='It\'s """', sql='select \'"""\\n\' as "a\'b"\n'
        )
        document = shop_document(WORDS, QUESTION, CHART, QUERY, hostile, await widget_block(site))
        made = await published(site, document)
        notebook = (await site.get(export_url(made, "ipynb"), None)).json()
    Draft202012Validator(NOTEBOOK).validate(notebook)
    codes = [each for each in notebook["cells"] if each["cell_type"] == "code"]
    assert len({each["id"] for each in notebook["cells"]}) == len(notebook["cells"])
    setup, *queries = [each["source"] for each in codes]
    scope: dict[str, Any] = {}
    exec(setup.replace("'shops.db'", repr(str(tmp_path / "shops.db"))), scope)
    found = [eval(each, scope) if ":shop" not in each else [] for each in queries]
    assert found[0][0] == {"item": "tea", "price": 3.5}
    assert found[2] == [{"name": "Market"}, {"name": "Harbour"}]
    assert found[3] == [{"a'b": '"""\\n'}]
    assert "<td>tea" in codes[1]["outputs"][0]["data"]["text/html"]
    assert [each["output_type"] for each in codes[2]["outputs"]] == [
        "display_data",
        "execute_result",
    ]


@pytest.mark.asyncio
async def test_the_yaml_is_configuration_that_datasette_reads(tmp_path: Path) -> None:
    async with shops(tmp_path) as site:
        lines = replace(QUESTION, sql="select item,\n  price -- : 'x'\nfrom sale", title="Yes: no")
        widget = await widget_block(site)
        made = await published(site, shop_document(lines, CHART, QUERY, widget))
        text = (await site.get(export_url(made, "yaml"), None)).text
    config = yaml.safe_load(text)
    assert list(config["databases"]["shops"]["queries"]) == [
        "yes_no",
        "sales_by_item",
        "shops_in_a_city",
        "sales_of_a_shop_sales",
    ]
    datasette = Datasette([str(tmp_path / "shops.db")], config=config)
    await datasette.invoke_startup()
    try:
        answer = await datasette.client.get("/shops/shops_in_a_city.json?city=Graz&_shape=array")
        assert answer.json() == [{"name": "Corner"}]
        answer = await datasette.client.get("/shops/yes_no.json?_shape=array")
        assert answer.json()[0] == {"item": "tea", "price": 3.5}
    finally:
        await datasette.invoke_shutdown()
        datasette.close()


@pytest.mark.asyncio
async def test_the_html_file_is_hardly_larger_than_its_data(tmp_path: Path) -> None:
    sql = (
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) "
        "select i, 'Name ' || i as name, i * 1.25 as price, i % 7 as day, 'Linz' as city from n"
    )
    blocks = [replace(QUERY, id=f"{at:012x}", title=f"Table {at}", sql=sql) for at in range(5)]
    async with shops(tmp_path) as site:
        made = await published(site, shop_document(*blocks))
        html = (await site.get(export_url(made, "html"), None)).content
        data = (await site.get(export_url(made, "json"), None)).content
    assert len(html) <= 1.5 * len(data)
