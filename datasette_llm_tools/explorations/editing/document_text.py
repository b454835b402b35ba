"""A document as lines of text, for people to see what is different between two versions. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..documents import block_json
from ..values import Block, Document, Words
from .edit_form import called

# A block's text is told by itself; the rest of what it has, only where it says something.
_TOLD_APART = {"id", "kind", "title", "text", "sql", "spec", "params", "written", "question"}


def document_lines(document: Document) -> list[str]:
    """All that an author writes and arranges, line by line."""
    return list(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield f"Title: {document.title}"
    yield from _text("Summary", document.summary)
    if document.tags:
        yield f"Tags: {', '.join(document.tags)}"
    for each in document.parameters:
        choices = f", one of {', '.join(each.choices)}" if each.choices else ""
        default = json.dumps(each.default, ensure_ascii=False)
        yield f"Parameter :{each.name} ({each.kind}) “{each.label}”, {default}{choices}"
    for block in document.blocks:
        yield ""
        yield from block_lines(block)


def block_lines(block: Block) -> Iterator[str]:
    """A block line by line, its name first."""
    if isinstance(block, Words):
        yield "Words"
        yield from block.text.splitlines()
        return
    value = block_json(block)
    yield called(block)
    if value.get("question") and value["question"] != block.title:
        yield f"Question: {value['question']}"
    for name, each in value.items():
        if name not in _TOLD_APART and each not in ("", None):
            yield f"{name.replace('_', ' ').capitalize()}: {each}"
    if value.get("params"):
        yield f"Parameters: {json.dumps(value['params'], ensure_ascii=False, sort_keys=True)}"
    yield from _text("SQL", str(value.get("sql") or ""))
    if value.get("spec"):
        yield "Chart:"
        yield from json.dumps(value["spec"], ensure_ascii=False, indent=2).splitlines()
    yield from _text("Text", block.text)


def _text(name: str, text: str) -> Iterator[str]:
    if text:
        yield f"{name}:"
        yield from text.splitlines()
