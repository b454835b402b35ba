"""Where the columns of a result come from, and which of them are keys."""

from __future__ import annotations

import pytest

from datasette_llm_tools.column_origins import column_origins, key_links
from datasette_llm_tools.schema import Column, Schema, Table
from tests.flight_tables import AIRLINES, FLIGHTS

PAIRS = Table("pairs", "table", (Column("a", "TEXT", 1), Column("b", "TEXT", 2)))
SCHEMA = Schema("data", (AIRLINES, FLIGHTS, PAIRS), "v")


@pytest.mark.parametrize(
    ("sql", "origins"),
    [
        (
            "select * from flights",
            {0: ("flights", "id"), 1: ("flights", "carrier"), 2: ("flights", "delay")},
        ),
        ("select count(*), F.Carrier c from Flights f group by 2", {1: ("flights", "carrier")}),
        (
            'select a.*, id from flights join "air lines" a on a.carrier = flights.carrier',
            {0: ("air lines", "carrier"), 1: ("air lines", "name"), 2: ("flights", "id")},
        ),
        (
            "with t(x, n) as (select carrier, count(*) from flights group by 1) select n, x from t",
            {1: ("flights", "carrier")},
        ),
        (
            "select * from (select delay, id from flights)",
            {0: ("flights", "delay"), 1: ("flights", "id")},
        ),
        ("with flights as (select 1 as id) select id from flights", {}),
        ('select carrier from flights, "air lines"', {}),
        ('select * from flights join "air lines" using (carrier)', {}),
        ('select * from flights natural join "air lines"', {}),
        ("select id from flights union select delay from flights", {}),
        ("select max(id), id + 0, cast(id as text), (select id from flights) from flights", {}),
        ("select id from flights, json_each('[1]')", {}),
        ("select id from secret", {}),
        ("select *, id from flights, secret", {}),
        ("select 1; select id from flights", {}),
        ("select (((", {}),
        ("", {}),
        ("delete from flights returning id", {}),
        ("select id from flights -- " + "x" * 9000, {}),
        ("select " + "(" * 3000 + "id" + ")" * 3000 + " from flights", {}),
    ],
)
def test_origins(sql: str, origins: dict[int, tuple[str, str]]) -> None:
    assert column_origins(sql, SCHEMA) == origins


def test_only_single_keys_of_visible_tables_link() -> None:
    assert key_links({0: ("pairs", "a"), 1: ("flights", "delay")}, SCHEMA) == {}
    alone = Schema("data", (FLIGHTS,), "v")
    assert key_links({0: ("flights", "carrier"), 1: ("flights", "ID")}, alone) == {1: "flights"}
