"""Plans of investigations: questions in several parts, and what a model replies."""

from __future__ import annotations

import json

import pytest

from datasette_llm_tools.questions.investigating.plan_prompts import (
    conclusion_prompt,
    parts_of,
    read_question,
    read_questions,
    sentences,
)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Which city sold most, and in which month did that city sell least?",
            ["Which city sold most?", "In which month did that city sell least?"],
        ),
        (
            "Who sold most tea? And who sold most milk; which of them is in Linz?",
            ["Who sold most tea?", "Who sold most milk?", "Which of them is in Linz?"],
        ),
        ("Which shops sold tea and milk?", ["Which shops sold tea and milk?"]),
        ("Why? Which shop sold most?", ["Why? Which shop sold most?"]),
        ("Wo ist Linz und was kostet Tee?", ["Wo ist Linz und was kostet Tee?"]),
        ("", [""]),
    ],
)
def test_a_question_of_several(question: str, parts: list[str]) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    ("reply", "questions"),
    [
        (json.dumps({"questions": ["A?", " B \n?", "A?"]}), ["A?", "B ?"]),
        (json.dumps({"questions": ["A?", "B?", "C?"]}), ["A?", "B?"]),
        (json.dumps({"questions": [1, None, ""]}), ["All?"]),
        (json.dumps({"questions": "A?"}), ["All?"]),
        ("[1]", ["All?"]),
        ('{"questions": ["A?"', ["All?"]),
        ("", ["All?"]),
    ],
)
def test_reading_a_plan(reply: str, questions: list[str]) -> None:
    assert read_questions(reply, "All?", 2) == questions


@pytest.mark.parametrize(
    ("reply", "question"),
    [('{"question": "In Linz?"}', "In Linz?"), ('{"question": 3}', "There?"), ("no", "There?")],
)
def test_reading_a_question_made_whole(reply: str, question: str) -> None:
    assert read_question(reply, "There?") == question


def test_a_conclusion_is_asked_of_rows_and_question() -> None:
    steps = [("A?", "Step 1 gave 1 row."), ("C?", "Step 3.")]
    prompt = conclusion_prompt("All?", steps, "Not so.")
    assert prompt.turns[0].text.endswith("Asked: C?\nStep 3.\nQuestion: All?\nNot so.")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Tea 2.5 sold. \n Milk 1 did.", ["Tea 2.5 sold.", "Milk 1 did."]),
        ("Tea of Corner Inc. sold most!", ["Tea of Corner Inc. sold most!"]),
        (" ", []),
    ],
)
def test_sentences(reply: str, said: list[str]) -> None:
    assert sentences(reply) == said
