"""Accuracy, confusion and F1 of what was said against what was expected."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.evals.classifying import Confusion, confusion
from datasette_llm_tools.evals.statistics import Share

MOODS = confusion(
    [("glad", "glad")] * 5 + [("glad", "sad")] * 1 + [("sad", "sad")] * 2 + [("sad", None)] * 2
)


def test_the_matrix() -> None:
    assert MOODS.cells == {
        ("glad", "glad"): 5,
        ("glad", "sad"): 1,
        ("sad", "sad"): 2,
        ("sad", ""): 2,
    }
    assert MOODS.labels == ("", "glad", "sad")
    assert MOODS.accuracy == Share(7, 10)


def test_precision_recall_and_f1() -> None:
    assert MOODS.precision("sad") == Share(2, 3)
    assert MOODS.recall("sad") == Share(2, 4)
    assert MOODS.f1("sad") == pytest.approx(4 / 7)
    assert MOODS.f1("glad") == pytest.approx(10 / 11)
    assert MOODS.macro_f1 == pytest.approx((4 / 7 + 10 / 11) / 2)
    assert MOODS.f1("") == 0.0  # said, and never right
    assert MOODS.f1("other") is None


def test_nothing_to_compare() -> None:
    assert confusion([]).accuracy == Share(0, 0)
    assert confusion([]).macro_f1 is None


@pytest.mark.parametrize(
    ("expected", "said", "same"),
    [
        (" glad\n", "glad", True),
        ("glad", "Glad", False),
        (3, 3.0, True),
        (3, "3", False),
        (0.3, 0.1 + 0.2, True),
        (True, True, True),
        (True, 1, False),
        (False, None, False),
        (None, None, True),
        ({"a": [1]}, {"a": [1]}, True),
    ],
)
def test_what_counts_as_the_same(expected: Any, said: Any, same: bool) -> None:
    assert confusion([(expected, said)]).accuracy.count == int(same)


LABELS = st.sampled_from(["a", "b", "c"])


@settings(deadline=None)
@given(st.lists(st.tuples(LABELS, LABELS), min_size=1))
def test_f1_is_the_harmonic_mean(pairs: list[tuple[str, str]]) -> None:
    found: Confusion = confusion(pairs)
    for label in found.labels:
        precision, recall = found.precision(label).value, found.recall(label).value
        f1 = found.f1(label)
        assert f1 is not None
        if precision and recall:
            assert f1 == pytest.approx(2 / (1 / precision + 1 / recall))
        else:
            assert f1 == 0
