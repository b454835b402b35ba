"""How much may be in flight after refusals and successes, and what a run may spend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.engine.concurrency import Breaker, Concurrency
from datasette_llm_tools.enrichments.engine.spending import Bill, Purse
from datasette_llm_tools.prompt import Usage


def test_refusals_of_one_round_trip_halve_once() -> None:
    concurrency = Concurrency(64)
    epoch = concurrency.epoch
    for _ in range(40):
        concurrency.overloaded(epoch)
    assert concurrency.allowed == 32
    concurrency.overloaded(concurrency.epoch)
    assert concurrency.allowed == 16


def test_it_creeps_back_by_about_one_a_round_trip() -> None:
    concurrency = Concurrency(64)
    for _ in range(3):
        concurrency.overloaded(concurrency.epoch)
    assert concurrency.allowed == 8
    for _ in range(8):
        concurrency.succeeded()
    assert concurrency.allowed in (8, 9)
    for _ in range(64 * 64):
        concurrency.succeeded()
    assert concurrency.allowed == 64


@given(st.integers(-3, 300), st.lists(st.integers(0, 2), max_size=300))
def test_it_stays_between_one_and_the_most(most: int, events: list[int]) -> None:
    concurrency = Concurrency(most)
    for number, event in enumerate(events):
        if event == 0:
            concurrency.overloaded(concurrency.epoch)
        elif event == 1:
            concurrency.succeeded()
        else:
            concurrency.limit(number)
        assert 1 <= concurrency.allowed <= concurrency.most


def test_another_limit() -> None:
    concurrency = Concurrency(4)
    concurrency.limit(20)
    assert concurrency.allowed == 20  # nothing had been learnt
    concurrency.overloaded(concurrency.epoch)
    concurrency.limit(40)
    assert concurrency.allowed == 10  # what was learnt stays
    concurrency.limit(3)
    assert concurrency.allowed == 3


def test_the_breaker_counts_in_a_row() -> None:
    breaker = Breaker(3)
    for failed in (True, True, False, True, True):
        breaker.failed() if failed else breaker.succeeded()
    assert not breaker.is_tripped
    breaker.failed()
    assert breaker.is_tripped


@given(st.lists(st.floats(0, 5), max_size=60), st.floats(0, 20), st.floats(0, 20))
def test_a_purse_is_never_overdrawn(prices: list[float], limit: float, before: float) -> None:
    purse = Purse(limit, before)
    open_: list[float] = []
    for number, usd in enumerate(prices):
        if purse.has(usd):
            purse.reserve(usd)
            open_.append(usd)
        if open_ and number % 3 == 0:
            reserved = open_.pop(0)
            purse.settle(reserved, reserved * 0.7)
        assert purse.spent_usd <= max(limit, before) + 1e-9
    for reserved in open_:
        purse.settle(reserved, reserved)
    assert purse.reserved_usd == 0 and purse.spent_usd <= max(limit, before) + 1e-9


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_bill_for_several_rows_is_shared_out_whole(count: int) -> None:
    bill = Bill()
    bill.add(Usage(100, 20), 0.7)
    parts = [bill.share(number, count) for number in range(count)]
    assert sum((part.usage for part in parts), Usage()) == Usage(100, 20)
    assert sum(part.usd or 0 for part in parts) == pytest.approx(0.7)


def test_a_bill_with_an_unknown_price_stays_unknown() -> None:
    bill = Bill()
    bill.add(Usage(1, 1), None)
    bill.add(Usage(1, None), 0.5)
    assert bill.usd is None and bill.usage == Usage(2, None) and bill.is_paid
    assert not Bill().is_paid
