"""Thirty wishes for charts of demo.db, told once each to the real local model."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from datasette_llm_tools.command_line import opened
from datasette_llm_tools.local_model import files
from tests.local_model.chart_wishes import Fulfilled, fulfilled, local_model, wishes

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed"),
    pytest.mark.skipif(
        files.glance(files.QWEN) is not files.Status.INSTALLED,
        reason="the local model is not installed: datasette llm-tools local-model install",
    ),
]

ROOT = Path(__file__).parents[2]
CONFIG = {"plugins": {"datasette-llm-tools": {"model": files.QWEN.model_id}}}
WISHES = 30
RIGHT = 24


async def fulfil_all(folder: Path) -> list[Fulfilled]:
    copy = Path(shutil.copy(ROOT / "demo.db", folder))
    async with opened(copy, {"config": CONFIG}) as (datasette, _):
        return [each async for each in fulfilled(datasette, await local_model(datasette))]


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> list[Fulfilled]:
    """Asked for once for all tests here: it takes a minute or two."""
    return asyncio.run(fulfil_all(tmp_path_factory.mktemp("wishes")))


def test_every_first_reply_can_be_drawn(charts: list[Fulfilled]) -> None:
    assert len(charts) == len(wishes()) == WISHES
    assert [each for each in charts if each.calls != 1] == []


def test_most_charts_are_what_a_person_meant(charts: list[Fulfilled]) -> None:
    wrong = {each.wish.text: (each.faults, each.spec) for each in charts if each.faults}
    assert len(charts) - len(wrong) >= RIGHT, wrong


def test_replies_are_short(charts: list[Fulfilled]) -> None:
    tokens = sorted(each.output_tokens for each in charts)
    assert 10 <= tokens[len(tokens) // 2] <= 45
