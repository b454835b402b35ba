"""Values as fields of a form and back; which row comes next; what reviews say of accuracy."""

from __future__ import annotations

from typing import Any

import pytest

from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.review.review_fields import (
    as_text,
    from_text,
    is_same_cell,
    same,
)
from datasette_llm_tools.enrichments.review.reviewing import (
    Queue,
    label_accuracy,
    output_accuracy,
    row_accuracy,
)
from datasette_llm_tools.enrichments.review.reviews import Label, Review, Verdict
from datasette_llm_tools.errors import BadInput

LABEL = Output("mood", OutputType.LABEL, labels=("glad", "sad"))
MAYBE = Output("mood", OutputType.LABEL, labels=("glad", "sad"), optional=True)
STARS = Output("stars", OutputType.INTEGER, minimum=1, maximum=5)


@pytest.mark.parametrize(
    ("output", "value", "text"),
    [
        (LABEL, "glad", "glad"),
        (MAYBE, None, ""),
        (STARS, 4, "4"),
        (Output("share", OutputType.FLOAT), 0.5, "0.5"),
        (Output("share", OutputType.FLOAT), 3.0, "3.0"),
        (Output("is_new", OutputType.BOOLEAN), False, "false"),
        (Output("day", OutputType.DATE), "2024-02-29", "2024-02-29"),
        (
            Output("facts", OutputType.JSON),
            {"ä": [1, None]},
            '{\n  "ä": [\n    1,\n    null\n  ]\n}',
        ),
        (Output("words"), " two\nlines ", " two\nlines "),
        (Output("words"), "", ""),
    ],
)
def test_a_value_comes_back_from_its_field(output: Output, value: Any, text: str) -> None:
    assert as_text(output, value) == text
    back = from_text(output, text)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (LABEL, "merry"),
        (LABEL, ""),
        (STARS, "6"),
        (STARS, "0"),
        (STARS, "4.5"),
        (STARS, "four"),
        (STARS, "9" * 5000),
        (Output("n", OutputType.INTEGER), str(2**63)),
        (Output("share", OutputType.FLOAT), "nan"),
        (Output("share", OutputType.FLOAT), "inf"),
        (Output("share", OutputType.FLOAT), "1e999"),
        (Output("is_new", OutputType.BOOLEAN), "perhaps"),
        (Output("day", OutputType.DATE), "2023-02-29"),
        (Output("day", OutputType.DATE), "today"),
        (Output("facts", OutputType.JSON), "{"),
        (Output("facts", OutputType.JSON), "[" * 100_000),
        (Output("facts", OutputType.JSON), "[NaN]"),
        (Output("words", max_length=3), "four"),
        (Output("words"), "a\x00b"),
        (Output("words"), "a\ud800b"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(output: Output, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_text(output, text)
    assert caught.value.message.startswith(output.name)
    assert len(caught.value.message) < 400


def test_how_lines_end_is_no_change() -> None:
    words = Output("words")
    assert same(words, "two\nlines", "two\r\nlines")
    assert same(words, "two\r\nlines", "two\r\nlines")
    assert not same(words, "two\nlines", "two lines")
    assert from_text(words, "two\r\nlines") == "two\nlines"


@pytest.mark.parametrize(
    ("cell", "stored", "expected"),
    [(5, "5", True), (3, 3.0, True), (None, None, True), (None, "None", False), ("a", "b", False)],
)
def test_a_cell_holds_what_was_stored_whatever_its_affinity(
    cell: Any, stored: Any, expected: bool
) -> None:
    assert is_same_cell(cell, stored) is expected


def test_the_next_row_is_the_first_without_a_review_then_those_before() -> None:
    waiting = Queue([(1,), (2,), (3,)], frozenset({(2,)}))
    assert waiting.first() == (1,)
    assert waiting.first((1,)) == (3,)
    assert waiting.first((3,)) == (1,)
    assert Queue([(1,), (2,)], frozenset({(1,), (2,)})).first((1,)) is None
    assert Queue([], frozenset()).first() is None
    assert (waiting.neighbour((1,), -1), waiting.neighbour((1,), 1)) == (None, (2,))
    assert (waiting.neighbour((3,), 1), waiting.neighbour((9,), 1)) == (None, None)


def judged(key: int, output: str, verdict: Verdict, said: Any = "glad") -> Review:
    return Review((key,), output, verdict, None, said, "alice", "2024-01-01")


def test_a_row_is_right_when_all_of_it_is() -> None:
    found = [
        judged(1, "mood", Verdict.ACCEPT),
        judged(1, "stars", Verdict.EDIT, 4),
        judged(2, "mood", Verdict.ACCEPT, "sad"),
        judged(2, "stars", Verdict.ACCEPT, 2),
        judged(3, "mood", Verdict.REJECT, "sad"),
        judged(3, "stars", Verdict.ACCEPT, 1),
    ]
    rows, mood = row_accuracy(found), output_accuracy(found, "mood")
    assert (rows.right, rows.reviewed) == (1, 3)
    assert (mood.right, mood.reviewed) == (2, 3)
    assert rows.share == pytest.approx(1 / 3)
    low, high = rows.interval
    # Wilson's interval of 1 in 3 at 95%.
    assert (low, high) == pytest.approx((0.0615, 0.7923), abs=0.001)
    sad = label_accuracy(found, Label("mood", "sad"))
    assert (sad.right, sad.reviewed) == (1, 2)
    assert row_accuracy([]).share is None


def test_labels_of_booleans_and_nothing() -> None:
    found = [
        judged(1, "is_new", Verdict.ACCEPT, True),
        judged(2, "is_new", Verdict.REJECT, False),
        judged(3, "is_new", Verdict.ACCEPT, None),
    ]
    for text, right in (("true", 1), ("false", 0), ("", 1)):
        label = label_accuracy(found, Label("is_new", text))
        assert (label.right, label.reviewed) == (right, 1)
