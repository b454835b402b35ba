"""Notes to be enriched, runs over them, and waiting for what becomes of these; for tests."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from datasette_llm_tools.enrichments.database import store, tables
from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.starting import start_run
from datasette_llm_tools.enrichments.values import (
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
)
from datasette_llm_tools.enrichments.work import worker
from tests.scripted_model import Script, ScriptedModel, registered
from tests.scripted_process import loudly

ROOT = {"id": "root"}
ALICE = {"id": "alice"}
SPECIFICATION = Specification(
    template="{{ body }}", outputs=(Output("loud"),), model_id="scripted", use_cache=False
)
_PATIENCE_SECONDS = 60.0


def make_notes(path: Path, rows: int) -> Path:
    """A database with a table of so many notes, `note 1`, `note 2`, ..., unless it is there."""
    if path.exists():
        return path
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table note (id integer primary key, body text)")
        connection.executemany(
            "insert into note values (?, ?)", [(n, f"note {n}") for n in range(1, rows + 1)]
        )
    return path


@dataclass
class Notes:
    """A running Datasette over notes, and its model."""

    datasette: Datasette
    model: ScriptedModel
    path: Path

    async def start(
        self,
        specification: Specification = SPECIFICATION,
        *,
        actor: dict[str, Any] = ROOT,
        limits: RunLimits | None = None,
        table: str = "note",
        overwrite: tuple[str, ...] = (),
        wake: bool = True,
    ) -> Run:
        """A run over all notes, waiting; `wake` tells this server's worker of it."""
        target = await tables.require_target(self.datasette, "notes", table)
        run = await start_run(
            self.datasette,
            actor,
            "notes",
            target,
            specification,
            Selection(),
            limits or RunLimits(concurrency=4),
            overwrite=overwrite,
        )
        if wake:
            worker.wake(self.datasette)
        return run

    async def run(self, run: Run) -> Run:
        """The run as it is now."""
        found = await store.get_run(self.datasette, "notes", run.id)
        assert found is not None
        return found

    async def until(self, run: Run, reached: Callable[[Run], bool]) -> Run:
        """Wait until something holds of the run."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not reached(found := await self.run(run)):
            assert time.monotonic() < end, f"still {found}"
            await asyncio.sleep(0.02)
        return found

    async def ended(self, run: Run) -> Run:
        """Wait until nobody works on the run."""
        return await self.until(
            run, lambda now: now.status not in (RunStatus.WAITING, RunStatus.RUNNING)
        )

    def query(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of the file as any other program sees them."""
        return query(self.path, sql, *params)

    def prompts(self) -> list[str]:
        """What the model was asked, in order."""
        return [messages[-1]["text"] for messages in self.model.prompts]


def query(path: Path, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Rows of a file, read or written by a connection of its own."""
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        return connection.execute(sql, params).fetchall()


def check_notes(path: Path, rows: int, column: str = "loud") -> None:
    """Every note has its one value and its one result, and the run's counts say so."""
    wrong = query(path, f"select id, body, {column} from note where {column} is not upper(body)")
    assert wrong == []
    (counted,) = query(
        path, "select count(*), count(distinct row_key) from _llm_tools_results where status='done'"
    )
    assert counted == (rows, rows)
    assert query(path, "select status, done, failed, total from _llm_tools_runs") == [
        ("done", rows, 0, rows)
    ]


@asynccontextmanager
async def working_on_notes(
    path: Path,
    script: Script = loudly,
    *,
    rows: int = 40,
    delay: float = 0.0,
    settings: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    kind: type[ScriptedModel] = ScriptedModel,
    works: bool = True,
) -> AsyncIterator[Notes]:
    """A Datasette over a file of notes, which is made unless it is there.

    It works on runs by itself, unless `works` is false.
    """
    make_notes(path, rows)
    model = kind(script, delay=delay)
    plugins = {"datasette-llm-tools": settings or {}}
    with registered(model):
        datasette = Datasette([str(path)], config={**(config or {}), "plugins": plugins})
        datasette.root_enabled = True
        await (datasette.start_background_tasks() if works else datasette.invoke_startup())
        await datasette.refresh_schemas()
        try:
            yield Notes(datasette, model, path)
        finally:
            await datasette.invoke_shutdown()
