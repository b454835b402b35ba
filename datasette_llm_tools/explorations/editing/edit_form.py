"""The form of the page where an exploration is written, as fields in and a document out. Pure.

The page is one form, which works without JavaScript and is what autosave sends. A block brings
along its JSON as the server wrote it, in `ID.block`; what was typed is laid over it. So a form
needs nothing that may have changed on the server meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

from ...errors import BadInput
from ..contents import block_anchor, block_name, words_name
from ..documents import document_from_json, new_block_id
from ..records import Base
from ..values import Block, BlockKind, Document, Words

Fields = Mapping[str, Any]

_MOST_PLACES = 10_000
_PARAMETER = "parameter.{}.{}"
_WORDS = 40  # characters by which words are told
_KINDS = {
    BlockKind.WORDS: "Words",
    BlockKind.QUESTION: "Question",
    BlockKind.CHART: "Chart",
    BlockKind.WIDGET: "Widget",
    BlockKind.ENRICHMENT: "Enrichment",
    BlockKind.QUERY: "Query",
}


def sent_document(sent: Fields, *, most_blocks: int) -> Document:
    """What was sent: a document as JSON under `document`, or the fields of the form.

    Raises BadInput, naming the block and what is wrong.
    """
    value = sent.get("document")
    if value is None:
        value = _document_value(sent)
    return document_from_json(value, most_blocks=most_blocks)


def sent_base(sent: Fields) -> Base | None:
    """The version that was written over: {number, edition}, or `NUMBER.EDITION` of the form.

    None where nothing is said: whatever is current. Raises BadInput.
    """
    value = sent.get("base")
    if value in (None, ""):
        return None
    number, edition = _base_parts(value)
    if number is None or edition is None:
        raise BadInput("base must be {number, edition}, as the page or the last save had it.")
    return Base(number, edition)


def _base_parts(value: Any) -> tuple[int | None, int | None]:
    if isinstance(value, Mapping):
        return _counted(value.get("number")), _counted(value.get("edition"))
    number, _, edition = str(value).partition(".")
    return _counted(number), _counted(edition)


def _counted(value: Any) -> int | None:
    is_number = isinstance(value, (int, str)) and not isinstance(value, bool)
    text = str(value) if is_number else ""
    return int(text) if text.isdecimal() and 0 < len(text) < 10 and int(text) else None


def base_text(number: int, edition: int) -> str:
    """A base as the form carries it."""
    return f"{number}.{edition}"


def acted(document: Document, action: str) -> tuple[Document, str]:
    """The document after a button of the form, and the anchor where the page goes on.

    `action`: up ID, down ID, remove ID, words (at the top) or words ID (below that block); any
    other leaves the document as it is.
    """
    verb, _, block_id = action.partition(" ")
    blocks = list(document.blocks)
    at = next((place for place, each in enumerate(blocks) if each.id == block_id), None)
    if verb == "words":
        new = Words(id=new_block_id(), text="")
        blocks.insert(0 if at is None else at + 1, new)
        return replace(document, blocks=tuple(blocks)), block_anchor(new.id)
    if at is None or verb not in ("up", "down", "remove"):
        return document, ""
    block = blocks.pop(at)
    if verb == "remove":
        beside = blocks[min(at, len(blocks) - 1)] if blocks else None
        return replace(document, blocks=tuple(blocks)), block_anchor(beside.id) if beside else ""
    blocks.insert(max(0, at - 1) if verb == "up" else at + 1, block)
    return replace(document, blocks=tuple(blocks)), block_anchor(block_id)


def called(block: Block) -> str:
    """A block as people are told of it: Chart “Delays”, or Words “They grow …”."""
    name = words_name(block, _WORDS) if isinstance(block, Words) else block_name(block)
    return f"{kind_name(block)} “{name}”" if name else kind_name(block)


def kind_name(block: Block) -> str:
    """What a block is, in a word."""
    return _KINDS[block.kind]


def _document_value(sent: Fields) -> dict[str, Any]:
    order = str(sent.get("order") or "").split()
    return {
        "title": _line(sent.get("title")),
        "summary": _lines(sent.get("summary")),
        "tags": [each.strip() for each in str(sent.get("tags") or "").split(",") if each.strip()],
        "parameters": _parameters(sent),
        "blocks": [_block(sent, block_id) for block_id in order],
    }


def _line(value: Any) -> Any:
    """Text of a field that is one line however many it is shown in."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _block(sent: Fields, block_id: str) -> Any:
    """A block as the server wrote it, with what was typed laid over."""
    written = sent.get(f"{block_id}.block")
    if written is None:
        return {"id": block_id, "kind": "words", "text": _lines(sent.get(f"{block_id}.text"))}
    try:
        value = json.loads(str(written))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadInput("The form is not as this page made it; load the page anew.")
    for name in ("title", "text", "question", "sql"):
        if f"{block_id}.{name}" in sent:
            _write(value, name, _lines(sent[f"{block_id}.{name}"]))
    if f"{block_id}.revision" in sent:
        value["revision"] = _number(str(sent[f"{block_id}.revision"]))
    if isinstance(value.get("params"), dict):
        _write_params(value, sent, f"{block_id}.param.")
    return {**value, "id": block_id}


def _write(value: dict[str, Any], name: str, typed: str) -> None:
    before = value.get(name)
    if name == "sql" and typed.strip() != str(before or "").strip():
        # A person wrote it now: no model and no prompt stand behind it.
        value.pop("written", None)
    if typed != before:
        value[name] = typed


def _write_params(value: dict[str, Any], sent: Fields, prefix: str) -> None:
    typed = {name[len(prefix) :]: sent[name] for name in sent if name.startswith(prefix)}
    before = value["params"]
    value["params"] = {
        **before,
        **{name: _param(before.get(name), str(text)) for name, text in typed.items()},
    }


def _param(before: Any, typed: str) -> Any:
    """A value as it was typed: what shows the same stays the same, numbers stay numbers."""
    if typed == shown_param(before):
        return before
    return _number(typed) if isinstance(before, (int, float)) else typed


def shown_param(value: Any) -> str:
    """A value of a statement's parameter as the form shows it; NULL is nothing."""
    return "" if value is None else str(value)


def _parameters(sent: Fields) -> list[dict[str, Any]]:
    """The declared parameters; one whose name was emptied is gone."""
    places = takewhile(lambda place: _PARAMETER.format(place, "name") in sent, count())
    found = []
    for place in places:
        if place > _MOST_PLACES:
            break
        field = {
            name: str(sent.get(_PARAMETER.format(place, name)) or "").strip()
            for name in ("name", "label", "kind", "default", "choices")
        }
        if field["name"]:
            found.append(_parameter(field))
    return found


def _parameter(field: Mapping[str, str]) -> dict[str, Any]:
    kind = field["kind"] or "text"
    choices = [each.strip() for each in field["choices"].splitlines() if each.strip()]
    default: Any = _number(field["default"] or "0") if kind == "number" else field["default"]
    if kind == "choice" and choices and not default:
        default = choices[0]
    return {
        "name": field["name"].lstrip(":@$"),
        "label": field["label"],
        "kind": kind,
        "default": default,
        # Kept while another kind is tried out, they would be refused with it.
        "choices": choices if kind == "choice" else [],
    }


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text.strip()[:40])
        except ValueError:
            continue
    return text


def _lines(value: Any) -> str:
    """Text of a form, in which a browser ends lines as it likes."""
    return str(value or "").replace("\r\n", "\n")


def order_text(blocks: Sequence[Block]) -> str:
    """The order of blocks as the form carries it."""
    return " ".join(each.id for each in blocks)
