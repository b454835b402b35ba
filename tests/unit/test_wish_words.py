"""What the words of a wish for a chart ask for."""

from __future__ import annotations

import pytest

from datasette_llm_tools.widgets.charts.column_types import ChartColumn
from datasette_llm_tools.widgets.charts.spec import ChartSpec, Filter
from datasette_llm_tools.widgets.charts.wish_words import EVERYTHING, Asked, asked, told_columns

COLUMNS = (
    ChartColumn("sold", "text", "time", "day"),
    ChartColumn("shop_name", "text", "category"),
    ChartColumn("state", "text", "category"),
    ChartColumn("price", "float", "number"),
)
SAMPLES = {"sold": ("2024-01-02",), "shop_name": ("Corner", "Harbour"), "state": ("OR", "in", "m")}
NONE: frozenset[str] = frozenset()


def ask(wish: str, spec: ChartSpec | None = None) -> Asked:
    return asked(wish, COLUMNS, SAMPLES, spec)


@pytest.mark.parametrize(
    ("wish", "log", "sort", "limit", "filters"),
    [
        ("the mean price of each month", False, False, False, False),
        ("show it on a log scale", True, False, False, False),
        ("both axes are logarithmic", True, False, False, False),
        ("the cheapest ones at the top", False, True, True, False),
        ("largest first", False, True, False, False),
        ("descending by the price", False, True, False, False),
        ("the top 5", False, True, True, True),
        ("the eight with the most", False, True, True, False),
        ("as shares of 100 %", False, False, False, True),
        ("only the open ones", False, False, False, True),
        ("just in March", False, False, False, True),
        ("in march and on mondays", False, False, False, True),
        ("monthly, with the maximum", False, False, False, False),
        ("by the market", False, False, False, False),
        ("what of Harbour", False, False, False, True),
        ("prices in OR", False, False, False, True),
    ],
)
def test_hints(wish: str, log: bool, sort: bool, limit: bool, filters: bool) -> None:
    found = ask(wish)
    assert (found.log, found.sort, found.limit, found.filters) == (log, sort, limit, filters)


@pytest.mark.parametrize(
    ("wish", "counts"),
    [
        ("how many different shops in each state", False),
        ("the number of unique shops", False),
        ("how many sales, in different colours", True),
    ],
)
def test_different_values_are_not_rows(wish: str, counts: bool) -> None:
    assert ask(wish).counts is counts


@pytest.mark.parametrize(
    ("wish", "splits"),
    [
        ("the mean price by month", NONE),
        ("by shop", frozenset({"shop_name"})),
        ("all of the shops", frozenset({"shop_name"})),
        ("not Corner", frozenset({"shop_name"})),
        ("is it more or less", NONE),  # "or" is not the value OR
        ("a line for each of them", None),
        ("coloured as you like, by the shop", None),
        ("the price in sold units", NONE),  # times and amounts split nothing unasked
    ],
)
def test_columns_that_may_split(wish: str, splits: frozenset[str] | None) -> None:
    found = ask(wish).splits
    assert found == (splits if splits is None else splits | (found or NONE) & {"state"})


@pytest.mark.parametrize("wish", ["no colours please", "remove the stacking", "all, not split"])
def test_a_split_that_is_to_go_does_not_stay(wish: str) -> None:
    spec = ChartSpec("bar", x="sold", aggregate="count", color="state")
    assert ask(wish, spec).splits == NONE


def test_what_a_chart_has_may_stay() -> None:
    spec = ChartSpec(
        "bar",
        x="sold",
        y="price",
        aggregate="sum",
        color="state",
        scale="log",
        sort="y",
        limit=3,
        filters=(Filter("state", "=", "OR"),),
    )
    found = ask("by the month", spec)
    assert found == Asked(splits=frozenset({"state"}))
    assert ask("by the month") != found


@pytest.mark.parametrize("wish", ["nach Monat gestapelt", "月別に積み上げ", "par mois, empilé"])
def test_other_languages_are_not_narrowed(wish: str) -> None:
    assert ask(wish) is EVERYTHING


def test_of_many_columns_those_that_matter_are_told() -> None:
    many = [ChartColumn(f"c{number}", "integer", "number") for number in range(50)]
    many += [ChartColumn("height", "float", "number"), ChartColumn("drawn", "text")]
    many += [ChartColumn("kept", "text")]
    spec = ChartSpec("bar", x="drawn", aggregate="count", filters=(Filter("kept", "=", "x"),))
    told = [each.name for each in told_columns(many, "mean heights", spec, 5)]
    assert told == ["c0", "c1", "height", "drawn", "kept"]
    assert told_columns(many, "mean heights", None, 60) == tuple(many)
