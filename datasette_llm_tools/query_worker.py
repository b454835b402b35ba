"""The process that runs statements for query_pool.py, and may be killed at any moment.

Started as a script; loads the standard library, query_lines.py and the sql_*.py modules only.
One line comes in, one goes out. Ends when standard input closes.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from contextlib import suppress
from itertools import islice
from types import ModuleType
from typing import Any

# The package without what its __init__ loads: Datasette, and with it half a second.
_package = ModuleType("datasette_llm_tools")
_package.__path__ = [os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH100, PTH120 - pathlib is slow to load
sys.modules.setdefault(_package.__name__, _package)

from datasette_llm_tools.query_lines import decode_line, encode_line
from datasette_llm_tools.sql_guard import Guard
from datasette_llm_tools.sql_judgement import Rejected

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]  # a module or nothing

Answer = dict[str, Any]
WARM_CONNECTIONS = 8
# How long a statement may overrun, inside one long function that cannot be interrupted.
OVERRUN_SECONDS = 0.25


class Connections:
    """Guarded connections kept warm by file and visible tables; a replaced file is opened anew."""

    def __init__(self) -> None:
        self._warm: dict[tuple[Any, ...], Guard] = {}

    def get(self, path: str, immutable: bool, tables: frozenset[str]) -> Guard:
        """Raises sqlite3.Error and OSError when the file cannot be opened."""
        stat = os.stat(path)  # noqa: PTH116 - pathlib is slow to load
        content = (stat.st_size, stat.st_mtime_ns) if immutable else ()
        key = (path, immutable, tables, stat.st_dev, stat.st_ino, *content)
        guard = self._warm.pop(key, None) or Guard(path, immutable=immutable, tables=tables)
        self._warm[key] = guard  # the newest is last
        while len(self._warm) > WARM_CONNECTIONS:
            self._warm.pop(next(iter(self._warm))).close()
        return guard


def size_of(value: Any) -> int:
    """Bytes that a cell counts for."""
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else 8


def take_rows(cursor: sqlite3.Cursor, most_rows: int, most_bytes: int, skip: int) -> Answer:
    """Columns and rows up to the limits, after `skip` of them, and whether there was more."""
    columns = [each[0] for each in cursor.description]
    rows: list[tuple[Any, ...]] = []
    size = 0
    truncated = False
    for row in islice(cursor, skip, None):
        size += sum(map(size_of, row))
        truncated = len(rows) >= most_rows or size > most_bytes
        if truncated:
            break
        rows.append(row)
    return {"columns": columns, "rows": rows, "truncated": truncated}


def limit_process(memory_bytes: int, seconds: float) -> None:
    """Bound this process: its address space, and an alarm that ends it inside any function."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        with suppress(ValueError, OSError):  # macOS refuses it
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def answer(request: dict[str, Any], connections: Connections) -> Answer:
    """Run one request; the answer's `kind` is rows, rejected, failed, late or memory."""
    started = time.perf_counter()
    seconds = request["milliseconds"] / 1000
    limit_process(request["memory_bytes"], seconds + OVERRUN_SECONDS)
    try:
        guard = connections.get(request["path"], request["immutable"], frozenset(request["tables"]))
        guard.deadline = started + seconds
        outcome = guard.run(
            request["sql"],
            request["params"],
            lambda cursor: take_rows(
                cursor, request["rows"], request["result_bytes"], request.get("skip", 0)
            ),
        )
    except MemoryError:
        return {"kind": "memory"}
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        kind = "late" if str(error) == "interrupted" else "failed"
        return {"kind": kind, "message": str(error)}
    finally:
        limit_process(-1, 0)
    if isinstance(outcome, Rejected):
        return {"kind": "rejected", "message": outcome.reason, "name": outcome.name}
    allowed, taken = outcome
    return {
        "kind": "rows",
        **taken,
        "milliseconds": (time.perf_counter() - started) * 1000,
        "tables": sorted(allowed.tables),
        "sources": sorted(allowed.columns),
    }


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    connections = Connections()
    for line in sys.stdin.buffer:
        reply = answer(decode_line(line), connections)
        try:
            written = encode_line(reply)
        except MemoryError:
            reply = {"kind": "memory"}
            written = encode_line(reply)
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        if reply["kind"] == "memory":
            return  # what SQLite still holds goes with the process


if __name__ == "__main__":
    main()
