"""What is found elsewhere as a block of an exploration. Pure: whoever calls may read the source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...enrichments.values import Run
from ...errors import BadInput
from ...queries import Value
from ...questions.store import Question
from ...questions.values import Call
from ...sql_names import quoted
from ...widgets.values import Kind, Revision, Widget
from ..canonical import digest
from ..documents import new_block_id
from ..parameters import names_in
from ..values import (
    ChartBlock,
    EnrichmentBlock,
    QueryBlock,
    QuestionBlock,
    WidgetBlock,
    Written,
)

_TITLE_CHARACTERS = 200


def question_block(question: Question) -> QuestionBlock:
    """A question with the SQL that answers it and the answer in words.

    The prompt that wrote the SQL is hashed where the question has it: it is its owner's to read.
    Raises BadInput where no SQL ran, and for an investigation: its words rest on the rows of
    several statements, of which a block could hold one.
    """
    answer = question.answer
    if answer.investigation is not None:
        raise BadInput("An investigation has several statements: add the SQL of one step instead.")
    if not answer.sql or answer.status.value != "answered":
        raise BadInput("This question has no SQL that ran; ask it again, or mend its SQL first.")
    call = _writing_call(answer.calls) if _is_by_model(question) else None
    return QuestionBlock(
        id=new_block_id(),
        title=_title(question.title or ""),
        database=question.database,
        sql=answer.sql,
        text=answer.text or "",
        question=question.question,
        written=Written(
            model_id=answer.model_id if _is_by_model(question) else None,
            prompt_hash=digest(list(call.messages)) if call else None,
            at=question.created_at,
        ),
    )


def widget_block(widget: Widget, revision: Revision) -> ChartBlock | WidgetBlock:
    """A version of a widget: of a chart its query and spec, of a document a reference to it."""
    if widget.kind is Kind.DOCUMENT:
        return WidgetBlock(
            id=new_block_id(),
            title=_title(widget.title),
            database=widget.database,
            widget_id=widget.id,
            revision=revision.number,
        )
    draft = revision.draft
    query = draft.queries[0]
    return chart_block(
        widget.database,
        query.sql,
        {each.name: each.default for each in query.parameters},
        json.loads(draft.source),
        widget.title,
        Written(model_id=draft.writing.model_id, at=revision.created_at),
    )


def chart_block(
    database: str,
    sql: str,
    params: Mapping[str, Value],
    spec: Mapping[str, Any],
    title: str,
    written: Written | None = None,
) -> ChartBlock:
    """A chart over the rows of a query; `spec` is one that was drawn."""
    return ChartBlock(
        id=new_block_id(),
        title=_title(title),
        database=database,
        sql=sql,
        params=dict(params),
        spec=spec,
        written=written or Written(),
    )


def query_block(
    database: str, sql: str, params: Mapping[str, Value], title: str, query: str = ""
) -> QueryBlock:
    """A query, with a value for each of its parameters; `query` is the name it is kept under."""
    return QueryBlock(
        id=new_block_id(),
        title=_title(title),
        database=database,
        sql=sql,
        params={name: params.get(name) for name in sorted(names_in(sql))},
        query=query,
    )


def enrichment_block(
    run: Run, keys: Sequence[str], inputs: Sequence[str], column: str = ""
) -> EnrichmentBlock:
    """The rows that a run has filled: their keys, the columns that it read, those that it wrote.

    `column`: one of these alone. Raises BadInput where the run wrote no such column.
    """
    enrichment, specification = run.enrichment, run.enrichment.specification
    outputs = [each.name for each in specification.outputs]
    if column and column not in outputs:
        raise BadInput(f"This run has no column {column!r}; it has: {', '.join(outputs)}.")
    shown = [column] if column else outputs
    columns = ", ".join(quoted(each) for each in dict.fromkeys([*keys, *inputs, *shown]))
    filled = " OR ".join(f"{quoted(each)} IS NOT NULL" for each in shown)
    order = ", ".join(quoted(each) for each in keys)
    return EnrichmentBlock(
        id=new_block_id(),
        title=_title(enrichment.name),
        database=enrichment.database,
        sql=f"SELECT {columns}\nFROM {quoted(enrichment.table)}\nWHERE {filled}\nORDER BY {order}",
        table=enrichment.table,
        column=column or outputs[0],
        run=run.id,
        written=Written(
            model_id=specification.model_id,
            # What all rows are asked alike: the messages themselves hold a row each.
            prompt_hash=digest([specification.instructions, specification.template]),
            at=run.created_at,
        ),
    )


def _is_by_model(question: Question) -> bool:
    """Whether the SQL is as a model wrote it: a person may have edited it since."""
    attempts = question.answer.attempts
    return not attempts or attempts[-1].written_by == "model"


def _writing_call(calls: Sequence[Call]) -> Call | None:
    """The last call that was asked for SQL, if its messages may be read."""
    asked = [each for each in calls if each.purpose == "sql" and each.messages]
    return asked[-1] if asked else None


def _title(text: str) -> str:
    return " ".join(text.split())[:_TITLE_CHARACTERS]
