"""Labelled rows: reviewed ones, with the values that a person found right.

They outlive the run that they were reviewed in, so that another prompt or model can be
compared with what a person said.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import LlmToolsError
from ...permissions import Actor
from ..database.row_reader import Reader
from ..database.tables import json_value, key_json, require_target
from ..previewing import needed_columns
from ..values import Key, Run, Selection, Value
from .review_fields import as_text
from .reviews import Review, Verdict, reviews_of

if TYPE_CHECKING:
    from datasette.app import Datasette

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A row whose right values are known.

    `input` is what the prompt is made of, as the row holds it now; `expected` are the right
    values by output, without those that were rejected only. `verdicts` and `said` (what the
    model had said, where the run still knows) are of every reviewed output.
    """

    key: Key
    input: Mapping[str, Value]
    expected: Mapping[str, Any]
    verdicts: Mapping[str, Verdict]
    said: Mapping[str, Any]
    actor_id: str | None
    reviewed_at: str


async def labelled_rows(datasette: Datasette, run: Run, *, actor: Actor) -> tuple[LabelledRow, ...]:
    """The labelled rows of a run, first reviewed first; rows that are gone are left out.

    They are read as `actor`. Raises TableGone, NotAllowed, BadInput where a column that the
    prompt uses is gone, and what SQL raises.
    """
    reviewed: dict[Key, list[Review]] = {}
    for each in await reviews_of(datasette, run):
        reviewed.setdefault(each.key, []).append(each)
    known = {
        key: found
        for key, found in reviewed.items()
        if any(each.verdict is not Verdict.REJECT for each in found)
    }
    if not known:
        return ()
    enrichment = run.enrichment
    target = await require_target(datasette, enrichment.database, enrichment.table)
    columns = needed_columns(enrichment.specification, target)
    reader = Reader(datasette, actor, target, enrichment.database, columns, Selection())
    return tuple(_labelled(row.values, known[row.key]) for row in await reader.rows(list(known)))


async def input_columns(datasette: Datasette, run: Run) -> tuple[str, ...]:
    """The columns that a run's prompt is made of; none where they are gone."""
    enrichment = run.enrichment
    try:
        target = await require_target(datasette, enrichment.database, enrichment.table)
        return needed_columns(enrichment.specification, target)
    except LlmToolsError:
        return ()


def _labelled(values: Mapping[str, Value], found: Sequence[Review]) -> LabelledRow:
    latest = max(found, key=lambda each: each.reviewed_at)
    return LabelledRow(
        key=found[0].key,
        input=values,
        expected={each.output: each.value for each in found if each.verdict is not Verdict.REJECT},
        verdicts={each.output: each.verdict for each in found},
        said={each.output: each.said for each in found},
        actor_id=latest.actor_id,
        reviewed_at=latest.reviewed_at,
    )


def labelled_json(row: LabelledRow) -> dict[str, Any]:
    """A labelled row as JSON downloads hold it."""
    return {
        "key": [json_value(each) for each in row.key],
        "input": {name: json_value(value) for name, value in row.input.items()},
        "expected": dict(row.expected),
        "said": dict(row.said),
        "verdicts": {name: verdict.value for name, verdict in row.verdicts.items()},
        "reviewed_by": row.actor_id,
        "reviewed_at": row.reviewed_at,
    }


def labelled_csv(run: Run, rows: Sequence[LabelledRow], inputs: Sequence[str]) -> str:
    """Labelled rows as CSV: the key, the input's columns, and three columns for each output.

    A right value that is not known is left empty, as NULL is; its verdict tells. Text that a
    spreadsheet would take for a formula begins with an apostrophe here; JSON has it as it is.
    """
    outputs = run.enrichment.specification.outputs
    head = ["row", *(f"input {name}" for name in inputs)]
    for output in outputs:
        head += [output.name, f"{output.name} verdict", f"{output.name} said"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_inert(each) for each in (*head, "reviewed_by", "reviewed_at")])
    for row in rows:
        cells: list[Any] = [key_json(row.key), *(_cell(row.input.get(name)) for name in inputs)]
        for output in outputs:
            verdict = row.verdicts.get(output.name)
            cells += [
                as_text(output, row.expected.get(output.name)),
                verdict.value if verdict else "",
                as_text(output, row.said.get(output.name)),
            ]
        cells += [row.actor_id or "", row.reviewed_at]
        writer.writerow([_inert(each) for each in cells])
    return text.getvalue()


def _inert(text: str) -> str:
    """Text that no spreadsheet runs; numbers stay numbers."""
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _cell(value: Value) -> str:
    return "" if value is None else "(a file)" if isinstance(value, bytes) else str(value)
