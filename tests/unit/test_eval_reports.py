"""A report counts what was scored, takes it apart, and compares runs case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasette_llm_tools.evals.reports import (
    head_and_rows,
    notes,
    part_rows,
    report_json,
)
from datasette_llm_tools.evals.statistics import Share
from datasette_llm_tools.evals.summaries import Reported, pairs, parts, summary
from datasette_llm_tools.evals.values import (
    Case,
    CaseResult,
    EvalRun,
    Instead,
    Plan,
    RunStatus,
    Verdict,
)

RIGHT, WRONG, UNSCORED = Verdict.RIGHT, Verdict.WRONG, Verdict.UNSCORED
CASES = [
    Case("1", "?", "/data/a.db", ("SELECT x FROM t",), ("easy", "dates")),
    Case("2", "?", "/data/a.db", ("SELECT x FROM t JOIN u USING (id)",), ("hard",)),
    Case("3", "?", "/data/b.db", ("SELECT y FROM v ORDER BY z",), ("hard",)),
    Case("4", "?", "/data/b.db", Instead.CANNOT),
]


def result(case: str, verdict: Verdict, seconds: float = 1.0, **more: object) -> CaseResult:
    made = CaseResult(case, verdict, seconds=seconds, calls=1, input_tokens=10, usd=0.5)
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a result


def reported(name: str, *results: CaseResult) -> Reported:
    run = EvalRun("r", "s", Plan(name), len(CASES), RunStatus.DONE, "2030-01-01")
    return Reported(name, run, results)


RESULTS = [
    result("1", RIGHT, 1.0),
    result("2", WRONG, 2.0, variants=2, variants_wrong=1),
    result("3", RIGHT, 9.0, accepted_empty=True),
    result("4", UNSCORED, 0.0, error="no such table: v"),
]


def test_what_could_not_be_scored_is_in_no_share() -> None:
    told = summary(RESULTS)
    assert told.right == Share(2, 3)
    assert told.share(WRONG) == Share(1, 3)
    assert told.counts[UNSCORED] == 1
    assert (told.calls, told.input_tokens, told.usd) == (3, 30, 1.5)
    assert told.median_seconds == 2.0 and told.p95_seconds == pytest.approx(8.3)
    assert (told.accepted_empty, told.variants, told.by_luck) == (1, 1, 1)


def test_what_is_unknown_of_one_answer_is_unknown_of_all() -> None:
    told = summary([*RESULTS, result("5", RIGHT, usd=None, input_tokens=None)])
    assert told.usd is None and told.input_tokens is None


def test_no_results() -> None:
    told = summary([])
    assert told.right == Share(0, 0) and told.median_seconds is None
    assert head_and_rows([reported("m")])[1][0][:4] == ["m", "0", "", ""]


def test_parts() -> None:
    assert parts(CASES, RESULTS) == {
        "set": {"easy": Share(1, 1), "hard": Share(1, 2)},
        "kind": {"join": Share(0, 1), "order": Share(1, 1), "simple": Share(1, 1)},
        "database": {"a": Share(1, 2), "b": Share(1, 1)},
        "table": {"a.t": Share(1, 2), "a.u": Share(0, 1), "b.v": Share(1, 1)},
    }
    assert parts(CASES[:1], RESULTS) == {}


def test_of_many_tables_the_worst_are_shown() -> None:
    cases = [Case(str(n), "?", "a.db", (f"SELECT 1 FROM t{n:02}",)) for n in range(50)]
    results = [result(str(n), RIGHT if n < 40 else WRONG) for n in range(50)]
    _, rows = part_rows(cases, [reported("m", *results)])
    assert len(rows) == 20
    assert [row[1] for row in rows[:10]] == [f"a.t{n}" for n in range(40, 50)]
    assert rows[0] == ["worst 20 tables", "a.t40", "1", "0.0% (0-79)"]


def test_two_runs_are_paired() -> None:
    first = reported("one", *RESULTS)
    second = reported("two", result("1", RIGHT), result("2", RIGHT), result("4", RIGHT))
    ((left, right, test),) = pairs([first, second])
    assert (left.name, right.name) == ("one", "two")
    assert (test.both, test.only_first, test.only_second, test.cases) == (1, 0, 1, 2)
    said = list(notes(4, [first, second]))
    assert said == [
        "one: Not scored: 1, as 4: no such table: v",
        "one: Accepted results without rows, which say little: 1.",
        "one: Judged on changed copies, too: 1; of these right by luck: 1.",
        "two: 3 of 4 cases so far.",
        "two against one: 1 only there right, 0 only here, of 2; McNemar p = 1.000.",
    ]
    heads, rows = part_rows(CASES, [first, second])
    assert heads == ["by", "", "cases", "one", "two"]
    assert ["set", "hard", "2", "50.0% (9-91)", "100.0% (21-100)"] in rows


def test_json_has_every_result_and_share() -> None:
    told = report_json("s", CASES, [reported("one", *RESULTS), reported("two", *RESULTS)])
    assert told["suite"] == "s" and told["cases"] == 4
    run = told["runs"][0]
    assert run["right"] == {
        "count": 2,
        "of": 3,
        "low": pytest.approx(0.2077, abs=1e-4),
        "high": pytest.approx(0.9385, abs=1e-4),
    }
    assert run["verdicts"]["right"] == 2 and run["verdicts"]["unscored"] == 1
    assert set(run["verdicts"]) == {each.value for each in Verdict}
    assert run["by"]["kind"]["join"]["of"] == 1
    assert [each["verdict"] for each in run["results"]] == ["right", "wrong", "right", "unscored"]
    assert told["pairs"][0]["p"] == 1.0


def test_a_chance_that_rounds_to_nothing_is_said_to_be_below() -> None:
    cases = [str(number) for number in range(12)]
    worse = reported("one", *(result(each, WRONG) for each in cases))
    better = reported("two", *(result(each, RIGHT) for each in cases))
    assert list(notes(12, [worse, better])) == [
        "two against one: 12 only there right, 0 only here, of 12; McNemar p below 0.001."
    ]
