"""The JSON form of a document, which editor, API, export and import share. Pure.

Read strictly: whatever is not as it must be is refused in a sentence that names its place, for
files come from anywhere.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, get_args

from ..errors import BadInput
from ..queries import Value
from .strict_json import ObjectReader, is_number, is_storable
from .values import (
    Block,
    BlockKind,
    ChartBlock,
    Document,
    EnrichmentBlock,
    Parameter,
    ParameterKind,
    QueryBlock,
    QuestionBlock,
    WidgetBlock,
    Words,
    Written,
)

FORMAT = "datasette-llm-tools exploration"
VERSION = 1

_ID = re.compile(r"(?:[0-9a-f]{12})?")
_WIDGET_ID = re.compile(r"[0-9a-f]{24}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LINE = 200  # characters of a title, label, tag or name
_TEXT = 200_000
_SQL = 20_000
_MOST_TAGS = 20
_MOST_PARAMETERS = 20
_MOST_CHOICES = 500
_DEEPEST = 20

_BLOCKS: dict[BlockKind, type[Any]] = {
    BlockKind.WORDS: Words,
    BlockKind.QUESTION: QuestionBlock,
    BlockKind.CHART: ChartBlock,
    BlockKind.WIDGET: WidgetBlock,
    BlockKind.ENRICHMENT: EnrichmentBlock,
    BlockKind.QUERY: QueryBlock,
}


def new_block_id() -> str:
    """An id for a block that nobody has had."""
    return secrets.token_hex(6)


def document_json(document: Document) -> dict[str, Any]:
    """A document as JSON, its keys always in the same order."""
    return {
        "title": document.title,
        "summary": document.summary,
        "tags": list(document.tags),
        "parameters": [_parameter_json(each) for each in document.parameters],
        "blocks": [block_json(each) for each in document.blocks],
    }


def block_json(block: Block) -> dict[str, Any]:
    """A block as JSON: `id` and `kind`, then what blocks of its kind have."""
    told: dict[str, Any] = {"id": block.id, "kind": block.kind.value}
    for each in fields(block):
        if each.name not in told:
            told[each.name] = _plain(getattr(block, each.name))
    return told


def document_from_json(value: Any, *, most_blocks: int = 200) -> Document:
    """The document that somebody sent. Raises BadInput, naming the block and what is wrong."""
    read = ObjectReader(value, "The exploration")
    title = read.text("title", _LINE).strip()
    document = Document(
        title=title or "Untitled",
        summary=read.text("summary", _TEXT),
        tags=_tags(read.items("tags", _MOST_TAGS)),
        parameters=tuple(
            _parameter(each, f"Parameter {number}")
            for number, each in enumerate(read.items("parameters", _MOST_PARAMETERS), 1)
        ),
        blocks=tuple(
            block_from_json(each, f"Block {number}")
            for number, each in enumerate(read.items("blocks", most_blocks), 1)
        ),
    )
    read.end()
    _refuse_doubles("blocks have the id", [each.id for each in document.blocks])
    _refuse_doubles("parameters are called", [each.name.lower() for each in document.parameters])
    return document


def block_from_json(value: Any, place: str) -> Block:
    """One block; `place` is what messages call it. Raises BadInput."""
    read = ObjectReader(value, place)
    block_id = read.text("id", 12, pattern=_ID) or new_block_id()
    kind = read.choice("kind", BlockKind)
    read.place = _named(place, kind, value)
    given = {each: _FIELDS[each](read) for each in _names(kind)}
    read.end()
    block: Block = _BLOCKS[kind](id=block_id, **given)
    return block


def _names(kind: BlockKind) -> list[str]:
    return [each.name for each in fields(_BLOCKS[kind]) if each.name not in ("id", "kind")]


def _params(read: ObjectReader) -> dict[str, Value]:
    value = read.get("params")
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > 100:
        raise read.wrong("params", "must be an object with at most 100 names")
    for name, each in value.items():
        is_text = isinstance(each, str) and len(each) <= _SQL and is_storable(each)
        if not (each is None or is_text or is_number(each)):
            raise read.wrong("params", f"has no text, number or null for {name[:40]!r}")
    return dict(value)


def _written(read: ObjectReader) -> Written:
    value = read.get("written")
    if value is None:
        return Written()
    inner = ObjectReader(value, f"{read.place}: written")
    found = {name: inner.text(name, _LINE) or None for name in ("model_id", "prompt_hash", "at")}
    inner.end()
    return Written(**found)


def _spec(read: ObjectReader) -> Mapping[str, Any]:
    value = read.get("spec")
    if not isinstance(value, dict) or _depth(value) > _DEEPEST:
        raise read.wrong("spec", "must be an object that says how to draw the chart")
    return value


_FIELDS: dict[str, Callable[[ObjectReader], Any]] = {
    "title": lambda read: read.text("title", _LINE),
    "text": lambda read: read.text("text", _TEXT),
    "database": lambda read: read.text("database", _LINE, required=True),
    "sql": lambda read: read.text("sql", _SQL, required=True),
    "params": _params,
    "question": lambda read: read.text("question", 10_000),
    "query": lambda read: read.text("query", _LINE),
    "table": lambda read: read.text("table", _LINE, required=True),
    "column": lambda read: read.text("column", _LINE),
    "run": lambda read: read.text("run", _LINE),
    "spec": _spec,
    "written": _written,
    "widget_id": lambda read: read.text("widget_id", 24, required=True, pattern=_WIDGET_ID),
    "revision": lambda read: read.whole("revision"),
}


def _tags(value: Sequence[Any]) -> tuple[str, ...]:
    if not all(isinstance(each, str) and is_storable(each) for each in value):
        raise BadInput("The exploration: tags must be texts.")
    tidy = (" ".join(each.split()).lower()[:50] for each in value)
    return tuple(dict.fromkeys(each for each in tidy if each))


def _parameter(value: Any, place: str) -> Parameter:
    read = ObjectReader(value, place)
    name = read.text("name", 40, required=True, pattern=_NAME)
    read.place = f"{place}, {name}"
    label = read.text("label", _LINE) or name
    kind = _parameter_kind(read)
    choices = tuple(read.items("choices", _MOST_CHOICES))
    if not all(isinstance(each, str) and len(each) <= _LINE for each in choices):
        raise read.wrong("choices", f"must be texts of at most {_LINE} characters")
    if (kind == "choice") != bool(choices):
        raise read.wrong("choices", "belong to the kind choice, which needs some")
    parameter = Parameter(name, label, kind, read.get("default"), choices)
    read.end()
    fault = parameter_fault(parameter, parameter.default)
    if fault:
        raise read.wrong("default", fault)
    return parameter


def _parameter_kind(read: ObjectReader) -> ParameterKind:
    kind = read.get("kind")
    kinds: tuple[ParameterKind, ...] = get_args(ParameterKind)
    for each in kinds:
        if kind == each:
            return each
    raise read.wrong("kind", f"must be one of {', '.join(kinds)}")


def parameter_fault(parameter: Parameter, value: Any) -> str | None:
    """What is wrong with a value for a parameter, as the end of a sentence; None if nothing."""
    if parameter.kind == "number":
        return None if is_number(value) else "must be a number"
    if not isinstance(value, str) or len(value) > _LINE or not is_storable(value):
        return f"must be a text of at most {_LINE} characters"
    if parameter.kind == "date" and value and not _is_date(value):
        return "must be a date such as 2024-12-31"
    if parameter.kind == "choice" and value not in parameter.choices:
        return "must be one of the choices"
    return None


def _is_date(value: str) -> bool:
    """Whether it is a day that there is, written as SQLite compares days."""
    try:
        return bool(_DATE.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _parameter_json(parameter: Parameter) -> dict[str, Any]:
    return {each.name: _plain(getattr(parameter, each.name)) for each in fields(parameter)}


def _plain(value: Any) -> Any:
    if isinstance(value, Written):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _named(place: str, kind: BlockKind, value: Mapping[str, Any]) -> str:
    """A block as messages call it: Block 3, the chart “Delays”."""
    title = value.get("title") or value.get("question")
    called = f" “{title[:60]}”" if isinstance(title, str) and is_storable(title) else ""
    return f"{place}, {_SAID[kind]}{called}"


_SAID = {
    BlockKind.WORDS: "words",
    BlockKind.QUESTION: "the question",
    BlockKind.CHART: "the chart",
    BlockKind.WIDGET: "the widget",
    BlockKind.ENRICHMENT: "the enrichment",
    BlockKind.QUERY: "the query",
}


def _refuse_doubles(what: str, names: Sequence[str]) -> None:
    for each in names:
        if names.count(each) > 1:
            raise BadInput(f"The exploration: two {what} {each}.")


def _depth(value: Any, at: int = 0) -> int:
    if at > _DEEPEST or not isinstance(value, (dict, list)):
        return at
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(each, at + 1) for each in inner), default=at + 1)
