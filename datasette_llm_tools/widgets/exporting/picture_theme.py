"""How charts look in pictures that leave the page: Vega's configuration in light colours.

The same as pictureTheme() of static/chart-theme.js for a width of 560 and more, so that a chart
looks alike whoever draws it; a test in a browser compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

WIDTH = 720
_MOST_PIXELS = 10_000
_WIDER = 1.3  # how much larger a map is drawn than it was laid out, at most
_FONT = "Helvetica, Arial, sans-serif"
_INK, _QUIET, _RULE, _CARD = "#111a35", "#566176", "#d5dee6", "#ffffff"
_CATEGORIES = [
    *("#276890", "#c8571b", "#2c8455", "#8a4fa3", "#b0354f", "#8c6d1f", "#4a63c4", "#5f6b7a"),
    *("#86b3cf", "#eba77f", "#86c3a2", "#c3a0d2", "#de8e9f", "#cdb36b", "#9dabe6", "#aab4bf"),
]
_RAMP = ["#e4eff5", "#a9cbdf", "#66a0c1", "#276890", "#0e3a57"]
_ACCENT = _CATEGORIES[0]
_LABELS = {
    "labelFont": _FONT,
    "titleFont": _FONT,
    "labelColor": _QUIET,
    "titleColor": _INK,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": 600,
}

THEME: Mapping[str, Any] = {
    "background": _CARD,
    "aria": True,
    "font": _FONT,
    "padding": {"left": 4, "right": 10, "top": 6, "bottom": 4},
    "title": {
        "color": _INK,
        "subtitleColor": _QUIET,
        "fontSize": 16,
        "anchor": "start",
        "offset": 12,
    },
    "view": {"stroke": None, "cursor": "default"},
    "axis": {
        **_LABELS,
        "titlePadding": 8,
        "labelLimit": 180,
        "labelPadding": 5,
        "gridColor": _RULE,
        "gridOpacity": 0.8,
        "domainColor": _RULE,
        "tickColor": _RULE,
        "tickSize": 4,
        "labelOverlap": "greedy",
        "labelSeparation": 4,
    },
    "axisX": {"grid": False, "labelFlush": 12},
    "axisY": {"domain": False, "ticks": False, "tickCount": 5},
    "axisXDiscrete": {"labelAngle": 0, "labelFlush": False},
    "axisBand": {"domain": False, "ticks": False, "grid": False},
    "legend": {
        **_LABELS,
        "orient": "right",
        "columns": 1,
        "labelLimit": 150,
        "symbolLimit": 30,
        "symbolType": "circle",
        "symbolSize": 90,
        "rowPadding": 4,
        "offset": 14,
        "gradientThickness": 10,
        "gradientLength": 160,
    },
    "bar": {"color": _ACCENT},
    "rect": {"color": _ACCENT},
    "line": {"color": _ACCENT, "strokeWidth": 2, "strokeCap": "round", "strokeJoin": "round"},
    "area": {"color": _ACCENT, "fillOpacity": 0.75},
    "point": {"color": _ACCENT, "filled": True, "size": 45, "fillOpacity": 0.75},
    "circle": {"color": _ACCENT},
    "arc": {"stroke": _CARD, "strokeWidth": 1.5},
    "text": {"color": _INK, "font": _FONT},
    "rule": {"color": _QUIET},
    "geoshape": {"stroke": _RULE, "fill": None},
    "range": {"category": _CATEGORIES, "ordinal": _RAMP, "ramp": _RAMP, "heatmap": _RAMP},
    "scale": {"barBandPaddingInner": 0.18, "bandPaddingOuter": 0.1, "rectBandPaddingInner": 0.03},
}


def themed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A Vega-Lite spec at the width of pictures and in their colours; a map keeps its proportions.

    The size includes axes, legend and padding.
    """
    fit = {"autosize": {"type": "fit-x", "contains": "padding"}}
    sized = {**spec, "config": THEME, **fit, "width": WIDTH}
    width, height = spec.get("width"), spec.get("height")
    if _is_size(width):
        scale = min(WIDTH / width, _WIDER)
        sized |= {"width": width * scale, "height": height * scale if _is_size(height) else height}
    encoding = _object(spec.get("encoding"))
    color = _object(encoding.get("color"))
    scheme = _object(color.get("scale"))
    if "scheme" in scheme:  # it is for what knows no theme
        own = {name: each for name, each in scheme.items() if name != "scheme"}
        sized["encoding"] = {**encoding, "color": {**color, "scale": own}}
    return sized


def _object(value: Any) -> Mapping[str, Any]:
    """An object of a spec; a file may hold anything in its place."""
    return value if isinstance(value, Mapping) else {}


def _is_size(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and 0 < value < _MOST_PIXELS
