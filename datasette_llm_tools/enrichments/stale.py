"""Rows whose input changed since a run, and rows that are new: what another run would ask about.

Every row is read and its prompt hashed again, so the search stops after a while and
says where it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..errors import BadInput
from ..prompt import Attachment
from ..settings import read_settings
from . import links
from .attaching import attachments
from .contexts import StalePage
from .database import results, rows
from .database.recalling import recall
from .database.tables import TargetTable, key_json, require_target
from .engine.preparing import Preparing, Question
from .fences import new_marker
from .pages import may_control
from .previewing import needed_columns, opened_models
from .prompts import Prompting
from .values import Key, Outcome, OutcomeStatus, Row, Rows, Run
from .wording import key_label, rows_words

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

    from ..permissions import Actor

_SECONDS = 3.0
_MOST_FOUND = 200
_ADDRESS_CHARACTERS = 2_000


async def stale_page(
    datasette: Datasette, request: Request, run: Run, *, after: Key | None
) -> StalePage:
    """Search from a key on, as the reader, for a few seconds or until there are many.

    Raises BadInput where files at URLs would have to be fetched to compare rows.
    """
    enrichment = run.enrichment
    database, table = enrichment.database, enrichment.table
    if attachments.url_columns(enrichment.specification):
        raise BadInput(
            "Files at URLs would have to be fetched to find changed rows; "
            "run it again for new and changed rows instead."
        )
    target = await require_target(datasette, database, table)
    # Run 0 is none: no row of it is settled, and what any run before said counts.
    as_reader = replace(
        run,
        number=0,
        actor=request.actor,
        selection=replace(run.selection, rows=Rows.CHANGED),
    )
    stale, last = await _search(datasette, as_reader, request.actor, target, after)
    groups: dict[str, list[Key]] = {"changed": [], "new": [], "failed": []}
    for key in stale:
        known = await results.results_of_row(datasette, database, table, key)
        groups[_kind([each for each in known if each.run.enrichment.id == enrichment.id])].append(
            key
        )
    url = f"{links.run_url(datasette, database, run.id)}/-/stale"

    def linked(kind: str) -> list[tuple[str, str | None]]:
        return [
            (key_label(key), links.row_url(datasette, database, table, key)) for key in groups[kind]
        ]

    return StalePage(
        database=database,
        table=table,
        run=run,
        run_url=links.run_url(datasette, database, run.id),
        changed=linked("changed"),
        new=linked("new"),
        failed=linked("failed"),
        summary=_summary(groups, finished=last is None, from_start=after is None),
        filter_url=_filter_url(datasette, database, target, groups["changed"] + groups["new"]),
        next_url=f"{url}?{urlencode({'after': key_json(last)})}" if last is not None else None,
        may_control=may_control(datasette, request.actor, run),
    )


def _kind(known: Sequence[results.Provenance]) -> str:
    """Why another run would ask about a row, given its results, the latest first."""
    if not known:
        return "new"
    return "failed" if known[0].result.status is OutcomeStatus.FAILED else "changed"


async def _search(
    datasette: Datasette, run: Run, actor: Actor, target: TargetTable, after: Key | None
) -> tuple[list[Key], Key | None]:
    """Keys of rows that another run would ask about, and where the search stopped if it did."""
    enrichment = run.enrichment
    specification = enrichment.specification
    columns = needed_columns(specification, target)
    async with opened_models(datasette, actor, enrichment.database, specification) as doors:
        info = doors[0].info
    prompting = Prompting(
        specification,
        target.columns,
        supports_schema=info.supports_schema,
        supports_grammar=info.supports_grammar,
        marker=new_marker(),
    )

    async def load(row: Row) -> tuple[Attachment, ...]:
        return await attachments.load(
            datasette,
            enrichment.database,
            target,
            row,
            specification,
            read_settings(datasette, enrichment.database),
            accepted=info.attachment_types,
        )

    preparing = Preparing(
        specification,
        prompting,
        recall=await recall(datasette, run),
        load=load if specification.attachments else None,
    )
    stop_at = time.monotonic() + _SECONDS
    found: list[Key] = []
    async for page in rows.pages(datasette, run, target, columns, after=after):
        for row, prepared in zip(page, await _prepared(preparing, page), strict=True):
            # An answer to the same input elsewhere is taken over, but it is not there yet.
            if isinstance(prepared, Question) or prepared.status is OutcomeStatus.DONE:
                found.append(row.key)
        if time.monotonic() > stop_at or len(found) >= _MOST_FOUND:
            return found, page[-1].key
    return found, None


async def _prepared(preparing: Preparing, page: Sequence[Row]) -> list[Question | Outcome]:
    """What a run would do about each row."""
    if preparing.needs_files:
        return [await preparing.loaded(row) for row in page]
    return await preparing.recalled([preparing.prepared(row) for row in page])


def _summary(groups: Mapping[str, Sequence[Key]], *, finished: bool, from_start: bool) -> str:
    where = "" if finished and from_start else " in this part of the table"
    words = {"changed": "changed", "new": "without a result"}
    parts = [
        f"{rows_words(len(groups[kind]))} {text}" for kind, text in words.items() if groups[kind]
    ]
    said = f"{', '.join(parts)}{where}." if parts else f"Nothing changed since{where}."
    if groups["failed"]:
        said += f" {rows_words(len(groups['failed']))} failed before."
    return said if finished else f"{said} The search was not finished."


def _filter_url(
    datasette: Datasette, database: str, target: TargetTable, keys: Sequence[Key]
) -> str | None:
    """The table's page filtered to these rows, where one column tells them apart."""
    if not keys or len(target.key_columns) != 1 or target.uses_rowid:
        return None
    values = [str(key[0]) for key in keys]
    if any(
        isinstance(key[0], bytes) or "," in value for key, value in zip(keys, values, strict=True)
    ):
        return None
    query = urlencode({f"{target.key_columns[0]}__in": ",".join(values)})
    url = f"{datasette.urls.table(database, target.name)}?{query}"
    return url if len(url) <= _ADDRESS_CHARACTERS else None
