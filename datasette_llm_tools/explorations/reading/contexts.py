"""What the templates of readers and of sharing get, as dataclasses documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ...pages import shown


@dataclass(frozen=True)
class RowsShown:
    """The rows of a block."""

    table: Markup | None = shown("The rows as a table, None where there are none")
    count: int = shown("How many rows there are")
    listed: int = shown("How many of them stand in the table")
    truncated: bool = shown("Whether the query gave more")


@dataclass(frozen=True)
class ChartShown:
    """A chart in words, and its numbers where they come with the page."""

    title: str = shown("Its title")
    summary: str = shown("What somebody who cannot see it should know")
    notes: list[str] = shown("What is left out of it, in sentences")
    data: dict[str, Any] | None = shown("What is drawn, None where it is fetched when it is seen")


@dataclass(frozen=True)
class BlockShown:
    """A block, as every reader sees it."""

    id: str = shown("12 hexadecimal digits")
    anchor: str = shown("The id of its element")
    kind: str = shown("A BlockKind")
    name: str = shown("Its title or its question; empty for words")
    level: int = shown("The level of its heading")
    address: str = shown("Its own page")
    exploration_url: str = shown("The page of its exploration")
    refused: str | None = shown("Why there is nothing to see, if so")
    text_html: Markup | None = shown("The author's words")
    question: str | None = shown("What was asked, where its name is another")
    sql: str | None = shown("The statement that gives its rows")
    params: list[tuple[str, str]] = shown("The values of the statement's names")
    database: str | None = shown("The database that it reads")
    source: tuple[str, str] | None = shown("Where it comes from: words and an address")
    written_by: str | None = shown("The model that wrote SQL or values")
    rows: RowsShown | None = shown("Its rows")
    chart: ChartShown | None = shown("Its chart")
    taken_at: str | None = shown("When its rows were frozen, in words; None for rows of now")
    certificate: str | None = shown("The hash of its certificate")
