"""How the pages on which a run is reviewed come about."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from ...settings import read_settings
from .. import links
from ..attaching.media_types import media_type
from ..database import rows
from ..database.tables import TargetTable, key_json, require_target
from ..previewing import needed_columns
from ..values import Attachment, Key, Row, Run, RunStatus, Value
from ..wording import key_label, rows_words
from .review_contexts import (
    AccuracyShown,
    FieldShown,
    InputShown,
    LabelShown,
    ReviewPage,
)
from .review_forms import fields_of
from .reviewing import (
    Accuracy,
    Order,
    Queue,
    label_accuracy,
    label_counts,
    label_outputs,
    order_of,
    output_accuracy,
    queue,
    row_accuracy,
)
from .reviews import Label, Review, reviews_of, values_of_row

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_MOST_PICTURE_BYTES = 4_000_000
_MOST_SHOWN_CHARACTERS = 20_000
_MOST_LABELS_SHOWN = 40


def review_url(datasette: Datasette, run: Run, query: str = "") -> str:
    """The page on which a run is reviewed."""
    url = f"{links.run_url(datasette, run.enrichment.database, run.id)}/-/review"
    return links.with_query(url, query)


def labelled_url(datasette: Datasette, run: Run) -> str:
    """The page of a run's labelled rows."""
    return f"{links.run_url(datasette, run.enrichment.database, run.id)}/-/labelled"


async def review_page(
    datasette: Datasette,
    request: Request,
    run: Run,
    *,
    at: Key | None,
    error: str | None = None,
    typed: Mapping[str, Any] | None = None,
) -> ReviewPage:
    """A row of a run with what came of it, the first without a review unless `at` says which.

    `typed` are the fields of a form that could not be kept, for the `error`.
    """
    enrichment = run.enrichment
    order = order_of(request.args.get, run)
    found = await reviews_of(datasette, run)
    waiting = await queue(datasette, run, order, found)
    is_undone = run.status is RunStatus.UNDONE
    key = None if is_undone else at if at is not None else waiting.first()
    said = None if key is None else await values_of_row(datasette, run, key)
    if key is not None and said is None:
        raise BadInput("This run has no values for that row; leave `at` out of the address.")
    row, inputs, fields = None, list[InputShown](), list[FieldShown]()
    if key is not None and said is not None:
        target = await require_target(datasette, enrichment.database, enrichment.table)
        row = await _row(datasette, request, run, target, key)
        mine = {each.output: each for each in found if each.key == key}
        fields = fields_of(run, said, mine, row, typed or {})
        inputs = await _inputs(datasette, run, target, row) if row else []
    return ReviewPage(
        database=enrichment.database,
        table=enrichment.table,
        run=run,
        run_url=links.run_url(datasette, enrichment.database, run.id),
        labelled_url=labelled_url(datasette, run),
        action=review_url(datasette, run, order.query()),
        key=None if key is None else key_json(key),
        label="" if key is None else key_label(key),
        row_url=links.row_url(datasette, enrichment.database, enrichment.table, row.key)
        if row
        else None,
        provenance_url=links.provenance_url(
            datasette, enrichment.database, enrichment.table, key or ()
        ),
        is_gone=key is not None and row is None,
        inputs=inputs,
        fields=fields,
        place=_place(waiting, key),
        previous_url=_beside(datasette, run, order, waiting, key, -1),
        next_url=_beside(datasette, run, order, waiting, key, 1),
        error=error,
        accuracies=_accuracies(run, found),
        by_label=await _by_label(datasette, run, order, found),
        all_url=review_url(datasette, run, Order(order.seed).query()) if order.label else None,
        shuffle_url=review_url(datasette, run, Order(secrets.token_hex(3), order.label).query()),
        may_review=not is_undone and bool(waiting.keys),
    )


async def _row(
    datasette: Datasette, request: Request, run: Run, target: TargetTable, key: Key
) -> Row | None:
    """The row as it is now: what the prompt is made of, and what the outputs hold."""
    specification = run.enrichment.specification
    columns = [
        *needed_columns(specification, target),
        *(each.column for each in specification.attachments),
        *(each.name for each in specification.outputs if target.column(each.name)),
    ]
    return await rows.read_row(
        datasette,
        request.actor,
        run.enrichment.database,
        target,
        key,
        tuple(dict.fromkeys(columns)),
    )


async def _inputs(
    datasette: Datasette, run: Run, target: TargetTable, row: Row
) -> list[InputShown]:
    """What the prompt was made of: columns of the template, then files."""
    specification = run.enrichment.specification
    files = {each.column: each for each in specification.attachments}
    names = dict.fromkeys([*needed_columns(specification, target), *files])
    return [
        await _file(datasette, run, target, row, files[name])
        if name in files and row.values[name] is not None
        else _text_input(name, row.values[name])
        for name in names
    ]


def _text_input(name: str, value: Value) -> InputShown:
    text = "a file" if isinstance(value, bytes) else "" if value is None else str(value)
    if len(text) > _MOST_SHOWN_CHARACTERS:
        text = f"{text[:_MOST_SHOWN_CHARACTERS]}… (cut)"
    return InputShown(name, text, value is None, None, None)


async def _file(
    datasette: Datasette, run: Run, target: TargetTable, row: Row, attachment: Attachment
) -> InputShown:
    """A file that went along: a picture is shown, a URL is not fetched but linked to."""
    name = attachment.column
    if attachment.source == "url":
        url = str(row.values[name]).strip()
        is_web = url.lower().startswith(("https://", "http://"))
        return InputShown(name, url, False, url if is_web else None, None)
    database = run.enrichment.database
    most = read_settings(datasette, database).max_attachment_bytes
    try:
        content = await rows.read_blob(datasette, database, target, row.key, name, max_bytes=most)
    except BadInput as error:
        return InputShown(name, error.message, False, None, None)
    media = media_type(content or b"")
    text = f"{media or 'a file'}, {len(content or b''):,} bytes"
    if content is None or media not in _PICTURES or len(content) > _MOST_PICTURE_BYTES:
        return InputShown(name, text, content is None, None, None)
    image = f"data:{media};base64,{base64.b64encode(content).decode()}"
    return InputShown(name, text, False, None, image)


def _place(waiting: Queue, key: Key | None) -> str:
    position = waiting.position(key)
    many = rows_words(len(waiting.keys))
    return f"{position:,} of {many}" if position else many


def _beside(
    datasette: Datasette, run: Run, order: Order, waiting: Queue, key: Key | None, step: int
) -> str | None:
    found = None if key is None else waiting.neighbour(key, step)
    return None if found is None else review_url(datasette, run, order.query(found))


def _accuracies(run: Run, found: Sequence[Review]) -> list[AccuracyShown]:
    shown = [accuracy_shown("Rows", row_accuracy(found))]
    outputs = run.enrichment.specification.outputs
    if len(outputs) > 1:
        shown += [accuracy_shown(each.name, output_accuracy(found, each.name)) for each in outputs]
    return shown


def accuracy_shown(name: str, accuracy: Accuracy) -> AccuracyShown:
    """An accuracy in words; more decimals where there are enough reviews for them."""
    if accuracy.share is None:
        return AccuracyShown(name, "–", "no reviews yet", "0 of 0")
    digits = 1 if accuracy.reviewed >= 200 else 0
    low, high = accuracy.interval
    return AccuracyShown(
        name=name,
        share=f"{accuracy.share:.{digits}%}",
        interval=f"{low:.{digits}%} to {high:.{digits}%}",
        counted=f"{accuracy.right:,} of {accuracy.reviewed:,}",
    )


async def _by_label(
    datasette: Datasette, run: Run, order: Order, found: Sequence[Review]
) -> list[tuple[str, list[LabelShown]]]:
    shown = []
    for output in label_outputs(run):
        counts = await label_counts(datasette, run, output.name)
        labels = [
            _label_shown(datasette, run, order, found, Label(output.name, text), count)
            for text, count in list(counts.items())[:_MOST_LABELS_SHOWN]
        ]
        shown.append((output.name, labels))
    return shown


def _label_shown(
    datasette: Datasette,
    run: Run,
    order: Order,
    found: Sequence[Review],
    label: Label,
    count: int,
) -> LabelShown:
    return LabelShown(
        name=label.text or "(nothing)",
        url=review_url(datasette, run, Order(order.seed, label).query()),
        rows=rows_words(count),
        accuracy=accuracy_shown(label.text, label_accuracy(found, label)),
        is_this=order.label == label,
    )
