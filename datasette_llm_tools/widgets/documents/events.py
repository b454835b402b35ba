"""What happens while a document is written, in the order in which it happens.

Page, JSON and command line fold the same events. The last one is Finished, whatever happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..values import Column, Draft, NamedQuery


@dataclass(frozen=True, slots=True)
class StepBegan:
    """`text` is a short sentence for whoever waits."""

    text: str


@dataclass(frozen=True, slots=True)
class TitleFound:
    """What the model calls the widget."""

    title: str


@dataclass(frozen=True, slots=True)
class QueryFound:
    """A query that was written and run once; a later one of its name takes its place.

    `error` says why it did not run, or that it gave no rows; it runs if `columns` are there.
    """

    query: NamedQuery
    columns: tuple[Column, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SourceWritten:
    """A further piece of the document's source."""

    delta: str


@dataclass(frozen=True, slots=True)
class SourceReplaced:
    """The whole source, instead of all that was written before; empty where it begins anew."""

    source: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How it ended.

    draft   what there is to keep; together with an `error` it is half a document.
    title   of a new document: what the model calls it, else the beginning of the prompt.
    error   one sentence, where the wish was not fulfilled.
    reply   all that the model wrote, for a page to show when nothing can be made of it.
    notes   sentences about a draft: refused elements, queries that do not run or are empty.
    """

    draft: Draft | None
    title: str | None
    error: str | None
    reply: str
    notes: tuple[str, ...] = ()


Event = StepBegan | TitleFound | QueryFound | SourceWritten | SourceReplaced | Finished
