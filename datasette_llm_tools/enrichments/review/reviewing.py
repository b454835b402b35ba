"""Which row of a run is reviewed next, and what the reviews so far say of its accuracy."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from ..database.tables import key_json
from ..jobs import wilson
from ..outputs import Output, OutputType
from ..values import Key, Run
from . import reviews
from .reviews import Label, Review, Verdict

if TYPE_CHECKING:
    from datasette.app import Datasette

MOST_IN_ORDER = 5_000  # nobody reviews more rows of one run by hand
FIRST_SEED = "1"
_AT, _SEED, _OUTPUT, _LABEL = "at", "seed", "output", "label"
# Going through a million results takes two seconds; what took long is done once a minute.
_REMEMBERED_SECONDS = 60.0
_LONG_SECONDS = 0.2
_MOST_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Order:
    """In which order rows are reviewed: at random by a seed, all or those of one label."""

    seed: str = FIRST_SEED
    label: Label | None = None

    def query(self, at: Key | None = None) -> str:
        """The order as the query string of an address, at one of its rows."""
        parts = {_SEED: self.seed}
        if self.label:
            parts |= {_OUTPUT: self.label.output, _LABEL: self.label.text}
        if at is not None:
            parts[_AT] = key_json(at)
        return urlencode(parts)


def order_of(arguments: Callable[[str], str | None], run: Run) -> Order:
    """The order that an address asks for; an output that the run does not have is left out."""
    seed = (arguments(_SEED) or FIRST_SEED)[:40]
    named = arguments(_OUTPUT)
    if any(each.name == named for each in label_outputs(run)):
        return Order(seed, Label(str(named), arguments(_LABEL) or ""))
    return Order(seed)


def label_outputs(run: Run) -> list[Output]:
    """Outputs with few possible values, by which rows can be chosen."""
    kinds = (OutputType.LABEL, OutputType.BOOLEAN)
    return [each for each in run.enrichment.specification.outputs if each.type in kinds]


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows in the order of their review, and those that are reviewed already."""

    keys: Sequence[Key]
    reviewed: frozenset[Key]

    def first(self, after: Key | None = None) -> Key | None:
        """The first row without a review behind `after`, then from the start; None at the end."""
        start = self.position(after) or 0
        ahead = (*self.keys[start:], *self.keys[:start])
        return next((key for key in ahead if key not in self.reviewed), None)

    def position(self, key: Key | None) -> int | None:
        """The place of a row, from 1; None for a row that is not in this order."""
        return next((at for at, each in enumerate(self.keys, 1) if each == key), None)

    def neighbour(self, key: Key, step: int) -> Key | None:
        """The row before (-1) or behind (1) another, reviewed or not."""
        position = self.position(key)
        if position is None or not 0 <= position - 1 + step < len(self.keys):
            return None
        return self.keys[position - 1 + step]


async def queue(datasette: Datasette, run: Run, order: Order, reviewed: Iterable[Review]) -> Queue:
    """The rows of a run in an order, at most MOST_IN_ORDER."""
    keys = await _remembered(
        datasette,
        (run.id, order),
        run.counts.done,
        lambda: reviews.keys_in_order(
            datasette, run, order.seed, most=MOST_IN_ORDER, label=order.label
        ),
    )
    return Queue(keys, frozenset(each.key for each in reviewed))


async def label_counts(datasette: Datasette, run: Run, output: str) -> dict[str, int]:
    """How many rows the model gave each label."""
    found: dict[str, int] = await _remembered(
        datasette,
        (run.id, output),
        run.counts.done,
        lambda: reviews.count_labels(datasette, run, output),
    )
    return found


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many of the reviewed values were right, and where the share in all rows lies.

    `low` to `high` is the 95% interval (Wilson's) of the share.
    """

    right: int
    reviewed: int

    @property
    def share(self) -> float | None:
        """The share that was right; None before the first review."""
        return self.right / self.reviewed if self.reviewed else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the share."""
        return wilson(self.right, self.reviewed)


def accuracy(verdicts: Iterable[bool]) -> Accuracy:
    """Of values, each of which was right or not."""
    known = tuple(verdicts)
    return Accuracy(sum(known), len(known))


def row_accuracy(found: Iterable[Review]) -> Accuracy:
    """Of rows: one is right when every output of it is."""
    rows: dict[Key, bool] = {}
    for each in found:
        rows[each.key] = rows.get(each.key, True) and each.verdict is Verdict.ACCEPT
    return accuracy(rows.values())


def output_accuracy(found: Iterable[Review], output: str) -> Accuracy:
    """Of one output."""
    return accuracy(each.verdict is Verdict.ACCEPT for each in found if each.output == output)


def label_accuracy(found: Iterable[Review], label: Label) -> Accuracy:
    """Of the rows that the model gave a label: how often the label was right."""
    return accuracy(
        each.verdict is Verdict.ACCEPT
        for each in found
        if each.output == label.output and _label_text(each.said) == label.text
    )


def _label_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_Known = OrderedDict[tuple[Any, ...], tuple[int, float, Any]]
_memory: WeakKeyDictionary[Any, _Known] = WeakKeyDictionary()


async def _remembered(
    datasette: Datasette,
    about: tuple[Any, ...],
    done: int,
    find: Callable[[], Awaitable[Any]],
) -> Any:
    """What `find` finds, or found a moment ago where that took long. `done` rows are settled."""
    memory = _memory.setdefault(datasette, OrderedDict())
    known = memory.get(about)
    if known and (known[0] == done or time.monotonic() - known[1] < _REMEMBERED_SECONDS):
        return known[2]
    started = time.monotonic()
    found = await find()
    if time.monotonic() - started > _LONG_SECONDS:
        memory[about] = (done, time.monotonic(), found)
        memory.move_to_end(about)
        while len(memory) > _MOST_REMEMBERED:
            memory.popitem(last=False)
    return found
