"""How the page of an exploration's versions comes about."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ...errors import NotFound
from ...widgets.diffs import DiffLine, line_differences
from .. import store
from ..addresses import exploration_url
from ..records import RevisionSummary
from ..values import Exploration, Revision
from .document_text import document_lines
from .edit_contexts import HistoryPage

if TYPE_CHECKING:
    from datasette.app import Datasette


async def history_page(datasette: Datasette, exploration: Exploration, number: int) -> HistoryPage:
    """All versions, and one of them with what it changed. Raises NotFound."""
    revision = await store.revision(datasette, exploration.id, number)
    if revision is None:
        raise NotFound(f"This exploration has no version {number}.")
    revisions = await store.revisions(datasette, exploration.id)
    current = next(each for each in revisions if each.number == exploration.current)
    return HistoryPage(
        exploration=exploration,
        title=current.title,
        url=exploration_url(datasette, exploration.id),
        revisions=revisions,
        revision=revision,
        lines=await _changes(datasette, revision),
        text="\n".join(document_lines(revision.document)),
    )


async def _changes(datasette: Datasette, revision: Revision) -> tuple[DiffLine, ...]:
    """What is different from the version that it was made from; nothing for the first."""
    parent = revision.parent and await store.revision(
        datasette, revision.exploration_id, revision.parent
    )
    if not parent:
        return ()
    before, after = document_lines(parent.document), document_lines(revision.document)
    return await asyncio.to_thread(line_differences, before, after)


def summary_json(each: RevisionSummary) -> dict[str, Any]:
    """A version without its document."""
    return {
        "number": each.number,
        "edition": each.edition,
        "parent": each.parent,
        "origin": each.origin.value,
        "title": each.title,
        "actor": each.actor_id,
        "created_at": each.created_at,
        "saved_at": each.saved_at,
        "is_draft": each.is_draft,
    }
