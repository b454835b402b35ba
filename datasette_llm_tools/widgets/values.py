"""What a widget is, as frozen values: a chart or a document, in revisions, over named queries.

A chart's source is a spec as JSON (charts/spec.py), which our own code draws. A document's
source is HTML and JavaScript that a model or a person wrote, shown in a sandbox. Both get their
rows from queries that the widget names; these run as whoever looks, through the guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from ..prompt import Usage
from ..queries import Value

ParameterType = Literal["text", "integer", "float", "boolean", "date"]


class Kind(str, Enum):
    """What the source of a widget's revisions is."""

    CHART = "chart"
    DOCUMENT = "document"


class Origin(str, Enum):
    """How a revision came about. The value is kept, and said in history."""

    CREATED = "created"  # the first one
    CHANGED = "changed"  # by a prompt
    MENDED = "mended"  # by a model that was told of errors
    EDITED = "edited"  # by hand
    RESTORED = "restored"  # an earlier one, again
    COPIED = "copied"  # from somebody else's widget


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter `:name` of a query. Limits hold for numbers and dates, both included.

    `most_characters` is for text; `choices`, where there are any, are the only values.
    """

    name: str
    type: ParameterType = "text"
    default: Value = None
    minimum: float | str | None = None
    maximum: float | str | None = None
    choices: tuple[Value, ...] = ()
    most_characters: int = 200


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """One SELECT statement that a widget may have run, by its name only."""

    name: str
    sql: str
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result: its name, and what SQLite held in the rows that were looked at.

    `type`: integer, float, text, blob, mixed, or null where there was nothing else.
    """

    name: str
    type: str


# The columns that each query gave when the revision was made, by the query's name.
Contract = Mapping[str, tuple[Column, ...]]


@dataclass(frozen=True, slots=True)
class Writing:
    """Who wrote a source: the prompt, the model, what it took. All None for a person's edit."""

    prompt: str | None = None
    model_id: str | None = None
    usage: Usage = field(default_factory=Usage)
    usd: float | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A revision that is not kept yet."""

    origin: Origin
    source: str
    queries: tuple[NamedQuery, ...] = ()
    contract: Contract = field(default_factory=dict)
    writing: Writing = field(default_factory=Writing)


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a widget. `number` counts from 1; `parent` is what it was made from.

    `approved_at`: when its owner pressed Run; a document gets no live data before. Times are
    ISO 8601 in UTC.
    """

    widget_id: str
    number: int
    parent: int | None
    draft: Draft
    actor_id: str | None
    created_at: str
    approved_at: str | None = None


@dataclass(frozen=True, slots=True)
class Widget:
    """A chart or document that somebody keeps. `id` is 24 hexadecimal digits, unguessable.

    `current` is the number of the revision that is shown. `shared`: readable by everybody who
    may run queries on the database. `question_id` is the question whose answer it draws.
    """

    id: str
    database: str
    kind: Kind
    title: str
    actor_id: str | None
    created_at: str
    updated_at: str
    current: int
    shared: bool = False
    question_id: str | None = None
    copied_from: str | None = None


class Choice(str, Enum):
    """What somebody said of two variants."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of two variants: the revision, and who wrote it."""

    number: int
    model_id: str


@dataclass(frozen=True, slots=True)
class Vote:
    """Which of two variants of one prompt was better; models are ranked by these later.

    `left` and `right` are as they were shown, in random order. `prompt_kind`: how the revision
    came about (created, changed or mended) and of which kind the widget is, as in
    "document created". `question_id` as the widget has it.
    """

    id: str
    widget_id: str
    question_id: str | None
    prompt: str
    prompt_kind: str
    left: Candidate
    right: Candidate
    choice: Choice
    actor_id: str | None
    voted_at: str
