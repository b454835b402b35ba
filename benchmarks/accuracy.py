"""How often answers are right on a suite of questions, and what each technique adds.

    python benchmarks/accuracy.py SUITE [-m MODEL] [--sample N] [--seed S] [--set NAME=VALUE]
        [--off NAME=VALUE] [--ablation] [--variants N] [--save FILE] [--replies FILE]

SUITE is what `datasette llm-tools eval` takes. `--ablation` runs the suite again with each
technique that a setting switches off in turn, `--off` with one that is named. What is asked is kept
in FILE: the same command goes on where it was, and asks nothing twice. FILE knows settings and not
code, so name another one after changing that.

`--replies` keeps what the local model said: a request that it answered before is answered from
there, so that an ablation of rules needs hardly any model time. Seconds are then of nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from replies import keep_replies
from tables import machine, table

from datasette_llm_tools.errors import LlmToolsError
from datasette_llm_tools.evals.command import settings_of
from datasette_llm_tools.evals.command_runs import Ran, Wanted, evaluated
from datasette_llm_tools.evals.reports import head_and_rows, notes, part_rows, percent
from datasette_llm_tools.evals.summaries import Reported, summary
from datasette_llm_tools.settings import Settings

# What switches a technique of answering off.
OFF: dict[str, object] = {
    "candidates": 1,
    "mend_names": False,
    "correct_sql": False,
    "heed_question": False,
    "mend_texts": False,
    "repairs": 0,
}


def plans(options: argparse.Namespace) -> list[tuple[str, Wanted]]:
    """What is to be run, by name: everything as set, then with one setting changed at a time."""
    known = {each.name: each.default for each in fields(Settings)}
    whole = Wanted(
        suite=options.suite,
        models=(options.model,) if options.model else (),
        sample=options.sample,
        seed=options.seed,
        settings=settings_of(options.set),
        variants=options.variants,
        save=options.save,
        resume=options.save is not None,
    )
    off = dict(settings_of(options.off))
    if options.ablation:
        off = {**{name: value for name, value in OFF.items() if name in known}, **off}
    without = [
        (f"{name}={value}", replace(whole, settings={**whole.settings, name: value}))
        for name, value in off.items()
        if whole.settings.get(name, known[name]) != value
    ]
    return [("as set", whole), *without]


async def measured(named: Sequence[tuple[str, Wanted]]) -> list[tuple[str, Ran]]:
    """Run each plan after the other; what is stopped ends them all."""
    done = []
    for name, wanted in named:
        print(name, file=sys.stderr, flush=True)
        done.append((name, await evaluated(wanted)))
        if done[-1][1].stopped:
            break
    return done


def report(done: Sequence[tuple[str, Ran]]) -> str:
    """The tables, the points that each technique adds, and what they cannot show."""
    first = done[0][1]
    runs = [replace(ran.runs[0], name=name) for name, ran in done]
    plan = runs[0].run.plan
    settings = ", ".join(f"{name}={value}" for name, value in plan.settings.items())
    lines = [
        f"{first.suite.name}: {len(first.cases):,} of {len(first.suite.cases):,} cases, "
        f"seed {plan.seed}, {plan.model_id}, {settings or 'default settings'}, "
        f"{time.strftime('%Y-%m-%d')}",
        "",
        table(*head_and_rows(runs)),
        "",
        table(*part_rows(first.cases, runs)),
        "",
        *points(runs),
        *notes(len(first.cases), runs),
    ]
    return "\n".join(lines)


def points(runs: Sequence[Reported]) -> list[str]:
    """How many points of right cases each changed setting costs."""
    whole = summary(runs[0].results).right
    lines = []
    for each in runs[1:]:
        share = summary(each.results).right
        if whole.value is not None and share.value is not None:
            change = 100 * (share.value - whole.value)
            lines.append(f"{each.name}: {percent(share)}, {change:+.1f} points")
    return [*lines, ""] if lines else []


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("suite")
    parser.add_argument("-m", "--model")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--off", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--variants", type=int, default=0)
    parser.add_argument("--save", type=Path, metavar="FILE")
    parser.add_argument("--replies", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.replies:
        keep_replies(options.replies)
    try:
        done = asyncio.run(measured(plans(options)))
    except LlmToolsError as error:
        sys.exit(f"Error: {error.message}")
    print(report(done))
    print(machine())
    if done[-1][1].stopped:
        sys.exit(done[-1][1].stopped)


if __name__ == "__main__":
    main()
