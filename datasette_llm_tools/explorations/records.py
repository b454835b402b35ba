"""Rows of our tables of explorations as values, and back; what is kept as JSON is written here."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .canonical import canonical_json
from .documents import document_from_json, document_json
from .values import (
    Exploration,
    Frozen,
    Link,
    Mode,
    Origin,
    Revision,
    RevisionOrigin,
    Sharing,
    Words,
)

EXPLORATION_COLUMNS = (
    "id, actor_id, created_at, updated_at, current, published, published_at, publisher, snapshot, "
    "public, people, mode, pinned_at, origin"
)
SUMMARY_COLUMNS = (
    "number, edition, parent, origin, title, summary, tags, actor_id, created_at, saved_at, "
    "is_draft"
)
REVISION_COLUMNS = f"exploration_id, document, {SUMMARY_COLUMNS}"
LINK_COLUMNS = "token, exploration_id, label, actor_id, created_at, expires_at, revoked_at"
FROZEN_COLUMNS = (
    "block_id, position, database_name, tables, row_count, truncated, rows_hash, schema_hash, "
    "refused, taken_at, data"
)

# A document was checked against the setting when it was saved.
_ANY_NUMBER = 1_000_000
# A snapshot's rows are read by few people: speed of writing matters more than a tenth of its size.
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class RevisionSummary:
    """A revision as lists show it, without its document."""

    number: int
    edition: int
    parent: int | None
    origin: RevisionOrigin
    title: str
    actor_id: str | None
    created_at: str
    saved_at: str
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Base:
    """The revision that somebody began to write over, as it was then."""

    number: int
    edition: int


def exploration_of(row: Any) -> Exploration:
    return Exploration(
        id=row["id"],
        actor_id=row["actor_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        current=row["current"],
        published=row["published"],
        published_at=row["published_at"],
        publisher=json.loads(row["publisher"]) if row["publisher"] else None,
        snapshot=row["snapshot"],
        sharing=Sharing(bool(row["public"]), tuple(json.loads(row["people"])), Mode(row["mode"])),
        pinned_at=row["pinned_at"],
        origin=Origin(**json.loads(row["origin"])) if row["origin"] else None,
    )


def exploration_values(each: Exploration) -> list[Any]:
    return [
        each.id,
        each.actor_id,
        each.created_at,
        each.updated_at,
        each.current,
        each.published,
        each.published_at,
        None if each.publisher is None else json.dumps(dict(each.publisher)),
        each.snapshot,
        *sharing_values(each.sharing),
        each.pinned_at,
        None if each.origin is None else json.dumps(asdict(each.origin)),
    ]


def sharing_values(sharing: Sharing) -> list[Any]:
    """`public`, `people` and `mode`."""
    return [int(sharing.public), json.dumps(list(sharing.people)), sharing.mode.value]


def summary_of(row: Any) -> RevisionSummary:
    return RevisionSummary(
        number=row["number"],
        edition=row["edition"],
        parent=row["parent"],
        origin=RevisionOrigin(row["origin"]),
        title=row["title"],
        actor_id=row["actor_id"],
        created_at=row["created_at"],
        saved_at=row["saved_at"],
        is_draft=bool(row["is_draft"]),
    )


def revision_of(row: Any) -> Revision:
    return Revision(
        exploration_id=row["exploration_id"],
        number=row["number"],
        edition=row["edition"],
        parent=row["parent"],
        origin=RevisionOrigin(row["origin"]),
        document=document_from_json(json.loads(row["document"]), most_blocks=_ANY_NUMBER),
        actor_id=row["actor_id"],
        created_at=row["created_at"],
        saved_at=row["saved_at"],
        is_draft=bool(row["is_draft"]),
    )


def revision_values(each: Revision) -> list[Any]:
    document = each.document
    return [
        each.exploration_id,
        json.dumps(document_json(document), ensure_ascii=False),
        each.number,
        each.edition,
        each.parent,
        each.origin.value,
        document.title,
        document.summary,
        json.dumps(list(document.tags), ensure_ascii=False),
        each.actor_id,
        each.created_at,
        each.saved_at,
        int(each.is_draft),
    ]


def searched_texts(revision: Revision, *, is_published: bool) -> list[str]:
    """What a search finds a revision by: title, summary, tags, and the words of its blocks.

    What was said of rows is found by its author alone: a reader may see it withheld.
    """
    document = revision.document
    words: list[str] = []
    for each in document.blocks:
        if isinstance(each, Words) or not is_published:
            words.append(each.text)
        if not isinstance(each, Words):
            words += [each.title, getattr(each, "question", "")]
    tags = " ".join(document.tags)
    return [document.title, document.summary, tags, "\n".join(filter(None, words))]


def link_of(row: Any) -> Link:
    return Link(**{name: row[name] for name in LINK_COLUMNS.split(", ")})


def link_values(link: Link) -> list[Any]:
    return [getattr(link, name) for name in LINK_COLUMNS.split(", ")]


def frozen_of(row: Any) -> Frozen:
    data = json.loads(zlib.decompress(row["data"]))
    return Frozen(
        block_id=row["block_id"],
        columns=tuple(data["columns"]),
        rows=tuple(map(tuple, data["rows"])),
        truncated=bool(row["truncated"]),
        database=row["database_name"],
        tables=tuple(json.loads(row["tables"])),
        rows_hash=row["rows_hash"],
        schema_hash=row["schema_hash"],
        taken_at=row["taken_at"],
        more=data["more"],
        refused=row["refused"],
    )


async def all_frozen_values(blocks: Sequence[Frozen]) -> list[list[Any]]:
    """Frozen blocks in the order of FROZEN_COLUMNS, made off the event loop: 10 ms for each
    1,000 rows."""

    def values() -> list[list[Any]]:
        return [_frozen_values(each, position) for position, each in enumerate(blocks)]

    return await asyncio.to_thread(values)


def _frozen_values(each: Frozen, position: int) -> list[Any]:
    data = {"columns": each.columns, "rows": each.rows, "more": each.more}
    return [
        each.block_id,
        position,
        each.database,
        json.dumps(list(each.tables), ensure_ascii=False),
        len(each.rows),
        int(each.truncated),
        each.rows_hash,
        each.schema_hash,
        each.refused,
        each.taken_at,
        zlib.compress(canonical_json(data).encode("utf-8", "surrogatepass"), _LEVEL),
    ]
