"""Rows of two results beside each other, checked against SQLite; and what is said of agreement."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.queries import QueryResult
from datasette_llm_tools.questions.agreeing.row_difference import row_difference
from datasette_llm_tools.questions.agreeing.sentences import (
    agreement_words,
    difference_words,
    escalation_words,
)
from datasette_llm_tools.questions.agreeing.values import Escalation
from datasette_llm_tools.questions.values import Agreement, Group

CELLS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["", "a", "b", "1"]))
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=12)


def result(columns: str, *rows: tuple[Any, ...], truncated: bool = False) -> QueryResult:
    return QueryResult(tuple(columns.split()), tuple(rows), truncated, 1.0, (), frozenset())


@given(ROWS, ROWS)
def test_differences_are_those_of_sqlite(
    left: list[tuple[Any, Any]], right: list[tuple[Any, Any]]
) -> None:
    found = row_difference(result("x y", *left), result("y x", *((y, x) for x, y in right)))
    only_right = [(x, y) for y, x in found.only_other]
    # As multisets: what is left of each when the other has taken its rows away.
    assert Counter(found.only_answer) == Counter(left) - Counter(right)
    assert Counter(only_right) == Counter(right) - Counter(left)
    assert found.same == len(left) - len(found.only_answer) == len(right) - len(only_right)
    # As sets, by SQLite: rows of one side alone are among those.
    connection = sqlite3.connect(":memory:")
    try:
        for name, rows in (("l", left), ("r", right)):
            connection.execute(f"create table {name} (x, y)")
            connection.executemany(f"insert into {name} values (?, ?)", rows)
        for told, sql in (
            (found.only_answer, "select * from l except select * from r"),
            (only_right, "select * from r except select * from l"),
        ):
            assert set(connection.execute(sql)) <= set(told)
    finally:
        connection.close()


def test_columns_go_together_by_name_then_by_what_is_in_them() -> None:
    answer = result("name sales", ("Corner", 2), ("Market", 1))
    other = result("shop total city", ("Market", 1, "Linz"), ("Corner", 2, "Graz"))
    found = row_difference(answer, other)
    assert (found.same, found.only_answer, found.columns_only_other) == (2, (), ("city",))
    assert not found.is_none
    assert difference_words(found) == "The same rows; only this one has the column city."


def test_one_number_against_another() -> None:
    found = row_difference(result("count(*)", (336,)), result("n", (328,), truncated=True))
    assert (found.only_answer, found.only_other, found.is_partial) == (((336,),), ((328,),), True)
    assert difference_words(found) == (
        "336 in the answer, 328 here. Only of the rows that were read: there are more."
    )


def test_order_alone_is_no_difference() -> None:
    found = row_difference(result("a", (1,), (2.0,)), result("a", (2,), (1,)))
    assert found.is_none
    assert difference_words(found) == "By now both return the same rows."


def group(votes: int, sql: str = "a", second: bool = False) -> Group:
    return Group(sql, votes, ("n",), 1, second=second)


@pytest.mark.parametrize(
    ("votes", "failed", "said"),
    [
        ((4,), 0, "All 4 statements agree."),
        ((2,), 0, "Both statements agree."),
        ((3,), 1, "3 of 4 statements agree; 1 did not run."),
        ((1,), 3, "Only one of 4 statements ran."),
        ((5, 2, 1), 0, "5 of 8 statements agree: look at the others below."),
        ((7, 1), 0, "7 of 8 statements agree; 1 differs."),
        ((1, 1, 1), 0, "No two of 3 statements agree: look at the others below."),
        ((4, 2), 2, "4 of 8 statements agree: look at the others below. 2 did not run."),
    ],
)
def test_what_is_said_of_votes(votes: tuple[int, ...], failed: int, said: str) -> None:
    groups = tuple(group(each, str(number)) for number, each in enumerate(votes))
    told = Agreement(sum(votes) + failed, groups, failed)
    assert agreement_words(told, groups[0]) == said


def test_what_is_said_of_other_statements_than_the_leading_one() -> None:
    groups = (group(5, "a"), group(3, "b"))
    told = Agreement(8, groups)
    assert agreement_words(told, groups[1]).startswith("You took a statement with which 3 of 8")
    assert agreement_words(told, None) == (
        "You wrote this statement. Of the model's, 5 of 8 agreed with each other."
    )
    assert agreement_words(Agreement(4, (group(1, "a"),), 3), None) == (
        "You wrote this statement. Of the model's, no two of 4 agreed with each other."
    )
    second = (group(1, "c", second=True), *groups)
    assert agreement_words(Agreement(9, second), second[0]) == (
        "The second model's statement decided; 1 of 9 agrees with it."
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            Escalation("m", 3, 8, 60, True, 0.25),
            "Asked m too, because only 3 of 8 agreed, and took its answer; it cost $0.25.",
        ),
        (Escalation("m", 0, 8, 60, True, 0.0), "because no statement ran"),
        (Escalation("m", 3, 8, 60, True, None), "the price is not known"),
        (Escalation("m", 3, 8, 60, True, None, "It broke."), "it did not help: It broke."),
        (Escalation("m", 7, 8, 60, False, 0.5), "m was not needed, as 7 of 8 agreed: $0.50 saved."),
        (Escalation("m", 7, 8, 60, False, None), "m was not needed: 7 of 8 agreed."),
    ],
)
def test_what_is_said_of_a_second_model(told: Escalation, said: str) -> None:
    assert said in escalation_words(told)
