"""A chart as a Vega-Lite 6 spec over rows named "rows": no values, no URL, no colours of a theme.

Fields are called f0, f1, … so that no name of a column is ever read as a path. Expressions are
constants of this file. The title is left to whoever shows the chart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .chart_parts import Channel, Field
from .chart_sql import ChartQuery
from .spec import ChartSpec, Unit
from .wording import axis_words, capital, field_title

Json = dict[str, Any]

_ORDERS: dict[Unit | None, list[str]] = {
    "month": [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    "weekday": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "quarter": ["Q1", "Q2", "Q3", "Q4"],
}  # fmt: skip
_UTC_STEPS: dict[Unit | None, str] = {
    "year": "year", "year_month": "month", "week": "week", "day": "day",
}  # fmt: skip
_ENDS: tuple[tuple[str, Channel], ...] = (("x", "x_end"), ("y", "y_end"))
_HEIGHT = 320
_MAP_WIDTH, _MOST_MAP_HEIGHT = 640, 480
# A wheel alone scrolls the page; pinching comes as a wheel with the control key.
_WHEEL = "wheel![event.ctrlKey || event.metaKey || event.shiftKey]"
_DEGREES = "format(abs(datum.value), '~r') + '°'"
_EAST = f"{_DEGREES} + (datum.value < 0 ? ' W' : datum.value > 0 ? ' E' : '')"
_NORTH = f"{_DEGREES} + (datum.value < 0 ? ' S' : datum.value > 0 ? ' N' : '')"


def vega_lite(
    spec: ChartSpec, query: ChartQuery, rows: Sequence[Sequence[Any]], noun: str | None = None
) -> Json:
    """The Vega-Lite spec of a chart. `rows`, which are not put into it, decide on its layout.

    `noun` is what one row is, in the plural ("flights"), where that is known.
    """
    return _Drawing(spec, query, rows, noun).drawing()


class _Drawing:
    """One chart being laid out."""

    def __init__(
        self, spec: ChartSpec, query: ChartQuery, rows: Sequence[Sequence[Any]], noun: str | None
    ) -> None:
        self._spec = spec
        self._query = query
        self._rows = rows
        self._noun = noun
        self._transform: list[Json] = []
        self._params: list[Json] = []

    def drawing(self) -> Json:
        marks: dict[str, Callable[[], Json]] = {
            "bar": self._bars,
            "line": self._lines,
            "area": self._areas,
            "point": self._points,
            "pie": self._pie,
            "heatmap": self._heatmap,
            "map": self._map,
            "number": self._number,
        }
        drawn = marks[self._spec.mark]()
        start: Json = {"data": {"name": "rows"}, "width": "container", "height": _HEIGHT}
        if self._transform:
            start["transform"] = self._transform
        if self._params:
            start["params"] = self._params
        return {**start, **drawn}

    def _field(self, channel: Channel) -> Field:
        found = self._query.field(channel)
        assert found is not None, channel
        return found

    def _values(self, field: Field) -> list[Any]:
        index = self._query.fields.index(field)
        return [row[index] for row in self._rows]

    def _title(self, field: Field) -> str:
        return field_title(field, self._spec, self._noun)

    # Channels

    def _channel(self, field: Field, *, discrete: bool = False) -> Json:
        """How a field lies along an axis or is coloured."""
        named: Json = {"field": field.name, "title": self._title(field)}
        if field.kind == "number":
            return {**named, "type": "quantitative", **self._number_axis(field)}
        if field.kind == "time" and not discrete:
            return {
                **named,
                "field": self._moment(field),
                "type": "temporal",
                "scale": {"type": "utc"},
            }
        if field.kind == "category":
            return {**named, "type": "nominal", "sort": None}
        return {**named, "type": "ordinal", "sort": _ORDERS.get(field.unit)}

    def _number_axis(self, field: Field) -> Json:
        largest = max((abs(value) for value in self._values(field)), default=0)
        return {"axis": {"format": "~s"}} if largest >= 1_000_000 else {}

    def _moment(self, field: Field, *, end: bool = False) -> str:
        """A field of Vega-Lite's own with the time as a number; the row keeps its text."""
        name = f"{'e' if end else 't'}{field.name[1:]}"
        is_year = field.unit == "year" or (field.column and field.column.grain == "year")
        text = f"datum.{field.name}"
        time = f"utc({text}, 0, 1)" if is_year else f"toDate(replace({text}, ' ', 'T') + 'Z')"
        if not is_year and self._step(field) is not None:
            time = f"toDate({text})"  # a date alone is in UTC
        if end:
            time = f"utcOffset('{'year' if is_year else self._step(field)}', {time})"
        if not any(each["as"] == name for each in self._transform):
            self._transform.append({"calculate": time, "as": name})
        return name

    def _step(self, field: Field) -> str | None:
        """The step of the calendar that a time stands for, None for a time of day."""
        grain = field.column.grain if field.column else None
        return _UTC_STEPS.get(field.unit) or (
            grain if field.unit is None and grain != "second" else None
        )

    def _tooltip(self) -> list[Json]:
        return [
            {
                "field": field.name,
                "title": self._title(field),
                **(
                    {"type": "quantitative", "format": self._format(field)}
                    if field.kind == "number"
                    else {"type": "nominal"}
                ),
            }
            for field in self._query.fields
        ]

    def _format(self, field: Field) -> str:
        values = self._values(field)
        if all(isinstance(value, int) for value in values):
            return ",d"
        return ",.2~f" if max(map(abs, values), default=0) >= 1 else ",.3~g"

    def _color(self, encoding: Json) -> None:
        """Colour by a column, with a legend that filters; x coloured by itself needs none."""
        spec, field = self._spec, self._query.field("color")
        if spec.color is not None and spec.color == spec.x:
            encoding["color"] = {**self._channel(self._field("x"), discrete=True), "legend": None}
        if field is None:
            return
        if field.kind == "number":
            encoding["color"] = {
                **{key: value for key, value in self._channel(field).items() if key != "axis"},
                "scale": {"scheme": "viridis"},
            }
            return
        many = len(set(self._values(field))) > 10
        encoding["color"] = self._channel(field, discrete=True)
        if field.kind == "category":
            del encoding["color"]["sort"]
        if many:
            encoding["color"]["scale"] = {"scheme": "tableau20"}
        self._params.append(
            {"name": "shown", "select": {"type": "point", "fields": [field.name]}, "bind": "legend"}
        )
        encoding["opacity"] = {"condition": {"param": "shown", "value": 1}, "value": 0.1}

    def _zoom(self, *channels: str) -> None:
        select = {"type": "interval", "encodings": list(channels), "zoom": _WHEEL}
        self._params.append({"name": "zoom", "select": select, "bind": "scales"})

    # Marks

    def _bars(self) -> Json:
        x, y = self._field("x"), self._field("y")
        grouped = self._spec.stack == "grouped" and self._query.field("color") is not None
        across = self._channel(x, discrete=grouped)
        along = self._length(y)
        encoding: Json = {"tooltip": self._tooltip()}
        self._color(encoding)
        sides = ("y", "x") if self._lies(x) else ("x", "y")
        encoding |= {sides[0]: across, sides[1]: along}
        if self._spec.scale == "log":
            encoding[f"{sides[1]}2"] = {"datum": along["scale"]["domainMin"]}
        mark: Json = {"type": "bar", "orient": "horizontal" if sides[0] == "y" else "vertical"}
        if grouped:
            encoding[f"{sides[0]}Offset"] = {"field": self._field("color").name, "type": "nominal"}
        elif x.kind == "time" and self._step(x):
            encoding["x2"] = {"field": self._moment(x, end=True)}
            mark["x2Offset"] = -1 if len(set(self._values(x))) <= 100 else 0
        elif x.kind == "time":
            mark["width"] = 2
        elif self._query.field("x_end"):
            across["bin"] = {"binned": True}
            encoding["x2"] = {"field": self._field("x_end").name}
        if sides[0] == "y":
            across["axis"] = {"labelLimit": 220}
            return {"height": {"step": 12 if grouped else 22}, "mark": mark, "encoding": encoding}
        if across["type"] in ("nominal", "ordinal"):
            across["axis"] = {"labelAngle": self._angle(x), "labelLimit": 120}
        return {"mark": mark, "encoding": encoding}

    def _length(self, field: Field) -> Json:
        """The axis along which bars and areas grow."""
        spec = self._spec
        channel = self._channel(field)
        if spec.scale == "log":
            channel["scale"] = {"type": "log", "domainMin": self._log_start(field)}
            channel["stack"] = None
        elif spec.mark in ("bar", "area") and spec.stack is None:
            channel["stack"] = "zero"
        if spec.stack == "normalized":
            title = capital(axis_words(spec, self._noun))
            channel |= {"stack": "normalize", "axis": {"format": "%"}, "title": title}
        elif spec.stack == "grouped":
            channel["stack"] = None
        return channel

    def _log_start(self, field: Field) -> float:
        """Where a log scale begins: a round number below the lowest value."""
        lowest = min(self._values(field), default=1)
        start = 10.0 ** math.floor(math.log10(lowest))
        return start if lowest > start * 1.05 else start / 2

    def _lies(self, x: Field) -> bool:
        """Whether bars lie, so that their names can be read."""
        if x.kind != "category":
            return False
        names = {str(value) for value in self._values(x)}
        return len(names) > 8 or max(map(len, names), default=0) > 12

    def _angle(self, x: Field) -> int:
        """Names under an axis stand upright when they would run into each other."""
        names = {str(value) for value in self._values(x)}
        return 0 if sum(map(len, names)) + 2 * len(names) < 80 else -45

    def _lines(self) -> Json:
        x, y = self._field("x"), self._field("y")
        across = self._channel(x)
        encoding: Json = {"x": across, "y": self._length(y), "tooltip": self._tooltip()}
        if self._spec.scale == "linear" and self._spec.mark == "line":
            encoding["y"]["scale"] = {"zero": self._starts_at_zero(y)}
        self._color(encoding)
        if x.kind in ("time", "number"):
            self._zoom("x")
        if x.kind == "number":
            across["scale"] = {"zero": False, "nice": False}
        elif across["type"] != "temporal":
            across["axis"] = {"labelAngle": self._angle(x)}
        few = len(self._rows) <= 150
        return {"mark": {"type": "line", "point": few, "clip": True}, "encoding": encoding}

    def _starts_at_zero(self, field: Field) -> bool:
        """Whether zero is near enough to the values to be shown with them."""
        values = self._values(field) or [0]
        low, high = min(values), max(values)
        return bool(self._spec.aggregate in ("count", "sum") or low <= (high - low) * 2)

    def _areas(self) -> Json:
        drawn = self._lines()
        drawn["mark"] = {"type": "area", "clip": True, "line": self._query.field("color") is None}
        return drawn

    def _points(self) -> Json:
        x, y = self._field("x"), self._field("y")
        encoding: Json = {"tooltip": self._tooltip()}
        for side, field, scale in (("x", x, self._spec.x_scale), ("y", y, self._spec.scale)):
            channel = encoding[side] = self._channel(field)
            if field.kind == "number":
                channel["scale"] = {"type": "log"} if scale == "log" else {"zero": False}
        self._color(encoding)
        if {x.kind, y.kind} <= {"number", "time"}:
            self._zoom("x", "y")
        return {"height": 400, "mark": self._dots(), "encoding": encoding}

    def _dots(self) -> Json:
        """Points that can still be told apart when there are many."""
        count = len(self._rows)
        size, opacity = next(
            (size, opacity)
            for most, size, opacity in ((200, 60, 0.8), (2_000, 30, 0.6), (10**9, 12, 0.35))
            if count <= most
        )
        return {"type": "circle", "size": size, "fillOpacity": opacity, "clip": True}

    def _pie(self) -> Json:
        x, y = self._field("x"), self._field("y")
        slices = self._channel(x, discrete=True)
        encoding: Json = {
            "theta": {"field": y.name, "type": "quantitative", "stack": True},
            "color": slices,
            "tooltip": self._tooltip(),
        }
        if x.kind == "category":
            encoding["order"] = {"field": y.name, "type": "quantitative", "sort": "descending"}
        if len(self._rows) > 10:
            slices["scale"] = {"scheme": "tableau20"}
        return {"mark": {"type": "arc", "innerRadius": 70, "padAngle": 0.01}, "encoding": encoding}

    def _heatmap(self) -> Json:
        x, y, color = self._field("x"), self._field("y"), self._field("color")
        across, down = self._square(x), self._square(y)
        if x.kind != "number":
            across["axis"] = {"labelAngle": self._angle(x)}
        scale: Json = {"scheme": "viridis"}
        if self._spec.scale == "log":
            scale["type"] = "log"
        colored = {**self._channel(color), "scale": scale}
        colored.pop("axis", None)
        encoding = {"x": across, "y": down, "color": colored, "tooltip": self._tooltip()}
        ends = [(side, self._query.field(end)) for side, end in _ENDS]
        for side, end in ends:
            if end is not None:
                encoding[f"{side}2"] = {"field": end.name}
        height: Any = _HEIGHT if "y2" in encoding else {"step": 22}
        return {"height": height, "mark": {"type": "rect"}, "encoding": encoding}

    def _square(self, field: Field) -> Json:
        """One side of a heat map: squares stand side by side, bins where their numbers are."""
        channel = self._channel(field, discrete=True)
        if field.kind == "number":
            return {**channel, "bin": {"binned": True}, "scale": {"zero": False}}
        if field.kind == "category" and field.channel == "y":
            del channel["sort"]
        if field.channel == "y" and field.kind != "category" and field.unit not in _ORDERS:
            channel["sort"] = "descending"
        return channel

    def _map(self) -> Json:
        """Longitude and latitude on axes that zoom; a degree east is as long as it is there."""
        x, y = self._field("x"), self._field("y")
        encoding: Json = {"tooltip": self._tooltip()}
        east, north = self._span(x), self._span(y)
        shrink = max(0.2, math.cos(math.radians((north[0] + north[1]) / 2)))
        height = _MAP_WIDTH * (north[1] - north[0]) / ((east[1] - east[0]) * shrink)
        if height > _MOST_MAP_HEIGHT:
            wanted = (east[1] - east[0]) * height / _MOST_MAP_HEIGHT
            middle = (east[0] + east[1]) / 2
            east, height = (middle - wanted / 2, middle + wanted / 2), _MOST_MAP_HEIGHT
        for side, field, span, named in (("x", x, east, _EAST), ("y", y, north, _NORTH)):
            encoding[side] = {
                "field": field.name,
                "type": "quantitative",
                "scale": {"domain": list(span), "zero": False, "nice": False},
                "axis": {"labelExpr": named, "title": None, "tickCount": 6},
            }
        self._color(encoding)
        size = self._query.field("size")
        if size is not None:
            sized = {"field": size.name, "type": "quantitative", "title": self._title(size)}
            encoding["size"] = {**sized, "scale": {"range": [15, 600]}}
        self._zoom("x", "y")
        return {
            "width": _MAP_WIDTH,
            "height": round(max(180, height)),
            "mark": self._dots(),
            "encoding": encoding,
        }

    def _span(self, field: Field) -> tuple[float, float]:
        """The degrees that a side of a map shows, with a margin."""
        values = self._values(field) or [0]
        low, high = min(values), max(values)
        margin = max((high - low) * 0.05, 0.01)
        return low - margin, high + margin

    def _number(self) -> Json:
        value = self._query.fields[0]
        text = {"field": value.name, "type": "quantitative", "format": self._format(value)}
        return {
            "height": 120,
            "mark": {"type": "text", "fontSize": 56, "fontWeight": "bold"},
            "encoding": {"text": text, "tooltip": self._tooltip()},
            "view": {"stroke": None},
        }
