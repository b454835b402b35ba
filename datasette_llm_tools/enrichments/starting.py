"""Starts a run: every check that can be made before the first row, then the run itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import BadInput, Conflict, NotAllowed
from ..permissions import ENRICH, may_write, require_table
from ..pricing import is_priced
from ..sql_names import fold
from .database import enrichment_store, store
from .database.tables import TargetTable, check_outputs, require_target
from .previewing import needed_columns, opened_models
from .values import Rows, Run, RunLimits, Selection, Specification

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor


async def start_run(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    specification: Specification,
    selection: Selection,
    limits: RunLimits,
    *,
    name: str = "",
    overwrite: Collection[str] = (),
) -> Run:
    """Keep the specification and add a waiting run over the selection.

    Raises NotAllowed naming the permission, NoModel, BadInput for a template or outputs
    that cannot be used or that need `overwrite`, and Conflict.
    """
    await require_writing(datasette, actor, database, target, specification)
    needed_columns(specification, target)
    await require_models(datasette, actor, database, specification, limits)
    await require_columns_free(datasette, database, target, specification)
    check_outputs(target, specification.outputs, overwrite)
    enrichment = await enrichment_store.create_enrichment(
        datasette,
        database,
        target.name,
        name.strip() or name_of(specification),
        specification,
        actor,
    )
    return await store.create_run(
        datasette, database, enrichment, selection, limits, actor, overwrite
    )


async def start_again(
    datasette: Datasette,
    actor: Actor,
    run: Run,
    which: Rows,
) -> Run:
    """Another run of the same enrichment over the same selection; it may write its own columns."""
    specification = run.enrichment.specification
    target = await require_target(datasette, run.enrichment.database, run.enrichment.table)
    await require_writing(datasette, actor, run.enrichment.database, target, specification)
    needed_columns(specification, target)
    await require_models(datasette, actor, run.enrichment.database, specification, run.limits)
    return await store.create_run(
        datasette,
        run.enrichment.database,
        run.enrichment,
        replace(run.selection, rows=which),
        run.limits,
        actor,
        [each.name for each in specification.outputs],
    )


async def require_models(
    datasette: Datasette,
    actor: Actor,
    database: str,
    specification: Specification,
    limits: RunLimits,
) -> None:
    """Raise NoModel unless there are such models for them, BadInput for money without a price."""
    async with opened_models(datasette, actor, database, specification) as doors:
        for door in doors:
            if limits.usd is not None and not door.info.is_local and not is_priced(door.model_id):
                raise BadInput(
                    f"{door.model_id} has no known price, so a limit of money cannot be kept; "
                    "take that limit away or choose another model."
                )


async def require_columns_free(
    datasette: Datasette, database: str, target: TargetTable, specification: Specification
) -> None:
    """Raise Conflict where a run that has not ended writes one of the outputs.

    Adding a run asks again, in its transaction; here it comes before what else is wrong with
    a column that such a run has made.
    """
    wanted = {fold(each.name) for each in specification.outputs}
    for run in await store.runs(datasette, database, target.name, limit=-1):
        outputs = run.enrichment.specification.outputs
        shared = [each.name for each in outputs if fold(each.name) in wanted]
        if shared and run.status.is_active:
            raise Conflict(
                f"Another run ({run.id}) writes to {', '.join(shared)} of {target.name}: let it "
                "end or cancel it first."
            )


async def require_writing(
    datasette: Datasette,
    actor: Actor,
    database: str,
    target: TargetTable,
    specification: Specification,
) -> None:
    """Raise NotAllowed unless the actor may run this over the table."""
    await require_table(datasette, actor, ENRICH, database, target.name)
    new = any(target.column(each.name) is None for each in specification.outputs)
    missing = await may_write(datasette, actor, database, target.name, alter=new)
    if missing is not None:
        why = " because there are new columns" if missing == "alter-table" else ""
        raise NotAllowed(f"You need the permission {missing} on {target.name}{why}.")


def name_of(specification: Specification) -> str:
    """What a run is called unless it was named: its outputs."""
    names = [each.name for each in specification.outputs]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
