"""SQL that does not run, mended by rule: what is sure is mended, everything else is left alone."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.questions.statements.dialects import in_sqlite
from datasette_llm_tools.questions.statements.mending import mended, with_own_memberships
from tests.schemas import schema_of

DDL = """
CREATE TABLE Reader (reader_id INTEGER PRIMARY KEY, LName TEXT, city TEXT);
CREATE TABLE Loan (
    loan_id INTEGER PRIMARY KEY,
    reader_id INTEGER REFERENCES Reader(reader_id),
    book_id INTEGER REFERENCES Book(book_id),
    lent_on TEXT
);
CREATE TABLE Book (book_id INTEGER PRIMARY KEY, BookType TEXT, page_count INTEGER, shelf TEXT);
CREATE TABLE "old stock" (item TEXT, "kept in" TEXT);
INSERT INTO Reader VALUES (1, 'Abel', 'Linz'), (2, 'Bose', 'Graz');
INSERT INTO Book VALUES (1, 'novel', 300, 'A'), (2, 'atlas', 90, 'B');
INSERT INTO Loan VALUES (1, 1, 1, '2024-01-05'), (2, 1, 2, '2024-02-05'), (3, 2, 2, '2024-02-06');
"""


def library() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    return connection


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # written in another way
        ("SELECT book_type FROM Book ORDER BY 1", [("atlas",), ("novel",)]),
        ("SELECT l_name FROM readers ORDER BY 1", [("Abel",), ("Bose",)]),
        ("SELECT readers.LName FROM readers ORDER BY 1", [("Abel",), ("Bose",)]),
        # with the alias of another table
        (
            "SELECT T2.LName FROM Reader AS T1 JOIN Loan AS T2 ON T1.reader_id = T2.reader_id "
            "WHERE T1.book_id = 1",
            [("Abel",)],
        ),
        # by the name of a table that has an alias
        (
            "SELECT Reader.LName, COUNT(*) FROM Loan AS l JOIN Reader AS r "
            "ON l.reader_id = Reader.reader_id GROUP BY Reader.LName ORDER BY 1",
            [("Abel", 2), ("Bose", 1)],
        ),
        # of a table that has to be joined, next door or beyond
        ("SELECT LName FROM Loan WHERE loan_id = 3", [("Bose",)]),
        (
            "SELECT T2.LName FROM Book AS T1 JOIN Loan AS T2 ON T1.book_id = T2.book_id "
            "WHERE T1.book_type = 'novel'",
            [("Abel",)],
        ),
        ("SELECT Reader.LName FROM Book WHERE Book.BookType = 'novel'", [("Abel",)]),
        # joined by a column that is not there
        (
            "SELECT COUNT(*) FROM Loan AS T1 JOIN Book AS T2 ON T1.loan_id = T2.loan_id "
            "WHERE T2.BookType = 'atlas'",
            [(2,)],
        ),
        # joined to what only a third table links it to
        (
            "SELECT DISTINCT T1.reader_id FROM Book AS T1 JOIN Reader AS T2 "
            "ON T1.reader_id = T2.reader_id WHERE T1.BookType = 'novel'",
            [(1,)],
        ),
        # a shorter name
        ("SELECT MAX(pages) FROM Book WHERE count > 100", [(300,)]),
        ("SELECT MAX(page) FROM Book", [(300,)]),
        # a text in double quotes
        ('SELECT COUNT(*) FROM Reader WHERE city = "Vienna"', [(0,)]),
        # a name that both sides of the join have
        (
            "SELECT reader_id FROM Reader JOIN Loan ON Reader.reader_id = Loan.reader_id "
            "WHERE loan_id = 3",
            [(2,)],
        ),
        # an order by what nothing groups
        ("SELECT city FROM Reader ORDER BY COUNT(*), city", [("Graz",), ("Linz",)]),
        ("SELECT kept_in FROM old_stock", []),
        # the key that leads to the table outside
        ("SELECT LName FROM Reader WHERE reader_id NOT IN (SELECT readers FROM Loan)", []),
    ],
)
def test_it_runs_after_mending(sql: str, rows: list[tuple[object, ...]]) -> None:
    connection = library()
    found = mended(sql, schema_of(connection))
    assert found is not None and found.changes
    assert connection.execute(found.sql).fetchall() == rows


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # the readers of books on shelf A, not each reader by her own number
        (
            "SELECT LName FROM Reader WHERE reader_id IN "
            "(SELECT reader_id FROM Book WHERE shelf = 'A')",
            [("Abel",)],
        ),
        ("SELECT LName FROM Reader WHERE reader_id NOT IN (SELECT reader_id FROM Book)", []),
    ],
)
def test_a_subquery_returns_a_column_of_its_own(sql: str, rows: list[tuple[object, ...]]) -> None:
    connection = library()
    found = with_own_memberships(sql, schema_of(connection))
    assert found is not None and found.changes
    assert connection.execute(found.sql).fetchall() == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT LName FROM Reader WHERE reader_id IN (SELECT reader_id FROM Loan)",
        "SELECT LName FROM Reader WHERE EXISTS (SELECT reader_id FROM Book)",
        "SELECT LName FROM Reader AS r WHERE 1 IN (SELECT r.reader_id FROM Book)",
        "SELECT LName FROM Reader WHERE LName IN (SELECT LName FROM json_each('[1]'))",
        "SELECT LName FROM Reader WHERE city IN (SELECT city FROM 'old stock')",  # no way to it
        "not SQL at all )",
    ],
)
def test_other_subqueries_are_left_alone(sql: str) -> None:
    assert with_own_memberships(sql, schema_of(library())) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT colour FROM Book",  # nothing is like it
        "SELECT title FROM Reader JOIN Loan ON Reader.reader_id = Loan.reader_id",
        "SELECT * FROM nowhere",
        "SELECT id FROM Reader JOIN Loan ON 1 = 1",  # a part of several names
        "not SQL at all",
        "",
        "SELECT city FROM Reader",  # nothing is amiss
        "SELECT r.city AS place FROM Reader r GROUP BY place ORDER BY place",
        "SELECT LName FROM Reader WHERE EXISTS (SELECT 1 FROM Loan WHERE reader_id = LName)",
        "WITH x AS (SELECT city AS c FROM Reader) SELECT c FROM x",
        "SELECT rowid FROM Loan",
        "SELECT n FROM (SELECT COUNT(*) AS n FROM Loan)",
        "SELECT " + "1 + " * 5000 + "1",
    ],
)
def test_what_is_not_sure_is_left_alone(sql: str) -> None:
    assert mended(sql, schema_of(library())) is None


def test_what_is_summed_up_already_is_not_summed_up_again() -> None:
    connection = library()
    connection.execute("CREATE TABLE shelves (shelf TEXT, average_page_count REAL)")
    connection.execute("INSERT INTO shelves VALUES ('A', 195)")
    schema = schema_of(connection)
    assert mended("SELECT AVG(s.page_count) FROM shelves AS s", schema) is None
    found = mended("SELECT s.page_count FROM shelves AS s", schema)
    assert found is not None and connection.execute(found.sql).fetchall() == [(195,)]


def test_a_join_of_a_table_with_itself_is_refused() -> None:
    """Both sides of the condition would be of one source."""
    sql = "SELECT 1 FROM Reader AS a JOIN Reader AS b ON a.reader_id = b.book_id"
    assert mended(sql, schema_of(library())) is None


def test_a_mend_in_two_clauses_is_told_once() -> None:
    sql = "SELECT l_name, COUNT(*) FROM Reader GROUP BY l_name"
    found = mended(sql, schema_of(library()))
    assert found is not None
    assert found.changes == ("l_name is called LName.",)


def test_a_further_join_makes_no_bare_name_ambiguous() -> None:
    connection = library()
    found = mended("SELECT reader_id, LName FROM Loan WHERE loan_id = 1", schema_of(connection))
    assert found is not None
    assert connection.execute(found.sql).fetchall() == [(1, "Abel")]


def test_tables_without_declared_keys_are_joined_by_what_names_say() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE state (state_name TEXT, country_name TEXT, area REAL);"
        "CREATE TABLE city (city_name TEXT, state_name TEXT, country_name TEXT);"
        "INSERT INTO state VALUES ('Texas', 'US', 695), ('Utah', 'US', 219);"
        "INSERT INTO city VALUES ('Waco', 'Texas', 'US'), ('Provo', 'Utah', 'US');"
    )
    found = mended("SELECT area FROM city WHERE city_name = 'Provo'", schema_of(connection))
    assert found is not None
    assert connection.execute(found.sql).fetchall() == [(219.0,)]


def test_two_ways_to_join_are_no_way() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE town (town_id INTEGER PRIMARY KEY, mayor TEXT);"
        "CREATE TABLE trip (start INTEGER REFERENCES town(town_id), "
        "goal INTEGER REFERENCES town(town_id));"
    )
    assert mended("SELECT mayor FROM trip", schema_of(connection)) is None


@settings(deadline=None)  # others may be at work on this machine
@given(st.text(max_size=60))
def test_any_text_is_stood(text: str) -> None:
    schema = schema_of(library())
    for sql in (text, f"SELECT {text} FROM Book", f'SELECT "{text}" FROM Loan JOIN Book'):
        found = mended(sql, schema)
        assert found is None or (found.sql and found.changes)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT DATE '2024-01-05' + INTERVAL '10' DAY", "2024-01-15"),
        ("SELECT CAST('2024-01-31' AS DATE) - INTERVAL '2 months'", "2023-12-01"),
        ("SELECT date('2024-01-10') + INTERVAL 2 WEEK", "2024-01-24"),
        ("SELECT EXTRACT(YEAR FROM '2024-03-01')", 2024),
        ("SELECT DATE_TRUNC('month', CAST('2024-03-09' AS DATE))", "2024-03"),
        ("SELECT DATEDIFF('2024-03-01', '2024-02-01')", 29.0),
        ("SELECT 'Tea' ILIKE 'tea'", 1),
    ],
)
def test_words_of_other_databases(sql: str, value: object) -> None:
    found = in_sqlite(sql)
    assert found is not None and found.changes
    assert sqlite3.connect(":memory:").execute(found.sql).fetchone() == (value,)


@pytest.mark.parametrize("sql", ["SELECT 1 + 2", "SELECT a - b FROM c", "nonsense )(", ""])
def test_sqlites_own_words_are_left_alone(sql: str) -> None:
    assert in_sqlite(sql) is None
