"""How a run of an enrichment that is scored is shown, to people and to programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..enrichments import links
from ..enrichments.review.review_pages import labelled_url, review_url
from ..enrichments.values import Run
from ..enrichments.wording import rows_words
from .classifying import NOTHING, Confusion
from .reports import interval, percent
from .score_contexts import LabelScore, OutputScore, ScoresPage

if TYPE_CHECKING:
    from datasette.app import Datasette

    from .statistics import Share

# More values than these are no labels, and a table of them cannot be read.
MOST_LABELS = 30
_NOTHING_WORDS = "(nothing)"


def scores_url(datasette: Datasette, run: Run) -> str:
    """The page of a scored run."""
    return f"{links.run_url(datasette, run.enrichment.database, run.id)}/-/scores"


def scores_page(
    datasette: Datasette,
    run: Run,
    labelled: Run,
    choices: Sequence[Run],
    found: Mapping[str, Confusion],
    rejected: int,
) -> ScoresPage:
    """A run against the labelled rows of a run of the same table, of which some were `rejected`."""
    enrichment = run.enrichment
    return ScoresPage(
        database=enrichment.database,
        table=enrichment.table,
        run=run,
        run_url=links.run_url(datasette, enrichment.database, run.id),
        url=scores_url(datasette, run),
        labelled=labelled,
        labelled_url=labelled_url(datasette, labelled),
        choices=list(choices),
        outputs=[_output(name, each) for name, each in found.items()],
        rejected=rows_words(rejected) if rejected else None,
        review_url=review_url(datasette, labelled),
    )


def _output(name: str, found: Confusion) -> OutputScore:
    labels = found.labels if len(found.labels) <= MOST_LABELS else ()
    return OutputScore(
        name=name,
        rows=rows_words(found.accuracy.of),
        accuracy=percent(found.accuracy),
        interval=interval(found.accuracy),
        macro_f1=_f1(found.macro_f1),
        labels=[
            LabelScore(
                label=_NOTHING_WORDS if label == NOTHING else label,
                expected=found.recall(label).of,
                said=found.precision(label).of,
                precision=percent(found.precision(label)),
                recall=percent(found.recall(label)),
                f1=_f1(found.f1(label)),
                row=[found.cells.get((label, said), 0) for said in labels],
            )
            for label in labels
        ],
    )


def scores_json(run: Run, labelled: Run, found: Mapping[str, Confusion]) -> dict[str, Any]:
    """The same for programs; a value that is not there is the empty text."""
    return {
        "run": run.id,
        "labelled": labelled.id,
        "outputs": {name: _output_json(each) for name, each in found.items()},
    }


def _output_json(found: Confusion) -> dict[str, Any]:
    low, high = found.accuracy.interval
    return {
        "accuracy": {**_share(found.accuracy), "low": low, "high": high},
        "macro_f1": found.macro_f1,
        "labels": {
            label: {
                "precision": _share(found.precision(label)),
                "recall": _share(found.recall(label)),
                "f1": found.f1(label),
            }
            for label in found.labels
        },
        "confusion": [
            {"expected": expected, "said": said, "count": count}
            for (expected, said), count in sorted(found.cells.items())
        ],
    }


def _share(share: Share) -> dict[str, Any]:
    return {"count": share.count, "of": share.of}


def _f1(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
