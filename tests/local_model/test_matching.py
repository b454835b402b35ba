"""Which results count as right."""

from __future__ import annotations

import pytest

from tests.local_model.matching import Rows, matches


@pytest.mark.parametrize(
    ("rows", "accepted", "right"),
    [
        ([(3,)], [(3,)], True),
        ([(3.0,)], [(3,)], True),
        ([(3.141,)], [(3.139,)], True),
        ([(3.15,)], [(3.139,)], False),
        ([("3",)], [(3,)], False),
        ([(None,)], [(None,)], True),
        ([("b", 2), ("a", 1)], [("a", 1), ("b", 2)], True),
        ([(1, "a"), (2, "b")], [("a", 1), ("b", 2)], True),
        ([(2, "a"), (1, "b")], [("a", 1), ("b", 2)], False),
        ([("x", "a", 1), ("y", "b", 2)], [("a", 1), ("b", 2)], True),
        ([("a",), ("a",)], [("a",)], False),
        ([("a",), ("a",), ("b",)], [("a",), ("b",), ("b",)], False),
        ([("a",)], [("a", 1)], False),
        # The first column that fits is not the one that belongs to the other.
        ([(1, 2, "a"), (2, 1, "b")], [("a", 2), ("b", 1)], True),
        ([(1,)], [(1, 1)], False),
        ([], [], True),
        ([(1,)], [], False),
    ],
)
def test_matches(rows: Rows, accepted: Rows, right: bool) -> None:
    assert matches(rows, accepted) is right
