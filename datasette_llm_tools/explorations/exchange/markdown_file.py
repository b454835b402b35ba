"""An exploration as one Markdown file: words, pictures of charts, the first rows, SQL.

The pictures stand in it as data. Cells, titles and notes are text and nothing else; an author's
Markdown is kept, but for HTML and pictures from elsewhere, which our own pages do not show either.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ...times import said_time
from ..checking.certificates import row_count
from ..contents import block_name
from ..reading.table_html import numeric
from ..values import Block, ChartBlock, Frozen, QuestionBlock, RowsBlock, WidgetBlock, Words
from .files import File
from .plain_cells import cell_text, named_rows, results_of
from .portable import FAULTS

FIRST_ROWS = 50
_MARKS = re.compile(r"([\\`*_{}\[\]<>|!#~&$])")
_CODE_OR_HTML = re.compile(
    r"(?P<code>```.*?(?:```|\Z)|`[^`\n]*`)|(?P<html><)|(?P<picture>!\[)", re.DOTALL
)
_MOST_CHARACTERS = 500  # of one cell


def markdown_file(file: File, pictures: Mapping[str, bytes]) -> str:
    """The file's text. `pictures` are PNGs of charts by the id of their block."""
    document, about = file.document, file.about
    parts = [f"# {escaped(document.title)}", own_words(document.summary), _head(file)]
    for block in document.blocks:
        if isinstance(block, Words):
            parts.append(own_words(block.text))
        else:
            parts += _block(file, block, file.of(block.id), pictures.get(block.id))
    parts.append(f"---\n\nExported {said_time(about.exported_at)}.")
    return "\n\n".join(each for each in parts if each) + "\n"


def escaped(text: str) -> str:
    """Text of one line in which no character means anything."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def own_words(text: str) -> str:
    """An author's Markdown without HTML and pictures."""

    def harmless(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        return "&lt;" if found["html"] else "!\\["

    return _CODE_OR_HTML.sub(harmless, text.strip())


def misfit(frozen: Frozen | None) -> str:
    """That rows of a file did not fit their certificate, as a quotation; empty where they did."""
    faults = frozen.more.get(FAULTS) if frozen else None
    said = "; ".join(map(str, faults)) if isinstance(faults, list) else ""
    return f"> Its certificate does not fit: {escaped(said)}." if said else ""


def fenced(text: str, language: str = "") -> str:
    """Text in a fence that is longer than any in it."""
    longest = max((len(each) for each in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The first rows as a table of pipes, and how many there are."""
    shown = rows[:FIRST_ROWS]
    ends = ["--:" if each else "---" for each in numeric(shown)] or ["---"] * len(columns)
    lines = [
        [escaped(each) or " " for each in columns],
        ends,
        *([escaped(cell_text(each)[:_MOST_CHARACTERS]) for each in row] for row in shown),
    ]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if len(rows) <= FIRST_ROWS:
        return text
    return f"{text}\n\nThe first {FIRST_ROWS} of {len(rows):,} rows."


def _head(file: File) -> str:
    about = file.about
    said = [f"By {escaped(about.author)}." if about.author else ""]
    if about.published_at:
        said.append(f"Published {said_time(about.published_at)}.")
    if about.url:
        said.append(f"From <{about.url}>.")
    return " ".join(each for each in said if each)


def _block(file: File, block: Block, frozen: Frozen | None, picture: bytes | None) -> list[str]:
    parts = [f"## {escaped(block_name(block) or block.kind.value.capitalize())}"]
    if isinstance(block, QuestionBlock) and block.question != block_name(block):
        parts.append(f"Asked: {escaped(block.question)}")
    parts.append(misfit(frozen))
    if frozen is None or frozen.refused is not None:
        parts.append(f"> {escaped(frozen.refused if frozen and frozen.refused else 'No rows.')}")
    else:
        parts += _rows(block, frozen, picture)
    parts.append(own_words(block.text))
    if isinstance(block, RowsBlock):
        parts.append(fenced(block.sql, "sql"))
    made = file.certificates.get(block.id)
    if made is not None and frozen is not None:
        count = row_count(frozen)
        rows = f"{count:,} row{'' if count == 1 else 's'} of {said_time(frozen.taken_at)}"
        parts.append(f"Certificate `{made.hash}`: {rows}.")
    return parts


def _rows(block: Block, frozen: Frozen, picture: bytes | None) -> list[str]:
    if isinstance(block, WidgetBlock):
        parts = ["A widget, which the HTML file shows. Its rows:"]
        for name, sql, columns, rows in results_of(frozen):
            parts += [f"### {escaped(name)}", table(columns, rows), fenced(sql, "sql")]
        return parts
    parts = []
    if isinstance(block, ChartBlock):
        summary = str(frozen.more.get("summary") or "Chart")
        if picture is not None:
            data = base64.b64encode(picture).decode()
            parts.append(f"![{escaped(summary)}](data:image/png;base64,{data})")
        parts.append(escaped(summary))
    called = named_rows(frozen)
    parts.append(table(frozen.columns, called) if called else "No rows.")
    if frozen.truncated:
        parts.append("There were more rows than were kept.")
    return parts
