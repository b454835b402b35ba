"""Publishing: what would become visible, table by table, and letting it be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import BadInput, Conflict
from ...permissions import Actor
from .. import publication_store, snapshot_store, store
from ..canonical import digest
from ..checking.certificates import row_count
from ..contents import block_name
from ..opening import require_publish
from ..records import Base
from ..running import freeze_all
from ..snapshot_store import Read
from ..values import Block, Document, Exploration, Frozen, Mode, Revision, Sharing, Words

if TYPE_CHECKING:
    from datasette.app import Datasette


@dataclass(frozen=True, slots=True)
class VisibleTable:
    """What of a table becomes visible, and by which blocks. `table` is None for SQL that reads no
    table. `rows` are those of these blocks together; `rows_before` what readers see of it now,
    None where they see nothing."""

    database: str
    table: str | None
    columns: tuple[str, ...]
    blocks: tuple[str, ...]
    rows: int
    rows_before: int | None = None


@dataclass(frozen=True, slots=True)
class Visible:
    """All that becomes visible. `refused` are blocks that show nothing, each with the reason;
    `gone` tables that readers see now and not any more; `words` how many blocks have words."""

    tables: tuple[VisibleTable, ...]
    refused: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    words: int = 0

    @property
    def digest(self) -> str:
        """A hash of which columns of which tables become visible, whatever rows they have."""
        return digest([[each.database, each.table, each.columns] for each in self.tables])


def what_becomes_visible(
    document: Document, frozen: Sequence[Frozen], now_visible: Sequence[Read] = ()
) -> Visible:
    """What readers would see of each table, beside what they see now. Pure."""
    names = {each.id: _name(each) for each in document.blocks}
    found: dict[tuple[str, str | None], VisibleTable] = {}
    for each in frozen:
        if each.refused is not None:
            continue
        for table in each.tables or (None,):
            key = (each.database or "", table)
            columns = {column for name, column in each.sources if name == table and column}
            before = found.get(key, VisibleTable(*key, (), (), 0))
            found[key] = replace(
                before,
                columns=tuple(sorted({*before.columns, *columns})),
                blocks=(*before.blocks, names[each.block_id]),
                rows=before.rows + row_count(each),
            )
    seen = _seen_now(now_visible)
    tables = [replace(found[key], rows_before=seen.get(key)) for key in sorted(found, key=str)]
    return Visible(
        tables=tuple(tables),
        refused=tuple((names[each.block_id], each.refused) for each in frozen if each.refused),
        gone=tuple(
            f"{table} of {database}" for database, table in seen if (database, table) not in found
        ),
        words=sum(bool(each.text) for each in document.blocks) + bool(document.summary),
    )


async def look_ahead(
    datasette: Datasette, actor: Actor, exploration: Exploration, revision: Revision
) -> tuple[Visible, tuple[Frozen, ...]]:
    """Run all blocks as the author: what publishing now would make visible, and its rows."""
    document = revision.document
    frozen = await freeze_all(datasette, actor, exploration.actor_id, document)
    frozen = await _with_imported(datasette, exploration, document, frozen)
    has_snapshot = exploration.published is not None and exploration.snapshot is not None
    seen = await snapshot_store.reads(datasette, exploration) if has_snapshot else ()
    return what_becomes_visible(document, frozen, seen), frozen


async def publish(
    datasette: Datasette,
    actor: Actor,
    exploration: Exploration,
    revision: Revision,
    sharing: Sharing,
    *,
    seen: str | None = None,
) -> Exploration:
    """Let readers see a revision, from a snapshot or live, as `sharing` says.

    `seen` is the digest of what the author was shown: Conflict where more or other columns would
    become visible now. Raises NotAllowed, NotFound and Conflict.
    """
    await require_publish(datasette, actor, revision.document)
    frozen: tuple[Frozen, ...] = ()
    if sharing.mode is Mode.SNAPSHOT:
        visible, frozen = await look_ahead(datasette, actor, exploration, revision)
        if seen and seen != visible.digest:
            raise Conflict(
                "Other columns or tables would become visible than those you were shown; look at "
                "them again before publishing."
            )
    return await publication_store.publish(
        datasette,
        exploration.id,
        base=Base(revision.number, revision.edition),
        publisher=dict(actor or {}),
        sharing=sharing,
        frozen=frozen,
    )


async def share(
    datasette: Datasette, actor: Actor, exploration: Exploration, sharing: Sharing
) -> None:
    """Change who may read. Letting in more people needs the permission to publish.

    Raises BadInput for another mode, whose rows must be frozen or forgotten first.
    """
    before = exploration.sharing
    if exploration.published is not None and sharing.mode is not before.mode:
        raise BadInput("Publish it again to choose anew where its rows come from.")
    lets_in = set(sharing.people) - set(before.people) or (sharing.public and not before.public)
    if lets_in:
        await require_to_share(datasette, actor, exploration)
    await publication_store.share(datasette, exploration.id, sharing)


async def require_to_share(datasette: Datasette, actor: Actor, exploration: Exploration) -> None:
    """Raise NotAllowed where this actor may not publish what readers see, or would see."""
    number = exploration.published or exploration.current
    revision = await store.revision(datasette, exploration.id, number)
    if revision is not None:
        await require_publish(datasette, actor, revision.document)


async def _with_imported(
    datasette: Datasette,
    exploration: Exploration,
    document: Document,
    frozen: tuple[Frozen, ...],
) -> tuple[Frozen, ...]:
    """Rows that came with a file stand for blocks that do not run here and are as they came."""
    if exploration.published is not None or exploration.snapshot is None:
        return frozen
    imported = await snapshot_store.snapshot(datasette, exploration)
    first = await store.revision(datasette, exploration.id, 1)
    if imported is None or first is None:
        return frozen

    def chosen(each: Frozen) -> Frozen:
        came = imported.of(each.block_id)
        is_same = document.block(each.block_id) == first.document.block(each.block_id)
        return came if each.refused and came is not None and is_same else each

    return tuple(map(chosen, frozen))


def _seen_now(reads: Sequence[Read]) -> Mapping[tuple[str, str | None], int]:
    seen: dict[tuple[str, str | None], int] = {}
    for each in reads:
        if each.refused is None:
            for table in each.tables:
                key = (each.database or "", table)
                seen[key] = seen.get(key, 0) + each.row_count
    return seen


def _name(block: Block) -> str:
    return "Words" if isinstance(block, Words) else block_name(block) or "A block without a title"
