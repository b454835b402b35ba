"""Two versions of a widget side by side, live, with what is different between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import store, voting
from .access import actor_id, widgets_url
from .charts.chart_pages import widget_page
from .contexts import ComparePage, Side
from .diffs import differences
from .values import Kind, Revision, Widget

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

    async def side(revision: Revision, name: str) -> Side:
        label = name if is_blind else f"Version {revision.number}"
        chart = None
        if widget.kind is Kind.CHART:
            chart = await widget_page(datasette, request, widget, revision)
        return Side(revision, f"{url}/{revision.number}", label, chart)

    return ComparePage(
        widget=widget,
        widget_url=url,
        left=await side(left, "Left"),
        right=await side(right, "Right"),
        changes=await asyncio.to_thread(differences, left.draft, right.draft, widget.kind),
        may_vote=may_vote,
        choice=choice,
        revisions=await store.revisions(datasette, widget.id),
    )
