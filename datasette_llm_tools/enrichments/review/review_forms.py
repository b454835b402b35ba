"""The form on which one row is reviewed: its fields, and what was said with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import BadInput
from ..outputs import Output, OutputType, to_sqlite
from ..values import Row, Run
from ..wording import cell_text
from .review_contexts import FieldShown
from .review_fields import as_text, from_text, is_same_cell, same
from .reviews import Judgement, Review, Verdict


def judgements_of(
    run: Run, verdict: Verdict, form: Mapping[str, Any], said: Mapping[str, Any]
) -> dict[str, Judgement]:
    """What a form says of each output of a row; `said` is what the model said.

    An edit corrects the outputs whose fields were changed and accepts the others; a rejection
    is of those that were marked as wrong, or of all. Raises BadInput where it does not fit.
    """
    found: dict[str, Judgement] = {}
    outputs = run.enrichment.specification.outputs
    marked = {output.name for number, output in enumerate(outputs) if form.get(f"wrong-{number}")}
    for number, output in enumerate(outputs):
        text = str(form.get(f"value-{number}", as_text(output, said.get(output.name))))
        unchanged = same(output, said.get(output.name), text)
        if verdict is Verdict.EDIT and not unchanged:
            found[output.name] = Judgement(Verdict.EDIT, from_text(output, text))
        elif verdict is Verdict.ACCEPT and not unchanged:
            raise BadInput(
                f"{output.name} was changed: save the correction, or put it back to accept it."
            )
        elif verdict is Verdict.REJECT and (not marked or output.name in marked):
            found[output.name] = Judgement(Verdict.REJECT)
        else:
            found[output.name] = Judgement(Verdict.ACCEPT)
    if verdict is Verdict.EDIT and all(each.verdict is Verdict.ACCEPT for each in found.values()):
        raise BadInput("Nothing was changed: accept it, or write what is right.")
    return found


def fields_of(
    run: Run,
    said: Mapping[str, Any],
    found: Mapping[str, Review],
    row: Row | None,
    typed: Mapping[str, Any],
) -> list[FieldShown]:
    """The fields of a row's form; `typed` is what a form held that could not be kept."""
    shown = []
    for number, output in enumerate(run.enrichment.specification.outputs):
        review = found.get(output.name)
        edited = review is not None and review.verdict is Verdict.EDIT
        kept = review.value if review is not None and edited else said.get(output.name)
        text = as_text(output, kept)
        shown.append(
            FieldShown(
                name=output.name,
                number=number,
                help=output.description,
                kind=_kind(output),
                options=_options(output, text),
                text=str(typed.get(f"value-{number}", text)),
                original=as_text(output, said.get(output.name)),
                said=cell_text(said.get(output.name)),
                holds=_holds(output, row, said.get(output.name), kept),
                verdict=review.verdict.value if review else None,
            )
        )
    return shown


def _kind(output: Output) -> str:
    kinds = {
        OutputType.LABEL: "select",
        OutputType.BOOLEAN: "select",
        OutputType.INTEGER: "number",
        OutputType.FLOAT: "number",
        OutputType.DATE: "date",
    }
    return kinds.get(output.type, "textarea")


def _options(output: Output, text: str) -> list[tuple[str, str]]:
    if _kind(output) != "select":
        return []
    values = ("true", "false") if output.type is OutputType.BOOLEAN else output.labels
    words = {"true": "yes", "false": "no"} if output.type is OutputType.BOOLEAN else {}
    nothing = [("", "(nothing)")] if output.optional or not text else []
    return [*nothing, *((each, words.get(each, each)) for each in values)]


def _holds(output: Output, row: Row | None, said: Any, kept: Any) -> str | None:
    """What the table holds now, where somebody else has changed it."""
    if row is None or output.name not in row.values:
        return None
    value = row.values[output.name]
    expected = (to_sqlite(output, said), to_sqlite(output, kept))
    return None if any(is_same_cell(value, each) for each in expected) else cell_text(value)
