"""How the page of a run's labelled rows comes about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import links
from ..values import Run
from ..wording import cell_text, key_label, rows_words
from .labelled import LabelledRow, input_columns, labelled_rows
from .review_contexts import LabelledLine, LabelledPage
from .review_pages import labelled_url, review_url
from .reviewing import Order
from .reviews import Verdict, reviews_of

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_MOST_LINES = 200
_LINE_CHARACTERS = 160


async def labelled_page(datasette: Datasette, request: Request, run: Run) -> LabelledPage:
    """The labelled rows of a run, the first of them as a table."""
    enrichment = run.enrichment
    found = await labelled_rows(datasette, run, actor=request.actor)
    reviewed = {each.key for each in await reviews_of(datasette, run)}
    missing = len(reviewed) - len(found)
    return LabelledPage(
        database=enrichment.database,
        table=enrichment.table,
        run=run,
        run_url=links.run_url(datasette, enrichment.database, run.id),
        review_url=review_url(datasette, run),
        url=labelled_url(datasette, run),
        inputs=await input_columns(datasette, run),
        outputs=tuple(each.name for each in enrichment.specification.outputs),
        lines=[_line(datasette, run, each) for each in found[:_MOST_LINES]],
        total=rows_words(len(found)),
        rejected=rows_words(missing) if missing else None,
    )


def _line(datasette: Datasette, run: Run, row: LabelledRow) -> LabelledLine:
    texts = ("NULL" if value is None else str(value) for value in row.input.values())
    outputs = run.enrichment.specification.outputs
    return LabelledLine(
        label=key_label(row.key),
        url=review_url(datasette, run, Order().query(row.key)),
        inputs=[
            text if len(text) <= _LINE_CHARACTERS else f"{text[:_LINE_CHARACTERS]}…"
            for text in texts
        ],
        cells=[_right(row, each.name) for each in outputs],
    )


def _right(row: LabelledRow, output: str) -> tuple[str, str]:
    verdict = row.verdicts.get(output)
    said = cell_text(row.said.get(output))
    words = {
        None: "not reviewed",
        Verdict.ACCEPT: "accepted",
        Verdict.EDIT: f"corrected from {said}",
        Verdict.REJECT: f"not {said}",
    }
    right = cell_text(row.expected[output]) if output in row.expected else "–"
    return right, words[verdict]
