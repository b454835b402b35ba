"""What of a query becomes visible by a chart: what is drawn, and everything where it is unclear."""

from __future__ import annotations

import pytest

from datasette_llm_tools.explorations.drawn_columns import drawn_columns, drawn_sources
from datasette_llm_tools.schema import Column, Schema, Table
from datasette_llm_tools.widgets.charts.spec import ChartSpec, Filter

SHOP = Table("shop", "table", (Column("id", "INTEGER", pk=1), Column("city", "TEXT")))
SALE = Table(
    "sale",
    "table",
    tuple(Column(name, "TEXT") for name in ("id", "shop_id", "day", "item", "price")),
)
SCHEMA = Schema("shops", (SHOP, SALE), "1")
ALL = ["id", "shop_id", "day", "item", "price"]
EVERY = frozenset(("sale", name) for name in ALL)


def seen(sql: str, columns: list[str], *drawn: str, more: frozenset[str] = frozenset()) -> set[str]:
    """Columns that become visible, those of other tables as TABLE.COLUMN."""
    sources = EVERY | {tuple(each.split(".")) for each in more}
    found = drawn_sources(sql, SCHEMA, columns, set(drawn), sources)  # type: ignore[arg-type] # pairs
    return {name if table == "sale" else f"{table}.{name}" for table, name in found}


def test_a_chart_is_made_of_its_axes_colour_and_filters() -> None:
    spec = ChartSpec("bar", x="item", aggregate="count", filters=(Filter("day", ">", "2024"),))
    assert drawn_columns(spec) == {"item", "day"}
    assert drawn_columns(ChartSpec("point", x="a", y="b", color="c")) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "sql", ["select * from sale", "SELECT s.* FROM Sale AS s LIMIT 9", 'select * from "sale"']
)
def test_of_a_table_only_what_is_drawn(sql: str) -> None:
    assert seen(sql, ALL, "item") == {"item"}
    assert seen(sql, ALL, "item", "price") == {"item", "price"}


@pytest.mark.parametrize(
    ("sql", "columns", "visible"),
    [
        ("select * from sale where shop_id = 1", ALL, {"item", "shop_id"}),
        ("select * from sale order by day desc", ALL, {"item", "day"}),
        ("select item, day as d from sale order by d", ["item", "d"], {*ALL}),
        ("select item, day as d, id from sale", ["item", "d", "id"], {"item", "shop_id", "price"}),
    ],
)
def test_what_decides_about_the_rows_stays(sql: str, columns: list[str], visible: set[str]) -> None:
    assert seen(sql, columns, "item") == visible


def test_tables_that_are_joined() -> None:
    sql = "select s.item, s.price, c.city from sale s join shop c on c.id = s.shop_id"
    columns, more = ["item", "price", "city"], frozenset({"shop.id", "shop.city"})
    visible = {"item", "id", "shop_id", "day", "shop.id"}
    assert seen(sql, columns, "item", more=more) == visible


@pytest.mark.parametrize(
    "sql",
    [
        "select distinct * from sale",
        "select * from sale group by item",
        "select * from sale order by 3",
        "select * from (select * from sale)",
        "with s as (select * from sale) select * from s",
        "select * from sale union select * from sale",
        "select * from sale where id in (select id from shop)",
        "select * from nowhere",
        "not sql at all (",
    ],
)
def test_where_it_is_unclear_everything_stays(sql: str) -> None:
    assert seen(sql, ALL, "item") == {*ALL}


def test_what_is_made_of_several_columns_keeps_them_all() -> None:
    columns = [*ALL, "price * shop_id"]
    assert seen("select *, price * shop_id from sale", columns, "item") == {*ALL}


def test_a_join_that_names_no_columns_keeps_them_all() -> None:
    sql = "select sale.item, sale.day from sale join shop using (id)"
    assert seen(sql, ["item", "day"], "item") == {*ALL}
