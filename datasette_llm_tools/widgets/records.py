"""Rows of our tables of widgets as values, and back; what is kept as JSON is written here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..prompt import Usage
from .values import (
    Candidate,
    Choice,
    Column,
    Contract,
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Parameter,
    Revision,
    Vote,
    Widget,
    Writing,
)

WIDGET_COLUMNS = (
    "id, database_name, kind, title, actor_id, created_at, updated_at, current, shared, "
    "question_id, copied_from"
)
SUMMARY_COLUMNS = (
    "number, parent, origin, prompt, model_id, input_tokens, output_tokens, usd, milliseconds, "
    "actor_id, created_at, approved_at"
)
REVISION_COLUMNS = f"widget_id, source, queries, contract, {SUMMARY_COLUMNS}"
VOTE_COLUMNS = (
    "id, widget_id, question_id, prompt, prompt_kind, left_number, left_model_id, right_number, "
    "right_model_id, choice, actor_id, voted_at"
)


@dataclass(frozen=True, slots=True)
class RevisionSummary:
    """A revision as lists show it, without its source and queries."""

    number: int
    parent: int | None
    origin: Origin
    writing: Writing
    actor_id: str | None
    created_at: str
    approved_at: str | None


def widget_of(row: Any) -> Widget:
    return Widget(
        id=row["id"],
        database=row["database_name"],
        kind=Kind(row["kind"]),
        title=row["title"],
        actor_id=row["actor_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        current=row["current"],
        shared=bool(row["shared"]),
        question_id=row["question_id"],
        copied_from=row["copied_from"],
    )


def summary_of(row: Any) -> RevisionSummary:
    return RevisionSummary(
        number=row["number"],
        parent=row["parent"],
        origin=Origin(row["origin"]),
        writing=_writing(row),
        actor_id=row["actor_id"],
        created_at=row["created_at"],
        approved_at=row["approved_at"],
    )


def revision_of(row: Any) -> Revision:
    draft = Draft(
        origin=Origin(row["origin"]),
        source=row["source"],
        queries=tuple(map(_query, json.loads(row["queries"]))),
        contract={
            name: tuple(Column(**each) for each in columns)
            for name, columns in json.loads(row["contract"]).items()
        },
        writing=_writing(row),
    )
    return Revision(
        widget_id=row["widget_id"],
        number=row["number"],
        parent=row["parent"],
        draft=draft,
        actor_id=row["actor_id"],
        created_at=row["created_at"],
        approved_at=row["approved_at"],
    )


def vote_of(row: Any) -> Vote:
    return Vote(
        id=row["id"],
        widget_id=row["widget_id"],
        question_id=row["question_id"],
        prompt=row["prompt"],
        prompt_kind=row["prompt_kind"],
        left=Candidate(row["left_number"], row["left_model_id"]),
        right=Candidate(row["right_number"], row["right_model_id"]),
        choice=Choice(row["choice"]),
        actor_id=row["actor_id"],
        voted_at=row["voted_at"],
    )


def widget_values(widget: Widget) -> list[Any]:
    """In the order of WIDGET_COLUMNS."""
    return [
        widget.id,
        widget.database,
        widget.kind.value,
        widget.title,
        widget.actor_id,
        widget.created_at,
        widget.updated_at,
        widget.current,
        int(widget.shared),
        widget.question_id,
        widget.copied_from,
    ]


def revision_values(revision: Revision) -> list[Any]:
    """In the order of REVISION_COLUMNS."""
    draft, writing = revision.draft, revision.draft.writing
    return [
        revision.widget_id,
        draft.source,
        json.dumps([asdict(each) for each in draft.queries], ensure_ascii=False),
        _contract_json(draft.contract),
        revision.number,
        revision.parent,
        draft.origin.value,
        writing.prompt,
        writing.model_id,
        writing.usage.input_tokens,
        writing.usage.output_tokens,
        writing.usd,
        writing.milliseconds,
        revision.actor_id,
        revision.created_at,
        revision.approved_at,
    ]


def vote_values(vote: Vote) -> list[Any]:
    """In the order of VOTE_COLUMNS."""
    return [
        vote.id,
        vote.widget_id,
        vote.question_id,
        vote.prompt,
        vote.prompt_kind,
        vote.left.number,
        vote.left.model_id,
        vote.right.number,
        vote.right.model_id,
        vote.choice.value,
        vote.actor_id,
        vote.voted_at,
    ]


def _contract_json(contract: Contract) -> str:
    columns: Mapping[str, Sequence[Any]] = {
        name: [asdict(each) for each in found] for name, found in contract.items()
    }
    return json.dumps(columns, ensure_ascii=False)


def _query(value: Mapping[str, Any]) -> NamedQuery:
    parameters = tuple(
        Parameter(**{**each, "choices": tuple(each["choices"])}) for each in value["parameters"]
    )
    return NamedQuery(value["name"], value["sql"], parameters)


def _writing(row: Any) -> Writing:
    return Writing(
        prompt=row["prompt"],
        model_id=row["model_id"],
        usage=Usage(row["input_tokens"], row["output_tokens"]),
        usd=row["usd"],
        milliseconds=row["milliseconds"],
    )
