"""Wishes for documents to prompts. Pure: no model, no database.

The instructions are one text for new documents, changes and mending, and the schema follows, so
that a model which keeps the start of a prompt reads them once; the wish comes last. Sources,
rows and errors stand between marks that nobody who wrote them can guess.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...prompt import Prompt, Turn
from ...schema import Schema, Table
from ..values import Column, Contract, NamedQuery
from .instructions import INSTRUCTIONS
from .query_blocks import queries_text

_SAMPLE_ROWS = 5
_CELL_CHARACTERS = 80
_MOST_ERRORS = 8
_ERROR_CHARACTERS = 600

# Chat templates end turns by marks such as <|im_end|>, and some tokenizers obey them anywhere.
_MARK = re.compile(r"<(?=[|/A-Za-z])")
_MARK_IN_HTML = re.compile(r"<(?=\|)")


@dataclass(frozen=True, slots=True)
class Sample:
    """A query that somebody has already, what it gives, and the first of its rows."""

    sql: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Present:
    """A document as it is before it is changed, with its queries and what they give."""

    source: str
    queries: tuple[NamedQuery, ...] = ()
    contract: Contract | None = None


def new_prompt(
    schema_text: str,
    wish: str,
    *,
    marker: str,
    sample: Sample | None = None,
    max_tokens: int | None = None,
) -> Prompt:
    """The prompt for a new document. `marker` fences the schema, the same for one schema."""
    parts = [_schema(schema_text, marker)]
    if sample is not None:
        parts.append(_sample(sample))
    parts.append(
        f"Widget wanted: {_one_line(wish)}\n\nReply with the title, the queries and the document."
    )
    return _prompt(parts, max_tokens)


def change_prompt(
    schema_text: str,
    present: Present,
    wish: str,
    *,
    marker: str,
    max_tokens: int | None = None,
) -> Prompt:
    """The prompt for a change of a document."""
    parts = [
        _schema(schema_text, marker),
        _present(present),
        f"Change wanted: {_one_line(wish)}\n\n{_CHANGES}",
    ]
    return _prompt(parts, max_tokens)


def mend_prompt(
    schema_text: str,
    present: Present,
    errors: Sequence[str],
    wish: str = "",
    *,
    marker: str,
    max_tokens: int | None = None,
) -> Prompt:
    """The prompt that tells of errors in the running document; `wish`: what a person adds."""
    mark = secrets.token_hex(4)
    lines = [_in_json(each[:_ERROR_CHARACTERS]) for each in dict.fromkeys(errors)]
    said = "\n".join(lines[:_MOST_ERRORS])
    parts = [
        _schema(schema_text, marker),
        _present(present),
        f"The document was run, and this went wrong:\n<errors {mark}>\n{said}\n</errors {mark}>",
        f"{f'The person adds: {_one_line(wish)}' if wish.strip() else ''}\n"
        f"Find the cause and mend it, and nothing else. {_CHANGES}",
    ]
    return _prompt(parts, max_tokens)


def whole_prompt(prompt: Prompt, reply: str, why: str) -> Prompt:
    """The same conversation, after changes that could not be applied: the whole document."""
    turn = (
        f"{_one_line(why)} Write the whole document with these changes instead, in one ```html "
        "block, after the blocks of the queries that change. No SEARCH/REPLACE blocks now."
    )
    return _continued(prompt, reply, turn)


def queries_prompt(
    prompt: Prompt, reply: str, failed: Sequence[tuple[str, str]], schema: Schema
) -> Prompt:
    """The same conversation, after queries that did not run: only their blocks.

    `failed` has what each query was, its SQL or its name, and a sentence. SQLite's bare message
    mends little: a model needs the columns of the tables that it used.
    """
    facts = [_one_line(error) for _, error in failed]
    tables = {
        table.name: table
        for sql, error in failed
        for table in [*_mentioned(sql, schema), *_holders(error, schema)]
    }
    facts += [_columns_of(table) for table in list(tables.values())[:8]]
    facts.append(
        "Write only the corrected ```query blocks, with the same names, parameters and columns "
        "as the document uses them. No document."
    )
    return _continued(prompt, reply, "\n".join(facts))


_CHANGES = (
    "Reply with SEARCH/REPLACE blocks for the lines that change, and a ```query block for each "
    "query that changes. Do not repeat the rest of the document."
)


def _prompt(parts: Sequence[str], max_tokens: int | None) -> Prompt:
    text = "\n\n".join(part.strip() for part in parts)
    return Prompt(INSTRUCTIONS, (Turn("user", text),), max_tokens=max_tokens)


def _continued(prompt: Prompt, reply: str, turn: str) -> Prompt:
    turns = (*prompt.turns, Turn("assistant", reply), Turn("user", turn))
    return replace(prompt, turns=turns)


def _schema(text: str, marker: str) -> str:
    return f"<schema {marker}>\n{text}\n</schema {marker}>"


def _present(present: Present) -> str:
    mark = secrets.token_hex(4)
    source = _harmless(present.source.strip("\n"))
    parts = ["The widget as it is."]
    if present.queries:
        parts.append(_harmless(queries_text(present.queries)))
    for name, columns in (present.contract or {}).items():
        if any(each.name == name for each in present.queries):
            parts.append(f"{name} gives {_columns(columns)}")
    parts.append(f"<document {mark}>\n{source}\n</document {mark}>")
    return "\n".join(parts)


def _sample(sample: Sample) -> str:
    sql = _harmless(sample.sql.strip())
    parts = [f"The person already has this query; start from it:\n```sql\n{sql}\n```"]
    if sample.columns:
        mark = secrets.token_hex(4)
        rows = [_in_json([_shown(value) for value in row]) for row in sample.rows[:_SAMPLE_ROWS]]
        parts.append(f"It gives {_columns(sample.columns)}; its first rows:")
        parts.append("\n".join([f"<rows {mark}>", *rows, f"</rows {mark}>"]))
    return "\n".join(parts)


def _columns(columns: Sequence[Column]) -> str:
    return ", ".join(f"{_one_line(each.name)} ({each.type})" for each in columns[:60])


def _mentioned(sql: str, schema: Schema) -> list[Table]:
    words = {word.lower() for word in re.findall(r"\w+", sql)}
    return [table for table in schema.tables if table.name.lower() in words]


def _holders(error: str, schema: Schema) -> list[Table]:
    """The tables that have the column which SQLite did not find."""
    missing = re.search(r"no such column: (?:\S+\.)?(\S+)", error)
    name = missing[1].strip('"') if missing else ""
    return [table for table in schema.tables if name and table.column(name)][:3]


def _columns_of(table: Table) -> str:
    names = ", ".join(_one_line(each.name) for each in table.columns[:60])
    return f"{_one_line(table.name)} has the columns: {names}"


def _harmless(text: str) -> str:
    """Text with its lines and its elements, but without marks of a chat template."""
    return _MARK_IN_HTML.sub("< ", text)


def _in_json(value: object) -> str:
    """On one line, in which no text can look like a mark."""
    return _MARK.sub(r"\\u003c", json.dumps(value, ensure_ascii=False))


def _one_line(text: str) -> str:
    """Text that ends neither its line nor, by a mark of a chat template, its turn."""
    return _MARK.sub("< ", " ".join(text.split()))


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str) and len(value) > _CELL_CHARACTERS:
        return value[:_CELL_CHARACTERS] + "…"
    return value
