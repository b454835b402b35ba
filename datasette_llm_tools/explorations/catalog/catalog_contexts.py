"""What the templates of the catalog, of pins and of the feed get, documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...pages import Page, shown


@dataclass(frozen=True)
class Listed:
    """An exploration in a list."""

    id: str = shown("24 hexadecimal digits")
    url: str = shown("Its page")
    title: str = shown("Its title, to its author the one that they work on")
    summary: str = shown("What it is about")
    tags: tuple[str, ...] = shown("Its tags")
    author: str | None = shown("The actor id of its author")
    is_own: bool = shown("Whether it is this person's")
    at: str = shown("When it was published, to its author when it was changed; ISO 8601")
    state: str = shown("private, shared or public")
    is_pinned: bool = shown("Whether it is on the home page")
    pin_url: str | None = shown("Where it is pinned, if this person may do that")


@dataclass(frozen=True)
class Narrowed:
    """What a list was narrowed down to; empty where it was not."""

    search: str = shown("Words")
    author: str = shown("An actor id")
    tag: str = shown("A tag")
    own: bool = shown("Only this person's")
    pinned: bool = shown("Only those on the home page")

    @property
    def is_any(self) -> bool:
        return bool(self.search or self.author or self.tag or self.own or self.pinned)


@dataclass(frozen=True)
class CatalogPage(Page):
    template: ClassVar[str] = "llm_tools/explorations.html"
    listed: list[Listed] = shown("The explorations")
    narrowed: Narrowed = shown("What they were narrowed down to")
    tags: list[tuple[str, int, str]] = shown("Tags, how many have each, and where these are listed")
    next_url: str | None = shown("Where the list goes on")
    url: str = shown("This page, not narrowed down")
    feed_url: str = shown("The Atom feed of public ones")
    new_url: str | None = shown("Where a new one is begun, if this person may keep one")
    import_url: str | None = shown("Where a file is taken in")
    temporary: bool = shown("Whether they are lost when the server stops")


@dataclass(frozen=True)
class FeedEntry:
    """A public exploration in the feed. Texts hold nothing that XML cannot."""

    url: str = shown("Its address with scheme and host, which is its id too")
    title: str = shown("Its title")
    summary: str = shown("What it is about")
    tags: list[str] = shown("Its tags")
    author: str = shown("Who published it")
    published_at: str = shown("When, ISO 8601 in UTC")


@dataclass(frozen=True)
class Feed:
    """The feed."""

    title: str = shown("What it is called")
    url: str = shown("Its address, which is its id too")
    page_url: str = shown("The catalog")
    updated_at: str = shown("When anything was published last")
    entries: list[FeedEntry] = shown("Explorations, newest first")
