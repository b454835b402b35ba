"""Runs that have ended, written without a worker, for tests of what comes after a run."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette_llm_tools.enrichments.database import enrichment_store, store
from datasette_llm_tools.enrichments.database.results import write_batch
from datasette_llm_tools.enrichments.database.rows import read_row
from datasette_llm_tools.enrichments.database.tables import key_json, require_target
from datasette_llm_tools.enrichments.fences import new_marker
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.prompts import Prompting
from datasette_llm_tools.enrichments.values import (
    Key,
    Outcome,
    OutcomeStatus,
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
)
from datasette_llm_tools.prompt import Usage
from datasette_llm_tools.sql_names import quoted
from tests.enrich_sites import enrich_site
from tests.sites import ALICE, Site

FEELING = Output("feeling", OutputType.LABEL, labels=("glad", "sad"))
SAID: dict[Key, dict[str, Any]] = {
    (1,): {"feeling": "glad"},
    (2,): {"feeling": "sad"},
    (3,): {"feeling": "sad"},
    (4,): {"feeling": "sad"},
}


def asking(*outputs: Output, **changes: Any) -> Specification:
    """What is asked of a remark."""
    given = {"template": "What mood is this? {{ body }}", "model_id": "scripted", **changes}
    return Specification(outputs=outputs or (FEELING,), **given)


@dataclass
class Reviewed:
    """A site with a run over `remark` that has ended."""

    site: Site
    run: Run

    @property
    def url(self) -> str:
        return f"/-/runs/shops/{self.run.id}"

    async def say(
        self, key: Key, verdict: str, query: str = "", actor: Any = ALICE, **fields: Any
    ) -> Any:
        """Post a verdict as a program does."""
        form = {"key": key_json(key), "verdict": verdict, **fields}
        return await self.site.post(f"{self.url}/-/review{query}", form, actor)

    async def table(self, column: str = "feeling", table: str = "remark") -> list[Any]:
        """A column as it is now."""
        return await column_of(self.site, column, table)

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of the file, our own tables included."""
        found = await self.site.datasette.get_database("shops").execute(sql, params)
        return [tuple(row) for row in found]


async def column_of(site: Site, column: str, table: str = "remark") -> list[Any]:
    """A column of a table in the order of its rows."""
    found = await site.datasette.get_database("shops").execute(
        f"select {quoted(column)} from {quoted(table)} order by rowid"
    )
    return [row[0] for row in found]


async def make_run(
    site: Site,
    said: Mapping[Key, Mapping[str, Any] | Outcome],
    specification: Specification | None = None,
    *,
    table: str = "remark",
    overwrite: Sequence[str] = (),
    actor: Any = ALICE,
) -> Run:
    """A run that has ended with these values, hashed as a run hashes its input."""
    specification = specification or asking()
    datasette, until = site.datasette, time.time() + 60
    target = await require_target(datasette, "shops", table)
    prompting = Prompting(
        specification,
        target.columns,
        supports_schema=False,
        supports_grammar=False,
        marker=new_marker(),
    )
    enrichment = await enrichment_store.create_enrichment(
        datasette, "shops", table, "Feelings", specification, actor
    )
    run = await store.create_run(
        datasette,
        "shops",
        enrichment,
        Selection(),
        RunLimits(),
        actor,
        overwrite,
        lease=("test", until),
    )
    outcomes = []
    for key, values in said.items():
        if isinstance(values, Outcome):
            outcomes.append(values)
            continue
        row = await read_row(datasette, actor, "shops", target, key, prompting.columns)
        assert row is not None
        outcomes.append(
            Outcome(
                key=key,
                status=OutcomeStatus.DONE,
                values=values,
                input_hash=prompting.input_hash(prompting.prompt(row.values)),
                usage=Usage(120, 8),
                usd=0.000123,
                milliseconds=340.0,
                attempts=1,
                model_id=specification.model_id,
            )
        )
    await write_batch(datasette, run, target, outcomes, owner="test", cursor=None, seconds=1.0)
    return await store.release(datasette, run, "test", RunStatus.DONE)


@asynccontextmanager
async def reviewed_site(
    folder: Path,
    said: Mapping[Key, Mapping[str, Any] | Outcome] | None = None,
    specification: Specification | None = None,
    *,
    table: str = "remark",
    more: str = "",
    overwrite: Sequence[str] = (),
    config: dict[str, Any] | None = None,
) -> AsyncIterator[Reviewed]:
    """A site with one run that has ended."""
    async with enrich_site(folder, more=more, config=config) as site:
        run = await make_run(site, said or SAID, specification, table=table, overwrite=overwrite)
        yield Reviewed(site, run)
