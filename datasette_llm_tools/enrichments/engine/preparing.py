"""Rows to questions: what is sent for a row, or what comes of it without asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import BadInput
from ...model import ModelInfo
from ...prompt import Attachment, Prompt
from ..fences import marker_of
from ..prompts import Prompting
from ..values import Fault, Key, Outcome, OutcomeStatus, Row, Specification


@dataclass(slots=True)
class Question:
    """A row with what is sent for it. `files` are its attachments."""

    row: Row
    prompt: Prompt
    input_hash: bytes
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of a row without asking: `values` of an earlier identical prompt."""

    values: Mapping[str, Any] | None
    model_id: str | None = None


UNCHANGED = Recalled(None)  # its result from an earlier run still holds

Recall = Callable[[Sequence[tuple[Key, bytes]]], Awaitable[Mapping[Key, Recalled]]]
Load = Callable[[Row], Awaitable[tuple[Attachment, ...]]]


class Preparing:
    """Prepares rows for the model that is asked first."""

    def __init__(
        self,
        specification: Specification,
        prompting: Prompting,
        *,
        recall: Recall | None,
        load: Load | None,
    ) -> None:
        self._specification = specification
        self._prompting = prompting
        self._recall = recall
        self._load = load
        self.needs_files = load is not None

    def prepared(self, row: Row, files: tuple[Attachment, ...] = ()) -> Question | Outcome:
        """What to ask about a row, or its outcome where there is nothing to ask."""
        prompting = self._prompting
        if not self._specification.ask_empty and prompting.is_empty(row.values, files):
            return Outcome(row.key, OutcomeStatus.SKIPPED)
        if column := prompting.too_long(row.values):
            most = self._specification.max_cell_characters
            return _failed(row, Fault.INPUT_TOO_LONG, f"{column} has over {most:,} characters.")
        try:
            prompt = prompting.prompt(row.values, files)
        except BadInput as error:
            return _failed(row, Fault.TEMPLATE, error.message)
        return Question(row, prompt, prompting.input_hash(prompt), files)

    async def recalled(self, prepared: Sequence[Question | Outcome]) -> list[Question | Outcome]:
        """The same, with outcomes of the rows that need not be asked about again."""
        asked = [(each.row.key, each.input_hash) for each in prepared if isinstance(each, Question)]
        if self._recall is None or not asked:
            return list(prepared)
        known = await self._recall(asked)
        return [
            _known(each, known[each.row.key])
            if isinstance(each, Question) and each.row.key in known
            else each
            for each in prepared
        ]

    async def loaded(self, row: Row) -> Question | Outcome:
        """The same for one row with its files."""
        assert self._load
        try:
            files = await self._load(row)
        except BadInput as error:
            return _failed(row, Fault.ATTACHMENT, error.message)
        (prepared,) = await self.recalled([self.prepared(row, files)])
        return prepared


def _failed(row: Row, fault: Fault, message: str) -> Outcome:
    return Outcome(row.key, OutcomeStatus.FAILED, usd=0.0, fault=fault, message=message)


def _known(question: Question, recalled: Recalled) -> Outcome:
    if recalled.values is None:
        return Outcome(
            question.row.key, OutcomeStatus.UNCHANGED, input_hash=question.input_hash, usd=0.0
        )
    return Outcome(
        question.row.key,
        OutcomeStatus.DONE,
        values=recalled.values,
        input_hash=question.input_hash,
        usd=0.0,
        cached=True,
        model_id=recalled.model_id,
    )


def promptings_for(
    specification: Specification, columns: Sequence[str], models: Sequence[ModelInfo]
) -> list[Prompting]:
    """How each model is asked; the last one need not say whether it is unsure."""
    marker = marker_of(specification)
    return [
        Prompting(
            replace(specification, model_id=model.model_id),
            columns,
            supports_schema=model.supports_schema,
            supports_grammar=model.supports_grammar,
            marker=marker,
            asks_unsure=number < len(models) - 1,
        )
        for number, model in enumerate(models)
    ]
