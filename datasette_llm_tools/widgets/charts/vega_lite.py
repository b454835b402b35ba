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
from .spec import ChartSpec
from .vega_channels import ORDERS, Channels, Json
from .wording import axis_words, capital

_ENDS: tuple[tuple[str, Channel], ...] = (("x", "x_end"), ("y", "y_end"))
_HEIGHT = 320
_MAP_WIDTH, _MOST_MAP_HEIGHT = 640, 480
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


class _Drawing(Channels):
    """One chart being laid out."""

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
        drawn = marks[self.spec.mark]()
        start: Json = {"data": {"name": "rows"}, "width": "container", "height": _HEIGHT}
        if self.transform:
            start["transform"] = self.transform
        if self.params:
            start["params"] = self.params
        return {**start, **drawn}

    def _bars(self) -> Json:
        x, y = self.field("x"), self.field("y")
        grouped = self.spec.stack == "grouped" and self.query.field("color") is not None
        across = self.channel(x, discrete=grouped)
        along = self._length(y)
        encoding: Json = {"tooltip": self.tooltip()}
        self.color(encoding)
        sides = ("y", "x") if self._lies(x) else ("x", "y")
        encoding |= {sides[0]: across, sides[1]: along}
        if self.spec.scale == "log":
            encoding[f"{sides[1]}2"] = {"datum": along["scale"]["domainMin"]}
        mark: Json = {"type": "bar", "orient": "horizontal" if sides[0] == "y" else "vertical"}
        if grouped:
            color = self.field("color")
            named = {"field": color.name, "title": self.title(color)}
            encoding[f"{sides[0]}Offset"] = {**named, "type": "nominal"}
        elif x.kind == "time" and self.step(x):
            until = f"{self.title(x)}, to"
            encoding["x2"] = {"field": self.moment(x, end=True), "title": until}
            across["axis"] = {"title": self.title(x)}
            mark["x2Offset"] = -1 if len(set(self.values(x))) <= 100 else 0
        elif x.kind == "time":
            mark["width"] = 2
        elif self.query.field("x_end"):
            across["bin"] = {"binned": True}
            encoding["x2"] = self.end(self.field("x_end"))
            across["axis"] = {**across.get("axis", {}), "title": self.title(x)}
        if sides[0] == "y":
            across["axis"] = {"labelLimit": 220}
            return {"height": {"step": 12 if grouped else 22}, "mark": mark, "encoding": encoding}
        if across["type"] in ("nominal", "ordinal"):
            across["axis"] = {"labelAngle": self._angle(x), "labelLimit": 120}
        return {"mark": mark, "encoding": encoding}

    def _length(self, field: Field) -> Json:
        """The axis along which bars and areas grow."""
        spec = self.spec
        channel = self.channel(field)
        if spec.scale == "log":
            channel["scale"] = {"type": "log", "domainMin": self._log_start(field)}
            channel["stack"] = None
        elif spec.mark in ("bar", "area") and spec.stack is None:
            channel["stack"] = "zero"
        if spec.stack == "normalized":
            title = capital(axis_words(spec, self.noun))
            channel |= {"stack": "normalize", "axis": {"format": "%"}, "title": title}
        elif spec.stack == "grouped":
            channel["stack"] = None
        return channel

    def _log_start(self, field: Field) -> float:
        """Where a log scale begins: a round number below the lowest value."""
        lowest = min(self.values(field), default=1)
        start = 10.0 ** math.floor(math.log10(lowest))
        return start if lowest > start * 1.05 else start / 2

    def _lies(self, x: Field) -> bool:
        """Whether bars lie, so that their names can be read."""
        if x.kind != "category":
            return False
        names = {str(value) for value in self.values(x)}
        return len(names) > 8 or max(map(len, names), default=0) > 12

    def _angle(self, x: Field) -> int:
        """Names under an axis stand upright when they would run into each other."""
        names = {str(value) for value in self.values(x)}
        return 0 if sum(map(len, names)) + 2 * len(names) < 80 else -45

    def _lines(self) -> Json:
        x, y = self.field("x"), self.field("y")
        across = self.channel(x)
        encoding: Json = {"x": across, "y": self._length(y), "tooltip": self.tooltip()}
        if self.spec.scale == "linear" and self.spec.mark == "line":
            encoding["y"]["scale"] = {"zero": self._starts_at_zero(y)}
        self.color(encoding)
        if x.kind in ("time", "number"):
            self.zoom("x")
        if x.kind == "number":
            across["scale"] = {"zero": False, "nice": False}
        elif across["type"] != "temporal":
            across["axis"] = {"labelAngle": self._angle(x)}
        few = len(self.rows) <= 150
        return {"mark": {"type": "line", "point": few, "clip": True}, "encoding": encoding}

    def _starts_at_zero(self, field: Field) -> bool:
        """Whether zero is near enough to the values to be shown with them."""
        values = self.values(field) or [0]
        low, high = min(values), max(values)
        return bool(self.spec.aggregate in ("count", "sum") or low <= (high - low) * 2)

    def _areas(self) -> Json:
        drawn = self._lines()
        drawn["mark"] = {"type": "area", "clip": True, "line": self.query.field("color") is None}
        return drawn

    def _points(self) -> Json:
        x, y = self.field("x"), self.field("y")
        encoding: Json = {"tooltip": self.tooltip()}
        for side, field, scale in (("x", x, self.spec.x_scale), ("y", y, self.spec.scale)):
            channel = encoding[side] = self.channel(field)
            if field.kind == "number":
                channel["scale"] = {"type": "log"} if scale == "log" else {"zero": False}
        self.color(encoding)
        if {x.kind, y.kind} <= {"number", "time"}:
            self.zoom("x", "y")
        return {"height": 400, "mark": self._dots(), "encoding": encoding}

    def _dots(self) -> Json:
        """Points that can still be told apart when there are many."""
        count = len(self.rows)
        size, opacity = next(
            (size, opacity)
            for most, size, opacity in ((200, 60, 0.8), (2_000, 30, 0.6), (10**9, 12, 0.35))
            if count <= most
        )
        return {"type": "circle", "size": size, "fillOpacity": opacity, "clip": True}

    def _pie(self) -> Json:
        x, y = self.field("x"), self.field("y")
        slices = self.channel(x, discrete=True)
        encoding: Json = {
            "theta": {
                "field": y.name,
                "title": self.title(y),
                "type": "quantitative",
                "stack": True,
            },
            "color": slices,
            "tooltip": self.tooltip(),
        }
        if x.kind == "category":
            ordered = {"field": y.name, "title": self.title(y), "type": "quantitative"}
            encoding["order"] = {**ordered, "sort": "descending"}
        if len(self.rows) > 10:
            slices["scale"] = {"scheme": "tableau20"}
        return {"mark": {"type": "arc", "innerRadius": 70, "padAngle": 0.01}, "encoding": encoding}

    def _heatmap(self) -> Json:
        x, y, color = self.field("x"), self.field("y"), self.field("color")
        across, down = self._square(x), self._square(y)
        if x.kind != "number":
            across["axis"] = {"labelAngle": self._angle(x)}
        scale: Json = {"scheme": "viridis"}
        if self.spec.scale == "log":
            scale["type"] = "log"
        colored = {**self.channel(color), "scale": scale}
        colored.pop("axis", None)
        encoding = {"x": across, "y": down, "color": colored, "tooltip": self.tooltip()}
        ends = [(side, self.query.field(end)) for side, end in _ENDS]
        for side, end in ends:
            if end is not None:
                encoding[f"{side}2"] = self.end(end)
        height: Any = _HEIGHT if "y2" in encoding else {"step": 22}
        return {"height": height, "mark": {"type": "rect"}, "encoding": encoding}

    def _square(self, field: Field) -> Json:
        """One side of a heat map: squares stand side by side, bins where their numbers are."""
        channel = self.channel(field, discrete=True)
        if field.kind == "number":
            channel["axis"] = {**channel.get("axis", {}), "title": channel["title"]}
            return {**channel, "bin": {"binned": True}, "scale": {"zero": False}}
        if field.kind == "category" and field.channel == "y":
            del channel["sort"]
        if field.channel == "y" and field.kind != "category" and field.unit not in ORDERS:
            channel["sort"] = "descending"
        return channel

    def _map(self) -> Json:
        """Longitude and latitude on axes that zoom; a degree east is as long as it is there."""
        x, y = self.field("x"), self.field("y")
        encoding: Json = {"tooltip": self.tooltip()}
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
                "title": self.title(field),
                "type": "quantitative",
                "scale": {"domain": list(span), "zero": False, "nice": False},
                "axis": {"labelExpr": named, "title": None, "tickCount": 6},
            }
        self.color(encoding)
        size = self.query.field("size")
        if size is not None:
            sized = {"field": size.name, "type": "quantitative", "title": self.title(size)}
            encoding["size"] = {**sized, "scale": {"range": [15, 600]}}
        self.zoom("x", "y")
        return {
            "width": _MAP_WIDTH,
            "height": round(max(180, height)),
            "mark": self._dots(),
            "encoding": encoding,
        }

    def _span(self, field: Field) -> tuple[float, float]:
        """The degrees that a side of a map shows, with a margin."""
        values = self.values(field) or [0]
        low, high = min(values), max(values)
        margin = max((high - low) * 0.05, 0.01)
        return low - margin, high + margin

    def _number(self) -> Json:
        value = self.query.fields[0]
        text = {"field": value.name, "title": self.title(value), "format": self.format(value)}
        text["type"] = "quantitative"
        return {
            "height": 120,
            "mark": {"type": "text", "fontSize": 56, "fontWeight": "bold"},
            "encoding": {"text": text, "tooltip": self.tooltip()},
            "view": {"stroke": None},
        }
