"""What an investigation is while it goes on and afterwards, as frozen values.

A step is one reply of the model and what came of it. Its rows are kept only while the question is
being asked: whoever opens the page gets them read again, as themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from ...queries import QueryResult


class Tool(str, Enum):
    """What a step may do. Only `sql` and `values` run a statement."""

    TABLES = "tables"
    VALUES = "values"
    SQL = "sql"
    ANSWER = "answer"
    CANNOT = "cannot"


LOOKING = (Tool.SQL, Tool.VALUES, Tool.TABLES)
ENDING = (Tool.ANSWER, Tool.CANNOT)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer and the numbers of the steps whose rows show it.

    `unfounded` are numbers of the sentence that are in none of those rows.
    """

    text: str
    steps: tuple[int, ...]
    unfounded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """What a reply asks for; which fields matter depends on the tool.

    `names` are tables to describe, `table`, `column` and `like` say which values to list.
    """

    tool: Tool
    sql: str = ""
    table: str = ""
    column: str = ""
    like: str = ""
    names: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class InvestigationStep:
    """One step, numbered from 1. `tool` is None where the reply could not be read.

    `sql` is the statement that ran or was to run, `about` what a look was at: table and column,
    or names of tables. `error` is what the model was told instead of rows. `result` is not kept.
    """

    number: int
    thought: str = ""
    tool: Tool | None = None
    sql: str | None = None
    about: tuple[str, ...] = ()
    error: str | None = None
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    row_count: int | None = None
    truncated: bool = False
    milliseconds: float = 0.0
    result: QueryResult | None = field(default=None, compare=False)

    @property
    def has_rows(self) -> bool:
        """Whether a claim may rest on this step: its statement ran."""
        return self.row_count is not None


@dataclass(frozen=True)
class Investigation:
    """The steps so far, of `most` that there may be, and the claims that the answer is made of."""

    most: int
    steps: tuple[InvestigationStep, ...] = ()
    claims: tuple[Claim, ...] = ()

    def step(self, number: int) -> InvestigationStep | None:
        """The step of that number, or None."""
        return next((each for each in self.steps if each.number == number), None)

    @property
    def citable(self) -> tuple[int, ...]:
        """Numbers of the steps that a claim may rest on."""
        return tuple(each.number for each in self.steps if each.has_rows)


@dataclass(frozen=True, slots=True)
class InvestigationStepBegan:
    """The model is asked for step `number` of `most`."""

    number: int
    most: int


@dataclass(frozen=True, slots=True)
class InvestigationWritten:
    """A piece of a step's `thought`, `sql` or `answer` as the model writes it."""

    number: int
    part: str
    delta: str


@dataclass(frozen=True, slots=True)
class InvestigationStepEnded:
    """A step with all that came of it."""

    step: InvestigationStep


InvestigationEvent = InvestigationStepBegan | InvestigationWritten | InvestigationStepEnded


def kept(investigation: Investigation) -> dict[str, Any]:
    """An investigation as it is stored: all but the rows."""
    steps = []
    for each in investigation.steps:
        told = {name: getattr(each, name) for name in _KEPT}
        steps.append({**told, "tool": each.tool.value if each.tool else None})
    return {
        "most": investigation.most,
        "steps": steps,
        "claims": [asdict(each) for each in investigation.claims],
    }


_KEPT = tuple(name for name in InvestigationStep.__dataclass_fields__ if name != "result")


def read_kept(stored: Mapping[str, Any]) -> Investigation:
    """An investigation out of what `kept` made of it."""
    return Investigation(
        most=stored["most"],
        steps=tuple(_step(each) for each in stored["steps"]),
        claims=tuple(
            Claim(each["text"], tuple(each["steps"]), tuple(each["unfounded"]))
            for each in stored["claims"]
        ),
    )


def _step(stored: Mapping[str, Any]) -> InvestigationStep:
    lists = {name: tuple(stored[name]) for name in ("about", "tables", "columns")}
    tool = Tool(stored["tool"]) if stored["tool"] else None
    return InvestigationStep(**{**stored, **lists, "tool": tool})
