"""Has datasette-enrichments-llm fill a column, and prints how it went; runs in the peer's Python.

    PEER_PYTHON benchmarks/enrich_peer.py FILE --plugins-dir DIR [--rows 1000]

The job is over the whole table; it is cancelled after so many rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

from datasette.app import Datasette
from datasette_enrichments import set_job_status
from datasette_enrichments_llm import LlmEnrichment

TABLE = "comment"
CONFIG = {
    "model": "instant",
    "prompt": "{{ body }}",
    "system_prompt": "Which number has the comment?",
    "output_column": "answer",
    "use_media": False,
    "media_url": "",
}


async def measured(options: argparse.Namespace) -> dict[str, Any]:
    datasette = Datasette([options.file], plugins_dir=options.plugins_dir)
    await datasette.invoke_startup()
    await datasette.refresh_schemas()
    db = datasette.get_database(options.file.rsplit("/", 1)[-1].removesuffix(".db"))
    enrichment = LlmEnrichment()
    await enrichment.initialize(datasette, db, TABLE, CONFIG)
    job = await enrichment.enqueue(datasette, db, TABLE, "", CONFIG)

    async def state() -> tuple[int, str]:
        sql = "select done_count, status from _enrichment_jobs where id = ?"
        done, status = tuple((await db.execute(sql, (job,))).first())
        return done, status

    first, began = 0, 0.0
    while True:
        done, status = await state()
        # The first rows load what is loaded at first use.
        if not began and done >= options.rows // 10:
            first, began = done, time.perf_counter()
        if began and (done >= first + options.rows or status == "finished"):
            break
        await asyncio.sleep(0.1)
    seconds = time.perf_counter() - began
    if status != "finished":
        await set_job_status(db, job, "cancelled")
        await asyncio.sleep(0.5)
    errors = (await db.execute("select count(*) from _enrichment_errors")).single_value()
    return {"done": done - first, "failed": errors, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--plugins-dir", required=True)
    parser.add_argument("--rows", type=int, default=1000)
    print(json.dumps(asyncio.run(measured(parser.parse_args()))))


if __name__ == "__main__":
    main()
