"""Who may read an exploration, which revision of it, and where their rows come from. Pure."""

from __future__ import annotations

from enum import Enum

from .values import Exploration, Link, Mode


class Door(str, Enum):
    """Why somebody may read an exploration; the first that is open to them counts."""

    AUTHOR = "author"
    PERSON = "person"  # named by the author
    LINK = "link"
    PUBLIC = "public"


def door(
    exploration: Exploration,
    actor_id: str | None,
    link: Link | None,
    now: str,
    *,
    sees_public: bool = True,
) -> Door | None:
    """By which door this person may read, or None: then it is as if there were no exploration.

    `link` is that of the address, if there is one; `now` ISO 8601 in UTC; `sees_public`: whether
    they may view this Datasette at all, since what is public is so for those who may.
    """
    if actor_id is not None and actor_id == exploration.actor_id:
        return Door.AUTHOR
    if exploration.published is None:
        return None
    if actor_id is not None and actor_id in exploration.sharing.people:
        return Door.PERSON
    if link is not None and link.exploration_id == exploration.id and link.is_open(now):
        return Door.LINK
    return Door.PUBLIC if exploration.sharing.public and sees_public else None


def number(exploration: Exploration, by: Door, *, as_reader: bool = False) -> int:
    """The revision that is shown: the published one, to its author the one that is worked on.

    `as_reader`: the author looks at what readers see.
    """
    if exploration.published is None or (by is Door.AUTHOR and not as_reader):
        return exploration.current
    return exploration.published


def mode(exploration: Exploration, shown: int, wanted: Mode | None = None) -> Mode:
    """Where rows come from for the revision `shown`.

    Everybody may have live rows, which are read as they themselves may. A snapshot belongs to
    the published revision; one that came with a file, to the first, which was made of the file.
    """
    has_snapshot = exploration.snapshot is not None and shown == (exploration.published or 1)
    if not has_snapshot or wanted is Mode.LIVE:
        return Mode.LIVE
    return wanted or exploration.sharing.mode
