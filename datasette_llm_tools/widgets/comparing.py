"""Two versions of a widget side by side, live, with what is different between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import store, voting
from .access import actor_id, widgets_url
from .contexts import ComparePage, Side
from .diffs import differences
from .values import Revision, Widget

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def compare_page(
    datasette: Datasette, request: Request, widget: Widget, left: Revision, right: Revision
) -> ComparePage:
    """Both versions. Who wrote which of two variants is not said before the vote."""
    choice = await voting.said(
        datasette, widget, left.number, right.number, actor_id(request.actor)
    )
    may_vote = voting.are_variants(left, right)
    is_blind = may_vote and not choice
    url = widgets_url(datasette, widget.database, widget.id)

    def side(revision: Revision, name: str) -> Side:
        label = name if is_blind else f"Version {revision.number}"
        return Side(revision, f"{url}/{revision.number}", label)

    return ComparePage(
        widget=widget,
        widget_url=url,
        left=side(left, "Left"),
        right=side(right, "Right"),
        changes=await asyncio.to_thread(differences, left.draft, right.draft, widget.kind),
        may_vote=may_vote,
        choice=choice,
        revisions=await store.revisions(datasette, widget.id),
    )
