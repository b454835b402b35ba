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
WIDGET = "llm-tools-widget"
PUBLISH = "llm-tools-publish"
EVAL = "llm-tools-eval"

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
    Action(
        name=WIDGET,
        abbr="ltw",
        description="Make charts and widgets over a database with a language model",
        resource_class=DatabaseResource,
        also_requires="execute-sql",
    ),
    Action(
        name=PUBLISH,
        abbr="ltp",
        description="Let others see the charts and widgets that one has made over a database",
        resource_class=DatabaseResource,
        also_requires="execute-sql",
    ),
    Action(
        name=EVAL,
        abbr="ltv",
        description="Keep questions to a database with what is right, and run models on them",
        resource_class=DatabaseResource,
        also_requires=ASK,
    ),
)

# Kept beside the data, they hold what models said of rows of any table there: nobody but
# root reads them, unless the configuration says who, and nobody writes to them by hand.
OWN_TABLES = "_llm_tools_"
_OWN_NAMES = tuple(OWN_TABLES + each for each in ("enrichments", "runs", "results", "reviews"))
_WRITING = {
    ENRICH,
    "insert-row",
    "update-row",
    "delete-row",
    "alter-table",
    "set-column-type",
    "drop-table",
}

# Allowed to everyone who signed in, unless the configuration denies it.
_SIGNED_IN = {ASK, ENRICH, WIDGET}

_READING = {"view-database", "view-database-download", "view-table", "execute-sql"}
_for_signed_in: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_for_root: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def keep_from_anonymous(datasette: Datasette, database: str) -> None:
    """From now on only people who signed in may read this database.

    A block for it in the configuration decides instead, where there is one.
    """
    if database not in ((datasette.config or {}).get("databases") or {}):
        _for_signed_in.setdefault(datasette, set()).add(database)


def keep_for_root(datasette: Datasette, database: str) -> None:
    """From now on only root may read this database, unless the configuration has a block for it."""
    if database not in ((datasette.config or {}).get("databases") or {}):
        _for_root.setdefault(datasette, set()).add(database)


def default_permissions(datasette: Datasette, actor: Actor, action: str) -> list[PermissionSQL]:
    """The rules that hold when the configuration says nothing, for permission_resources_sql."""
    rules = []
    if action in _SIGNED_IN and actor is not None and not datasette.default_deny:
        rules.append(PermissionSQL.allow(reason=f"{action} is allowed to people who signed in"))
    if action in _READING and actor is None and _for_signed_in.get(datasette):
        rules.append(_databases_denied(_for_signed_in[datasette], "for people who signed in"))
    if action in _READING and _for_root.get(datasette) and not is_root(datasette, actor):
        rules.append(_databases_denied(_for_root[datasette], "for root"))
    if action in _WRITING:
        rules.append(_own_tables_denied())
    elif action == "view-table" and not is_root(datasette, actor):
        rules.append(_own_tables_denied(_configured(datasette)))
    return rules


def _databases_denied(names: set[str], whom: str) -> PermissionSQL:
    """Deny whole databases; `whom` they are for is the reason."""
    return PermissionSQL(
        sql="select value as parent, null as child, 0 as allow, "
        ":llm_tools_whom as reason from json_each(:llm_tools_kept)",
        params={"llm_tools_kept": json.dumps(sorted(names)), "llm_tools_whom": whom},
    )


_OWN_TABLES_SQL = """
    select database_name as parent, own.value as child, 0 as allow,
        'what models said of rows is kept there' as reason
    from catalog_databases cross join json_each(:llm_tools_own) as own
"""
_NOT_OPENED_SQL = """
    where not exists (
        select 1 from json_each(:llm_tools_opened) as opened
        where json_extract(opened.value, '$[0]') = database_name
          and json_extract(opened.value, '$[1]') = own.value
    )
"""


def _own_tables_denied(opened: list[tuple[str, str]] | None = None) -> PermissionSQL:
    """Deny our tables in every database, but for those that are opened."""
    params = {"llm_tools_own": json.dumps(_OWN_NAMES)}
    if opened is None:
        return PermissionSQL(sql=_OWN_TABLES_SQL, params=params)
    return PermissionSQL(
        sql=_OWN_TABLES_SQL + _NOT_OPENED_SQL,
        params={**params, "llm_tools_opened": json.dumps(opened)},
    )


def _configured(datasette: Datasette) -> list[tuple[str, str]]:
    """Those of our tables of which the configuration says who may view them."""
    databases = (datasette.config or {}).get("databases") or {}
    return [
        (database, name)
        for database, block in databases.items()
        for name, table in ((block or {}).get("tables") or {}).items()
        if "allow" in (table or {}) or "view-table" in ((table or {}).get("permissions") or {})
    ]


def is_root(datasette: Datasette, actor: Actor) -> bool:
    """Whether the actor is the root whom this server knows."""
    return bool(datasette.root_enabled and (actor or {}).get("id") == "root")


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


async def require_table(
    datasette: Datasette, actor: Actor, action: str, database: str, table: str
) -> None:
    """Raise NotFound for an unknown or hidden table and NotAllowed without the permission."""
    await datasette.refresh_schemas()
    resource = TableResource(database=database, table=table)
    allowed = await datasette.allowed_many(
        actions=("view-table", action), resource=resource, actor=actor
    )
    is_there = allowed["view-table"] and await may(datasette, actor, "view-database", database)
    if not is_there or table not in await visible_tables(datasette, actor, database):
        raise NotFound(f"There is no table called {table} in a database called {database} here.")
    if not allowed[action]:
        who = "You need" if actor else "Sign in: you need"
        raise NotAllowed(f"{who} the permission {action} on the table {table} of {database}.")


async def may_write(
    datasette: Datasette, actor: Actor, database: str, table: str, *, alter: bool
) -> str | None:
    """The permission that the actor lacks to enrich a table, or None.

    `alter`: whether columns are added. Reading the rows takes execute-sql.
    """
    needed = ["view-table", ENRICH, "update-row", *(["alter-table"] if alter else [])]
    allowed = await datasette.allowed_many(
        actions=needed, resource=TableResource(database=database, table=table), actor=actor
    )
    if not await may(datasette, actor, "execute-sql", database):
        allowed["execute-sql"] = False
    return next((each for each in [*needed, "execute-sql"] if not allowed.get(each, True)), None)


async def visible_tables(datasette: Datasette, actor: Actor, database: str) -> frozenset[str]:
    """Names of the tables and views of a database that the actor may view."""
    names: set[str] = set()
    page = await datasette.allowed_resources("view-table", actor, parent=database, limit=1000)
    async for resource in page.all():
        names.add(resource.child)
    return frozenset(names)
