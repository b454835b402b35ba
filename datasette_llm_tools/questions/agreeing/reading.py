"""Agreement as a reader may know it: what reads a table that they may not see is left out.

Rows are read now, as the reader, and so are the values in a question back.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...cells import display_rows
from ...errors import LlmToolsError, NotAllowed, NotFound
from ...permissions import Actor, visible_tables
from ...queries import QueryResult, run_query
from ..values import Agreement, Answer, Group, rows_json
from .asking_back import one_value
from .contexts import AgreementView, AskedBackView, Comparison, Dissent, Mend, RowList
from .row_difference import Row, RowDifference, row_difference
from .sentences import (
    agreement_words,
    difference_words,
    escalation_words,
    returns_words,
    votes_words,
)
from .values import AskedBack, with_values

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ...schema import Schema
    from ..store import Question

_ROWS_SHOWN = 20
_FIRST_ROWS = 5


async def readable(
    datasette: Datasette, actor: Actor, database: str, answer: Answer, result: QueryResult
) -> Answer:
    """The answer whose rows the actor has just read, with only what they may know beside it."""
    if answer.agreement is None:
        return replace(answer, asked_back=None)
    tables = await visible_tables(datasette, actor, database)
    groups = tuple(each for each in answer.agreement.groups if tables.issuperset(each.tables))
    return replace(
        answer,
        agreement=replace(answer.agreement, groups=groups),
        asked_back=await _asked_back(datasette, actor, database, answer, result),
    )


def without_agreement(answer: Answer) -> Answer:
    """The answer for somebody who may not read its rows."""
    return replace(answer, agreement=None, asked_back=None, escalation=None)


async def _asked_back(
    datasette: Datasette, actor: Actor, database: str, answer: Answer, result: QueryResult
) -> AskedBack | None:
    """The question with the values of now; None where the actor may not read both readings."""
    if answer.asked_back is None:
        return None
    values = {}
    for option in answer.asked_back.options:
        found = result
        if option.sql != answer.sql:
            try:
                found = await run_query(datasette, database, option.sql, actor=actor)
            except LlmToolsError:
                return None
        values[option.sql] = one_value(found)
    return with_values(answer.asked_back, values)


def agreement_view(answer: Answer, all_of_it: Agreement | None, url: str) -> AgreementView | None:
    """How far statements agree. `answer` is as it is readable, `all_of_it` as it was counted.

    None where there was only one statement.
    """
    agreement = answer.agreement
    if agreement is None or all_of_it is None or all_of_it.asked < 2:
        return None
    current = all_of_it.group(answer.sql)
    dissents = tuple(
        _dissent(number, group, url)
        for number, group in enumerate(all_of_it.groups, 1)
        if group is not current and group in agreement.groups
    )
    others = len(all_of_it.groups) - (current is not None)
    votes = current.votes if current else 0
    return AgreementView(
        sentence=agreement_words(all_of_it, current),
        votes=(
            *["agrees"] * votes,
            *["differs"] * (all_of_it.asked - votes - all_of_it.failed),
            *["failed"] * all_of_it.failed,
        ),
        is_close=8 * votes < 7 * all_of_it.asked,
        dissents=dissents,
        hidden=others - len(dissents),
        escalation=escalation_words(answer.escalation) if answer.escalation else None,
    )


def asked_back_view(answer: Answer) -> AskedBackView | None:
    """The question back, as long as the answer is one of its readings."""
    asked = answer.asked_back
    if asked is None or answer.sql not in {each.sql for each in asked.options}:
        return None
    return AskedBackView(asked, answer.sql or "", is_settled(answer))


def is_settled(answer: Answer) -> bool:
    """Whether the person who asked has said which statement they meant."""
    return any(each.sql == answer.sql and each.chosen_by for each in answer.attempts)


def mend_of(answer: Answer) -> Mend | None:
    """How a rule changed the statement that is shown."""
    of: Any = answer.agreement.group(answer.sql) if answer.agreement else None
    if of is None or not of.changes:
        of = next((each for each in answer.attempts if each.sql == answer.sql), None)
    return _mend(of) if of is not None else None


def _mend(of: Any) -> Mend | None:
    return Mend(of.changes, of.written) if of.changes and of.written else None


def _dissent(number: int, group: Group, url: str) -> Dissent:
    return Dissent(
        number=number,
        sql=group.sql,
        votes=votes_words(group),
        returned=returns_words(group),
        mend=_mend(group),
        url=f"{url}/-/compare?group={number}",
    )


async def group_of(
    datasette: Datasette, actor: Actor, question: Question, number: int
) -> tuple[Group, Dissent]:
    """A group by its number, if the actor may know it. Raises NotFound, NotAllowed."""
    agreement = question.answer.agreement
    groups = agreement.groups if agreement else ()
    if not 1 <= number <= len(groups):
        raise NotFound("There is no such statement beside this answer.")
    group = groups[number - 1]
    tables = await visible_tables(datasette, actor, question.database)
    if not tables.issuperset(group.tables):
        raise NotAllowed("You may not see what this statement reads.")
    return group, _dissent(number, group, "")


async def compared(
    datasette: Datasette, actor: Actor, question: Question, group: Group
) -> tuple[QueryResult, RowDifference]:
    """The rows of a group and how they differ from the answer's, both read as the actor.

    Raises what run_query raises.
    """
    database, sql = question.database, question.answer.sql or ""
    answer = await run_query(datasette, database, sql, actor=actor)
    other = await run_query(datasette, database, group.sql, actor=actor)
    return other, await asyncio.to_thread(row_difference, answer, other)


async def comparison(
    datasette: Datasette,
    request: Request,
    question: Question,
    number: int,
    found: tuple[QueryResult, RowDifference],
    schema: Schema,
) -> Comparison:
    """The same as HTML."""
    other, difference = found
    agreement = question.answer.agreement
    sql = agreement.groups[number - 1].sql if agreement else ""

    async def rows(
        of_sql: str, columns: tuple[str, ...], rows: tuple[Row, ...], most: int
    ) -> RowList:
        shown = replace(other, columns=columns, rows=rows[:most])
        cells = await display_rows(datasette, request, question.database, of_sql, shown, schema)
        return RowList(columns, cells, len(rows))

    answer_columns = question.answer.columns
    return Comparison(
        number=number,
        sql=sql,
        sentence=difference_words(difference),
        first=await rows(sql, other.columns, other.rows, _FIRST_ROWS),
        only_answer=await rows(
            question.answer.sql or "", answer_columns, difference.only_answer, _ROWS_SHOWN
        ),
        only_other=await rows(sql, other.columns, difference.only_other, _ROWS_SHOWN),
        truncated=other.truncated,
    )


def comparison_json(
    group: Group, number: int, found: tuple[QueryResult, RowDifference]
) -> dict[str, Any]:
    """For programs: all rows that were read."""
    other, difference = found
    return {
        "group": number,
        "sql": group.sql,
        "votes": group.votes,
        "columns": list(other.columns),
        "rows": rows_json(other),
        "truncated": other.truncated,
        "difference": {
            "only_answer": rows_json(replace(other, rows=difference.only_answer)),
            "only_other": rows_json(replace(other, rows=difference.only_other)),
            "same": difference.same,
            "columns_only_answer": list(difference.columns_only_answer),
            "columns_only_other": list(difference.columns_only_other),
            "is_partial": difference.is_partial,
            "sentence": difference_words(difference),
        },
    }
