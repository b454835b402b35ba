"""Which answers that were called right may be used for whom.

A person's own always. Of what others shared only what was called right by somebody who may say so
for all (llm-tools-eval), because it goes into prompts and answers unasked; and only where the asker
may see every table that it reads. Its SQL runs as the asker in any case.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..permissions import EVAL, may
from . import store, verified_store
from .pairs import Pair, most_alike

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

_MOST = 40  # that are looked into for one question, those most like it
_MOST_OWNERS = 50  # other people whose permission is looked up


async def trusted_pairs(
    datasette: Datasette, actor: Actor, database: str, tables: frozenset[str], question: str
) -> tuple[Pair, ...]:
    """What was called right, is like a question and may be used for this actor, who may see
    `tables`; the most alike first."""
    asker = store.actor_id(actor)
    known = await verified_store.verified(datasette, database, asker)
    # First who is trusted: nobody crowds out what is by saying the same many times.
    owners = list(dict.fromkeys(each.actor_id for each in known))[:_MOST_OWNERS]
    trusted = {
        each for each in owners if each == asker or await _is_trusted(datasette, each, database)
    }
    known = tuple(each for each in known if each.actor_id in trusted)
    questions = [each.question for each in known]
    places = await asyncio.to_thread(most_alike, question, questions, _MOST)
    found = [known[place] for place in places]
    read = await verified_store.tables_read(datasette, [each.id for each in found]) if found else {}
    return tuple(
        Pair(each.id, each.question, each.sql, read[each.id])
        for each in found
        if read.get(each.id) and tables.issuperset(read[each.id])
    )


async def _is_trusted(datasette: Datasette, owner: str | None, database: str) -> bool:
    """Whether somebody, of whom no more than the id is known, may say what is right for all."""
    return owner is not None and await may(datasette, {"id": owner}, EVAL, database)
