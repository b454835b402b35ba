"""What is asked, what counts as right, and what came of it, as frozen values.

A result belongs to one run, a run to one suite and one model. What a person accepts as right is a
statement wherever there is one, since its rows follow the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Value = str | int | float | bytes | None

# How far numbers that are not both whole may be apart, relative, unless a suite says otherwise.
TOLERANCE = 1e-6


class Verdict(str, Enum):
    """What a case came to.

    `extra_columns` is marked apart from wrong: the accepted columns are there with the right
    rows, and further ones beside them. `unscored`: no accepted statement ran, so nothing can be
    said; such cases are in no share.
    """

    RIGHT = "right"
    EXTRA_COLUMNS = "extra columns"
    WRONG = "wrong"  # it ran, with other rows
    FAILED = "failed"  # the statement did not run
    REFUSED = "refused"  # the model said that the data cannot tell
    UNANSWERED = "unanswered"  # no statement: a limit, or the model broke off
    UNSCORED = "unscored"


class Kind(str, Enum):
    """What an accepted statement has in it."""

    JOIN = "join"
    GROUP = "group"
    DATE = "date"
    NESTED = "nested"
    SET = "set operation"
    ORDER = "order"
    LIMIT = "limit"
    SIMPLE = "simple"  # none of these


class Instead(str, Enum):
    """What is right in place of rows."""

    CANNOT = "cannot be answered"
    MUST_ASK_BACK = "must ask back"


@dataclass(frozen=True, slots=True)
class ExpectedRows:
    """A result that counts as right, where it is not given by a statement."""

    rows: tuple[tuple[Value, ...], ...]
    in_order: bool = False


Accepted = tuple[str | ExpectedRows, ...] | Instead


@dataclass(frozen=True, slots=True)
class Case:
    """A question to a database, with what counts as right.

    `database` is the name of a served database or the path of a file. `accepted` holds
    statements and expected rows, any of which is right, or what is right instead. `tags` are for
    reading results apart; the first one is the set that the case belongs to.
    """

    id: str
    question: str
    database: str
    accepted: Accepted
    tags: tuple[str, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """The accepted statements."""
        if isinstance(self.accepted, Instead):
            return ()
        return tuple(each for each in self.accepted if isinstance(each, str))


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases under a name. `columns_in_order`: columns must stand as the accepted ones do.

    As one person reads it, `hidden` are tables that they may not view, in lower case, by what
    cases call their database; `left_out` are the ids of cases that read such tables.
    """

    name: str
    cases: tuple[Case, ...]
    description: str = ""
    columns_in_order: bool = False
    tolerance: float = TOLERANCE
    left_out: frozenset[str] = frozenset()
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)


class RunStatus(str, Enum):
    """Where a run stands; one that was stopped or killed can be resumed."""

    WAITING = "waiting"  # for its turn
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"

    @property
    def is_active(self) -> bool:
        """Whether it goes on by itself."""
        return self in (RunStatus.WAITING, RunStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does: model, settings that differ from those in force, and which cases.

    `sample` of the suite's cases are drawn by `seed`, all where it is None. `variants` is the
    number of changed copies of a database that a right statement must also be right on.
    """

    model_id: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    sample: int | None = None
    seed: int = 0
    variants: int = 0


@dataclass(frozen=True, slots=True)
class EvalRun:
    """One pass over the cases of a suite by one plan. Times are ISO 8601 in UTC.

    `actor_id` is who started it on a server; `reason` why it ended early, where there is more to
    say than that somebody stopped it.
    """

    id: str
    suite: str
    plan: Plan
    cases: int
    status: RunStatus
    created_at: str
    ended_at: str | None = None
    actor_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case.

    `accepted_empty`: the accepted result has no rows, so that being right says little.
    `variants` were judged, and on `variants_wrong` of them the statement was not right: it was
    right by luck. Tokens are None where a model did not count them, `usd` where there is no
    price; `attempts` are statements that were tried, `calls` prompts that were sent. Of `asked`
    statements `votes` agreed with the answer; both are 0 where nothing was compared, or where a
    second model was asked. `edition` marks what the case asked and accepted then.
    """

    case_id: str
    verdict: Verdict
    sql: str | None = None
    error: str | None = None
    accepted_empty: bool = False
    attempts: int = 0
    calls: int = 0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    usd: float | None = None
    seconds: float = 0.0
    variants: int = 0
    variants_wrong: int = 0
    answered_at: str = ""
    asked: int = 0
    votes: int = 0
    edition: str = ""
