"""The guard's decisions, statement by statement, and that nothing it runs leaves a trace."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasette_llm_tools.sql_guard import Guard, database_uri
from datasette_llm_tools.sql_judgement import Rejected, check_text
from tests.sql_databases import fingerprint, make_database, visible_names


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("guarded") / "data.db")


@pytest.fixture(scope="module")
def guard(database: Path) -> Iterator[Guard]:
    with closing(Guard(str(database), immutable=False, tables=visible_names(database))) as opened:
        yield opened


def rows(guard: Guard, sql: str, **params: Any) -> list[tuple[Any, ...]]:
    outcome = guard.run(sql, params, lambda cursor: cursor.fetchall())
    assert not isinstance(outcome, Rejected), outcome.reason
    return outcome[1]


def rejection(guard: Guard, sql: str) -> Rejected:
    outcome = guard.run(sql, {}, lambda cursor: cursor.fetchall())
    assert isinstance(outcome, Rejected), f"{sql} gave {outcome[1]}"
    return outcome


ALLOWED = [
    ("SELECT title FROM docs WHERE id = 1", [("one",)]),
    ("select title from DOCS where ID = 1;", [("one",)]),
    ("/* a */ -- b\n SELECT 1 -- c", [(1,)]),
    ("VALUES (1), (2)", [(1,), (2,)]),
    ("SELECT d.title FROM main.docs AS d WHERE d.id = 2", [("two",)]),
    ("WITH q AS (SELECT id FROM docs) SELECT count(*) FROM q", [(2,)]),
    ("WITH q AS (SELECT id FROM docs GROUP BY 1) SELECT count(*) FROM q", [(2,)]),
    ("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n WHERE i<3)"
     " SELECT sum(i) FROM n", [(6,)]),
    ("SELECT sum(id) OVER (ORDER BY id), row_number() OVER () FROM docs", [(1, 1), (3, 2)]),
    ("SELECT group_concat(title, '+') FROM docs", [("one+two",)]),
    ("SELECT date('2024-01-31', '+1 day'), strftime('%Y', '2024-01-31')", [("2024-02-01", "2024")]),
    ("SELECT value FROM json_each('[4,5]')", [(4,), (5,)]),
    ("SELECT count(*) FROM json_tree('{\"a\":[1]}')", [(3,)]),
    ("SELECT '{\"a\":7}' ->> 'a', json_extract('[1,2]', '$[1]')", [(7, 2)]),
    ("SELECT title FROM docs WHERE title LIKE 'o%' OR title GLOB 'x*'", [("one",)]),
    ("SELECT printf('%.1f', 2), format('%s', 'a')", [("2.0", "a")]),
    ("SELECT name FROM names", [("ann",)]),
    ("SELECT count(*) FROM names", [(1,)]),
    ("SELECT n FROM counted", [(2,)]),
    ("SELECT title FROM over_view ORDER BY 1", [("one",), ("two",)]),
    ("SELECT count(*) FROM over_view, names", [(2,)]),
    ("SELECT title FROM docs_fts WHERE docs_fts MATCH 'hello'", [("one",)]),
    ("SELECT highlight(notes, 0, '<', '>') FROM notes WHERE notes MATCH 'milk' ORDER BY rank",
     [("remember the <milk>",)]),
    ("SELECT snippet(old_notes) FROM old_notes WHERE old_notes MATCH 'bread'",
     [("remember the <b>bread</b>",)]),
    ('SELECT "a b", "select" FROM "odd ""name] of `table"', [("x", "y")]),
    ("SELECT wert FROM Größe", [(1.5,)]),
    ("SELECT [group] FROM `order`", [("reserved",)]),
    ("SELECT 'secrets'", [("secrets",)]),
    ("WITH secrets AS (SELECT 1 AS a) SELECT a FROM secrets", [(1,)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), ALLOWED)
def test_allowed_statements_run(guard: Guard, sql: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(guard, sql) == expected


# What a denial must name.
HIDDEN_READS = {
    "secrets": [
        "SELECT * FROM secrets",
        "SELECT 1 FROM secrets",
        "SELECT count(*) FROM secrets",
        "SELECT nothing FROM secrets",
        "SELECT s.name FROM docs AS d JOIN secrets AS s ON 1",
        "SELECT d.id FROM docs d, secrets",
        "SELECT d.id FROM docs d LEFT JOIN secrets USING (id)",
        "SELECT d.id FROM docs d JOIN secrets USING (id)",
        "SELECT d.id FROM docs d NATURAL JOIN secrets",
        "SELECT (SELECT password FROM secrets)",
        "SELECT id FROM docs WHERE EXISTS (SELECT 1 FROM secrets)",
        "SELECT id FROM docs WHERE id IN (SELECT id FROM secrets)",
        "SELECT (1, 'ann', 'hunter2') IN secrets",
        "WITH q AS (SELECT * FROM secrets) SELECT * FROM q",
        "WITH names AS (SELECT * FROM secrets) SELECT * FROM names",
        "WITH docs AS (SELECT * FROM secrets) SELECT * FROM docs",
        "WITH names AS (SELECT name FROM secrets) SELECT name FROM names",
        "WITH c AS (SELECT count(*) AS n FROM secrets) SELECT n FROM c",
        "SELECT * FROM (SELECT name FROM secrets) AS names",
        "SELECT (SELECT count(*) FROM secrets) FROM names",
        "SELECT name FROM names WHERE EXISTS (SELECT 1 FROM secrets WHERE id = 2)",
        "SELECT * FROM names UNION SELECT password FROM secrets",
        'SELECT * FROM "secrets"',
        "SELECT * FROM [secrets]",
        "SELECT * FROM `SECRETS`",
        "SELECT * FROM 'secrets'",
        "SELECT * FROM main.secrets",
        "SELECT * FROM/**/secrets",
        "SELECT name FROM secrets INDEXED BY secrets_name",
        "SELECT rowid FROM secrets",
        "SELECT min(name) FROM secrets",
    ],
    "hidden_view": [
        "SELECT * FROM hidden_view",
        "SELECT count(*) FROM hidden_view",
        "SELECT 1 FROM hidden_view",
        "SELECT docs.id FROM docs NATURAL JOIN hidden_view",
    ],
    "hidden_boxes": [
        "SELECT * FROM hidden_boxes",
        "SELECT docs.id FROM docs NATURAL JOIN hidden_boxes",
        "SELECT docs.id FROM docs JOIN hidden_boxes USING (id)",
    ],
    "leaking": [
        "SELECT * FROM leaking",
        "SELECT rowid FROM leaking WHERE leaking MATCH 'hunter*'",
        "SELECT rowid FROM leaking('hunter*')",
    ],
    "leaking4": ["SELECT docid FROM leaking4 WHERE leaking4 MATCH 'hunter*'"],
    "leaking_words": ["SELECT term FROM leaking_words"],
    "notes_content": ["SELECT * FROM notes_content", "SELECT c0 FROM main.[notes_content]"],
    "docs_fts_data": ["SELECT count(*) FROM docs_fts_data"],
    "old_notes_segdir": ["SELECT * FROM old_notes_segdir"],
    "sqlite_master": [
        "SELECT sql FROM sqlite_master",
        "SELECT sql FROM sqlite_schema",
        "SELECT count(*) FROM sqlite_master",
        "SELECT docs.id FROM docs NATURAL JOIN sqlite_master",
    ],
    "sqlite_temp_master": ["SELECT * FROM sqlite_temp_schema"],
    "pragma_table_info": ["SELECT * FROM pragma_table_info('secrets')"],
}


@pytest.mark.parametrize(
    ("name", "sql"), [(name, sql) for name, each in HIDDEN_READS.items() for sql in each]
)
def test_hidden_tables_are_refused_by_name(guard: Guard, name: str, sql: str) -> None:
    assert rejection(guard, sql) == Rejected(f"The table {name} is not one you may see.", name)


ONLY_SELECT = [
    ("ATTACH ':memory:' AS other", "ATTACH"),
    ("DETACH main", "DETACH"),
    ("VACUUM", "VACUUM"),
    ("VACUUM INTO 'copy.db'", "VACUUM"),
    ("INSERT INTO docs VALUES (3, 'x', 'y')", "INSERT"),
    ("REPLACE INTO docs VALUES (1, 'x', 'y')", "REPLACE"),
    ("UPDATE docs SET title = 'x'", "UPDATE"),
    ("DELETE FROM docs", "DELETE"),
    ("WITH q AS (SELECT 1) INSERT INTO docs SELECT 3, 'x', 'y'", "INSERT"),
    ("WITH q AS (SELECT 1) UPDATE docs SET title = 'x'", "UPDATE"),
    ("WITH q AS (SELECT 1) DELETE FROM docs", "DELETE"),
    ("WITH q AS (SELECT 1) INSERT INTO docs VALUES (3, '', '') RETURNING id", "INSERT"),
    ("CREATE TABLE t (a)", "CREATE"),
    ("CREATE TEMP TABLE t (a)", "CREATE"),
    ("CREATE TEMP VIEW t AS SELECT * FROM secrets", "CREATE"),
    ("CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE"),
    ("CREATE TRIGGER t AFTER INSERT ON docs BEGIN SELECT 1; END", "CREATE"),
    ("ALTER TABLE docs RENAME TO other", "ALTER"),
    ("DROP TABLE docs", "DROP"),
    ("REINDEX", "REINDEX"),
    ("ANALYZE", "ANALYZE"),
    ("PRAGMA table_info(docs)", "PRAGMA"),
    ("PRAGMA query_only = 0", "PRAGMA"),
    ("PRAGMA data_version", "PRAGMA"),
    ("BEGIN IMMEDIATE", "BEGIN"),
    ("COMMIT", "COMMIT"),
    ("ROLLBACK", "ROLLBACK"),
    ("SAVEPOINT s", "SAVEPOINT"),
    ("/* SELECT */ ATTACH 'x' AS y", "ATTACH"),
    ("-- SELECT 1\nPRAGMA user_version", "PRAGMA"),
    ("EXPLAIN SELECT 1", "EXPLAIN"),
    ("EXPLAIN QUERY PLAN SELECT * FROM names", "EXPLAIN"),
]


@pytest.mark.parametrize(("sql", "word"), ONLY_SELECT)
def test_only_a_select_runs(guard: Guard, sql: str, word: str) -> None:
    assert rejection(guard, sql) == Rejected(
        f"Only a single SELECT may run here, not {word}.", word
    )


@pytest.mark.parametrize(
    "name", ["pragma_database_list", "pragma_data_version", "dbstat", "sqlite_stmt", "bytecode"]
)
def test_tables_about_the_database_itself_are_refused(guard: Guard, name: str) -> None:
    try:
        assert rejection(guard, f"SELECT * FROM {name}").name == name
    except sqlite3.OperationalError as error:  # SQLite was compiled without it
        assert str(error) == f"no such table: {name}"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT load_extension('/tmp/x')", "load_extension"),
        ("SELECT LOAD_EXTENSION('/tmp/x', 'f')", "load_extension"),
        ("SELECT zeroblob(1000000000)", "zeroblob"),
        ("SELECT randomblob(1000000000)", "randomblob"),
        ("SELECT sqlite_compileoption_get(1)", "sqlite_compileoption_get"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
        ("SELECT total_changes()", "total_changes"),
        ("SELECT id FROM docs ORDER BY randomblob(9)", "randomblob"),
    ],
)
def test_functions_off_the_list_are_refused_by_name(guard: Guard, sql: str, name: str) -> None:
    assert rejection(guard, sql).reason == f"The function {name} is not allowed."


@pytest.mark.parametrize("function", ["readfile('/etc/passwd')", "writefile('x', 'y')", "edit('')"])
def test_functions_of_the_shell_do_not_exist(guard: Guard, function: str) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such function"):
        rows(guard, f"SELECT {function}")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1; SELECT 2", "Only one statement may run at a time."),
        ("SELECT 1 /* ; */ ; /* x */ DROP TABLE docs", "Only one statement may run at a time."),
        ("SELECT 1; -- x\nDROP TABLE docs", "Only one statement may run at a time."),
        ("SELECT 1\0; DROP TABLE docs", "The statement contains a NUL character; remove it."),
        ("SELECT '\ud800'", "The statement is not valid Unicode text."),
        ("SELECT 1" + " " * 20_000, "The statement is longer than 20,000 bytes; shorten it."),
        ("", "Only a single SELECT may run here, and there is none."),
        ("/* SELECT 1", "Only a single SELECT may run here, and there is none."),
    ],
)
def test_text_that_is_not_one_statement(guard: Guard, sql: str, reason: str) -> None:
    assert rejection(guard, sql).reason == reason


def test_a_comment_after_a_semicolon_hides_nothing(guard: Guard) -> None:
    assert rows(guard, "SELECT 1; -- SELECT 2") == [(1,)]


TOO_LARGE = [
    "SELECT 1" + "+1" * 150,
    " UNION ALL ".join(["SELECT 1"] * 60),
    "SELECT " + ",".join(["1"] * 300),
    "SELECT max(" + ",".join(["1"] * 120) + ")",
    f"SELECT 'a' LIKE '{'%a' * 400}'",
    f"SELECT 'a' GLOB '{'*a' * 400}'",
]


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "setlimit"), reason="Python 3.10 has no limits")
@pytest.mark.parametrize("sql", TOO_LARGE, ids=lambda sql: sql[:30])
def test_statements_beyond_the_limits_fail(guard: Guard, sql: str) -> None:
    with pytest.raises(sqlite3.Error, match=r"too (many|large|complex|deep|big)|depth"):
        rows(guard, sql)


@pytest.mark.parametrize(
    "width", ["%1000000000d", "%.1000000000d", "%01000000000d", "%-1000000000s"]
)
def test_printf_is_bounded(guard: Guard, width: str) -> None:
    try:
        assert rows(guard, "SELECT length(printf(:width, 1))", width=width) == [(None,)]
    except sqlite3.Error as error:
        assert "exception" in str(error) or "too big" in str(error)


def test_allowed_says_which_tables_and_columns(guard: Guard) -> None:
    verdict = guard.judge("SELECT d.TITLE, n.name FROM Docs d, names n WHERE d.id = 1")
    assert not isinstance(verdict, Rejected)
    assert verdict.tables == {"docs", "names"}
    assert verdict.columns == {("docs", "title"), ("docs", "id"), ("names", "name")}


def test_judging_runs_nothing(guard: Guard) -> None:
    endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i FROM n) SELECT i FROM n"
    assert not isinstance(guard.judge(endless), Rejected)


def test_names_differ_by_non_ascii_case(tmp_path: Path) -> None:
    path = tmp_path / "case.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE é (a); CREATE TABLE É (a)")
    with closing(Guard(str(path), immutable=False, tables={"é"})) as guard:
        assert rows(guard, "SELECT * FROM é") == []
        assert rejection(guard, "SELECT * FROM É").name == "É"


def test_a_changed_schema_is_studied_again(tmp_path: Path) -> None:
    path = make_database(tmp_path / "data.db")
    with (
        closing(Guard(str(path), immutable=False, tables=visible_names(path) | {"late"})) as guard,
        closing(sqlite3.connect(path)) as writer,
    ):
        assert rows(guard, "SELECT name FROM names") == [("ann",)]
        writer.executescript(
            "DROP VIEW names; CREATE VIEW names AS SELECT entry FROM log;"
            "CREATE VIRTUAL TABLE late USING fts5(a); INSERT INTO late VALUES ('new')"
        )
        assert rows(guard, "SELECT count(*) FROM names") == [(0,)]
        assert rows(guard, "SELECT a FROM late WHERE late MATCH 'new'") == [("new",)]


def test_wide_tables_and_long_ddl_load(tmp_path: Path) -> None:
    path = tmp_path / "wide.db"
    columns = ", ".join(f"a_rather_long_column_name_{n} TEXT" for n in range(900))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"CREATE TABLE wide ({columns}); INSERT INTO wide DEFAULT VALUES")
    with closing(Guard(str(path), immutable=False, tables={"wide"})) as guard:
        assert len(rows(guard, "SELECT * FROM wide")[0]) == 900


@pytest.mark.parametrize("name", ["a?mode=rwc.db", "b#c.db", "d%41.db", "e f'\"g.db", "ü&h=1.db"])
@pytest.mark.parametrize("immutable", [False, True])
def test_odd_file_names_open_that_file(tmp_path: Path, name: str, immutable: bool) -> None:
    path = make_database(tmp_path / name)
    before = fingerprint(tmp_path)
    with closing(Guard(str(path), immutable=immutable, tables={"docs"})) as guard:
        assert rows(guard, "SELECT count(*) FROM docs") == [(2,)]
        assert rejection(guard, f"ATTACH '{database_uri(str(path), False)}' AS x").name == "ATTACH"
    assert fingerprint(tmp_path) == before


WORDS = st.sampled_from(
    str.split(
        "SELECT * FROM docs secrets names WITH AS ( ) , ; -- /* */ ' \" INSERT INTO VALUES UPDATE"
        " SET DELETE CREATE TABLE TEMP VIEW ATTACH 'x.db' VACUUM PRAGMA = 1 DROP ALTER RENAME TO id"
        " title password UNION NATURAL JOIN USING (id) EXPLAIN RETURNING writable_schema"
        " journal_mode wal load_extension('x') sqlite_master BEGIN main. RECURSIVE LIMIT 3 \n",
        " ",
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join)))
def test_no_text_changes_the_file_or_tells_a_secret(guard: Guard, database: Path, sql: str) -> None:
    before = fingerprint(database.parent)
    guard.deadline = time.perf_counter() + 1
    try:
        outcome = guard.run(sql, {}, lambda cursor: cursor.fetchmany(50))
    except (sqlite3.Error, sqlite3.Warning):
        outcome = None
    finally:
        guard.deadline = float("inf")
    assert fingerprint(database.parent) == before
    assert "hunter2" not in repr(outcome)
    assert "swordfish" not in repr(outcome)


@given(st.text(max_size=200))
def test_check_text_never_fails(sql: str) -> None:
    assert check_text(sql) is None or isinstance(check_text(sql), Rejected)
