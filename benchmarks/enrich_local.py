"""The local model classifies a hundred comments that a person labelled."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from pathlib import Path

from enrich_measure import Place
from findings import Finding, note
from serving import ROOT

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.enrichments import jobs
from datasette_llm_tools.enrichments.database import leases, store
from datasette_llm_tools.enrichments.database.tables import require_target
from datasette_llm_tools.enrichments.previewing import preview
from datasette_llm_tools.enrichments.values import Run, RunLimits
from datasette_llm_tools.enrichments.work import worker
from datasette_llm_tools.local_model import files

sys.path.insert(0, str(ROOT))
from tests.local_model.classifying import (
    ACTOR,
    LABELS,
    SELECTION,
    SPECIFICATION,
    TABLE,
    WANTED,
    Labelled,
    labels_in,
    new_run,
)

ROWS_PER_SECOND = 2.0


def local_model(place: Place) -> list[Finding]:
    """From the first prompt to the last label.

    Before that come the model and a preview, as before every run of a person's; the preview
    has read the beginning that all prompts share.
    """
    if not files.has_runtime() or files.glance(files.QWEN) is not files.Status.INSTALLED:
        note("  the local model is not installed: datasette llm-tools local-model install")
        return []
    run, labels, seconds = asyncio.run(_classified(place.folder))
    wrong = Labelled().wrong(labels)
    right, rate = len(labels) - len(wrong), len(labels) / seconds
    strange = sum(label not in LABELS for label in labels.values())
    note(f"  {run.counts.input_tokens} tokens in, {run.counts.output_tokens} out; wrong: {wrong}")
    return [
        Finding(
            "local model: rows/s over 100 comments",
            f"{ROWS_PER_SECOND}",
            f"{rate:.2f}",
            rate >= ROWS_PER_SECOND,
        ),
        Finding("the same: as a person labelled them", f"{WANTED}", str(right), right >= WANTED),
        Finding("the same: outputs that are no label", "0", str(strange), not strange),
    ]


async def _classified(folder: Path) -> tuple[Run, dict[int, str | None], float]:
    copy = Path(shutil.copy(ROOT / "demo.db", folder))
    async with opened(copy, {}) as (datasette, database):
        await preview(
            datasette,
            ACTOR,
            database,
            await require_target(datasette, database, TABLE),
            SPECIFICATION,
            SELECTION,
            RunLimits(),
            count=3,
            seed=1,
        )
        lease = (jobs.owner(), time.time() + leases.LEASE_SECONDS)
        run = await new_run(datasette, database, lease)
        began = time.perf_counter()
        await worker.work_on(datasette, database, run, lease[0])
        seconds = time.perf_counter() - began
        ended = await store.get_run(datasette, database, run.id)
        assert ended is not None
        return ended, await labels_in(datasette, database), seconds
