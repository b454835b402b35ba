"""A run of a suite says how far agreement can be believed, and the next questions go by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasette_llm_tools.questions.agreeing import store
from tests.eval_sites import ALLOWED, rested, started
from tests.scripted_model import SeveralModel
from tests.sites import make_site

ALL = "select count(*) as sales from sale"
TEA = "select count(*) as sales from sale where item = 'tea'"
SPLIT = "Which?"


def suite(cases: int, split: int) -> str:
    """So many cases of which all statements are right, and some with which few agree."""
    lines = ["suite: votes", "database: shops.db", "cases:"]
    for number in range(cases + split):
        question = SPLIT if number < split else "How many sales?"
        lines += [f"- id: c{number}", f"  question: {question!r}", f"  sql: {ALL!r}"]
    lines += ["- id: back", f"  question: {SPLIT!r}", "  expect: must ask back"]
    return "\n".join(lines)


@pytest.mark.asyncio
async def test_a_run_calibrates_its_database(tmp_path: Path) -> None:
    def ballots(turn: str) -> list[str]:
        return [ALL, TEA, ALL, TEA] if SPLIT in turn.rsplit("Question:", 1)[-1] else [ALL] * 4

    model = SeveralModel(
        lambda turn: TEA if SPLIT in turn.rsplit("Question:", 1)[-1] else ALL, ballots
    )
    settings = {"candidates": 5, "candidate_seconds": 600, "escalation_model": "gpt-4o-mini"}
    async with make_site(tmp_path, str, model=model, settings=settings, config=ALLOWED) as site:
        imported = await site.post("/-/evals.json", {"text": suite(20, 6)})
        assert imported.status_code == 200, imported.text
        url = imported.json()["url"]
        run = await rested(site, await started(site, url))
        assert run["status"] == "done", run
        assert run["right"] == {**run["right"], "count": 21, "of": 27}
        told = run["agreement"]
        assert told["escalation_below"] == 100
        highest = told["levels"][0]
        assert (highest["at_least"], highest["right"]["count"]) == ("all", 20)
        assert highest["answers"]["of"] == 27
        assert 0 < highest["saved_usd"] < told["levels"][-1]["saved_usd"]
        assert await store.threshold(site.datasette, "shops", "scripted") == 100
        page = (await site.get(run["url"])).text
        asked = await site.ask(SPLIT)
    assert (
        "By agreement" in page and "Share of answers" in page and "Saved by no second model" in page
    )
    assert "A second model is asked below 100%" in page
    assert asked["escalation"]["below"] == 100 and asked["escalation"]["was_asked"] is True
