"""A run as programs get it, from a server and from the command line: one shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import jobs, links
from .database import results
from .database.results import FaultGroup
from .database.undoing import Undone
from .values import Run

if TYPE_CHECKING:
    from datasette.app import Datasette


def run_json(datasette: Datasette, run: Run, faults: Iterable[FaultGroup] = ()) -> dict[str, Any]:
    """A run for a program; lists leave out its faults. Money is null where no price is known."""
    enrichment, selection, limits = run.enrichment, run.selection, run.limits
    counts, progress = run.counts, jobs.progress(run.counts)
    return {
        "run": run.number,
        "id": run.id,
        "url": links.run_url(datasette, enrichment.database, run.id),
        "database": enrichment.database,
        "table": enrichment.table,
        "name": enrichment.name,
        "owner": (run.actor or {}).get("id"),
        "model": enrichment.specification.model_id,
        "outputs": [each.name for each in enrichment.specification.outputs],
        "created_columns": list(run.created_columns),
        "selection": {"description": selection.description, "rows": selection.rows.value},
        "limits": {
            "usd": limits.usd,
            "rows": limits.rows,
            "failures_in_a_row": limits.failures_in_a_row,
            "rows_per_second": limits.rows_per_second,
            "concurrency": limits.concurrency,
        },
        "status": run.status.value,
        "wish": run.wish.value,
        "reason": run.reason,
        "total": counts.total,
        "done": counts.done,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "unchanged": counts.unchanged,
        "cached": counts.cached,
        "input_tokens": counts.input_tokens,
        "output_tokens": counts.output_tokens,
        "usd": counts.usd,
        "unpriced": counts.unpriced,
        "seconds": round(counts.seconds, 3),
        "rows_per_second": progress.rows_per_second,
        "seconds_left": progress.seconds_left,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "faults": [
            {"fault": each.fault, "message": each.message, "count": each.count} for each in faults
        ],
    }


async def whole_run_json(datasette: Datasette, run: Run) -> dict[str, Any]:
    """A run for a program, with why rows of it have failed."""
    faults = await results.faults(datasette, run) if run.counts.failed else ()
    return run_json(datasette, run, faults)


def undone_json(undone: Undone) -> dict[str, Any]:
    """What undoing a run did, for a program."""
    return {
        "restored": undone.restored,
        "edited_since": undone.edited_since,
        "dropped_columns": list(undone.dropped_columns),
        "kept_columns": list(undone.kept_columns),
    }
