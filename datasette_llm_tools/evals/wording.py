"""What runs came to, in sentences and cells. Pure."""

from __future__ import annotations

from ..enrichments.wording import NO_FEE, UNKNOWN, usd_words
from .reports import chance, interval, percent
from .statistics import Paired
from .summaries import Reported, Summary
from .values import EvalRun, Plan, RunStatus, Verdict

SURE = 0.05  # below, a difference is taken for one

VERDICT_WORDS = {
    Verdict.RIGHT: "right",
    Verdict.EXTRA_COLUMNS: "extra columns",
    Verdict.WRONG: "ran but wrong",
    Verdict.FAILED: "failed",
    Verdict.REFUSED: "refused",
    Verdict.UNANSWERED: "unanswered",
    Verdict.UNSCORED: "not scored",
}


def cases_words(number: int) -> str:
    """`1 case`, `1,234 cases`."""
    return f"{number:,} case{'' if number == 1 else 's'}"


def plan_words(plan: Plan) -> str:
    """How a run differs from one of all cases by the settings in force; nothing if it does not."""
    said = [f"{name}={value}" for name, value in plan.settings.items()]
    if plan.sample is not None:
        said.append(f"{plan.sample:,} drawn by seed {plan.seed}")
    if plan.variants:
        said.append(f"{plan.variants} changed cop{'y' if plan.variants == 1 else 'ies'}")
    return ", ".join(said)


def headline(run: EvalRun, asked: int, told: Summary) -> str:
    """One sentence for the top of a run's page, which is read out when it changes."""
    place = f"{asked:,} of {cases_words(run.cases)}"
    if run.status is RunStatus.DONE:
        place = f"All {cases_words(run.cases)}" if run.cases != 1 else "The one case"
    elif run.status is RunStatus.WAITING:
        place += ", waiting for its turn"
    if told.right.of:
        place += f": {percent(told.right)} right (95%: {interval(told.right)}%)"
    return f"{place}. {run.reason}" if run.reason else f"{place}."


def money(usd: float | None) -> str:
    """Dollars in words; `unknown` where a price is."""
    return UNKNOWN if usd is None else usd_words(usd) if usd else NO_FEE


def seconds(value: float | None) -> str:
    """`2.3 s`; nothing without cases."""
    return "" if value is None else f"{value:.1f} s"


def tokens(told: Summary) -> str:
    """Tokens in and out."""
    if told.input_tokens is None or told.output_tokens is None:
        return "not counted"
    return f"{told.input_tokens:,} in, {told.output_tokens:,} out"


def changed_words(changed: int) -> list[str]:
    """That the verdicts of some cases are of what these were, if any were changed since."""
    if not changed:
        return []
    was = "was" if changed == 1 else "were"
    return [
        f"{cases_words(changed)[:1].upper()}{cases_words(changed)[1:]} {was} changed since this "
        "run asked; what is said of them holds for what they were then."
    ]


def mcnemar_words(first: str, second: str, test: Paired) -> list[str]:
    """What a paired test of two runs says, for somebody who never heard of it."""
    if not test.cases:
        return ["The two runs have no case in common, so that nothing can be said."]
    said = [
        f"Of {cases_words(test.cases)} asked in both, both had {test.both:,} right and neither "
        f"{test.neither:,}. Only {second} had {test.only_second:,} right, only {first} "
        f"{test.only_first:,}."
    ]
    if test.only_first == test.only_second:
        said.append("That is a draw.")
        return said
    better = second if test.only_second > test.only_first else first
    if test.p < SURE:
        said.append(
            f"{better} is better: between equals, so large a difference comes up {_often(test.p)} "
            f"(McNemar's exact test, {chance(test.p)})."
        )
    else:
        said.append(
            f"{better} is ahead, but take the two for equal: between equals, a difference as large "
            f"comes up {_often(test.p)} (McNemar's exact test, {chance(test.p)}). More cases would "
            "tell."
        )
    return said


def run_name(number: int, reported: Reported) -> str:
    """What a run is called beside others: its number in the suite, and its model."""
    return f"{number}: {reported.run.plan.model_id}"


def _often(p: float) -> str:
    if p < 0.01:
        return "in fewer than 1 of 100 tries"
    return f"in {round(100 * p)} of 100 tries"
