"""Plans out of forms, what runs came to in words, and the drawing of runs."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.evals.plans import plan_of, settings_of
from datasette_llm_tools.evals.scatter import Point, scatter
from datasette_llm_tools.evals.statistics import Paired
from datasette_llm_tools.evals.summaries import summary
from datasette_llm_tools.evals.values import CaseResult, EvalRun, Plan, RunStatus, Verdict
from datasette_llm_tools.evals.wording import headline, mcnemar_words, money, plan_words
from datasette_llm_tools.settings import Settings


def test_an_empty_form_is_a_run_of_everything() -> None:
    assert plan_of({}, Settings()) == Plan("")
    assert plan_of({"sample": " ", "seed": "", "settings": "\n"}, Settings()) == Plan("")


def test_a_form_becomes_a_plan() -> None:
    form = {
        "sample": "5",
        "seed": "-2",
        "variants": "3",
        "settings": " repairs = 0 \n\nanswer_in_words=no\nquery_ms=100",
    }
    told = {"repairs": 0, "answer_in_words": False, "query_ms": 100}
    assert plan_of(form, Settings()) == Plan("", told, 5, -2, 3)


@pytest.mark.parametrize(
    "name", ["query_ms", "query_memory_bytes", "query_workers", "max_rows", "max_result_bytes"]
)
def test_what_protects_the_server_is_not_raised(name: str) -> None:
    most = getattr(Settings(), name)
    assert plan_of({"settings": f"{name}={most}"}, Settings()).settings == {name: most}
    with pytest.raises(BadInput, match=f"{name} may be"):
        plan_of({"settings": f"{name}={most + 1}"}, Settings())


def test_an_option_is_named_in_errors() -> None:
    with pytest.raises(BadInput, match=r"^--set x=1: write NAME=VALUE"):
        settings_of(["x=1"], "--set ")


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan("m"), ""),
        (Plan("m", {"repairs": 0}), "repairs=0"),
        (Plan("m", {}, 1200, 7, 1), "1,200 drawn by seed 7, 1 changed copy"),
    ],
)
def test_a_plan_in_words(plan: Plan, said: str) -> None:
    assert plan_words(plan) == said


@pytest.mark.parametrize(
    ("status", "cases", "right", "reason", "said"),
    [
        (RunStatus.WAITING, 4, [], None, "0 of 4 cases, waiting for its turn."),
        (RunStatus.RUNNING, 4, [True, False], None, "2 of 4 cases: 50.0% right (95%: 9-91%)."),
        (RunStatus.STOPPED, 4, [], "It broke.", "0 of 4 cases. It broke."),
        (RunStatus.DONE, 1, [True], None, "The one case: 100.0% right (95%: 21-100%)."),
    ],
)
def test_a_headline(
    status: RunStatus, cases: int, right: list[bool], reason: str | None, said: str
) -> None:
    run = EvalRun("a", "s", Plan("m"), cases, status, "", reason=reason)
    results = [
        CaseResult(str(number), Verdict.RIGHT if each else Verdict.WRONG)
        for number, each in enumerate(right)
    ]
    assert headline(run, len(results), summary(results)) == said


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (Paired(0, 0, 0, 0), "no case in common"),
        (Paired(3, 2, 2, 1), "a draw"),
        (Paired(3, 2, 4, 1), "B is ahead, but take the two for equal: .* in 69 of 100 tries"),
        (Paired(3, 9, 1, 1), "A is better: .* in 2 of 100 tries .*p = 0.021"),
        (Paired(3, 0, 30, 1), "B is better: .* fewer than 1 of 100 tries .*p below 0.001"),
    ],
)
def test_a_paired_test_in_words(test: Paired, said: str) -> None:
    assert re.search(said, " ".join(mcnemar_words("A", "B", test)))


def circles(drawn: str) -> list[tuple[float, float]]:
    found = ElementTree.fromstring(drawn).iter("circle")
    return [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in found]


def drawn(*points: Point) -> str:
    return scatter(points, "Dollars a question", money)


def point(number: int, x: float, value: float = 0.5, **more: Any) -> Point:
    return Point(number, more.get("name", "m"), x, value, value - 0.1, value + 0.1)


def test_a_drawing_puts_dear_runs_right_and_good_ones_high() -> None:
    (cheap, dear) = circles(drawn(point(1, 0.001, 0.5), point(2, 0.004, 0.8)))
    assert cheap[0] < dear[0] and cheap[1] > dear[1]
    assert "$0.004" in drawn(point(1, 0.001), point(2, 0.004))


def test_runs_at_one_place_are_drawn_beside_each_other() -> None:
    places = circles(drawn(*(point(number, 1.0) for number in range(4))))
    assert len(set(places)) == 4


def test_free_runs_are_drawn_at_the_left() -> None:
    assert len(circles(drawn(point(1, 0.0), point(2, 0.0, 0.9)))) == 2


def test_a_model_s_name_is_text() -> None:
    name = '"><script>x</script>'
    root = ElementTree.fromstring(drawn(point(1, 1.0, name=name)))
    assert not list(root.iter("script"))
    assert any(name in (each.text or "") for each in root.iter("title"))
