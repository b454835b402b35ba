"""The arithmetic of runs: estimates, progress, accuracy, what may follow what, leases. Pure.

Times are seconds; moments are seconds since the epoch.
"""

from __future__ import annotations

import math
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from .values import Counts, RunStatus

_TOKEN = secrets.token_hex(4)
_Z = 1.959964  # of the normal distribution: 95% lie within so many deviations


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a whole run would take, from a preview. Money is None where a price is unknown.

    `seconds_*` are the model's time for one row after another: divide by the rows that
    it works on at the same time.
    """

    rows: int
    usd_low: float | None
    usd_high: float | None
    seconds_low: float
    seconds_high: float
    tokens: int


def estimate(counts: Counts, rows: int) -> Estimate:
    """Scale what a preview took to `rows`; the more rows it had, the narrower the range.

    Taking the cost of rows to differ by half of its mean (standard deviation), two
    standard errors of the mean of n rows are 1 / sqrt(n) of it; hence the range.
    Raises ValueError for a preview without rows.
    """
    previewed = counts.settled - counts.unchanged
    if previewed < 1:
        raise ValueError("an estimate needs a preview of at least one row")
    scale = rows / previewed
    factor = 1 + 1 / math.sqrt(max(1, counts.done + counts.failed))
    usd = None if counts.unpriced else counts.usd
    return Estimate(
        rows=rows,
        usd_low=None if usd is None else usd * scale / factor,
        usd_high=None if usd is None else usd * scale * factor,
        seconds_low=counts.seconds * scale / factor,
        seconds_high=counts.seconds * scale * factor,
        tokens=round((counts.input_tokens + counts.output_tokens) * scale),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run is getting on; None where it cannot be told yet. `share` is from 0 to 1."""

    rows_per_second: float | None
    seconds_left: float | None
    share: float | None


def progress(counts: Counts, earlier: Counts | None = None) -> Progress:
    """Speed and what is left, since an `earlier` moment of the same run or since its start."""
    rows = counts.settled - (earlier.settled if earlier else 0)
    seconds = counts.seconds - (earlier.seconds if earlier else 0.0)
    speed = rows / seconds if rows > 0 and seconds > 0 else None
    if counts.total is None:
        return Progress(speed, None, None)
    left = max(0, counts.total - counts.settled)
    return Progress(
        rows_per_second=speed,
        seconds_left=0.0 if not left else left / speed if speed else None,
        share=min(1.0, counts.settled / counts.total) if counts.total else 1.0,
    )


def rows_to_settle(counts: Counts, limit: int | None) -> int | None:
    """How many rows are settled at the end, where `counts.total` were chosen; None as that is.

    A limit is of rows that are asked about. Those skipped and unchanged come on top, as far as
    they were met; so do rows that were added while the run went on.
    """
    if counts.total is None:
        return None
    most = counts.total
    if limit is not None:
        most = min(most, limit + counts.skipped + counts.unchanged)
    return max(most, counts.settled)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share, `successes` of `n`, by E. B. Wilson's score (1927).

    It holds for few cases and for shares near 0 and 1; without cases it is (0, 1).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    if n == 0:
        return 0.0, 1.0
    share, square = successes / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == n else min(1.0, middle + half)


_NEXT: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.WAITING: frozenset(
        {RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.CANCELLED, RunStatus.STOPPED}
    ),
    RunStatus.RUNNING: frozenset(
        {
            RunStatus.RUNNING,  # taken over from a worker that died
            RunStatus.WAITING,  # given back by a server that ends
            RunStatus.PAUSED,
            RunStatus.DONE,
            RunStatus.CANCELLED,
            RunStatus.STOPPED,
        }
    ),
    RunStatus.PAUSED: frozenset({RunStatus.WAITING, RunStatus.CANCELLED, RunStatus.STOPPED}),
    # What has ended begins again to ask about its failed rows, or is undone.
    RunStatus.DONE: frozenset({RunStatus.WAITING, RunStatus.UNDONE}),
    RunStatus.CANCELLED: frozenset({RunStatus.WAITING, RunStatus.UNDONE}),
    RunStatus.STOPPED: frozenset({RunStatus.WAITING, RunStatus.UNDONE}),
    RunStatus.UNDONE: frozenset(),
}


def may_become(status: RunStatus, following: RunStatus) -> bool:
    """Whether a run in one status may go over to another."""
    return following in _NEXT[status]


def owner() -> str:
    """This process as the owner of a lease: `host:pid:token`, the token new in each process."""
    return f"{_host()}:{os.getpid()}:{_TOKEN}"


def is_dead(owner: str, until: float, now: float) -> bool:
    """Whether whoever holds a lease until `until` is surely gone, so that another may take it.

    Its time is over, or its process was on this host and is there no more. A process of
    ours with our number and another token is an earlier one: in a container that starts
    again, the server has the same number each time.
    """
    if until <= now:
        return True
    host, _, process = owner.partition(":")
    number, _, token = process.partition(":")
    if host != _host() or not number.isdecimal():
        return False
    if int(number) == os.getpid():
        return token != _TOKEN
    return not _runs(int(number))


def _host() -> str:
    """This machine, and which processes it shows: containers of one name have their own."""
    try:
        processes = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:  # not Linux
        processes = ""
    return f"{socket.gethostname().replace(':', '-')}/{processes}"


def _runs(number: int) -> bool:
    if sys.platform == "win32":
        return True  # os.kill would end it there; its lease runs out soon enough
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not _is_zombie(number)


def _is_zombie(number: int) -> bool:
    """Whether a process has ended and only its parent has not looked, as proc(5) tells it."""
    try:
        told = Path(f"/proc/{number}/stat").read_text("utf-8", "replace")
    except OSError:  # not Linux, or gone by now
        return False
    # Behind the name, which may hold anything, stands the state.
    return told.rpartition(")")[2].split()[:1] == ["Z"]
