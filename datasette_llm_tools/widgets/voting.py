"""Two variants of one prompt: which they are, on which side they stand, and what is said of them.

Models are ranked by these votes later, so that a vote counts only for two versions that answer
the same prompt from the same beginning, and sides are drawn by lot.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import BadInput
from . import store, vote_store
from .records import RevisionSummary
from .values import Candidate, Choice, Origin, Revision, Vote, Widget, Writing

if TYPE_CHECKING:
    from datasette.app import Datasette


def sides(first: int, second: int) -> tuple[int, int]:
    """The two numbers as left and right, by lot."""
    return (first, second) if secrets.randbelow(2) else (second, first)


def are_variants(one: RevisionSummary | Revision, other: RevisionSummary | Revision) -> bool:
    """Whether two versions are answers of models to the same prompt, from the same beginning."""
    (origin, writing), (other_origin, other_writing) = map(_made, (one, other))
    if one.number == other.number or not writing.model_id or not other_writing.model_id:
        return False
    # The second of two new ones is kept as made from the first.
    same_beginning = one.parent == other.parent or origin is Origin.CREATED
    return same_beginning and (origin, writing.prompt) == (other_origin, other_writing.prompt)


def rival(shown: RevisionSummary | Revision, revisions: Sequence[RevisionSummary]) -> int | None:
    """A variant of the version that is shown, or None."""
    return next((each.number for each in revisions if are_variants(shown, each)), None)


async def vote(
    datasette: Datasette,
    widget: Widget,
    left: Revision,
    right: Revision,
    choice: Choice,
    actor_id: str | None,
) -> Vote:
    """Keep a vote; the better one is shown from now on. Raises BadInput, Conflict."""
    if not are_variants(left, right):
        raise BadInput(
            f"Versions {left.number} and {right.number} are not variants of one prompt; only "
            "such two can be voted on."
        )
    found = await vote_store.add_vote(
        datasette,
        widget,
        left=Candidate(left.number, left.draft.writing.model_id or ""),
        right=Candidate(right.number, right.draft.writing.model_id or ""),
        prompt=left.draft.writing.prompt or "",
        prompt_kind=f"{widget.kind.value} {left.draft.origin.value}",
        choice=choice,
        actor_id=actor_id,
    )
    better = {Choice.LEFT: left, Choice.RIGHT: right}.get(choice)
    if better is not None and better.number != widget.current:
        await store.make_current(datasette, widget.id, better.number)
    return found


async def said(
    datasette: Datasette, widget: Widget, left: int, right: int, actor_id: str | None
) -> str:
    """What this person said of the two, as they stand now: left, right, tie, both_bad, or ""."""
    for each in await vote_store.votes(datasette, widget.id):
        numbers = (each.left.number, each.right.number)
        if each.actor_id != actor_id or set(numbers) != {left, right}:
            continue
        if numbers == (left, right):
            return each.choice.value
        turned = {Choice.LEFT: Choice.RIGHT, Choice.RIGHT: Choice.LEFT}
        return turned.get(each.choice, each.choice).value
    return ""


def read_choice(value: object) -> Choice:
    """The choice that was sent. Raises BadInput."""
    try:
        return Choice(value)
    except ValueError:
        known = ", ".join(each.value for each in Choice)
        raise BadInput(f"A vote is one of {known}.") from None


def _made(each: RevisionSummary | Revision) -> tuple[Origin, Writing]:
    if isinstance(each, Revision):
        return each.draft.origin, each.draft.writing
    return each.origin, each.writing
