"""How an exploration, or a block of it, comes to stand in a page of another site.

It is what readers read, without what is around it and without anything that changes something.
No cookies are needed: browsers send none into foreign pages, so that what is embedded is public,
or opened by the token in its address.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ...embed_sites import embed_sites
from ...errors import BadInput, LlmToolsError, NotFound
from ...settings import read_settings
from .. import access, store
from ..addresses import KEY, block_url, exploration_url
from ..opening import Opened, opened
from ..parameters import PREFIX
from ..reading.contexts import ReadPage
from ..reading.read_pages import read_page
from ..values import Block, Mode
from .embed_contexts import EmbedNote, EmbedPage, EmbedPageWithFrames

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

THEMES = ("auto", "light", "dark")


def theme_of(request: Request) -> str:
    """The theme that an address asks for. Raises BadInput."""
    wanted = request.args.get("theme") or "auto"
    if wanted not in THEMES:
        raise BadInput("theme must be light, dark or auto.")
    return wanted


def sites(datasette: Datasette) -> tuple[str, ...]:
    """The sites that may embed what is published here."""
    return embed_sites(read_settings(datasette).embed_sites)


async def as_readers(request: Request, datasette: Datasette) -> Opened:
    """The exploration of the address as its readers have it, its author too. Raises NotFound."""
    found = await opened(request, datasette)
    exploration = found.exploration
    if exploration.published is None:
        raise NotFound("This exploration is not published; publish it to have it embedded.")
    if found.revision.number != exploration.published:
        revision = await store.revision(datasette, exploration.id, exploration.published)
        if revision is None:
            raise NotFound("There is no such exploration any more.")
        mode = access.mode(exploration, revision.number)
        found = replace(found, revision=revision, mode=mode)
    if any(name.startswith(PREFIX) for name in request.args):
        found = replace(found, mode=Mode.LIVE)
    return found


async def embed_page(
    datasette: Datasette, request: Request, found: Opened, theme: str, block: Block | None = None
) -> EmbedPage:
    """The page for a frame. Raises BadInput for a parameter's value."""
    page = await read_page(datasette, request, found, block)
    shown = {each.name: getattr(page, each.name) for each in fields(ReadPage)}
    return (EmbedPageWithFrames if page.has_frames else EmbedPage)(
        **shown,
        theme=theme,
        sites=" ".join(sites(datasette)),
        embed_url=embed_url(datasette, found, block),
    )


def embed_url(
    datasette: Datasette, found: Opened, block: Block | None = None, theme: str = "auto"
) -> str:
    """Where it can be embedded from, with the token by which it was opened."""
    exploration_id = found.exploration.id
    start = (
        block_url(datasette, exploration_id, block.id, "/-/embed")
        if block
        else exploration_url(datasette, exploration_id, "/-/embed")
    )
    chosen = {KEY: found.key} if found.key else {}
    chosen |= {"theme": theme} if theme != "auto" else {}
    return f"{start}?{urlencode(chosen)}" if chosen else start


def note(datasette: Datasette, theme: str, error: LlmToolsError) -> EmbedNote:
    """An error for a reader on another site."""
    return EmbedNote(error.message, theme, " ".join(sites(datasette)))
