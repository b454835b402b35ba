"""What is different between two versions, which two are variants, and wishes to begin with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.schema import Column, ForeignKey, Schema, Table
from datasette_llm_tools.widgets.diffs import Diff, differences
from datasette_llm_tools.widgets.ideas import ideas
from datasette_llm_tools.widgets.values import (
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Parameter,
    Revision,
    Writing,
)
from datasette_llm_tools.widgets.voting import are_variants, sides


def source(text: str, *queries: NamedQuery) -> Draft:
    return Draft(Origin.EDITED, text, queries)


def compared(before: str, after: str) -> Diff:
    return differences(source(before), source(after), Kind.DOCUMENT)


def test_a_line_that_changed_stands_among_its_neighbours() -> None:
    lines = [f"<p>{number}</p>" for number in range(20)]
    after = [*lines[:10], "<p>ten</p>", *lines[11:]]
    diff = compared("\n".join(lines), "\n".join(after))
    assert [(each.kind, each.text) for each in diff.source] == [
        ("gap", "7 lines are the same"),
        *(("same", lines[number]) for number in (7, 8, 9)),
        ("removed", "<p>10</p>"),
        ("added", "<p>ten</p>"),
        *(("same", lines[number]) for number in (11, 12, 13)),
        ("gap", "6 lines are the same"),
    ]
    removed, added = diff.source[4:6]
    assert (removed.before, removed.after, added.before, added.after) == (11, None, None, 11)
    assert (diff.added, diff.removed) == (1, 1)


def test_queries_are_compared_as_people_write_them() -> None:
    before = source("<p>", NamedQuery("a", "select 1"), NamedQuery("b", "select :x", ()))
    limited = NamedQuery("b", "select :x", (Parameter("x", "integer", 1),))
    after = source("<p>", limited, NamedQuery("a", "select 1"))
    diff = differences(before, after, Kind.DOCUMENT)
    assert diff.source == ()
    assert [each.text for each in diff.queries if each.kind == "added"] == [
        "```query b(x integer = 1)"
    ]


def test_a_chart_is_compared_key_by_key() -> None:
    diff = differences(
        source('{"mark":"bar","x":"day"}'), source('{"mark":"line","x":"day"}'), Kind.CHART
    )
    assert [each.text.strip() for each in diff.source if each.kind == "added"] == [
        '"mark": "line",'
    ]


def test_versions_that_are_very_long_are_not_compared() -> None:
    (line,) = compared("a\n" * 5000, "b\n" * 5000).source
    assert "too long" in line.text


@given(st.lists(st.text("ab<&", max_size=3), max_size=30), st.lists(st.text("ab", max_size=3)))
def test_a_comparison_holds_all_that_changed(before: list[str], after: list[str]) -> None:
    diff = compared("\n".join(before), "\n".join(after))
    old, new = "\n".join(before).splitlines(), "\n".join(after).splitlines()
    for line in diff.source:
        if line.before is not None:
            assert old[line.before - 1] == line.text
        if line.after is not None:
            assert new[line.after - 1] == line.text
    assert len(new) - len(old) == diff.added - diff.removed
    assert (diff.source == ()) == (old == new)


def version(number: int, parent: int | None, **more: object) -> Revision:
    said = {"origin": Origin.CHANGED, "prompt": "red", "model": "one", **more}
    writing = Writing(prompt=said["prompt"], model_id=said["model"])  # type: ignore[arg-type] # a test's own
    made = Draft(said["origin"], "<p>", writing=writing)  # type: ignore[arg-type] # a test's own
    return Revision("0" * 24, number, parent, made, "alice", "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (version(2, 1), version(3, 1, model="two"), True),
        (version(2, 1), version(3, 1), True),  # one model twice
        (version(2, 1), version(2, 1), False),
        (version(2, 1), version(3, 2), False),
        (version(2, 1), version(3, 1, prompt="blue"), False),
        (version(2, 1), version(3, 1, model=None), False),
        (version(1, None, origin=Origin.CREATED), version(2, 1, origin=Origin.CREATED), True),
        (version(1, None, origin=Origin.CREATED), version(2, 1), False),
    ],
)
def test_which_two_are_variants(one: Revision, other: Revision, expected: bool) -> None:
    assert are_variants(one, other) is are_variants(other, one) is expected


def test_sides_are_drawn_by_lot() -> None:
    drawn = {sides(1, 2) for _ in range(200)}
    assert drawn == {(1, 2), (2, 1)}


def test_wishes_come_from_what_there_is() -> None:
    text = {"type": "TEXT", "samples": ("a", "b", "c")}
    places = Table(
        "place",
        "table",
        (Column("id", "INTEGER", pk=1), Column("latitude", "REAL"), Column("name", **text)),
        row_count=9,
    )
    visits = Table(
        "visit",
        "table",
        (Column("when", "TEXT"), Column("purpose", **text), Column("place_id", "INTEGER")),
        (ForeignKey(("place_id",), "place", ("id",)),),
        row_count=99,
    )
    found = ideas(Schema("db", (places, visits), "1"))
    assert found[0] == "A dashboard of visit over time, with a menu to choose the purpose"
    assert "A map of place that shows a row's details when I click on it" in found
    assert ideas(Schema("db", (), "1")) == ()
