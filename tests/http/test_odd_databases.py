"""Databases as they come: empty, locked, with hundreds of columns, with odd names."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette

from tests.scripted_model import ScriptedModel, registered
from tests.sites import ALICE, Site

CONFIG = {"plugins": {"datasette-llm-tools": {"model": "scripted"}}}
LOCKED = "A database is locked by another program; try again when that is done writing."


@asynccontextmanager
async def serving(folder: Path, schema: str, reply: str) -> AsyncIterator[Site]:
    """A site of one database, `odd`, whose model always replies the same."""
    with closing(sqlite3.connect(folder / "odd.db")) as connection:
        connection.executescript(schema)
    model = ScriptedModel(lambda _: reply)
    with registered(model):
        datasette = Datasette([str(folder / "odd.db")], config=CONFIG)
        await datasette.invoke_startup()
        try:
            yield Site(datasette, model)
        finally:
            await datasette.invoke_shutdown()


async def asked(site: Site, question: str) -> dict[str, Any]:
    response = await site.post("/-/questions/odd", {"question": question, "in_words": "0"})
    answer: dict[str, Any] = {"http": response.status_code, **response.json()}
    return answer


@pytest.mark.asyncio
async def test_no_model_is_asked_about_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, "", "select 1") as site:
        page = await site.get("/-/questions/odd")
        answer = await asked(site, "How many rows?")
        told = (await site.get(answer["url"], headers={"accept": "text/html"})).text
        assert site.model.prompts == []
    assert page.status_code == 200
    assert answer["status"] == "unanswerable" and "no table here" in answer["error"]
    assert answer["error"] in told and "The model found nothing" not in told


@pytest.mark.asyncio
async def test_a_database_that_another_program_holds(tmp_path: Path) -> None:
    schema = "create table t (a integer); insert into t values (1)"
    async with serving(tmp_path, schema, "select count(*) as n from t") as site:
        with closing(sqlite3.connect(tmp_path / "odd.db", isolation_level=None)) as other:
            other.execute("begin exclusive")
            other.execute("insert into t values (2)")
            held = await asked(site, "How many?")
            page = await site.get("/-/questions/odd", ALICE, headers={"accept": "text/html"})
            other.execute("commit")
        after = await asked(site, "How many?")
    assert (held["http"], held["error"]) == (409, LOCKED)
    assert page.status_code == 409 and LOCKED in page.text
    assert after["rows"] == [[2]]


@pytest.mark.asyncio
async def test_a_table_that_another_program_made_meanwhile(tmp_path: Path) -> None:
    async with serving(tmp_path, "create table t (a)", "select z from newcomer") as site:
        before = await asked(site, "What came?")
        with closing(sqlite3.connect(tmp_path / "odd.db")) as other:
            other.executescript("create table newcomer (z); insert into newcomer values ('hi')")
        await site.datasette.refresh_schemas(force=True)  # as it does by itself after a second
        after = await asked(site, "What came?")
        assert "newcomer" in site.model.prompts[-1][-1]["text"]
    assert before["status"] == "failed" and after["rows"] == [["hi"]]


@pytest.mark.asyncio
async def test_three_hundred_columns(tmp_path: Path) -> None:
    columns = ", ".join(f'"measure {number} of it" real' for number in range(300))
    sql = 'select avg("measure 287 of it") as mean from wide'
    async with serving(tmp_path, f"create table wide ({columns})", sql) as site:
        answer = await asked(site, "The mean of measure 287?")
        sent = site.model.prompts[0][-1]["text"]
    assert "measure 287 of it" in sent and len(sent) < 6000
    assert answer["rows"] == [[None]]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ('select "my ""own"" col", "naïve é" from "order" where "select" = 1', [["x", 2.5]]),
        ('select sum("naïve é") as "総計" from "order"', [[2.5]]),
        ('select "日本 語" from "2024 sales/ü" where "%" > 49', [["東京"]]),
    ],
)
async def test_odd_names(tmp_path: Path, sql: str, rows: list[list[Any]]) -> None:
    schema = """
    create table "order" ("select" integer, "my ""own"" col" text, "naïve é" real);
    create table "2024 sales/ü" ("日本 語" text, "%" real);
    insert into "order" values (1, 'x', 2.5);
    insert into "2024 sales/ü" values ('東京', 50);
    """
    async with serving(tmp_path, schema, sql) as site:
        answer = await asked(site, "東京はどこ？ ¿Qué hay?")
        page = await site.get(answer["url"], headers={"accept": "text/html"})
    assert answer["rows"] == rows and page.status_code == 200
    assert "東京はどこ？ ¿Qué hay?" in page.text
