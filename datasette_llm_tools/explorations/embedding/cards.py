"""The picture that a link to an exploration is shown with: a card with its title. Pure.

An SVG of rectangles, texts and at most one chart, with the sizes that sites expect of such
pictures. Where lines end is estimated: SVG has no wrapping, and the text was written by anybody.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from markupsafe import escape

WIDTH, HEIGHT = 1200, 630
_MARGIN = 64
_INK, _QUIET, _PAGE, _ACCENT = "#111a35", "#566176", "#ffffff", "#276890"
_FONT = "Helvetica, Arial, sans-serif"
_LETTER = 0.56  # of a letter's size is its mean width, a little more than sans-serifs have
_FIRST_TAG = re.compile(r"<svg\b[^>]*?\bviewBox=\"([-0-9. ]+)\"[^>]*>")


def card_svg(title: str, byline: str, summary: str, chart: str | None = None) -> str:
    """A card of WIDTH × HEIGHT. With a chart, an SVG by pictures.py, that has most of the place."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_PAGE}"/>',
        f'<rect width="{WIDTH}" height="12" fill="{_ACCENT}"/>',
    ]
    if chart is None:
        size, lines = 68, _lines(title, 68, 3)
        top = 150
        parts += _text(lines, size, top, _INK, bold=True)
        top += round(len(lines) * size * 1.2) + 10
        parts += _text(_lines(summary, 34, 4), 34, top, _QUIET)
    else:
        parts += _text(_lines(title, 42, 1), 42, 78, _INK, bold=True)
        parts.append(_nested(chart, top=104, height=HEIGHT - 104 - 70))
    parts += _text(_lines(byline, 26, 1), 26, HEIGHT - 32, _QUIET)
    return "".join([*parts, "</svg>"])


def _lines(text: str, size: int, most: int) -> list[str]:
    """Text cut into lines that fit the card's width; more than `most` end with an ellipsis."""
    letters = int((WIDTH - 2 * _MARGIN) / (size * _LETTER))
    return textwrap.wrap(
        " ".join(text.split()), letters, max_lines=most, placeholder=" …", break_long_words=True
    )


def _text(
    lines: Sequence[str], size: int, top: int, colour: str, *, bold: bool = False
) -> list[str]:
    weight = ' font-weight="bold"' if bold else ""
    return [
        f'<text x="{_MARGIN}" y="{top + round(at * size * 1.2)}" font-family="{_FONT}" '
        f'font-size="{size}"{weight} fill="{colour}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    ]


def _nested(chart: str, top: int, height: int) -> str:
    """A chart's SVG as a part of ours, as large as fits."""
    found = _FIRST_TAG.match(chart)
    if found is None:
        return ""
    place = (
        f'<svg x="{_MARGIN}" y="{top}" width="{WIDTH - 2 * _MARGIN}" height="{height}" '
        f'viewBox="{found[1]}" preserveAspectRatio="xMidYMid meet">'
    )
    return place + chart[found.end() :]
