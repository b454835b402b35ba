"""Twenty questions on demo.db, asked once each of the real local model."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from datasette.app import Datasette
from datasette.utils import parse_metadata

from datasette_llm_tools.local_model import files
from datasette_llm_tools.questions import store
from datasette_llm_tools.questions.asking import prepare
from datasette_llm_tools.questions.session import Session
from tests.local_model.matching import Expected

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed"),
    pytest.mark.skipif(
        files.glance(files.QWEN) is not files.Status.INSTALLED,
        reason="the local model is not installed: datasette llm-tools local-model install",
    ),
]

ROOT = Path(__file__).parents[2]
RIGHT = 14
SETTLED = 4
PROMPT_TOKENS = 1500


async def ask_all(folder: Path, questions: list[str]) -> list[store.Question]:
    """Ask the questions one after the other, as the demo would be asked."""
    database = Path(shutil.copy(ROOT / "demo.db", folder))
    metadata = parse_metadata((ROOT / "scripts/demo_datasette.yaml").read_text(encoding="utf-8"))
    # A busy machine must not end a vote early.
    settings = {"model": files.QWEN.model_id, "candidates": SETTLED, "candidate_seconds": 600}
    config = {"plugins": {"datasette-llm-tools": settings}}
    datasette = Datasette(
        [str(database)], metadata=metadata, config=config, internal=str(folder / "internal.db")
    )
    await datasette.invoke_startup()
    try:
        found = []
        for question in questions:
            asking = await prepare(datasette, {"id": "ada"}, "demo", question, in_words=False)
            found.append(await Session(asking).run())
        return found
    finally:
        await datasette.invoke_shutdown()


@pytest.fixture(scope="module")
def expected() -> Expected:
    return Expected(ROOT / "demo.db")


@pytest.fixture(scope="module")
def asked(expected: Expected, tmp_path_factory: pytest.TempPathFactory) -> list[store.Question]:
    """Asked once for all tests here: it takes a minute or two."""
    return asyncio.run(ask_all(tmp_path_factory.mktemp("demo"), list(expected.results)))


def test_most_answers_are_right(asked: list[store.Question], expected: Expected) -> None:
    wrong = {
        each.question: each.answer.sql or each.answer.error
        for each in asked
        if not expected.is_right(
            each.question, each.answer.result.rows if each.answer.result else None
        )
    }
    assert len(asked) == 20
    assert len(asked) - len(wrong) >= RIGHT, wrong


def test_sql_that_runs_at_the_first_try_is_asked_for_once(asked: list[store.Question]) -> None:
    at_once = [each.answer for each in asked if not each.answer.attempts[0].error]
    assert len(at_once) >= RIGHT
    for answer in at_once:
        first, *further = [call.purpose for call in answer.calls]
        assert first == "sql"
        # Statements to compare it with, never one that mends it.
        assert set(further) <= {"candidates"}


def test_statements_that_agree_are_enough(asked: list[store.Question]) -> None:
    counted = [each.answer.agreement for each in asked if each.answer.agreement]
    settled = [each for each in counted if each.asked == each.votes]
    assert len(settled) >= len(counted) // 2, counted


def test_prompts_are_short(asked: list[store.Question]) -> None:
    tokens = [each.answer.calls[0].usage.input_tokens or 0 for each in asked]
    assert min(tokens) > 100
    assert max(tokens) <= PROMPT_TOKENS
