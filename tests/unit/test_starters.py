"""Starter questions: natural words, varied, and none about nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasette_llm_tools.questions.starters import starter_questions
from datasette_llm_tools.schema import Column, ForeignKey, Schema, Table

AIRLINES = Table(
    "airlines",
    "table",
    (
        Column("carrier", "TEXT", 1, samples=("UA", "AA")),
        Column("name", "TEXT", samples=("United Air Lines", "American Airlines")),
    ),
    (),
    16,
)
AIRPORTS = Table(
    "airports",
    "table",
    (
        Column("faa", "TEXT", 1, samples=("JFK", "EWR")),
        Column("name", "TEXT", samples=("Airport Lansdowne",)),
        Column("altitude", "INTEGER", minimum=-54, maximum=9078),
    ),
    (),
    1458,
)
FLIGHTS = Table(
    "flights",
    "table",
    (
        Column("id", "INTEGER", 1, minimum=1, maximum=16000),
        Column("date", "TEXT", minimum="2013-01-01", maximum="2013-12-31"),
        Column("carrier", "TEXT"),
        Column("destination", "TEXT"),
        Column("flight_number", "INTEGER", minimum=1, maximum=6181),
        Column("departure_delay", "INTEGER", minimum=-25, maximum=653),
        Column("cancelled", "INTEGER", minimum=0, maximum=1),
    ),
    (
        ForeignKey(("carrier",), "airlines", ("carrier",)),
        ForeignKey(("destination",), "airports", ("faa",)),
    ),
    16000,
)
COMMENTS = Table(
    "passenger_comments",
    "table",
    (
        Column("id", "INTEGER", 1),
        Column("rating", "INTEGER", minimum=1, maximum=5),
        Column("comment", "TEXT"),
    ),
    (),
    400,
)
WEATHER = Table("weather", "table", (Column("id", "INTEGER", 1),), (), 5)
SCHEMA = Schema("demo", (AIRLINES, AIRPORTS, FLIGHTS, COMMENTS, WEATHER), "v")


@pytest.mark.parametrize(
    "question",
    [
        "Which airline has the most flights?",
        "Which destination airport has the most flights?",
        "How many flights were there each month?",
        "What is the average departure delay for each airline?",
        "How many flights were cancelled?",
        "Show ten passenger comments with the lowest rating",
        "Which airport has the highest altitude?",
        "Which airports have \u201cLansdowne\u201d in their name?",
        "How many weather records are there?",
    ],
)
def test_questions_are_in_natural_words(question: str) -> None:
    assert question in starter_questions(SCHEMA, 100)


def test_the_first_are_of_different_kinds_and_tables() -> None:
    first = starter_questions(SCHEMA)
    assert first[0] == "Which airline has the most flights?"
    assert len(set(first)) == 6
    assert any("comments" in each for each in first)
    assert any("airport" in each for each in first)


def test_names_that_are_numbers_are_not_averaged() -> None:
    assert not any("flight number" in each for each in starter_questions(SCHEMA, 100))


def test_empty_tables_are_not_asked_about() -> None:
    empty = replace(SCHEMA, tables=(replace(FLIGHTS, row_count=0), AIRLINES, AIRPORTS))
    assert not any("flight" in each for each in starter_questions(empty, 100))
    assert starter_questions(Schema("none", (), "v")) == ()


def test_one_table_still_knows_its_parents() -> None:
    questions = starter_questions(SCHEMA, 100, table="flights")
    assert "Which airline has the most flights?" in questions
    assert all("flight" in each or "delay" in each for each in questions)


@pytest.mark.parametrize(
    ("last", "unit"), [("2013-02-01", "day"), ("2014-01-01", "month"), ("2030-01-01", "year")]
)
def test_the_unit_of_a_trend_follows_the_range(last: str, unit: str) -> None:
    date = Column("day", "TEXT", minimum="2013-01-01 10:00", maximum=last)
    schema = Schema("d", (Table("entry", "table", (date,), (), 3),), "v")
    assert starter_questions(schema)[0] == f"How many entries were there each {unit}?"


def test_the_limit_holds_and_the_result_is_stable() -> None:
    assert len(starter_questions(SCHEMA, 3)) == 3
    assert starter_questions(SCHEMA, 50) == starter_questions(SCHEMA, 50)
