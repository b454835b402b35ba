"""Runs of enrichments against labelled rows: what a person said was right in this run or another.

A prompt or a model is compared with another by scoring runs of both on the same labelled rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..enrichments.database import store
from ..enrichments.review.labelled import LabelledRow, labelled_rows
from ..enrichments.review.reviews import Verdict, reviews_of, values_of_row
from ..enrichments.values import Run
from ..permissions import Actor
from .classifying import Confusion, confusion

if TYPE_CHECKING:
    from datasette.app import Datasette


_MOST_RUNS = 50  # of a table, that are looked through for labels


async def labelled_runs(datasette: Datasette, run: Run) -> tuple[Run, ...]:
    """The newest runs over the table of `run` in which values were found right, newest first."""
    enrichment = run.enrichment
    found = await store.runs(datasette, enrichment.database, enrichment.table, limit=_MOST_RUNS)
    return tuple([each for each in found if await _is_labelled(datasette, each)])


async def _is_labelled(datasette: Datasette, run: Run) -> bool:
    reviews = await reviews_of(datasette, run)
    return any(each.verdict is not Verdict.REJECT for each in reviews)


async def rejected_rows(datasette: Datasette, run: Run) -> int:
    """Of how many rows a value was rejected and not corrected, so that no score counts it."""
    reviews = await reviews_of(datasette, run)
    return len({each.key for each in reviews if each.verdict is Verdict.REJECT})


async def score_run(
    datasette: Datasette, labelled: Run, run: Run, *, actor: Actor
) -> dict[str, Confusion]:
    """How the values of `run` compare with the labelled rows of a run, by output.

    Both may be the same run. A row that `run` has no values for counts as nothing said. Outputs
    that only one of them has are left out. Raises what labelled_rows raises.
    """
    rows = await labelled_rows(datasette, labelled, actor=actor)
    said = [await values_of_row(datasette, run, row.key) or {} for row in rows]
    outputs = [each.name for each in run.enrichment.specification.outputs]
    return scores(rows, said, outputs)


def scores(
    rows: Sequence[LabelledRow], said: Sequence[Mapping[str, Any]], outputs: Sequence[str]
) -> dict[str, Confusion]:
    """Compare labelled rows with what was said of each, for those outputs that have labels."""
    return {
        output: confusion(pairs)
        for output in outputs
        if (
            pairs := [
                (row.expected[output], values.get(output))
                for row, values in zip(rows, said, strict=True)
                if output in row.expected
            ]
        )
    }
