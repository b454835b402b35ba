"""A result is the accepted one where its rows are, whatever their order and that of columns."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.evals.bags import same_bag, same_value
from datasette_llm_tools.evals.kinds import Order, kinds_of, order_of, tables_of
from datasette_llm_tools.evals.scoring import Match, Table, compare
from datasette_llm_tools.evals.values import Case

SAME, EXTRA, DIFFERENT = Match.SAME, Match.EXTRA_COLUMNS, Match.DIFFERENT
VALUES = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.25, 1e9, 2**53 + 1, 0.1 + 0.2, float("inf")]),
    st.text("ab ", max_size=2),
    st.sampled_from([b"", b"a", b"\xff"]),
)


def table(*rows: tuple[Any, ...], order: Order | None = None, width: int | None = None) -> Table:
    count = len(rows[0]) if rows else width or 1
    return Table(tuple(f"c{each}" for each in range(count)), rows, order)


@st.composite
def results(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 4))
    return table(*draw(st.lists(st.tuples(*[VALUES] * width), max_size=8)), width=width)


@pytest.mark.parametrize(
    ("accepted", "found", "match"),
    [
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], SAME),
        ([(1, "a"), (2, "b")], [("a", 1), ("b", 2)], SAME),
        ([(1, "a"), (2, "b")], [(1, "b"), (2, "a")], DIFFERENT),
        ([(1,), (1,), (2,)], [(1,), (2,), (2,)], DIFFERENT),
        ([(1,), (1,)], [(1,)], DIFFERENT),
        ([(1,), (2,)], [(1, "a"), (2, "b")], EXTRA),
        ([(1,), (2,)], [("a", 1), ("b", 2)], EXTRA),
        ([(1, 1)], [(1,)], DIFFERENT),
        ([(1, 2)], [(1, 1)], DIFFERENT),
        ([(1, 1)], [(1, 1)], SAME),
        ([("a ",)], [(" a",)], SAME),
        ([("a",)], [("A",)], DIFFERENT),
        ([(1,)], [("1",)], DIFFERENT),
        ([(None,)], [("",)], DIFFERENT),
        ([(None,)], [(0,)], DIFFERENT),
        ([(None, 1)], [(1, None)], SAME),
        ([(b"a",)], [("a",)], DIFFERENT),
        ([(b"a",)], [(b"a",)], SAME),
        ([(b"a",)], [(b"a ",)], DIFFERENT),
        ([(3,)], [(3.0,)], SAME),
        ([(1 / 3,)], [(0.333333333,)], SAME),
        ([(1 / 3,)], [(0.33,)], DIFFERENT),
        ([(0.1 + 0.2, "a"), (0.3, "b")], [(0.3, "b"), (0.3, "a")], SAME),
        ([(1_700_000_000,)], [(1_700_000_001,)], DIFFERENT),
        ([(0,)], [(1e-12,)], SAME),
        ([(1.5, 1), (1.5 + 1e-9, 2)], [(1.5, 2), (1.5, 1)], SAME),
        ([(1.5, 1), (1.5 + 1e-9, 2)], [(1.5, 2), (1.5, 2)], DIFFERENT),
    ],
)
def test_rows(accepted: list[tuple[Any, ...]], found: list[tuple[Any, ...]], match: Match) -> None:
    assert compare(table(*accepted), table(*found)) is match


def test_columns_in_order() -> None:
    accepted = table((1, "a", 2))
    for found, match in [
        ((1, "a", 2), SAME),
        ((2, "a", 1), DIFFERENT),
        ((1, 9, "a", 8, 2), EXTRA),
        ((2, 1, "a"), DIFFERENT),
    ]:
        assert compare(accepted, table(found), columns_in_order=True) is match
    assert compare(accepted, table((2, "a", 1))) is SAME


def test_the_tolerance_is_what_the_suite_says() -> None:
    assert compare(table((1.0,)), table((1.04,)), tolerance=0.05) is SAME
    assert compare(table((1.0,)), table((1.04,)), tolerance=0.01) is DIFFERENT


def test_no_rows_are_the_same_whatever_the_columns_hold() -> None:
    assert compare(table(width=2), table(width=2)) is SAME
    assert compare(table(width=2), table(width=3)) is EXTRA
    assert compare(table(width=2), table(width=1)) is DIFFERENT
    assert compare(table(width=2), table((1, 2))) is DIFFERENT


def test_order_counts_where_it_is_asked_for() -> None:
    rows, other = [("a", 1), ("b", 2)], [("b", 2), ("a", 1)]
    assert compare(table(*rows, order=Order(None)), table(*other)) is DIFFERENT
    assert compare(table(*rows, order=Order((1,))), table(*other)) is DIFFERENT
    assert compare(table(*rows, order=Order(("c1",))), table(*other)) is DIFFERENT
    swapped = [(second, first) for first, second in rows]
    assert compare(table(*rows, order=Order(None)), table(*swapped)) is SAME


def test_rows_with_the_same_key_may_change_places() -> None:
    rows = [("a", 2), ("b", 1), ("c", 1)]
    tied = [("a", 2), ("c", 1), ("b", 1)]
    assert compare(table(*rows, order=Order((1,))), table(*tied)) is SAME
    assert compare(table(*rows, order=Order(("c1",))), table(*tied)) is SAME
    assert compare(table(*rows, order=Order(None)), table(*tied)) is DIFFERENT
    assert compare(table(*rows, order=Order(("hidden",))), table(*tied)) is DIFFERENT
    wrong = [("c", 2), ("a", 1), ("b", 1)]
    assert compare(table(*rows, order=Order((1,))), table(*wrong)) is DIFFERENT
    assert compare(table(*rows, order=Order((1,))), table(*reversed(rows))) is DIFFERENT


def test_rows_tied_in_what_they_do_not_show_may_change_places() -> None:
    rows = [("a",), ("b",), ("c",)]
    known = replace(table(*rows, order=Order(None)), ties=[(2,), (1,), (1,)])
    assert compare(known, table(("a",), ("c",), ("b",))) is SAME
    assert compare(known, table(("b",), ("a",), ("c",))) is DIFFERENT
    assert compare(known, table(("x", "a"), ("y", "c"), ("z", "b"))) is EXTRA


@settings(deadline=None)
@given(results(), st.randoms(use_true_random=False))
def test_shuffled_rows_and_columns_are_the_same(accepted: Table, chance: random.Random) -> None:
    columns = list(range(len(accepted.columns)))
    chance.shuffle(columns)
    rows = [tuple(row[each] for each in columns) for row in accepted.rows]
    chance.shuffle(rows)
    found = Table(accepted.columns, rows)
    assert compare(accepted, found) is SAME
    assert compare(found, accepted) is SAME
    wider = Table((*accepted.columns, "more"), [(*row, "x") for row in rows])
    assert compare(accepted, wider) is EXTRA
    assert compare(wider, accepted) is DIFFERENT


@settings(deadline=None)
@given(results(), results())
def test_what_is_the_same_is_so_both_ways(left: Table, right: Table) -> None:
    assert (compare(left, right) is SAME) == (compare(right, left) is SAME)


@settings(deadline=None)
@given(results(), st.data())
def test_one_other_value_makes_it_wrong(accepted: Table, data: st.DataObject) -> None:
    rows = [list(row) for row in accepted.rows]
    if not rows:
        return
    row, column = data.draw(st.sampled_from(rows)), data.draw(st.integers(0, len(rows[0]) - 1))
    row[column] = "something else"
    assert compare(accepted, Table(accepted.columns, list(map(tuple, rows)))) is DIFFERENT


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 2)), max_size=20), st.data())
def test_rounding_changes_nothing(rows: list[tuple[float, int]], data: st.DataObject) -> None:
    noisy = [(number * (1 + 1e-13), group) for number, group in rows]
    assert same_bag(rows, data.draw(st.permutations(noisy)), 1e-6)


def permuted_bits(width: int, rows: int) -> tuple[Table, Table]:
    """Columns that all hold as many noughts and ones, and the same in another order."""
    chance = random.Random(4)
    columns = []
    for _ in range(width):
        bits = [0] * (rows // 2) + [1] * (rows - rows // 2)
        chance.shuffle(bits)
        columns.append(bits)
    other = columns[:]
    chance.shuffle(other)
    return table(*zip(*columns, strict=True)), table(*zip(*other, strict=True))


def test_many_columns_that_hold_the_same_values() -> None:
    left, right = permuted_bits(30, 40)
    assert compare(left, right) is SAME
    spoiled = [*right.rows[:-1], tuple(1 - each for each in right.rows[-1])]
    assert compare(left, Table(right.columns, spoiled)) is DIFFERENT


def test_columns_that_are_all_alike_are_not_tried_in_every_order() -> None:
    rows = [(number % 2,) * 40 for number in range(10)]
    spoiled = [(*row[:-2], 1 - row[0], 1 - row[0]) for row in rows]
    assert compare(table(*rows), table(*rows)) is SAME
    assert compare(table(*rows), table(*spoiled)) is DIFFERENT


def test_a_large_result_with_rounded_numbers() -> None:
    rows = [(number % 97, number / 7, f"name {number % 1000}") for number in range(20_000)]
    found = [(name, group, number * (1 + 1e-12)) for group, number, name in reversed(rows)]
    assert compare(table(*rows), table(*found)) is SAME
    found[5] = ("name 1", *found[5][1:])
    assert compare(table(*rows), table(*found)) is DIFFERENT


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (10**17, float(10**17 + 16), True),  # a sum of floats
        (10**17, 10**17 + 1, False),
        (float("inf"), float("inf"), True),
        (float("inf"), 1e300, False),
        (float("inf"), float("-inf"), False),
        (-0.0, 0, True),
    ],
)
def test_numbers_at_the_edges(left: float, right: float, same: bool) -> None:
    assert same_value(left, right, 1e-6) is same


@pytest.mark.parametrize(
    ("sql", "order"),
    [
        ("SELECT a FROM t", None),
        ("SELECT a FROM (SELECT a FROM t ORDER BY b)", None),
        ("SELECT a, b FROM t ORDER BY b DESC", Order((1,))),
        ("SELECT a, b AS n FROM t ORDER BY n, 1;", Order((1, 0))),
        ("SELECT count(*) FROM t GROUP BY a ORDER BY COUNT(*) LIMIT 1", Order((0,))),
        ("SELECT t.a FROM t JOIN u USING (id) ORDER BY t.a", Order((0,))),
        ("SELECT a FROM t ORDER BY b", Order(None)),
        ("SELECT * FROM t ORDER BY B", Order(("b",))),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1", Order((0,))),
        ("WITH x AS (SELECT a FROM t ORDER BY a) SELECT a FROM x", None),
        ("not SQL at all ORDER BY x", Order(None)),
        ("not SQL (ORDER BY x)", None),
    ],
)
def test_the_outermost_order(sql: str, order: Order | None) -> None:
    assert order_of(sql) == order


@pytest.mark.parametrize(
    ("sql", "kinds", "tables"),
    [
        ("SELECT a FROM t", "simple", "t"),
        ("SELECT a FROM t JOIN U ON t.id = U.id", "join", "t u"),
        ("SELECT a FROM t, u", "join", "t u"),
        ("SELECT a, count(*) FROM t GROUP BY a ORDER BY 2 LIMIT 1", "group limit order", "t"),
        ("SELECT a FROM t WHERE b IN (SELECT b FROM u)", "nested", "t u"),
        ("WITH x AS (SELECT 1 AS a FROM t) SELECT a FROM x", "nested", "t"),
        ("SELECT a FROM t EXCEPT SELECT a FROM u", "set operation", "t u"),
        ("SELECT strftime('%Y', a) FROM t", "date", "t"),
        ("SELECT a FROM t WHERE d > '2020-01-31'", "date", "t"),
        ("nonsense (", "", ""),
    ],
)
def test_kinds_and_tables(sql: str, kinds: str, tables: str) -> None:
    case = Case("1", "?", "d", (sql,))
    assert " ".join(sorted(each.value for each in kinds_of(case))) == kinds
    assert " ".join(sorted(tables_of(case))) == tables
