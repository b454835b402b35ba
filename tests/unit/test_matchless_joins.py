"""Joins that never match are put right along a key; joins that match are left."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from datasette_llm_tools.questions.statements.literals import with_known_texts
from datasette_llm_tools.questions.statements.matchless_joins import with_matching_joins
from tests.schemas import schema_of

DDL = """
CREATE TABLE makers (uid INTEGER PRIMARY KEY, maker TEXT, land TEXT);
CREATE TABLE cars (maker INTEGER, model TEXT, sold_to INTEGER, PRIMARY KEY (maker, model));
CREATE TABLE buyers (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO makers VALUES (7, 'Tatra', 'CZ'), (8, 'Steyr', 'AT');
INSERT INTO cars VALUES (7, 'T87', 1), (8, 'Baby', 2), (8, 'XII', 1);
INSERT INTO buyers VALUES (1, 'Ada'), (2, 'Bob');
"""


def garage() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    return connection


async def matching(sql: str, connection: sqlite3.Connection) -> list[tuple[object, ...]] | None:
    """The rows after joins are replaced; None where none is."""

    async def look(asked: str) -> Sequence[Sequence[object]]:
        return connection.execute(asked).fetchall()

    found = await with_matching_joins(sql, schema_of(connection), look)
    return None if found is None else connection.execute(found.sql).fetchall()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            "SELECT COUNT(*) FROM cars JOIN makers ON cars.maker = makers.maker "
            "WHERE makers.maker = 'Steyr'",
            [(2,)],
        ),
        (
            "SELECT c.model FROM makers AS m, cars AS c WHERE m.land = 'CZ' AND m.land = c.maker",
            [("T87",)],
        ),
        (  # one table twice, each joined once
            "SELECT a.model FROM cars AS a JOIN makers AS m ON a.maker = m.uid "
            "JOIN makers AS n ON a.maker = n.maker WHERE n.land = 'CZ'",
            [("T87",)],
        ),
    ],
)
@pytest.mark.asyncio
async def test_along_the_key(sql: str, rows: list[tuple[object, ...]]) -> None:
    assert await matching(sql, garage()) == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM cars JOIN makers ON cars.maker = makers.uid WHERE land = 'SE'",  # matches
        # of those that the key has joined, those of which more is the same: none
        "SELECT COUNT(*) FROM cars JOIN makers ON cars.maker = uid WHERE cars.model = makers.maker",
        "SELECT COUNT(*) FROM cars AS c JOIN makers ON c.maker = uid AND model = makers.maker",
        "SELECT 1 FROM cars JOIN buyers ON cars.sold_to = buyers.name",  # no key is known
        "SELECT 1 FROM makers AS a JOIN makers AS b ON a.uid = b.land",
        "SELECT 1 FROM cars JOIN nowhere ON cars.maker = nowhere.maker",
        "nonsense )(",
    ],
)
@pytest.mark.asyncio
async def test_left_as_they_are(sql: str) -> None:
    assert await matching(sql, garage()) is None


@pytest.mark.asyncio
async def test_data_that_may_not_be_looked_at_change_nothing() -> None:
    async def look(asked: str) -> Sequence[Sequence[object]]:
        raise LookupError(asked)

    sql = "SELECT 1 FROM cars JOIN makers ON cars.maker = makers.maker"
    assert await with_matching_joins(sql, schema_of(garage()), look) is None


@pytest.mark.asyncio
async def test_a_name_stands_behind_a_key_that_nobody_declared() -> None:
    connection = garage()

    async def look(asked: str) -> Sequence[Sequence[object]]:
        return connection.execute(asked).fetchall()

    sql = "SELECT COUNT(*) FROM cars WHERE maker = 'Steyr'"
    found = await with_known_texts(sql, schema_of(connection), look)
    assert found is not None
    assert connection.execute(found.sql).fetchall() == [(2,)]
    assert found.changes == ("“Steyr” is a maker of makers, to which maker leads.",)
