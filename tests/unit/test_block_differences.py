"""Two documents block by block, and the rows that a check found to be others."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.explorations.checking.block_differences import (
    BlockChange,
    Change,
    document_differences,
)
from datasette_llm_tools.explorations.checking.change_table import change_table
from datasette_llm_tools.explorations.checking.values import RowChange, Verdict, Verification
from datasette_llm_tools.explorations.values import Document, Parameter, QueryBlock, Words


def block(number: int, text: str = "") -> Words:
    return Words(id=f"{number:012x}", text=text or f"Words {number}")


def document(*numbers: int) -> Document:
    return Document("Shops", blocks=tuple(map(block, numbers)))


def changes(left: Document, right: Document) -> dict[str, str]:
    """By the last digit of its id: how each block changed, with `>` where it was moved."""
    return {
        each.id[-1]: each.change.value + (">" if each.is_moved else "")
        for each in document_differences(left, right).blocks
    }


def test_nothing_is_different() -> None:
    found = document_differences(document(1, 2), document(1, 2))
    assert found.is_same and found.summary == "Nothing is different."


def test_blocks_that_came_and_went() -> None:
    found = document_differences(document(1, 2, 3), document(1, 4, 3))
    assert [(each.id[-1], each.change) for each in found.blocks] == [
        ("1", Change.SAME),
        ("2", Change.REMOVED),
        ("4", Change.ADDED),
        ("3", Change.SAME),
    ]
    assert found.summary == "1 block added, 1 block removed."
    added = found.blocks[2]
    assert [line.text for line in added.fields[0].lines] == ["Words 4"]
    assert (added.left, added.right, found.blocks[1].left) == (None, 2, 2)


@pytest.mark.parametrize(
    ("left", "right", "moved"),
    [
        ((1, 2, 3, 4), (2, 3, 4, 1), "1"),  # only the one that was carried
        ((1, 2, 3, 4), (4, 1, 2, 3), "4"),
        ((1, 2, 3), (1, 9, 2, 3), ""),  # a new one moves nobody
        ((1, 2, 3), (3,), ""),
    ],
)
def test_moved_are_those_that_had_to_be(
    left: tuple[int, ...], right: tuple[int, ...], moved: str
) -> None:
    found = changes(document(*left), document(*right))
    assert "".join(name for name, change in found.items() if ">" in change) == moved


def test_a_change_is_shown_in_lines() -> None:
    query = QueryBlock(
        id="a" * 12, title="Sales", database="shops", sql="select 1\nfrom sale", query="q"
    )
    left = Document("Shops", blocks=(query,))
    right = Document("Shops", blocks=(replace(query, sql="select 2\nfrom sale", params={"x": 1}),))
    (found,) = document_differences(left, right).blocks
    sql, params = found.fields
    assert (found.name, sql.name, params.name) == ("Sales", "SQL", "Parameters of the statement")
    assert [(line.kind, line.text) for line in sql.lines] == [
        ("removed", "select 1"),
        ("added", "select 2"),
        ("same", "from sale"),
    ]


def test_title_tags_and_parameters_count() -> None:
    left = Document("Shops", tags=("tea",))
    right = Document("Shops and tea", tags=("tea",), parameters=(Parameter("city", "City"),))
    found = document_differences(left, right)
    assert [each.name for each in found.fields] == ["Title", "Parameters"]
    assert found.summary == "title changed, parameters changed."


def test_words_are_called_by_how_they_begin() -> None:
    long = document_differences(
        Document("A"), Document("A", blocks=(block(1, "a long\nword " * 20),))
    )
    (found,) = long.blocks
    assert found.name.startswith("a long word a long") and found.name.endswith("word…")


IDS = st.lists(st.integers(0, 15), unique=True, max_size=10)


@given(IDS, IDS, st.randoms(use_true_random=False))
def test_every_block_is_told_once(left: list[int], right: list[int], by: random.Random) -> None:
    by.shuffle(right)
    found = document_differences(document(*left), document(*right)).blocks
    assert sorted(each.id for each in found) == sorted({block(n).id for n in {*left, *right}})
    assert [each.right for each in found if each.right] == list(range(1, len(right) + 1))
    stayed = [each.left for each in found if _is_in_place(each)]
    assert stayed == sorted(stayed, key=lambda each: each or 0)


def _is_in_place(each: BlockChange) -> bool:
    return each.left is not None and each.right is not None and not each.is_moved


def test_rows_as_people_see_them() -> None:
    verification = Verification(
        "a" * 12,
        Verdict.DIFFERENT,
        "2 rows changed.",
        "2024-06-01T00:00:00Z",
        columns_before=("item", "price", "gone"),
        columns_after=("item", "note", "price"),
        changes=(
            RowChange(0, ("tea", 1, "x"), ("tea", None, 2.5)),
            RowChange(4, None, ("milk", "Binary: 3 bytes", "y" * 300)),
        ),
    )
    found = change_table(verification)
    assert found.columns == ("item", "note", "price", "gone")
    changed, added = found.rows
    assert [(each.before, each.after) for each in changed.cells] == [
        ("tea", "tea"),
        (None, "NULL"),
        ("1", "2.5"),
        ("x", None),
    ]
    assert (changed.kind, added.kind, added.number) == ("changed", "added", 5)
    assert added.cells[1].after == "Binary: 3 bytes" and len(added.cells[2].after or "") == 201
