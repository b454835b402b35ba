"""What an actor may do here: our actions, their defaults, and the checks.

Spending a model's time or money is for people who signed in: anonymous
visitors may not ask unless the configuration says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from datasette.permissions import Action, PermissionSQL
from datasette.resources import DatabaseResource, TableResource

from .errors import NotAllowed, NotFound

if TYPE_CHECKING:
    from datasette.app import Datasette

Actor = dict[str, Any] | None

ASK = "llm-tools-ask"
ENRICH = "llm-tools-enrich"

ACTIONS = (
    Action(
        name=ASK,
        abbr="lta",
        description="Ask a database questions with a language model",
        resource_class=DatabaseResource,
        also_requires="execute-sql",
    ),
    Action(
        name=ENRICH,
        abbr="lte",
        description="Run a prompt over the rows of a table and save the results in it",
        resource_class=TableResource,
        also_requires="view-table",
    ),
)

# Kept beside the data, they hold what models said of rows of any table there.
OWN_TABLES = "_llm_tools_"

# Allowed to everyone who signed in, unless the configuration denies it.
_SIGNED_IN = {ASK, ENRICH}

_READING = {"view-database", "view-database-download", "view-table", "execute-sql"}
_for_signed_in: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def keep_from_anonymous(datasette: Datasette, database: str) -> None:
    """From now on only people who signed in may read this database.

    A block for it in the configuration decides instead, where there is one.
    """
    if database not in ((datasette.config or {}).get("databases") or {}):
        _for_signed_in.setdefault(datasette, set()).add(database)


def default_permissions(datasette: Datasette, actor: Actor, action: str) -> PermissionSQL | None:
    """The rule that holds when the configuration says nothing, for permission_resources_sql."""
    if action in _SIGNED_IN and actor is not None and not datasette.default_deny:
        return PermissionSQL.allow(reason=f"{action} is allowed to people who signed in")
    kept = _for_signed_in.get(datasette)
    if action in _READING and actor is None and kept:
        return PermissionSQL(
            sql="select value as parent, null as child, 0 as allow, "
            "'for people who signed in' as reason from json_each(:llm_tools_kept)",
            params={"llm_tools_kept": json.dumps(sorted(kept))},
        )
    return None


async def may(datasette: Datasette, actor: Actor, action: str, database: str) -> bool:
    """Whether the actor may do `action` on a database."""
    resource = DatabaseResource(database=database)
    return bool(await datasette.allowed(action=action, resource=resource, actor=actor))


async def require(datasette: Datasette, actor: Actor, action: str, database: str) -> None:
    """Raise NotFound for an unknown or hidden database and NotAllowed without the permission."""
    # Datasette brings its catalog of tables up to date on its own pages only.
    await datasette.refresh_schemas()
    needed = ("view-database", "execute-sql", action)
    allowed = await datasette.allowed_many(
        actions=needed, resource=DatabaseResource(database=database), actor=actor
    )
    if database not in datasette.databases or not allowed["view-database"]:
        raise NotFound(f"There is no database called {database} here.")
    for each in needed:
        if not allowed[each]:
            who = "You need" if actor else "Sign in: you need"
            raise NotAllowed(f"{who} the permission {each} on the database {database}.")


async def visible_tables(datasette: Datasette, actor: Actor, database: str) -> frozenset[str]:
    """Names of the tables and views of a database that the actor may view."""
    names: set[str] = set()
    page = await datasette.allowed_resources("view-table", actor, parent=database, limit=1000)
    async for resource in page.all():
        names.add(resource.child)
    return frozenset(names)
