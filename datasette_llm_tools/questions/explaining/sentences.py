"""A clause made of what is said about it, or without words where that is not sure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .phrases import Phrases
from .values import Clause, NotUnderstood

_DESCRIPTION = 120  # characters


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and others on what comes of it."""

    sentence: str
    remarks: tuple[str, ...] = ()


def clause(name: str, sql: str, say: Callable[[], Said | str], phrases: Phrases) -> Clause:
    """A clause with its sentence, and with what its columns are described as the first time."""
    before = len(phrases.mentioned)
    try:
        given = say()
    except (NotUnderstood, KeyError, AttributeError):
        del phrases.mentioned[before:]
        return Clause(name, sql, None)
    said = Said(given) if isinstance(given, str) else given
    described = [
        f"{each.name}: {text[:_DESCRIPTION]}{'…' if len(text) > _DESCRIPTION else ''}"
        for each in phrases.mentioned[before:]
        if each.column and (text := " ".join((each.column.description or "").split()).rstrip("."))
    ]
    remarks = (*said.remarks, *([f"({'; '.join(described)}.)"] if described else []))
    return Clause(name, sql, said.sentence[:1].upper() + said.sentence[1:], remarks)
