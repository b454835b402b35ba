"""The widget of a block: its frame, and the rows that it asks for.

From a snapshot it gets the rows that were frozen for the values it asks with, and no others; live,
its queries run as whoever looks. Either way it is HTML that a model wrote or a file brought, so it
goes through the sandbox again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...embed_sites import embed_sites
from ...errors import BadInput, NotFound
from ...permissions import Actor, require
from ...settings import read_settings
from ...widgets.sandbox import frames
from ...widgets.sandbox.documents import Rebuilt, rebuild
from ...widgets.sandbox.frame_views import rebuilt_source
from ...widgets.sandbox.libraries import NAMES
from ...widgets.sandbox.rows import rows_json
from ...widgets.values import Revision
from ..opening import Opened
from ..running import widget_of
from ..values import Frozen, Mode, WidgetBlock
from .blocks_shown import shown_frozen

if TYPE_CHECKING:
    from datasette.app import Datasette


async def start(
    datasette: Datasette, actor: Actor, found: Opened, block: WidgetBlock
) -> dict[str, Any]:
    """A frame as <llm-tools-widget> takes it: {frame, token, approved, refused}.

    Raises NotFound and NotAllowed where there is nothing to show this reader.
    """
    if found.mode is Mode.SNAPSHOT:
        rebuilt = await _frozen_source(await _frozen(datasette, found, block))
    else:
        rebuilt = await rebuilt_source(await _revision(datasette, actor, found, block))
    # The same for pages here and for those that other sites embed: a frame is let into a page by
    # its token alone, and has neither cookies nor an origin.
    sites = embed_sites(read_settings(datasette).embed_sites)
    minted = await frames.mint(datasette, rebuilt, ancestors=" ".join([frames.OURS, *sites]))
    return {**frames.frame_json(minted, approved=True), "refused": list(rebuilt.refused)}


async def rows(
    datasette: Datasette,
    actor: Actor,
    found: Opened,
    block: WidgetBlock,
    asked: Mapping[str, Any],
) -> dict[str, Any]:
    """Rows for a widget, as widgets/sandbox/rows.rows_json gives them. Raises what that raises,
    and BadInput for values whose rows are not in the snapshot."""
    if found.mode is Mode.SNAPSHOT:
        return _frozen_rows(await _frozen(datasette, found, block), asked)
    revision = await _revision(datasette, actor, found, block)
    return await rows_json(datasette, actor, block.database, revision.draft, asked)


async def _revision(
    datasette: Datasette, actor: Actor, found: Opened, block: WidgetBlock
) -> Revision:
    await require(datasette, actor, "execute-sql", block.database)
    _, revision = await widget_of(datasette, found.exploration.actor_id, block)
    return revision


async def _frozen(datasette: Datasette, found: Opened, block: WidgetBlock) -> Frozen:
    shown = await shown_frozen(datasette, found.exploration, block)
    if not isinstance(shown, Frozen):
        raise NotFound(str(shown))
    if shown.refused:
        raise NotFound(shown.refused)
    return shown


async def _frozen_source(frozen: Frozen) -> Rebuilt:
    rebuilt = await asyncio.to_thread(rebuild, str(frozen.more.get("html", "")))
    libraries = tuple(each for each in frozen.more.get("libraries", ()) if each in NAMES)
    return Rebuilt(rebuilt.html, libraries=libraries, refused=rebuilt.refused)


def _frozen_rows(frozen: Frozen, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The frozen result of a query with the values that are asked for."""
    name, given = asked.get("query"), asked.get("params") or {}
    queries = {each["name"]: each["results"] for each in frozen.more.get("queries", ())}
    if not isinstance(name, str) or name not in queries:
        raise BadInput(f"This widget has no query called {str(name)[:60]!r}.")
    if not isinstance(given, Mapping):
        raise BadInput(f"The parameters of the query {name} must be an object by name.")
    results = queries[name]
    defaults = results[0]["params"]
    unknown = [each for each in given if each not in defaults]
    if unknown:
        raise BadInput(f"The query {name} has no parameter {str(unknown[0])[:60]}.")
    wanted = {key: _text(given.get(key, default)) for key, default in defaults.items()}
    for result in results:
        if {key: _text(value) for key, value in result["params"].items()} == wanted:
            return {
                "columns": result["columns"],
                "rows": result["rows"][_skipped(asked.get("page")) :],
                "truncated": result["truncated"],
                "next": None,
                "changed": [],
            }
    said = ", ".join(f"{key} = {value}" for key, value in wanted.items())[:200]
    raise BadInput(f"The snapshot holds no rows of {name} for {said}; look at it live.")


def _text(value: Any) -> str:
    """A value as parameters are compared: 1, "1", 1.0 and true are the same."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _skipped(page: Any) -> int:
    return page if isinstance(page, int) and not isinstance(page, bool) and page > 0 else 0
