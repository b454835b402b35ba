"""Works on one run in a process of its own and prints how it went, as JSON; enrich.py starts it.

    python benchmarks/enrich_work.py FILE --plugins-dir DIR [--model instant] [--concurrency 64]

A run over a table of 200 rows comes first, so that what is loaded at first use is loaded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from enrich_rows import TABLE, new_run

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.enrichments import jobs
from datasette_llm_tools.enrichments.database import leases, store
from datasette_llm_tools.enrichments.values import Run, RunLimits
from datasette_llm_tools.enrichments.work import worker

WARM_TABLE = "warm"


async def worked(
    datasette: Datasette, database: str, table: str, model_id: str, limits: RunLimits
) -> tuple[Run, float]:
    """A run worked on to its end, and the seconds that it took."""
    owner = jobs.owner()
    began = time.perf_counter()
    lease = (owner, time.time() + leases.LEASE_SECONDS)
    run = await new_run(datasette, database, limits, model_id=model_id, table=table, lease=lease)
    await worker.work_on(datasette, database, run, owner)
    seconds = time.perf_counter() - began
    found = await store.get_run(datasette, database, run.id)
    assert found is not None
    return found, seconds


async def measured(options: argparse.Namespace) -> dict[str, Any]:
    told = {"plugins_dir": options.plugins_dir}
    limits = RunLimits(concurrency=options.concurrency)
    async with opened(options.file, told) as (datasette, database):
        await worked(datasette, database, WARM_TABLE, options.model, limits)
        print("warm", file=sys.stderr, flush=True)
        run, seconds = await worked(datasette, database, TABLE, options.model, limits)
        counts = run.counts
        return {
            "status": run.status.value,
            "reason": run.reason,
            "done": counts.done,
            "failed": counts.failed,
            "seconds": seconds,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--plugins-dir", required=True)
    parser.add_argument("--model", default="instant")
    parser.add_argument("--concurrency", type=int, default=64)
    print(json.dumps(asyncio.run(measured(parser.parse_args()))))


if __name__ == "__main__":
    main()
