"""Accuracy against cost, or against time, as a drawing in SVG. Pure.

Colours come from the page's style sheet, so that light and dark are drawn by the same elements.
Points carry numbers: what they stand for is in the table beside the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 640, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 18, 16, 48
_RADIUS = 10


@dataclass(frozen=True, slots=True)
class Point:
    """A run: its number, what it is called, where it is on the axis below, and how good it is.

    `value`, `low` and `high` are shares from 0 to 1.
    """

    number: int
    name: str
    x: float
    value: float
    low: float
    high: float


def scatter(points: Sequence[Point], label: str, written: Callable[[float], str]) -> str:
    """The drawing, as SVG; `label` is what the axis below shows, `written` writes its numbers."""
    most = _nice(max((each.x for each in points), default=0.0))
    title = f"Share of right answers against {label[:1].lower()}{label[1:]}, by run"
    parts = [
        f'<svg class="scatter" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">',
        *_grid(most, written),
        f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 8}" '
        f'text-anchor="middle">{escape(label)}</text>',
    ]
    for each, x in zip(points, _apart(points, most), strict=True):
        y, low, high = _y(each.value), _y(each.low), _y(each.high)
        said = f"{each.number}: {each.name}, {100 * each.value:.1f}% right, {written(each.x)}"
        parts += [
            f'<g class="point"><title>{escape(said)}</title>',
            f'<path class="error" d="M{x:.1f} {low:.1f}V{high:.1f}M{x - 5:.1f} {low:.1f}h10'
            f'M{x - 5:.1f} {high:.1f}h10"/>',
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"/>',
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{each.number}</text></g>',
        ]
    return "".join([*parts, "</svg>"])


def _grid(most: float, written: Callable[[float], str]) -> Iterator[str]:
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(share)
        yield f'<path class="rule" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield (
            f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{100 * share:.0f}%</text>"
        )
    for step in range(5):
        value = most * step / 4
        yield (
            f'<text class="tick" x="{_x(value, most):.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
            f'text-anchor="middle">{escape(written(value))}</text>'
        )


def _apart(points: Sequence[Point], most: float) -> list[float]:
    """Where points stand from the left, so that none hides another at the same place."""
    places: list[tuple[float, float]] = []
    for each in points:
        wanted, y = _x(each.x, most), _y(each.value)
        steps = sorted(range(-_WIDTH // _RADIUS, _WIDTH // _RADIUS), key=abs)
        shifted = (wanted + step * _RADIUS for step in steps)
        inside = (x for x in shifted if _LEFT <= x <= _WIDTH - _RADIUS)
        x = next((x for x in inside if not _is_taken(x, y, places)), wanted)
        places.append((x, y))
    return [x for x, _ in places]


def _is_taken(x: float, y: float, places: Sequence[tuple[float, float]]) -> bool:
    return any(abs(x - a) < 2 * _RADIUS and abs(y - b) < 2 * _RADIUS for a, b in places)


def _x(value: float, most: float) -> float:
    inner = _WIDTH - _LEFT - _RIGHT - 2 * _RADIUS
    return _LEFT + _RADIUS + inner * (value / most if most else 0)


def _y(share: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)


def _nice(most: float) -> float:
    """The next number above that reads well in quarters."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 4, 8, 10) if most <= step * power * (1 + 1e-9))
