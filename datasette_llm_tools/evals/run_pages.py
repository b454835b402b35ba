"""How the pages of runs come about: one as it is now, its cases, and two beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..errors import NotFound
from ..permissions import Actor
from ..questions.store import actor_id
from ..settings import read_settings
from . import links, run_store
from .calibration import levels, threshold
from .contexts import (
    CasesPage,
    ComparePage,
    LevelShown,
    Pair,
    PartShown,
    ResultShown,
    RunPage,
    RunShown,
)
from .editions import compared, is_changed, is_same_question
from .pages import case_shown, report_of, reported, run_line, sql_shown, table_url
from .reports import interval, notes, percent
from .summaries import Reported, parts, summary
from .values import Case, CaseResult, EvalRun, RunStatus, Suite, Verdict
from .wording import (
    VERDICT_WORDS,
    changed_words,
    headline,
    mcnemar_words,
    money,
    plan_words,
    run_name,
    seconds,
)
from .wording import tokens as tokens_words

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.utils.asgi import Request

_LATEST = 10
_PAGE = 50
_MOST_RUNS = 200  # to choose from; and to find one by its id
_MOST_PARTS = 15  # of each kind, those with the fewest right


async def find_run(
    datasette: Datasette, kept: Database, suite: Suite, run_id: str
) -> tuple[int, Reported]:
    """A run of a suite by its id, with its number. Raises NotFound."""
    runs = [each.id for each in await run_store.runs_of(kept, suite.name)]
    run = await run_store.get_run(kept, suite.name, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id} of the suite {suite.name}.")
    return len(runs) - runs.index(run_id), await report_of(datasette, kept, suite, run)


def may_resume(actor: Actor, run: EvalRun) -> bool:
    """Whether the actor may go on with a run: cases are asked as whoever started it.

    A run of the command line was started by nobody who is known here.
    """
    return run.status is RunStatus.STOPPED and run.actor_id in (None, actor_id(actor))


async def run_now(
    datasette: Datasette, request: Request, suite: Suite, found: Reported
) -> RunShown:
    """A run as it is now."""
    run, told = found.run, summary(found.results)
    url = links.run_url(datasette, suite.name, run.id)
    asked = len(found.results)
    by_id = {each.id: each for each in suite.cases}
    latest = sorted(found.results, key=lambda each: each.answered_at, reverse=True)[:_LATEST]
    tenth = 10 * asked // max(1, run.cases)
    return RunShown(
        run=run,
        url=url,
        headline=headline(run, asked, told),
        announced=headline(run, asked, told)
        if not run.status.is_active
        else f"{run.status.value}, {10 * tenth}%",
        share=None if run.status is RunStatus.WAITING else min(1.0, asked / max(1, run.cases)),
        verdicts=_verdicts(url, found.results),
        facts=[
            ("cost", money(told.usd)),
            ("tokens", tokens_words(told)),
            ("calls of the model", f"{told.calls:,}"),
            ("median", seconds(told.median_seconds)),
            ("95 of 100 within", seconds(told.p95_seconds)),
        ]
        if asked
        else [],
        notes=[*notes(asked, [found]), *changed_words(_changed(suite.cases, found))],
        parts=await asyncio.to_thread(_parts, suite.cases, found),  # parses every statement once
        levels=_levels(datasette, found),
        below=threshold(found.results),
        latest=[_result_shown(datasette, by_id[each.case_id], each) for each in latest],
        may_stop=run.status.is_active,
        may_resume=may_resume(request.actor, run),
        told=told,
    )


async def run_page(
    datasette: Datasette,
    request: Request,
    kept: Database,
    suite: Suite,
    number: int,
    found: Reported,
) -> RunPage:
    """A run's page."""
    others = await reported(datasette, kept, suite)
    return RunPage(
        suite=suite.name,
        suite_url=links.suite_url(datasette, suite.name),
        home_url=links.home_url(datasette),
        number=number,
        settings=plan_words(found.run.plan),
        now=await run_now(datasette, request, suite, found),
        others=[run_line(datasette, *each) for each in others if each[1].run.id != found.run.id],
        compare_url=f"{links.suite_url(datasette, suite.name)}/-/compare",
        tables_url=await table_url(datasette, request, "eval_results", run=found.run.id),
    )


def cases_page(
    datasette: Datasette,
    suite: Suite,
    number: int,
    found: Reported,
    *,
    verdict: Verdict | None,
    start: int,
) -> CasesPage:
    """The cases of a run by verdict, in the order of the suite."""
    url = links.run_url(datasette, suite.name, found.run.id)
    by_id = {each.case_id: each for each in found.results}
    chosen = [
        (case, by_id[case.id])
        for case in suite.cases
        if case.id in by_id and verdict in (None, by_id[case.id].verdict)
    ]
    query = {"verdict": verdict.value} if verdict else {}
    after = start + _PAGE
    return CasesPage(
        suite=suite.name,
        suite_url=links.suite_url(datasette, suite.name),
        home_url=links.home_url(datasette),
        run_url=url,
        number=number,
        run=found.run,
        verdict=verdict.value if verdict else "",
        verdicts=_verdicts(url, found.results),
        results=[_result_shown(datasette, *each) for each in chosen[start:after]],
        next_url=f"?{urlencode({**query, 'start': after})}" if len(chosen) > after else None,
    )


async def compare_page(
    datasette: Datasette,
    kept: Database,
    suite: Suite,
    first: tuple[int, Reported],
    second: tuple[int, Reported],
    *,
    all_cases: bool,
    start: int,
) -> ComparePage:
    """Two runs case by case: those that differ, or all."""
    lines = [run_line(datasette, *each) for each in (first, second)]
    left, right = ({each.case_id: each for each in run.results} for _, run in (first, second))
    in_both = [each for each in suite.cases if each.id in left and each.id in right]
    both = [each for each in in_both if is_same_question(left[each.id], right[each.id])]
    differ = [each for each in both if left[each.id].verdict is not right[each.id].verdict]
    chosen = both if all_cases else differ
    after = start + _PAGE
    here = {"first": first[1].run.id, "second": second[1].run.id}
    shown = {**here, "all": "1"} if all_cases else here
    other = here if all_cases else {**here, "all": "1"}
    runs = await reported(datasette, kept, suite, most=_MOST_RUNS)
    return ComparePage(
        suite=suite.name,
        suite_url=links.suite_url(datasette, suite.name),
        home_url=links.home_url(datasette),
        runs=[run_line(datasette, *each) for each in runs],
        first=lines[0],
        second=lines[1],
        said=mcnemar_words(
            run_name(*first),
            run_name(*second),
            compared(first[1].results, second[1].results),
        ),
        pairs=[
            Pair(
                case=case_shown(datasette, case),
                first=_result_shown(datasette, case, left[case.id]),
                second=_result_shown(datasette, case, right[case.id]),
            )
            for case in chosen[start:after]
        ],
        all_cases=all_cases,
        same=len(both) - len(differ),
        edited=len(in_both) - len(both),
        other_url=f"?{urlencode(other)}",
        next_url=f"?{urlencode({**shown, 'start': after})}" if len(chosen) > after else None,
    )


def _result_shown(datasette: Datasette, case: Case, result: CaseResult) -> ResultShown:
    shown = case_shown(datasette, case)
    database = shown.database if shown.ask_url else None
    return ResultShown(
        case=shown,
        result=result,
        verdict=VERDICT_WORDS[result.verdict],
        given=sql_shown(datasette, database, result.sql) if result.sql else None,
        cost=money(result.usd),
        is_changed=is_changed(case, result),
    )


def _changed(cases: Sequence[Case], found: Reported) -> int:
    """How many cases were changed since a run asked them."""
    by_id = {each.id: each for each in cases}
    return sum(is_changed(by_id[each.case_id], each) for each in found.results)


def _verdicts(url: str, results: Sequence[CaseResult]) -> list[tuple[str, str, int, str]]:
    counts = summary(results).counts
    return [
        (
            each.value,
            VERDICT_WORDS[each],
            counts.get(each, 0),
            f"{url}/-/cases?{urlencode({'verdict': each.value})}",
        )
        for each in Verdict
        if each is not Verdict.UNSCORED or counts.get(each)
    ]


def _levels(datasette: Datasette, found: Reported) -> list[LevelShown]:
    settings = found.run.plan.settings
    second = str(settings.get("escalation_model", read_settings(datasette).escalation_model))
    return [
        LevelShown(
            each.name,
            percent(each.answers),
            percent(each.right),
            interval(each.right),
            money(each.saved_usd) if second else "",
        )
        for each in levels(found.results, second)
        if each.answers.count
    ]


def _parts(cases: Sequence[Case], found: Reported) -> list[PartShown]:
    """Shares by part, the worst first."""
    return [
        PartShown(by, name, share.of, percent(share), interval(share))
        for by, named in parts(cases, found.results).items()
        for name, share in sorted(named.items(), key=lambda each: each[1].interval[1])[:_MOST_PARTS]
    ]
