"""A version that a person wrote, and a copy of somebody's: what there is to keep of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import LlmToolsError
from ..queries import Limits, run_query
from ..settings import read_settings
from .contracts import columns_of
from .named_queries import bound
from .values import Column, Draft, NamedQuery, Origin, Revision, Widget, Writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datasette.app import Datasette

    from ..permissions import Actor


async def edited(
    datasette: Datasette,
    actor: Actor,
    widget: Widget,
    source: str,
    queries: Sequence[NamedQuery],
) -> tuple[Draft, list[str]]:
    """A draft with what its queries give now; sentences about those that do not run.

    What somebody typed is kept even so: they may be half-way.
    """
    settings = read_settings(datasette, widget.database)
    # As many rows as a widget gets: a rare type further down is no change.
    limits = replace(Limits.of(settings), rows=settings.widget_rows)
    contract: dict[str, tuple[Column, ...]] = {}
    notes: list[str] = []
    for query in queries:
        try:
            values = bound(query, {})
            result = await run_query(
                datasette, widget.database, query.sql, values, actor=actor, limits=limits
            )
        except LlmToolsError as error:
            notes.append(f"The query {query.name} does not run: {error.message}")
        else:
            contract[query.name] = columns_of(result)
    return Draft(Origin.EDITED, source, tuple(queries), contract), notes


def copied(revision: Revision) -> Draft:
    """The same source and queries, without what their owner typed or paid."""
    draft = revision.draft
    writing = Writing(model_id=draft.writing.model_id)
    return Draft(Origin.COPIED, draft.source, draft.queries, draft.contract, writing)
