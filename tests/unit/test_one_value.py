"""Two values asked of one row are asked of two; what may be meant as it is stays."""

from __future__ import annotations

import sqlite3

import pytest

from datasette_llm_tools.questions.statements.corrections import corrected
from tests.schemas import schema_of

DDL = """
CREATE TABLE cook (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE dish (
    id INTEGER PRIMARY KEY, cook_id INTEGER REFERENCES cook(id), kind TEXT, year INTEGER
);
INSERT INTO cook VALUES (1, 'Ida', 'Linz'), (2, 'Jan', 'Graz'), (3, 'Ida', 'Graz');
INSERT INTO dish VALUES
    (1, 1, 'soup', 2020), (2, 1, 'cake', 2020), (3, 2, 'soup', 2020), (4, 2, 'cake', 2024),
    (5, 3, 'soup', 2021), (6, NULL, 'cake', 2020);
"""
JOINED = "FROM cook JOIN dish ON dish.cook_id = cook.id WHERE"


def kitchens() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    return connection


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # soup but no cake: by the key, as two are called Ida
        (f"SELECT name, city {JOINED} kind = 'soup' AND kind <> 'cake'", [("Ida", "Graz")]),
        # in one year, which both conditions are about
        (
            f"SELECT cook.name {JOINED} kind = 'soup' AND kind != 'cake' AND year = 2020",
            [("Jan",)],
        ),
        # both
        (
            f"SELECT name, city {JOINED} kind = 'cake' AND kind = 'soup'",
            [("Ida", "Linz"), ("Jan", "Graz")],
        ),
        (f"SELECT COUNT(DISTINCT name) {JOINED} kind = 'cake' AND kind = 'soup'", [(2,)]),
        ("SELECT cook_id FROM dish WHERE kind = 'soup' AND kind = 'cake'", [(1,), (2,)]),
        (
            "SELECT cook_id FROM dish WHERE kind = 'soup' AND kind <> 'cake'",
            [(3,)],
        ),
        ("SELECT name FROM cook WHERE city = 'Linz' AND city = 'Graz'", [("Ida",)]),
    ],
)
def test_two_rows(sql: str, rows: list[tuple[object, ...]]) -> None:
    connection = kitchens()
    found = corrected(sql, schema_of(connection))
    assert found is not None
    assert found.changes[0].startswith("A row has one value: ")
    assert sorted(connection.execute(found.sql).fetchall()) == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM cook WHERE city = 'Graz' AND city <> 'Linz'",  # two may be called Ida
        "SELECT COUNT(*) FROM dish WHERE kind = 'soup' AND kind = 'cake'",
        "SELECT DISTINCT kind FROM dish WHERE kind = 'soup' AND kind = 'cake'",
        "SELECT cook_id FROM dish WHERE kind = 'soup' OR kind = 'cake' GROUP BY cook_id",
        "SELECT cook_id FROM dish WHERE kind = 'soup' AND kind = 'Soup' GROUP BY cook_id",
        "SELECT id FROM dish WHERE kind = 'soup' AND year <> 2020",
        "SELECT a.name FROM cook AS a, cook AS b WHERE a.city = 'Linz' AND b.city <> 'Linz'",
        "SELECT *, kind FROM dish WHERE kind = 'soup' AND kind <> 'cake'",
    ],
)
def test_left_as_it_was(sql: str) -> None:
    assert corrected(sql, schema_of(kitchens())) is None
