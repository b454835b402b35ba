"""What results amount to: shares with intervals, cost and time, by set, kind and table. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from ..enrichments.wording import NO_FEE, UNKNOWN, usd_words
from .calibration import agreement_json, levels
from .editions import compared
from .kinds import kinds_of, tables_of
from .statistics import Paired, Share, median, percentile
from .values import Case, CaseResult, EvalRun, Verdict

_TABLES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """The results of one run, of cases that could be scored.

    `counts` are by verdict, unscored ones included. `usd` is None where the price of any answer
    is unknown, tokens where a model did not count. Seconds are of one question, None without any.
    `by_luck`: right on the data as they are, wrong on a changed copy; `variants`: cases that were
    judged there.
    """

    counts: Mapping[Verdict, int]
    right: Share
    input_tokens: int | None
    output_tokens: int | None
    calls: int
    usd: float | None
    median_seconds: float | None
    p95_seconds: float | None
    accepted_empty: int
    variants: int
    by_luck: int

    def share(self, verdict: Verdict) -> Share:
        """The share of a verdict among the cases that could be scored."""
        return Share(self.counts.get(verdict, 0), self.right.of)


@dataclass(frozen=True, slots=True)
class Reported:
    """A run with what came of it, and the words it is called by in a table.

    `left_out`: how many results its reader may not see; they are in no figure.
    """

    name: str
    run: EvalRun
    results: tuple[CaseResult, ...]
    left_out: int = 0


def scored(results: Iterable[CaseResult]) -> list[CaseResult]:
    """The results of cases whose accepted statement ran."""
    return [each for each in results if each.verdict is not Verdict.UNSCORED]


def summary(results: Sequence[CaseResult]) -> Summary:
    """Add up the results of a run."""
    asked = scored(results)
    seconds = [each.seconds for each in asked]
    return Summary(
        counts=Counter(each.verdict for each in results),
        right=_right(asked),
        input_tokens=_sum(each.input_tokens for each in asked),
        output_tokens=_sum(each.output_tokens for each in asked),
        calls=sum(each.calls for each in asked),
        usd=_sum(each.usd for each in asked),
        median_seconds=median(seconds),
        p95_seconds=percentile(seconds, 0.95),
        accepted_empty=sum(each.accepted_empty for each in asked),
        variants=sum(each.variants > 0 for each in asked),
        by_luck=sum(each.variants_wrong > 0 for each in asked),
    )


def parts(cases: Sequence[Case], results: Sequence[CaseResult]) -> dict[str, dict[str, Share]]:
    """The share of right cases apart by set, kind, database and table; a case may be in several.

    A part of which there is only one, which would be the whole, is left out.
    """
    by_id = {each.case_id: each for each in scored(results)}
    members: dict[str, dict[str, list[CaseResult]]] = {
        "set": {},
        "kind": {},
        "database": {},
        "table": {},
    }
    for case in cases:
        if case.id not in by_id:
            continue
        database = PurePath(case.database).stem
        names = {
            "set": case.tags[:1],
            "kind": sorted(each.value for each in kinds_of(case)),
            "database": [database],
            "table": [f"{database}.{each}" for each in sorted(tables_of(case))],
        }
        for part, found in names.items():
            for name in found:
                members[part].setdefault(name, []).append(by_id[case.id])
    return {
        part: {name: _right(found) for name, found in sorted(named.items())}
        for part, named in members.items()
        if len(named) > 1
    }


def pairs(runs: Sequence[Reported]) -> list[tuple[Reported, Reported, Paired]]:
    """The first run beside each of the others."""
    return [(runs[0], other, compared(runs[0].results, other.results)) for other in runs[1:]]


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
            f"{test.only_first} only here, of {test.cases}; McNemar p = {test.p:.3f}."
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


def run_json(cases: Sequence[Case], reported: Reported) -> dict[str, Any]:
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
            scored(reported.results), str(reported.run.plan.settings.get("escalation_model", ""))
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


def _right(results: Sequence[CaseResult]) -> Share:
    return Share(sum(each.verdict is Verdict.RIGHT for each in results), len(results))


def _worst(shares: Mapping[str, Share]) -> list[str]:
    """The parts whose interval ends lowest."""
    return sorted(shares, key=lambda name: (shares[name].interval[1], name))[:_TABLES_SHOWN]


def _sum(values: Iterable[Any]) -> Any:
    """The sum, or None where one of the values is unknown."""
    known = list(values)
    return None if any(each is None for each in known) else sum(known)


def _count(tokens: int | None) -> str:
    return UNKNOWN if tokens is None else f"{tokens:,}"


def _price(usd: float | None) -> str:
    return UNKNOWN if usd is None else usd_words(usd) if usd else NO_FEE


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
