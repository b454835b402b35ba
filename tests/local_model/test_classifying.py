"""A hundred comments of demo.db, classified by the real local model."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.enrichments import jobs
from datasette_llm_tools.enrichments.database import leases, store
from datasette_llm_tools.enrichments.values import Run, RunStatus
from datasette_llm_tools.enrichments.work import worker
from datasette_llm_tools.local_model import files
from tests.local_model.classifying import AT_LEAST, LABELS, Labelled, labels_in, new_run

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed"),
    pytest.mark.skipif(
        files.glance(files.QWEN) is not files.Status.INSTALLED,
        reason="the local model is not installed: datasette llm-tools local-model install",
    ),
]


async def classify(folder: Path) -> tuple[Run, dict[int, str | None]]:
    """The run when it has ended, and the label of each comment."""
    copy = Path(shutil.copy(ROOT / "demo.db", folder))
    async with opened(copy, {}) as (datasette, database):
        lease = (jobs.owner(), time.time() + leases.LEASE_SECONDS)
        run = await new_run(datasette, database, lease)
        await worker.work_on(datasette, database, run, lease[0])
        ended = await store.get_run(datasette, database, run.id)
        assert ended is not None
        return ended, await labels_in(datasette, database)


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[int, str | None]]:
    """Asked once for all tests here: it takes a minute."""
    return asyncio.run(classify(tmp_path_factory.mktemp("classified")))


def test_every_row_gets_a_label(classified: tuple[Run, dict[int, str | None]]) -> None:
    run, labels = classified
    assert (run.status, run.counts.done, run.counts.failed) == (RunStatus.DONE, 100, 0)
    assert set(labels.values()) <= set(LABELS)


def test_most_labels_are_a_persons(classified: tuple[Run, dict[int, str | None]]) -> None:
    _, labels = classified
    wrong = Labelled().wrong(labels)
    assert len(labels) - len(wrong) >= AT_LEAST, wrong


def test_nothing_is_asked_twice_and_it_costs_nothing(
    classified: tuple[Run, dict[int, str | None]],
) -> None:
    run, _ = classified
    assert run.counts.usd == 0.0
    assert run.counts.output_tokens is not None
    assert run.counts.output_tokens <= 300
