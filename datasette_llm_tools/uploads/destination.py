"""Which database takes a dropped file: the one that was chosen, or `uploads`.

It takes Datasette's own permission create-table, which only root has by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotAllowed, NotFound, UploadRejected
from ..permissions import Actor, may
from .store import UPLOADS

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database

CREATE_TABLE = "create-table"


async def choose_database(datasette: Datasette, actor: Actor, wanted: str | None) -> Database:
    """Return the database that takes the actor's file; `uploads` is made at its first use.

    Raises NotFound, NotAllowed without create-table, BadInput where nothing can be kept.
    """
    default = UPLOADS.name(datasette)
    name = wanted or default
    known = name in datasette.databases
    if (not known and name != default) or (
        known and not await may(datasette, actor, "view-database", name)
    ):
        raise NotFound(f"There is no database called {name} here.")
    if not await may(datasette, actor, CREATE_TABLE, name):
        raise NotAllowed(_denied(actor, f"on the database {name}"))
    if not known:
        await UPLOADS.add(datasette)
    database = datasette.get_database(name)
    if not database.is_mutable or (database.is_memory and not database.memory_name):
        raise UploadRejected(f"The database {name} takes no new tables: choose another.")
    return database


async def require_create_table(datasette: Datasette, actor: Actor) -> None:
    """Raise NotAllowed for an actor who may create tables nowhere, before a file is received."""
    names = {UPLOADS.name(datasette), *datasette.databases}
    for name in names:
        if await may(datasette, actor, CREATE_TABLE, name):
            return
    raise NotAllowed(_denied(actor, "to drop a file here"))


def _denied(actor: Actor, where: str) -> str:
    return f"{'You need' if actor else 'Sign in: you need'} the permission {CREATE_TABLE} {where}."
