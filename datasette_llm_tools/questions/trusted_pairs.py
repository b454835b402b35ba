"""Which answers that were called right may be used for whom.

A person's own always. Of what others shared only what was called right by somebody who may say so
for all (llm-tools-eval), because it goes into prompts and answers unasked; and only where the asker
may see every table that it reads. Its SQL runs as the asker in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..permissions import EVAL, may
from . import store
from .pairs import Pair

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

_MOST_OTHERS = 20  # people whose permission is looked up for one question


async def trusted_pairs(
    datasette: Datasette, actor: Actor, database: str, tables: frozenset[str]
) -> tuple[Pair, ...]:
    """What was called right and may be used for this actor, who may see `tables`."""
    asker = store.actor_id(actor)
    found = [
        each
        for each in await store.verified(datasette, database, asker)
        if each.tables and tables.issuperset(each.tables)
    ]
    others = list(dict.fromkeys(each.actor_id for each in found if each.actor_id != asker))
    trusted = {asker} | {
        other
        for other in others[:_MOST_OTHERS]
        if other is not None and await may(datasette, {"id": other}, EVAL, database)
    }
    return tuple(
        Pair(each.id, each.question, each.sql, each.tables)
        for each in found
        if each.actor_id in trusted
    )
