"""SQL that runs, corrected to what people expect; what is as expected is left as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from datasette_llm_tools.questions.statements.corrections import corrected
from datasette_llm_tools.questions.statements.intents import as_asked
from datasette_llm_tools.questions.statements.literals import with_known_texts
from tests.schemas import schema_of

DDL = """
CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE sale (
    id INTEGER PRIMARY KEY, shop_id INTEGER REFERENCES shop(id), sold_on DATE, item TEXT,
    pieces INTEGER, price REAL
);
INSERT INTO shop VALUES (1, 'Corner', 'Linz'), (2, 'Market', 'SanktPoelten'), (3, 'Mill', 'Graz');
INSERT INTO sale VALUES
    (1, 1, '2024-03-02', 'tea', 3, 1.5), (2, 1, '2024-01-02', 'tea', 1, 1.5),
    (3, 2, '2024-02-02', 'milk', 2, 2.5), (4, 1, '2024-01-09', 'jam', 1, 4.0);
"""


def shops() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    return connection


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT COUNT(*) / (SELECT COUNT(*) FROM shop) FROM sale", [(4 / 3,)]),
        ("SELECT SUM(pieces) / COUNT(*) FROM sale", [(7 / 4,)]),
        ("SELECT COUNT(*) FILTER (WHERE item = 'tea') / COUNT(*) FROM sale", [(0.5,)]),
        ("SELECT SUM(pieces) / 2 FROM sale WHERE id = 1", [(1.5,)]),
        ("SELECT pieces / shop_id FROM sale WHERE id = 3", [(1.0,)]),
        ("SELECT shop_id / pieces FROM sale WHERE id = 1", [(1 / 3,)]),
        (
            "SELECT SUM(CASE WHEN item = 'tea' THEN 1 ELSE 0 END) / COUNT(*) FROM sale",
            [(0.5,)],
        ),
        ("SELECT item, COUNT(*) FROM sale GROUP BY item LIMIT -1", None),
        ("SELECT item, SUM(pieces) FROM sale GROUP BY item", [("tea", 4), ("milk", 2), ("jam", 1)]),
        ("SELECT city, COUNT(*) AS n FROM shop GROUP BY city HAVING n > 1", []),
        (
            "SELECT sold_on, COUNT(*) FROM sale GROUP BY sold_on",
            [("2024-01-02", 1), ("2024-01-09", 1), ("2024-02-02", 1), ("2024-03-02", 1)],
        ),
        (
            "SELECT strftime('%Y-%m', sold_on) AS part, SUM(pieces) FROM sale GROUP BY part",
            [("2024-01", 2), ("2024-02", 2), ("2024-03", 3)],
        ),
        (
            "SELECT shop.name FROM shop JOIN sale ON sale.shop_id = shop.id WHERE price < 2",
            [("Corner",)],
        ),
        ("SELECT shop_id FROM sale WHERE price < 2", [(1,)]),
    ],
)
def test_corrected(sql: str, rows: list[tuple[object, ...]] | None) -> None:
    connection = shops()
    found = corrected(sql, schema_of(connection))
    if rows is None:
        assert found is None
        return
    assert found is not None and found.changes
    assert connection.execute(found.sql).fetchall() == rows


def test_a_ratio_is_of_the_columns_of_its_own_table() -> None:
    connection = shops()
    connection.execute("CREATE TABLE total (pieces)")  # without a type, as a view has its columns
    found = corrected("SELECT SUM(pieces) / COUNT(*) FROM sale", schema_of(connection))
    assert found is not None
    assert connection.execute(found.sql).fetchall() == [(7 / 4,)]


JOINED = "FROM shop JOIN sale ON shop.id = sale.shop_id"


@pytest.mark.parametrize(
    ("question", "sql", "rows"),
    [
        (
            "What is the average price of tea?",
            "SELECT price FROM sale WHERE item = 'tea'",
            [(1.5,)],
        ),
        (
            "Which shops do not sell tea?",
            f"SELECT shop.name {JOINED} WHERE sale.item <> 'tea'",
            [("Market",), ("Mill",)],
        ),
        (
            "Cities of shops that never sold milk and are not called Mill",
            f"SELECT city {JOINED} WHERE item != 'milk' AND name != 'Mill'",
            [("Linz",)],
        ),
        (
            "Which shop has the most sales?",
            "SELECT name FROM shop GROUP BY id ORDER BY COUNT(*) DESC LIMIT 1",
            [("Corner",)],
        ),
        (
            "How much is sold in each city?",
            f"SELECT SUM(pieces) {JOINED} GROUP BY city",
            [("Linz", 5), ("SanktPoelten", 2)],
        ),
        (
            "Shops with more than two sales",
            "SELECT s.name FROM shop AS s GROUP BY s.id HAVING COUNT(*) > 2",
            [("Corner",)],
        ),
    ],
)
def test_what_the_question_says(question: str, sql: str, rows: list[tuple[object, ...]]) -> None:
    connection = shops()
    found = as_asked(sql, question, schema_of(connection))
    assert found is not None and len(found.changes) == 1
    assert connection.execute(found.sql).fetchall() == rows


def births() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript("""
        CREATE TABLE births (year INTEGER, name TEXT, count INTEGER);
        CREATE TABLE shop (id INTEGER PRIMARY KEY);
        INSERT INTO births VALUES (2000, 'Ada', 5), (2000, 'Bob', 2), (2001, 'Ada', 4);
    """)
    return connection


@pytest.mark.parametrize(
    ("question", "sql", "rows"),
    [
        ("How many births were there?", "SELECT COUNT(*) FROM births", [(11,)]),
        (
            "The number of births of each year",
            "SELECT year, COUNT(*) AS n FROM births GROUP BY year ORDER BY n",
            [(2001, 4), (2000, 7)],
        ),
        (  # rows of another query are counted as they were
            "How many births were there?",
            "SELECT COUNT(*) FROM births WHERE year > (SELECT COUNT(*) FROM shop)",
            [(11,)],
        ),
        (
            "How many names were there in 2001?",
            "SELECT COUNT(*) FROM births WHERE year = 2001",
            None,
        ),
        ("How many births were there?", "SELECT SUM(count) FROM births", None),
        ("How many births were there?", "SELECT COUNT(DISTINCT name) FROM births", None),
    ],
)
def test_rows_that_hold_a_count_are_added_up(
    question: str, sql: str, rows: list[tuple[object, ...]] | None
) -> None:
    connection = births()
    found = as_asked(sql, question, schema_of(connection))
    if rows is None:
        assert found is None
        return
    assert found is not None
    assert connection.execute(found.sql).fetchall() == rows


def test_those_without_are_found_beside_rows_of_nobody() -> None:
    connection = shops()
    connection.execute("INSERT INTO sale (id, item) VALUES (9, 'tea')")
    sql = f"SELECT shop.name {JOINED} WHERE sale.item <> 'tea'"
    found = as_asked(sql, "Which shops do not sell tea?", schema_of(connection))
    assert found is not None
    assert connection.execute(found.sql).fetchall() == [("Market",), ("Mill",)]


def test_two_of_one_name_stay_two() -> None:
    connection = shops()
    connection.execute("INSERT INTO shop VALUES (4, 'Corner', 'Graz')")
    connection.execute("INSERT INTO sale (id, shop_id, price) VALUES (9, 4, 1)")
    found = corrected(f"SELECT shop.name {JOINED} WHERE price < 2", schema_of(connection))
    assert found is not None
    assert connection.execute(found.sql).fetchall() == [("Corner",), ("Corner",)]


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("What is the price of tea?", "SELECT price FROM sale WHERE item = 'tea'"),
        ("The average?", "SELECT price, item FROM sale"),
        ("The average?", "SELECT item FROM sale"),  # no number
        ("The average?", "SELECT MAX(price) FROM sale"),
        ("The sale nearest to the average?", "SELECT price FROM sale ORDER BY price LIMIT 1"),
        (
            "Which shops sell other things than tea?",
            f"SELECT shop.name {JOINED} WHERE item <> 'tea'",
        ),
        ("What is not tea?", f"SELECT item, name {JOINED} WHERE item <> 'tea'"),  # of the sale
        ("What is not tea?", "SELECT id FROM sale WHERE item <> 'tea'"),
        ("Not in Linz?", f"SELECT sale.item {JOINED} WHERE city <> 'Linz'"),  # one shop a sale
        ("Sales not of 3 pieces?", f"SELECT COUNT(*) {JOINED} WHERE pieces <> 3"),  # of sales
        ("Prices above average?", "SELECT price FROM sale"),
        ("The average?", "SELECT price FROM sale WHERE price > 2"),
        ("Most shops by city?", "SELECT city FROM shop GROUP BY city ORDER BY COUNT(*) LIMIT 1"),
        ("Which shop?", "SELECT name FROM shop GROUP BY id ORDER BY COUNT(*) DESC LIMIT 1"),
        ("not sales", "nonsense )("),
        ("average sales not", "SELECT 1 UNION SELECT 2"),
        ("average sales not", "SELECT 1" + " + 1" * 5000),
    ],
)
def test_what_the_question_does_not_say(question: str, sql: str) -> None:
    assert as_asked(sql, question, schema_of(shops())) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT price / 2 FROM sale",
        "SELECT CAST(pieces / 2 AS INTEGER) FROM sale",
        "SELECT pieces / 2 FROM sale",  # cents to euros, perhaps
        "SELECT pieces / 50 * 50 AS step, COUNT(*) FROM sale GROUP BY step ORDER BY 1",
        "SELECT (COUNT(*) / 10) * 10 FROM sale",
        "SELECT COUNT(*) FROM sale WHERE pieces / shop_id = 1",
        "SELECT 1.0 * COUNT(*) / 3 FROM sale",
        "SELECT item, COUNT(*) FROM sale GROUP BY item ORDER BY item",
        "SELECT DISTINCT item FROM sale GROUP BY item",
        "SELECT sale.item FROM sale JOIN shop ON sale.shop_id = shop.id",  # a shop matches once
        "SELECT shop.name, sale.item FROM shop JOIN sale ON sale.shop_id = shop.id",
        "SELECT COUNT(shop.name) FROM shop JOIN sale ON sale.shop_id = shop.id",
        "SELECT shop.name FROM shop JOIN sale",
        "SELECT item FROM sale WHERE id IN (SELECT id FROM sale GROUP BY item)",
        "nonsense )(",
        "SELECT 1" + " + 1" * 5000,
    ],
)
def test_left_as_it_was(sql: str) -> None:
    assert corrected(sql, schema_of(shops())) is None


async def known(sql: str, connection: sqlite3.Connection) -> list[tuple[object, ...]] | None:
    """The rows after texts are replaced; None where none is."""

    async def look(asked: str) -> Sequence[Sequence[object]]:
        return connection.execute(asked).fetchall()

    found = await with_known_texts(sql, schema_of(connection), look)
    return None if found is None else connection.execute(found.sql).fetchall()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT id FROM shop WHERE city = 'linz'", [(1,)]),
        ("SELECT id FROM shop AS s WHERE s.city = 'Sankt Poelten'", [(2,)]),
        ("SELECT id FROM shop WHERE name = 'Corners'", [(1,)]),
        ("SELECT id FROM shop WHERE name = 'GRAZ'", [(3,)]),  # a city, not a name
        ("SELECT id FROM shop WHERE name = 'sankt poelten'", [(2,)]),
        ("SELECT id FROM sale WHERE shop_id = 'Market'", [(3,)]),  # the name behind a key
        ("SELECT id FROM sale WHERE shop_id != 'Corner'", [(3,)]),
        ("SELECT id FROM shop WHERE city IN ('LINZ', 'Graz') ORDER BY id", [(1,), (3,)]),
        ("SELECT id FROM shop WHERE city = 'Linz' AND name = 'corner'", [(1,)]),
    ],
)
@pytest.mark.asyncio
async def test_texts_that_the_data_have(sql: str, rows: list[tuple[object, ...]]) -> None:
    assert await known(sql, shops()) == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM shop WHERE city = 'Linz'",  # it is there
        "SELECT id FROM shop WHERE city = 'Vienna'",  # nothing is like it
        "SELECT id FROM shop WHERE city = 'it''s'",
        "SELECT id FROM sale WHERE sold_on = '2024-01-08'",  # another day
        "SELECT id FROM nowhere WHERE city = 'linz'",
        "SELECT 'linz'",
        "nonsense ' )(",
    ],
)
@pytest.mark.asyncio
async def test_texts_that_are_left(sql: str) -> None:
    assert await known(sql, shops()) is None


@pytest.mark.asyncio
async def test_two_texts_that_could_be_meant_are_none() -> None:
    connection = shops()
    connection.execute("INSERT INTO shop VALUES (4, 'x', 'LINZ')")
    assert await known("SELECT id FROM shop WHERE city = 'linz'", connection) is None


@pytest.mark.asyncio
async def test_a_key_that_no_row_has_is_known_and_left_alone() -> None:
    """That no ride ends there is the answer; where rides begin is another question."""
    connection = sqlite3.connect(":memory:")
    connection.executescript("""
        CREATE TABLE stop (code TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE ride (
            id INTEGER PRIMARY KEY,
            start TEXT REFERENCES stop(code),
            finish TEXT REFERENCES stop(code)
        );
        INSERT INTO stop VALUES ('LNZ', 'Linz'), ('GRZ', 'Graz');
        INSERT INTO ride VALUES (1, 'LNZ', 'GRZ');
    """)
    assert await known("SELECT id FROM ride WHERE finish = 'LNZ'", connection) is None
    assert await known("SELECT id FROM ride WHERE finish = 'Graz'", connection) == [(1,)]


@pytest.mark.asyncio
async def test_data_that_cannot_be_looked_at_change_nothing() -> None:
    async def look(asked: str) -> Sequence[Sequence[object]]:
        raise LookupError(asked)

    sql = "SELECT id FROM shop WHERE city = 'linz'"
    assert await with_known_texts(sql, schema_of(shops()), look) is None
