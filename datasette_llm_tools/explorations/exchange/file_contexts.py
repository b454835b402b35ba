"""What the templates of files and of the pages around them get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from ...pages import Page, shown
from ..checking.values import Certificate
from ..contents import Entry
from .files import About


@dataclass(frozen=True)
class FileBlock:
    """A block of a file, but for its rows, which the file's script paints."""

    id: str = shown("12 hexadecimal digits")
    anchor: str = shown("The id of its element")
    kind: str = shown("A BlockKind")
    name: str = shown("Its title or its question; empty for words")
    text_html: Markup = shown("The author's words")
    question: str | None = shown("What was asked, where its name is another")
    sql: str | None = shown("The statement that gave its rows")
    database: str | None = shown("The database that it read")
    row_count: int = shown("How many rows the file has of it")
    truncated: bool = shown("Whether there were more")
    summary: str = shown("What a chart shows, in words")
    notes: list[str] = shown("What is left out of a chart, in sentences")
    faults: list[str] = shown("What does not fit its certificate")
    refused: str | None = shown("Why there are no rows, if so")
    taken_at: str | None = shown("When its rows were read, ISO 8601")
    certificate: Certificate | None = shown("What its rows came from")


@dataclass(frozen=True)
class Library:
    """A library of widgets, as it lies in a file: `used_as` is held, script or style."""

    name: str
    used_as: str
    text: Markup


@dataclass(frozen=True)
class ExportedExploration(Page):
    template: ClassVar[str] = "llm_tools/export_exploration.html"
    title: str = shown("Title of the exploration")
    summary_html: Markup = shown("Its summary")
    about: About = shown("Where the file comes from")
    entries: list[Entry] = shown("Its table of contents")
    blocks: list[FileBlock] = shown("Its blocks, in order")
    policy: str = shown("Content-Security-Policy of the file, and so of its frames")
    style: Markup = shown("Our style sheets, for a style element")
    libraries: list[Library] = shown("Libraries that widgets use")
    charting: list[tuple[str, Markup]] = shown("Libraries that draw charts, by name")
    script: Markup = shown("Our classic script, for a script element")
    data: Markup = shown("All of the exploration as JSON, for a script element")
    frames: Markup | None = shown("What frames of widgets are made of as JSON, if there are any")


@dataclass(frozen=True)
class Offer:
    """One format on the page of exports. `bytes` is its size where it is known."""

    name: str
    url: str
    what: str
    bytes: int | None = None


@dataclass(frozen=True)
class ExplorationExportPage(Page):
    template: ClassVar[str] = "llm_tools/export_exploration_page.html"
    title: str = shown("Title of the exploration")
    url: str = shown("Address of the exploration")
    is_live: bool = shown("Whether rows are read for the file as of now")
    offers: list[Offer] = shown("The formats, with their addresses")
    tables: list[tuple[str, Offer]] = shown("Blocks with rows, and their CSV")
    refused: list[tuple[str, str]] = shown("Blocks that have no rows in a file, and why")
    can_draw: bool = shown("Whether this server can make pictures")
    fork_url: str | None = shown("Where to post for a fork, None for visitors")
    key: str | None = shown("The token that this reader came by")


@dataclass(frozen=True)
class ImportPage(Page):
    template: ClassVar[str] = "llm_tools/export_exploration_import.html"
    url: str = shown("Where to post the file")
    explorations_url: str = shown("Address of the list of explorations")
    most_megabytes: str = shown("How large a file may be")
    error: str | None = shown("Why the last file was not taken")
    made: dict[str, Any] | None = shown("What became of the last file: title and url")
    warnings: list[str] = shown("What of it was left out or does not fit")
