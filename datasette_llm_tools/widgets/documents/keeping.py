"""A document under way, and kept whatever happens: Stop, a closed page, a server that shuts down.

Half a document is kept too, beside the current revision and never instead of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from .. import store
from ..load import WISHES
from ..values import Kind, Widget
from .events import Event, Finished
from .generating import Generating

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor


class Keeping:
    """One wish being fulfilled: `async with` it and iterate its events.

    Once the block is left, `widget` and `added` are where the document is kept, both as they
    were given where there is nothing to keep. Without `widget` a new one is made. `parent` is
    the revision that it was made from, `current` whether it may become the current one.
    Raises LimitReached when the server is writing too many, and on leaving Conflict.
    """

    def __init__(
        self,
        datasette: Datasette,
        actor: Actor,
        generating: Generating,
        *,
        widget: Widget | None = None,
        parent: int | None = None,
        question_id: str | None = None,
        current: bool = True,
    ) -> None:
        known = (actor or {}).get("id")
        self._actor_id = None if known is None else str(known)
        WISHES.check(datasette, self._actor_id)
        self._datasette = datasette
        self._generating = generating
        self._parent = parent
        self._question_id = question_id
        self._current = current
        self.widget = widget
        self.added: store.Added | None = None

    @property
    def finished(self) -> Finished:
        """How it ended, or how far it is."""
        return self._generating.finished

    async def __aenter__(self) -> Keeping:
        WISHES.begin(self._datasette, self._actor_id)
        return self

    async def __aexit__(self, *_: object) -> None:
        WISHES.end(self._datasette, self._actor_id)
        # Shielded: a second cancellation, as at shutdown, must not lose what was written.
        await asyncio.shield(self._keep(self.finished))

    def events(self) -> AsyncGenerator[Event, None]:
        """What happens, to be iterated inside the block."""
        return self._generating.events()

    async def _keep(self, finished: Finished) -> None:
        if finished.draft is None:
            return
        if self.widget is not None:
            self.added = await store.add_revision(
                self._datasette,
                self.widget.id,
                finished.draft,
                parent=self._parent,
                actor_id=self._actor_id,
                current=self._current and finished.error is None,
            )
            return
        self.widget, first = await store.create(
            self._datasette,
            database=self._generating.prepared.database,
            kind=Kind.DOCUMENT,
            title=finished.title or "",
            draft=finished.draft,
            actor_id=self._actor_id,
            question_id=self._question_id,
        )
        self.added = store.Added(first, is_current=True)
