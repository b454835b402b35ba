"""What the templates about questions get: a dataclass a page or part, documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from ..model import ModelInfo
from ..pages import Page, shown
from . import store
from .agreeing.contexts import AgreementView, AskedBackView, Mend
from .empty_results import EmptyResult
from .explaining.values import Explanation
from .investigating.contexts import InvestigationView
from .statements.nothing_found import NothingFound
from .tracing.number_links import NumberLinks


@dataclass(frozen=True)
class ResultTable:
    """A result as it is shown, with links to Datasette's own pages for the same SQL."""

    columns: tuple[str, ...] = shown("Names of the columns")
    rows: list[list[Markup]] = shown("Cells as HTML")
    numeric: tuple[bool, ...] = shown("Which columns hold numbers only")
    truncated: bool = shown("Whether there are more rows than are shown")
    milliseconds: float = shown("Time that the query took")
    query_url: str = shown("Datasette's page for this SQL")
    csv_url: str = shown("All rows as CSV")
    json_url: str = shown("The rows as JSON")
    links: NumberLinks = shown("Links from numbers to the rows behind them")


@dataclass(frozen=True)
class PairView:
    """The question that an answer was taken from, as its reader may know it."""

    question: str | None = shown("Its words, unless the reader may not read it")
    url: str | None = shown("Its page")
    asked_on: str | None = shown("The day it was asked")
    is_own: bool = shown("Whether the reader asked it")
    is_right: bool = shown("Whether its answer is still called right")
    values: tuple[tuple[str, str], ...] = shown("Values that were changed: before and now")
    ask_url: str = shown("Where the model can be asked after all")


@dataclass(frozen=True)
class Block:
    """A question with its answer, as one article of a page."""

    question: store.Question = shown("The question and what is stored of its answer")
    result: ResultTable | None = shown("The rows, read just now as the reader")
    refused: str | None = shown("Why there are no rows, if reading them failed")
    investigation: InvestigationView | None = shown("Its steps, if it was investigated")
    pair: PairView | None = shown("The question that it was answered by, if no model was asked")
    nothing_found: NothingFound | None = shown("Which texts the data do not hold, if it is empty")
    empty: EmptyResult | None = shown("What to say and where to look, if it holds no value")
    mend: Mend | None = shown("How a rule changed the SQL, if one did")
    agreement: AgreementView | None = shown("How many statements agree, if there were several")
    asked_back: AskedBackView | None = shown("Which reading was meant, if two are close")
    answer_html: Markup | None = shown("The answer in words as HTML")
    explanation: Explanation | None = shown("The SQL in plain words, if it is understood")
    url: str = shown("The question's own page")
    database_url: str = shown("Datasette's page of the database")
    is_owner: bool = shown("Whether the reader asked it and may change it")
    may_store: bool = shown("Whether the reader may store the SQL as a query")
    table_urls: dict[str, str] = shown("Pages of the tables that the SQL read")
    draw_url: str = shown("Where rows of the database are drawn")
    may_make: bool = shown("Whether the reader may keep charts and change them in words")
    may_eval: bool = shown("Whether the reader may keep it as a case of a suite")


@dataclass(frozen=True)
class Upload:
    """Where a file may go."""

    url: str = shown("Where a file is posted")
    databases: tuple[str, ...] = shown("Databases that may take it, the usual one first")
    max_bytes: int = shown("The largest file that is taken")


@dataclass(frozen=True)
class HomePage(Page):
    template: ClassVar[str] = "llm_tools/questions.html"
    databases: list[dict[str, str]] = shown("Databases that this actor may ask: name, url")
    upload: Upload | None = shown("Where this actor may add tables, or None for nowhere")
    history: store.History | None = shown("The actor's own questions, newest first")
    search: str = shown("What the history was searched for")
    next_url: str | None = shown("The next page of the history")
    temporary: bool = shown("Whether the history is lost when the server stops")


@dataclass(frozen=True)
class AskPage(Page):
    template: ClassVar[str] = "llm_tools/ask.html"
    database: str = shown("Name of the database")
    database_url: str = shown("Datasette's page of the database")
    ask_url: str = shown("Where a question is posted")
    question: str = shown("Text to start with")
    table: str | None = shown("The table that the page was opened for")
    sql: str | None = shown("The SQL to change in words, if the page was opened from a query")
    models: tuple[ModelInfo, ...] = shown("Models that this actor may use, the default first")
    no_model: str = shown("What to do when there is no model")
    starters: tuple[str, ...] = shown("Questions to begin with")
    upload: Upload | None = shown("Where this actor may add tables, or None for nowhere")
    history: store.History | None = shown("The actor's questions to this database")
    search: str = shown("What the history was searched for")
    next_url: str | None = shown("The next page of the history")
    temporary: bool = shown("Whether the history is lost when the server stops")
    in_words: bool = shown("Whether an answer in words is wanted unless switched off")
    schema_json: dict[str, list[str]] = shown("Tables and columns, for the SQL editor to complete")


@dataclass(frozen=True)
class QuestionPage(Page):
    template: ClassVar[str] = "llm_tools/question.html"
    database: str = shown("Name of the database")
    database_url: str = shown("Datasette's page of the database")
    ask_url: str = shown("Where a question is posted")
    blocks: list[Block] = shown("The thread: what was followed up, and the question last")
    block: Block = shown("The question of this page")
    models: tuple[ModelInfo, ...] = shown("Models that this actor may use, the default first")
    no_model: str = shown("What to do when there is no model")
    in_words: bool = shown("Whether an answer in words is wanted unless switched off")
    schema_json: dict[str, list[str]] = shown("Tables and columns, for the SQL editor to complete")
