"""Output columns of an enrichment: their types, as JSON schema and as SQLite stores them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class OutputType(str, Enum):
    """What an output holds."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    JSON = "json"
    LABEL = "label"  # one of a list


@dataclass(frozen=True, slots=True)
class Output:
    """One column that an enrichment fills.

    `minimum` and `maximum` are of numbers, `max_length` is characters of text.
    An `optional` output may be NULL where the row does not say.
    """

    name: str
    type: OutputType = OutputType.TEXT
    description: str = ""
    labels: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    optional: bool = False
