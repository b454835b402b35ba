"""How the page of sharing comes about: who reads, what they would see, secret links."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...embed_sites import embed_sites
from ...errors import NotAllowed, NotFound
from ...settings import read_settings
from ...times import said_time
from ...widgets.internal_tables import now
from .. import link_store, store
from ..addresses import absolute, exploration_url
from ..opening import require_publish
from ..values import Exploration, Link
from .contexts import LinkShown, SharePage
from .publishing import look_ahead

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def share_page(
    datasette: Datasette, request: Request, exploration: Exploration, *, looks: bool = True
) -> SharePage:
    """The page of its author. `looks`: run all blocks to see what would become visible."""
    revision = await store.revision(datasette, exploration.id, exploration.current)
    if revision is None:
        raise NotFound("There is no such exploration any more.")
    visible = None
    if looks:
        visible, _ = await look_ahead(datasette, request.actor, exploration, revision)
    lacks = None
    try:
        await require_publish(datasette, request.actor, revision.document)
    except (NotAllowed, NotFound) as error:
        lacks = error.message
    links = await link_store.links(datasette, exploration.id)
    url = exploration_url(datasette, exploration.id)
    return SharePage(
        exploration=exploration,
        document=revision.document,
        number=revision.number,
        edition=revision.edition,
        url=url,
        public_url=absolute(request, datasette, url),
        published_at=said_time(exploration.published_at),
        lacks=lacks,
        visible=visible,
        seen=visible.digest if visible else None,
        links=[_link(datasette, request, exploration, each) for each in links],
        temporary=bool(datasette.get_internal_database().is_temp_disk),
        site=absolute(request, datasette, "/").rstrip("/"),
        embed_sites=embed_sites(read_settings(datasette).embed_sites),
    )


def share_json(datasette: Datasette, request: Request, page: SharePage) -> dict[str, Any]:
    """What the page says, for programs."""
    exploration, visible = page.exploration, page.visible
    return {
        "exploration": exploration.id,
        "url": page.public_url,
        "version": page.number,
        "edition": page.edition,
        "published": exploration.published,
        "published_at": exploration.published_at,
        "sharing": {
            "public": exploration.sharing.public,
            "people": list(exploration.sharing.people),
            "mode": exploration.sharing.mode.value,
        },
        "may_not_publish": page.lacks,
        "visible": None
        if visible is None
        else {
            "tables": [asdict(each) for each in visible.tables],
            "refused": [{"block": name, "reason": said} for name, said in visible.refused],
            "gone": list(visible.gone),
            "seen": visible.digest,
        },
        "links": [asdict(each) for each in page.links],
    }


def _link(
    datasette: Datasette, request: Request, exploration: Exploration, link: Link
) -> LinkShown:
    url = exploration_url(datasette, exploration.id, key=link.token)
    return LinkShown(
        token=link.token,
        label=link.label,
        url=absolute(request, datasette, url),
        made_at=link.created_at,
        expires_at=link.expires_at,
        is_open=link.is_open(now()),
        is_revoked=link.revoked_at is not None,
    )
