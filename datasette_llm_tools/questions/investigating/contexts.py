"""What the templates of an investigation get, documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from ...pages import shown
from .values import InvestigationStep

if TYPE_CHECKING:
    from ..contexts import ResultTable


@dataclass(frozen=True)
class StepView:
    """One step as it is shown."""

    step: InvestigationStep = shown("What the model thought and did")
    result: ResultTable | None = shown("The rows, read just now as the reader")
    described: str | None = shown(
        "Tables as the reader may see them, where the step looked at them"
    )
    refused: str | None = shown("Why the reader may not see the step, if so")
    anchor: str = shown("The step's place on the page")
    query_url: str | None = shown("Datasette's page for the SQL, where it can be edited")
    change_url: str | None = shown("Where the SQL is changed in words")


@dataclass(frozen=True)
class ClaimView:
    """One sentence of the answer."""

    text_html: Markup = shown("The sentence, its numbers linked to the rows behind them")
    steps: tuple[int, ...] = shown("Numbers of the steps whose rows show it")
    unfounded: tuple[str, ...] = shown("Its numbers that are in none of those rows")


@dataclass(frozen=True)
class InvestigationView:
    """The steps of an answer and the claims that rest on them."""

    steps: list[StepView] = shown("All steps, in order")
    most: int = shown("How many steps there might have been")
    claims: list[ClaimView] = shown("The answer, sentence by sentence; none if it is held back")
    draw_url: str = shown("Where rows of the database are drawn")
    may_make: bool = shown("Whether the reader may keep charts and change them in words")
