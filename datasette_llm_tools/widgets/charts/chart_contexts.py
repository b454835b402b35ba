"""What the templates of charts get, as dataclasses whose fields carry their documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...model import ModelInfo
from ...pages import Page, shown
from ..records import RevisionSummary
from ..values import Revision, Widget


@dataclass(frozen=True)
class Addresses:
    """Where the chart's element sends what it is asked; None for what this reader may not do."""

    chart_url: str = shown("Where a spec is drawn")
    prompt_url: str | None = shown("Where a chart is changed in words")
    warm_url: str | None = shown("Where a local model is loaded while somebody types")
    save_url: str | None = shown("Where a chart is kept")


@dataclass(frozen=True)
class ChartTable:
    """The first rows of a chart, for a page without JavaScript."""

    columns: tuple[str, ...] = shown("What each column is called on the chart")
    rows: list[list[Any]] = shown("The first rows")
    total: int = shown("How many rows the chart has")


@dataclass(frozen=True)
class DrawPage(Page):
    """A chart of a query that is not kept, or the choice of what to draw."""

    template: ClassVar[str] = "llm_tools/draw.html"
    database: str = shown("Name of the database")
    database_url: str = shown("Datasette's page of the database")
    draw_url: str = shown("This page, without what is drawn")
    sql: str = shown("The query that is drawn, or nothing")
    table: str | None = shown("The table whose rows are drawn, if it is one")
    source_url: str | None = shown("Datasette's page of the rows that are drawn")
    tables: list[dict[str, str]] = shown("Tables and views to draw: name, url")
    drawn: dict[str, Any] | None = shown("The chart as JSON has it, or None where nothing is drawn")
    refused: str | None = shown("Why nothing is drawn")
    as_table: ChartTable | None = shown("The chart's first rows")
    picture_url: str | None = shown("The chart as a picture of the server, where it can make one")
    state: dict[str, Any] = shown("What the chart's element begins with")
    addresses: Addresses = shown("Where the element sends what it is asked")
    models: tuple[ModelInfo, ...] = shown("Models that this actor may use, the default first")
    no_model: str = shown("What to do when there is no model")


@dataclass(frozen=True)
class ChartPage(Page):
    """A chart that somebody keeps, with its versions."""

    template: ClassVar[str] = "llm_tools/chart.html"
    widget: Widget = shown("The chart")
    widget_url: str = shown("The chart's own page")
    revision: Revision = shown("The version of this page")
    revisions: tuple[RevisionSummary, ...] = shown("All versions, newest first; for its owner")
    shown_number: int = shown("The version of this page")
    database: str = shown("Name of the database")
    database_url: str = shown("Datasette's page of the database")
    source_url: str = shown("Datasette's page of the query")
    question_url: str | None = shown("The question whose answer it draws")
    is_owner: bool = shown("Whether the reader may change it")
    may_publish: bool = shown("Whether the reader may share it")
    may_copy: bool = shown("Whether the reader may have a copy")
    drawn: dict[str, Any] | None = shown("The chart as JSON has it, or None where nothing is drawn")
    refused: str | None = shown("Why nothing is drawn")
    as_table: ChartTable | None = shown("The chart's first rows")
    picture_url: str | None = shown("The chart as a picture of the server, where it can make one")
    state: dict[str, Any] = shown("What the chart's element begins with")
    addresses: Addresses = shown("Where the element sends what it is asked")
    models: tuple[ModelInfo, ...] = shown("Models that this actor may use, the default first")
    no_model: str = shown("What to do when there is no model")
    temporary: bool = shown("Whether charts are lost when the server stops")
