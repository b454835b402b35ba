"""How far agreement can be believed, from what came of cases."""

from __future__ import annotations

import pytest

from datasette_llm_tools.evals.calibration import agreement_json, levels, threshold
from datasette_llm_tools.evals.statistics import Share
from datasette_llm_tools.evals.values import CaseResult, Verdict


def results(votes: int, right: int, wrong: int) -> list[CaseResult]:
    """So many right and wrong answers with which `votes` of 8 agree."""
    return [
        CaseResult(
            f"{votes}-{number}",
            Verdict.RIGHT if number < right else Verdict.WRONG,
            calls=2,
            input_tokens=2000,
            output_tokens=160,
            asked=8,
            votes=votes,
        )
        for number in range(right + wrong)
    ]


def test_levels_add_up_from_the_highest() -> None:
    found = levels(results(8, 9, 1) + results(5, 5, 5))
    assert [each.name for each in found][:2] == ["all", "7 of 8 or more"]
    assert (found[0].answers, found[0].right) == (Share(10, 20), Share(9, 10))
    assert found[1].right == Share(9, 10)
    assert (found[3].eighths, found[3].right, found[3].percent) == (5, Share(14, 20), 62)
    assert found[-1].answers == Share(20, 20)


def test_answers_without_a_vote_or_a_score_do_not_count() -> None:
    odd = [
        CaseResult("1", Verdict.RIGHT),
        CaseResult("2", Verdict.UNSCORED, asked=8, votes=8),
        CaseResult("3", Verdict.RIGHT, asked=1, votes=1),
    ]
    assert levels(odd) == () and threshold(odd) is None
    assert agreement_json(odd) == {"levels": [], "escalation_below": None}


@pytest.mark.parametrize(
    ("found", "below"),
    [
        (results(8, 30, 0) + results(4, 10, 20), 100),
        (results(8, 30, 0) + results(6, 20, 2) + results(3, 5, 20), 75),
        (results(8, 10, 30), 100),
        (results(8, 10, 0), None),
        (results(8, 100, 0) + results(1, 1, 0), 12),
    ],
)
def test_the_lowest_level_that_is_right_often_enough(
    found: list[CaseResult], below: int | None
) -> None:
    assert threshold(found) == below


def test_what_is_saved_is_the_price_of_one_statement_each() -> None:
    told = agreement_json(results(8, 10, 0) + results(2, 10, 0), "gpt-4o-mini")
    highest, lowest = told["levels"][0]["saved_usd"], told["levels"][-1]["saved_usd"]
    assert 0 < highest == pytest.approx(lowest / 2)
    assert agreement_json(results(8, 1, 0), "no-such-model")["levels"][0]["saved_usd"] is None
    assert agreement_json(results(8, 1, 0))["levels"][0]["saved_usd"] is None
