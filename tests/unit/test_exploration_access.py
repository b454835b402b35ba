"""Who may read what: a table of people, doors and states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasette_llm_tools.explorations.access import Door, door, mode, number
from datasette_llm_tools.explorations.values import Exploration, Link, Mode, Sharing

NOW = "2026-05-01T12:00:00.000+00:00"
LATER = "2026-05-01T12:00:00.001+00:00"
PRIVATE = Exploration("e" * 24, "alice", NOW, NOW, current=5)
SHOWN = replace(PRIVATE, published=3, published_at=NOW, snapshot=9)
PUBLIC = replace(SHOWN, sharing=Sharing(public=True))
BOBS = replace(SHOWN, sharing=Sharing(people=("bob",)))
LINK = Link("token", PRIVATE.id, "", "alice", NOW)


@pytest.mark.parametrize(
    ("exploration", "actor_id", "link", "expected"),
    [
        (PRIVATE, "alice", None, Door.AUTHOR),
        (PRIVATE, "bob", None, None),
        (PRIVATE, None, None, None),
        (PRIVATE, None, LINK, None),
        (replace(PRIVATE, sharing=Sharing(public=True, people=("bob",))), "bob", LINK, None),
        (SHOWN, "bob", None, None),
        (SHOWN, "bob", LINK, Door.LINK),
        (SHOWN, None, LINK, Door.LINK),
        (SHOWN, None, replace(LINK, exploration_id="f" * 24), None),
        (SHOWN, None, replace(LINK, revoked_at=NOW), None),
        (SHOWN, None, replace(LINK, expires_at=NOW), None),
        (SHOWN, None, replace(LINK, expires_at=LATER), Door.LINK),
        (BOBS, "bob", None, Door.PERSON),
        (BOBS, "carol", None, None),
        (BOBS, None, None, None),
        (PUBLIC, None, None, Door.PUBLIC),
        (PUBLIC, "bob", None, Door.PUBLIC),
        (replace(PUBLIC, actor_id=None), None, None, Door.PUBLIC),
        (replace(PRIVATE, actor_id=None), None, None, None),
    ],
)
def test_who_comes_in_by_which_door(
    exploration: Exploration, actor_id: str | None, link: Link | None, expected: Door | None
) -> None:
    assert door(exploration, actor_id, link, NOW) is expected


def test_readers_see_the_published_revision_and_its_author_what_is_worked_on() -> None:
    assert [number(SHOWN, each) for each in Door] == [5, 3, 3, 3]
    assert number(SHOWN, Door.AUTHOR, as_reader=True) == 3
    assert number(PRIVATE, Door.AUTHOR, as_reader=True) == 5


@pytest.mark.parametrize(
    ("exploration", "shown", "wanted", "expected"),
    [
        (SHOWN, 3, None, Mode.SNAPSHOT),
        (SHOWN, 3, Mode.LIVE, Mode.LIVE),
        (SHOWN, 5, None, Mode.LIVE),
        (SHOWN, 5, Mode.SNAPSHOT, Mode.LIVE),
        (replace(SHOWN, sharing=Sharing(mode=Mode.LIVE)), 3, None, Mode.LIVE),
        (replace(SHOWN, sharing=Sharing(mode=Mode.LIVE)), 3, Mode.SNAPSHOT, Mode.SNAPSHOT),
        (PRIVATE, 5, Mode.SNAPSHOT, Mode.LIVE),
        (replace(PRIVATE, snapshot=9), 1, None, Mode.SNAPSHOT),
        (replace(PRIVATE, snapshot=9), 5, None, Mode.LIVE),
    ],
)
def test_where_rows_come_from(
    exploration: Exploration, shown: int, wanted: Mode | None, expected: Mode
) -> None:
    assert mode(exploration, shown, wanted) is expected
