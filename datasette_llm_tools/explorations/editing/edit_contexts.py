"""What the templates of writing get, as dataclasses whose fields carry their documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from ...model import ModelInfo
from ...pages import Page, shown
from ...widgets.diffs import DiffLine
from ..contents import Entry
from ..records import RevisionSummary
from ..values import Block, Exploration, Parameter, Revision


@dataclass(frozen=True)
class BlockForm:
    """A block as it is edited."""

    block: Block = shown("The block")
    kind: str = shown("What it is, in a word")
    called: str = shown("What people are told of it: Chart “Delays”")
    written: str = shown("The block as JSON, which the form brings along; nothing for words")
    params: dict[str, str] = shown("Values of the statement's names that readers do not choose")
    html: Markup | None = shown("Words as HTML")
    widget_url: str | None = shown("The page of the widget, if it is one")


@dataclass(frozen=True)
class ParameterForm:
    """A parameter as it is edited."""

    parameter: Parameter = shown("The parameter, with an empty name where one may be added")
    used_by: tuple[str, ...] = shown("Blocks whose SQL has its name")


@dataclass(frozen=True)
class EditPage(Page):
    """Where an exploration is written and arranged."""

    template: ClassVar[str] = "llm_tools/exploration_edit.html"
    has_frames: ClassVar[bool] = True
    exploration: Exploration = shown("The exploration")
    revision: Revision = shown("The version that is written over")
    url: str = shown("The exploration's own page")
    base: str = shown("The version as the form carries it")
    order: str = shown("The order of the blocks as the form carries it")
    blocks: list[BlockForm] = shown("Its blocks")
    empty_words: BlockForm = shown("Words without text, for JavaScript to copy")
    contents: tuple[Entry, ...] = shown("The table of contents, anchors of this page")
    parameters: list[ParameterForm] = shown("Declared parameters, and one that may be added")
    undeclared: dict[str, list[str]] = shown("Names in SQL that are no parameter, with blocks")
    models: tuple[ModelInfo, ...] = shown("Models that may propose, the default first")
    is_published: bool = shown("Whether readers see this very version")
    temporary: bool = shown("Whether explorations are lost when the server stops")


@dataclass(frozen=True)
class AddPage(Page):
    """To which exploration something is added."""

    template: ClassVar[str] = "llm_tools/exploration_add.html"
    called: str = shown("What is added")
    source: dict[str, str] = shown("The fields that name it, to be sent along")
    add_url: str = shown("Where it is posted")
    explorations: list[dict[str, str]] = shown("One's own explorations, latest first: id, title")


@dataclass(frozen=True)
class HistoryPage(Page):
    """All versions of an exploration, and what one of them changed."""

    template: ClassVar[str] = "llm_tools/exploration_history.html"
    exploration: Exploration = shown("The exploration")
    title: str = shown("Its title now")
    url: str = shown("The exploration's own page")
    revisions: tuple[RevisionSummary, ...] = shown("All versions, newest first")
    revision: Revision = shown("The version that is looked at")
    lines: tuple[DiffLine, ...] = shown("What it has different from the version it was made from")
    text: str = shown("The whole version as text")
