"""Which of the engine's slots a request gets, and who waits.

A slot keeps the evaluated tokens of its last prompt, and a prompt that begins with the same
text pays only for the rest. llama.cpp itself would put the second of two simultaneous questions
over one schema into a cold slot: 12 s for 1,000 tokens on two cores, where waiting for the
first to end takes one or two. So whoever shares much with a busy slot waits for it.

Brief replies, such as labels of many rows, share one slot even where others are idle: the next
request then lies ready in the server when one ends, and their beginning is evaluated once.

A request for several replies takes further slots, for which the server chooses those with the
lowest numbers. They are kept free of other requests, whose prompts would be lost, and one such
request runs at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

# Characters of shared prompt, about 350 tokens: evaluating them again costs 4 s on two cores.
WORTH_WAITING = 1000
# Less than this (about 60 tokens) is no reason to overwrite a slot that others may come back to.
WORTH_SHARING = 250
# A brief reply has at most so many tokens; the next one waits less than a second for it.
BRIEF_TOKENS = 24
# Brief requests that the server holds for a slot: one runs, one lies ready.
MOST_BRIEF = 2


@dataclass
class Slot:
    """One of the engine's places for a request; `used` counts up, the lowest was idle longest.

    `requests` are in the server's hands, `brief` if all of them are. `unsettled` while the
    server may still be at work on one that was cancelled: sending another one to that slot
    before it is idle would lose what the slot holds.
    """

    number: int
    prompt: str = ""
    requests: int = 0
    used: int = 0
    unsettled: bool = False
    brief: bool = False


def shared(slot: Slot, prompt: str) -> int:
    """How many characters the prompt has in common with the start of the slot's."""
    low, high = 0, min(len(slot.prompt), len(prompt))
    while low < high:
        middle = (low + high + 1) // 2
        if slot.prompt[:middle] == prompt[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def choose(slots: Iterable[Slot], prompt: str, *, brief: bool = False) -> Slot | None:
    """The slot that saves most work, or None where waiting for a busy one saves more.

    It is an idle one, unless the request and those that keep it busy are `brief`.
    """
    known = [(shared(slot, prompt), slot) for slot in slots]
    best, busiest = max(known, key=lambda pair: (pair[0], pair[1].requests, -pair[1].used))
    if brief and best >= WORTH_SHARING and busiest.requests and busiest.brief:
        return busiest if busiest.requests < MOST_BRIEF else None
    idle = [(length, slot) for length, slot in known if not slot.requests]
    if not idle:
        return None
    length, slot = max(idle, key=lambda pair: (pair[0], -pair[1].used))
    if best - length >= WORTH_WAITING:
        return None
    if length >= WORTH_SHARING:
        return slot
    return min((slot for _, slot in idle), key=lambda slot: slot.used)


@dataclass(eq=False)
class Place:
    """A request's place: `ready` holds the slot once there is one."""

    prompt: str
    brief: bool
    several: bool
    ready: Future[Slot] = field(default_factory=Future)


class Slots:
    """Gives slots to requests in the order in which they came; may be used from any thread."""

    def __init__(self, count: int, first: int = 0) -> None:
        self._slots = [Slot(number) for number in range(first, first + count)]
        self._several: Place | None = None
        self._waiting: list[Place] = []
        self._lock = threading.Lock()
        self._clock = 0

    def enter(self, prompt: str, *, brief: bool = False, several: bool = False) -> Place:
        """Queue a request; its `ready` is done once it may be sent. Call leave() in any case."""
        place = Place(prompt, brief, several)
        with self._lock:
            self._waiting.append(place)
            self._assign()
        return place

    def leave(self, place: Place) -> None:
        """Give the slot back, or stop waiting for one."""
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                place.ready.cancel()
            elif not place.ready.cancelled():
                place.ready.result().requests -= 1
            if self._several is place:
                self._several = None
            self._assign()

    def forget(self) -> None:
        """Forget what the slots hold, after the engine was started again."""
        with self._lock:
            for slot in self._slots:
                slot.prompt = ""
                slot.unsettled = False

    def _assign(self) -> None:
        for place in list(self._waiting):
            if place.several and self._several is not None:
                continue
            slot = choose(self._slots, place.prompt, brief=place.brief)
            if slot is None:
                continue
            self._waiting.remove(place)
            if place.ready.set_running_or_notify_cancel():
                self._clock += 1
                if place.several:
                    self._several = place
                slot.brief = place.brief and (slot.brief or not slot.requests)
                slot.requests += 1
                slot.used, slot.prompt = self._clock, place.prompt
                place.ready.set_result(slot)
