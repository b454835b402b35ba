"""Why a statement found nothing: a text that it asks for is not in the data. Looks on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .literals import Look, unknown_texts, with_known_texts

if TYPE_CHECKING:
    from ...schema import Schema


@dataclass(frozen=True, slots=True)
class NothingFound:
    """What is not there, a sentence each, and the statement with what is there instead, if any."""

    sentences: tuple[str, ...]
    sql: str | None


async def nothing_found(sql: str, schema: Schema, look: Look) -> NothingFound | None:
    """What a statement asks for that is not in the data; None where that is not the reason."""
    unknown = [
        each for each in await unknown_texts(sql, schema, look) or () if not each.is_excluded
    ]
    if not unknown:
        return None
    instead = await with_known_texts(sql, schema, look)
    if instead is not None:
        left = await unknown_texts(instead.sql, schema, look) or ()
        unknown = [each for each in unknown if each in left]
    gone = dict.fromkeys(
        f"No row of {each.table} has {each.column} “{each.text}”." for each in unknown
    )
    changes = instead.changes if instead else ()
    return NothingFound((*changes, *gone), instead.sql if instead else None)
