"""Values of rows as a prompt may hold them: on one line, and never like the end of a turn. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ..schema_text import estimate_tokens

_MARK = re.compile(r"<(?=[|/A-Za-z])")
_CELL_CHARACTERS = 200


def in_json(values: Sequence[object]) -> str:
    """A list on one line, in which no text can look like a mark such as <|im_end|> or </s>.

    Chat templates end turns by such marks, and some tokenizers obey them anywhere.
    """
    return _MARK.sub(r"\\u003c", json.dumps(list(values), ensure_ascii=False))


def rows_within(rows: Sequence[Sequence[object]], budget_tokens: int) -> list[str]:
    """The first rows that fit, a line for each; one at least, where there is one."""
    lines: list[str] = []
    spent = 0
    for row in rows:
        line = in_json([shown_value(value) for value in row])
        spent += estimate_tokens(line)
        if lines and spent > budget_tokens:
            break
        lines.append(line)
    return lines


def fenced_rows(columns: Sequence[str], lines: Sequence[str], marker: str) -> list[str]:
    """Rows that are lines already below the names of their columns, between marks."""
    return [f"<rows {marker}>", in_json(columns), *lines, f"</rows {marker}>"]


def one_line(text: str) -> str:
    """Text that ends neither its line nor, by a mark of a chat template, its turn."""
    return _MARK.sub("< ", " ".join(text.split()))


def shown_value(value: object) -> object:
    """A value of a row as JSON can hold it, cut to what a model needs of it."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, float):
        return round(value, 4)  # more digits are tokens that say nothing
    if isinstance(value, str) and len(value) > _CELL_CHARACTERS:
        return value[:_CELL_CHARACTERS] + "…"
    return value
