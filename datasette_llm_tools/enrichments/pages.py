"""How the pages on which a table is enriched come about: read now, as the reader."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import BadInput, LlmToolsError, NotFound
from ..model_choice import available_models
from ..permissions import ENRICH, OWN_TABLES, require_table
from ..settings import read_settings
from ..sql_names import fold
from . import forms, links
from .contexts import ColumnShown, EnrichmentsPage, EnrichPage, PreviewShown, RunLine
from .database import rows, store
from .database.selection import selection_for_key, selection_from_request
from .database.tables import TargetTable, key_from_json, require_target
from .drafts import Draft, OutputDraft, draft_of
from .previewing import PURPOSE
from .row_templates import column_reference
from .values import Row, Run, Selection
from .wording import rows_words

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..permissions import Actor

_SAMPLE_CHARACTERS = 80
_MOST_TABLES = 200
_MOST_RUNS = 20
_MOST_OWN_RUNS = 100


async def home_page(datasette: Datasette, request: Request) -> EnrichmentsPage:
    """The reader's own runs, and the tables that they may enrich."""
    tables: dict[str, list[tuple[str, str]]] = {}
    allowed = await datasette.allowed_resources(ENRICH, request.actor, limit=_MOST_TABLES)
    for resource in allowed.resources:
        database, table = resource.parent, resource.child
        if await _is_offered(datasette, database, table):
            url = links.table_url(datasette, database, table)
            tables.setdefault(database, []).append((table, url))
    return EnrichmentsPage(
        runs=await _own_runs(datasette, request.actor),
        tables=tables,
        more_tables=allowed.next is not None,
    )


async def enrich_page(
    datasette: Datasette,
    request: Request,
    database: str,
    table: str,
    draft: Draft,
    *,
    preview: PreviewShown | None = None,
    error: str | None = None,
) -> EnrichPage:
    """The form with what was typed into it, and perhaps a preview."""
    actor, settings = request.actor, read_settings(datasette, database)
    target, reason = await _target(datasette, request.actor, database, table)
    counted, columns = "", list[ColumnShown]()
    if target is not None:
        try:
            selection = await selection_of(datasette, request, database, target)
            total = await rows.count(
                datasette, actor, database, target, selection, milliseconds=settings.query_ms
            )
            counted = selection_words(selection, total)
            columns = await _columns(datasette, actor, database, target, selection)
        except LlmToolsError as trouble:
            reason = trouble.message
    filters = links.filters_of(request.query_string)
    shown_filters = "" if links.KEY in request.args else filters
    return EnrichPage(
        database=database,
        table=table,
        table_url=links.with_query(str(datasette.urls.table(database, table)), shown_filters),
        url=links.table_url(datasette, database, table),
        filters=filters,
        rows=counted,
        may_enrich=reason,
        draft=draft,
        forms=forms.FORMS,
        form=next((each for each in forms.FORMS if each.name == draft.form), None),
        columns=columns,
        models=await available_models(datasette, actor, PURPOSE, database),
        preview=preview,
        error=error,
        most_at_once=settings.enrich_max_concurrency,
        usual_at_once=settings.enrich_concurrency,
        runs=await table_runs(datasette, actor, database, table),
    )


async def first_draft(datasette: Datasette, request: Request, database: str, table: str) -> Draft:
    """What the form begins with: a ready form, or an earlier run's specification."""
    if run_id := request.args.get(links.RUN):
        run = await store.get_run(datasette, database, run_id)
        if run is not None and fold(run.enrichment.table) == fold(table):
            return draft_of(run.enrichment.specification, run.enrichment.name)
    name = request.args.get(links.FORM) or "free"
    if not any(each.name == name for each in forms.FORMS):
        raise BadInput(f"There is no form {name!r}; choose one of those on the page.")
    return Draft(form=name, outputs=(OutputDraft(),))


async def selection_of(
    datasette: Datasette, request: Request, database: str, target: TargetTable
) -> Selection:
    """The rows that the address chooses: one by its key, or those of the filters."""
    if key := request.args.get(links.KEY):
        return selection_for_key(target, key_from_json(key))
    return await selection_from_request(datasette, request, database, target.name)


def selection_words(selection: Selection, total: int) -> str:
    """`All 1,234 rows`, `412 rows where origin = "JFK"`."""
    if selection.where is None:
        return f"All {rows_words(total)}" if total != 1 else "The only row"
    return f"{rows_words(total)} {selection.description}"


async def table_runs(
    datasette: Datasette, actor: Actor, database: str, table: str
) -> list[RunLine]:
    """The newest runs over a table."""
    found = await store.runs(datasette, database, table, limit=_MOST_RUNS)
    return [run_line(datasette, actor, each) for each in found]


def run_line(datasette: Datasette, actor: Actor, run: Run) -> RunLine:
    """A run as lists show it."""
    counts = run.counts
    settled = f"{counts.done:,} done"
    if counts.failed:
        settled += f", {counts.failed:,} failed"
    if run.status.is_active and counts.total:
        settled = f"{min(counts.settled, counts.total):,} of {rows_words(counts.total)}, {settled}"
    return RunLine(
        run=run,
        url=links.run_url(datasette, run.enrichment.database, run.id),
        place=f"{run.enrichment.database}, {run.enrichment.table}",
        settled=settled,
        is_mine=is_owner(actor, run),
    )


def is_owner(actor: Actor, run: Run) -> bool:
    """Whether the actor started the run. Visitors cannot be told apart, so none of them did."""
    mine = (actor or {}).get("id")
    return mine is not None and (run.actor or {}).get("id") == mine


def may_control(datasette: Datasette, actor: Actor, run: Run) -> bool:
    """Whether the actor may pause, resume, cancel, undo the run: its owner and root may.

    What came with the file belongs to nobody here; whoever may write to its table may.
    """
    is_root = bool(datasette.root_enabled) and (actor or {}).get("id") == "root"
    return is_root or is_owner(actor, run) or (run.is_foreign and actor is not None)


async def require_readable(datasette: Datasette, actor: Actor, run: Run) -> None:
    """Raise NotFound or NotAllowed unless the actor may read what a run did.

    Whoever may view its table may; when the table is gone, whoever may control the run.
    """
    database, table = run.enrichment.database, run.enrichment.table
    is_gone = not await datasette.get_database(database).table_exists(table)
    if run.is_foreign or not (is_gone and may_control(datasette, actor, run)):
        await require_table(datasette, actor, "view-table", database, table)


async def readable_run(datasette: Datasette, actor: Actor, database: str, run_id: str) -> Run:
    """The run of that id, if this actor may read what it did. Raises NotFound, NotAllowed."""
    await datasette.refresh_schemas()
    found = None
    if database in datasette.databases:
        found = await store.get_run(datasette, database, run_id)
    if found is not None:
        with suppress(NotFound):
            await require_readable(datasette, actor, found)
            return found
    # Whoever may not see the table reads neither its name nor that there is such a run.
    raise NotFound("There is no such run here.")


async def _is_offered(datasette: Datasette, database: str, table: str) -> bool:
    """Whether a list offers a table to be enriched."""
    db = datasette.databases.get(database)
    if db is None or not db.is_mutable or db.is_memory or table.startswith(OWN_TABLES):
        return False
    return table not in await db.hidden_table_names() and table not in await db.view_names()


async def _own_runs(datasette: Datasette, actor: Actor) -> list[RunLine]:
    mine: list[Run] = []
    for name, db in datasette.databases.items():
        if db.is_mutable and not db.is_memory and name != "_internal":
            mine += [run for run in await store.runs(datasette, name) if is_owner(actor, run)]
    mine.sort(key=lambda run: run.created_at, reverse=True)
    readable: dict[tuple[str, str], bool] = {}
    for run in mine:
        place = (run.enrichment.database, run.enrichment.table)
        if place not in readable:
            readable[place] = await _may_read(datasette, actor, run)
    found = [run for run in mine if readable[run.enrichment.database, run.enrichment.table]]
    return [run_line(datasette, actor, each) for each in found[:_MOST_OWN_RUNS]]


async def _may_read(datasette: Datasette, actor: Actor, run: Run) -> bool:
    try:
        await require_readable(datasette, actor, run)
    except LlmToolsError:
        return False
    return True


async def _target(
    datasette: Datasette, actor: Actor, database: str, table: str
) -> tuple[TargetTable | None, str | None]:
    """The table to enrich, or the reason why not."""
    try:
        await require_table(datasette, actor, ENRICH, database, table)
        return await require_target(datasette, database, table), None
    except LlmToolsError as error:
        return None, error.message


async def _columns(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    selection: Selection,
) -> list[ColumnShown]:
    """The columns with a value each, from sampled rows."""
    sampled = await rows.sample(
        datasette,
        actor,
        database,
        target,
        selection,
        target.columns,
        3,
        1,
        milliseconds=read_settings(datasette, database).query_ms,
    )
    return [
        ColumnShown(
            name=name,
            insert=column_reference(name),
            sample=_sample(name, sampled),
        )
        for name in target.columns
    ]


def _sample(column: str, sampled: Sequence[Row]) -> str:
    values = [row.values.get(column) for row in sampled]
    found = next((each for each in values if each not in (None, "")), None)
    if found is None:
        return "NULL" if values else ""
    text = "a file (BLOB)" if isinstance(found, bytes) else " ".join(str(found).split())
    return text if len(text) <= _SAMPLE_CHARACTERS else f"{text[:_SAMPLE_CHARACTERS]}…"


def with_output_added(draft: Draft) -> Draft:
    """The form with one more output."""
    return replace(draft, outputs=(*draft.outputs, OutputDraft()))


def without_output(draft: Draft, number: str) -> Draft:
    """The form without the output of that number, from 0."""
    kept = tuple(each for position, each in enumerate(draft.outputs) if str(position) != number)
    return replace(draft, outputs=kept or (OutputDraft(),))
