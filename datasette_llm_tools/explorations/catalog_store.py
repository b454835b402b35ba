"""Explorations in lists: one's own as they are written, others' as they were published."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..widgets.internal_tables import read
from .records import EXPLORATION_COLUMNS, exploration_of
from .values import Exploration

if TYPE_CHECKING:
    from datasette.app import Datasette

_ENTRY = "r.title, r.summary, r.tags, " + ", ".join(
    f"e.{name}" for name in EXPLORATION_COLUMNS.split(", ")
)
# The revision that this person reads.
_READABLE = """
    from llm_tools_explorations as e
    join llm_tools_exploration_revisions as r
      on r.exploration_id = e.id
     and r.number = case when e.actor_id = :actor then e.current else e.published end
    where (e.actor_id = :actor or (e.published is not null and (
            (e.public and :is_visitor_welcome)
            or exists (select 1 from json_each(e.people) where value = :actor))))
"""
# The texts of the same edition are searched.
_FOUND = _READABLE.replace(
    "where",
    """
    join (select exploration_id, edition, rank from llm_tools_explorations_fts
          where llm_tools_explorations_fts match :query) as f
      on f.exploration_id = e.id
     and f.edition = case when e.actor_id = :actor then 'draft' else 'published' end
    where
    """,
    1,
)
_TAGGED = _READABLE.replace("where", "join json_each(r.tags) as tag where", 1)
_AT = "case when e.actor_id = :actor then e.updated_at else e.published_at end as at"
_NARROWED = """
    and (:author is null or e.actor_id = :author)
    and (not :own or e.actor_id = :actor)
    and (not :pinned or e.pinned_at is not null)
    and (:tag is null or exists (select 1 from json_each(r.tags) where value = :tag))
"""
_BY_RELEVANCE = f"""
    select {_ENTRY}, {_AT} {_FOUND} {_NARROWED} order by f.rank, e.id limit :size
"""
_BY_TIME = f"""
    select {_ENTRY}, {_AT} {_READABLE} {_NARROWED}
      and (:changed = '' or (at, e.id) < (:changed, :last_id))
    order by at desc, e.id desc limit :size
"""
_WORD = re.compile(r"\w+")
_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """An exploration in a list, with its texts as this person may read them."""

    exploration: Exploration
    title: str
    summary: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """One page of a list. `next` continues it, None at the end; found ones have a single page."""

    entries: tuple[Entry, ...]
    next: str | None


async def catalog(
    datasette: Datasette,
    actor_id: str | None,
    *,
    search: str = "",
    author: str | None = None,
    tag: str | None = None,
    own: bool = False,
    pinned: bool = False,
    sees_public: bool = True,
    after: str | None = None,
    size: int = 30,
) -> Catalog:
    """What a person may read, the one changed last first; by relevance where it is searched.

    `sees_public`: whether they may view this Datasette at all, as public ones are for those who
    may. `after` is the `next` of the page before.
    """
    query = _match(search)
    changed, _, last_id = (after or "").partition("~")
    rows = await read(
        datasette,
        _BY_RELEVANCE if query else _BY_TIME,
        {
            "actor": actor_id,
            "is_visitor_welcome": int(sees_public),
            "query": query,
            "author": author,
            "own": int(own),
            "pinned": int(pinned),
            "tag": tag,
            "changed": changed,
            "last_id": last_id,
            "size": size + 1,
        },
    )
    shown, has_more = rows[:size], len(rows) > size and not query
    following = f"{shown[-1]['at']}~{shown[-1]['id']}" if has_more else None
    return Catalog(tuple(map(_entry, shown)), following)


async def feed(datasette: Datasette, size: int = 50) -> tuple[Entry, ...]:
    """What was published for everybody, newest first."""
    rows = await read(
        datasette,
        f"""
        select {_ENTRY} from llm_tools_explorations as e
        join llm_tools_exploration_revisions as r
          on r.exploration_id = e.id and r.number = e.published
        where e.public order by e.published_at desc, e.id limit ?
        """,
        [size],
    )
    return tuple(map(_entry, rows))


async def tags(
    datasette: Datasette, actor_id: str | None, *, sees_public: bool = True
) -> tuple[tuple[str, int], ...]:
    """The tags of what a person may read, with how many have each, the most frequent first."""
    rows = await read(
        datasette,
        f"""
        select tag.value as tag, count(*) as number
        {_TAGGED}
        group by 1 order by 2 desc, 1 limit 200
        """,
        {"actor": actor_id, "is_visitor_welcome": int(sees_public)},
    )
    return tuple((row["tag"], row["number"]) for row in rows)


def jump_items(
    actor_id: str | None, url: str, *, sees_public: bool = True
) -> tuple[str, dict[str, Any]]:
    """SQL, with its values, for Datasette's jump bar: what a person may read, by title and tags.

    `url` is what stands before an exploration's id in its address.
    """
    sql = f"""
        select 'exploration' as type, r.title as label,
            case when e.actor_id = :actor then 'Your exploration' else 'Exploration' end
                as description,
            :url || e.id as url, r.title || ' ' || r.tags as search_text, null as display_name
        {_READABLE}
    """
    values = {"actor": actor_id, "is_visitor_welcome": int(sees_public), "url": url}
    return sql, values


def _match(search: str) -> str:
    """What somebody typed as a query of FTS5: all of its words, the last one as a beginning."""
    words = _WORD.findall(search)[:_MOST_WORDS]
    quoted = [f'"{word}"' for word in words]
    return " ".join([*quoted[:-1], f"{quoted[-1]}*"]) if quoted else ""


def _entry(row: Any) -> Entry:
    tags = tuple(json.loads(row["tags"]))
    return Entry(exploration_of(row), row["title"], row["summary"], tags)
