"""What the command line says of previews and runs: a bar on a terminal, lines otherwise."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import click

from ...command_line import table_lines
from .. import jobs
from ..database.results import FaultGroup
from ..outputs import Output, OutputType
from ..previewing import Preview
from ..values import Counts, Key, OutcomeStatus, Run, RunStatus, Specification
from ..wording import (
    NO_FEE,
    UNKNOWN,
    price_words,
    rate_words,
    rows_words,
    seconds_range_words,
    seconds_words,
    usd_range_words,
)

_BAR_CHARACTERS = 30
_LINE_SECONDS = 30.0  # without a terminal: a line for every tenth, or as often as this
_KEYS_SHOWN = 5
_FAULTS_SHOWN = 10


def output_words(output: Output) -> str:
    """`mood: one of good, bad`."""
    kind = output.type.value
    if output.type is OutputType.LABEL:
        labels = [*output.labels[:6], "…"] if len(output.labels) > 6 else output.labels
        kind = f"one of {', '.join(labels)}"
    elif output.minimum is not None or output.maximum is not None:
        kind += f" from {_bound(output.minimum)} to {_bound(output.maximum)}"
    elif output.max_length is not None:
        kind += f" of at most {output.max_length:,} characters"
    return f"{output.name}: {kind}{' or nothing' if output.optional else ''}"


def preview_lines(preview: Preview, specification: Specification) -> Iterator[str]:
    """Sampled rows beside what came of them, and what a row took."""
    shown = list(dict.fromkeys(name for each in preview.rows for name in each.row.values))
    names = [output.name for output in specification.outputs]
    rows = []
    for each in preview.rows:
        values = each.outcome.values if each.outcome and each.outcome.values else {}
        rows.append(
            [
                key_words(each.row.key),
                *(each.row.values.get(name) for name in shown),
                *(_json_cell(values.get(name)) for name in names),
            ]
        )
    yield from table_lines(["row", *shown, *(f"→ {name}" for name in names)], rows)
    for each in preview.rows:
        if each.outcome and each.outcome.status is OutcomeStatus.FAILED:
            yield f"Row {key_words(each.row.key)} failed: {each.outcome.message}"
        elif each.outcome and each.outcome.status is OutcomeStatus.SKIPPED:
            yield f"Row {key_words(each.row.key)} is skipped: {each.outcome.message}"
    if preview.stopped:
        yield f"The preview ended early: {preview.stopped}"


def estimate_lines(preview: Preview) -> Iterator[str]:
    """What the whole run would take, by the sampled rows."""
    estimate = preview.estimate
    if estimate is None:
        yield f"{rows_words(preview.total)} in all; no reply came to estimate by."
        return
    price = usd_range_words(estimate.usd_low, estimate.usd_high, is_local=preview.model.is_local)
    yield (
        f"Estimate: {rows_words(estimate.rows)}, price {price}, "
        f"{estimate.tokens:,} tokens, "
        f"{seconds_range_words(estimate.seconds_low, estimate.seconds_high)} "
        f"with {preview.at_once} at a time."
    )


def progress_words(run: Run) -> str:
    """`5,555 of 12,345 rows, 132 rows/s, 50 s left, $0.54, 3 failed`."""
    counts = run.counts
    progress = jobs.progress(counts)
    parts = [f"{counts.settled:,} of {rows_words(counts.total)}"] if counts.total else []
    parts = parts or [rows_words(counts.settled)]
    if progress.rows_per_second:
        parts.append(f"{rate_words(progress.rows_per_second)} rows/s")
    if progress.seconds_left is not None and run.status is RunStatus.RUNNING:
        left = max(1, round(progress.seconds_left))
        parts.append(f"{left} s left" if left < 60 else f"{seconds_words(left)} left")
    if counts.unpriced and counts.usd is None:
        parts.append("price unknown")
    elif counts.usd:
        parts.append(price_words(counts.usd, is_local=False, unpriced=counts.unpriced))
    parts += [
        f"{number:,} {word}"
        for number, word in (
            (counts.failed, "failed"),
            (counts.skipped, "skipped"),
            (counts.unchanged, "unchanged"),
            (counts.cached, "cached"),
        )
        if number
    ]
    return ", ".join(parts)


class ProgressShown:
    """Shows a run on standard error: one line that changes on a terminal, lines otherwise."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._tenth = -1
        self._said_at = time.monotonic()
        self._note: str | None = None

    def show(self, run: Run, note: str | None) -> None:
        """Show how far a run is, and what it waits for."""
        share = jobs.progress(run.counts).share
        if self._on_terminal:
            self._redraw(f"{_bar(share)} {note or progress_words(run)}")
            return
        if note and note != self._note:
            click.echo(note, err=True)
        self._note = note
        if share is None:
            return
        tenth = int(10 * share)
        if tenth > self._tenth or time.monotonic() - self._said_at > _LINE_SECONDS:
            self._tenth, self._said_at = tenth, time.monotonic()
            click.echo(f"{int(100 * share)}%  {progress_words(run)}", err=True)

    def end(self) -> None:
        """Leave the line, so that what follows has its own."""
        if self._on_terminal:
            self._redraw("")

    def _redraw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        click.echo("\r\x1b[K" + text[:width], nl=False, err=True)


def ending_lines(run: Run, faults: Sequence[FaultGroup], file: str) -> Iterator[str]:
    """How a run ended, what failed in it, and what can be done about it."""
    headline = {
        RunStatus.DONE: "Done",
        RunStatus.PAUSED: "Paused",
        RunStatus.CANCELLED: "Cancelled",
        RunStatus.STOPPED: "Stopped",
        RunStatus.UNDONE: "Undone",
    }.get(run.status, run.status.value.capitalize())
    tokens = run.counts.input_tokens + run.counts.output_tokens
    took = f"{seconds_words(run.counts.seconds)}, {tokens:,} tokens"
    yield f"{headline}: {progress_words(run)}, {took}."
    if run.reason:
        yield run.reason
    for group in faults[:_FAULTS_SHOWN]:
        keys = ", ".join(key_words(each) for each in group.keys[:_KEYS_SHOWN])
        more = " …" if group.count > _KEYS_SHOWN else ""
        said = "" if group.message.startswith(group.fault) else f"{group.fault}: "
        yield f"  {rows_words(group.count)} failed. {said}{group.message} (row {keys}{more})"
    if run.status is RunStatus.PAUSED:
        yield "The same command goes on where it was."
    elif run.counts.failed:
        yield f"Ask the failed rows again: datasette llm-tools retry {file} {run.number}"
    if run.status.is_active or run.counts.done:
        yield f"Take back what it wrote: datasette llm-tools undo {file} {run.number}"


def runs_lines(runs: Sequence[Run]) -> Iterator[str]:
    """A list of runs."""
    yield from table_lines(
        ["run", "table", "columns", "model", "status", "done", "of", "failed", "price", "started"],
        [
            [
                run.number,
                run.enrichment.table,
                ", ".join(output.name for output in run.enrichment.specification.outputs),
                run.enrichment.specification.model_id,
                run.status.value,
                run.counts.done,
                run.counts.total,
                run.counts.failed,
                _price(run.counts),
                (run.started_at or run.created_at)[:16].replace("T", " "),
            ]
            for run in runs
        ],
    )


def _price(counts: Counts) -> str:
    """What a run has cost so far, nothing where nothing was asked yet."""
    if counts.usd is None:
        return UNKNOWN if counts.unpriced else ""
    if not counts.usd and not counts.unpriced:
        return NO_FEE
    return price_words(counts.usd, is_local=False, unpriced=counts.unpriced)


def key_words(key: Key) -> str:
    """A row's key: `17`, `graz, 2024`."""
    return ", ".join(str(part) for part in key)


def _bar(share: float | None) -> str:
    full = int(_BAR_CHARACTERS * (share or 0.0))
    percent = "    " if share is None else f"{int(100 * share):3}%"
    return f"[{'#' * full}{'-' * (_BAR_CHARACTERS - full)}] {percent}"


def _bound(number: float | None) -> str:
    return "any" if number is None else f"{number:g}"


def _json_cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
