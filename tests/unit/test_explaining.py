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
    "printed >= '1900-01-01'": "printed is not before 1900-01-01",
    "shelf > 'M'": 'shelf sorts after "M"',
    "shelf in ('A', 'B')": 'shelf is one of "A" and "B"',
    "shelf not in ('A')": 'shelf has a value and is not "A"',
    "printed is null": "printed is empty",
    "printed is not null": "printed has a value",
    "printed not null": "printed has a value",
    "pages is 3": "pages is 3",
    "shelf like 'A%'": 'shelf begins with "A" (capitals or not)',
    "shelf like '%A%'": 'shelf contains "A" (capitals or not)',
    "shelf not like '%A'": 'shelf has a value and does not end with "A" (capitals or not)',
    "shelf like 'A_'": 'shelf matches the pattern "A_"',
    "pages between 1 and 2": "pages is from 1 to 2",
    "pages not between 1 and 2": "pages has a value and is not from 1 to 2",
    "substr(printed, 1, 4) = '1900'": "the first 4 characters of printed is 1900",
    "strftime('%m', printed) = '05'": 'the month of printed is "05"',
    "upper(shelf) = 'A'": 'shelf in capitals is "A"',
    "pages * price > 2 + 1": "pages times price is more than 2 plus 1",
    "(pages - 1) * 2 = 4": "(pages minus 1) times 2 is 4",
    "coalesce(pages, 0) = 0": "pages, or where that is empty 0 is 0",
    "exists (select 1 from loan)": "query 1 finds at least one row",
    "not exists (select 1 from loan)": "query 1 finds no row",
    "author_id in (select id from author)": "author_id is among the values of query 1",
    "author_id not in (select id from author)": "author_id is surely not among the values of "
    "query 1 (unsure where one is empty)",
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
        "not (pages = 1)",
        "pages = null",
        "null = pages",
        "pages not in (1, null)",
        "pages between null and 1",
        "pages = 1 = 1",
        "shelf regexp 'a'",
        "not shelf not like 'a'",
        "pages between symmetric 1 and 2",
        "shelf glob 'A*'",
        "pages & 1",
        "shelf like 'a' escape '!'",
        "strftime('%s', printed) = '1'",
        "strftime('%Y', printed, '-1 day') = '1999'",
        "date(printed, '+1 day') > '1900-01-01'",
        "cast(shelf as blob) = 1",
        "printf('%d', pages) = '1'",
        "shelf collate rtrim = 'A'",
        "substr(shelf, -1) = 'a'",
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
    "count(pages) as n": "Puts all rows together into one and shows the number of rows that have a "
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
    "price counting only rows where pages is more than 9.",
    "max(pages, 3)": None,
    "group_concat(shelf, ', ')": "Puts all rows together into one and shows shelf of all rows, "
    "joined as text.",
    "*": "Shows all columns.",
    "shelf, rank() over (partition by shelf order by price desc)": "Shows shelf and the rank of "
    "the row among rows of the same shelf, sorted by price, largest first.",
    "sum(price) over (order by printed)": "Shows the sum of price up to this row, sorted by "
    "printed, earliest first.",
    "sum(price) over (order by id rows 1 preceding)": None,
    "lag(price) over (order by id)": None,
    "iif(pages > 9, 'long', 'no')": 'Shows "long" where pages is more than 9, otherwise "no".',
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
            "Adds shelves where all columns of the same name are the same. A row without a match "
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
        ("HAVING n > 1", "Keeps only groups where n is more than 1."),
        ("SELECT shelf, count(*) AS n", "Shows shelf and the number of rows (called n)."),
        ("DISTINCT", "Leaves out rows that repeat another one in all that is shown."),
        (
            "ORDER BY n DESC, 1",
            "Rows come sorted by n, largest first, then by shelf letter by letter.",
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
        "query 2",
        "query 1",
        "query 3",
        "",
    ]
    assert [each.words for each in found.clauses] == [
        "Puts the rows of query 1 and query 3 together; repeated ones stay.",
        "Rows come sorted by column 1, smallest first.",
    ]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("union", "Puts the rows of query 1 and query 2 together and leaves out repeated ones."),
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
    assert inside.clauses[1].words == "Keeps only rows where author_id is id of author."


WARNINGS = {
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
