"""What is right in place of rows: saying that it cannot be answered, or asking back."""

from __future__ import annotations

import pytest

from datasette_llm_tools.evals.executing import Place
from datasette_llm_tools.evals.judging import Judge, Key
from datasette_llm_tools.evals.values import Case, Instead, Suite, Verdict
from datasette_llm_tools.queries import Limits
from datasette_llm_tools.questions.agreeing.values import AskedBack, Option
from datasette_llm_tools.questions.values import Answer, Status
from datasette_llm_tools.settings import Settings

ASKED = AskedBack((Option("count both", "select 1", 1), Option("leave one out", "select 2", 2)))


@pytest.mark.parametrize(
    ("wanted", "answer", "comes_to"),
    [
        (Instead.MUST_ASK_BACK, Answer(Status.ANSWERED, asked_back=ASKED), Verdict.RIGHT),
        (Instead.MUST_ASK_BACK, Answer(Status.ANSWERED), Verdict.WRONG),
        (Instead.MUST_ASK_BACK, Answer(Status.UNANSWERABLE), Verdict.REFUSED),
        (Instead.CANNOT, Answer(Status.ANSWERED, asked_back=ASKED), Verdict.WRONG),
        (Instead.CANNOT, Answer(Status.UNANSWERABLE), Verdict.RIGHT),
        (Instead.CANNOT, Answer(Status.STOPPED), Verdict.UNANSWERED),
    ],
)
@pytest.mark.asyncio
async def test_a_verdict_without_rows(wanted: Instead, answer: Answer, comes_to: Verdict) -> None:
    place = Place(None, None, "shops", frozenset(), Limits.of(Settings()))
    case = Case("one", "Which?", "shops", wanted)
    judged = await Judge(Suite("s", (case,))).judge(case, Key({}), answer, place)
    assert judged.verdict is comes_to
