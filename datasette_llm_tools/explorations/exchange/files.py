"""An exploration as a file: all of it as one JSON value, and back, read strictly. Pure.

A file comes from anywhere. What is not as it must be is refused with its place; what is well
formed but does not fit its certificate is taken and marked, block by block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ...errors import BadInput
from ...widgets.named_queries import queries_from_json, queries_json
from ...widgets.values import Column, Contract, NamedQuery
from ..canonical import frozen_digest
from ..checking.certificates import certificate_from_json, certificate_json, faults
from ..checking.values import Certificate
from ..documents import FORMAT, VERSION, document_from_json, document_json
from ..strict_json import ObjectReader
from ..values import Block, Document, Frozen, Origin, WidgetBlock, Words
from .frozen_json import frozen_from_json, frozen_json

_KEYS = ("format", "version", "exploration", "document", "rows", "certificates", "widgets")
_LONG = 2000
_SOURCE = 5_000_000
_WIDGET = re.compile(r"[0-9a-f]{24}/[1-9][0-9]{0,9}")
_HEAD = re.compile(r"""<head(?:\s(?:"[^"]*"|'[^']*'|[^>"'])*)?>""", re.IGNORECASE)
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class About:
    """Where a file comes from. `origin` is what the exploration itself is a fork of."""

    id: str
    url: str
    author: str | None
    revision: int
    published_at: str | None
    exported_at: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class TakenWidget:
    """What of a widget goes along, so that it can be made again elsewhere."""

    title: str
    database: str
    source: str
    queries: tuple[NamedQuery, ...] = ()
    contract: Contract = field(default_factory=dict)
    model_id: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """An exploration with the rows that somebody read of it.

    `widgets` are by "WIDGET_ID/REVISION", as blocks name them. `misfits` says of a block, by its
    id, what does not fit its certificate, in ends of sentences; only a file that was read has any.
    """

    about: About
    document: Document
    frozen: tuple[Frozen, ...] = ()
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    widgets: Mapping[str, TakenWidget] = field(default_factory=dict)
    misfits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, block_id: str) -> Frozen | None:
        """The rows of a block, or None where the file has none."""
        return next((each for each in self.frozen if each.block_id == block_id), None)


def file_json(file: File) -> dict[str, Any]:
    """A file as JSON, its keys always in the same order."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "exploration": asdict(file.about),
        "document": document_json(file.document),
        "rows": {each.block_id: frozen_json(each) for each in file.frozen},
        "certificates": {key: certificate_json(each) for key, each in file.certificates.items()},
        "widgets": {key: _widget_json(each) for key, each in file.widgets.items()},
    }


def as_text(value: Any) -> str:
    """JSON of a file as it is written: the same text for the same value."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # SQLite may hold half of a pair, which UTF-8 does not have.
    return _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def file_from_json(value: Any, *, most_blocks: int = 200) -> File:
    """The file that somebody sent. Raises BadInput with one sentence that names the place."""
    _check_format(value)
    read = ObjectReader(value, "The file")
    for name in ("format", "version"):
        read.get(name)
    about = _about(read.get("exploration"))
    document = document_from_json(read.get("document"), most_blocks=most_blocks)
    frozen = tuple(_frozen(read, document))
    made = _certificates(read, document)
    widgets = _widgets(read, most_blocks)
    read.end()
    file = File(about, document, frozen, made, widgets)
    return replace(file, misfits=_misfits(file))


def widget_key(widget_id: str, revision: int) -> str:
    """What a widget is called in a file."""
    return f"{widget_id}/{revision}"


def source_of(frozen: Frozen) -> str:
    """The HTML of a frozen widget as a source: it names its libraries again."""
    found = frozen.more.get("libraries")
    names = [str(each) for each in found] if isinstance(found, list) else []
    named = "".join(f'<script src="lib:{name}"></script>' for name in names)
    html = str(frozen.more.get("html", ""))
    return _HEAD.sub(lambda head: head[0] + named, html, count=1)


def _check_format(value: Any) -> None:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadInput(
            "This is no exploration: take a file that was exported here as HTML or JSON."
        )
    version = value.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadInput("The file: version must be a whole number from 1.")
    if version > VERSION:
        raise BadInput(
            "The file was made by a newer version of datasette-llm-tools; update it here first."
        )


def _about(value: Any) -> About:
    read = ObjectReader(value, "What the file says of its exploration")
    about = About(
        id=read.text("id", 100),
        url=read.text("url", _LONG),
        author=read.text("author", _LONG) or None,
        revision=read.whole("revision"),
        published_at=read.text("published_at", 40) or None,
        exported_at=read.text("exported_at", 40),
        origin=_origin(read.get("origin")),
    )
    read.end()
    return about


def _origin(value: Any) -> Origin | None:
    if value is None:
        return None
    read = ObjectReader(value, "The file's origin")
    texts = {
        each.name: read.text(each.name, _LONG)
        for each in fields(Origin)
        if each.name not in ("author", "revision")
    }
    author = read.text("author", _LONG) or None
    origin = Origin(author=author, revision=read.whole("revision"), **texts)
    read.end()
    return origin


def _frozen(read: ObjectReader, document: Document) -> Iterator[Frozen]:
    for block, value in _of_blocks(read, "rows", document):
        yield frozen_from_json(value, block, _place(document, block, "The rows"))


def _certificates(read: ObjectReader, document: Document) -> dict[str, Certificate]:
    return {
        block.id: certificate_from_json(value, _place(document, block, "The certificate"))
        for block, value in _of_blocks(read, "certificates", document)
    }


def _of_blocks(read: ObjectReader, key: str, document: Document) -> Iterator[tuple[Block, Any]]:
    """What an object of the file holds by ids of blocks, in the order of the page."""
    value = _object(read, key)
    for block in document.blocks:
        if block.id in value and not isinstance(block, Words):
            yield block, value.pop(block.id)
    if value:
        raise read.wrong(key, f"has {sorted(value)[0][:40]!r}, which no block with rows is called")


def _widgets(read: ObjectReader, most: int) -> dict[str, TakenWidget]:
    value = _object(read, "widgets")
    if len(value) > most:
        raise read.wrong("widgets", f"has {len(value):,} entries; there may be {most:,}")
    found: dict[str, TakenWidget] = {}
    for key, each in value.items():
        if not _WIDGET.fullmatch(key):
            raise read.wrong("widgets", f"cannot have one called {key[:40]!r}")
        found[key] = _widget(ObjectReader(each, f"The widget {key}"))
    return found


def _widget(read: ObjectReader) -> TakenWidget:
    taken = TakenWidget(
        title=read.text("title", 200),
        database=read.text("database", 200, required=True),
        source=read.text("source", _SOURCE, required=True),
        queries=_queries(read),
        contract=_contract(read),
        model_id=read.text("model_id", 200) or None,
    )
    read.end()
    return taken


def _queries(read: ObjectReader) -> tuple[NamedQuery, ...]:
    try:
        return queries_from_json(read.items("queries", 100))
    except BadInput as error:
        raise BadInput(f"{read.place}: {error.message}") from error


def _contract(read: ObjectReader) -> dict[str, tuple[Column, ...]]:
    value = _object(read, "contract")
    found: dict[str, tuple[Column, ...]] = {}
    for name, columns in value.items():
        if not isinstance(columns, list) or len(columns) > _LONG:
            raise read.wrong("contract", "must have a list of columns for each query")
        found[name] = tuple(map(_column, columns))
    return found


def _column(value: Any) -> Column:
    read = ObjectReader(value, "A column of a contract")
    column = Column(read.text("name", _LONG), read.text("type", 20))
    read.end()
    return column


def _widget_json(widget: TakenWidget) -> dict[str, Any]:
    return {
        "title": widget.title,
        "database": widget.database,
        "source": widget.source,
        "queries": queries_json(widget.queries),
        "contract": {
            name: [asdict(each) for each in columns] for name, columns in widget.contract.items()
        },
        "model_id": widget.model_id,
    }


def _misfits(file: File) -> dict[str, tuple[str, ...]]:
    """What does not fit, by the id of the block."""
    found: dict[str, tuple[str, ...]] = {}
    for block in file.document.blocks:
        frozen, made = file.of(block.id), file.certificates.get(block.id)
        if made is not None:
            of_rows = frozen or Frozen(block.id, refused="no rows")
            said = list(faults(block, of_rows, made, file.document))
        else:
            said = ["there is no certificate of its rows"] if frozen and not frozen.refused else []
        if not said and frozen and not frozen.refused and frozen.rows_hash != _digest(frozen):
            said.append("its rows are not those that its hash was made of")
        if isinstance(block, WidgetBlock) and frozen and not frozen.refused:
            taken = file.widgets.get(widget_key(block.widget_id, block.revision))
            if taken and taken.source != source_of(frozen):
                said.append("its widget is not the one that its rows were frozen for")
        if said:
            found[block.id] = tuple(said)
    return found


def _digest(frozen: Frozen) -> str:
    return frozen_digest(frozen.columns, frozen.rows, frozen.more)


def _object(read: ObjectReader, key: str) -> dict[str, Any]:
    value = read.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise read.wrong(key, "must be an object")
    return dict(value)


def _place(document: Document, block: Block, what: str) -> str:
    return f"{what} of block {document.blocks.index(block) + 1}"
