"""The addresses where an author writes, arranges and goes back to earlier versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ...errors import BadInput, NotFound
from ...leaving import unless_left
from ...pages import json_response, posted, render, wants_json
from ...settings import read_settings
from .. import store
from ..addresses import exploration_url, explorations_url
from ..documents import document_json
from ..opening import own, require_author
from ..values import Document, Exploration, Revision
from . import edit_pages, history_pages, proposing
from .edit_form import acted, sent_base, sent_document

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_FORM_BYTES = 3  # bytes of a form for each of a document


async def create(request: Request, datasette: Datasette) -> Response:
    """POST /-/explorations/-/new: a new exploration, with a title or a document, or empty."""
    author = require_author(request.actor)
    sent = await _sent(request, datasette)
    if "document" in sent:
        document = _document(datasette, sent)
    else:
        document = Document(title=str(sent.get("title") or "").strip()[:200] or "Untitled")
    made, _ = await store.create(datasette, document=document, actor_id=author)
    if wants_json(request):
        found = edit_pages.exploration_json(datasette, made)
        return json_response({"exploration": found, "url": found["url"]}, status=201)
    return Response.redirect(exploration_url(datasette, made.id, "/-/edit"), status=303)


async def edit(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/edit: the page to write and arrange."""
    exploration = await own(request, datasette)
    revision = await _current(datasette, exploration)
    if wants_json(request):
        found = edit_pages.exploration_json(datasette, exploration)
        return json_response({"exploration": found, **edit_pages.revision_json(revision)})
    page = await edit_pages.edit_page(datasette, request.actor, exploration, revision)
    return await render(datasette, request, page)


async def save(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/-/save: autosave, or a version to keep: {document, base, keep}."""
    exploration = await own(request, datasette)
    sent = await _sent(request, datasette)
    action = str(sent.get("do") or "")
    document, anchor = acted(_document(datasette, sent), action)
    saved = await store.save(
        datasette,
        exploration.id,
        document,
        base=sent_base(sent),
        actor_id=exploration.actor_id,
        keep=action == "keep" or sent.get("keep") in (True, "1", "true"),
    )
    if wants_json(request):
        told = await asyncio.to_thread(edit_pages.saved_json, datasette, saved)
        return json_response(told)
    said = edit_pages.conflict_words(saved)
    if said:
        datasette.add_message(request, said, datasette.WARNING)
        return Response.redirect(exploration_url(datasette, exploration.id, "/-/history"), 303)
    url = exploration_url(datasette, exploration.id, "/-/edit")
    return Response.redirect(f"{url}#edit-{anchor}" if anchor else url, status=303)


async def preview(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/-/preview: a block of what is sent, run as its author: {block} -> {html}."""
    exploration = await own(request, datasette)
    sent = await _sent(request, datasette)
    document = _document(datasette, sent)
    block = document.block(str(sent.get("block") or ""))
    if block is None:
        raise NotFound("There is no such block in what was sent.")
    work = edit_pages.preview_html(datasette, request.actor, exploration, block, document)
    return json_response({"block": block.id, "html": await unless_left(request, work)})


async def propose(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/-/propose: title, summary and headings that a model proposes; keeps nothing."""
    exploration = await own(request, datasette)
    sent = await _sent(request, datasette)
    has_document = "document" in sent or "order" in sent
    document = (
        _document(datasette, sent)
        if has_document
        else (await _current(datasette, exploration)).document
    )
    model_id = str(sent.get("model") or "") or None
    work = proposing.propose(datasette, request.actor, exploration, document, model_id)
    return json_response(await unless_left(request, work))


async def history(request: Request, datasette: Datasette) -> Response:
    """GET …/ID/-/history: all versions, and what one changed with ?number=."""
    exploration = await own(request, datasette)
    number = _number(request.args.get("number")) or exploration.current
    page = await history_pages.history_page(datasette, exploration, number)
    if wants_json(request):
        versions = [history_pages.summary_json(each) for each in page.revisions]
        found = edit_pages.revision_json(page.revision)
        return json_response({"versions": versions, "version": found})
    return await render(datasette, request, page)


async def restore(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/-/restore: an earlier version becomes the current one again, {number}."""
    exploration = await own(request, datasette)
    number = _number((await posted(request)).get("number"))
    if number is None:
        raise BadInput("Say which version, as number=1.")
    restored = await store.restore(datasette, exploration.id, number, exploration.actor_id)
    if wants_json(request):
        return json_response(edit_pages.revision_json(restored))
    said = f"Version {number} is the current one again, as version {restored.number}."
    datasette.add_message(request, said, datasette.INFO)
    return Response.redirect(exploration_url(datasette, exploration.id, "/-/edit"), status=303)


async def delete(request: Request, datasette: Datasette) -> Response:
    """POST …/ID/-/delete: forget an exploration with all its versions."""
    exploration = await own(request, datasette)
    await store.delete(datasette, exploration.id)
    url = explorations_url(datasette)
    if wants_json(request):
        return json_response({"deleted": exploration.id, "url": url})
    datasette.add_message(request, "The exploration was deleted.", datasette.INFO)
    return Response.redirect(url, status=303)


async def _current(datasette: Datasette, exploration: Exploration) -> Revision:
    found = await store.revision(datasette, exploration.id, exploration.current)
    if found is None:
        raise NotFound("There is no such exploration any more; somebody may have deleted it.")
    return found


async def _sent(request: Request, datasette: Datasette) -> dict[str, Any]:
    """What was posted: the form has a block twice, as it was and as it was typed."""
    return await posted(request, _FORM_BYTES * read_settings(datasette).exploration_bytes)


def _document(datasette: Datasette, sent: Mapping[str, Any]) -> Document:
    """The document that was sent, within the limits of the settings. Raises BadInput."""
    settings = read_settings(datasette)
    document = sent_document(sent, most_blocks=settings.exploration_blocks)
    size = len(json.dumps(document_json(document), ensure_ascii=False).encode())
    if size > settings.exploration_bytes:
        raise BadInput(
            f"The exploration has {size:,} bytes; there may be {settings.exploration_bytes:,}, "
            "the setting exploration_bytes. Make two of it."
        )
    return document


def _number(value: Any) -> int | None:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise BadInput("number must be that of a version.")
    return int(text)
