"""What results amount to: shares, cost and time of a run, and of its cases by part. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from .editions import compared
from .kinds import kinds_of, tables_of
from .statistics import Paired, Share, median, percentile
from .values import Case, CaseResult, EvalRun, Verdict


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


def _right(results: Sequence[CaseResult]) -> Share:
    return Share(sum(each.verdict is Verdict.RIGHT for each in results), len(results))


def _sum(values: Iterable[Any]) -> Any:
    """The sum, or None where one of the values is unknown."""
    known = list(values)
    return None if any(each is None for each in known) else sum(known)
