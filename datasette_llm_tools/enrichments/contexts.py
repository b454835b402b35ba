"""What the templates about enrichments get: a dataclass a page or part, documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..model import ModelInfo
from ..pages import Page, shown
from .drafts import Draft
from .forms import Form
from .limit_drafts import LimitsDraft
from .values import Enrichment, Run


@dataclass(frozen=True)
class ColumnShown:
    """A column that the prompt may use."""

    name: str = shown("Its name")
    insert: str = shown("What the template holds to use it")
    sample: str = shown("A value of a sampled row, cut short")


@dataclass(frozen=True)
class PreviewRow:
    """What a model made of one sampled row."""

    label: str = shown("The row's key")
    url: str | None = shown("Datasette's page of the row")
    input: str = shown("What the prompt uses of the row, cut short")
    messages: list[dict[str, str]] = shown("What was sent: role and text")
    cells: list[str] = shown("A value for each output, as text; empty where it failed")
    skipped: str | None = shown("Why it was not asked about")
    error: str | None = shown("Why there are no values")
    reply: str | None = shown("The model's own words where they did not fit the outputs")
    tokens: str = shown("Tokens in and out")
    price: str = shown("What it cost, `unknown`, or that it costs nothing")
    seconds: str = shown("How long it took")


@dataclass(frozen=True)
class PreviewShown:
    """A preview, and what the whole run would take."""

    outputs: list[str] = shown("Names of the outputs, with their types")
    rows: list[PreviewRow] = shown("The sampled rows")
    estimate: list[tuple[str, str]] = shown("For the whole run: what, how much")
    estimate_note: str | None = shown("What the estimate cannot know")
    overwritten: list[str] = shown("Outputs that exist as columns and must be confirmed")
    created: list[str] = shown("Outputs that become new columns")
    missing: str | None = shown("A permission that a run would need and that is missing")
    stopped: str | None = shown("Why the preview ended early")


@dataclass(frozen=True)
class RunLine:
    """A run in a list."""

    run: Run = shown("The run")
    url: str = shown("Its page")
    place: str = shown("Database and table")
    settled: str = shown("How far it is, in words")
    is_mine: bool = shown("Whether the reader started it")


@dataclass(frozen=True)
class EnrichmentsPage(Page):
    template: ClassVar[str] = "llm_tools/enrichments.html"
    runs: list[RunLine] = shown("The reader's own runs, newest first")
    tables: dict[str, list[tuple[str, str]]] = shown("By database: tables to enrich, name and url")
    more_tables: bool = shown("Whether there are more tables than are listed")


@dataclass(frozen=True)
class EnrichPage(Page):
    template: ClassVar[str] = "llm_tools/enrich.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    table_url: str = shown("Datasette's page of the table, with the filters")
    url: str = shown("This page, without a query")
    filters: str = shown("The query string that chooses the rows")
    rows: str = shown("How many rows the filters chose, in words")
    may_enrich: str | None = shown("Why the reader may not enrich it, or None")
    draft: Draft = shown("What the form holds")
    forms: tuple[Form, ...] = shown("Ready forms")
    form: Form | None = shown("The form that was chosen")
    columns: list[ColumnShown] = shown("The table's columns")
    models: tuple[ModelInfo, ...] = shown("Models that the reader may use, the default first")
    preview: PreviewShown | None = shown("The preview, if one was asked for")
    error: str | None = shown("What is wrong with the form")
    most_at_once: int = shown("The most rows that may be asked about at the same time")
    usual_at_once: int = shown("Rows asked about at the same time unless that is changed")
    runs: list[RunLine] = shown("Runs over this table, newest first")


@dataclass(frozen=True)
class ResultLine:
    """A row of a run."""

    label: str = shown("The row's key")
    url: str | None = shown("Datasette's page of the row")
    input: str = shown("What the prompt uses of the row, as it is now")
    status: str = shown("done, failed or skipped")
    cells: list[str] = shown("A value for each output, as text")
    message: str | None = shown("Why it failed or was skipped")
    reply: str | None = shown("The model's own words where they did not fit")
    how: str = shown("Model, tokens, price and time, in words")


@dataclass(frozen=True)
class FaultShown:
    """A kind of failure."""

    title: str = shown("The kind")
    message: str = shown("What was said of it")
    count: str = shown("How many rows, in words")
    keys: list[tuple[str, str | None]] = shown("Some of the rows: label and address")
    url: str = shown("All rows of this kind")


@dataclass(frozen=True)
class RunShown:
    """A run as it is now: what the page shows and refreshes."""

    run: Run = shown("The run")
    url: str = shown("Its page")
    table_url: str = shown("Datasette's page of the table")
    headline: str = shown("Where it stands, in one sentence")
    announced: str = shown("The same for screen readers, which changes seldom")
    share: float | None = shown("How much of it is done, 0 to 1, or None while rows are counted")
    facts: list[tuple[str, str, str]] = shown("Counts: name in JSON, label, value in words")
    latest: list[ResultLine] = shown("The latest results")
    faults: list[FaultShown] = shown("Failures by kind")
    outputs: list[str] = shown("Names of the outputs")
    may_control: bool = shown("Whether the reader may pause, resume, undo it")
    actions: list[str] = shown("What its state allows: pause, resume, cancel, retry, undo, again")
    limits: LimitsDraft = shown("Its limits as a form shows them")
    most_at_once: int = shown("The most rows that may be asked about at the same time")
    undoing: str = shown("What undoing would do, in one sentence")


@dataclass(frozen=True)
class RunPage(Page):
    template: ClassVar[str] = "llm_tools/run.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    enrichment: Enrichment = shown("What is asked")
    now: RunShown = shown("The run as it is now")
    owner: str = shown("Who started it")
    enrich_url: str = shown("Where the same table is enriched again")


@dataclass(frozen=True)
class ResultsPage(Page):
    template: ClassVar[str] = "llm_tools/run_results.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    title: str = shown("Which results")
    run_url: str = shown("The run's page")
    outputs: list[str] = shown("Names of the outputs")
    lines: list[ResultLine] = shown("Results")
    views: list[tuple[str, str, bool]] = shown("Other choices: label, address, whether it is this")
    next_url: str | None = shown("The next page")


@dataclass(frozen=True)
class StalePage(Page):
    template: ClassVar[str] = "llm_tools/run_stale.html"
    database: str = shown("Name of the database")
    table: str = shown("Name of the table")
    run: Run = shown("The run")
    run_url: str = shown("Its page")
    changed: list[tuple[str, str | None]] = shown("Rows whose input changed: label and address")
    new: list[tuple[str, str | None]] = shown("Rows that have no result: label and address")
    failed: list[tuple[str, str | None]] = shown("Rows whose latest attempt failed: the same")
    summary: str = shown("How many, in one sentence")
    filter_url: str | None = shown(
        "The table, filtered to these rows, where an address can hold them"
    )
    next_url: str | None = shown("Where the search goes on, if it was not finished")
    may_control: bool = shown("Whether the reader may run it again")
