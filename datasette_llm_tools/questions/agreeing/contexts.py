"""What the templates about agreement get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from ...pages import Page, shown
from .values import AskedBack


@dataclass(frozen=True)
class Mend:
    """How a rule changed what a model wrote."""

    changes: tuple[str, ...] = shown("What was changed, a sentence each")
    written: str = shown("What the model wrote")


@dataclass(frozen=True)
class Dissent:
    """Statements that return other rows than the answer."""

    number: int = shown("Its place among the groups, from 1")
    sql: str = shown("One of them")
    votes: str = shown("How many there are, in words")
    returned: str = shown("How many rows it returned when it was asked, in words")
    mend: Mend | None = shown("How a rule changed it, if one did")
    url: str = shown("The page that compares its rows with the answer's")


@dataclass(frozen=True)
class AgreementView:
    """How far the statements for a question agree, as a reader may know it."""

    sentence: str = shown("How many agree")
    votes: tuple[str, ...] = shown("Each statement: agrees, differs or failed")
    is_close: bool = shown("Whether fewer than seven of eight agree")
    dissents: tuple[Dissent, ...] = shown("What else was returned, most votes first")
    hidden: int = shown("How many of them read what the reader may not see")
    escalation: str | None = shown("What became of a second model, in a sentence")


@dataclass(frozen=True)
class AskedBackView:
    """The question to the person who asked, with values as they are now."""

    asked: AskedBack = shown("The question and its two readings")
    sql: str = shown("The statement that is shown now")
    is_settled: bool = shown("Whether somebody has chosen")


@dataclass(frozen=True)
class RowList:
    """Some rows as HTML; `count` is how many there are in all."""

    columns: tuple[str, ...] = shown("Names of the columns")
    rows: list[list[Markup]] = shown("Cells as HTML")
    count: int = shown("How many there are")


@dataclass(frozen=True)
class Comparison:
    """A dissent beside the answer, both read just now as the reader."""

    number: int = shown("Its place among the groups, from 1")
    sql: str = shown("Its statement")
    sentence: str = shown("What separates the two")
    first: RowList = shown("Its first rows")
    only_answer: RowList = shown("Rows that only the answer has")
    only_other: RowList = shown("Rows that only this one has")
    truncated: bool = shown("Whether it has more rows than were read")


@dataclass(frozen=True)
class ComparePage(Page):
    template: ClassVar[str] = "llm_tools/compare.html"
    database: str = shown("Name of the database")
    name: str = shown("What the question is called")
    url: str = shown("The question's page")
    sql: str = shown("The statement of the answer")
    comparison: Comparison = shown("The dissent beside it")
    dissent: Dissent = shown("The same as it was counted")
    may_take: bool = shown("Whether the reader may take it instead")
