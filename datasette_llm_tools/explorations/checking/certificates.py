"""The certificate of a block: what its rows came from, and whether a file still says so. Pure.

A certificate is no signature: whoever changes rows can make a new one. It finds what was changed by
mistake, or by somebody who did not care, and it is what a block is run again against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from ...queries import Value
from ..canonical import canonical_json, digest, frozen_digest
from ..documents import block_json
from ..labels import labels_hash
from ..parameters import parameter_values, params_of
from ..strict_json import ObjectReader, is_number, is_storable
from ..values import (
    Block,
    BlockKind,
    Document,
    Frozen,
    QuestionBlock,
    RowsBlock,
    WidgetBlock,
    Words,
    Written,
)
from .values import Certificate

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_HASH_OR_NONE = re.compile(rf"(?:{_HASH.pattern})?")
_HASHES = ("block_hash", "schema_hash", "rows_hash", "hash")
# Where a widget is kept is another id on another server.
_PLACE = ("widget_id", "revision")
_LONG = 10_000_000
_MOST_ROWS = 10**9


def certificate(block: Block, frozen: Frozen, document: Document) -> Certificate | None:
    """The certificate of a block with what was frozen of it; None where there are no rows.

    `document` is that of the block: what its parameters are by default is what was run.
    """
    if isinstance(block, Words) or frozen.refused is not None:
        return None
    written = getattr(block, "written", None) or Written()
    made = Certificate(
        block_id=block.id,
        kind=block.kind.value,
        question=block.question if isinstance(block, QuestionBlock) else None,
        database=block.database,
        sql=sql_of(block, frozen),
        params=params_run(block, document),
        model_id=written.model_id,
        prompt_hash=written.prompt_hash,
        written_at=written.at,
        taken_at=frozen.taken_at,
        row_count=row_count(frozen),
        truncated=frozen.truncated,
        block_hash=block_hash(block),
        schema_hash=frozen.schema_hash,
        rows_hash=frozen_digest(frozen.columns, frozen.rows, frozen.more),
        labels_hash=labels_hash(frozen.more),
    )
    return replace(made, hash=_hash(made))


def certificate_json(made: Certificate) -> dict[str, Any]:
    """A certificate as JSON, its keys always in the same order; without a hash of labels where
    there are none."""
    told = {each.name: getattr(made, each.name) for each in fields(made)}
    if not made.labels_hash:
        del told["labels_hash"]
    return {**told, "params": dict(made.params)}


def certificate_from_json(value: Any, place: str) -> Certificate:
    """The certificate that a file holds; `place` begins messages. Raises BadInput."""
    read = ObjectReader(value, place)
    hashes = {name: read.text(name, 71, required=True, pattern=_HASH) for name in _HASHES}
    made = Certificate(
        block_id=read.text("block_id", 12, required=True),
        kind=read.choice("kind", BlockKind).value,
        question=_text_or_none(read, "question"),
        database=read.text("database", 200, required=True),
        sql=read.text("sql", _LONG, required=True),
        params=_params(read),
        model_id=_text_or_none(read, "model_id"),
        prompt_hash=_text_or_none(read, "prompt_hash"),
        written_at=_text_or_none(read, "written_at"),
        taken_at=read.text("taken_at", 40),
        row_count=_count(read),
        truncated=_flag(read),
        labels_hash=read.text("labels_hash", 71, pattern=_HASH_OR_NONE),
        **hashes,
    )
    read.end()
    return made


def faults(block: Block, frozen: Frozen, made: Certificate, document: Document) -> tuple[str, ...]:
    """What does not fit between a block, its rows and its certificate; () where all does.

    Each is the end of a sentence: "its rows are not those of the certificate".
    """
    expected = certificate(block, frozen, document)
    if expected is None:
        return ("there are no rows that its certificate could be of",)
    return tuple(_faults(expected, made))


def block_hash(block: Block) -> str:
    """The hash of all that its author wrote of a block, without where a widget is kept."""
    return digest({key: value for key, value in block_json(block).items() if key not in _PLACE})


def sql_of(block: RowsBlock | WidgetBlock, frozen: Frozen) -> str:
    """The statement that was run; of a widget its queries as JSON: [{name, sql}]."""
    if isinstance(block, RowsBlock):
        return block.sql
    return canonical_json(
        [{"name": each.get("name"), "sql": each.get("sql")} for each in _queries(frozen)]
    )


def params_run(block: RowsBlock | WidgetBlock, document: Document) -> dict[str, Value]:
    """The values that a block's statement is frozen with; a widget's queries have their own."""
    if isinstance(block, WidgetBlock):
        return {}
    return params_of(block, document, parameter_values(document, {}))


def row_count(frozen: Frozen) -> int:
    """How many rows were frozen, those of a widget's queries together."""
    results = (each for query in _queries(frozen) for each in _objects(query.get("results")))
    rows = (each.get("rows") for each in results)
    return len(frozen.rows) + sum(len(each) for each in rows if isinstance(each, list))


def _queries(frozen: Frozen) -> list[Mapping[str, Any]]:
    return _objects(frozen.more.get("queries"))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; a file may hold anything in its place."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _hash(made: Certificate) -> str:
    told = certificate_json(made)
    return digest({name: value for name, value in told.items() if name != "hash"})


_SAID = {
    "kind": "it is not of the kind that the certificate says",
    "question": "its question is not that of the certificate",
    "database": "its database is not that of the certificate",
    "sql": "its SQL is not that of the certificate",
    "params": "its parameters are not those of the certificate",
    "model_id": "the certificate names another model",
    "prompt_hash": "the certificate is of another prompt",
    "row_count": "it has not as many rows as the certificate says",
    "rows_hash": "its rows are not those of the certificate",
    "labels_hash": "what its keys are called is not what the certificate says",
    "schema_hash": "the certificate is of other tables",
    "block_hash": "its words or its looks are not those of the certificate",
}


def _faults(expected: Certificate, made: Certificate) -> Iterator[str]:
    if made.block_id != expected.block_id:
        yield "its certificate is that of another block"
    for name, said in _SAID.items():
        if getattr(made, name) != getattr(expected, name):
            yield said
    times = ("written_at", "taken_at", "truncated")
    if any(getattr(made, name) != getattr(expected, name) for name in times):
        yield "the certificate says another time, or another end of its rows"
    if made.hash != _hash(made):
        yield "its certificate was changed after it was made"


def _text_or_none(read: ObjectReader, key: str) -> str | None:
    return None if read.get(key) is None else read.text(key, 10_000)


def _params(read: ObjectReader) -> dict[str, Value]:
    value = read.get("params")
    if not isinstance(value, dict) or not all(
        each is None or is_number(each) or (isinstance(each, str) and is_storable(each))
        for each in value.values()
    ):
        raise read.wrong("params", "must be an object of texts, numbers and nulls")
    return dict(value)


def _count(read: ObjectReader) -> int:
    value = read.get("row_count")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_ROWS:
        raise read.wrong("row_count", "must be a whole number from 0")
    return value


def _flag(read: ObjectReader) -> bool:
    value = read.get("truncated")
    if not isinstance(value, bool):
        raise read.wrong("truncated", "must be true or false")
    return value
