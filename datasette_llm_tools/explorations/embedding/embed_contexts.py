"""What the templates of embedded explorations get, as dataclasses documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...pages import Page, shown
from ..reading.contexts import ReadPage


@dataclass(frozen=True)
class EmbedPage(ReadPage):
    """An exploration, or one block of it, within a page of another site."""

    template: ClassVar[str] = "llm_tools/exploration_embed.html"
    theme: str = shown("light, dark, or auto: as the reader likes it")
    sites: str = shown("The sites that are told its height, separated by spaces")
    embed_url: str = shown("Its own address, to which parameters are sent")


@dataclass(frozen=True)
class EmbedPageWithFrames(EmbedPage):
    """The same with widgets."""

    has_frames: ClassVar[bool] = True


@dataclass(frozen=True)
class EmbedNote(Page):
    """Why there is nothing to see, within a page of another site."""

    template: ClassVar[str] = "llm_tools/exploration_embed_note.html"
    message: str = shown("One sentence: what happened")
    theme: str = shown("light, dark or auto")
    sites: str = shown("The sites that are told its height, separated by spaces")
