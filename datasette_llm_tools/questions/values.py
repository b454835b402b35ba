"""What a question is while it is answered and afterwards, as frozen values.

An answer is told as a series of events; whoever shows it (page, JSON, command
line) folds the same events.
"""

from __future__ import annotations

import base64
import math
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any

from ..prompt import Usage
from ..queries import QueryResult
from .agreeing.values import AskedBack, Escalation, asked_back_json
from .explaining.values import Explanation, explanation_json
from .investigating.values import Investigation
from .pairs import PairUsed
from .statements.nothing_found import NothingFound


class Status(str, Enum):
    """Where a question stands. Only `answered` has rows to show."""

    RUNNING = "running"
    ANSWERED = "answered"
    UNANSWERABLE = "unanswerable"  # the model says that the data cannot tell
    FAILED = "failed"
    STOPPED = "stopped"  # by the person, by leaving the page, or by a limit


class Step(str, Enum):
    """What is being done just now; the value is what the page says."""

    LOADING = "Loading the model"
    READING = "The model is reading the schema and the question"
    WRITING = "Writing SQL"
    RUNNING = "Running the query"
    MENDING = "The SQL did not run; asking for a correction"
    COMPARING = "Asking again, to see whether the answers agree"
    ESCALATING = "Few answers agree; asking a second model"
    WORDING = "Putting the answer into words"


@dataclass(frozen=True, slots=True)
class Previous:
    """An earlier question of the same thread, for a follow-up to build on."""

    question: str
    sql: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One statement that was tried. `error` is None if it ran; `written_by`: model, person, or
    pair, for the SQL of an earlier question, with other values perhaps.

    `changes` say, a sentence each, how a rule made `sql` of what was `written`. `chosen_by` a
    person: it is a model's, and somebody took it among several.
    """

    sql: str
    error: str | None = None
    written_by: str = "model"
    milliseconds: float = 0.0
    changes: tuple[str, ...] = ()
    written: str | None = None
    chosen_by: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Statements of the model that return the same rows: one of them, and how many there are.

    `tables` are those that it reads; `changes` and `written` as an Attempt's. `second`: the model
    that was asked because too few agreed returns these rows; its statement is none of `votes`.
    """

    sql: str
    votes: int
    columns: tuple[str, ...] = ()
    row_count: int = 0
    truncated: bool = False
    tables: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    written: str | None = None
    second: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many statements were asked for, and the groups of those that agree.

    The first group is the answer. `failed` statements did not run.
    """

    asked: int
    groups: tuple[Group, ...]
    failed: int = 0

    @property
    def votes(self) -> int:
        """How many agree with the answer."""
        return self.groups[0].votes if self.groups else 0

    def group(self, sql: str | None) -> Group | None:
        """The group that a statement stands for."""
        return next((each for each in self.groups if each.sql == sql), None)


@dataclass(frozen=True, slots=True)
class Call:
    """One model call: the exact messages, what came back, and what it cost."""

    purpose: str
    messages: tuple[dict[str, str], ...]
    reply: str
    usage: Usage
    milliseconds: float
    first_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds of one step."""

    step: str
    milliseconds: float


@dataclass(frozen=True)
class Answer:
    """All that is known of an answer. `result` is kept only while the question is being asked:
    rows are read again, as the reader, whenever the page is opened."""

    status: Status = Status.RUNNING
    sql: str | None = None
    text: str | None = None
    error: str | None = None
    model_id: str | None = None
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    row_count: int | None = None
    truncated: bool = False
    unfounded: tuple[str, ...] = ()  # numbers of `text` that no row has
    attempts: tuple[Attempt, ...] = ()
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()
    agreement: Agreement | None = None
    pair: PairUsed | None = None
    asked_back: AskedBack | None = None
    escalation: Escalation | None = None
    investigation: Investigation | None = None
    result: QueryResult | None = field(default=None, compare=False)

    @property
    def usage(self) -> Usage:
        """Tokens of all model calls together."""
        return sum((call.usage for call in self.calls), Usage())

    @property
    def milliseconds(self) -> float:
        """Time of all steps together."""
        return sum(each.milliseconds for each in self.timings)

    def timed(self, step: str, milliseconds: float) -> Answer:
        """The same answer with one more step's time."""
        return replace(self, timings=(*self.timings, Timing(step, milliseconds)))


@dataclass(frozen=True, slots=True)
class StepBegan:
    step: Step


@dataclass(frozen=True, slots=True)
class SqlWritten:
    """A piece of SQL as the model writes it. `attempt` counts from 1."""

    attempt: int
    delta: str


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """A statement ran or was refused; `attempt` counts from 1."""

    attempt: int
    outcome: Attempt


@dataclass(frozen=True, slots=True)
class RowsFound:
    """Rows to show; later ones take the place of earlier ones."""

    sql: str
    result: QueryResult


@dataclass(frozen=True, slots=True)
class VotesCounted:
    """The votes so far, while more are asked for."""

    agreement: Agreement


@dataclass(frozen=True, slots=True)
class WordsWritten:
    """A piece of the answer in words."""

    delta: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event: the whole answer."""

    answer: Answer


Event = StepBegan | SqlWritten | AttemptEnded | RowsFound | VotesCounted | WordsWritten | Finished


def answer_json(
    question: str,
    answer: Answer,
    explanation: Explanation | None = None,
    nothing_found: NothingFound | None = None,
) -> dict[str, Any]:
    """An answer for programs. BLOBs are `{"$base64": true, "encoded": "…"}`, as Datasette has it.

    `rows` is null where there is no result; `tokens` where a model did not count; `explanation`
    where the SQL is not understood, `nothing_found` unless texts are not in the data.
    """
    result = answer.result
    return {
        "question": question,
        "status": answer.status.value,
        "sql": answer.sql,
        "explanation": explanation_json(explanation) if explanation else None,
        "columns": list(answer.columns) if result else None,
        "rows": rows_json(result) if result else None,
        "truncated": answer.truncated,
        "nothing_found": asdict(nothing_found) if nothing_found else None,
        "answer": answer.text,
        "unfounded_numbers": list(answer.unfounded),
        "error": answer.error,
        "model": answer.model_id,
        "tokens": {
            "input": answer.usage.input_tokens,
            "output": answer.usage.output_tokens,
        },
        "milliseconds": round(answer.milliseconds, 1),
        "tables": list(answer.tables),
        "attempts": [asdict(each) for each in answer.attempts],
        "steps": [asdict(each) for each in answer.timings],
        "agreement": asdict(answer.agreement) if answer.agreement else None,
        "pair": asdict(answer.pair) if answer.pair else None,
        "asked_back": asked_back_json(answer.asked_back) if answer.asked_back else None,
        "escalation": asdict(answer.escalation) if answer.escalation else None,
        "calls": [asdict(each) for each in answer.calls],
    }


def rows_json(result: QueryResult) -> list[list[Any]]:
    """Rows as JSON can hold them."""
    return [[_json_value(value) for value in row] for row in result.rows]


def _json_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$base64": True, "encoded": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
