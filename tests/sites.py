"""A Datasette with a small database and a scripted model, for tests to ask questions of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from tests.scripted_model import Script, ScriptedModel, registered

ALICE = {"id": "alice"}
BOB = {"id": "bob"}

SCHEMA = """
create table shop (id integer primary key, name text not null, city text);
create table sale (
    id integer primary key, shop_id integer references shop(id), day text, item text, price real
);
create table secret (id integer primary key, word text);
insert into shop values (1, 'Corner', 'Graz'), (2, 'Market', 'Linz'), (3, 'Harbour', 'Linz');
insert into sale values (1, 1, '2024-01-02', 'tea', 3.5), (2, 1, '2024-02-03', 'milk', 1.2),
    (3, 2, '2024-02-04', 'tea', 3.6);
insert into secret values (1, 'hush');
"""
# `secret` is for nobody but root.
CONFIG: dict[str, Any] = {
    "databases": {"shops": {"tables": {"secret": {"allow": {"id": "root"}}}}},
}


@dataclass
class Site:
    """A running Datasette, its scripted model, and requests as a person."""

    datasette: Datasette
    model: ScriptedModel

    async def get(self, path: str, actor: dict[str, Any] | None = ALICE, **more: Any) -> Any:
        return await self.datasette.client.get(path, actor=actor, **more)

    async def post(
        self, path: str, data: dict[str, Any], actor: dict[str, Any] | None = ALICE, **more: Any
    ) -> Any:
        headers = {"accept": "application/json", **more.pop("headers", {})}
        return await self.datasette.client.post(
            path, actor=actor, data=data, headers=headers, **more
        )

    async def ask(
        self, question: str, actor: dict[str, Any] | None = ALICE, **fields: Any
    ) -> dict[str, Any]:
        """Ask as JSON and return the answer."""
        response = await self.post(
            "/-/questions/shops", {"question": question, "in_words": "0", **fields}, actor
        )
        answer: dict[str, Any] = response.json()
        return answer

    async def events(self, question: str, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
        """Ask as a page does and return the events."""
        response = await self.post(
            "/-/questions/shops",
            {"question": question, **fields},
            headers={"accept": "text/event-stream"},
        )
        return parse_events(response.text)


def parse_events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream as (name, data)."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def make_database(path: Path, *more_sql: str) -> Path:
    """A small database of shops and sales, and one secret."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript(SCHEMA)
        for sql in more_sql:
            connection.executescript(sql)
    finally:
        connection.close()
    return path


@asynccontextmanager
async def make_site(
    folder: Path,
    script: Script,
    *,
    config: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    more_sql: Sequence[str] = (),
    delay: float = 0.0,
    model: ScriptedModel | None = None,
    more_models: Sequence[ScriptedModel] = (),
) -> AsyncIterator[Site]:
    """A site whose model answers by `script`; `settings` are our plugin's.

    `model` takes the place of the usual one, `more_models` are there beside it.
    """
    database = make_database(folder / "shops.db", *more_sql)
    model = model or ScriptedModel(script, delay=delay)
    merged = {**CONFIG, **(config or {})}
    merged["plugins"] = {"datasette-llm-tools": {"model": "scripted", **(settings or {})}}
    with registered(model, *more_models):
        datasette = Datasette([str(database)], config=merged, internal=str(folder / "internal.db"))
        datasette.root_enabled = True
        await datasette.invoke_startup()
        try:
            yield Site(datasette, model)
        finally:
            await datasette.invoke_shutdown()
