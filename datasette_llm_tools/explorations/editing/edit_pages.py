"""How the page where an exploration is written comes about, and what a save answers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from ...errors import LlmToolsError
from ...markdown import markdown
from ...model_choice import available_models
from ...widgets.access import widgets_url
from ..addresses import block_url, exploration_url
from ..contents import Entry, block_anchor, contents, heading_top
from ..documents import block_json, document_json
from ..opening import actor_id
from ..parameters import names_in, parameter_values, params_of
from ..reading.rendering import block_html
from ..running import Ran, run_block, widget_of
from ..snapshot_store import frozen
from ..store import Saved
from ..values import (
    Block,
    Document,
    Exploration,
    Frozen,
    Parameter,
    Revision,
    RowsBlock,
    WidgetBlock,
    Words,
)
from .edit_contexts import BlockForm, EditPage, ParameterForm
from .edit_form import base_text, called, kind_name, order_text, shown_param
from .prompts import PURPOSE

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

_NEW_ID = "0" * 12  # what JavaScript replaces in a copy of empty words


async def edit_page(
    datasette: Datasette, actor: Actor, exploration: Exploration, revision: Revision
) -> EditPage:
    """The form with all blocks; rows are asked for by the page, block by block."""
    document = revision.document
    forms = [ParameterForm(each, users(document, each.name)) for each in document.parameters]
    # Words may be made to take seconds; others' requests get their turn meanwhile.
    blocks = await asyncio.to_thread(
        lambda: [_block_form(datasette, each, document) for each in document.blocks]
    )
    return EditPage(
        exploration=exploration,
        revision=revision,
        url=exploration_url(datasette, exploration.id),
        base=base_text(revision.number, revision.edition),
        order=order_text(document.blocks),
        blocks=blocks,
        empty_words=_block_form(datasette, Words(id=_NEW_ID, text=""), document),
        contents=await asyncio.to_thread(edit_contents, document),
        parameters=[*forms, ParameterForm(Parameter("", ""), ())],
        undeclared=undeclared(document),
        models=await available_models(datasette, actor, PURPOSE),
        is_published=exploration.published == revision.number,
        temporary=bool(datasette.get_internal_database().is_temp_disk),
    )


def _block_form(datasette: Datasette, block: Block, document: Document) -> BlockForm:
    declared = {each.name for each in document.parameters}
    params = {}
    if isinstance(block, RowsBlock):
        names = sorted(names_in(block.sql) - declared)
        params = {name: shown_param(block.params.get(name)) for name in names}
    is_words = isinstance(block, Words)
    return BlockForm(
        block=block,
        kind=kind_name(block),
        called=called(block),
        written="" if is_words else json.dumps(block_json(block), ensure_ascii=False),
        params=params,
        html=markdown(block.text, headings=True, top=heading_top(document)) if is_words else None,
        widget_url=widgets_url(datasette, block.database, block.widget_id)
        if isinstance(block, WidgetBlock)
        else None,
    )


def edit_contents(document: Document) -> tuple[Entry, ...]:
    """The table of contents, leading to where things are edited."""
    length = len(block_anchor(_NEW_ID))
    return tuple(
        Entry(each.level, each.text, f"edit-{each.anchor[:length]}") for each in contents(document)
    )


def users(document: Document, name: str) -> tuple[str, ...]:
    """The blocks whose SQL has a parameter of that name."""
    return tuple(called(each) for each in document.blocks if name in _names(each))


def undeclared(document: Document) -> dict[str, list[str]]:
    """Names in SQL that readers do not choose, each with the blocks that have it."""
    declared = {each.name for each in document.parameters}
    found: dict[str, list[str]] = {}
    for block in document.blocks:
        for name in sorted(_names(block) - declared):
            found.setdefault(name, []).append(called(block))
    return found


def _names(block: Block) -> frozenset[str]:
    return names_in(block.sql) if isinstance(block, RowsBlock) else frozenset()


async def preview_html(
    datasette: Datasette, actor: Actor, exploration: Exploration, block: Block, document: Document
) -> str:
    """A block as readers would be shown it, run as its author just now."""
    return await block_html(
        datasette,
        block,
        await shown_to_author(datasette, actor, exploration, block, document),
        address=block_url(datasette, exploration.id, block.id),
        level=heading_top(document) if isinstance(block, Words) else 2,
    )


async def shown_to_author(
    datasette: Datasette, actor: Actor, exploration: Exploration, block: Block, document: Document
) -> Ran | Frozen | str | None:
    """What a block gives its author now, or the sentence why it gives nothing.

    What came with a file and does not run here is shown as the file has it.
    """
    if isinstance(block, Words):
        return None
    try:
        if isinstance(block, WidgetBlock):
            await widget_of(datasette, actor_id(actor), block)
            return None
        params = params_of(block, document, parameter_values(document, {}))
        return await run_block(datasette, actor, block, params)
    except LlmToolsError as error:
        kept = await frozen(datasette, exploration, block.id) if _is_import(exploration) else None
        return kept or error.message


def _is_import(exploration: Exploration) -> bool:
    return exploration.published is None and exploration.snapshot is not None


def exploration_json(datasette: Datasette, exploration: Exploration) -> dict[str, Any]:
    """An exploration as saves and additions answer it."""
    return {
        "id": exploration.id,
        "url": exploration_url(datasette, exploration.id),
        "edit_url": exploration_url(datasette, exploration.id, "/-/edit"),
        "author": exploration.actor_id,
        "current": exploration.current,
        "published": exploration.published,
    }


def revision_json(revision: Revision) -> dict[str, Any]:
    """A version with its document."""
    return {
        "number": revision.number,
        "edition": revision.edition,
        "parent": revision.parent,
        "origin": revision.origin.value,
        "is_draft": revision.is_draft,
        "actor": revision.actor_id,
        "created_at": revision.created_at,
        "saved_at": revision.saved_at,
        "document": document_json(revision.document),
    }


def saved_json(datasette: Datasette, saved: Saved) -> dict[str, Any]:
    """What a save answers: the version, what stands in the contents, and whether it is current."""
    revision, document = saved.revision, saved.revision.document
    return {
        "number": revision.number,
        "edition": revision.edition,
        "is_draft": revision.is_draft,
        "saved_at": revision.saved_at,
        "conflict": _conflict_json(datasette, saved),
        "contents": [
            {"level": each.level, "text": each.text, "anchor": each.anchor}
            for each in edit_contents(document)
        ],
        "parameters": {each.name: users(document, each.name) for each in document.parameters},
        "undeclared": undeclared(document),
    }


def _conflict_json(datasette: Datasette, saved: Saved) -> dict[str, Any] | None:
    if saved.conflict is None:
        return None
    current, kept = saved.conflict, saved.revision
    versions = f"?left={current.number}&right={kept.number}"
    return {
        "number": current.number,
        "saved_at": current.saved_at,
        "message": conflict_words(saved),
        "compare_url": exploration_url(datasette, kept.exploration_id, "/-/compare") + versions,
    }


def conflict_words(saved: Saved) -> str:
    """What became of a version that was written over another one; nothing where none was."""
    if saved.conflict is None:
        return ""
    return (
        f"Version {saved.conflict.number} was saved meanwhile; yours is kept as version "
        f"{saved.revision.number}."
    )
