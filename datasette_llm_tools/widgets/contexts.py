"""What the templates of widgets get, as dataclasses whose fields carry their documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..model import ModelInfo
from ..pages import Page, shown
from .charts.chart_contexts import ChartPage
from .diffs import Diff
from .records import RevisionSummary
from .values import Column, NamedQuery, Revision, Widget


@dataclass(frozen=True)
class Listed:
    """A widget in a list."""

    widget: Widget = shown("The widget")
    url: str = shown("Its page")
    is_own: bool = shown("Whether it is the reader's")


@dataclass(frozen=True)
class Listing:
    """One page of widgets, and what they were looked for by."""

    listed: tuple[Listed, ...] = shown("The widgets, the one changed last first")
    search: str = shown("What titles and one's own prompts were searched for")
    kind: str = shown("chart, document, or nothing for both")
    next_url: str | None = shown("The next page of the list")
    show_database: bool = shown("Whether the list is of several databases")
    signed_in: bool = shown("Whether the reader is somebody who can own widgets")
    temporary: bool = shown("Whether widgets are lost when the server stops")


@dataclass(frozen=True)
class WidgetsPage(Page):
    template: ClassVar[str] = "llm_tools/widgets.html"
    places: list[dict[str, str]] = shown("Databases to make widgets over: name, url")
    listing: Listing = shown("One's own widgets and shared ones")


@dataclass(frozen=True)
class NewWidgetPage(Page):
    template: ClassVar[str] = "llm_tools/widget_new.html"
    has_frames: ClassVar[bool] = True
    database: str = shown("Name of the database")
    database_url: str = shown("Datasette's page of the database")
    make_url: str = shown("Where a prompt is posted")
    prompt: str = shown("Text to start with")
    sql: str = shown("SQL to begin with, if the page was opened from a query")
    question_id: str = shown("The question whose answer is drawn, if there is one")
    models: tuple[ModelInfo, ...] = shown("Models that this actor may use, the default first")
    no_model: str = shown("What to do when there is no model")
    ideas: tuple[str, ...] = shown("Prompts to begin with")
    listing: Listing = shown("Widgets over this database")


@dataclass(frozen=True)
class QueryShown:
    """A named query as its panel shows it."""

    query: NamedQuery = shown("The query")
    header: str = shown("Its name and parameters in one line")
    columns: tuple[Column, ...] = shown("What it gave when the version was made")
    url: str = shown("Datasette's page for its SQL, with the defaults of its parameters")


@dataclass(frozen=True)
class WidgetPage(Page):
    """The studio: a document, live, with its source, queries and history."""

    template: ClassVar[str] = "llm_tools/widget.html"
    has_frames: ClassVar[bool] = True
    widget: Widget = shown("The widget")
    widget_url: str = shown("The widget's own page")
    revision: Revision = shown("The version of this page")
    revision_url: str = shown("The page of this version")
    database_url: str = shown("Datasette's page of the database")
    make_url: str = shown("Where a new widget is made")
    is_owner: bool = shown("Whether the reader may change it")
    may_publish: bool = shown("Whether the reader may share it")
    may_copy: bool = shown("Whether the reader may have a copy")
    revisions: tuple[RevisionSummary, ...] = shown("All versions, newest first; for its owner")
    queries: tuple[QueryShown, ...] = shown("The queries of this version")
    queries_text: str = shown("The same as text, as they are edited")
    changes: Diff | None = shown("What is different from the version that it was made from")
    rival: int | None = shown("A variant of the same prompt that this one may be compared with")
    models: tuple[ModelInfo, ...] = shown("Models that this actor may use, the default first")
    no_model: str = shown("What to do when there is no model")
    mends: int = shown("How often errors are sent back to the model without being asked")
    question_url: str | None = shown("The question whose answer it draws")
    temporary: bool = shown("Whether widgets are lost when the server stops")


@dataclass(frozen=True)
class Side:
    """One of two versions side by side."""

    revision: Revision = shown("The version")
    url: str = shown("Its page")
    label: str = shown("What its frame is called")
    chart: ChartPage | None = shown("What its own page draws, where it is a chart")


@dataclass(frozen=True)
class ComparePage(Page):
    template: ClassVar[str] = "llm_tools/widget_compare.html"
    has_frames: ClassVar[bool] = True
    widget: Widget = shown("The widget")
    widget_url: str = shown("The widget's own page")
    left: Side = shown("The version on the left")
    right: Side = shown("The version on the right")
    changes: Diff = shown("What is different on the right")
    may_vote: bool = shown("Whether they are two variants of one prompt")
    choice: str = shown("What the reader said of them: left, right, tie, both_bad or nothing")
    revisions: tuple[RevisionSummary, ...] = shown("All versions, to choose from")
