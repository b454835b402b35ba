"""Shares, paired tests and percentiles against figures known from elsewhere."""

from __future__ import annotations

import statistics as plain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.evals.statistics import Paired, Share, median, paired, percentile


def test_a_share_with_its_interval() -> None:
    share = Share(72, 120)
    assert share.value == 0.6
    # Wilson's interval of 72 of 120, as statistics packages give it.
    assert share.interval == pytest.approx((0.5106, 0.6832), abs=0.0001)
    assert Share(0, 0).value is None and Share(0, 0).interval == (0.0, 1.0)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (1, 9, 0.021484375),  # 22 of 1,024 throws
        (0, 6, 0.03125),
        (6, 0, 0.03125),
        (0, 2000, 0.0),
    ],
)
def test_the_paired_test(first: int, second: int, p: float) -> None:
    assert Paired(3, first, second, 3).p == pytest.approx(p, abs=1e-12)


def test_cases_of_both_runs_are_paired() -> None:
    first = {"a": True, "b": True, "c": False, "d": False, "only here": True}
    second = {"a": True, "b": False, "c": True, "d": False, "only there": True}
    found = paired(first, second)
    assert found == Paired(1, 1, 1, 1)
    assert found.cases == 4


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_p_is_a_chance_and_the_same_both_ways(first: int, second: int) -> None:
    p = Paired(0, first, second, 0).p
    assert 0 <= p <= 1
    assert p == Paired(0, second, first, 0).p


def test_percentiles() -> None:
    assert percentile([], 0.5) is None
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert percentile(list(range(101)), 0.95) == 95


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_the_median_is_the_middle(values: list[float]) -> None:
    assert median(values) == pytest.approx(plain.median(values))
