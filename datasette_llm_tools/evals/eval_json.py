"""Suites and runs for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..settings import read_settings
from . import links
from .contexts import CaseShown, ComparePage, ResultShown, RunLine, SuiteLine, SuitePage
from .records import accepted_json
from .reports import run_json
from .statistics import Paired
from .summaries import Reported
from .values import Suite

if TYPE_CHECKING:
    from datasette.app import Datasette


def suite_line_json(line: SuiteLine) -> dict[str, Any]:
    """A suite as lists give it."""
    return {
        "name": line.name,
        "url": line.url,
        "description": line.description,
        "cases": line.cases,
        "left_out": line.left_out,
        "databases": list(line.databases),
        "latest": line.latest and run_line_json(line.latest),
    }


def run_line_json(line: RunLine) -> dict[str, Any]:
    """A run as lists give it."""
    run = line.run
    return {
        "id": run.id,
        "number": line.number,
        "url": line.url,
        "status": run.status.value,
        "reason": run.reason,
        "model": run.plan.model_id,
        "settings": dict(run.plan.settings),
        "sample": run.plan.sample,
        "seed": run.plan.seed,
        "variants": run.plan.variants,
        "cases": run.cases,
        "asked": line.asked,
        "owner": run.actor_id,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


def case_json(shown: CaseShown) -> dict[str, Any]:
    """A case; `accepted` is a list of statements and rows, or what is right in their place."""
    return {
        "id": shown.case.id,
        "question": shown.case.question,
        "database": shown.database,
        "accepted": json.loads(accepted_json(shown.case.accepted)),
        "tags": list(shown.case.tags),
        "kinds": list(shown.kinds),
        "ask_url": shown.ask_url,
    }


def suite_json(page: SuitePage) -> dict[str, Any]:
    """A suite with its cases and runs."""
    return {
        "suite": page.name,
        "url": page.url,
        "description": page.description,
        "missing_databases": list(page.missing),
        "cases": [case_json(each) for each in page.cases],
        "left_out": page.left_out,
        "next_url": page.next_url,
        "runs": [run_line_json(each) for each in page.runs],
    }


def whole_run_json(
    datasette: Datasette, suite: Suite, number: int, found: Reported
) -> dict[str, Any]:
    """A run with what came of each of its cases."""
    run = found.run
    told = run_json(suite.cases, found, second=read_settings(datasette).escalation_model)
    return {
        **told,
        "suite": suite.name,
        "number": number,
        "url": links.run_url(datasette, suite.name, run.id),
        "variants": run.plan.variants,
        "judged_on_copies": told["variants"],
        "cases": run.cases,
        "asked": len(found.results),
        "left_out": found.left_out,
        "owner": run.actor_id,
        "reason": run.reason,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
    }


def result_json(shown: ResultShown) -> dict[str, Any]:
    """A case with what came of it."""
    result = shown.result
    return {
        **case_json(shown.case),
        "verdict": result.verdict.value,
        "sql": result.sql,
        "error": result.error,
        "seconds": result.seconds,
        "usd": result.usd,
        "answered_at": result.answered_at,
        "changed_since": shown.is_changed,
    }


def compare_json(page: ComparePage, test: Paired) -> dict[str, Any]:
    """Two runs beside each other; `cases` are those that differ, or all."""
    return {
        "suite": page.suite,
        "first": run_line_json(page.first),
        "second": run_line_json(page.second),
        "both_right": test.both,
        "only_first_right": test.only_first,
        "only_second_right": test.only_second,
        "neither_right": test.neither,
        "p": test.p,
        "said": page.said,
        "same_verdict": page.same,
        "changed_between": page.edited,
        "cases": [
            {
                **case_json(each.case),
                "first": each.first and result_json(each.first),
                "second": each.second and result_json(each.second),
            }
            for each in page.pairs
        ],
        "next_url": page.next_url,
    }
