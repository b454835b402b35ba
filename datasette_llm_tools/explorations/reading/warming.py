"""Once, when the server has started: the newest public page is made for nobody.

Compiling templates and reading schemas for the first time takes most of a second, which the first
reader would have to wait.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from datasette.utils.asgi import Request

from ...errors import LlmToolsError
from .. import store
from ..access import Door
from ..addresses import exploration_url
from ..catalog_store import feed
from ..opening import Opened, withheld
from ..values import Exploration, Mode
from .read_views import page_for_visitors
from .visitors import is_kept

if TYPE_CHECKING:
    from datasette.app import Datasette


async def warm_up(datasette: Datasette) -> None:
    """Make one page, if there is one that everybody may read from a snapshot."""
    # Whatever is wrong with a page is for its readers to be told.
    with contextlib.suppress(LlmToolsError):
        for entry in await feed(datasette, size=1):
            if is_kept(entry.exploration):
                await _make(datasette, entry.exploration)


async def _make(datasette: Datasette, exploration: Exploration) -> None:
    revision = await store.revision(datasette, exploration.id, exploration.published or 0)
    if revision is None:
        return
    request = Request.fake(exploration_url(datasette, exploration.id))
    request.scope["headers"] = [(b"host", b"localhost")]
    await withheld(datasette, exploration)
    await page_for_visitors(
        datasette,
        Opened(
            exploration=exploration,
            revision=revision,
            door=Door.PUBLIC,
            mode=Mode.SNAPSHOT,
            link=None,
        ),
        request,
    )
