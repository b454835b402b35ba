"""Votes of statements: who leads, when it is settled, and what counts as the same result."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.queries import QueryResult
from datasette_llm_tools.questions.candidates import Ballot, result_key, rounds

Rows = list[tuple[object, ...]]


def result(*rows: tuple[object, ...]) -> QueryResult:
    names = tuple(f"c{number}" for number in range(len(rows[0]) if rows else 1))
    return QueryResult(names, rows, False, 1.0, (), frozenset())  # type: ignore[arg-type]  # any values


ONE, TWO, NONE, NULL = result((1,)), result((2,)), result(), result((None,))


def ballot(*results: QueryResult | None, expected: int = 8) -> Ballot:
    counted = Ballot(expected)
    for number, each in enumerate(results):
        counted.add(f"SELECT {number}", each)
    return counted


@pytest.mark.parametrize(
    ("results", "leader", "votes"),
    [
        ([ONE], ONE, 1),
        ([ONE, TWO], ONE, 1),  # the first of equals
        ([ONE, TWO, TWO], TWO, 2),
        ([NONE, NONE, ONE], ONE, 1),  # rows before none
        ([NULL, NULL, ONE], ONE, 1),
        ([NONE, None], NONE, 1),
        ([None, None], None, 0),
        ([None, ONE, None], ONE, 1),
    ],
)
def test_the_leader(
    results: list[QueryResult | None], leader: QueryResult | None, votes: int
) -> None:
    counted = ballot(*results)
    assert counted.leader == leader
    assert counted.agreement.votes == votes
    assert counted.agreement.asked == len(results)
    assert counted.agreement.failed == results.count(None)


@pytest.mark.parametrize(
    ("results", "settled"),
    [
        ([ONE, ONE, ONE], False),
        ([ONE, ONE, ONE, ONE], True),  # nobody disagrees
        ([ONE, TWO, ONE, ONE], False),
        ([ONE, TWO, ONE, ONE, ONE, ONE], True),  # two more cannot change it
        ([ONE, TWO, ONE, TWO, ONE, TWO, ONE, TWO], False),
        ([None, None, None, None], False),
    ],
)
def test_when_it_is_settled(results: list[QueryResult | None], settled: bool) -> None:
    assert ballot(*results).is_settled is settled


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], True),
        ([(1, "a")], [("a", 1)], True),
        ([(1,), (1,)], [(1,)], False),
        ([(1.0000000001,)], [(1.0,)], True),
        ([(1.5,)], [(1.6,)], False),
        ([("a ",)], [("a",)], True),
        ([("1",)], [(1,)], False),
        ([(1, 2)], [(1,)], False),
        ([(None,)], [("None",)], False),
    ],
)
def test_what_is_the_same(left: Rows, right: Rows, same: bool) -> None:
    assert (result_key(result(*left)) == result_key(result(*right))) is same


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), min_size=1), st.randoms())
def test_order_never_counts(rows: Rows, random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    swapped = [(second, first) for first, second in shuffled]
    assert result_key(result(*rows)) == result_key(result(*swapped))


@pytest.mark.parametrize(
    ("candidates", "wanted"),
    [(1, []), (2, [1]), (4, [3]), (5, [3, 1]), (8, [3, 4]), (20, [3, 4, 8, 4])],
)
def test_rounds(candidates: int, wanted: list[int]) -> None:
    assert list(rounds(candidates)) == wanted
