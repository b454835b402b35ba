"""Two variants of one prompt, written at once and kept whatever happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from .documents.events import Event, Finished
from .documents.generating import Generating, side_by_side
from .documents.keeping import Keeping
from .values import Revision, Widget

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor


class Pair:
    """`async with` it and iterate events(); `widget` and `numbers` are there once it is left.

    Neither becomes the current version before somebody voted, but for the first of a new widget.
    Raises what Keeping raises.
    """

    def __init__(
        self,
        datasette: Datasette,
        actor: Actor,
        both: tuple[Generating, Generating],
        *,
        widget: Widget | None = None,
        base: Revision | None = None,
        question_id: str | None = None,
    ) -> None:
        self._both = both
        self._keepings = [
            Keeping(
                datasette,
                actor,
                each,
                widget=widget,
                parent=base.number if base else None,
                question_id=question_id,
                current=False,
            )
            for each in both
        ]
        self.widget = widget

    @property
    def finished(self) -> tuple[Finished, Finished]:
        """How each ended, or how far it is."""
        first, second = self._keepings
        return first.finished, second.finished

    @property
    def numbers(self) -> tuple[int | None, int | None]:
        """The versions in the order in which they were asked for; None where there is nothing."""
        first, second = (
            each.added.revision.number if each.added else None for each in self._keepings
        )
        return first, second

    async def __aenter__(self) -> Pair:
        for each in self._keepings:
            await each.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Keep both. The first of a new widget is the one that is shown: not half a document."""
        async with AsyncExitStack() as stack:
            whole_last = sorted(self._keepings, key=lambda each: each.finished.error is None)
            for each in whole_last:
                stack.push_async_callback(self._keep, each)

    async def _keep(self, keeping: Keeping) -> None:
        keeping.widget = self.widget
        await keeping.__aexit__(None, None, None)
        self.widget = keeping.widget

    def events(self) -> AsyncGenerator[tuple[int, Event], None]:
        """(0 or 1, what happened there), to be iterated inside `async with`."""
        return side_by_side(*self._both)
