"""A preview as it is shown, and as JSON: what came back, and what the whole run would take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..model import ModelInfo
from ..permissions import may_write
from . import links
from .contexts import PreviewRow, PreviewShown
from .database.tables import TargetTable, json_value
from .outputs import Output
from .previewing import Preview, PreviewedRow
from .values import Outcome, OutcomeStatus
from .wording import (
    UNKNOWN,
    cell_text,
    input_words,
    key_label,
    price_words,
    rows_words,
    seconds_range_words,
    seconds_words,
    tokens_words,
    usd_range_words,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor


async def preview_shown(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    found: Preview,
    outputs: Sequence[Output],
) -> PreviewShown:
    """A preview as it is shown, with what the whole run would take and need."""
    created, overwritten = split_outputs(target, outputs)
    missing = await may_write(datasette, actor, database, target.name, alter=bool(created))
    estimate, note = _estimate(found)
    return PreviewShown(
        outputs=[each.name for each in outputs],
        rows=[
            _preview_row(datasette, database, target, each, outputs, found) for each in found.rows
        ],
        estimate=estimate,
        estimate_note=note,
        overwritten=overwritten,
        created=created,
        missing=None
        if missing is None
        else f"You may preview, but not start it: you need the permission {missing} on "
        f"{target.name}.",
        stopped=found.stopped,
    )


def split_outputs(target: TargetTable, outputs: Sequence[Output]) -> tuple[list[str], list[str]]:
    """Names of outputs that become new columns, and of those that exist."""
    created = [each.name for each in outputs if target.column(each.name) is None]
    return created, [each.name for each in outputs if each.name not in created]


def preview_json(found: Preview, shown: PreviewShown) -> dict[str, Any]:
    """A preview for a program. Prices are null where they are unknown."""
    return {
        "rows": [
            {
                "key": [json_value(part) for part in each.row.key],
                "messages": each.prompt.messages() if each.prompt else [],
                **_outcome_json(each.outcome),
            }
            for each in found.rows
        ],
        "total": found.total,
        "estimate": estimate_json(found),
        "stopped": found.stopped,
        "overwritten": shown.overwritten,
        "created": shown.created,
        "missing": shown.missing,
    }


def _preview_row(
    datasette: Datasette,
    database: str,
    target: TargetTable,
    previewed: PreviewedRow,
    outputs: Sequence[Output],
    found: Preview,
) -> PreviewRow:
    key, outcome = previewed.row.key, previewed.outcome
    values = (outcome.values if outcome else None) or {}
    status = outcome.status if outcome else None
    message = outcome.message if outcome else "It was not asked about."
    return PreviewRow(
        label=key_label(key),
        url=links.row_url(datasette, database, target.name, key),
        input=input_words(previewed.row.values),
        messages=previewed.prompt.messages() if previewed.prompt else [],
        cells=[cell_text(values.get(each.name)) for each in outputs] if values else [],
        skipped=(message or "Skipped: its input is empty.")
        if status is OutcomeStatus.SKIPPED
        else None,
        error=_error(outcome) if status in (OutcomeStatus.FAILED, None) else None,
        reply=outcome.reply if outcome else None,
        tokens=_tokens(outcome) if outcome and outcome.attempts else "",
        price=_price(outcome, found) if outcome and outcome.attempts else "",
        seconds=seconds_words(outcome.milliseconds / 1000) if outcome and outcome.attempts else "",
    )


def _error(outcome: Outcome | None) -> str:
    if outcome is None:
        return "It was not asked about."
    kind = outcome.fault.value if outcome.fault else "It failed"
    return f"{kind}: {outcome.message}" if outcome.message else kind


def _tokens(outcome: Outcome) -> str:
    return "0" if outcome.cached else tokens_words(outcome.usage)


def _price(outcome: Outcome, found: Preview) -> str:
    return price_words(outcome.usd, is_local=_model_of(outcome, found).is_local)


def _model_of(outcome: Outcome, found: Preview) -> ModelInfo:
    fallback = found.fallback
    return fallback if fallback and outcome.model_id == fallback.model_id else found.model


def _estimate(found: Preview) -> tuple[list[tuple[str, str]], str | None]:
    """What the whole run would take, as names and words, and what is not known."""
    estimate = found.estimate
    if estimate is None:
        return [("Rows", f"{found.total:,}")], "Preview rows that get a reply to see an estimate."
    is_local = found.model.is_local and (found.fallback is None or found.fallback.is_local)
    money = usd_range_words(estimate.usd_low, estimate.usd_high, is_local=is_local)
    note = f"The time is with {rows_words(found.at_once)} at once, if the model keeps up."
    if found.model.is_local:
        note = "The model runs on this machine, where rows wait for each other."
    if money == UNKNOWN:
        note += f" {found.model.model_id} has no known price: set a limit on rows."
    return [
        ("Rows", f"{estimate.rows:,}"),
        ("Tokens", f"about {estimate.tokens:,}"),
        ("Money", money),
        ("Time", f"about {seconds_range_words(estimate.seconds_low, estimate.seconds_high)}"),
    ], note


def estimate_json(found: Preview) -> dict[str, Any] | None:
    """The estimate for a program; money is null where no price is known."""
    estimate = found.estimate
    if estimate is None:
        return None
    return {
        "rows": estimate.rows,
        "tokens": estimate.tokens,
        "usd_low": estimate.usd_low,
        "usd_high": estimate.usd_high,
        "seconds_low": estimate.seconds_low,
        "seconds_high": estimate.seconds_high,
        "is_local": found.model.is_local,
    }


def _outcome_json(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {"status": None}
    return {
        "status": outcome.status.value,
        "values": outcome.values,
        "fault": outcome.fault.value if outcome.fault else None,
        "message": outcome.message,
        "reply": outcome.reply,
        "input_tokens": outcome.usage.input_tokens,
        "output_tokens": outcome.usage.output_tokens,
        "usd": outcome.usd,
        "milliseconds": outcome.milliseconds,
        "cached": outcome.cached,
        "model": outcome.model_id,
    }
