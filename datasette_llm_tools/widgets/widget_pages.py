"""How the pages of widgets come about: who may see what, read now, as the reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils import tilde_encode

from ..model_choice import WAYS_TO_GET_A_MODEL, available_models
from ..permissions import PUBLISH, WIDGET, may
from ..schema_reading import read_schema
from ..settings import read_settings
from . import catalog_store, store
from .access import actor_id, as_read, is_own, widgets_url
from .contexts import Listed, Listing, NewWidgetPage, QueryShown, WidgetPage, WidgetsPage
from .diffs import Diff, differences
from .documents.query_blocks import queries_text
from .ideas import ideas
from .named_queries import queries_json
from .records import RevisionSummary
from .values import Kind, NamedQuery, Revision, Widget
from .voting import rival

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

PURPOSE = "widgets"
_SEARCH_CHARACTERS = 1000  # SQLite refuses much longer patterns
_START_CHARACTERS = 5000


def is_temporary(datasette: Datasette) -> bool:
    """Whether the internal database is a temporary file, so that widgets are lost."""
    return bool(datasette.get_internal_database().is_temp_disk)


async def databases_for(datasette: Datasette, request: Request, action: str) -> list[str]:
    """The databases on which this actor may do `action`."""
    names = [name for name in datasette.databases if name != "_internal"]
    return [name for name in names if await may(datasette, request.actor, action, name)]


async def widgets_page(datasette: Datasette, request: Request) -> WidgetsPage:
    """The page that lists widgets, and where more can be made."""
    readable = await databases_for(datasette, request, "execute-sql")
    makers = await databases_for(datasette, request, WIDGET) if request.actor else []
    wanted = request.args.get("database")
    return WidgetsPage(
        places=[{"name": name, "url": widgets_url(datasette, name)} for name in makers],
        listing=await listing(
            datasette, request, [name for name in readable if wanted in (None, "", name)]
        ),
    )


async def listing(datasette: Datasette, request: Request, databases: list[str]) -> Listing:
    """The widgets over some databases, as the query string asks for them."""
    search = (request.args.get("q") or "").strip()[:_SEARCH_CHARACTERS]
    kind = request.args.get("kind") or ""
    kind = kind if kind in {each.value for each in Kind} else ""
    found = await catalog_store.catalog(
        datasette,
        actor_id(request.actor),
        databases,
        search=search,
        kind=Kind(kind) if kind else None,
        after=request.args.get("next"),
    )
    return Listing(
        listed=tuple(
            Listed(
                as_read(request.actor, each),
                widgets_url(datasette, each.database, each.id),
                is_own(request.actor, each),
            )
            for each in found.widgets
        ),
        search=search,
        kind=kind,
        next_url="?" + urlencode({"q": search, "kind": kind, "next": found.next})
        if found.next
        else None,
        show_database=len(databases) > 1,
        signed_in=actor_id(request.actor) is not None,
        temporary=is_temporary(datasette),
    )


async def new_widget_page(datasette: Datasette, request: Request, database: str) -> NewWidgetPage:
    """The page with the prompt box for a new document."""
    schema = await read_schema(datasette, database, request.actor)
    return NewWidgetPage(
        database=database,
        database_url=str(datasette.urls.database(database)),
        make_url=widgets_url(datasette, database),
        prompt=(request.args.get("prompt") or "")[:_START_CHARACTERS],
        sql=(request.args.get("sql") or "")[:_START_CHARACTERS],
        question_id=(request.args.get("question") or "")[:24],
        models=await available_models(datasette, request.actor, PURPOSE, database),
        no_model=WAYS_TO_GET_A_MODEL,
        ideas=ideas(schema),
        listing=await listing(datasette, request, [database]),
    )


async def widget_page(
    datasette: Datasette, request: Request, widget: Widget, revision: Revision
) -> WidgetPage:
    """The studio over one version of a document."""
    own, database = is_own(request.actor, widget), widget.database
    makes = own and await may(datasette, request.actor, WIDGET, database)
    revisions = await store.revisions(datasette, widget.id) if own else ()
    url = widgets_url(datasette, database, widget.id)
    return WidgetPage(
        widget=widget,
        widget_url=url,
        revision=revision,
        revision_url=f"{url}/{revision.number}",
        database_url=str(datasette.urls.database(database)),
        make_url=widgets_url(datasette, database),
        is_owner=makes,
        may_publish=await may(datasette, request.actor, PUBLISH, database),
        may_copy=actor_id(request.actor) is not None
        and await may(datasette, request.actor, WIDGET, database),
        revisions=revisions,
        queries=queries_shown(datasette, revision, database),
        queries_text=queries_text(revision.draft.queries),
        changes=await changes(datasette, widget, revision) if own else None,
        rival=rival(revision, revisions),
        models=await available_models(datasette, request.actor, PURPOSE, database) if makes else (),
        no_model=WAYS_TO_GET_A_MODEL,
        mends=read_settings(datasette, database).widget_mends,
        question_url=str(
            datasette.urls.path(f"/-/questions/{tilde_encode(database)}/{widget.question_id}")
        )
        if widget.question_id
        else None,
        temporary=is_temporary(datasette),
    )


async def changes(datasette: Datasette, widget: Widget, revision: Revision) -> Diff | None:
    """What is different from the version that a version was made from; None for the first."""
    parent = revision.parent and await store.revision(datasette, widget.id, revision.parent)
    if not parent:
        return None
    return await asyncio.to_thread(differences, parent.draft, revision.draft, widget.kind)


def queries_shown(
    datasette: Datasette, revision: Revision, database: str
) -> tuple[QueryShown, ...]:
    """The queries of a version with what they gave, and links to Datasette's page for each."""
    base = f"{datasette.urls.database(database)}/-/query"
    return tuple(
        QueryShown(
            query=query,
            header=queries_text((query,)).splitlines()[0].partition("query ")[2],
            columns=tuple(revision.draft.contract.get(query.name, ())),
            url=f"{base}?{urlencode({'sql': query.sql, **_defaults(query)})}",
        )
        for query in revision.draft.queries
    )


def _defaults(query: NamedQuery) -> dict[str, Any]:
    return {each.name: "" if each.default is None else each.default for each in query.parameters}


def widget_json(datasette: Datasette, widget: Widget) -> dict[str, Any]:
    """A widget as lists in JSON give it."""
    return {
        "id": widget.id,
        "database": widget.database,
        "kind": widget.kind.value,
        "title": widget.title,
        "owner": widget.actor_id,
        "shared": widget.shared,
        "current": widget.current,
        "question": widget.question_id,
        "copied_from": widget.copied_from,
        "created_at": widget.created_at,
        "updated_at": widget.updated_at,
        "url": widgets_url(datasette, widget.database, widget.id),
    }


def summary_json(each: RevisionSummary) -> dict[str, Any]:
    """A version without its source, as history in JSON gives it."""
    writing = each.writing
    return {
        "number": each.number,
        "parent": each.parent,
        "origin": each.origin.value,
        "prompt": writing.prompt,
        "model": writing.model_id,
        "tokens": {"input": writing.usage.input_tokens, "output": writing.usage.output_tokens},
        "usd": writing.usd,
        "milliseconds": writing.milliseconds or None,
        "created_at": each.created_at,
        "approved_at": each.approved_at,
    }


def revision_json(revision: Revision) -> dict[str, Any]:
    """A whole version, with source, queries and contract."""
    draft = revision.draft
    summary = RevisionSummary(
        number=revision.number,
        parent=revision.parent,
        origin=draft.origin,
        writing=draft.writing,
        actor_id=revision.actor_id,
        created_at=revision.created_at,
        approved_at=revision.approved_at,
    )
    contract: Mapping[str, Any] = {
        name: [{"name": each.name, "type": each.type} for each in columns]
        for name, columns in draft.contract.items()
    }
    return {
        **summary_json(summary),
        "source": draft.source,
        "queries": queries_json(draft.queries),
        "contract": contract,
    }
