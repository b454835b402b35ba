"""kill -9 at random moments of one run: every row has one value and one result in the end.

benchmarks/enrich.py does the same with 5,000 rows and twenty kills.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.enrichment_runs import check_notes, query
from tests.http.test_enrichment_resume import AT_ONCE, serving, until, waiting_run
from tests.scripted_process import asked

ROWS = 1_000
KILLS = 5
# Rows that were answered and not written yet are asked again, like those in flight.
UNWRITTEN = 100


@pytest.mark.parametrize("seed", [1])
def test_kills_at_random_moments_lose_nothing(tmp_path: Path, seed: int) -> None:
    path, log = tmp_path / "notes.db", tmp_path / "asked"
    dice = random.Random(seed)
    asyncio.run(waiting_run(path, ROWS))
    done = 0
    for _ in range(KILLS):
        with serving(path, log, delay=0.03):
            until(path, f"done > {done}")
            time.sleep(dice.uniform(0.0, 0.6))
        ((done, status),) = query(path, "select done, status from _llm_tools_runs")
        assert status == "running"
        written = query(path, "select count(*) from note where loud is not null")
        results = query(path, "select count(*) from _llm_tools_results where status = 'done'")
        assert written == results == [(done,)]
    with serving(path, log, delay=0.0):
        until(path, "status = 'done'")
    check_notes(path, ROWS)
    again = asked(log)
    assert len(again) == ROWS
    assert sum(again.values()) - ROWS <= KILLS * (AT_ONCE + UNWRITTEN)
    assert query(path, "pragma integrity_check") == [("ok",)]
