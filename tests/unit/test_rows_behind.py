"""The rows behind a number are the ones that it was made of, on whatever tables there are."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.questions.tracing.literals import literal
from datasette_llm_tools.questions.tracing.rows_behind import rows_behind
from datasette_llm_tools.schema import Column, Schema, Table

TABLES = {"a": ("id", "x", "y", "name"), "b": ("a_id", "x", "kind", "free")}
KIND = Table("kind", "table", (Column("id", "integer", pk=1), Column("label", "text")))
PLAIN = [
    Table(name, "table", tuple(Column(each, "") for each in columns))
    for name, columns in TABLES.items()
]
SCHEMA = Schema("lab", (*PLAIN, KIND), "1")
NUMBERS = st.none() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, -1.5])
TEXTS = st.none() | st.sampled_from(["", "p", "P", "it's", "p\n-- q", "1", "é"])
ANY = NUMBERS | TEXTS | st.sampled_from([b"", b"p"])
ROWS_A = st.lists(st.tuples(st.integers(1, 3), NUMBERS, NUMBERS, TEXTS), max_size=6)
ROWS_B = st.lists(st.tuples(st.none() | st.integers(1, 3), NUMBERS, TEXTS, ANY), max_size=6)

FROMS = (
    "a",
    "a join b on a.id = b.a_id",
    "a left join b on a.id = b.a_id and b.x > 0",
    "a, b",
    "a cross join b -- every pair\n",
    "a left join (select * from b where x is not null order by x limit 2) b on b.a_id = a.id",
    "a join (select a_id, x, kind, free from b union all select id, x, y, name from a) b "
    "on b.a_id = a.id",
    "a join picked b on b.a_id = a.id",
)
WHERES = (
    "",
    "where a.x = 1 or a.y > 0",
    "where a.x = 1 or a.y > 0 or a.name like 'p%' -- or\n",
    "where not a.x is null",
    "where a.id in (select a_id from b where x > 0 or x is null)",
    "where a.x between -1 and 1 and a.y <> 1 or a.name is not distinct from 'p'",
    "where half > 0 or a.y is null",
)
GROUPS = (
    "a.x",
    "a.name",
    "a.x + a.y",
    "a.x > 0 or a.y > 0",
    "a.name collate nocase",
    "upper(a.name)",
    "case when a.x > 0 then 'more' else a.name end",
    "coalesce(a.name, 'none')",
    "a.x is not distinct from a.y",
)
# What is put together, and how the same is counted over the rows behind it.
NUMBERS_OF = {
    "count(*)": "count(*)",
    "count(a.x)": "count(*)",
    "COUNT( ALL a.y )": "count(*)",
    "count(distinct a.name)": "count(*)",
    "count(a.x) filter (where a.y > 0 or a.x = 1)": "count(*)",
    "sum(a.x)": "sum({x})",
    "sum(a.x) filter (where a.y > 0)": "sum({x})",
    "sum(case when a.x > 0 then 1 else 0 end)": "count(*)",
    "sum(a.x > 0 or a.y > 0)": "count(*)",
    "sum(distinct a.x)": "sum(x)",
    "max(a.y)": "max({y})",
    "min(a.y)": "min({y})",
    "round(avg(a.x), 2)": "round(avg({x}), 2)",
    "1 + count(*)": "1 + count(*)",
    "coalesce(sum(a.x), 0)": "coalesce(sum({x}), 0)",
    "count(iif(a.x > 0, 1, null))": "count(*)",
    "count(1)": "count(*)",
}


@contextmanager
def lab(rows_a: Sequence[object], rows_b: Sequence[object]) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    try:
        # No declared types: every value stays as it is.
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({', '.join(columns)})")
        connection.executemany("insert into a values (?, ?, ?, ?)", rows_a)
        connection.executemany("insert into b values (?, ?, ?, ?)", rows_b)
        yield connection
    finally:
        connection.close()


def behind(connection: sqlite3.Connection, sql: str, column: int) -> list[tuple[object, str]]:
    """Each number of a column, with the statement of the rows behind it."""
    cursor = connection.execute(sql)
    names = [each[0] for each in cursor.description]
    found = []
    for row in cursor.fetchall():
        statement = rows_behind(sql, names, row, column, SCHEMA)
        assert statement is not None, sql
        found.append((row[column], statement))
    return found


def counted(connection: sqlite3.Connection, statement: str, how: str) -> object:
    """Something counted over the rows of a statement; x and y are those of the table a."""
    cursor = connection.execute(statement)
    names = [each[0] for each in cursor.description]
    first = {name: f"c{names.index(name)}" for name in ("x", "y") if name in names}
    columns = ", ".join(f"c{index}" for index in range(len(names)))
    if "{" not in how and "x" in how.replace("max", ""):
        first, how = {}, how.replace("x", "c0")
    sql = f"with behind({columns}) as (select * from ({statement})) select {{}} from behind"
    return connection.execute(sql.format(how.format(**first))).fetchone()[0]


@settings(deadline=None)
@given(
    rows_a=ROWS_A,
    rows_b=ROWS_B,
    source=st.sampled_from(FROMS),
    where=st.sampled_from(WHERES),
    groups=st.lists(st.sampled_from(GROUPS), max_size=2, unique=True),
    form=st.sampled_from(["expression", "place", "alias"]),
    number=st.sampled_from(sorted(NUMBERS_OF)),
    ending=st.sampled_from(["", "having count(*) > 1", "order by 1 limit 2", "limit 3;"]),
)
def test_a_number_is_made_of_the_rows_behind_it(
    rows_a: list[tuple[object, ...]],
    rows_b: list[tuple[object, ...]],
    source: str,
    where: str,
    groups: list[str],
    form: str,
    number: str,
    ending: str,
) -> None:
    shown = [f"{each} as g{place}" for place, each in enumerate(groups)]
    if "half" in where:
        shown.append("a.x / 2.0 as half")  # a name that only SELECT gives
    if "half" in where and "distinct a." in number:
        return  # both at once has no statement
    keys = {
        "expression": groups,
        "place": [str(place + 1) for place in range(len(groups))],
        "alias": [f"g{place}" for place in range(len(groups))],
    }[form]
    if form == "alias" and ("(" in source or "picked" in source):
        keys = groups  # what a query inside returns is not looked into
    by = f"group by {', '.join(keys)} " if keys else ""
    if ending.startswith("having") and not keys:
        ending = ""
    sql = (
        "with picked as (select * from b where x is null or x < 2) "
        f"select {', '.join([*shown, f'{number} as n'])} from {source} {where} {by}{ending}"
    )
    with lab(rows_a, rows_b) as connection:
        for value, statement in behind(connection, sql, len(shown)):
            again = counted(connection, statement, NUMBERS_OF[number])
            if value is None and number.startswith("sum("):
                value = 0 if NUMBERS_OF[number] == "count(*)" else None
            assert again == pytest.approx(value), f"{sql}\n=> {statement}"


@settings(deadline=None)
@given(
    labels=st.lists(st.sampled_from(["one", "two", None]), min_size=3, max_size=3),
    rows_a=ROWS_A,
    join=st.sampled_from(
        [
            "a join kind k on k.id = a.id",
            "kind k left join a on k.id = a.id and (a.x > 0 or a.y > 0)",
        ]
    ),
    where=st.sampled_from(["", "where a.x > 0 or a.y > 0 or a.x is null"]),
    group=st.sampled_from(["k.id", "k.id, a.name", "k.id, a.name, a.x + 1"]),
    number=st.sampled_from(sorted(set(NUMBERS_OF) - {"sum(distinct a.x)"})),
    ending=st.sampled_from(["", "having count(*) > 1", "having n > 1", "order by 2 limit 1"]),
)
def test_a_group_whose_keys_are_not_shown_is_one_that_shows_the_same(
    labels: list[str | None],
    rows_a: list[tuple[object, ...]],
    join: str,
    where: str,
    group: str,
    number: str,
    ending: str,
) -> None:
    shown = "k.label, a.name" if "name" in group else "k.label"
    numbers = f"{number} as n, count(*) as m"
    sql = f"select {shown}, {numbers} from {join} {where} group by {group} {ending}"
    with lab(rows_a, []) as connection:
        connection.execute("create table kind (id integer primary key, label text)")
        connection.executemany("insert into kind values (?, ?)", enumerate(labels, 1))
        place = 2 if "name" in group else 1
        for value, statement in behind(connection, sql, place):
            again = counted(connection, statement, NUMBERS_OF[number])
            if value is None and number.startswith("sum("):
                value = 0 if NUMBERS_OF[number] == "count(*)" else None
            assert again == pytest.approx(value), f"{sql}\n=> {statement}"


@settings(deadline=None)
@given(
    value=ANY
    | st.integers(-(2**53), 2**53).map(lambda each: each / 2**30)
    | st.floats(-1e9, 1e9).map(lambda each: round(each, 3))
    | st.sampled_from([math.inf, -math.inf, 0.0, -0.0, 1e300, 0.1 + 0.2, 1 / 3])
    | st.text()
    | st.binary()
    | st.integers(-(2**63), 2**63 - 1)
)
def test_a_literal_is_the_value(value: object) -> None:
    written = literal(value)
    with lab([], []) as connection:
        if written is None:
            assert isinstance(value, str)
            return
        kept, same = connection.execute(f"select {written}, {written} is ?", [value]).fetchone()
        assert same == 1 and type(kept) is type(value)


SALE = Schema(
    "shops",
    (
        Table("sale", "table", (Column("day", "text"), Column("item", "text"))),
        Table("shop", "table", (Column("id", "integer", pk=1), Column("name", "text"))),
    ),
    "1",
)


@pytest.mark.parametrize(
    ("sql", "row", "expected"),
    [
        ("select count(*) from sale", [3], "select *\nfrom sale"),
        (
            "select item, count(*) from sale group by item having count(*) > 1 order by 2 limit 1",
            ["it's", 2],
            "select *\nfrom sale\nwhere item is 'it''s'",
        ),
        (
            "SELECT s.item, COUNT(s.day) FROM sale AS s WHERE s.day > '2024' OR s.item = 'tea'"
            " GROUP BY item",
            [None, 1],
            "select *\nfrom sale AS s\nwhere (s.day > '2024' OR s.item = 'tea')\n"
            "  and item is null\n  and s.day is not null",
        ),
        (
            "select substr(day, 1, 7) as month, count(distinct item) from sale group by month",
            ["2024-01", 1],
            "select distinct item\nfrom sale\nwhere (substr(day, 1, 7)) is '2024-01'\n"
            "  and item is not null",
        ),
        (
            "select item, max(day) from sale group by 1",
            ["tea", "2024"],
            "select *\nfrom sale\nwhere item is 'tea'\n  and day is not null\norder by day desc",
        ),
        (
            "select name, count(*) as n from shop group by id having n > 1 order by n desc limit 1",
            ["Corner", 2],
            "select *\nfrom shop\nwhere (id) is (\n  select id\n  from shop\n  group by id\n"
            "  having (name) is 'Corner' and (count(*)) is 2\n  limit 1\n)",
        ),
    ],
)
def test_it_is_written_as_a_person_would(sql: str, row: list[object], expected: str) -> None:
    assert rows_behind(sql, ["c"] * len(row), row, len(row) - 1, SALE) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select item, day from sale",
        # The name is a column too, and SQLite groups by that: the month says less.
        "select substr(day, 1, 7) as day, count(*) from sale group by day",
        "select upper(item), count(*) from sale group by item",
        "select 'all', count(*) from sale group by item",
        "select item, count(*) from sale group by item, day",
        "select day, count(*) from sale group by item",
        "select 1, count(*) from sale union select 2, count(*) from sale",
        "select item, count(*) over (partition by item) from sale",
        "select item, sum(count(*)) over () from sale group by item",
        "select item, (select count(*) from sale) from sale group by item",
        "select item, max(item, day) from sale",
        "select item, count(*) from sale where day > :day group by item",
        "select item, count(*) from sale where day > ? group by item",
        "select 1, count(*)",
        "select *, count(*) from sale",
        "select random() % 2 as side, count(*) from sale group by side",
        "values (1, 2)",
        "select item, count(* from sale",
        "select item, 'count(*)' from sale",
        "",
        "select " + "(" * 5000,
    ],
)
def test_where_it_cannot_be_told_there_is_no_statement(sql: str) -> None:
    assert rows_behind(sql, ["a", "b"], ["x", 1], 1, SALE) is None


@pytest.mark.parametrize("value", ["nul \x00", "lost \ufffd", "x" * 5000])
def test_a_group_that_no_address_can_say_has_no_statement(value: str) -> None:
    sql = "select item, count(*) from sale group by item"
    assert rows_behind(sql, ["item", "n"], [value, 1], 1, SALE) is None
