"""Numbers of enrichments in words, and what was typed into the form as values."""

from __future__ import annotations

import pytest

from datasette_llm_tools.enrichments.database.undoing import Undone
from datasette_llm_tools.enrichments.drafts import Draft, OutputDraft, draft_from, draft_of
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.values import Attachment, Specification
from datasette_llm_tools.enrichments.wording import (
    NO_FEE,
    UNKNOWN,
    price_words,
    seconds_words,
    undone_words,
    usd_range_words,
    usd_words,
)
from datasette_llm_tools.errors import BadInput


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (0, "$0.00"),
        (1.234, "$1.23"),
        (0.0999, "$0.0999"),
        (0.0123456, "$0.0123"),
        (0.000123456, "$0.000123"),
        (1e-12, "less than $0.000000001"),
        (123456.7, "$123,456.70"),
    ],
)
def test_money_is_never_rounded_to_nothing(usd: float, words: str) -> None:
    assert usd_words(usd) == words


@pytest.mark.parametrize(
    ("undone", "words"),
    [
        (Undone(1, 1, ()), "1 row holds what it held before. 1 value was edited since and stays."),
        (
            Undone(0, 2, ()),
            "0 rows hold what they held before. 2 values were edited since and stay.",
        ),
        (
            Undone(1234, 0, ("a",), ("b", "c")),
            "1,234 rows hold what they held before. Removed: a. "
            "Kept, because something else needs them: b, c.",
        ),
        (
            Undone(2, 0, (), ("b",)),
            "2 rows hold what they held before. Kept, because something else needs it: b.",
        ),
    ],
)
def test_what_undoing_did_is_told_in_whole_sentences(undone: Undone, words: str) -> None:
    assert undone_words(undone) == words


@pytest.mark.parametrize(
    ("usd", "is_local", "unpriced", "asked", "words"),
    [
        (None, False, 0, True, UNKNOWN),
        (None, False, 3, True, UNKNOWN),
        (None, False, 0, False, "$0.00"),
        (0.0, True, 0, True, NO_FEE),
        (None, True, 0, True, NO_FEE),
        (0.0, False, 0, True, "$0.00"),
        (0.5, True, 0, True, "$0.50"),
        (0.5, False, 2, True, "$0.50 and what has no known price (2)"),
    ],
)
def test_a_price_that_is_not_known_is_not_nothing(
    usd: float | None, is_local: bool, unpriced: int, asked: bool, words: str
) -> None:
    assert price_words(usd, is_local=is_local, unpriced=unpriced, asked=asked) == words


def test_a_range_of_money() -> None:
    assert usd_range_words(1.2, 1.6, is_local=False) == "$1.20 to $1.60"
    assert usd_range_words(1.2, 1.2, is_local=False) == "$1.20"
    assert usd_range_words(None, None, is_local=False) == UNKNOWN
    assert usd_range_words(0, 0, is_local=True) == NO_FEE


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.05, "50 ms"),
        (0.4, "0.4 s"),
        (12, "12 s"),
        (59.9, "1 min"),
        (75, "1 min 15 s"),
        (3725, "1 h 2 min"),
        (90_000, "1 day 1 h"),
        (200_000, "2 days 7 h"),
    ],
)
def test_time(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


def test_a_specification_survives_the_form() -> None:
    specification = Specification(
        template="{{ body }}",
        instructions="Be brief.",
        outputs=(
            Output("mood", OutputType.LABEL, labels=("glad, really", "sad"), optional=True),
            Output("one", OutputType.LABEL, labels=("this, and that",)),
            Output("stars", OutputType.INTEGER, "How many", minimum=0, maximum=5),
            Output("why", OutputType.TEXT, max_length=1_234_567),
        ),
        model_id="first",
        fallback_model_id="second",
        options={"temperature": 0.3},
        rows_per_call=3,
        attachments=(Attachment("photo", "blob"), Attachment("link", "url")),
        ask_empty=True,
        long_cells="cut",
        max_cell_characters=99,
        use_cache=False,
    )
    columns = ("body", "photo", "link")
    assert draft_of(specification).specification(columns, "other") == specification


def test_what_a_form_sends_is_read_field_by_field() -> None:
    draft = draft_from(
        {
            "output_name_10": "last",
            "output_name_2": "first",
            "output_optional_2": "1",
            "output_name_x": "none",
            "overwrite_0": "mood",
            "overwrite_1": "",
            "use_cache": "0",
            "column_columns_0": "a",
            "column_columns_3": "b, c",
            "field_labels": "x",
        }
    )
    assert draft.outputs == (OutputDraft("first", optional=True), OutputDraft("last"))
    assert draft.overwrite == {"mood"} and not draft.use_cache
    assert draft.fields == {"labels": "x", "columns": "a\nb, c"}


def test_the_same_model_twice_is_no_fallback() -> None:
    draft = Draft(template="x", outputs=(OutputDraft("a"),), model="one", fallback_model="one")
    assert draft.specification((), "one").fallback_model_id is None


@pytest.mark.parametrize("text", ["inf", "1e999", "nan", "x", "1,5"])
def test_only_numbers_are_numbers(text: str) -> None:
    draft = Draft(template="x", outputs=(OutputDraft("a"),), temperature=text)
    with pytest.raises(BadInput, match="temperature"):
        draft.specification((), "one")
