"""Widgets in lists: one's own, and those that others share."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .internal_tables import read
from .records import WIDGET_COLUMNS, widget_of
from .values import Kind, Widget

if TYPE_CHECKING:
    from datasette.app import Datasette


@dataclass(frozen=True, slots=True)
class Catalog:
    """One page of widgets, the one changed last first. `next` continues it, None at the end."""

    widgets: tuple[Widget, ...]
    next: str | None


async def catalog(
    datasette: Datasette,
    actor_id: str | None,
    databases: Collection[str],
    *,
    search: str = "",
    kind: Kind | None = None,
    own: bool = False,
    after: str | None = None,
    size: int = 30,
) -> Catalog:
    """One's own widgets and shared ones, over the databases in which one may run queries.

    `search` looks in titles, and of one's own widgets in prompts. `own` leaves out those of
    others. `after` is the `next` of the page before.
    """
    updated, _, last_id = (after or "").partition("~")
    rows = await read(
        datasette,
        f"""
        select {WIDGET_COLUMNS} from llm_tools_widgets
        where database_name in (select value from json_each(:databases))
          and (actor_id = :actor_id or (shared and not :own))
          and (:kind is null or kind = :kind)
          and (:search = '' or title like :like escape '\\' or (actor_id = :actor_id and exists (
               select 1 from llm_tools_widget_revisions
               where widget_id = id and prompt like :like escape '\\')))
          and (:updated = '' or (updated_at, id) < (:updated, :last_id))
        order by updated_at desc, id desc limit :size
        """,
        {
            "actor_id": actor_id,
            "databases": json.dumps(sorted(databases)),
            "own": int(own),
            "kind": kind.value if kind else None,
            "search": search,
            "like": "%" + _escape_like(search) + "%",
            "updated": updated,
            "last_id": last_id,
            "size": size + 1,
        },
    )
    found = tuple(map(widget_of, rows[:size]))
    more = len(rows) > size
    return Catalog(found, f"{found[-1].updated_at}~{found[-1].id}" if more else None)


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
