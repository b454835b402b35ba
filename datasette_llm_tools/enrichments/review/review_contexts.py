"""What the templates about reviews, labels and provenance get, documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...pages import Page, shown
from ..values import Run


@dataclass(frozen=True)
class InputShown:
    """A column that the prompt was made of."""

    name: str = shown("Its name")
    text: str = shown("What the row holds there, or what kind of file it is")
    is_null: bool = shown("Whether it holds nothing")
    url: str | None = shown("Where the file is, for a column of URLs")
    image: str | None = shown("The picture as a data: URL, for a column of pictures")


@dataclass(frozen=True)
class FieldShown:
    """An output with the field in which it is corrected."""

    name: str = shown("Its name")
    number: int = shown("Its place among the outputs, which names its field")
    help: str = shown("Its description")
    kind: str = shown("select, textarea, number or date")
    options: list[tuple[str, str]] = shown("Choices of a select: value and text")
    text: str = shown("What the field holds")
    original: str = shown("What the field holds when nothing is corrected")
    said: str = shown("What the model said")
    holds: str | None = shown("What the table holds now, where that is neither")
    verdict: str | None = shown("What was said of it before: accept, edit or reject")


@dataclass(frozen=True)
class AccuracyShown:
    """An accuracy in words."""

    name: str = shown("Of what")
    share: str = shown("The share that was right, or a dash")
    interval: str = shown("Its 95% interval")
    counted: str = shown("How many of how many were right")


@dataclass(frozen=True)
class LabelShown:
    """Rows that the model gave one label."""

    name: str = shown("The label")
    url: str = shown("Review these rows")
    rows: str = shown("How many there are, in words")
    accuracy: AccuracyShown = shown("How often the label was right")
    is_this: bool = shown("Whether these are being reviewed")


@dataclass(frozen=True)
class ReviewPage(Page):
    template: ClassVar[str] = "llm_tools/review.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    run: Run = shown("The run")
    run_url: str = shown("Its page")
    labelled_url: str = shown("The labelled rows")
    action: str = shown("Where a verdict is posted")
    key: str | None = shown("The row's key as JSON, or None when all are reviewed")
    label: str = shown("The row's key as people read it")
    row_url: str | None = shown("Datasette's page of the row")
    provenance_url: str = shown("Where the row's values come from")
    is_gone: bool = shown("Whether the row is not in the table any more")
    inputs: list[InputShown] = shown("What the prompt was made of")
    fields: list[FieldShown] = shown("What came of it")
    place: str = shown("Which row of how many")
    previous_url: str | None = shown("The row before")
    next_url: str | None = shown("The row behind, without a verdict on this one")
    error: str | None = shown("Why a verdict could not be kept")
    accuracies: list[AccuracyShown] = shown("Of rows, and of each output where there are several")
    by_label: list[tuple[str, list[LabelShown]]] = shown("Labels to choose rows by: output, labels")
    all_url: str | None = shown("Review rows of all labels, where one was chosen")
    shuffle_url: str = shown("The same rows in another order")
    may_review: bool = shown("Whether there is anything to review")


@dataclass(frozen=True)
class LabelledLine:
    """A labelled row in the list."""

    label: str = shown("The row's key")
    url: str = shown("Its review")
    inputs: list[str] = shown("What the prompt is made of, cut short")
    cells: list[tuple[str, str]] = shown("For each output the right value, and what was said of it")


@dataclass(frozen=True)
class LabelledPage(Page):
    template: ClassVar[str] = "llm_tools/labelled.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    run: Run = shown("The run")
    run_url: str = shown("Its page")
    review_url: str = shown("Where rows are reviewed")
    url: str = shown("This page; .json and .csv behind it are the downloads")
    inputs: tuple[str, ...] = shown("Columns that the prompt is made of")
    outputs: tuple[str, ...] = shown("Names of the outputs")
    lines: list[LabelledLine] = shown("The first labelled rows")
    total: str = shown("How many there are, in words")
    rejected: str | None = shown("How many reviewed rows have no right value, in words")


@dataclass(frozen=True)
class OriginShown:
    """Where the value that a column holds now comes from."""

    column: str = shown("The column")
    holds: str = shown("What it holds now")
    origin: str = shown("Where that comes from")
    url: str | None = shown("The run that it comes from")


@dataclass(frozen=True)
class ValueShown:
    """What a run did to one column of the row."""

    name: str = shown("The column")
    said: str = shown("What the model said")
    previous: str = shown("What it held before")
    review: str = shown("What a person said of it")


@dataclass(frozen=True)
class ResultShown:
    """What one run did to the row."""

    title: str = shown("The enrichment's name")
    run_url: str = shown("The run's page")
    when: str = shown("When it was answered: ISO 8601")
    status: str = shown("done, failed or skipped; undone where the run was")
    message: str | None = shown("Why it failed or was skipped")
    reply: str | None = shown("The model's own words where they did not fit")
    values: list[ValueShown] = shown("What it did to each column")
    facts: list[tuple[str, str]] = shown("Model, options, tokens, price, time, attempts")
    messages: list[dict[str, str]] = shown("The prompt, if it can be made again: role and text")
    prompt_note: str = shown("Whether this is what was sent")


@dataclass(frozen=True)
class ProvenancePage(Page):
    template: ClassVar[str] = "llm_tools/provenance.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    table_url: str = shown("Datasette's page of the table")
    label: str = shown("The row's key as people read it")
    row_url: str | None = shown("Datasette's page of the row")
    is_gone: bool = shown("Whether the row is not in the table any more")
    origins: list[OriginShown] = shown("Where each column's value comes from")
    results: list[ResultShown] = shown("What every run did to it, the newest first")
