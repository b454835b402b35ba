"""Rows as HTML that is as short as HTML allows, because a page may hold tens of thousands. Pure.

Cells and rows have no end tags, which HTML lets one leave out, and cells no class: which columns
hold numbers is said by classes of the table, for which static/llm-tools-exploration.css has rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

_MOST_CHARACTERS = 2000  # of one cell; the CSV has all of them
_STYLED_COLUMNS = 40  # as many as the style sheet has rules for


def table_html(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Markup:
    """A table of plain cells: as JSON has them, BLOBs as {"$base64": true, "encoded": …}."""
    heads = "".join(f"<th scope=col>{escape(each)}" for each in columns)
    body = "\n".join("<tr><td>" + "<td>".join(map(_cell, row)) for row in rows)
    return Markup(
        f'<table class="{" ".join(["rows-and-columns", *_number_classes(rows)])}">'
        f"<thead><tr>{heads}</thead><tbody>\n{body}</tbody></table>"
    )


def numeric(rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Which columns hold nothing but numbers and NULL, and a number at least."""
    return [
        all(value is None or _is_number(value) for value in column)
        and any(value is not None for value in column)
        for column in zip(*rows, strict=True)
    ]


def _number_classes(rows: Sequence[Sequence[Any]]) -> list[str]:
    found = numeric(rows)[:_STYLED_COLUMNS]
    return [f"n{at}" for at, is_number in enumerate(found, 1) if is_number]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        is_long = len(value) > _MOST_CHARACTERS
        text = value[:_MOST_CHARACTERS] + "…" if is_long else value
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if value is None:
        return "<i>NULL</i>"
    if isinstance(value, (int, float)):
        return str(value)
    return _blob(value) if isinstance(value, Mapping) else str(escape(value))


def _blob(value: Mapping[str, Any]) -> str:
    """The length of a BLOB, from that of its base64."""
    encoded = str(value.get("encoded", ""))
    size = len(encoded) * 3 // 4 - encoded[-2:].count("=")
    return f"&lt;Binary: {size:,} byte{'' if size == 1 else 's'}&gt;"
