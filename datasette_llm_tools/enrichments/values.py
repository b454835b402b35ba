"""What an enrichment, a run and the outcome of a row are, as frozen values.

An enrichment says what to ask of every row of a table and what comes back. A run
is one pass over rows; it is a job that can be paused, killed and resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from ..prompt import Usage
from .outputs import Output

# In the actor of a run that somebody with the file started, without a server.
COMMAND_LINE = "command_line"

Value = str | int | float | bytes | None
Key = tuple[Value, ...]


class RunStatus(str, Enum):
    """Where a run stands."""

    WAITING = "waiting"  # to be taken by a worker
    RUNNING = "running"  # taken: a worker holds the lease, or did when it was killed
    PAUSED = "paused"  # by a person, a limit or a fault; `reason` says which; can be resumed
    DONE = "done"
    CANCELLED = "cancelled"  # what it wrote stays until it is undone
    STOPPED = "stopped"  # cannot go on: the table or a column is gone; `reason` says so
    UNDONE = "undone"

    @property
    def is_active(self) -> bool:
        """Whether it still holds its output columns: no other run may write them."""
        return self in (RunStatus.WAITING, RunStatus.RUNNING, RunStatus.PAUSED)


class Wish(str, Enum):
    """What its owner wants of a run; the worker sees it with its next batch."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class OutcomeStatus(str, Enum):
    """What came of a row. `unchanged` is counted only; the others are kept with the row."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # nothing to ask: its input is empty, or it is gone
    UNCHANGED = "unchanged"  # its result from an earlier run still holds


class Fault(str, Enum):
    """Why a row failed; the value is what pages call the group of such rows."""

    INVALID = "The reply did not fit the outputs"
    MODEL = "The model failed"
    OVERLOADED = "The model stayed overloaded"
    TIMED_OUT = "The model took too long"
    INPUT_TOO_LONG = "A cell is too long"
    ATTACHMENT = "An attachment could not be read"
    TEMPLATE = "The template could not be filled"
    UNWRITABLE = "The table refused the value"


class Rows(str, Enum):
    """Which of the selected rows a run asks about."""

    ALL = "all"
    CHANGED = "changed"  # new rows, and those whose input differs from their latest result


@dataclass(frozen=True, slots=True)
class Attachment:
    """A column whose BLOB, or the file at whose URL, goes along with the prompt."""

    column: str
    source: Literal["blob", "url"] = "blob"


@dataclass(frozen=True, slots=True)
class Specification:
    """What is asked of each row. `template` is Jinja over the row's columns.

    `options` are the model's. `fallback_model_id`: asked about rows whose reply from
    `model_id` did not validate, or that it marked as unsure. `long_cells`: what to do
    with a cell of more than `max_cell_characters`.
    """

    template: str
    outputs: tuple[Output, ...]
    model_id: str
    form: str = "free"
    instructions: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    fallback_model_id: str | None = None
    rows_per_call: int = 1
    attachments: tuple[Attachment, ...] = ()
    ask_empty: bool = False
    long_cells: Literal["refuse", "cut"] = "refuse"
    max_cell_characters: int = 20_000
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a table: a condition in SQL without `where`, its parameters, and it in words."""

    where: str | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    description: str = "all rows"
    rows: Rows = Rows.ALL


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What a run may take; None is no limit. `failures_in_a_row` pauses it."""

    usd: float | None = None
    rows: int | None = None
    failures_in_a_row: int = 20
    rows_per_second: float | None = None
    concurrency: int = 16
    seconds_per_row: float = 120.0
    attempts: int = 6


@dataclass(frozen=True, slots=True)
class Enrichment:
    """A specification kept for a table under an unguessable id."""

    id: str
    database: str
    table: str
    name: str
    specification: Specification
    actor_id: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a run is. `usd` is None where nothing that was paid for has a known price.

    `total` is of rows that will be settled, None before they are counted. `unpriced` counts
    replies of models without a price. `seconds` is working time.
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    skipped: int = 0
    unchanged: int = 0
    cached: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0

    @property
    def settled(self) -> int:
        """Rows that need nothing more."""
        return self.done + self.failed + self.skipped + self.unchanged


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over rows. `number` is its key in the database, `id` its address.

    `actor` is the owner as Datasette knows them, for checking permissions again.
    `created_columns` are those that this run added to the table; undoing drops them.
    `prompt_hash` is of the specification as a model sees it, without the rows.
    `cursor` is the key up to which every row is settled: None at the beginning, `()`
    when all rows were read and only failed ones are to be asked again. `is_foreign`: it came
    with the file or was changed in it, so nobody here is known to want it; unless it has
    ended or somebody works on it, it is paused until somebody resumes it as their own.
    """

    number: int
    id: str
    enrichment: Enrichment
    status: RunStatus
    selection: Selection
    limits: RunLimits
    actor: Mapping[str, Any] | None
    counts: Counts
    wish: Wish = Wish.RUN
    reason: str | None = None
    created_columns: tuple[str, ...] = ()
    prompt_hash: str = ""
    created_at: str = ""
    started_at: str | None = None
    ended_at: str | None = None
    cursor: Key | None = None
    is_foreign: bool = False

    @property
    def is_of_command_line(self) -> bool:
        """Whether it was started by the command line, as root whoever that may be."""
        return bool((self.actor or {}).get(COMMAND_LINE))


@dataclass(frozen=True, slots=True)
class Row:
    """A row to ask about: its key and the columns that the specification needs."""

    key: Key
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row. `values` maps output names to values as JSON has them.

    `input_hash` is of the rendered prompt and attachments. `usage` and `usd` are of all
    attempts, None where unknown; a cached outcome cost nothing. `reply` is the model's
    text where it failed validation, cut to 2,000 characters.
    """

    key: Key
    status: OutcomeStatus
    values: Mapping[str, Any] | None = None
    input_hash: bytes | None = None
    usage: Usage = Usage()
    usd: float | None = None
    milliseconds: float = 0.0
    attempts: int = 0
    cached: bool = False
    model_id: str | None = None
    fault: Fault | None = None
    message: str | None = None
    reply: str | None = None
