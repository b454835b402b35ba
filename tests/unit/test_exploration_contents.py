"""The table of contents: which headings and titles stand in it, how deep, under which anchors."""

from __future__ import annotations

import re

import pytest

from datasette_llm_tools.explorations.contents import Entry, contents, heading_top, headings
from datasette_llm_tools.explorations.values import (
    Block,
    Document,
    QueryBlock,
    QuestionBlock,
    WidgetBlock,
    Words,
)
from datasette_llm_tools.markdown import markdown

A, B, C = "a" * 12, "b" * 12, "c" * 12


def words(text: str, block_id: str = A) -> Words:
    return Words(id=block_id, text=text)


def query(title: str, block_id: str = B) -> QueryBlock:
    return QueryBlock(id=block_id, title=title, database="shops", sql="select 1", query="")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Delays\n\nThey grow.", [(2, "Delays", "delays")]),
        ("## `code` and *more* \\*", [(3, "code and more *", "code-and-more")]),
        ("####### seven is no heading", []),
        ("#no space", []),
        ("```\n# in a fence\n```\n# outside", [(2, "outside", "outside")]),
        ("~~~\n# never closed", []),
        ("- # in a list\n\n> # in a quotation", []),
        ("# Delays\n# Delays", [(2, "Delays", "delays"), (2, "Delays", "delays-2")]),
        (
            "# A 2\n# A\n# A",
            [(2, "A 2", "a-2"), (2, "A", "a"), (2, "A", "a-3")],
        ),
        ("# Verspätung über 1 h", [(2, "Verspätung über 1 h", "verspätung-über-1-h")]),
        ("# !!!", [(2, "!!!", "heading")]),
        ("###### six", [(6, "six", "six")]),
        ("# [a link](/shops) &amp; more", [(2, "a link & more", "a-link-more")]),
    ],
)
def test_headings_of_words(text: str, found: list[tuple[int, str, str]]) -> None:
    expected = tuple(Entry(level, said, f"block-{A}-{slug}") for level, said, slug in found)
    assert headings(words(text)) == expected


def test_blocks_stand_below_the_heading_before_them() -> None:
    question = QuestionBlock(id=C, title="", database="shops", sql="select 1", question="How many?")
    document = Document(
        title="Shops",
        blocks=(
            query("First"),
            words("# Part\n## Section"),
            words("no heading", "d" * 12),
            question,
        ),
    )
    assert [(each.level, each.text) for each in contents(document)] == [
        (2, "First"),
        (2, "Part"),
        (3, "Section"),
        (4, "How many?"),
    ]


@pytest.mark.parametrize("mark", ["#", "##", "######"])
def test_the_highest_headings_are_sections_of_the_page(mark: str) -> None:
    blocks = (query("First"), words(f"{mark} Why I looked", C), query("Second", "d" * 12))
    document = Document(title="Shops", blocks=blocks)
    assert [(each.level, each.text) for each in contents(document)] == [
        (2, "First"),
        (2, "Why I looked"),
        (3, "Second"),
    ]
    html = markdown(f"{mark} Why I looked", headings=True, top=heading_top(document))
    assert html.strip() == "<h2>Why I looked</h2>"


def test_what_is_below_a_section_stays_below_it() -> None:
    text = words("### Deep\n## Part\n#### Deeper")
    document = Document(title="Shops", blocks=(text, query("Rows")))
    assert [each.level for each in contents(document)] == [3, 2, 4, 5]
    html = markdown(text.text, headings=True, top=heading_top(document))
    assert re.findall(r"<h(\d)", html) == ["3", "2", "4"]


def test_anchors_stay_when_blocks_move_and_are_unique() -> None:
    blocks: tuple[Block, ...] = (
        words("# Same"),
        words("# Same", B),
        WidgetBlock(id=C, title="Same", database="shops", widget_id="0" * 24, revision=1),
    )
    before = {each.anchor for each in contents(Document("Page", blocks=blocks))}
    after = {each.anchor for each in contents(Document("Page", blocks=blocks[::-1]))}
    assert before == after and len(before) == 3


def test_headings_that_read_the_same_are_counted() -> None:
    found = headings(words("# Same\n# Same\n# Same 2\n# Same"))
    start = f"block-{A}-same"
    assert [each.anchor for each in found] == [start, f"{start}-2", f"{start}-2-2", f"{start}-3"]


def test_thousands_of_headings_are_read_in_linear_time() -> None:
    # Each was compared with all before it: these took minutes, and the page with them.
    found = headings(words("# Same\n" * 20_000))
    assert len({each.anchor for each in found}) == 20_000


def test_what_has_no_name_is_not_listed() -> None:
    assert contents(Document("Page", blocks=(query(""), words("plain")))) == ()
