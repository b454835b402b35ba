"""What results amount to, as people and programs read it: tables, sentences and JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..enrichments.wording import NO_FEE, UNKNOWN, usd_words
from .calibration import agreement_json, levels
from .statistics import Share
from .summaries import Reported, pairs, parts, scored, summary
from .values import Case, Verdict

_TABLES_SHOWN = 20


def head_and_rows(runs: Sequence[Reported]) -> tuple[list[str], list[list[str]]]:
    """The main table: a line for each run."""
    head = ["", "cases", "right", "95%", "extra columns", "wrong", "failed", "refused"]
    head += ["unanswered", "tokens in", "out", "cost", "median s", "p95 s"]
    rows = []
    for each in runs:
        told = summary(each.results)
        shares = [
            percent(told.share(verdict))
            for verdict in (
                Verdict.EXTRA_COLUMNS,
                Verdict.WRONG,
                Verdict.FAILED,
                Verdict.REFUSED,
                Verdict.UNANSWERED,
            )
        ]
        rows.append(
            [
                each.name,
                f"{told.right.of:,}",
                percent(told.right),
                interval(told.right),
                *shares,
                _count(told.input_tokens),
                _count(told.output_tokens),
                _price(told.usd),
                _seconds(told.median_seconds),
                _seconds(told.p95_seconds),
            ]
        )
    return head, rows


def part_rows(cases: Sequence[Case], runs: Sequence[Reported]) -> tuple[list[str], list[list[str]]]:
    """Shares of right cases by part, a column for each run; of many tables the worst."""
    found = [parts(cases, each.results) for each in runs]
    rows = []
    for part, named in found[0].items():
        is_long = part == "table" and len(named) > _TABLES_SHOWN
        label = f"worst {_TABLES_SHOWN} tables" if is_long else part
        for name in _worst(named) if is_long else named:
            shares = [each.get(part, {}).get(name, Share(0, 0)) for each in found]
            cells = [f"{percent(share)} ({interval(share)})" for share in shares]
            rows.append([label, name, f"{named[name].of:,}", *cells])
    return ["by", "", "cases", *(each.name for each in runs)], rows


def agreement_rows(runs: Sequence[Reported]) -> tuple[list[str], list[list[str]]]:
    """What share of answers has so many statements agreeing, and of these is right."""
    rows = []
    for each in runs:
        second = str(each.run.plan.settings.get("escalation_model", ""))
        for level in levels(each.results, second):
            if not level.answers.count:
                continue
            rows.append(
                [
                    each.name,
                    level.name,
                    percent(level.answers),
                    percent(level.right),
                    interval(level.right),
                    _price(level.saved_usd) if second else "",
                ]
            )
    return ["", "agree", "answers", "right", "95%", "saved"], rows


def notes(cases: int, runs: Sequence[Reported]) -> Iterator[str]:
    """Sentences about what the table cannot show. `cases` is how many a run has."""
    for each in runs:
        told = summary(each.results)
        name = f"{each.name}: " if len(runs) > 1 else ""
        if each.left_out:
            yield (
                f"{name}Left out of all figures, for their SQL reads tables that you may not "
                f"view: {each.left_out}."
            )
        if len(each.results) + each.left_out < cases:
            yield f"{name}{len(each.results):,} of {cases:,} cases so far."
        if told.counts.get(Verdict.UNSCORED):
            odd = next(one for one in each.results if one.verdict is Verdict.UNSCORED)
            count = told.counts[Verdict.UNSCORED]
            yield f"{name}Not scored: {count}, as {odd.case_id}: {odd.error}"
        if told.accepted_empty:
            yield f"{name}Accepted results without rows, which say little: {told.accepted_empty}."
        if told.variants:
            yield (
                f"{name}Judged on changed copies, too: {told.variants}; of these right by luck: "
                f"{told.by_luck}."
            )
    for first, other, test in pairs(runs):
        yield (
            f"{other.name} against {first.name}: {test.only_second} only there right, "
            f"{test.only_first} only here, of {test.cases}; McNemar {chance(test.p)}."
        )


def report_json(suite: str, cases: Sequence[Case], runs: Sequence[Reported]) -> dict[str, Any]:
    """All of a report for programs; shares have `count`, `of`, `low` and `high`."""
    return {
        "suite": suite,
        "cases": len(cases),
        "runs": [run_json(cases, each) for each in runs],
        "pairs": [
            {
                "first": first.name,
                "second": other.name,
                "both_right": test.both,
                "only_first_right": test.only_first,
                "only_second_right": test.only_second,
                "neither_right": test.neither,
                "p": test.p,
            }
            for first, other, test in pairs(runs)
        ],
    }


def run_json(cases: Sequence[Case], reported: Reported, *, second: str = "") -> dict[str, Any]:
    """A run for programs. `second`: the second model, unless the run's settings name one."""
    told = summary(reported.results)
    return {
        "name": reported.name,
        "id": reported.run.id,
        "status": reported.run.status.value,
        "model": reported.run.plan.model_id,
        "settings": dict(reported.run.plan.settings),
        "sample": reported.run.plan.sample,
        "seed": reported.run.plan.seed,
        "verdicts": {each.value: told.counts.get(each, 0) for each in Verdict},
        "right": _share_json(told.right),
        "tokens": {"input": told.input_tokens, "output": told.output_tokens},
        "calls": told.calls,
        "usd": told.usd,
        "median_seconds": told.median_seconds,
        "p95_seconds": told.p95_seconds,
        "accepted_empty": told.accepted_empty,
        "variants": {"cases": told.variants, "by_luck": told.by_luck},
        "agreement": agreement_json(
            scored(reported.results),
            str(reported.run.plan.settings.get("escalation_model", second)),
        ),
        "by": {
            part: {name: _share_json(share) for name, share in named.items()}
            for part, named in parts(cases, reported.results).items()
        },
        "results": [{**asdict(each), "verdict": each.verdict.value} for each in reported.results],
    }


def _share_json(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"count": share.count, "of": share.of, "low": low, "high": high}


def percent(share: Share) -> str:
    """`71.6%`; nothing without cases."""
    return "" if share.value is None else f"{100 * share.value:.1f}%"


def interval(share: Share) -> str:
    """`61-80`, in percent; nothing without cases."""
    if not share.of:
        return ""
    low, high = share.interval
    return f"{100 * low:.0f}-{100 * high:.0f}"


def chance(p: float) -> str:
    """The p of a test: `p = 0.043`, `p below 0.001`."""
    return f"p = {p:.3f}" if p >= 0.001 else "p below 0.001"


def _worst(shares: Mapping[str, Share]) -> list[str]:
    """The parts whose interval ends lowest."""
    return sorted(shares, key=lambda name: (shares[name].interval[1], name))[:_TABLES_SHOWN]


def _count(tokens: int | None) -> str:
    return UNKNOWN if tokens is None else f"{tokens:,}"


def _price(usd: float | None) -> str:
    return UNKNOWN if usd is None else usd_words(usd) if usd else NO_FEE


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
