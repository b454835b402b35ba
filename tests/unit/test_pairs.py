"""Questions that come again: with the same words, with another value, or only alike."""

from __future__ import annotations

import pytest

from datasette_llm_tools.questions.pairs import Pair, recurring, similar

TEA = Pair(
    "1",
    "How many sales of tea were there in 2023?",
    "SELECT COUNT(*) FROM sale WHERE item = 'tea' AND strftime('%Y', day) = '2023'",
)
LIKE = Pair(
    "2",
    "Which shops have Corner in their name?",
    "SELECT * FROM shop WHERE name LIKE '%corner%'",
)
TOP = Pair(
    "3",
    "Shops with more than 5 sales",
    "SELECT shop_id FROM sale GROUP BY 1 HAVING COUNT(*) > 5",
)
PAIRS = [TEA, LIKE, TOP]


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("how many sales of tea were there in  2023", TEA.sql),
        (
            "How many sales of milk were there in 2023?",
            "SELECT COUNT(*) FROM sale WHERE item = 'milk' AND STRFTIME('%Y', day) = '2023'",
        ),
        (
            "How many sales of green tea were there in 2024?",
            "SELECT COUNT(*) FROM sale WHERE item = 'green tea' AND STRFTIME('%Y', day) = '2024'",
        ),
        ("Which shops have Mill in their name?", "SELECT * FROM shop WHERE name LIKE '%Mill%'"),
        (
            "Shops with more than 12 sales",
            "SELECT shop_id FROM sale GROUP BY 1 HAVING COUNT(*) > 12",
        ),
        ("How many sales of tea were there?", None),
        ("How many sales of tea were there in May?", None),  # a year was asked for
        ("Shops with more than many sales", None),
        ("How many returns of tea were there in 2023?", None),
        ("", None),
    ],
)
def test_asked_again(question: str, sql: str | None) -> None:
    found = recurring(question, PAIRS)
    assert (found and found.sql) == sql


def test_what_was_changed_is_told() -> None:
    found = recurring("How many sales of jam were there in 2024?", PAIRS)
    assert found is not None
    assert found.pair is TEA and found.values == (("tea", "jam"), ("2023", "2024"))


def test_what_was_changed_is_told_as_it_was_typed() -> None:
    pair = Pair("8", "How many sales in  LNZ?", "SELECT COUNT(*) FROM sale WHERE shop = 'LNZ'")
    found = recurring("how many sales in GRZ?", [pair])
    assert found is not None and found.values == (("LNZ", "GRZ"),)
    assert found.sql == "SELECT COUNT(*) FROM sale WHERE shop = 'GRZ'"


def test_a_value_that_stands_twice_in_the_question_is_no_place() -> None:
    pair = Pair("4", "Is tea tea?", "SELECT 1 FROM sale WHERE item = 'tea'")
    assert recurring("Is milk tea?", [pair]) is None


def test_a_long_question_takes_no_time() -> None:
    """Every place could hold any text: with a pattern this took more than a minute."""
    names = ["ab", "cd", "ef", "gh", "ij"]
    sql = "SELECT 1 FROM sale WHERE " + " OR ".join(f"item = '{name}'" for name in names)
    pair = Pair("6", " ".join(names) + " end", sql)
    assert recurring("x " * 900 + "zzz", [pair]) is None
    many = Pair("7", "Is it tea?", f"{sql} OR item = 'tea' OR item IN ('it', 'is')")
    assert recurring("Is it milk?", [many]) is not None


def test_a_long_question_takes_no_time_to_be_told_apart() -> None:
    """A regular expression with a group for each value would still be at it."""
    words = [f"w{number}" for number in range(40)]
    texts = ", ".join(f"'{each}'" for each in words)
    pair = Pair("6", " ".join(words) + " here", f"SELECT 1 FROM sale WHERE item IN ({texts})")
    assert recurring("a " * 1000 + "there", [pair]) is None
    changed = ["x", *words[1:]]
    found = recurring(" ".join(changed) + " here", [pair])
    assert found is not None and found.values == (("w0", "x"),)


@pytest.mark.parametrize("question", ["How many sales of were there in 2023?", "sales of tea", ""])
def test_a_question_that_lacks_a_value_is_another(question: str) -> None:
    assert recurring(question, [TEA]) is None


def test_sql_that_cannot_be_read_is_only_taken_as_it_is() -> None:
    pair = Pair("5", "How many in Linz?", "SELECT ((( 'Linz'")
    assert recurring("How many in Graz?", [pair]) is None
    assert recurring("How many in Linz?", [pair]) is not None


def test_alike() -> None:
    assert similar("How many sales of coffee in 2023", PAIRS)[0] is TEA
    assert similar("What is the weather?", PAIRS) == ()
    assert similar("anything", []) == ()
