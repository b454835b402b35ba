"""Thirty wishes for charts of demo.db, what a person means by each, and what a model makes of it.

A chart is right when it draws the same as an accepted one: mark, columns, units, aggregate,
stack and scales as there, and the same rows in the same order, which filters, sort and limit
decide. Where an accepted chart has a list, each of its words will do.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from datasette_llm_tools.errors import LlmToolsError
from datasette_llm_tools.model import Model
from datasette_llm_tools.model_choice import choose_model
from datasette_llm_tools.widgets.charts import drawing
from datasette_llm_tools.widgets.charts.chart_data import draw
from datasette_llm_tools.widgets.charts.drawn import Drawn
from datasette_llm_tools.widgets.charts.spec import ChartSpec

WISHES = Path(__file__).with_name("chart_wishes.json")
ACTOR = {"id": "ada"}
DATABASE = "demo"
_KEYS = ("mark", "x", "x_unit", "x_bins", "y", "y_unit", "aggregate", "color", "scale", "x_scale")

Written = Mapping[str, Any]


@dataclass(frozen=True)
class Wish:
    """What a person has before them, what they wish, and the charts that would do."""

    sql: str
    spec: Written | None
    text: str
    accepted: tuple[Written, ...]


@dataclass(frozen=True)
class Fulfilled:
    """What came of a wish. `faults`: how the chart differs from the accepted one nearest to it.

    `calls`: 1 where the first reply could be drawn.
    """

    wish: Wish
    spec: ChartSpec | None
    faults: tuple[str, ...]
    calls: int = 0
    seconds: float = 0.0
    output_tokens: int = 0
    error: str | None = None


def wishes() -> list[Wish]:
    """The wishes of chart_wishes.json."""
    told = json.loads(WISHES.read_text(encoding="utf-8"))
    return [
        Wish(told["queries"][each["query"]], each["spec"], each["wish"], tuple(each["accepted"]))
        for each in told["wishes"]
    ]


async def fulfilled(datasette: Datasette, model: Model) -> AsyncIterator[Fulfilled]:
    """Each wish, told to the model as the page tells it, once the columns have been read."""
    sql = None
    for wish in wishes():
        if wish.sql != sql:
            # What a page has done by the time that somebody has typed a wish.
            sql = wish.sql
            await drawing.warm(datasette, ACTOR, DATABASE, sql, {}, model)
        yield await fulfil(datasette, wish, model)


async def fulfil(datasette: Datasette, wish: Wish, model: Model) -> Fulfilled:
    """Have the model change the chart, draw what it made, and compare."""
    try:
        changed = await drawing.change(
            datasette, ACTOR, DATABASE, wish.sql, {}, wish.spec, wish.text, model
        )
        drawn = await draw(datasette, ACTOR, DATABASE, wish.sql, {}, changed.spec, changed.looked)
    except LlmToolsError as error:
        return Fulfilled(wish, None, ("nothing drawn",), error=error.message)
    faults = await differences(datasette, wish, drawn)
    writing = changed.writing
    return Fulfilled(
        wish,
        drawn.spec,
        faults,
        changed.calls,
        writing.milliseconds / 1000,
        writing.usage.output_tokens or 0,
    )


async def local_model(datasette: Datasette) -> Model:
    """The model that the configuration names."""
    return await choose_model(datasette, ACTOR, drawing.PURPOSE, None, DATABASE)


async def differences(datasette: Datasette, wish: Wish, drawn: Drawn) -> tuple[str, ...]:
    """What is different from the accepted chart that is nearest; nothing where one is the same."""
    found: list[tuple[str, ...]] = []
    for accepted in wish.accepted:
        for spec in alternatives(accepted):
            wanted = await draw(datasette, ACTOR, DATABASE, wish.sql, {}, spec)
            found.append(tuple(_differences(drawn, wanted)))
    return min(found, key=len)


def alternatives(accepted: Written) -> Iterator[dict[str, Any]]:
    """The specs that an accepted chart stands for: one for each choice from its lists."""
    choices = [
        value if isinstance(value, list) and key != "filters" else [value]
        for key, value in accepted.items()
    ]
    for chosen in itertools.product(*choices):
        yield dict(zip(accepted, chosen, strict=True))


def _differences(drawn: Drawn, wanted: Drawn) -> Iterator[str]:
    for key in _KEYS:
        if getattr(drawn.spec, key) != getattr(wanted.spec, key):
            yield key
    if _stack(drawn.spec) != _stack(wanted.spec):
        yield "stack"
    if drawn.rows != wanted.rows:
        yield "rows"


def _stack(spec: ChartSpec) -> str | None:
    """Bars and areas in colours are stacked where nobody says otherwise."""
    splits = spec.mark in ("bar", "area") and spec.color is not None
    return spec.stack or ("stacked" if splits else None)
