"""Identical prompts of a run are asked once: those that were answered, and those in flight."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from ...prompt import Usage
from ..values import Key, Outcome, OutcomeStatus

_MOST = 5_000
_MOST_CHARACTERS = 4_000


class Asked:
    """Remembers outcomes by input hash, the latest 5,000 that are not huge."""

    def __init__(self) -> None:
        self._answered: OrderedDict[bytes, Outcome] = OrderedDict()
        self._in_flight: dict[bytes, list[Key]] = {}

    def answer(self, input_hash: bytes, key: Key) -> Outcome | None:
        """The outcome for this row, where the same was answered before."""
        found = self._answered.get(input_hash)
        if found is None:
            return None
        self._answered.move_to_end(input_hash)
        return repeated(found, key)

    def follow(self, input_hash: bytes, key: Key) -> bool:
        """Whether the same is being asked just now; then this row gets that outcome too.

        Otherwise it begins to be: settle() must follow.
        """
        followers = self._in_flight.get(input_hash)
        if followers is None:
            self._in_flight[input_hash] = []
            return False
        followers.append(key)
        return True

    def settle(self, input_hash: bytes, outcome: Outcome | None) -> list[Key]:
        """What came of it, None for nothing; returns the rows that get the same."""
        if (
            outcome is not None
            and outcome.status is OutcomeStatus.DONE
            and len(repr(outcome.values)) <= _MOST_CHARACTERS
        ):
            self._answered[input_hash] = outcome
            if len(self._answered) > _MOST:
                self._answered.popitem(last=False)
        return self._in_flight.pop(input_hash, [])


def repeated(outcome: Outcome, key: Key) -> Outcome:
    """The same outcome for another row, which cost nothing."""
    return replace(
        outcome, key=key, usage=Usage(), usd=0.0, milliseconds=0.0, attempts=0, cached=True
    )
