"""A case as a person writes it into a form or sends it as JSON."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, LlmToolsError
from ..permissions import EVAL, Actor, require
from ..queries import run_query
from ..questions.views import MAX_QUESTION_CHARACTERS
from ..sql_limits import MAX_SQL_BYTES
from .values import Accepted, Case, ExpectedRows, Instead

if TYPE_CHECKING:
    from datasette.app import Datasette

MOST_STATEMENTS = 10
_MOST_ID = 100


async def case_of_form(
    datasette: Datasette, actor: Actor, form: Mapping[str, Any], before: Case | None
) -> Case:
    """The case of `id`, `question`, `database`, `sql` (`sql_2` and so on), `expect` and `tags`.

    `before` is the case that is edited: what a form cannot show of it stays. Raises BadInput,
    also where a statement does not run, and what `require` raises.
    """
    question = " ".join(str(form.get("question") or "").split())
    if not question or len(question) > MAX_QUESTION_CHARACTERS:
        raise BadInput(f"A case needs a question of at most {MAX_QUESTION_CHARACTERS} characters.")
    database = str(form.get("database") or "")
    if database not in datasette.databases:
        raise BadInput("Choose a database that is served here.")
    await require(datasette, actor, EVAL, database)
    written = str(form.get("id") or (before.id if before else "")).strip()
    if len(written) > _MOST_ID:
        raise BadInput(f"An id has at most {_MOST_ID} characters.")
    case = Case(
        id=written or secrets.token_hex(4),
        question=question,
        database=database,
        accepted=_accepted(form, before),
        tags=_tags(form.get("tags")),
    )
    for sql in case.statements:
        try:
            await run_query(datasette, database, sql, actor=actor)
        except LlmToolsError as error:
            raise BadInput(f"The accepted SQL does not run: {error.message}") from error
    return case


def _accepted(form: Mapping[str, Any], before: Case | None) -> Accepted:
    expect = str(form.get("expect") or "")
    if expect:
        named = [each for each in Instead if each.value == expect]
        if not named:
            choices = " or ".join(each.value for each in Instead)
            raise BadInput(f"What is expected is {choices}, or nothing where there is SQL.")
        return named[0]
    statements = _statements(form)
    kept: list[ExpectedRows] = []
    if before is not None and not isinstance(before.accepted, Instead):
        kept = [each for each in before.accepted if isinstance(each, ExpectedRows)]
    if not statements and not kept:
        raise BadInput("A case needs SQL whose rows are right, or say what is expected instead.")
    return (*statements, *kept)


def _statements(form: Mapping[str, Any]) -> list[str]:
    given = form.get("sql")
    if isinstance(given, list):
        written = given
    else:
        numbered = (f"sql_{number}" for number in range(2, MOST_STATEMENTS + 1))
        written = [given, *(form.get(name) for name in numbered)]
    statements = [str(each).strip() for each in written if each and str(each).strip()]
    if len(statements) > MOST_STATEMENTS:
        raise BadInput(f"A case has at most {MOST_STATEMENTS} accepted statements.")
    if any(len(each.encode()) > MAX_SQL_BYTES for each in statements):
        raise BadInput(f"A statement has at most {MAX_SQL_BYTES:,} bytes.")
    return list(dict.fromkeys(statements))


def _tags(written: object) -> tuple[str, ...]:
    each = written if isinstance(written, list) else str(written or "").split(",")
    return tuple(dict.fromkeys(str(tag).strip()[:_MOST_ID] for tag in each if str(tag).strip()))
