"""Explanations say what the SQL does, clause by clause, and nothing where that is not sure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.questions.explaining.reading import explain
from datasette_llm_tools.questions.explaining.values import Explanation
from datasette_llm_tools.schema import Column, Schema, Table

SCHEMA = Schema(
    "library",
    (
        Table(
            "book",
            "table",
            (
                Column("id", "INTEGER", pk=1),
                Column("title", "TEXT", not_null=True, description="As on the spine"),
                Column("author_id", "INTEGER"),
                Column("printed", "TEXT", minimum="1890-01-01", maximum="2020-01-01"),
                Column("pages", "INTEGER"),
                Column("price", "REAL", not_null=True),
                Column("shelf", "TEXT", not_null=True),
            ),
        ),
        Table(
            "author",
            "table",
            (Column("id", "INTEGER", pk=1), Column("name", "TEXT", not_null=True)),
        ),
        Table(
            "loan",
            "table",
            (
                Column("id", "INTEGER", pk=1),
                Column("book_id", "INTEGER", not_null=True),
                Column("fee", "INTEGER"),
                Column("back", "TEXT", samples=("31/1/2020", "1/2/2020")),
                Column("lent", "TEXT", minimum="2019-01-01 08:00", maximum="2020-02-01 08:00"),
            ),
        ),
        Table("shelves", "view", (Column("shelf", "TEXT"), Column("books", "INTEGER"))),
    ),
    "1",
)


def explained(sql: str) -> Explanation:
    found = explain(sql, SCHEMA)
    assert found is not None, sql
    return found


def words_of(sql: str, clause: str) -> str | None:
    """The sentence for one clause of the whole statement."""
    (found,) = [each for each in explained(sql).clauses if each.clause == clause]
    return found.words


CONDITIONS = {
    "pages = 3": "pages is 3",
    "3 < pages": "pages is more than 3",
    "pages <> 3": "pages has a value other than 3",
    "price >= 2.5 and pages < 100": "price is at least 2.5 and pages is less than 100",
    "pages = 1 or pages = 2 and price > 3": "pages is 1 or (pages is 2 and price is more than 3)",
    "(pages = 1 or pages = 2) and price > 3": "(pages is 1 or pages is 2) and price is more than 3",
    "printed >= '1900-01-01'": "printed is 1900-01-01 or later",
    "shelf > 'M'": 'shelf sorts after "M"',
    "shelf in ('A', 'B')": 'shelf is one of "A" and "B"',
    "shelf not in ('A')": 'shelf has a value other than "A"',
    "shelf not in ('A', 'B')": 'shelf has a value other than "A" and "B"',
    "printed is null": "printed is empty",
    "printed is not null": "printed has a value",
    "printed not null": "printed has a value",
    "pages is 3": "pages is 3",
    "shelf like 'A%'": 'shelf begins with "A" (capitals or not)',
    "shelf like '%A%'": 'shelf contains "A" (capitals or not)',
    "shelf not like '%A'": 'shelf has a value that does not end with "A" (capitals or not)',
    "shelf like '%5%'": 'shelf contains "5"',
    "shelf like 'É%'": 'shelf begins with "É" (capitals of A to Z or not)',
    "shelf like 'A_'": 'shelf matches the pattern "A_" (capitals or not, _ stands for one '
    "character)",
    "printed like '1%2_'": 'printed matches the pattern "1%2_" (% stands for any text, _ stands '
    "for one character)",
    'shelf like "A%"': 'shelf begins with "A" (capitals or not)',
    "shelf glob 'A*'": 'shelf begins with "A"',
    "shelf not glob '*A'": 'shelf has a value that does not end with "A"',
    "shelf is not 'A'": 'shelf is not "A" (it may be empty)',
    "shelf = ''": 'shelf is the empty text ""',
    "not pages": "pages is false (0)",
    "pages": "pages is true (not 0)",
    "not (pages = 1)": "pages has a value other than 1",
    "not (pages > 1 or shelf = 'A')": 'pages is at most 1 and shelf has a value other than "A"',
    "not (pages > 1 and (shelf = 'A' or pages < 0)) and id = 1": "(pages is at most 1 or (shelf "
    'has a value other than "A" and pages is at least 0)) and id is 1',
    "pages <> price": "pages and price have different values",
    "-pages < 5": "minus pages is less than 5",
    "printed <= '1900'": "printed is 1900 or earlier",
    "shelf < '09:30'": "shelf is before 09:30",
    "(case when pages > 1 then 2 else 3 end) = 2": "(2 if pages is more than 1, else 3) is 2",
    "pages between 1 and 2": "pages is from 1 to 2",
    "pages not between 1 and 2": "pages has a value outside of 1 to 2",
    "substr(printed, 1, 4) = '1900'": "the first 4 characters of printed is 1900",
    "strftime('%m', printed) = '05'": 'the month of printed is "05"',
    "upper(shelf) = 'A'": 'shelf in capitals is "A"',
    "pages * price > 2 + 1": "pages times price is more than 2 plus 1",
    "(pages - 1) * 2 = 4": "(pages minus 1) times 2 is 4",
    "coalesce(pages, 0) = 0": "pages (0 if empty) is 0",
    "exists (select 1 from loan)": "query 1 finds at least one row",
    "not exists (select 1 from loan)": "query 1 finds no row",
    "author_id in (select id from author)": "author_id is among the values of query 1",
    "author_id not in (select id from author)": "author_id is surely not among the values of "
    "query 1 (an empty value makes that unsure)",
    "id not in (select author_id from book where author_id is not null)": "id is not among the "
    "values of query 1",
    "date(printed, '+1 day') > '1900-01-01'": "the date of printed plus 1 day is after 1900-01-01",
    "printed >= date('now', 'start of month', '-1 month')": "printed is the first day of the month "
    "of today (UTC) minus 1 month or later",
    "julianday('now') - julianday(printed) > 30": "the number of days from printed to now (UTC) is "
    "more than 30",
    "cast(strftime('%Y', printed) as integer) = 1900": "the year of printed is 1900",
    "substr(shelf, -1) = 'a'": 'the last character of shelf is "a"',
    "coalesce(author_id, pages, 0) = 0": "the first of author_id, pages and 0 that has a value "
    "is 0",
    "pages > (select avg(pages) from book)": "pages is more than the result of query 1",
    'shelf = "X"': 'shelf is "X"',
    "shelf || 1 + 2 = 'a'": '(shelf followed by 1) plus 2 is "a"',
    "pages % 2 = 0": "the remainder of pages divided by 2 is 0",
}


@pytest.mark.parametrize(("sql", "expected"), CONDITIONS.items(), ids=list(CONDITIONS))
def test_conditions_in_words(sql: str, expected: str) -> None:
    assert (
        words_of(f"select id from book where {sql}", "WHERE")
        == f"Keeps only rows where {expected}."
    )


@pytest.mark.parametrize(
    "sql",
    [
        "pages = null",
        "null = pages",
        "pages not in (1, null)",
        "pages between null and 1",
        "pages = 1 = 1",
        "shelf regexp 'a'",
        "not shelf not like 'a'",
        "not (pages = null)",
        "not (pages = 1 or shelf regexp 'a')",
        "shelf glob '[A-C]*'",
        "date(printed, 'localtime') = '1900-01-01'",
        "date(printed, 'weekday 0') = '1900-01-01'",
        "pages between symmetric 1 and 2",
        "pages & 1",
        "shelf like 'a' escape '!'",
        "strftime('%s', printed) = '1'",
        "strftime('%Y', printed, '-1 day') = '1999'",
        "cast(shelf as blob) = 1",
        "printf('%d', pages) = '1'",
        "shelf collate rtrim = 'A'",
        "(pages, price) = (1, 2)",
        "(pages, price) in (select 1, 2)",
    ],
)
def test_what_is_not_sure_has_its_sql_and_no_words(sql: str) -> None:
    found = explained(f"select id from book where {sql} limit 3")
    where = next(each for each in found.clauses if each.clause == "WHERE")
    assert (where.sql, where.words) == (sql, None)
    assert [each.clause for each in found.clauses if each.words] == ["FROM", "SELECT", "LIMIT"]


SHOWN = {
    "count(*)": "Puts all rows together into one and shows the number of rows.",
    "count(pages) as n": "Puts all rows together into one and shows the number of rows with a "
    "value for pages (called n).",
    "count(distinct shelf)": "Puts all rows together into one and shows the number of different "
    "values of shelf.",
    "sum(case when pages > 9 then 1 else 0 end)": "Puts all rows together into one and shows the "
    "number of rows where pages is more than 9.",
    "sum(pages > 9)": "Puts all rows together into one and shows the number of rows where pages is "
    "more than 9.",
    "round(avg(price), 1)": "Puts all rows together into one and shows the average of price, "
    "rounded to 1 decimal.",
    "min(price), max(price)": "Puts all rows together into one and shows the smallest price and "
    "the largest price.",
    "sum(price) filter (where pages > 9)": "Puts all rows together into one and shows the sum of "
    "price over rows where pages is more than 9.",
    "count(*) filter (where pages > 9)": "Puts all rows together into one and shows the number of "
    "rows where pages is more than 9.",
    "sum(case when pages > 9 then price end)": "Puts all rows together into one and shows the sum "
    "of price over rows where pages is more than 9.",
    "avg(case when pages > 9 then price else 0 end)": "Puts all rows together into one and shows "
    "the average of (price if pages is more than 9, else 0).",
    "avg(case when pages > 9 then 1.0 else 0 end)": "Puts all rows together into one and shows the "
    "share of rows where pages is more than 9 (from 0 to 1).",
    "avg(pages > 9)": "Puts all rows together into one and shows the share of rows where pages is "
    "more than 9 (from 0 to 1), of those where that is known.",
    "count(distinct case when pages > 9 then shelf end)": "Puts all rows together into one and "
    "shows the number of different values of shelf over rows where pages is more than 9.",
    "sum(case when pages > 9 then 1 else 0 end) * 100.0 / count(*)": "Puts all rows together into "
    "one and shows ((the number of rows where pages is more than 9) times 100) divided by the "
    "number of rows.",
    "sum(pages * 1.0 / price)": "Puts all rows together into one and shows the sum of (pages "
    "divided by price).",
    "sum(pages) / price": "Puts all rows together into one and shows (the sum of pages) divided by "
    "price.",
    "min(printed), max(title)": "Puts all rows together into one and shows the earliest printed "
    "and the last title (A to Z). (title: As on the spine.)",
    "max(pages, 3)": "Shows the larger of pages and 3 (nothing if one is empty).",
    "max(pages, 3, 4)": None,
    "exists (select 1 from loan)": "Shows whether query 1 finds at least one row (1: yes, 0: no).",
    "replace(shelf, 'A', ''), instr(shelf, 'B')": 'Shows shelf with the empty text "" in place of '
    '"A" and the place where "B" begins in shelf (0 if it is not there).',
    "group_concat(shelf, ', ')": "Puts all rows together into one and shows the values of shelf, "
    "joined as text.",
    "*": "Shows all columns.",
    "shelf, rank() over (partition by shelf order by price desc)": "Shows shelf; and the rank of "
    "the row among rows of the same shelf, by price, largest first.",
    "sum(price) over (order by printed)": "Shows the sum of price over the rows up to this one and "
    "those that tie with it, by printed, earliest first.",
    "sum(price) over (order by id rows 1 preceding)": "Shows the sum of price over this row and "
    "the one before it, by id, smallest first.",
    "avg(price) over (order by id rows between 3 preceding and 2 following)": "Shows the average "
    "of price over this row and the 3 before it and the 2 after it, by id, smallest first.",
    "sum(price) over (order by id rows between 3 preceding and 2 preceding)": None,
    "sum(price) over (order by id range 3 preceding)": None,
    "sum(price) over w": None,
    "rank() over (order by 1)": None,
    "lag(price) over (order by id)": "Shows price of the row before this one, by id, smallest "
    "first.",
    "lead(price, 2, 0) over (order by id)": "Shows price of the row 2 rows after this one (0 if "
    "there is none), by id, smallest first.",
    "last_value(price) over (order by id)": None,
    "iif(pages > 9, 'long', 'no')": 'Shows "long" if pages is more than 9, else "no".',
    "case shelf when 'A' then 1 when 'B' then 2 end": 'Shows 1 if shelf is "A", else 2 if shelf is '
    '"B", else nothing.',
    "title as t, round(price, 1), shelf as shelf": "Shows title (called t); price, rounded to 1 "
    "decimal; and shelf. (title: As on the spine.)",
    "'x'": 'Shows "x" for each row.',
    "id, printf('%d', pages) as p": "Shows id; and printf('%d', pages) as p (see the SQL).",
    "printf('%d', pages), printf('%d', id)": None,
    "count(*) over (partition by shelf)": "Shows the number of rows of the same shelf.",
    "cast(price / 10 as int) * 10": "Shows ((price divided by 10) cut to a whole number) times 10.",
    "book.*": "Shows all columns of book.",
    "title": "Shows title. (title: As on the spine.)",
}


@pytest.mark.parametrize(("sql", "expected"), SHOWN.items(), ids=list(SHOWN))
def test_what_is_shown_in_words(sql: str, expected: str | None) -> None:
    assert words_of(f"select {sql} from book", "SELECT") == expected


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        (
            "join author a on a.id = b.author_id",
            "Adds author where id of author is author_id. A row without a match is left out.",
        ),
        (
            "left outer join loan l on l.book_id = b.id",
            "Adds loan where book_id is id of book. A row without a match stays, with nothing in "
            "the columns of loan. A row with several matches comes once for each.",
        ),
        ("cross join author", "Combines every row with every row of author."),
        (
            "join book c on c.author_id = b.author_id",
            "Adds c (the table book) where author_id of c is author_id of b. A row without a match "
            "is left out. A row with several matches comes once for each.",
        ),
        (
            "natural join shelves",
            "Adds shelves where shelf is the same in both. A row without a match is left out. A "
            "row with several matches comes once for each.",
        ),
        (
            "natural join (select id from loan) as lent",
            "Adds lent where all columns of the same name are the same. A row without a match "
            "is left out. A row with several matches comes once for each.",
        ),
        (
            "right join loan l on l.book_id = b.id",
            "Adds loan where book_id is id of book. Every row of loan stays; other rows without a "
            "match are left out. A row with several matches comes once for each.",
        ),
        (
            "join (select book_id from loan) as lent on lent.book_id = b.id",
            "Adds lent where book_id is id of book. A row without a match is left out. A row with "
            "several matches comes once for each.",
        ),
    ],
)
def test_joins_in_words(join: str, expected: str) -> None:
    sql = f"select b.title from book b {join}"
    (found,) = [each for each in explained(sql).clauses if each.clause == "JOIN"]
    assert found.sql == join
    assert found.words == expected


def test_a_join_by_comma_is_decided_by_where() -> None:
    found = explained("select 1 from book b, author a where a.id = b.author_id")
    assert [(each.clause, each.sql) for each in found.clauses] == [
        ("FROM", "book b"),
        ("JOIN", "author a"),
        ("WHERE", "a.id = b.author_id"),
        ("SELECT", "1"),
    ]
    assert found.clauses[1].words == (
        "Combines every row with every row of author. WHERE decides which of these stay."
    )


def test_clauses_come_in_the_order_of_understanding() -> None:
    sql = """
        SELECT DISTINCT shelf, count(*) AS n -- how many
        FROM book WHERE pages > 9 /* long ones */
        GROUP BY shelf HAVING n > 1 ORDER BY n DESC, 1 LIMIT 3 OFFSET 1;
    """
    assert [(each.written, each.words) for each in explained(sql).clauses] == [
        ("FROM book", "Takes the rows of book."),
        ("WHERE pages > 9", "Keeps only rows where pages is more than 9."),
        ("GROUP BY shelf", "Makes one row for each value of shelf."),
        ("HAVING n > 1", "Keeps only groups where the number of rows is more than 1."),
        ("SELECT shelf, count(*) AS n", "Shows shelf and the number of rows (called n)."),
        ("DISTINCT", "Shows rows that are the same only once."),
        (
            "ORDER BY n DESC, 1",
            "Sorts the rows by n, largest first, then by shelf, A to Z.",
        ),
        ("LIMIT 3 OFFSET 1", "Leaves out the first row and keeps only the next 3 rows."),
    ]


def test_queries_inside_come_first_and_have_names() -> None:
    found = explained(
        "with cheap as (select * from book where price < 5) "
        "select name from author where id in (select author_id from cheap where shelf = 'A') "
        "union all select title from book order by 1"
    )
    assert [each.name for each in found.in_order()] == [
        "cheap",
        "query 1",
        "query 2",
        "query 3",
        "",
    ]
    assert [each.words for each in found.clauses] == [
        "Puts the rows of query 2 and query 3 together; repeated ones stay.",
        "Sorts the rows by the first column, ascending.",
    ]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("union", "Puts the rows of query 1 and query 2 together; the same row is kept only once."),
        ("intersect", "Keeps only rows that are in both query 1 and query 2, each once."),
        ("except", "Keeps the rows of query 1 that are not in query 2, each once."),
    ],
)
def test_compounds_in_words(operator: str, expected: str) -> None:
    sql = f"select title from book {operator} select name from author"
    assert words_of(sql, operator.upper()) == expected


def test_names_of_the_query_around_it_are_named_so() -> None:
    found = explained(
        "select name from author a where exists (select 1 from book b where b.author_id = a.id)"
    )
    (inside,) = found.parts
    assert [each.words for each in inside.clauses] == [
        "Takes the rows of book. All of this is done anew for each row of author.",
        "Keeps only rows where author_id is id of the current row of author.",
        "Shows 1 for each row.",
    ]
    assert "query 1 finds at least one row." in (found.clauses[1].words or "")


@pytest.mark.parametrize(
    ("sql", "anew"),
    [
        ("select (select max(fee) from loan where book_id = b.id) from book b", "book"),
        ("select (select max(fee) from loan where book_id = shelf) from book", "book"),
        ("select (select max(fee) from loan l where l.book_id = 3) from book", None),
        ("select (select count(*) as n from loan having n > 1) from book", None),
        ("select 1 from book b where id in (select id from loan union select b.pages)", "book"),
        ("select 1 from author a, (select 1 from loan where id in (select id from book)) x", None),
    ],
)
def test_a_query_that_is_run_for_each_row_says_so(sql: str, anew: str | None) -> None:
    said = " ".join(str(one.words) for part in explained(sql).in_order() for one in part.clauses)
    assert ("done anew" in said) == (anew is not None)
    assert anew is None or f"for each row of {anew}." in said


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ("author", 'shelf is "Attic"'),
        ("(select 1 as id)", "shelf is Attic"),  # a column of it may be called so
    ],
)
def test_what_may_be_text_inside_is_no_column_of_the_query_around(
    around: str, expected: str
) -> None:
    sql = f'select 1 from {around} where id in (select id from book where shelf = "Attic")'
    said = [one.words for part in explained(sql).in_order() for one in part.clauses]
    assert f"Keeps only rows where {expected}." in said


def test_dates_that_are_written_otherwise_are_text() -> None:
    said = words_of("select id from loan where back < '2020-01-01'", "WHERE")
    assert said == "Keeps only rows where back sorts before 2020-01-01."


def test_common_tables_name_their_columns_and_recur() -> None:
    found = explained(
        'with recursive "tree"(id, up) as (select id, author_id from book union '
        "select b.id, tree.up from book b join tree on b.author_id = tree.id) select * from tree"
    )
    (tree,) = [each for each in found.in_order() if each.name == "tree"]
    assert [(each.written, each.words) for each in tree.clauses] == [
        (
            "UNION",
            "Begins with query 1, then runs query 2 on the rows just found until it finds none. "
            "Rows that were there before are left out.",
        ),
        ("tree(id, up)", "Calls its columns id and up."),
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("printed desc, title", "by printed, latest first, then by title, A to Z"),
        ("2 desc", "by size, largest first"),
        ("size", "by size, smallest first"),
        ("random()", "at random"),
        ("title collate nocase desc", "by title without regard to capitals, Z to A"),
        ("pages desc nulls first", "by pages, largest first, empty ones before them"),
        ("coalesce(shelf, 'x')", 'by shelf ("x" if empty), A to Z'),
        ("case when pages > 1 then 0 else 1 end", "by (0 if pages is more than 1, else 1), "
         "smallest first"),
        ("(select count(*) from loan)", "by the result of query 1, smallest first"),
        ("pages is null desc", "by whether pages is empty, yes before no"),
        ("unheard", "by unheard, ascending"),
    ],
)  # fmt: skip
def test_orders_in_words(order: str, expected: str) -> None:
    sql = f"select id, length(title) as size from book order by {order}"
    said = words_of(sql, "ORDER BY") or ""
    assert said.split(" (title:")[0] == f"Sorts the rows {expected}."


def test_a_name_of_select_goes_before_a_column_in_order_by_and_after_it_in_group_by() -> None:
    sql = "select length(title) as title, count(*) from book group by title order by title"
    assert (
        words_of(sql, "GROUP BY") == "Makes one row for each value of title. (title: As on the "
        "spine.)"
    )
    assert words_of(sql, "ORDER BY") == "Sorts the rows by title, smallest first."


@pytest.mark.parametrize("group", ["decade", "2"])
def test_groups_by_what_select_makes_have_its_name(group: str) -> None:
    sql = f"select count(*), substr(printed, 1, 3) as decade from book group by {group}"
    assert words_of(sql, "GROUP BY") == "Makes one row for each value of decade (see below)."


WARNINGS = {
    "with t as (select count(*) as n from book) select n * 100 / 7 from t": "Where both sides",
    "with t as (select count(*) as n from book) select n * 100.0 / 7 from t": None,
    "with t as (select count(*) as n from book) select avg(n) / 7 from t": None,
    "select price / 3 from book": None,
    "select count(case when pages > 3 then 1 else 0 end) filter (where id > 1) from book": None,
    "select id from author a where id not in (select author_id from book b where b.id = a.id)": (
        "does not keep that row"
    ),
    "select shelf, sum(pages) as pages from book group by shelf having pages > 3": "not what "
    "SELECT calls pages",
    "select shelf, sum(pages) as pages from book group by shelf having sum(pages) > 3": None,
    "select shelf, pages as pages from book where pages > 3": None,
    "select count(case when pages > 3 then 1 else 0 end) from book": "counts every row",
    "select count(case when pages > 3 then 1 end) from book": None,
    "select id from loan where back < '2020-01-01'": "not written year first (31/1/2020)",
    "select strftime('%Y', back) from loan": "takes them for mere text",
    "select back from loan": None,
    "select shelf, count(*) filter (where pages > 3) from book group by shelf": None,
    "select s.n, count(*) from (select shelf as n from book) s, book b group by n": None,
    "select id from author where id not in (select author_id from book)": "NOT IN keeps no row",
    "select id from author where id not in (select id from book)": None,
    "select id from author where id not in"
    " (select author_id from book where author_id is not null)": None,
    "select count(*) * 100 / (select count(*) from book) from loan": "cuts off",
    "select id from loan where lent <= '2020-01-31'": "rows of 2020-01-31 that have one are left",
    "select id from loan where lent between '2020-01-01' and '2020-01-31'": "are left out",
    "select id from loan where lent > '2020-01-31'": "are kept",
    "select id from loan where lent < '2020-02-01'": None,
    "select id from book where printed <= '2020-01-31'": None,
    "select title from book order by random() limit 3": None,
    "select b.title from book b join author a on a.id = b.author_id": "empty author_id",
    "select b.title from book b join author a on a.id = b.id": None,
    "select b.title from book b left join author a on a.id = b.author_id": None,
    "select shelf, title, count(*) from book group by shelf": "title is neither grouped",
    "select id, title, count(*) from book group by id": None,
    "select a.name, count(*) from book b left join author a on a.id = b.author_id"
    " group by b.author_id": None,
    "select lower(shelf), count(*) from book group by lower(shelf)": None,
    "select title, max(price) from book": "takes it from a row with the largest value",
    "select title from book limit 3": "LIMIT without ORDER BY",
    "select count(*) from book limit 3": None,
    "select title from book order by price limit 3": "LIMIT may cut off",
    "select title from book order by price, id limit 3": None,
    "select shelf, count(*) from book group by shelf order by 2 limit 1": "LIMIT may cut off",
    "select shelf, count(*) from book group by shelf order by 2, shelf limit 1": None,
    "select sum(fee) / count(*) from loan": "cuts off what comes after the point",
    "select sum(fee) * 1.0 / count(*) from loan": None,
    "select id from book where shelf > 5": "shelf holds text",
    "select id from book where pages > '5'": None,
    "select id from book where pages > 'many'": "pages holds numbers",
    "select b.id from book b left join loan l on l.book_id = b.id where fee > 3": "LEFT JOIN kept",
    "select b.id from book b left join loan l on l.book_id = b.id where l.id is null": None,
    "select b.id from book b left join loan l on l.book_id = b.id"
    " where l.fee > 3 or l.id is null": None,
    "select count(pages) from book": "COUNT(pages) leaves out",
    "select count(price) from book": None,
    "select sum(b.price) from book b join loan l on l.book_id = b.id": "times in the sum",
    "select sum(l.id) from book b join loan l on l.book_id = b.id": None,
    "select sum(b.price) from book b join loan l on l.book_id = b.id group by l.id": None,
    "select id from book where pages = null": "holds for no row",
    'select id from book where shelf = "Attic"': 'No column is called "Attic"',
    'select id from book where shelf = "title"': None,
    "select s.shelf, s.books, count(*) from shelves s group by s.shelf": None,
}


@pytest.mark.parametrize(("sql", "expected"), WARNINGS.items(), ids=list(WARNINGS))
def test_warnings_are_what_sql_and_schema_tell_for_sure(sql: str, expected: str | None) -> None:
    warnings = explained(sql).warnings
    if expected is None:
        assert warnings == ()
    else:
        assert [each for each in warnings if expected in each], warnings


@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        "values (1)",
        "pragma user_version",
        "select",
        "select 1; select 2",
        "select (1",
        "select 1)",
        "select 1 from",
        "with a as (select 1)",
        "with",
        "select ?",
        "select " + "(" * 2000 + "1" + ")" * 2000,
        "select 1 where " + "not " * 900 + "1",
        "select " + "1+" * 2500 + "1",
        "select 1 from book where _inner_query_1 = 2",
    ],
    ids=lambda sql: sql[:30],
)
def test_what_cannot_be_cut_up_is_not_explained(sql: str) -> None:
    assert explain(sql, SCHEMA) is None


def test_many_queries_inside_each_other_end() -> None:
    deep = "select 1"
    for _ in range(25):
        deep = f"select * from ({deep}) where 1 in (select 2)"
    found = list(explained(deep).in_order())
    assert len(found) < 40 and found[0].clauses[0].words is None


@pytest.mark.parametrize(
    "source",
    [
        "json_each('[1]')",
        "(book b join loan on loan.book_id = b.id)",
        "(values (1))",
        "main.book x",
    ],
)
def test_a_source_that_is_no_plain_table_has_sure_words_or_none(source: str) -> None:
    said = words_of(f"select 1 from {source}", "FROM")
    assert said in (None, "Takes the rows of book.", "Takes the rows of query 1.")


PIECES = st.sampled_from(
    """
    select from where group by having order limit union all with as ( ) , * . = < 'a' "b" 1 book
    title pages author a b count sum case when then else end join left on using natural over
    partition distinct not null is in exists between and or like -- /* */ ; filter || / values
    recursive window asc desc offset except [x] `y` cast collate
    """.split()  # noqa: SIM905 - seventy quoted words are harder to read
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=25).map(" ".join) | st.text(max_size=60))
def test_nothing_that_is_written_breaks_it(text: str) -> None:
    explain(text, SCHEMA)
    explain(f"select {text}", SCHEMA)
    explain(f"select a.id, count(*) from book a where {text}", SCHEMA)
    explain(f"select * from book {text}", SCHEMA)
