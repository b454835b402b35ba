"""What an exploration is, as frozen values: an ordered page of blocks, in revisions.

A block keeps what it needs to be run again (SQL, parameters, spec) beside what people say of it,
so that it outlives the question or chart that it came from. Only a widget is kept by reference:
its source is long, and has revisions of its own that never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from ..queries import Value

ParameterKind = Literal["text", "number", "date", "choice"]


class BlockKind(str, Enum):
    """What a block is. The value is what JSON and templates call it."""

    WORDS = "words"
    QUESTION = "question"
    CHART = "chart"
    WIDGET = "widget"
    ENRICHMENT = "enrichment"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Written:
    """Who wrote a block's SQL or values: the model, and a hash of the prompt that it was sent.

    `prompt_hash` is canonical.digest() of the messages, None where they are not ours to read.
    `at` is ISO 8601 in UTC.
    """

    model_id: str | None = None
    prompt_hash: str | None = None
    at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Words:
    """The author's own words, in Markdown. `id`: 12 hexadecimal digits, unique in its page."""

    id: str
    text: str
    kind: Literal[BlockKind.WORDS] = BlockKind.WORDS


@dataclass(frozen=True, kw_only=True)
class RowsBlock:
    """What blocks share whose rows come from one SELECT statement.

    `params` are the values of its `:names`; where the exploration declares a parameter of such a
    name, the reader's value takes its place. `text` is said below the rows, in Markdown.
    """

    id: str
    title: str
    database: str
    sql: str
    params: Mapping[str, Value] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class QuestionBlock(RowsBlock):
    """A question, the SQL that answers it, and the answer in words as `text`."""

    question: str
    written: Written = field(default_factory=Written)
    kind: Literal[BlockKind.QUESTION] = BlockKind.QUESTION


@dataclass(frozen=True, kw_only=True)
class ChartBlock(RowsBlock):
    """A chart over the rows of `sql`. `spec`: JSON of a ChartSpec, widgets/charts/spec.py."""

    spec: Mapping[str, Any]
    written: Written = field(default_factory=Written)
    kind: Literal[BlockKind.CHART] = BlockKind.CHART


@dataclass(frozen=True, kw_only=True)
class QueryBlock(RowsBlock):
    """A query that Datasette keeps under the name `query`, as it was when it was added."""

    query: str
    kind: Literal[BlockKind.QUERY] = BlockKind.QUERY


@dataclass(frozen=True, kw_only=True)
class EnrichmentBlock(RowsBlock):
    """Rows of a table with a column that a run has filled; `run` is its id."""

    table: str
    column: str
    run: str
    written: Written = field(default_factory=Written)
    kind: Literal[BlockKind.ENRICHMENT] = BlockKind.ENRICHMENT


@dataclass(frozen=True, kw_only=True)
class WidgetBlock:
    """A widget of the sandbox, by the number of one of its revisions."""

    id: str
    title: str
    database: str
    widget_id: str
    revision: int
    text: str = ""
    kind: Literal[BlockKind.WIDGET] = BlockKind.WIDGET


Queried = QuestionBlock | ChartBlock | QueryBlock | EnrichmentBlock
Block = Words | Queried | WidgetBlock


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that readers choose: blocks whose SQL has `:name` follow it.

    `default` is text for every kind but number. `choices`, of the kind choice, are the only values.
    """

    name: str
    label: str
    kind: ParameterKind = "text"
    default: str | int | float = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """All that an author writes and arranges; documents.py has its JSON."""

    title: str
    summary: str = ""
    tags: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    blocks: tuple[Block, ...] = ()

    def block(self, block_id: str) -> Block | None:
        """The block of that id, or None."""
        return next((each for each in self.blocks if each.id == block_id), None)

    @property
    def databases(self) -> tuple[str, ...]:
        """Names of the databases that blocks read, each once, as they come."""
        return tuple(
            dict.fromkeys(each.database for each in self.blocks if not isinstance(each, Words))
        )


class RevisionOrigin(str, Enum):
    """How a revision came about. The value is kept, and said in history."""

    CREATED = "created"
    SAVED = "saved"  # by hand, or as a person typed
    RESTORED = "restored"  # an earlier one, again
    IMPORTED = "imported"  # from a file
    FORKED = "forked"  # from somebody's exploration on this server


@dataclass(frozen=True, slots=True)
class Revision:
    """One version. `number` counts from 1; `parent` is what it was made from.

    A draft is what autosave wrote last: saving on replaces it and counts `edition` up. Any other
    revision never changes. Times are ISO 8601 in UTC.
    """

    exploration_id: str
    number: int
    edition: int
    parent: int | None
    origin: RevisionOrigin
    document: Document
    actor_id: str | None
    created_at: str
    saved_at: str
    is_draft: bool


class Mode(str, Enum):
    """Where a reader's rows come from."""

    LIVE = "live"  # queries run as the reader, through the guard
    SNAPSHOT = "snapshot"  # the rows that the author froze


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who may read besides the author; links are kept apart (Link). All empty: private."""

    public: bool = False
    people: tuple[str, ...] = ()
    mode: Mode = Mode.SNAPSHOT


@dataclass(frozen=True, slots=True)
class Link:
    """Whoever has the token may read, until the link is revoked or expires."""

    token: str
    exploration_id: str
    label: str
    actor_id: str | None
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None

    def is_open(self, now: str) -> bool:
        """Whether it still lets people in; `now` is ISO 8601 in UTC, as all times here."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a fork was made from: on this server by id, otherwise as the file said.

    `digest` is canonical.digest() of the document's JSON then.
    """

    id: str
    title: str
    author: str | None
    revision: int
    url: str
    digest: str
    at: str


@dataclass(frozen=True, slots=True)
class Exploration:
    """An exploration that somebody keeps. `id` is 24 hexadecimal digits, unguessable.

    `current` is the number of the revision that its author works on; `published` of that which
    readers see, None until it is published; `snapshot` the number of the frozen rows that belong
    to `published`, None where there are none. `publisher` is the actor who published it, as they
    were then: what they may not see any more is not shown of the snapshot either.
    """

    id: str
    actor_id: str | None
    created_at: str
    updated_at: str
    current: int
    published: int | None = None
    published_at: str | None = None
    publisher: Mapping[str, Any] | None = None
    snapshot: int | None = None
    sharing: Sharing = field(default_factory=Sharing)
    pinned_at: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """The rows of one block as they were at `taken_at`, cells as JSON has them (running.py).

    `tables` are those that were read, by name. `rows_hash` is over columns and rows,
    `schema_hash` over the columns of these tables. Of a chart, columns and rows are what is drawn
    and `more` is the rest of its Drawn as JSON; of a widget they are empty, and `more` is
    {html, libraries, queries}; of rows it has what their keys are called (labels.py), and `tables`
    those that say so. `refused`: why there are no rows, where the block did not run.
    `sources`, (table, column) pairs that were read, are not kept: they are for whoever publishes.
    """

    block_id: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    truncated: bool = False
    database: str | None = None
    tables: tuple[str, ...] = ()
    rows_hash: str = ""
    schema_hash: str = ""
    taken_at: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None
    sources: frozenset[tuple[str, str]] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All frozen blocks of one publication, in the order of the page; words are not among them."""

    number: int
    blocks: tuple[Frozen, ...]

    def of(self, block_id: str) -> Frozen | None:
        """What was frozen of a block, or None."""
        return next((each for each in self.blocks if each.block_id == block_id), None)
