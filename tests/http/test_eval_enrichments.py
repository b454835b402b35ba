"""Runs of enrichments are scored against what a person said of rows, of any run."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasette_llm_tools.evals.enrichment_scores import score_run
from datasette_llm_tools.evals.statistics import Share
from tests.review_runs import ALICE, Reviewed, asking, make_run, reviewed_site


async def labelled(reviewed: Reviewed) -> None:
    """Say of three rows what is right: glad, sad, and glad where the run said sad."""
    await reviewed.say((1,), "accept")
    await reviewed.say((2,), "accept")
    await reviewed.say((3,), "edit", **{"value-0": "glad"})
    await reviewed.say((4,), "reject")  # nothing is known to be right


@pytest.mark.asyncio
async def test_a_run_and_another_on_the_same_labelled_rows(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await labelled(reviewed)
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


@pytest.mark.asyncio
async def test_scores_of_a_run_and_of_another_on_the_same_labels(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await labelled(reviewed)
        own = (await reviewed.site.get(f"{reviewed.url}/-/scores.json", ALICE)).json()
        other = await make_run(
            reviewed.site,
            {(1,): {"feeling": "glad"}, (3,): {"feeling": "glad"}},
            asking(template="Again? {{ body }}"),
            overwrite=["feeling"],
        )
        url = f"/-/runs/shops/{other.id}/-/scores"
        better = (await reviewed.site.get(f"{url}.json", ALICE)).json()
        page = (await reviewed.site.get(url, ALICE)).text
        rows = (await reviewed.site.get(f"{reviewed.url}/-/labelled", ALICE)).text
        own_page = (await reviewed.site.get(f"{reviewed.url}/-/scores", ALICE)).text
    feeling = own["outputs"]["feeling"]
    assert feeling["accuracy"]["count"] == 2 and feeling["accuracy"]["of"] == 3
    assert feeling["macro_f1"] == pytest.approx(2 / 3)
    assert feeling["labels"]["glad"]["recall"] == {"count": 1, "of": 2}
    assert {"expected": "glad", "said": "sad", "count": 1} in feeling["confusion"]
    # Without labels of its own it is held against those that there are.
    assert better["labelled"] == reviewed.run.id
    assert better["outputs"]["feeling"]["labels"]["glad"]["f1"] == 1
    assert "66.7% of 3 rows right (95%: 21-94%), macro F1 0.50." in page
    assert "said (nothing)" in page
    left_out = "Not counted: 1 row rejected without a correction"
    assert left_out in page and "too high" not in page
    assert left_out in own_page and "the shares below are too high" in own_page
    assert f"{reviewed.url}/-/scores" in rows


@pytest.mark.asyncio
async def test_scores_are_for_readers_of_the_table_and_of_one_table(tmp_path: Path) -> None:
    hidden = {"databases": {"shops": {"tables": {"remark": {"allow": {"id": "alice"}}}}}}
    async with reviewed_site(tmp_path, config=hidden) as reviewed:
        await labelled(reviewed)
        url = f"{reviewed.url}/-/scores"
        assert (await reviewed.site.get(url, {"id": "bob"})).status_code in (403, 404)
        nobody = await reviewed.site.get(f"{url}.json?labelled={'0' * 24}", ALICE)
        assert nobody.status_code == 404
        asked = asking(template="What is {{ item }}?")
        other = await make_run(reviewed.site, {(1,): {"feeling": "glad"}}, asked, table="sale")
        wrong = await reviewed.site.get(f"{url}.json?labelled={other.id}", ALICE)
    assert wrong.status_code == 400 and "another table" in wrong.json()["error"]
