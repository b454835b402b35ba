"""A chart in words: its title, and what somebody who cannot see it should know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .chart_sql import ChartQuery
from .spec import ChartSpec
from .wording import axis_words, capital, filter_words, key_words, spoken, value_words

_MARKS = {
    "bar": "Bar chart", "line": "Line chart", "area": "Area chart", "point": "Scatter plot",
    "pie": "Pie chart", "heatmap": "Heat map", "map": "Map", "number": "Number",
}  # fmt: skip


def chart_title(spec: ChartSpec, noun: str | None = None) -> str:
    """The title of a spec, or one made of what it draws."""
    return spec.title or capital(_drawn(spec, noun) + _filtered(spec))


def _drawn(spec: ChartSpec, noun: str | None) -> str:
    x = key_words(spec.x, spec.x_unit) if spec.x else ""
    color = spoken(spec.color) if spec.color and spec.color != spec.x else ""
    if spec.mark == "number":
        return value_words(spec, noun)
    if spec.mark == "map":
        what = noun or "places"
        return f"{what} on a map" + (f" by {color}" if color else "")
    if spec.mark == "heatmap":
        y = key_words(spec.y, spec.y_unit) if spec.y else ""
        return f"{axis_words(spec, noun)} by {x} and {y}"
    if spec.mark == "point" and spec.aggregate is None:
        return f"{spoken(spec.y or '')} against {x}" + (f" by {color}" if color else "")
    if spec.x_bins and spec.aggregate == "count":
        return f"distribution of {x}" + (f" by {color}" if color else "")
    return f"{axis_words(spec, noun)} by {x}" + (f" and {color}" if color else "")


def _filtered(spec: ChartSpec) -> str:
    words = [filter_words(each) for each in spec.filters]
    return f", where {' and '.join(words)}" if words else ""


def summary(
    spec: ChartSpec, query: ChartQuery, rows: Sequence[Sequence[Any]], noun: str | None = None
) -> str:
    """What is drawn, over what, from where to where, with its highest and lowest value."""
    title = chart_title(spec, noun)
    if not rows:
        return f"{_MARKS[spec.mark]}: {title}. There is nothing to draw."
    if spec.mark == "number":
        return f"{title}: {_shown(rows[0][0])}."
    sentences = [f"{_MARKS[spec.mark]}: {title}."]
    x, y = query.field("x"), query.field("y")
    if spec.mark in ("point", "map"):
        what = "points" if spec.mark == "point" else "places"
        sentences.append(f"{len(rows):,} {what}.")
        sentences += [_range(query, rows, each.name) for each in (x, y) if each is not None]
    elif x is not None:
        sentences.append(_extent(query, rows))
        sentences.append(_extremes(query, rows))
        if x.kind == "time" and query.field("color") is None:
            sentences.append(_trend(query, rows))
    return " ".join(filter(None, sentences))


def _range(query: ChartQuery, rows: Sequence[Sequence[Any]], name: str) -> str:
    index = next(i for i, field in enumerate(query.fields) if field.name == name)
    field = query.fields[index]
    values = [row[index] for row in rows]
    label = capital(spoken(field.column.name if field.column else "value"))
    if field.kind == "category":
        return f"{label}: {len(set(values)):,} values."
    return f"{label} from {_shown(min(values))} to {_shown(max(values))}."


def _extent(query: ChartQuery, rows: Sequence[Sequence[Any]]) -> str:
    """How much there is along x and how many colours."""
    x, color = query.fields[0], query.field("color")
    values = list(dict.fromkeys(row[0] for row in rows))
    count = f"{len(values):,} {'values' if len(values) != 1 else 'value'} of "
    name = spoken(x.column.name if x.column else "x")
    if x.kind == "category":
        text = f"{count}{name}"
    else:
        end = next((row[1] for row in rows[::-1]), None) if query.field("x_end") else values[-1]
        text = f"{count}{name}, from {_shown(values[0])} to {_shown(end)}"
    if color is not None and not color.is_value:
        index = query.fields.index(color)
        named = spoken(color.column.name if color.column else "")
        text += f", in {len({row[index] for row in rows}):,} values of {named}"
    return f"{text}."


def _extremes(query: ChartQuery, rows: Sequence[Sequence[Any]]) -> str:
    index = len(query.fields) - 1
    if not query.fields[index].is_value or len(rows) < 2:
        return ""
    highest = max(rows, key=lambda row: row[index])
    lowest = min(rows, key=lambda row: row[index])
    return (
        f"Highest: {_at(query, highest)}, {_shown(highest[index])}. "
        f"Lowest: {_at(query, lowest)}, {_shown(lowest[index])}."
    )


def _at(query: ChartQuery, row: Sequence[Any]) -> str:
    """Where a mark is, in words."""
    places: list[str] = []
    for index, field in enumerate(query.fields[:-1]):
        if field.channel in ("x_end", "y_end"):
            places[-1] += f" to {_shown(row[index])}"
        else:
            places.append(_shown(row[index]))
    return " and ".join(places)


def _trend(query: ChartQuery, rows: Sequence[Sequence[Any]]) -> str:
    """How the last quarter of a series compares with its first."""
    if len(rows) < 8:
        return ""
    index = len(query.fields) - 1
    size = len(rows) // 4
    first = sum(row[index] for row in rows[:size]) / size
    last = sum(row[index] for row in rows[-size:]) / size
    spread = max(row[index] for row in rows) - min(row[index] for row in rows)
    if abs(last - first) < spread / 10:
        return "The last quarter of the series is about as high as the first."
    word = "higher" if last > first else "lower"
    return f"The last quarter of the series is {word} than the first."


def _shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not 1000 <= value <= 2200:  # these may be years
        return f"{value:,}"
    return str(value)
