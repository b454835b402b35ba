"""Cases that were edited since a run asked them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasette_llm_tools.evals.editions import answered, compared, edition_of, is_changed
from datasette_llm_tools.evals.values import Case, CaseResult, ExpectedRows, Instead, Verdict

CASE = Case("c1", "How many  sales?", "/data/shops.db", ("SELECT count(*)\nFROM sale",))
RIGHT = CaseResult("c1", Verdict.RIGHT, edition=edition_of(CASE))


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({}, False),
        ({"id": "c2"}, False),
        ({"tags": ("easy",)}, False),
        ({"database": "shops"}, False),
        ({"question": "How many sales?"}, False),
        ({"accepted": ("SELECT count(*) FROM sale",)}, False),
        ({"question": "How many shops?"}, True),
        ({"database": "markets"}, True),
        ({"accepted": ("SELECT count(id) FROM sale",)}, True),
        ({"accepted": (*CASE.statements, "SELECT 3")}, True),
        ({"accepted": (ExpectedRows(((3,),)),)}, True),
        ({"accepted": Instead.CANNOT}, True),
    ],
)
def test_what_makes_another_case(change: dict[str, object], is_another: bool) -> None:
    assert is_changed(replace(CASE, **change), RIGHT) is is_another  # type: ignore[arg-type]  # a table of changes


def test_nothing_is_said_of_results_without_a_mark() -> None:
    other = replace(CASE, question="Another?")
    assert not is_changed(other, replace(RIGHT, edition=""))


def test_a_changed_case_is_to_be_asked_again() -> None:
    other = replace(CASE, id="c2", question="Another?")
    results = [RIGHT, replace(RIGHT, case_id="c2"), replace(RIGHT, case_id="gone")]
    assert answered([CASE, other], results) == {"c1", "gone"}


@pytest.mark.parametrize(
    ("edition", "verdict", "cases"),
    [
        (RIGHT.edition, Verdict.WRONG, 1),
        ("", Verdict.WRONG, 1),
        ("another", Verdict.WRONG, 0),
        (RIGHT.edition, Verdict.UNSCORED, 0),
    ],
)
def test_runs_are_compared_by_the_same_questions(
    edition: str, verdict: Verdict, cases: int
) -> None:
    test = compared([RIGHT], [replace(RIGHT, edition=edition, verdict=verdict)])
    assert (test.cases, test.only_first) == (cases, cases)
