"""Runs of enrichments are scored against what a person said of rows, of any run."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasette_llm_tools.evals.enrichment_scores import score_run
from datasette_llm_tools.evals.statistics import Share
from tests.review_runs import ALICE, asking, make_run, reviewed_site


@pytest.mark.asyncio
async def test_a_run_and_another_on_the_same_labelled_rows(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.say((1,), "accept")  # glad
        await reviewed.say((2,), "accept")  # sad
        await reviewed.say((3,), "edit", **{"value-0": "glad"})
        await reviewed.say((4,), "reject")  # nothing is known to be right
        datasette = reviewed.site.datasette
        own = await score_run(datasette, reviewed.run, reviewed.run, actor=ALICE)
        other = await make_run(
            reviewed.site,
            {(1,): {"feeling": "glad"}, (3,): {"feeling": "glad"}},
            asking(template="Again? {{ body }}"),
            overwrite=["feeling"],
        )
        better = await score_run(datasette, reviewed.run, other, actor=ALICE)
    assert own["feeling"].cells == {("glad", "glad"): 1, ("sad", "sad"): 1, ("glad", "sad"): 1}
    assert own["feeling"].accuracy == Share(2, 3)
    assert better["feeling"].cells == {("glad", "glad"): 2, ("sad", ""): 1}
    assert better["feeling"].f1("glad") == 1.0


@pytest.mark.asyncio
async def test_a_run_without_labels_has_no_scores(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        found = await score_run(reviewed.site.datasette, reviewed.run, reviewed.run, actor=ALICE)
    assert found == {}
