"""Nothing lost: a server killed again and again, and a provider that refuses and fails."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from enrich_measure import PLUGIN, Place, said
from enrich_rows import CONFIG, TABLE, new_run, query, wrong_rows
from findings import Finding, note
from serving import ROOT, served

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.enrichments.values import RunLimits

sys.path.insert(0, str(ROOT))
from tests.openai_server import Answer, Request, serving, stumbling

KILL_ROWS, KILLS = 5_000, 20
# About 260 rows a second, so that twenty lives are not enough to finish.
KILL_REPLY_SECONDS, KILL_AT_ONCE = 0.06, 16
# Asked and not yet written: what is in flight, and what settled within the last batch.
PATIENCE_SECONDS = 300
STUMBLING_ROWS = 2_000
REFUSED, FAILED = 0.2, 0.05
MOST_REQUESTS = 1.6


async def _start(database: Path, limits: RunLimits) -> None:
    """A run that waits for whichever server looks first."""
    async with opened(database, {}) as (datasette, name):
        await new_run(datasette, name, limits)


def kills(place: Place) -> list[Finding]:
    """A server that works on one job is killed at random moments and started again."""
    chance = random.Random(7)
    database = place.database("killed", KILL_ROWS)
    asked = database.with_name("asked")
    asyncio.run(_start(database, RunLimits(concurrency=KILL_AT_ONCE)))
    serve = partial(
        served,
        database.parent / "server",
        database=database,
        plugin=PLUGIN,
        config=CONFIG,
        environment={
            "BENCHMARK_REPLY_SECONDS": str(KILL_REPLY_SECONDS),
            "BENCHMARK_ASKED": str(asked),
        },
    )
    unwritten: list[int] = []
    killed = 0
    while killed < KILLS:
        before = _lines(asked)
        with serve() as server:
            _until(partial(_has_more, asked, before), "the job went on after a start")
            time.sleep(chance.uniform(0.0, 1.5))
            if _status(database) == "done":
                break
            os.kill(server.pid, signal.SIGKILL)
        killed += 1
        unwritten.append(len(_numbers(asked)) - _settled(database))
        note(f"  kill {killed}: {_settled(database):,} rows done, {unwritten[-1]} in flight")
    with serve():
        _until(lambda: _status(database) == "done", "the job ended")
    twice = sum(count - 1 for count in _numbers(asked).values())
    wrong = wrong_rows(database)
    return [
        Finding(
            f"kill -9 at {killed} moments in {KILL_ROWS:,} rows: rows without exactly one value "
            "and one result",
            "0",
            str(wrong),
            wrong == 0 and killed == KILLS,
        ),
        Finding(
            "the same: rows asked again; at most those in flight at the kills",
            str(sum(unwritten)),
            f"{twice} (at most {max(unwritten)} at a kill)",
            twice <= sum(unwritten),
        ),
    ]


def stumbling_provider(place: Place) -> list[Finding]:
    """A fake OpenAI-compatible server that refuses and fails at random."""
    return asyncio.run(_stumbled(place))


async def _stumbled(place: Place) -> list[Finding]:
    def script(request: Request) -> Answer:
        number = request.text.partition("#")[2][:7]
        return Answer(json.dumps({"answer": number}))

    database = place.database("stumbling", STUMBLING_ROWS)
    async with serving(stumbling(script, refused=REFUSED, failed=FAILED)) as server:
        process = await asyncio.create_subprocess_exec(
            *place.command("enrich_work.py", database, "--model", "fake"),
            env={**os.environ, "BENCHMARK_API_BASE": server.url},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
    found = said(output.decode())
    ((rows,),) = query(
        database, f"select (select count(*) from {TABLE}) + (select count(*) from warm)"
    )
    wrong = wrong_rows(database)
    requests = server.requests / rows
    what = f"{REFUSED:.0%} of requests get a 429 and {FAILED:.0%} a 500"
    return [
        Finding(f"{what}: rows of {STUMBLING_ROWS:,} lost", "0", str(wrong), wrong == 0),
        Finding(
            "the same: requests a row",
            f"{MOST_REQUESTS}",
            f"{requests:.2f} ({found['done'] / found['seconds']:.0f} rows/s)",
            requests <= MOST_REQUESTS,
        ),
    ]


def _until(reached: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > end:
            raise RuntimeError(f"It did not come to that {what} in {PATIENCE_SECONDS} s.")
        time.sleep(0.02)


def _lines(asked: Path) -> int:
    return asked.read_bytes().count(b"\n") if asked.exists() else 0


def _has_more(asked: Path, before: int) -> bool:
    return _lines(asked) > before


def _numbers(asked: Path) -> Counter[bytes]:
    """How often the model was asked about each row."""
    return Counter(asked.read_bytes().split())


def _status(database: Path) -> str:
    return str(query(database, "select status from _llm_tools_runs")[0][0])


def _settled(database: Path) -> int:
    return int(query(database, "select count(*) from _llm_tools_results")[0][0])
