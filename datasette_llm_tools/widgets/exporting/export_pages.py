"""How the page of exports comes about: which formats there are, and what each gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..access import widgets_url
from . import exports, pictures
from .export_contexts import ExportedQuery, ExportPage, FileOffer
from .export_html import about, charted_query, exported_query

if TYPE_CHECKING:
    from datasette.app import Datasette


async def export_page(datasette: Datasette, made_of: exports.Material) -> ExportPage:
    """The page of one version of a widget; its HTML file is made for its size."""
    widget, revision = made_of.widget, made_of.revision
    if made_of.drawn is not None:
        queries = [charted_query(revision, made_of.drawn)]
    else:
        queries = list(map(exported_query, made_of.taken))
    size = len((await exports.html_file(datasette, made_of)).encode())
    return ExportPage(
        database=widget.database,
        about=about(widget, revision, queries),
        widget_url=widgets_url(datasette, widget.database, widget.id),
        offers=_offers(datasette, made_of, queries, size),
        can_draw=pictures.can_draw(),
        is_chart=made_of.drawn is not None,
    )


def _offers(
    datasette: Datasette, made_of: exports.Material, queries: list[ExportedQuery], size: int
) -> list[FileOffer]:
    widget = made_of.widget
    start = widgets_url(datasette, widget.database, widget.id) + "/-/export"
    number = {"number": made_of.revision.number}

    def offer(name: str, kind: str, what: str, **more: str) -> FileOffer:
        return FileOffer(name, f"{start}.{kind}?{urlencode({**number, **more})}", what)

    html = offer("HTML", "html", "One file that shows it from disk, without a network")
    offers = [FileOffer(html.name, html.url, html.what, size)]
    if made_of.drawn is None:
        offers += [
            offer(f"CSV of {each.name}", "csv", "The rows of this query", query=each.name)
            for each in queries
        ]
    else:
        if pictures.can_draw():
            offers.append(offer("SVG", "svg", "A picture that stays sharp at any size"))
            offers.append(offer("PNG", "png", "A picture for everywhere else"))
        offers.append(offer("CSV", "csv", "The rows that are drawn"))
    return [
        *offers,
        FileOffer("JSON", f"{start}.json", "Source and queries, for programs; no rows"),
    ]
