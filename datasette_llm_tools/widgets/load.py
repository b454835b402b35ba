"""How much work for models people have under way at once, on this server.

A chart that is changed in words and a document that is written are wishes alike. Getting a model
ready is counted apart: it must not stand in the way of the wish that somebody types meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import LimitReached
from ..settings import read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette


class Load:
    """One kind of work; `counted` and `doing` are the words in which it is refused."""

    def __init__(self, counted: str, doing: str) -> None:
        self._counted = counted
        self._doing = doing
        # How much of it each person (None for all visitors) has under way, by server.
        self._under_way: WeakKeyDictionary[Any, Counter[str | None]] = WeakKeyDictionary()

    def check(self, datasette: Datasette, actor_id: str | None) -> None:
        """Raise LimitReached where the server has enough to do, or one person asks for most."""
        limit = read_settings(datasette).max_questions_at_once
        counts = self._under_way.get(datasette, Counter())
        if counts.total() >= limit:
            raise LimitReached(f"{limit} {self._counted} {self._doing}; ask again in a moment.")
        if counts[actor_id] >= max(1, limit // 2):
            raise LimitReached(
                f"{counts[actor_id]} {self._counted} of yours {self._doing}; wait for one."
            )

    def begin(self, datasette: Datasette, actor_id: str | None) -> None:
        """Count a piece of work; `end` must follow."""
        self._under_way.setdefault(datasette, Counter())[actor_id] += 1

    def end(self, datasette: Datasette, actor_id: str | None) -> None:
        """One piece of work is done."""
        counts = self._under_way[datasette]
        counts[actor_id] -= 1
        if not counts[actor_id]:
            del counts[actor_id]

    @contextmanager
    def one_more(self, datasette: Datasette, actor_id: str | None) -> Iterator[None]:
        """A piece of work that is counted while the block runs. Raises LimitReached."""
        self.check(datasette, actor_id)
        self.begin(datasette, actor_id)
        try:
            yield
        finally:
            self.end(datasette, actor_id)


WISHES = Load("charts and widgets", "are being written")
WARMING = Load("models", "are being made ready")
