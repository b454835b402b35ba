"""How the pages of suites come about: the list of them, and one with its cases and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import Markup

from ..enrichments import pages as enriching
from ..enrichments.links import home_url as enrichments_url
from ..enrichments.review.review_pages import labelled_url
from ..model_choice import WAYS_TO_GET_A_MODEL, available_models
from ..permissions import may
from ..questions.asking import PURPOSE
from . import access, links, run_store, store, work
from .contexts import CaseShown, EvalsPage, RunLine, SqlShown, SuiteLine, SuitePage
from .kinds import kinds_of, mentions_any, reads_any
from .reports import interval, percent
from .scatter import Point, scatter
from .suites import databases_of
from .summaries import Reported, summary
from .values import Case, CaseResult, EvalRun, ExpectedRows, Instead, Suite
from .wording import money, plan_words, seconds, tokens

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.utils.asgi import Request

MOST_RUNS = 30  # of a suite, on its page
_MOST_CASES = 100
_MOST_LABELLED = 5
_ROWS_SHOWN = 20


async def home_page(datasette: Datasette, request: Request) -> EvalsPage:
    """The suites that the reader may use."""
    kept = await store.opened(datasette)
    suites = [await store.suite_of(kept, name) for name in await store.suite_names(kept)]
    usable = [
        await access.as_read(datasette, request.actor, each)
        for each in suites
        if await access.may_use(datasette, request.actor, each)
    ]
    enriched = await enriching.home_page(datasette, request)
    return EvalsPage(
        suites=[await _suite_line(datasette, kept, each) for each in usable],
        url=links.home_url(datasette),
        databases=await access.databases_for(datasette, request.actor),
        labelled=[
            (each.run.enrichment.name, labelled_url(datasette, each.run))
            for each in enriched.runs[:_MOST_LABELLED]
        ],
        enrichments_url=enrichments_url(datasette),
    )


async def _suite_line(datasette: Datasette, kept: Database, suite: Suite) -> SuiteLine:
    found = await reported(datasette, kept, suite, most=1)
    return SuiteLine(
        name=suite.name,
        url=links.suite_url(datasette, suite.name),
        description=suite.description,
        cases=len(suite.cases),
        left_out=len(suite.left_out),
        databases=database_names(datasette, suite.cases),
        latest=run_line(datasette, *found[0]) if found else None,
    )


def database_names(datasette: Datasette, cases: Sequence[Case]) -> tuple[str, ...]:
    """The databases of cases, as they are called here."""
    return tuple(access.served(datasette, each) or each for each in databases_of(cases))


async def reported(
    datasette: Datasette, kept: Database, suite: Suite, *, most: int = MOST_RUNS
) -> list[tuple[int, Reported]]:
    """The latest runs of a suite, newest first, each with its number in the suite, from 1."""
    runs = await run_store.runs_of(kept, suite.name)
    return [
        (len(runs) - place, await report_of(datasette, kept, suite, run))
        for place, run in enumerate(runs[:most])
    ]


async def report_of(datasette: Datasette, kept: Database, suite: Suite, run: EvalRun) -> Reported:
    """A run with the status that it really has, and its results.

    Those of cases that are in the suite no more are left out: who may read the suite need not
    be who may read those. So are those that tell of tables that the reader may not view.
    """
    by_id = {each.id: each for each in suite.cases}
    results = await run_store.results_of(kept, run.id)
    known = [each for each in results if each.case_id in by_id]
    ours = tuple(
        each
        for each in known
        if not _tells(each, suite.hidden.get(by_id[each.case_id].database, frozenset()))
    )
    left_out = sum(each.case_id in suite.left_out for each in results) + len(known) - len(ours)
    return Reported(run.plan.model_id, work.now(datasette, run), ours, left_out)


def _tells(result: CaseResult, hidden: frozenset[str]) -> bool:
    """Whether what came of a case tells of tables that are hidden."""
    return reads_any(result.sql or "", hidden) or mentions_any(result.error or "", hidden)


def run_line(datasette: Datasette, number: int, found: Reported) -> RunLine:
    """A run as lists show it."""
    told = summary(found.results)
    return RunLine(
        run=found.run,
        number=number,
        url=links.run_url(datasette, found.run.suite, found.run.id),
        settings=plan_words(found.run.plan),
        asked=len(found.results),
        right=percent(told.right),
        interval=interval(told.right),
        cost=money(told.usd) if found.results else "",
        tokens=tokens(told) if found.results else "",
        seconds=seconds(told.median_seconds),
    )


async def suite_page(
    datasette: Datasette, request: Request, kept: Database, suite: Suite, *, start: int
) -> SuitePage:
    """A suite with its cases and runs; `?case=` names one to edit."""
    runs = await reported(datasette, kept, suite)
    after = start + _MOST_CASES
    cases = [case_shown(datasette, each) for each in suite.cases[start:after]]
    wanted = request.args.get("case")
    edited = next((each for each in suite.cases if each.id == wanted), None)
    chart, label, not_drawn = _chart(runs)
    return SuitePage(
        name=suite.name,
        description=suite.description,
        url=links.suite_url(datasette, suite.name),
        home_url=links.home_url(datasette),
        cases=cases,
        count=len(suite.cases),
        left_out=len(suite.left_out),
        next_url=f"?{urlencode({'start': after})}" if len(suite.cases) > after else None,
        edited=case_shown(datasette, edited) if edited else None,
        databases=await access.databases_for(datasette, request.actor),
        missing=access.missing(datasette, suite.cases),
        runs=[run_line(datasette, *each) for each in runs],
        chart=chart,
        chart_label=label,
        not_drawn=not_drawn,
        models=await available_models(datasette, request.actor, PURPOSE),
        no_model=WAYS_TO_GET_A_MODEL,
        tables_url=await table_url(datasette, request, "eval_cases", suite=suite.name),
    )


def case_shown(datasette: Datasette, case: Case) -> CaseShown:
    """A case as pages show it."""
    database = access.served(datasette, case.database)
    instead = case.accepted.value if isinstance(case.accepted, Instead) else None
    accepted = () if isinstance(case.accepted, Instead) else case.accepted
    return CaseShown(
        case=case,
        database=database or case.database,
        kinds=tuple(sorted(each.value for each in kinds_of(case))),
        accepted=tuple(
            SqlShown(_rows_words(each), None)
            if isinstance(each, ExpectedRows)
            else sql_shown(datasette, database, each)
            for each in accepted
        ),
        instead=instead,
        ask_url=links.question_url(datasette, database, case.question) if database else None,
    )


def sql_shown(datasette: Datasette, database: str | None, sql: str) -> SqlShown:
    """A statement with Datasette's page for it."""
    return SqlShown(sql, links.query_url(datasette, database, sql) if database else None)


async def table_url(
    datasette: Datasette, request: Request, table: str, **filters: str
) -> str | None:
    """Datasette's page of rows of one of our tables, if the reader may see that."""
    name = store.EVALS.name(datasette)
    if not await may(datasette, request.actor, "view-database", name):
        return None
    return links.rows_url(datasette, name, table, **filters)


def _rows_words(expected: ExpectedRows) -> str:
    shown = [", ".join(map(repr, row)) for row in expected.rows[:_ROWS_SHOWN]]
    more = len(expected.rows) - len(shown)
    return "\n".join(["-- These rows:", *shown, *([f"… and {more} more"] if more else [])])


def _chart(runs: Sequence[tuple[int, Reported]]) -> tuple[Markup | None, str, list[int]]:
    """Accuracy against what a question costs, or how long it takes where all of them are free.

    Beside the chart and what its axis shows, the numbers of runs whose price is not known.
    """
    told = [(number, each, summary(each.results)) for number, each in runs]
    asked = [each for each in told if each[2].right.value is not None]
    if len(asked) < 2:
        return None, "", []
    paid = [each for each in asked if each[2].usd is not None]
    by_cost = any(each[2].usd for each in paid)
    label = "Dollars a question" if by_cost else "Seconds a question, median"
    points = [
        Point(
            number=number,
            name=found.name,
            x=(told.usd or 0) / told.right.of if by_cost else told.median_seconds or 0,
            value=told.right.value or 0,
            low=told.right.interval[0],
            high=told.right.interval[1],
        )
        for number, found, told in (paid if by_cost else asked)
    ]
    not_drawn = sorted(number for number, _, told in asked if by_cost and told.usd is None)
    return Markup(scatter(points, label, money if by_cost else seconds)), label, not_drawn
