"""Words of names and questions."""

from __future__ import annotations

import pytest

from datasette_llm_tools.name_words import name_words, singular, telling_words


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("flights", "flight"),
        ("countries", "country"),
        ("boxes", "box"),
        ("classes", "class"),
        ("address", "address"),
        ("status", "status"),
        ("series", "series"),
        ("bus", "bus"),
        ("databases", "database"),
    ],
)
def test_singular(many: str, one: str) -> None:
    assert singular(many) == one


def test_words_of_a_name() -> None:
    assert name_words("employeeSalary_2013-Total") == ("employee", "salary", "2013", "total")


def test_the_telling_words_of_a_question() -> None:
    question = "How many flights does each airline have, and which flight was late?"
    assert telling_words(question) == ("flight", "airline", "late")
