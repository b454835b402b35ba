"""Numbers in words that no row has."""

from __future__ import annotations

import pytest

from datasette_llm_tools.questions.checking import unfounded_numbers

ROWS = [("2013-01", 11, 0.18440905), ("2013-02", 1234, -22.8333), ("N14228", None, b"x")]


@pytest.mark.parametrize(
    ("text", "unfounded"),
    [
        ("In 2013-01 there were 11.", ()),
        ("1,234 in February 2013, and 1234 again.", ()),
        ("The share was 0.18, or 0.184.", ()),
        ("18.44% were cancelled, then 38.56%.", ("18.44", "38.56")),
        ("It fell by 22.8, to -22.83.", ()),
        ("All 3 rows show it.", ()),
        ("The top 10 are above 7.", ("7",)),
        ("Plane N14228 flew.", ()),
        ("Nothing matched.", ()),
        ("12 and 12 and 12.", ("12",)),
    ],
)
def test_numbers_that_no_row_has(text: str, unfounded: tuple[str, ...]) -> None:
    assert unfounded_numbers(text, ROWS, "the top 10?") == unfounded


def test_that_there_is_one_row_is_no_word_for_the_number_in_it() -> None:
    assert unfounded_numbers("There was 1 flight to XYZ.", [(0,)], "flights to XYZ?") == ("1",)
    assert unfounded_numbers("There were 0 flights.", [(0,)]) == ()
    assert unfounded_numbers("There is 1 airline, Mesa.", [("Mesa",)]) == ()
    assert unfounded_numbers("1 row: 5 and 6.", [(5, 6)]) == ()


def test_no_rows() -> None:
    assert unfounded_numbers("There were 5.", [], "Q") == ("5",)
