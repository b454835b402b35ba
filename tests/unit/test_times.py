"""Times as people read them: one way everywhere, in UTC, with the time itself for programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datasette_llm_tools.times import day_element, said_day, said_time, time_element

TEMPLATES = Path(__file__).parents[2] / "templates" / "llm_tools"


@pytest.mark.parametrize(
    ("at", "said", "briefly"),
    [
        ("2024-05-12T14:03:00.000+00:00", "12 May 2024, 14:03 UTC", "2024-05-12 14:03 UTC"),
        ("2024-05-12T16:03:00+02:00", "12 May 2024, 14:03 UTC", "2024-05-12 14:03 UTC"),
        ("2024-05-12T14:03:00Z", "12 May 2024, 14:03 UTC", "2024-05-12 14:03 UTC"),
        ("2024-05-02 14:03:00", "2 May 2024, 14:03 UTC", "2024-05-02 14:03 UTC"),
        ("yesterday", "yesterday", "yesterday"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_times_are_said(at: str | None, said: str | None, briefly: str | None) -> None:
    assert said_time(at) == said
    assert said_time(at, brief=True) == briefly


def test_days_are_said() -> None:
    assert said_day("2024-09-12T23:03:00-02:00") == "13 September 2024"
    assert (said_day("the other day, late"), said_day(None)) == ("the other ", "")


def test_a_time_is_an_element_with_the_time_itself() -> None:
    at = "2024-05-12T14:03:00Z"
    assert time_element(at) == f'<time datetime="{at}">12 May 2024, 14:03 UTC</time>'
    assert day_element(at) == f'<time datetime="{at}">12 May 2024</time>'
    assert time_element("<b>") == '<time datetime="&lt;b&gt;">&lt;b&gt;</time>'
    assert time_element(None) == day_element("") == ""


def test_no_template_cuts_a_time_out_of_a_text() -> None:
    cut = re.compile(r"\[:1[069]\]|\[11:1[69]\]")
    assert not [each.name for each in TEMPLATES.iterdir() if cut.search(each.read_text())]
