"""What the page of a scored run of an enrichment gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..enrichments.values import Run
from ..pages import Page, shown


@dataclass(frozen=True)
class LabelScore:
    """How one value was told from the others."""

    label: str = shown("The value as text")
    expected: int = shown("Rows of which it is the right value")
    said: int = shown("Rows of which the model said it")
    precision: str = shown("Of those said, how many are right")
    recall: str = shown("Of those expected, how many were said")
    f1: str = shown("The harmonic mean of the two, from 0 to 1")
    row: list[int] = shown("Rows of which it is right, by what was said, as the columns stand")


@dataclass(frozen=True)
class OutputScore:
    """What one output of the run came to."""

    name: str = shown("The output")
    rows: str = shown("On how many labelled rows, in words")
    accuracy: str = shown("Share of values that are right")
    interval: str = shown("Its 95% interval in percent")
    macro_f1: str = shown("The mean of F1 over the values that were expected")
    labels: list[LabelScore] = shown("Each value that was expected or said; none if too many")


@dataclass(frozen=True)
class ScoresPage(Page):
    template: ClassVar[str] = "llm_tools/eval_scores.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    run: Run = shown("The run that is scored")
    run_url: str = shown("Its page")
    url: str = shown("This page; .json behind it is the same for programs")
    labelled: Run = shown("The run whose rows were labelled")
    labelled_url: str = shown("Those rows")
    choices: list[Run] = shown("Runs of the table with labelled rows")
    outputs: list[OutputScore] = shown("What each output came to")
    rejected: str | None = shown("How many rows were rejected and not corrected, in words")
    review_url: str = shown("Where the labelled run is reviewed")
