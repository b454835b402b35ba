"""What the templates of exports get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...pages import Page, shown


@dataclass(frozen=True)
class ExportedQuery:
    """One query in an exported file, as people read it. `params` are the defaults, to which
    come so many `other_values` with rows of their own."""

    name: str
    sql: str
    params: list[tuple[str, str]]
    columns: list[str]
    row_count: int
    truncated: bool
    other_values: int = 0


@dataclass(frozen=True)
class About:
    """What an exported file says of itself. Times are ISO 8601 in UTC."""

    title: str
    database: str
    number: int
    model_id: str | None
    made_at: str
    exported_at: str
    queries: list[ExportedQuery]


@dataclass(frozen=True)
class ExportedChart(Page):
    template: ClassVar[str] = "llm_tools/export_chart.html"
    about: About = shown("Title, queries, who made it and when")
    policy: str = shown("Content-Security-Policy of the file")
    style: Any = shown("Our style sheet, for a style element")
    scripts: list[Any] = shown("Classic scripts, each for a script element")
    data: Any = shown("The chart with its rows as JSON, for a script element")
    summary: str = shown("What the chart shows, in words")
    notes: list[str] = shown("Sentences: what was left out or cut")
    heads: list[str] = shown("Heads of the data table")
    rows: list[list[Any]] = shown("Its first rows")
    row_count: int = shown("How many rows there are in all")


@dataclass(frozen=True)
class ExportedDocument(Page):
    template: ClassVar[str] = "llm_tools/export_document.html"
    about: About = shown("Title, queries, who made it and when")
    policy: str = shown("Content-Security-Policy of the file, and so of its frame")
    style: Any = shown("Our style sheet, for a style element")
    script: Any = shown("The classic script that makes the frame and answers it")
    data: Any = shown("The frame's document and the snapshots as JSON, for a script element")
    notes: list[str] = shown("Sentences: what was cut, and which values the rows are for")


@dataclass(frozen=True)
class FileOffer:
    """One format on the page of exports. `bytes` is its size where it is known."""

    name: str
    url: str
    what: str
    bytes: int | None = None


@dataclass(frozen=True)
class ExportPage(Page):
    template: ClassVar[str] = "llm_tools/export.html"
    database: str = shown("Name of the database, for the crumbs")
    about: About = shown("Title, queries with their columns and numbers of rows")
    widget_url: str = shown("Address of the widget")
    offers: list[FileOffer] = shown("The formats, with their addresses")
    can_draw: bool = shown("Whether this server can make pictures")
    is_chart: bool = shown("Whether it is a chart, of which there are pictures")
