"""A statement that was changed by rule, and when none is sure enough. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_CHARACTERS = 8000  # parsing takes about 1 ms for 300 characters


@dataclass(frozen=True, slots=True)
class Mended:
    """A statement and what was changed in it, a sentence for each change."""

    sql: str
    changes: tuple[str, ...]


class NotSure(Exception):
    """There is no mend, or more than one makes sense."""


def only(names: Iterable[str]) -> str:
    """The one name there is. Raises NotSure for none and for several."""
    found = list(names)
    if len(found) != 1:
        raise NotSure
    return found[0]
