"""The arithmetic of runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.jobs import (
    Progress,
    estimate,
    is_dead,
    may_become,
    owner,
    progress,
    rows_to_settle,
    wilson,
)
from datasette_llm_tools.enrichments.values import Counts, RunStatus

PREVIEW = Counts(total=4, done=4, input_tokens=400, output_tokens=40, usd=0.04, seconds=8.0)


def test_a_preview_is_scaled_to_all_rows() -> None:
    found = estimate(PREVIEW, 1_000)
    assert (found.rows, found.tokens) == (1_000, 110_000)
    assert found.usd_low == pytest.approx(10 / 1.5)
    assert found.usd_high == pytest.approx(10 * 1.5)
    assert found.seconds_low == pytest.approx(2_000 / 1.5)
    assert found.seconds_high == pytest.approx(2_000 * 1.5)


def test_one_row_tells_less_than_twenty() -> None:
    def width(rows: int) -> float:
        found = estimate(Counts(done=rows, usd=1.0 * rows), 100)
        assert found.usd_low and found.usd_high
        return found.usd_high / found.usd_low

    assert width(1) == pytest.approx(4)
    assert width(20) < 1.5


def test_skipped_rows_of_a_preview_cost_nothing_in_the_whole_either() -> None:
    with_empty = estimate(Counts(done=2, skipped=2, usd=0.02), 100)
    without = estimate(Counts(done=2, usd=0.02), 100)
    assert with_empty.usd_high and without.usd_high
    assert with_empty.usd_high == pytest.approx(without.usd_high / 2)


@pytest.mark.parametrize("counts", [Counts(done=2, usd=None), Counts(done=2, usd=0.01, unpriced=1)])
def test_a_price_that_is_not_known_is_not_made_up(counts: Counts) -> None:
    found = estimate(counts, 100)
    assert (found.usd_low, found.usd_high) == (None, None)


def test_nothing_previewed_gives_no_estimate() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        estimate(Counts(unchanged=3), 100)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(), Progress(None, None, None)),
        (Counts(total=10), Progress(None, None, 0.0)),
        (Counts(total=0), Progress(None, 0.0, 1.0)),
        (Counts(total=10, done=3, failed=1, seconds=2.0), Progress(2.0, 3.0, 0.4)),
        (Counts(total=10, done=10, seconds=5.0), Progress(2.0, 0.0, 1.0)),
        (Counts(total=10, done=12, seconds=6.0), Progress(2.0, 0.0, 1.0)),
        (Counts(done=3, seconds=2.0), Progress(1.5, None, None)),
    ],
)
def test_progress_is_told_from_counts(counts: Counts, expected: Progress) -> None:
    assert progress(counts) == expected


def test_progress_of_late_counts_from_an_earlier_moment() -> None:
    earlier = Counts(total=100, done=10, seconds=100.0)
    now = Counts(total=100, done=30, seconds=102.0)
    assert progress(now, earlier) == Progress(10.0, 7.0, 0.3)
    assert progress(earlier, earlier).seconds_left is None


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Reference values of Newcombe, Statistics in Medicine 17 (1998), table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=0.00006)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_holds_the_share(successes: int, failures: int) -> None:
    n = successes + failures
    low, high = wilson(successes, n)
    assert 0 <= low < high <= 1
    if n:
        assert low <= successes / n <= high


def test_what_is_no_share_has_no_interval() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


def test_a_run_goes_from_status_to_status() -> None:
    every = set(RunStatus)
    following = {status: {each for each in every if may_become(status, each)} for status in every}
    assert following[RunStatus.UNDONE] == set()
    assert RunStatus.DONE not in following[RunStatus.WAITING]
    assert RunStatus.RUNNING in following[RunStatus.RUNNING]
    for status in every:
        # What holds its columns is not undone, and what has ended is not simply running again.
        assert (RunStatus.UNDONE in following[status]) <= (not status.is_active)
        assert (RunStatus.RUNNING in following[status]) <= status.is_active
    assert {status for status in every if RunStatus.WAITING in following[status]} == {
        RunStatus.RUNNING,
        RunStatus.PAUSED,
        RunStatus.DONE,
        RunStatus.CANCELLED,
        RunStatus.STOPPED,
    }


def other_owner(*, host: str | None = None, pid: int | None = None, token: str = "x") -> str:
    ours, number, _ = owner().split(":")
    return f"{host or ours}:{pid or number}:{token}"


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("counts", "limit", "rows"),
    [
        (Counts(), 5, None),
        (Counts(total=100), None, 100),
        (Counts(total=100), 5, 5),
        (Counts(total=3), 5, 3),
        (Counts(total=100, done=3, failed=2, skipped=4, unchanged=10), 5, 19),
        (Counts(total=100, done=2, unchanged=97), 50, 100),
        (Counts(total=100, done=103), None, 103),
    ],
)
def test_rows_that_will_be_settled(counts: Counts, limit: int | None, rows: int | None) -> None:
    assert rows_to_settle(counts, limit) == rows


def test_a_lease_ends_with_its_time() -> None:
    assert is_dead(owner(), until=100.0, now=100.0)
    assert is_dead(other_owner(host="elsewhere"), until=99.0, now=100.0)
    assert not is_dead(owner(), until=101.0, now=100.0)
    assert not is_dead(other_owner(host="elsewhere"), until=101.0, now=100.0)


def test_a_lease_ends_with_its_process_on_this_host_only() -> None:
    gone = ended_process()
    assert is_dead(other_owner(pid=gone), until=101.0, now=100.0)
    assert not is_dead(other_owner(pid=gone, host="elsewhere"), until=101.0, now=100.0)
    assert not is_dead(other_owner(pid=os.getppid()), until=101.0, now=100.0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux shows a zombie")
def test_a_process_that_has_ended_and_was_not_waited_for_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        assert is_dead(other_owner(pid=process.pid), until=101.0, now=100.0)


def test_an_earlier_process_of_our_number_is_dead() -> None:
    assert is_dead(other_owner(), until=101.0, now=100.0)


@pytest.mark.parametrize("strange", ["", ":", "::", "host", "host:x:y"])
def test_an_owner_that_cannot_be_read_keeps_its_lease_for_its_time(strange: str) -> None:
    assert not is_dead(strange, until=101.0, now=100.0)
    assert is_dead(strange, until=99.0, now=100.0)


def test_a_number_that_no_process_has_is_dead() -> None:
    assert is_dead(other_owner(pid=10**30), until=101.0, now=100.0)
