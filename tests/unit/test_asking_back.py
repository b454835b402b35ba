"""What separates two statements, in words; and when that is asked."""

from __future__ import annotations

import sqlite3
from functools import cache

import pytest

from datasette_llm_tools.queries import QueryResult, Value
from datasette_llm_tools.questions.agreeing.asking_back import are_close, asked_back, one_value
from datasette_llm_tools.questions.agreeing.values import (
    AskedBack,
    Option,
    number_words,
    with_values,
)
from datasette_llm_tools.questions.agreeing.wording import readings
from datasette_llm_tools.questions.candidates import Ballot
from datasette_llm_tools.questions.values import Group
from datasette_llm_tools.schema import Schema
from tests.schemas import schema_of

DDL = """
create table airlines (carrier text primary key, name text, country text);
create table flights (
    id integer primary key, carrier text references airlines(carrier), origin text,
    delay integer, cancelled integer, is_charter integer
);
create table trains (id integer primary key, origin text, delay integer);
create table staff (id integer primary key, name text, wage real, leader_id integer);
"""
COUNT = "select count(*) from flights"
PAID = "select name from staff order by wage desc limit 1"
BUSY = "select origin from flights group by origin"


@cache
def schema() -> Schema:
    connection = sqlite3.connect(":memory:")
    connection.executescript(DDL)
    try:
        return schema_of(connection)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("first", "second", "labels"),
    [
        (
            f"{COUNT} where cancelled = 0",
            COUNT,
            ("count cancelled flights too", "leave them out"),
        ),
        (
            f"{COUNT} f where f.cancelled = 1 and origin = 'JFK'",
            f"{COUNT} where flights.origin = 'JFK'",
            ("count only cancelled flights", "all of them"),
        ),
        (f"{COUNT} where is_charter = 1", COUNT, ("count only charter flights", "all of them")),
        (
            f"{COUNT} where delay > 15",
            f"{COUNT} where delay > 0",
            ("count flights where delay is more than 15", "where delay is more than 0"),
        ),
        (
            f"{COUNT} where origin != 'JFK'",
            COUNT,
            ('count flights where origin is "JFK" too', "leave them out"),
        ),
        (
            "select avg(delay) from flights where delay is not null",
            "select avg(delay) from flights",
            ("take flights without a value for delay too", "leave them out"),
        ),
        (
            "select count(carrier) from flights",
            "select count(distinct carrier) from flights",
            ("count rows with a value for carrier", "different values of carrier"),
        ),
        (
            "select sum(delay) from flights",
            "select avg(delay) from flights",
            ("show the sum of delay", "the average of delay"),
        ),
        (
            "select name from airlines",
            "select name, country from airlines",
            ("show country too", "leave it out"),
        ),
        (
            "select origin from flights",
            "select distinct origin from flights",
            ("show repeated rows once", "each time they come up"),
        ),
        (
            COUNT,
            f"{COUNT} join airlines on airlines.carrier = flights.carrier",
            ("count flights once for each match in airlines", "each of them once"),
        ),
        (
            "select count(*) from airlines a join flights f on a.carrier = f.carrier",
            "select count(*) from airlines a left join flights f on a.carrier = f.carrier",
            ("count airlines without a match in flights too", "leave them out"),
        ),
        (
            f"{COUNT} join airlines using (carrier) where country = 'AT'",
            COUNT,
            ('count only flights where country is "AT"', "all of them"),
        ),
        (
            f"{COUNT} where origin = 'JFK'",
            "select count(*) from trains where origin = 'JFK'",
            ("look in flights", "in trains"),
        ),
        (
            PAID,
            PAID.replace(" desc", ""),
            ("show the first row by wage, largest first", "by wage, smallest first"),
        ),
        (PAID, f"{PAID}0", ("show the first row", "the first 10 rows")),
        (
            PAID,
            "select name from staff where wage = (select max(wage) from staff)",
            ("show one row only", "all that share the first place"),
        ),
        (
            BUSY,
            "select carrier from flights group by carrier",
            ("show one row for each origin", "one for each carrier"),
        ),
        (
            f"{BUSY} having count(*) > 5",
            BUSY,
            ("show only groups where the number of rows is more than 5", "all groups"),
        ),
        (
            "select origin from flights intersect select origin from trains",
            "select origin from flights union select origin from trains",
            ("show rows in both", "rows of either"),
        ),
    ],
)
def test_one_difference_is_said(first: str, second: str, labels: tuple[str, str]) -> None:
    told = readings(first, second, schema())
    assert (told.labels, told.opening) == (labels, "")
    # Which of the two comes first must not depend on which has more votes where one includes
    # the other, and each label must stay with its statement.
    turned = readings(second, first, schema())
    said = dict(zip(told.in_order(first, second), told.labels, strict=True))
    again = dict(zip(turned.in_order(second, first), turned.labels, strict=True))
    if told.labels == turned.labels:
        assert said == again
    else:
        assert turned.in_order(second, first) == (second, first)


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        (
            "select avg(delay) from flights where origin = 'JFK' group by carrier",
            "select max(delay) from flights",
            'the average of delay, only where origin is "JFK", for each carrier',
        ),
        (
            "select max(delay) from flights",
            "select delay from flights order by delay desc limit 1",
            "the largest delay",
        ),
        (
            "select delay from flights order by delay desc limit 1",
            "select max(delay) from flights where delay < 9.87654321",
            "delay, by delay, largest first, the first row",
        ),
        (
            "select max(delay) from flights where delay < 9.87654321",
            "select delay from flights order by delay desc limit 1",
            "the largest delay, only where delay is less than 9.88",
        ),
        (
            f"{COUNT} join airlines using (carrier) where cancelled = 0",
            "select count(*) from airlines",
            "only where cancelled is 0, with flights",
        ),
        (
            "select count(*) from airlines",
            f"{COUNT} join airlines using (carrier) where cancelled = 0",
            "without that",
        ),
        (
            "select a.name from staff a join staff b on a.leader_id = b.id",
            "select name from staff",
            "name of a, with b (the table staff) where leader_id of a is id of b",
        ),
        (
            "with busy as (select origin from flights) select count(*) from busy",
            "select count(*) from (select carrier from flights)",
            "origin, takes the rows of busy",
        ),
        (
            "select name from staff where id = (select leader_id from staff limit 1)",
            f"{PAID}",
            "rows where id is the result of query 1",
        ),
        (
            "select upper(origin), max(delay) from flights where id > 1 group by upper(origin)",
            "select origin, min(delay) from flights group by origin",
            "origin in capitals and the largest delay, only where id is more than 1, for each "
            "value of origin in capitals",
        ),
        (
            "select distinct origin from flights",
            "select origin from flights group by origin having count(*) > 5",
            "the same rows only once",
        ),
        ("select json_each.value from json_each('[1]')", "select 1", "value"),
        ("this is not SQL", "select 1", "what the first statement does"),
    ],
)
def test_several_differences_are_told_by_the_explanations(
    first: str, second: str, label: str
) -> None:
    told = readings(first, second, schema())
    assert told.opening == "Two readings of your question differ"
    assert told.labels[0].startswith(label)
    assert told.in_order(1, 2) == (1, 2)


def test_a_label_fits_on_a_button_and_stays_unlike_the_other() -> None:
    where = " and ".join(f"delay <> {1000 + each}" for each in range(30))
    told = readings(f"{COUNT} where {where}", f"{COUNT} where delay > 2.12345", schema())
    assert told.labels == (
        "count flights where delay has a value other than 1000 and delay has a value other than "
        "1001 and 28 more conditions",
        "where delay is more than 2.12",
    )
    long = "x" * 150
    cut = readings(
        f"{COUNT} where origin = '{long} a b'", f"{COUNT} where origin = '{long} a c'", schema()
    )
    assert [len(each) for each in cut.labels] == [120, 120]
    close = (f"{COUNT} where delay > 2.12345", f"{COUNT} where delay > 2.12346")
    assert readings(*close, schema()).labels[1] == "where delay is more than 2.12346"
    words = readings(f"{COUNT} where origin = '2.12345'", f"{COUNT} where delay > 1", schema())
    assert words.labels[0] == 'count flights where origin is "2.12345"'
    many = readings(f"select {', '.join('delay+'+str(n) for n in range(60))} from flights",
                    "select delay from flights", schema())  # fmt: skip
    assert max(map(len, many.labels)) <= 120 and many.labels[0].endswith("…")


def test_a_condition_on_another_table_does_not_name_the_rows_of_the_first() -> None:
    joined = "select count(*) from airlines a join flights f on f.carrier = a.carrier"
    told = readings(f"{joined} where f.cancelled = 0", joined, schema())
    assert told.labels == ("count only airlines where cancelled is 0", "all of them")


def test_long_readings_stand_in_the_buttons_alone() -> None:
    label = (
        "takes the rows of flights; adds airlines where carrier of flights is carrier of airlines"
    )
    asked = AskedBack((Option(label, "x"), Option(label[::-1], "y")), "Two readings differ")
    assert asked.question == "Two readings differ. Which did you mean?"
    assert asked.options[0].button.endswith(label[1:])


def result(*values: Value) -> QueryResult:
    return QueryResult(("n",), tuple((each,) for each in values), False, 1.0, (), frozenset())


@pytest.mark.parametrize(
    ("votes", "is_close"),
    [
        ((1, 1), True),
        ((2, 1), True),
        ((3, 1), False),
        ((3, 2), True),
        ((4, 2), True),
        ((5, 2), False),
        ((5, 3), True),
        ((8, 0), False),
    ],
)
def test_what_is_close(votes: tuple[int, int], is_close: bool) -> None:
    first, second = (Group("select 1", each, ("n",), 1) for each in votes)
    assert are_close(first, second) is is_close
    assert not are_close(first, Group("select 2", votes[1], ("n",), 0))


def test_the_question_has_both_values() -> None:
    ballot = Ballot(4)
    ballot.add(f"{COUNT} where cancelled = 0", result(328))
    ballot.add(COUNT, result(1336))
    asked = asked_back(ballot, schema())
    assert asked is not None
    assert asked.question == "Count cancelled flights too: 1,336, or leave them out: 328?"
    assert [each.button for each in asked.options] == [
        "Count cancelled flights too: 1,336",
        "Leave them out: 328",
    ]
    assert asked.options[0].sql == COUNT


def test_no_value_unless_both_are_one_number() -> None:
    ballot = Ballot(4)
    ballot.add(f"{COUNT} where cancelled = 0", result(328))
    ballot.add(COUNT, result(1, 2))
    asked = asked_back(ballot, schema())
    assert asked is not None
    assert asked.question == "Count cancelled flights too, or leave them out?"
    assert one_value(result("x" * 61)) is one_value(result()) is one_value(None) is None
    assert one_value(result("")) is one_value(result("a\nb")) is None


def test_texts_are_shown_and_numbers_with_the_digits_that_separate_them() -> None:
    ballot = Ballot(4)
    ballot.add(PAID, result("Ada"))
    ballot.add(PAID.replace(" desc", ""), result("Bob"))
    asked = asked_back(ballot, schema())
    assert asked is not None
    assert [each.button for each in asked.options] == [
        "Show the first row by wage, largest first: Ada",
        "By wage, smallest first: Bob",
    ]
    close = with_values(asked, {PAID: 22.833333333333332, PAID.replace(" desc", ""): 22.8341})
    assert [each.value_words for each in close.options] == ["22.833", "22.834"]
    alike = with_values(asked, {PAID: 22.5, PAID.replace(" desc", ""): 22.5})
    assert {each.value_words for each in alike.options} == {"22.5"}


def test_nothing_is_asked_where_a_second_model_decided_or_all_agree() -> None:
    ballot = Ballot(4)
    ballot.add(COUNT, result(1))
    assert asked_back(ballot, schema()) is None
    ballot.add("select 2", result(2))
    ballot.decide("select 3 - 1", result(2))
    assert asked_back(ballot, schema()) is None
    assert ballot.leader == result(2)


def test_a_second_model_that_finds_nothing_does_not_lead() -> None:
    ballot = Ballot(4)
    ballot.add(COUNT, result(1))
    ballot.decide("select null", result(None))
    assert ballot.leader == result(1) and ballot.agreement.asked == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [(336, "336"), (1234567, "1,234,567"), (2.5, "2.5"), (3.0, "3"), (0.00123456, "0.00123")],
)
def test_numbers_are_short(value: float, words: str) -> None:
    assert number_words(value) == words
    assert AskedBack((Option("a", "x", value), Option("b", "y", value)), "So").question == (
        f"So: a: {words}, or b: {words}?"
    )
