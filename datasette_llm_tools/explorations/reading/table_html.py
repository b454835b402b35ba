"""Rows as HTML that is as short as HTML allows, because a page may hold tens of thousands. Pure.

Cells and rows have no end tags, which HTML lets one leave out, and cells no class: which columns
hold numbers is said by classes of the table, for which static/llm-tools-exploration.css has rules.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from datasette.utils import tilde_encode
from markupsafe import Markup, escape

from ..labels import ColumnLabels

_MOST_CHARACTERS = 2000  # of one cell; the CSV has all of them
_STYLED_COLUMNS = 40  # as many as the style sheet has rules for


def table_html(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    labels: Mapping[int, tuple[ColumnLabels, str | None]] | None = None,
) -> Markup:
    """A table of plain cells: as JSON has them, BLOBs as {"$base64": true, "encoded": …}.

    Keys stand behind what they are called by the `labels` of their column's index, which come
    with the address of their rows, all but the key, or None where those are not here.
    """
    heads = "".join(f"<th scope=col>{escape(each)}" for each in columns)
    labels = labels or {}
    body = "\n".join("<tr><td>" + "<td>".join(_cells(row, labels)) for row in rows)
    return Markup(
        f'<table class="{" ".join(["rows-and-columns", *_number_classes(rows, labels)])}">'
        f"<thead><tr>{heads}</thead><tbody>\n{body}</tbody></table>"
    )


def numeric(rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Which columns hold nothing but numbers and NULL, and a number at least."""
    return [
        all(value is None or _is_number(value) for value in column)
        and any(value is not None for value in column)
        for column in zip(*rows, strict=True)
    ]


def _number_classes(rows: Sequence[Sequence[Any]], labelled: Container[int]) -> list[str]:
    found = numeric(rows)[:_STYLED_COLUMNS]
    return [f"n{at + 1}" for at, is_number in enumerate(found) if is_number and at not in labelled]


def _cells(row: Sequence[Any], labels: Mapping[int, tuple[ColumnLabels, str | None]]) -> list[str]:
    cells = list(map(_cell, row))
    for at, (column, url) in labels.items():
        name = column.name_of(row[at])
        if name is not None:
            cells[at] = _key(name, row[at], cells[at], url)
    return cells


def _key(name: str, value: Any, cell: str, url: str | None) -> str:
    """What a key names, with a link to it, and the key, as on a table's page of Datasette."""
    said = str(escape(name))
    if url is not None:
        said = f'<a href="{escape(url + tilde_encode(str(value)))}">{said}</a>'
    return f"{said} <em>{cell}</em>"


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
