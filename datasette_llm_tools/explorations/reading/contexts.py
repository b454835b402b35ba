"""What the templates of readers and of sharing get, as dataclasses documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from ...pages import Page, shown
from ..contents import Entry
from ..values import Document, Exploration
from .publishing import Visible


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
    note: str | None = shown("That it shows a part only")
    left_out: list[str] = shown("What is left out of it, in sentences")
    has_picture: bool = shown("Whether the server can draw it for a reader without JavaScript")
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
    taken_at: str | None = shown("When its rows were frozen, ISO 8601; None for rows of now")
    certificate: str | None = shown("The hash of its certificate")
    faults: list[str] = shown("What its certificate does not fit, as ends of sentences")


@dataclass(frozen=True)
class ParameterShown:
    """Something that readers choose."""

    name: str = shown("Its name as an argument of the address: p_NAME")
    label: str = shown("What readers call it")
    kind: str = shown("text, number, date or choice")
    value: str = shown("What is chosen now")
    choices: tuple[str, ...] = shown("The only values of a choice")


@dataclass(frozen=True)
class ReadPage(Page):
    """An exploration, or one block of it, as somebody reads it."""

    template: ClassVar[str] = "llm_tools/exploration.html"
    document: Document = shown("What its author wrote")
    exploration: Exploration = shown("Whose it is, and who reads it")
    number: int = shown("The version that is shown")
    url: str = shown("This exploration's address, with the token of a link")
    alone: str | None = shown("The name of the one block that is shown, None for all")
    key: str | None = shown("The token of the link by which its reader came")
    summary_html: Markup | None = shown("The summary")
    tags: list[tuple[str, str]] = shown("Tags, and where others with the same are listed")
    published_at: str | None = shown("When it was published, in words")
    as_of: str | None = shown("When its rows were frozen, in words; None for rows of now")
    is_live: bool = shown("Whether rows are read now, as the reader")
    switch_url: str | None = shown("The other mode: rows of now, or those of the snapshot")
    is_author: bool = shown("Whether its reader may change it")
    is_public: bool = shown("Whether everybody may read it")
    is_draft: bool = shown("Whether readers see another version than this, or none")
    urls_of: dict[str, str] = shown("What its reader may do, by a word: an address each")
    origin_url: str | None = shown("What it was made from, where that is an address to go to")
    contents: tuple[Entry, ...] = shown("Headings and titles")
    blocks: list[Markup] = shown("The blocks")
    parameters: list[ParameterShown] = shown("What its reader may choose")
    follows: list[str] = shown("Ids of the blocks that follow the parameters")
    mode: str | None = shown("The mode that its address asks for")
    draws: bool = shown("Whether there are charts")
    runs: bool = shown("Whether there are widgets")
    temporary: bool = shown("Whether explorations are lost when the server stops")
    site: str = shown("Scheme and host of this site, for addresses that leave it; or empty")
    can_embed: bool = shown("Whether there are sites that may embed it")
    has_picture: bool = shown("Whether the server can draw a picture for links to it")


@dataclass(frozen=True)
class ReadPageWithFrames(ReadPage):
    """The same with widgets."""

    has_frames: ClassVar[bool] = True


@dataclass(frozen=True)
class LinkShown:
    """A secret link."""

    token: str = shown("What opens the exploration")
    label: str = shown("What its author calls it")
    url: str = shown("The whole address")
    made_at: str = shown("When it was made, ISO 8601")
    expires_at: str | None = shown("When it expires, ISO 8601; None for never")
    is_open: bool = shown("Whether it opens anything")
    is_revoked: bool = shown("Whether its author has revoked it")


@dataclass(frozen=True)
class SharePage(Page):
    """Who may read an exploration, and what becomes visible; for its author."""

    template: ClassVar[str] = "llm_tools/exploration_share.html"
    exploration: Exploration = shown("Whose it is, and who reads it now")
    document: Document = shown("The current version, which would be published")
    number: int = shown("Its number")
    edition: int = shown("How often it was saved over")
    url: str = shown("The exploration's page")
    public_url: str = shown("The same with scheme and host")
    published_at: str | None = shown("When it was published, in words")
    lacks: str | None = shown("Why its author may not publish it")
    visible: Visible | None = shown("What publishing it now makes visible")
    seen: str | None = shown("A hash of that, sent along with publishing")
    links: list[LinkShown] = shown("Secret links, newest first")
    temporary: bool = shown("Whether explorations are lost when the server stops")
    site: str = shown("Scheme and host of this site")
    embed_sites: tuple[str, ...] = shown("The sites that may embed it once it is public")
