"""How far a run is, although its rows are settled in any order.

Only rows that are not settled yet are remembered, and one entry for every page that was read:
a row that takes two minutes holds back the cursor, not the other rows, and takes no memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..values import Key


@dataclass(slots=True)
class _Page:
    last: Key
    open: int


class Frontier:
    """The last key up to which every row is settled; None before the first page is."""

    def __init__(self, cursor: Key | None = None) -> None:
        self.cursor = cursor
        self._pages: deque[_Page] = deque()
        self._page_of: dict[Key, _Page] = {}

    @property
    def open(self) -> int:
        """Rows that were read and are not settled."""
        return len(self._page_of)

    def read(self, keys: Sequence[Key]) -> None:
        """A page was read: the keys of its rows in order, at least one."""
        page = _Page(keys[-1], 0)
        for key in keys:
            if key not in self._page_of:
                page.open += 1
                self._page_of[key] = page
        self._pages.append(page)
        self._advance()

    def settle(self, keys: Iterable[Key]) -> None:
        """Something came of these rows. Keys that were not read are ignored."""
        for key in keys:
            page = self._page_of.pop(key, None)
            if page is not None:
                page.open -= 1
        self._advance()

    def _advance(self) -> None:
        while self._pages and not self._pages[0].open:
            self.cursor = self._pages.popleft().last
