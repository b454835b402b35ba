"""What a run stands on: its owner's right to write, its table and the columns that it needs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ... import permissions
from ...errors import BadInput, NotAllowed
from .. import previewing
from ..database import tables
from ..values import Run

if TYPE_CHECKING:
    from datasette.app import Datasette

_logger = logging.getLogger("datasette_llm_tools.enrichments")


async def require_permission(datasette: Datasette, run: Run) -> None:
    """Raise NotAllowed where its owner has lost the right to write since the run was started."""
    actor = dict(run.actor) if run.actor is not None else None
    table = run.enrichment.table
    missing = await permissions.may_write(
        datasette, actor, run.enrichment.database, table, alter=False
    )
    if missing:
        raise NotAllowed(
            f"Whoever started this run has not the permission {missing} on the table "
            f"{table}; grant it and resume the run."
        )


async def what_is_gone(datasette: Datasette, run: Run) -> str | None:
    """Why no rest will mend it: the table or a column is not there any more. None otherwise."""
    database, specification = run.enrichment.database, run.enrichment.specification
    names = [output.name for output in specification.outputs]
    try:
        target = await tables.require_target(datasette, database, run.enrichment.table)
        names += previewing.needed_columns(specification, target)
        await datasette.get_database(database).execute_fn(
            lambda connection: tables.require_columns(connection, target, names)
        )
    except (BadInput, tables.TableGone) as error:
        return error.message
    except Exception:
        _logger.exception("Run %s: its table could not be looked at.", run.id)
    return None
