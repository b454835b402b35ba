"""Wishes and the charts that they mean, over a library that nobody has, for prompts.py.

They are told as a conversation, in the words of shorthand.py. Most replies end soon: a small
model that sees many keys writes many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Chart = Mapping[str, Any]

COLUMNS = (
    'lent (time), due (time), branch (category: "Central", "Mill Road"), '
    'genre (category: "Crime", "Poetry"), member (category: "M-17", "M-204"), pages (number), '
    "fee (number), lat (latitude), lon (longitude)"
)


def _where(column: str, comparison: str, value: Any) -> Chart:
    return {"column": column, "is": comparison, "value": value}


# The chart that is there, the wish, and the reply.
EXAMPLES: tuple[tuple[Chart | None, str, Chart], ...] = (
    (None, "how many loans per branch", {"mark": "bar", "x": "branch", "y": "count(*)"}),
    (
        None,
        "three genres with the highest total fee",
        {"mark": "bar", "x": "genre", "y": "sum(fee)", "sort": "largest first", "limit": 3},
    ),
    (
        None,
        "pages by month of return, a line for each branch",
        {"mark": "line", "x": "month(due)", "y": "mean(pages)", "color": "branch"},
    ),
    (
        None,
        "median fee by hour of lending",
        {"mark": "line", "x": "hour(lent)", "y": "median(fee)"},
    ),
    (None, "distribution of pages", {"mark": "bar", "x": "bins(pages)", "y": "count(*)"}),
    (
        None,
        "fee vs pages, coloured by genre, both axes logarithmic",
        {
            "mark": "point", "x": "pages", "y": "fee", "color": "genre", "y_scale": "log",
            "x_scale": "log",
        },
    ),
    (None, "average fee per genre", {"mark": "bar", "x": "genre", "y": "mean(fee)"}),
    (None, "does the fee depend on the pages?", {"mark": "point", "x": "pages", "y": "fee"}),
    (
        None,
        "heat map of the days of the week and genre, fee",
        {"mark": "heatmap", "x": "weekday(lent)", "y": "genre", "color": "mean(fee)"},
    ),
    (
        None,
        "share of the pages of each genre, as a pie",
        {"mark": "pie", "x": "genre", "y": "sum(pages)"},
    ),
    (None, "number of loans in all", {"mark": "number", "y": "count(*)"}),
    (None, "branches on a map", {"mark": "map", "x": "lon", "y": "lat"}),
    (
        None,
        "loans per week and genre as areas on top of each other",
        {"mark": "area", "x": "week(lent)", "y": "count(*)", "stacked": "genre"},
    ),
    (
        None,
        "how many different members in each branch",
        {"mark": "bar", "x": "branch", "y": "distinct(member)"},
    ),
    (
        {"mark": "bar", "x": "month(lent)", "y": "count(*)"},
        "split by genre, only May",
        {
            "mark": "bar", "x": "month(lent)", "y": "count(*)", "stacked": "genre",
            "filters": [_where("month(lent)", "=", 5)],
        },
    ),
    (
        {"mark": "bar", "x": "branch", "y": "count(*)"},
        "mean number of pages, smallest first",
        {"mark": "bar", "x": "branch", "y": "mean(pages)", "sort": "smallest first"},
    ),
    (
        {"mark": "bar", "x": "branch", "y": "sum(fee)", "stacked": "genre"},
        "as percentages, without poetry, A to Z",
        {
            "mark": "bar", "x": "branch", "y": "sum(fee)", "percent": "genre",
            "sort": "alphabetical", "filters": [_where("genre", "!=", "Poetry")],
        },
    ),
    (
        {"mark": "area", "x": "date(due)", "y": "sum(pages)", "stacked": "branch"},
        "as bars next to each other",
        {"mark": "bar", "x": "date(due)", "y": "sum(pages)", "grouped": "branch"},
    ),
    (
        {"mark": "bar", "x": "branch", "y": "count(*)", "stacked": "genre", "limit": 10},
        "not by genre any more, log scale",
        {"mark": "bar", "x": "branch", "y": "count(*)", "y_scale": "log", "limit": 10},
    ),
    (
        {"mark": "line", "x": "date(lent)", "y": "max(fee)"},
        "just Central and Mill Road",
        {
            "mark": "line", "x": "date(lent)", "y": "max(fee)",
            "filters": [_where("branch", "in", ["Central", "Mill Road"])],
        },
    ),
    (
        {"mark": "bar", "x": "genre", "y": "mean(fee)"},
        "how many pages at least, by month; fees of 2 and more",
        {
            "mark": "bar", "x": "month(lent)", "y": "min(pages)",
            "filters": [_where("fee", ">=", 2)],
        },
    ),
)  # fmt: skip
