"""Schema text: what the model reads, within its budget and its lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasette_llm_tools.name_words import singular
from datasette_llm_tools.schema import Column, ForeignKey, Schema, Table
from datasette_llm_tools.schema_text import estimate_tokens, schema_text

AIRLINES = Table(
    "airlines",
    "table",
    (Column("carrier", "TEXT", 1, samples=("UA",)), Column("name", "TEXT", samples=("O'Hare",))),
    (),
    16,
    "Who flies",
)
FLIGHTS = Table(
    "flights",
    "table",
    (
        Column("id", "INTEGER", 1, minimum=1, maximum=9),
        Column("carrier", "TEXT", samples=("UA", "AA", "B6")),
        Column("date", "TEXT", minimum="2013-01-01", maximum="2013-12-31"),
        Column("arrival", "TEXT", minimum="2013-01-01 07:40", maximum="2014-01-01 00:55"),
        Column("delay", "REAL", minimum=-21.5, maximum=653.2, description="in\nminutes"),
    ),
    (ForeignKey(("carrier",), "airlines", ("carrier",)),),
    22_500,
)
VISITS = Table("visits", "table", (Column("a", "INTEGER", 1), Column("b", "", 2)), (), 1)


def of(*tables: Table, description: str | None = None) -> Schema:
    return Schema("demo", tables, "v", description)


def test_the_layout() -> None:
    text = schema_text(of(AIRLINES, FLIGHTS, VISITS, description="Flights"), budget_tokens=900)
    assert text.tables == ("airlines", "flights", "visits")
    assert text.left_out == 0
    assert (
        text.text
        == """\
-- Flights
CREATE TABLE airlines ( -- 16 rows: Who flies
 carrier TEXT PRIMARY KEY, -- 'UA'
 name TEXT -- 'O''Hare'
);
CREATE TABLE flights ( -- 22k rows
 id INTEGER PRIMARY KEY,
 carrier TEXT REFERENCES airlines(carrier), -- 'UA', 'AA'
 date TEXT, -- '2013-01-01' to '2013-12-31'
 arrival TEXT, -- YYYY-MM-DD HH:MM
 delay REAL -- in minutes; -22 to 654
);
CREATE TABLE visits ( -- 1 row
 a INTEGER,
 b,
 PRIMARY KEY (a, b)
);"""
    )


def test_a_schema_that_fits_is_the_same_for_every_question() -> None:
    schema = of(AIRLINES, FLIGHTS)
    texts = {
        schema_text(schema, question=each, budget_tokens=900).text for each in ("", "delay", "ü")
    }
    assert len(texts) == 1


def test_descriptions_and_samples_go_before_tables() -> None:
    schema = of(AIRLINES, FLIGHTS)
    texts = {schema_text(schema, budget_tokens=budget).text for budget in range(80, 250)}
    whole = sorted((each for each in texts if "TABLE airlines" in each), key=len, reverse=True)
    assert len(whole) > 2
    assert "Who flies" in whole[0]
    assert "Who flies" not in whole[1]
    assert "'AA'" in whole[1]
    assert "'UA'" not in whole[-1]
    assert "REFERENCES airlines(carrier)" in whole[-1]


def wide_database() -> Schema:
    def table(name: str, *parents: str) -> Table:
        columns = [Column("id", "INTEGER", 1), Column("name", "TEXT", samples=(f"{name} one",))]
        columns += [Column(f"{name}_field_{i}", "TEXT", samples=("x", "y")) for i in range(18)]
        columns += [Column(f"{singular(parent)}_id", "INTEGER") for parent in parents]
        keys = [ForeignKey((f"{singular(each)}_id",), each, ("id",)) for each in parents]
        return Table(name, "table", tuple(columns), tuple(keys), 100)

    filler = [table(f"archive_{i}_log") for i in range(494)]
    return of(
        *filler[:250],
        table("customers"),
        table("orders", "customers"),
        table("invoices", "orders"),
        table("payments", "invoices"),
        table("departments"),
        table("employeeSalaries", "departments"),
        *filler[250:],
    )


@pytest.mark.parametrize(
    ("question", "needed"),
    [
        ("How many orders does each customer have?", {"orders", "customers"}),
        ("Average salary by department", {"employeeSalaries", "departments"}),
        # Nothing in the question names what joins the two.
        (
            "Which customers have the most payments?",
            {"customers", "orders", "invoices", "payments"},
        ),
        ("what is in archive 77?", {"archive_77_log"}),
    ],
)
def test_of_500_tables_those_that_the_question_needs(question: str, needed: set[str]) -> None:
    schema = wide_database()
    text = schema_text(schema, question=question, budget_tokens=1000)
    assert needed <= set(text.tables)
    assert estimate_tokens(text.text) <= 1000
    assert text.left_out == 500 - len(text.tables)
    assert text == schema_text(schema, question=question, budget_tokens=1000)
    for name in needed:
        table = schema.table(name)
        assert table is not None
        for key in table.foreign_keys:
            if key.other_table in text.tables:
                assert f"REFERENCES {key.other_table}(id)" in text.text


def test_a_question_about_nothing_still_gets_the_connected_tables() -> None:
    text = schema_text(wide_database(), question="zzz", budget_tokens=1000)
    assert "orders" in text.tables


def test_of_300_columns_those_that_the_question_needs() -> None:
    columns = [Column("id", "INTEGER", 1), *(Column(f"measure_{i}", "REAL") for i in range(298))]
    schema = of(Table("wide", "table", (*columns, Column("humidityPct", "REAL")), (), 5))
    text = schema_text(schema, question="average humidity", budget_tokens=300)
    assert " humidityPct REAL\n" in text.text
    assert " id INTEGER PRIMARY KEY," in text.text
    assert estimate_tokens(text.text) <= 300
    assert "more columns" in text.text


def test_a_sample_value_leads_to_its_table() -> None:
    schema = wide_database()
    hidden = replace(schema.tables[3], columns=(Column("code", "TEXT", samples=("Zanzibar",)),))
    schema = replace(schema, tables=(*schema.tables[:3], hidden, *schema.tables[4:]))
    text = schema_text(schema, question="How many are from Zanzibar?", budget_tokens=1000)
    assert hidden.name in text.tables


def test_keys_to_tables_left_out_are_not_named() -> None:
    text = schema_text(wide_database(), question="payments", budget_tokens=150)
    for line in text.text.splitlines():
        if "REFERENCES" in line:
            assert line.split("REFERENCES ")[1].split("(")[0] in text.tables
