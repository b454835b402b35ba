"""Certificates, running blocks again, and forks against their original."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput
from ...leaving import unless_left
from ...pages import Page, json_response, posted, render, wants_json
from .. import opening
from ..reading.read_views import private
from . import check_pages, forks, verifying

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request


async def certificate(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/certificate: what the blocks came from, with hashes."""
    found = await opening.opened(request, datasette)
    page = await check_pages.certificate_page(datasette, request.actor, found)
    return await _shown(request, datasette, found, page, check_pages.page_json(page))


async def verify(request: Request, datasette: Datasette) -> Any:
    """POST …/ID/-/verify: run blocks again and compare, {block}; all of them without."""
    found = await opening.opened(request, datasette)
    wanted = _blocks(await posted(request))
    work = verifying.verify(datasette, request.actor, found, wanted)
    done = await unless_left(request, work)
    page = await check_pages.certificate_page(datasette, request.actor, found)
    if wants_json(request):
        return json_response({"verifications": check_pages.verifications_json(done, page)})
    anchor = f"#certificate-{done[0].block_id}" if len(done) == 1 else ""
    return Response.redirect(page.certificate_url + anchor, status=303)


async def compare(request: Request, datasette: Datasette) -> Any:
    """GET …/ID/-/compare: a fork beside its original, or two versions, ?left=&right=."""
    found = await opening.opened(request, datasette)
    page = await forks.compare_page(datasette, request, found)
    return await _shown(request, datasette, found, page, forks.page_json(page))


def _blocks(fields: Mapping[str, Any]) -> Collection[str] | None:
    block = fields.get("block")
    if block is not None and not isinstance(block, str):
        raise BadInput("block must be the id of a block.")
    return [block] if block else None


async def _shown(
    request: Request,
    datasette: Datasette,
    found: opening.Opened,
    page: Page,
    told: Mapping[str, Any],
) -> Response:
    """A page or its JSON, with the headers of what a secret link opened."""
    response = (
        json_response(told) if wants_json(request) else await render(datasette, request, page)
    )
    return private(response, found)
