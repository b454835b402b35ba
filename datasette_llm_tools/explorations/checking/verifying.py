"""Blocks run again as the person who asks, against the rows that were frozen.

What came of it is kept for ten minutes, for that person alone: rows of today are as they may see
them. Nothing is run unless somebody asks for it, one block after the other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ...errors import BadInput, LimitReached, NotFound
from ...times import said_day
from ...widgets.internal_tables import now
from .. import opening, snapshot_store, store
from ..canonical import canonical_json
from ..opening import Opened
from ..running import freeze
from ..values import Block, Document, Exploration, Frozen, Snapshot, Words
from .certificates import certificate
from .row_differences import differences
from .values import Certificate, Verdict, Verification

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

_KEPT_SECONDS = 600.0
_MOST_KEPT = 500
# Of an exploration that came as a file and was not published: what its rows belong to.
_IMPORTED = 1


@dataclass(frozen=True, slots=True)
class Certified:
    """A snapshot with the document that it was made of. `withheld`: blocks that are not shown."""

    exploration: Exploration
    document: Document
    snapshot: Snapshot
    certificates: Mapping[str, Certificate]
    withheld: Mapping[str, str]

    def frozen(self, block: Block) -> Frozen | None:
        """What was frozen of a block; None for words, and for a block that is withheld."""
        return None if block.id in self.withheld else self.snapshot.of(block.id)


async def certified(datasette: Datasette, opened: Opened) -> Certified | None:
    """The rows that were frozen of an exploration, with their certificates; None without any."""
    exploration = opened.exploration
    snapshot = await snapshot_store.snapshot(datasette, exploration)
    number = exploration.published or _IMPORTED
    revision = opened.revision
    if revision.number != number:
        revision = await store.revision(datasette, exploration.id, number) or revision
    if snapshot is None:
        return None
    withheld = await opening.withheld(datasette, exploration)
    made = await asyncio.to_thread(_certificates, revision.document, snapshot, withheld)
    return Certified(exploration, revision.document, snapshot, made, withheld)


async def verify(
    datasette: Datasette, actor: Actor, opened: Opened, block_ids: Collection[str] | None = None
) -> tuple[Verification, ...]:
    """Run blocks again as the actor, all of them without ids, and compare.

    A block that does not run says so in its Verification. Raises BadInput without a snapshot,
    NotFound for an id of no block with rows, LimitReached while this person's last one goes on.
    """
    found = await certified(datasette, opened)
    if found is None:
        raise BadInput(
            "Nothing was frozen that could be checked; publish the exploration with its rows."
        )
    blocks = _wanted(found.document, block_ids)
    with _one_at_a_time(datasette, actor):
        done = []
        for block in blocks:
            verification = await _verified(datasette, actor, found, block)
            _keep(datasette, actor, found.exploration, verification)
            done.append(verification)
    return tuple(done)


def last_known(
    datasette: Datasette, actor: Actor, exploration: Exploration
) -> dict[str, Verification]:
    """What came of this person's own checks of the last ten minutes, by block."""
    oldest = time.monotonic() - _KEPT_SECONDS
    whose = _whose(actor, exploration)
    return {
        block_id: verification
        for (key, block_id), (at, verification) in _kept.get(datasette, {}).items()
        if key == whose and at > oldest
    }


def badge(verification: Verification, since: str) -> str:
    """A verification in a few words; `since` is when the rows were frozen, ISO 8601, empty where
    there are none that could be shown."""
    if verification.verdict is Verdict.SAME:
        return "as published"
    if verification.verdict is Verdict.REORDERED:
        return "as published, in another order"
    if verification.verdict is Verdict.REFUSED:
        return "cannot be checked by you" if since else "nothing to compare with"
    number = verification.added + verification.lost + verification.changed
    what = f"{number:,} row{'' if number == 1 else 's'}" if number else "columns"
    return f"drifted: {what} since {said_day(since)}"


def _certificates(
    document: Document, snapshot: Snapshot, withheld: Collection[str]
) -> dict[str, Certificate]:
    made = {}
    for block in document.blocks:
        frozen = snapshot.of(block.id)
        found = frozen and certificate(block, frozen, document)
        if found and block.id not in withheld:
            made[block.id] = found
    return made


def _wanted(document: Document, block_ids: Collection[str] | None) -> Sequence[Block]:
    blocks = [each for each in document.blocks if not isinstance(each, Words)]
    if block_ids is None:
        return blocks
    wanted = [each for each in blocks if each.id in block_ids]
    if len(wanted) != len(set(block_ids)):
        raise NotFound("What was published has no such block with rows.")
    return wanted


async def _verified(
    datasette: Datasette, actor: Actor, found: Certified, block: Block
) -> Verification:
    before = found.frozen(block)
    if before is None:
        # Differences would tell the rows that this person is not shown.
        refused = found.withheld.get(block.id, "It has no rows that could be checked.")
        return Verification(block.id, Verdict.REFUSED, refused, now())
    after = await freeze(datasette, actor, found.exploration.actor_id, block, found.document)
    return await asyncio.to_thread(differences, before, after)


_kept: WeakKeyDictionary[
    Datasette, dict[tuple[tuple[str, int | None, str], str], tuple[float, Verification]]
] = WeakKeyDictionary()
_checking: WeakKeyDictionary[Datasette, set[str]] = WeakKeyDictionary()


def _keep(
    datasette: Datasette, actor: Actor, exploration: Exploration, verification: Verification
) -> None:
    kept = _kept.setdefault(datasette, {})
    key = (_whose(actor, exploration), verification.block_id)
    kept.pop(key, None)
    oldest = time.monotonic() - _KEPT_SECONDS
    for each in [each for each, (at, _) in kept.items() if at <= oldest]:
        del kept[each]
    while len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]
    kept[key] = (time.monotonic(), verification)


def _whose(actor: Actor, exploration: Exploration) -> tuple[str, int | None, str]:
    return exploration.id, exploration.snapshot, _person(actor)


def _person(actor: Actor) -> str:
    """An actor with all that a token may restrict; visitors are one person."""
    told: dict[str, Any] = {name: str(value) for name, value in (actor or {}).items()}
    return canonical_json(told)


@contextmanager
def _one_at_a_time(datasette: Datasette, actor: Actor) -> Iterator[None]:
    """Nobody keeps more than one query worker busy with checks."""
    under_way, person = _checking.setdefault(datasette, set()), _person(actor)
    if person in under_way:
        who = "A check of yours" if actor else "A check by another visitor"
        raise LimitReached(f"{who} is under way; wait until it is done.")
    under_way.add(person)
    try:
        yield
    finally:
        under_way.discard(person)
