"""The wishes for charts themselves: every accepted chart can be drawn and is told from others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.widgets.charts.chart_data import draw
from tests.local_model.chart_wishes import (
    ACTOR,
    DATABASE,
    Wish,
    alternatives,
    differences,
    wishes,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.asyncio
async def test_accepted_charts_can_be_drawn_as_they_are(tmp_path: Path) -> None:
    copy = Path(shutil.copy(ROOT / "demo.db", tmp_path))
    async with opened(copy, {}) as (datasette, _):
        for wish in wishes():
            for spec in [each for accepted in wish.accepted for each in alternatives(accepted)]:
                drawn = await draw(datasette, ACTOR, DATABASE, wish.sql, {}, spec)
                assert drawn.rows, wish.text
                assert await differences(datasette, wish, drawn) == (), wish.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"mark": "line"}, ("mark", "stack")),
        ({"color": "origin"}, ("color", "rows")),
        ({"stack": "grouped"}, ("stack",)),
        ({"sort": "x"}, ("rows",)),
        ({"limit": 2}, ("rows",)),
        ({"filters": []}, ("rows",)),
        ({"aggregate": "count"}, ("y", "aggregate", "rows")),
        ({"title": "Another"}, ()),
    ],
)
async def test_a_chart_that_differs_is_wrong(
    tmp_path: Path, change: dict[str, object], faults: tuple[str, ...]
) -> None:
    accepted = {
        "mark": "bar",
        "x": "airline",
        "y": "distance",
        "aggregate": "sum",
        "color": "carrier",
        "stack": "stacked",
        "filters": [{"column": "carrier", "comparison": "in", "value": ["UA", "AA", "DL"]}],
    }
    sql = (
        "select airlines.name as airline, carrier, origin, distance from flights "
        "join airlines using (carrier)"
    )
    copy = Path(shutil.copy(ROOT / "demo.db", tmp_path))
    async with opened(copy, {}) as (datasette, _):
        drawn = await draw(datasette, ACTOR, DATABASE, sql, {}, {**accepted, **change})
        assert await differences(datasette, Wish(sql, None, "", (accepted,)), drawn) == faults
