"""A published snapshot of 20 blocks of 1,000 rows: how soon, how many at once, how large.

    python benchmarks/publish.py [--seconds 10] [--readers 200]

Needs `wrk` (Debian's package of that name). The server that is measured is another process than
the one that published: it has only what it made ready when it started.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from findings import Finding, findings_table, note
from serving import Person, Server, plugins_dir, served
from tables import machine

BLOCKS, ROWS = 20, 1000
WARM_READS = 50
MOST_MS = 50.0
LEAST_PAGES = 300.0
MOST_TIMES = 1.5
CONFIG = {"permissions": {"llm-tools-publish": {"id": "*"}}}
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Read:
    """A page as a visitor got it: milliseconds to its first byte, and the page."""

    first_byte_ms: float
    status: int
    body: bytes


@dataclass(frozen=True)
class Load:
    """What wrk measured; latencies are milliseconds."""

    pages: float
    p50: float
    p99: float
    errors: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--readers", type=int, default=200)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This needs wrk: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as scratch:
        findings = measured(Path(scratch), options.seconds, options.readers)
    print(f"{machine()}\n\n{findings_table(findings)}")
    return int(not all(each.is_reached for each in findings))


def measured(folder: Path, seconds: int, readers: int) -> list[Finding]:
    database = make_database(folder / "sales.db")
    plugins_dir(folder / "server", "query_log.py")
    with served(folder / "server", database=database, config=CONFIG) as server:
        path = published(server)
    with served(folder / "server", database=database, config=CONFIG) as server:
        person = Person(server.port)
        forget(person)
        cold = read(server, path)
        warm = [read(server, path) for _ in range(WARM_READS)]
        load = loaded(server, path, seconds, readers)
        queries, calls = asked_meanwhile(person)
        html, data = (len(person.file(f"{path}/-/export.{each}")) for each in ("html", "json"))
    assert cold.status == 200, cold.body[:300]
    note(f"  {len(cold.body):,} bytes a page, {len(gzip.compress(cold.body, 6)):,} as gzip")
    first = statistics.median(each.first_byte_ms for each in warm)
    slowest = max(each.first_byte_ms for each in warm)
    at_once = f"{readers} readers at once"
    return [
        Finding(
            "first byte, the server's first page", f"<= {MOST_MS:.0f} ms",
            f"{cold.first_byte_ms:.1f} ms", cold.first_byte_ms <= MOST_MS,
        ),
        Finding(
            f"first byte, median of {WARM_READS}", f"<= {MOST_MS:.0f} ms",
            f"{first:.1f} ms (slowest {slowest:.1f})", first <= MOST_MS,
        ),
        Finding(
            f"{at_once}: pages a second", f">= {LEAST_PAGES:.0f}",
            f"{load.pages:,.0f} (half within {load.p50:.0f} ms, 99% within {load.p99:.0f})",
            load.pages >= LEAST_PAGES,
        ),
        Finding(f"{at_once}: errors", "0", str(load.errors), load.errors == 0),
        Finding("statements over the source meanwhile", "0", str(queries), queries == 0),
        Finding("calls of a model meanwhile", "0", str(calls), calls == 0),
        Finding(
            "exported HTML, times its JSON", f"<= {MOST_TIMES}",
            f"{html / data:.2f} ({html:,} of {data:,} bytes)", html <= MOST_TIMES * data,
        ),
    ]  # fmt: skip


def make_database(path: Path) -> Path:
    """Twenty parts of a thousand sales, always the same."""
    chance = random.Random(20)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "create table sale (id integer primary key, part integer, day text, town text, "
            "item text, price real)"
        )
        connection.executemany(
            "insert into sale (part, day, town, item, price) values (?, ?, ?, ?, ?)",
            [
                (
                    number // ROWS,
                    f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
                    chance.choice(["Graz", "Linz", "Salzburg", "Villach", "Wien"]),
                    chance.choice(["coffee", "milk", "tea", "water"]),
                    chance.randint(100, 9999) / 100,
                )
                for number in range(BLOCKS * ROWS)
            ],
        )
    connection.close()
    return path


def published(server: Server) -> str:
    """The address of an exploration of twenty blocks that everybody may read."""
    person = Person(server.port)
    blocks = [
        {
            "id": f"{number:012x}",
            "kind": "query",
            "title": f"Sales, part {number + 1}",
            "database": "sales",
            "query": "",
            "sql": f"select id, day, town, item, price from sale where part = {number} order by id",
        }
        for number in range(BLOCKS)
    ]
    document = {"title": "Sales", "blocks": blocks}
    made = person.json("POST", "/-/explorations/-/new", {"document": document}, as_json=True)
    sharing = {"public": True, "people": [], "mode": "snapshot"}
    person.json("POST", f"{made['url']}/-/publish", sharing, as_json=True)
    return str(made["url"])


def forget(person: Person) -> None:
    """Begin to count statements and calls from here."""
    person.json("GET", "/-/benchmark/queries")
    person.json("GET", "/-/benchmark/calls")


def asked_meanwhile(person: Person) -> tuple[int, int]:
    """Statements that read the source's table or were given to a worker, and calls of a model."""
    told = person.json("GET", "/-/benchmark/queries")["queries"]
    of_source = [
        (database, sql)
        for database, sql in told
        if database == "worker" or (database == "sales" and re.search(r"\bsale\b", sql))
    ]
    return len(of_source), len(person.json("GET", "/-/benchmark/calls"))


def read(server: Server, path: str) -> Read:
    """GET a page as a visitor, over a connection that is there already."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    began = time.monotonic()
    connection.request("GET", path)
    response = connection.getresponse()
    first = (time.monotonic() - began) * 1000
    body = response.read()
    connection.close()
    return Read(first, response.status, body)


def loaded(server: Server, path: str, seconds: int, readers: int) -> Load:
    """So many readers over so many connections, each asking again as soon as it has the page."""
    command = ["wrk", "-t1", f"-c{readers}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    command += ["-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{server.port}{path}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    note(told)
    pages = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert pages, told
    socket_errors = re.search(r"Socket errors: (.*)", told)
    others = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    counted = re.findall(r"\d+", socket_errors[1]) if socket_errors else []
    errors = sum(map(int, counted)) + (int(others[1]) if others else 0)
    return Load(float(pages[1]), _latency(told, 50), _latency(told, 99), errors)


def _latency(told: str, percent: int) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", told, re.MULTILINE)
    assert found, told
    return float(found[1]) * UNITS[found[2]]


if __name__ == "__main__":
    sys.exit(main())
