"""How a run's pages come about: its state as it is now, in words, for one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..model_choice import available_models
from ..settings import read_settings
from . import jobs, links
from .contexts import FaultShown, RunPage, RunShown
from .database import results
from .limit_drafts import limits_draft
from .pages import may_control
from .previewing import PURPOSE
from .result_pages import kind_of, output_names, result_lines
from .values import Fault, OutcomeStatus, Run, RunStatus, Wish
from .wording import (
    key_label,
    price_words,
    rate_words,
    rows_words,
    seconds_words,
)
from .work import worker

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


_LATEST = 8

# What a run may be told in each state; `retry` and `undo` only where there is something to.
_ACTIONS = {
    RunStatus.WAITING: ("pause", "cancel", "limits"),
    RunStatus.RUNNING: ("pause", "cancel", "limits"),
    RunStatus.PAUSED: ("resume", "cancel", "retry", "limits"),
    RunStatus.DONE: ("retry", "again", "undo"),
    RunStatus.CANCELLED: ("resume", "again", "undo"),
    RunStatus.STOPPED: ("resume", "again", "undo"),
    RunStatus.UNDONE: ("again",),
}
_STATES = {
    RunStatus.WAITING: "Waiting for its turn",
    RunStatus.RUNNING: "Running",
    RunStatus.PAUSED: "Paused",
    RunStatus.DONE: "Done",
    RunStatus.CANCELLED: "Cancelled",
    RunStatus.STOPPED: "Stopped",
    RunStatus.UNDONE: "Undone: the table holds what it held before",
}


async def run_page(datasette: Datasette, request: Request, run: Run) -> RunPage:
    """A run's page."""
    enrichment = run.enrichment
    again = urlencode({links.RUN: run.id})
    url = links.table_url(datasette, enrichment.database, enrichment.table)
    return RunPage(
        database=enrichment.database,
        table=enrichment.table,
        enrichment=enrichment,
        now=await run_now(datasette, request, run),
        owner=str((run.actor or {}).get("id") or "somebody who did not sign in"),
        enrich_url=f"{url}?{again}",
    )


async def run_now(datasette: Datasette, request: Request, run: Run) -> RunShown:
    """A run as it is at this moment."""
    enrichment, counts = run.enrichment, run.counts
    progress = jobs.progress(counts)
    models = await available_models(datasette, request.actor, PURPOSE, enrichment.database)
    is_local = enrichment.specification.model_id in {
        each.model_id for each in models if each.is_local
    }
    groups = await results.faults(datasette, run) if counts.failed else ()
    latest = await results.latest(datasette, run, _LATEST)
    headline = _headline(run, worker.note(datasette, run.id))
    return RunShown(
        run=run,
        url=links.run_url(datasette, enrichment.database, run.id),
        table_url=str(datasette.urls.table(enrichment.database, enrichment.table)),
        headline=headline,
        announced=f"{headline} {_tenths(progress.share)}".strip(),
        share=progress.share,
        facts=_facts(run, progress, is_local=is_local),
        latest=await result_lines(datasette, request.actor, run, latest),
        faults=[_fault_shown(datasette, run, each) for each in groups],
        outputs=output_names(run),
        may_control=may_control(datasette, request.actor, run),
        actions=actions_of(run),
        limits=limits_draft(run.limits),
        most_at_once=read_settings(datasette, enrichment.database).enrich_max_concurrency,
        undoing=_undoing(run),
    )


def actions_of(run: Run) -> list[str]:
    """What may be done with a run in the state that it is in."""
    possible = list(_ACTIONS[run.status])
    if run.is_foreign and run.status is RunStatus.PAUSED:
        possible = ["resume", "cancel"]
    if run.status is RunStatus.RUNNING and run.wish is Wish.PAUSE:
        possible = ["resume", "cancel", "limits"]
    if run.status is RunStatus.RUNNING and run.wish is Wish.CANCEL:
        possible = []
    nothing = not run.counts.done and not run.created_columns
    absent = {"retry"} if not run.counts.failed else set()
    return [each for each in possible if each not in absent | ({"undo"} if nothing else set())]


def _headline(run: Run, note: str | None) -> str:
    """Where a run stands, in one or two sentences."""
    if run.status is RunStatus.RUNNING and run.wish is not Wish.RUN:
        said = "Pausing" if run.wish is Wish.PAUSE else "Cancelling"
        return f"{said}: what is under way may finish."
    said = f"{_STATES[run.status]}."
    if run.reason:
        said += f" {run.reason}"
    if note and run.status is RunStatus.RUNNING:
        said += f" {note}"
    return said


def _tenths(share: float | None) -> str:
    """How far a run is, in steps large enough to be read out."""
    return "" if share is None else f"{int(share * 10) * 10}% done."


def _facts(run: Run, progress: jobs.Progress, *, is_local: bool) -> list[tuple[str, str, str]]:
    counts = run.counts
    settled = f"{counts.settled:,}"
    if counts.total is not None:
        settled = f"{counts.settled:,} of {counts.total:,}"
    facts = [
        ("settled", "Rows settled", settled),
        ("done", "Done", f"{counts.done:,}"),
        ("failed", "Failed", f"{counts.failed:,}"),
        ("skipped", "Skipped", f"{counts.skipped:,}"),
        ("unchanged", "Unchanged", f"{counts.unchanged:,}"),
        ("cached", "Cached", f"{counts.cached:,}"),
    ]
    if progress.rows_per_second is not None:
        facts.append(("rate", "Rows a second", rate_words(progress.rows_per_second)))
    if run.status is RunStatus.RUNNING and progress.seconds_left is not None:
        facts.append(("left", "Time left", f"about {seconds_words(progress.seconds_left)}"))
    elif not run.status.is_active and counts.seconds:
        facts.append(("seconds", "Time", seconds_words(counts.seconds)))
    money = price_words(
        counts.usd,
        is_local=is_local,
        unpriced=counts.unpriced,
        asked=bool(counts.done + counts.failed - counts.cached),
    )
    facts.append(("usd", "Money so far" if run.status.is_active else "Money", money))
    tokens = f"{counts.input_tokens:,} in, {counts.output_tokens:,} out"
    facts.append(("tokens", "Tokens", tokens))
    return facts


def _fault_shown(datasette: Datasette, run: Run, group: results.FaultGroup) -> FaultShown:
    enrichment = run.enrichment
    url = links.run_url(datasette, enrichment.database, run.id)
    known = next((each for each in Fault if each.value == group.fault), None)
    query = urlencode(kind_of(OutcomeStatus.FAILED, known))
    return FaultShown(
        title=group.fault,
        message=group.message or "",
        count=rows_words(group.count),
        keys=[
            (key_label(key), links.row_url(datasette, enrichment.database, enrichment.table, key))
            for key in group.keys
        ],
        url=f"{url}/-/results?{query}",
    )


def _undoing(run: Run) -> str:
    """What undoing would do, in one sentence."""
    names = output_names(run)
    created = [each for each in names if each in run.created_columns]
    kept = [each for each in names if each not in created]
    parts = []
    if kept:
        parts.append(
            f"gives {', '.join(kept)} back what {'they' if len(kept) > 1 else 'it'} held before "
            f"in {rows_words(run.counts.done)}, but for values that were edited since"
        )
    if created:
        word = "columns" if len(created) > 1 else "column"
        parts.append(f"removes the {word} {', '.join(created)}, which this run made")
    return f"Undoing {', and '.join(parts)}."
