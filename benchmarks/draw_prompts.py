"""The local model fulfils thirty wishes for charts of demo.db: valid, right, how soon.

The clock begins with a wish and ends with the checked spec. Before that the model is loaded and
has read the instructions and the columns, which a page has it do while a wish is being typed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
from pathlib import Path

from findings import Finding, note
from serving import ROOT

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.local_model import files

sys.path.insert(0, str(ROOT))
from tests.local_model.chart_wishes import Fulfilled, fulfilled
from tests.local_model.chart_wishes import local_model as model_of

CONFIG = {"plugins": {"datasette-llm-tools": {"model": files.QWEN.model_id}}}
RIGHT = 24
SECONDS = 4.0


def measure(folder: Path) -> list[Finding]:
    """Valid at the first try, right, and seconds at the median."""
    if not files.has_runtime() or files.glance(files.QWEN) is not files.Status.INSTALLED:
        note("  the local model is not installed: datasette llm-tools local-model install")
        return []
    charts = asyncio.run(_charts(folder))
    count = len(charts)
    valid = sum(each.calls == 1 for each in charts)
    right = sum(not each.faults for each in charts)
    seconds = statistics.median(each.seconds for each in charts)
    tokens = statistics.median(each.output_tokens for each in charts)
    note(f"  output tokens at the median: {tokens:.0f}")
    return [
        Finding("chart prompts: valid at the first try", f"{count}", f"{valid}", valid == count),
        Finding("the same: as a person meant them", f"{RIGHT}", f"{right}", right >= RIGHT),
        Finding("the same: median s", f"{SECONDS}", f"{seconds:.2f}", seconds <= SECONDS),
    ]


async def _charts(folder: Path) -> list[Fulfilled]:
    copy = Path(shutil.copy(ROOT / "demo.db", folder))
    charts: list[Fulfilled] = []
    async with opened(copy, {"config": CONFIG}) as (datasette, _):
        async for each in fulfilled(datasette, await model_of(datasette)):
            charts.append(each)
            faults = f"  WRONG: {', '.join(each.faults)}" if each.faults else ""
            load = os.getloadavg()[0]
            note(f"  {each.seconds:5.1f} s  load {load:4.1f}  {each.wish.text}{faults}")
    return charts
