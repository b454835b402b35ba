"""The steps of an investigation as lines of text, for the command line. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .values import Claim, InvestigationStep, Tool


def step_lines(step: InvestigationStep) -> Iterator[str]:
    """A step without its rows: what was thought, what was done, what came of it."""
    yield f"Step {step.number}: {step.thought}".rstrip(": ")
    if step.tool is Tool.TABLES:
        yield f"  Columns of {', '.join(step.about)}" if step.about else "  Names of all tables"
    yield from (f"  {line}" for line in (step.sql or "").splitlines())
    if step.error:
        yield f"  Came to nothing: {step.error}"
    elif step.has_rows:
        many = f"{step.row_count}{'+' if step.truncated else ''}"
        yield f"  {many} row{'' if many == '1' else 's'} in {max(1, round(step.milliseconds))} ms"


def claim_line(claim: Claim) -> str:
    """A sentence of the answer with the steps that it rests on."""
    steps = ", ".join(f"step {number}" for number in claim.steps)
    return f"{claim.text} ({steps})"
