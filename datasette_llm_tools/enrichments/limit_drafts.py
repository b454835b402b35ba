"""Limits of a run as they were typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..settings import Settings
from .typed import number, shown_as, text_of, whole
from .values import RunLimits


@dataclass(frozen=True)
class LimitsDraft:
    """Limits of a run as they were typed; empty is no limit."""

    usd: str = ""
    rows: str = ""
    failures_in_a_row: str = ""
    rows_per_second: str = ""
    concurrency: str = ""

    def limits(self, settings: Settings) -> RunLimits:
        """Raises BadInput for what is no number or out of range."""
        most = settings.enrich_max_concurrency
        default = RunLimits()
        concurrency = whole(self.concurrency, "Rows at once", 1, most)
        failures = whole(self.failures_in_a_row, "Failures in a row", 1)
        return replace(
            default,
            seconds_per_row=float(settings.enrich_row_seconds),
            usd=number(self.usd, "The limit on money", above=0),
            rows=whole(self.rows, "The limit on rows", 1),
            failures_in_a_row=failures or default.failures_in_a_row,
            rows_per_second=number(self.rows_per_second, "Rows a second", above=0),
            concurrency=concurrency or min(settings.enrich_concurrency, most),
        )


def limits_from(typed: Mapping[str, Any]) -> LimitsDraft:
    """The limits among the fields of a form or a JSON object."""
    return LimitsDraft(
        usd=text_of(typed.get("usd")),
        rows=text_of(typed.get("rows")),
        failures_in_a_row=text_of(typed.get("failures_in_a_row")),
        rows_per_second=text_of(typed.get("rows_per_second")),
        concurrency=text_of(typed.get("concurrency")),
    )


def changed_limits(limits: RunLimits, typed: Mapping[str, Any], settings: Settings) -> RunLimits:
    """The limits with those that were typed: an empty one is taken away, others stay.

    Raises BadInput for what is no number or out of range.
    """
    wanted = limits_from(typed).limits(settings)
    names = [each.name for each in fields(LimitsDraft) if each.name in typed]
    return replace(limits, **{name: getattr(wanted, name) for name in names})


def limits_draft(limits: RunLimits) -> LimitsDraft:
    """Limits as a form shows them."""
    return LimitsDraft(
        usd=shown_as(limits.usd),
        rows=shown_as(limits.rows),
        failures_in_a_row=shown_as(limits.failures_in_a_row),
        rows_per_second=shown_as(limits.rows_per_second),
        concurrency=shown_as(limits.concurrency),
    )
