"""What the templates about suites and runs get: a dataclass a page or part, documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from ..model import ModelInfo
from ..pages import Page, shown
from .summaries import Summary
from .values import Case, CaseResult, EvalRun


@dataclass(frozen=True)
class RunLine:
    """A run in a list."""

    run: EvalRun = shown("The run, with the status that it really has")
    number: int = shown("Its number in the suite, from 1")
    url: str = shown("The run's page")
    settings: str = shown("How its plan differs from one of all cases by the settings in force")
    asked: int = shown("How many cases were asked")
    right: str = shown("Share of right answers")
    interval: str = shown("Its 95% interval, in percent")
    cost: str = shown("What it cost in all")
    tokens: str = shown("Tokens in and out")
    seconds: str = shown("Median seconds of a question")


@dataclass(frozen=True)
class SuiteLine:
    """A suite in the list of suites."""

    name: str = shown("What it is called")
    url: str = shown("The suite's page")
    description: str = shown("What it is about")
    cases: int = shown("How many cases it has")
    left_out: int = shown("Cases besides, whose SQL reads tables that the reader may not view")
    databases: tuple[str, ...] = shown("Databases that its cases ask")
    latest: RunLine | None = shown("Its latest run")


@dataclass(frozen=True)
class EvalsPage(Page):
    template: ClassVar[str] = "llm_tools/evals.html"
    suites: list[SuiteLine] = shown("Suites that the reader may use")
    url: str = shown("This page, where a suite is posted to be imported")
    databases: tuple[str, ...] = shown("Databases that the reader may evaluate")
    labelled: list[tuple[str, str]] = shown("Labelled rows of the reader's enrichments: name, URL")
    enrichments_url: str = shown("The page of enrichments")


@dataclass(frozen=True)
class SqlShown:
    """A statement, with Datasette's page for its rows where there is one."""

    sql: str = shown("The statement, or rows in words")
    url: str | None = shown("Datasette's page for the same SQL")


@dataclass(frozen=True)
class CaseShown:
    """A case of a suite."""

    case: Case = shown("The case")
    database: str = shown("The database it asks, as it is called here")
    kinds: tuple[str, ...] = shown("What its accepted statement has in it")
    accepted: tuple[SqlShown, ...] = shown("What is right")
    instead: str | None = shown("What is right in place of rows")
    ask_url: str | None = shown("Where the case is opened as a question")


@dataclass(frozen=True)
class SuitePage(Page):
    template: ClassVar[str] = "llm_tools/eval_suite.html"
    name: str = shown("What the suite is called")
    description: str = shown("What it is about")
    url: str = shown("This page")
    home_url: str = shown("The page of all suites")
    cases: list[CaseShown] = shown("A page of its cases, in their order")
    count: int = shown("How many cases it has")
    left_out: int = shown("Cases besides, whose SQL reads tables that the reader may not view")
    next_url: str | None = shown("The next page of them")
    edited: CaseShown | None = shown("The case that is being edited")
    databases: tuple[str, ...] = shown("Databases that the reader may evaluate")
    missing: tuple[str, ...] = shown("Databases of its cases that are not served here")
    runs: list[RunLine] = shown("Its runs, newest first")
    chart: Markup | None = shown("Accuracy against cost or time, as SVG")
    chart_label: str = shown("What the chart's axis below shows")
    not_drawn: list[int] = shown("Numbers of runs that are not in it: their price is not known")
    models: tuple[ModelInfo, ...] = shown("Models that the reader may run, the default first")
    no_model: str = shown("What to do when there is no model")
    tables_url: str | None = shown("Its cases as a table of Datasette, for who may see that")


@dataclass(frozen=True)
class ResultShown:
    """A case and what came of it."""

    case: CaseShown = shown("The case")
    result: CaseResult = shown("What came of it")
    verdict: str = shown("The verdict in words")
    given: SqlShown | None = shown("What the model wrote")
    cost: str = shown("What it cost")
    is_changed: bool = shown("Whether the case was changed since")


@dataclass(frozen=True)
class PartShown:
    """A part of the cases of a run, with its share of right answers."""

    by: str = shown("What cases are told apart by: set, kind, database or table")
    name: str = shown("Which part")
    cases: int = shown("How many cases")
    right: str = shown("Share of right answers")
    interval: str = shown("Its 95% interval, in percent")


@dataclass(frozen=True)
class LevelShown:
    """Answers with which so many statements agree."""

    name: str = shown("How many agree")
    answers: str = shown("Their share of all answers")
    right: str = shown("Share of right ones among them")
    interval: str = shown("Its 95% interval, in percent")
    saved: str = shown("What a second model would have cost for them, if there is one")


@dataclass(frozen=True)
class RunShown:
    """A run as it is now."""

    run: EvalRun = shown("The run")
    url: str = shown("The run's page")
    headline: str = shown("How far it is and how good, in a sentence")
    announced: str = shown("What is read out when it changes: less often than the headline")
    share: float | None = shown("How much of it is done, from 0 to 1; None while it waits")
    verdicts: list[tuple[str, str, int, str]] = shown("Verdict, its words, cases, their URL")
    facts: list[tuple[str, str]] = shown("Label and value of what it cost")
    notes: list[str] = shown("Sentences about what the figures cannot show")
    parts: list[PartShown] = shown("Shares by set, kind, database and table")
    levels: list[LevelShown] = shown("How far agreement can be believed")
    below: int | None = shown("Percent of agreement from which answers are believed")
    latest: list[ResultShown] = shown("The cases that were asked last")
    may_stop: bool = shown("Whether it can be stopped")
    may_resume: bool = shown("Whether the reader may resume it")
    told: Summary = shown("The same as numbers")


@dataclass(frozen=True)
class RunPage(Page):
    template: ClassVar[str] = "llm_tools/eval_run.html"
    suite: str = shown("What the suite is called")
    suite_url: str = shown("The suite's page")
    home_url: str = shown("The page of all suites")
    number: int = shown("The run's number in the suite")
    settings: str = shown("How its plan differs from one of all cases by the settings in force")
    now: RunShown = shown("The run as it is now")
    others: list[RunLine] = shown("Other runs of the suite, to compare with")
    compare_url: str = shown("Where two runs are compared")
    tables_url: str | None = shown("Its results as a table of Datasette, for who may see that")


@dataclass(frozen=True)
class CasesPage(Page):
    template: ClassVar[str] = "llm_tools/eval_cases.html"
    suite: str = shown("What the suite is called")
    suite_url: str = shown("The suite's page")
    home_url: str = shown("The page of all suites")
    run_url: str = shown("The run's page")
    number: int = shown("The run's number in the suite")
    run: EvalRun = shown("The run")
    verdict: str = shown("The verdict that is shown, or nothing for all")
    verdicts: list[tuple[str, str, int, str]] = shown("Verdict, its words, cases, their URL")
    results: list[ResultShown] = shown("Cases with what came of them")
    next_url: str | None = shown("The next page of them")


@dataclass(frozen=True)
class Pair:
    """A case in two runs."""

    case: CaseShown = shown("The case")
    first: ResultShown | None = shown("What came of it in the first run")
    second: ResultShown | None = shown("What came of it in the second run")


@dataclass(frozen=True)
class ComparePage(Page):
    template: ClassVar[str] = "llm_tools/eval_compare.html"
    suite: str = shown("What the suite is called")
    suite_url: str = shown("The suite's page")
    home_url: str = shown("The page of all suites")
    runs: list[RunLine] = shown("Runs to choose from")
    first: RunLine = shown("The first run")
    second: RunLine = shown("The second run")
    said: list[str] = shown("What the paired test says, in sentences")
    pairs: list[Pair] = shown("Cases in both runs")
    all_cases: bool = shown("Whether cases of the same verdict are shown too")
    same: int = shown("Cases of the same verdict in both runs")
    edited: int = shown("Cases that were changed between the two runs, and are not compared")
    other_url: str = shown("The page with all cases, or with those that differ")
    next_url: str | None = shown("The next page of them")
