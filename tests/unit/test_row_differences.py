"""Rows of today against those that were frozen: which are the same, and what is said."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.explorations.checking.row_differences import (
    MOST_CHANGES,
    differences,
)
from datasette_llm_tools.explorations.checking.row_pairs import Pair, compared
from datasette_llm_tools.explorations.checking.values import RowChange, Verdict
from datasette_llm_tools.explorations.values import Frozen

THEN, NOW = "2024-05-12T10:00:00Z", "2024-06-01T08:30:00Z"
SHOPS = (("Corner", "Graz", 3.5), ("Market", "Linz", 1.25), ("Harbour", "Linz", 8.0))


def frozen(
    rows: Any = SHOPS, columns: tuple[str, ...] = ("shop", "city", "sum"), **more: Any
) -> Frozen:
    given = {"schema_hash": "sha256:s", "taken_at": THEN, **more}
    return Frozen("a" * 12, columns, tuple(map(tuple, rows)), **given)


def now(rows: Any = SHOPS, **more: Any) -> Frozen:
    return frozen(rows, **{"taken_at": NOW, **more})


def test_the_same_rows_are_the_same() -> None:
    found = differences(frozen(), now())
    assert found.verdict is Verdict.SAME and found.changes == ()
    assert (found.block_id, found.verified_at) == ("a" * 12, NOW)
    assert found.message == "The same rows as on 12 May 2024."


def test_another_order_is_said_and_is_no_difference() -> None:
    found = differences(frozen(), now(reversed(SHOPS)))
    assert found.verdict is Verdict.REORDERED and "another order" in found.message
    assert (found.added, found.lost, found.changed) == (0, 0, 0)


def test_rows_are_told_apart_by_their_first_columns() -> None:
    rows = [("Corner", "Graz", 4.5), ("Island", "Wien", 1.0), ("Harbour", "Linz", 8.0)]
    found = differences(frozen(), now(rows))
    assert found.verdict is Verdict.DIFFERENT
    assert found.changes == (
        RowChange(0, ("Corner", "Graz", 3.5), ("Corner", "Graz", 4.5)),
        RowChange(1, None, ("Island", "Wien", 1.0)),
        RowChange(1, ("Market", "Linz", 1.25), None),
    )
    assert found.message == "1 row changed, 1 row added and 1 row lost since 12 May 2024."


def test_a_key_that_stands_last_is_found() -> None:
    before = frozen([(5, "tea"), (6, "milk")], ("number", "item"))
    after = now([(7, "milk"), (5, "tea")], columns=("number", "item"))
    (change,) = differences(before, after).changes
    assert change == RowChange(0, (6, "milk"), (7, "milk"))


@pytest.mark.parametrize(
    ("before", "after", "verdict", "is_said"),
    [
        (0.1 + 0.2, 0.3, Verdict.SAME, True),
        (3.0, 3.0000000000000004, Verdict.SAME, True),
        (3, 3.0, Verdict.SAME, False),
        (1234567890, 1234567891, Verdict.DIFFERENT, False),  # ids, whatever their size
        (1234567890.0, 1234567891.0, Verdict.DIFFERENT, False),
        (1.0, 1.00001, Verdict.DIFFERENT, False),
        (0.0, 1e-12, Verdict.SAME, True),
        (None, 0, Verdict.DIFFERENT, False),
        ("1", 1, Verdict.DIFFERENT, False),
        ("", None, Verdict.DIFFERENT, False),
        (
            {"$base64": True, "encoded": "AA=="},
            {"$base64": True, "encoded": "AA=="},
            Verdict.SAME,
            False,
        ),
        (
            {"$base64": True, "encoded": "AA=="},
            {"$base64": True, "encoded": "AQ=="},
            Verdict.DIFFERENT,
            False,
        ),
        (float(10**300), float(10**300) * (1 + 1e-13), Verdict.SAME, True),
    ],
)
def test_values(before: Any, after: Any, verdict: Verdict, is_said: bool) -> None:
    found = differences(
        frozen([("x", before)], ("a", "b")), now([("x", after)], columns=("a", "b"))
    )
    assert found.verdict is verdict
    assert ("billionth" in found.message) is is_said


def test_rounding_and_another_order_together() -> None:
    rows = [("a", 0.3), ("b", 0.3), ("c", 2.5)]
    again = [("c", 2.5), ("b", 0.1 + 0.2), ("a", 0.3)]
    found = differences(frozen(rows, ("k", "v")), now(again, columns=("k", "v")))
    assert found.verdict is Verdict.REORDERED and "billionth" in found.message


def test_rows_that_are_there_twice_count_twice() -> None:
    found = differences(
        frozen([("a",), ("a",), ("b",)], ("k",)), now([("a",), ("b",), ("b",)], columns=("k",))
    )
    assert (found.verdict, found.added, found.lost, found.changed) == (Verdict.DIFFERENT, 1, 1, 0)


def test_columns_that_came_and_went() -> None:
    rows = [(shop, total, "x") for shop, _, total in SHOPS]
    found = differences(
        frozen(), now(rows, columns=("shop", "sum", "note"), schema_hash="sha256:t")
    )
    assert found.verdict is Verdict.DIFFERENT and found.changes == ()
    assert found.message.startswith("Column note new and column city gone since 12 May 2024.")
    assert found.schema_changed and "not those of then" in found.message
    other = differences(frozen(), now([(1,)], columns=("n",)))
    assert (other.added, other.lost) == (1, 3)


def test_columns_of_one_name_are_told_apart() -> None:
    before = frozen([(1, 2)], ("n", "n"))
    assert differences(before, now([(1, 3)], columns=("n", "n"))).changed == 1
    swapped = differences(frozen([(1, 2)], ("a", "b")), now([(2, 1)], columns=("b", "a")))
    assert "Columns in another order" in swapped.message and swapped.changes == ()


def test_what_does_not_run_is_refused_in_its_own_words() -> None:
    found = differences(
        frozen(), now((), columns=(), refused="no such table: shop", schema_hash="")
    )
    assert (found.verdict, found.message) == (Verdict.REFUSED, "no such table: shop")
    assert not found.schema_changed


def test_long_cells_of_a_change_are_cut() -> None:
    rows = [("a", "x" * 2000, {"$base64": True, "encoded": "AAAA"})]
    (change,) = differences(frozen(), now(rows)).changes[:1]
    assert change.after is not None
    assert (len(change.after[1]), change.after[2]) == (501, "Binary: 3 bytes")


def test_what_had_no_rows_then_is_said() -> None:
    found = differences(frozen((), columns=(), refused="no such table: shop"), now())
    assert found.verdict is Verdict.REFUSED
    assert found.message == "It had no rows when it was published: no such table: shop"


def test_what_was_cut_is_said() -> None:
    assert "more rows than are kept" in differences(frozen(truncated=True), now()).message


def test_many_changes_are_counted_and_some_are_shown() -> None:
    before = frozen([(n, 0) for n in range(500)], ("n", "v"))
    found = differences(before, now([(n, 1) for n in range(500)], columns=("n", "v")))
    assert (found.changed, len(found.changes)) == (500, MOST_CHANGES)


def test_the_results_of_a_widget_are_compared_query_by_query() -> None:
    def widget(rows: list[list[Any]], at: str) -> Frozen:
        same = {"name": "shops", "results": [{"params": {}, "columns": ["n"], "rows": [[1]]}]}
        sales = {"params": {"shop": 1}, "columns": ["item", "n"], "rows": rows}
        more = {"html": "", "queries": [same, {"name": "sales", "results": [sales]}]}
        return Frozen("b" * 12, more=more, taken_at=at)

    then = widget([["tea", 1], ["milk", 2]], THEN)
    assert differences(then, widget([["tea", 1], ["milk", 2]], NOW)).verdict is Verdict.SAME
    found = differences(then, widget([["tea", 1], ["milk", 3]], NOW))
    assert found.message == "In sales: 1 row changed since 12 May 2024."
    assert found.columns_after == ("item", "n")
    gone = replace(then, more={**then.more, "queries": []}, taken_at=NOW)
    assert differences(then, gone).lost == 3


CELLS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["a", "b", ""]))
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)


@given(ROWS, ROWS)
def test_what_is_said_of_two_lists_turns_one_into_the_other(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    found = compared(before, after)
    turned = Counter(before)
    for pair in found.pairs:
        assert pair != Pair(None, None)
        if pair.before is not None:
            turned[before[pair.before]] -= 1
        if pair.after is not None:
            turned[after[pair.after]] += 1
    assert +turned == Counter(after)
    assert found.is_reordered == (not found.pairs and before != after)


@given(ROWS, st.randoms(use_true_random=False))
def test_a_shuffle_is_never_a_difference(before: list[tuple[Any, ...]], by: random.Random) -> None:
    after = list(before)
    by.shuffle(after)
    assert compared(before, after).pairs == ()


def test_wide_rows_that_all_differ() -> None:
    before = [(i % 2, *(f"{i}-{c}" for c in range(100))) for i in range(1000)]
    after = [(i % 2, *(f"{i}+{c}" for c in range(100))) for i in range(1000)]
    assert len(compared(before, after).pairs) == 1000
