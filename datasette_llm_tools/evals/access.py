"""Which database a case asks here, and who may read, change and run a suite.

A suite is for whoever has llm-tools-eval, and so llm-tools-ask, on every database that its cases
ask. Cases whose SQL reads tables that somebody may not view are left out for them: a case tells
what is in those. What is not served is known to those only who may read the database of suites as
it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadInput, LlmToolsError, NotAllowed, NotFound
from ..permissions import EVAL, Actor, is_root, may, require, visible_tables
from . import store
from .kinds import reads_any
from .suites import databases_of
from .values import Case, Suite

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database


async def may_eval_any(datasette: Datasette, actor: Actor) -> bool:
    """Whether the actor has llm-tools-eval on any database."""
    allowed = await datasette.allowed_resources(EVAL, actor, limit=1)
    return bool(allowed.resources)


async def require_any(datasette: Datasette, actor: Actor) -> None:
    """Raise NotAllowed for whoever may evaluate no database."""
    if not await may_eval_any(datasette, actor):
        who = "You need" if actor else "Sign in: you need"
        raise NotAllowed(f"{who} the permission {EVAL} on a database.")


async def databases_for(datasette: Datasette, actor: Actor) -> tuple[str, ...]:
    """Names of the databases that the actor may evaluate, but for those that nobody asks."""
    allowed = await datasette.allowed_resources(EVAL, actor, limit=1000)
    ours = (store.EVALS.name(datasette), "_internal")
    names = [str(each.parent) async for each in allowed.all() if str(each.parent) not in ours]
    return tuple([name for name in names if await may(datasette, actor, "view-database", name)])


def served(datasette: Datasette, database: str) -> str | None:
    """The name here of what a case calls its database: a name, or a path of that file or stem."""
    if database in datasette.databases:
        return database
    path = Path(database)
    for name, each in datasette.databases.items():
        with suppress(OSError, ValueError):
            if path.is_absolute() and each.path and path.samefile(each.path):
                return str(name)
    return path.stem if path.stem in datasette.databases and path.suffix else None


def missing(datasette: Datasette, cases: Sequence[Case]) -> tuple[str, ...]:
    """The databases of cases that are not served here, as the cases call them."""
    return tuple(each for each in databases_of(cases) if served(datasette, each) is None)


async def may_use(datasette: Datasette, actor: Actor, suite: Suite) -> bool:
    """Whether the actor may read, change and run a suite."""
    if not await may_eval_any(datasette, actor):
        return False
    for name in {served(datasette, each) for each in databases_of(suite.cases)}:
        if name is None:
            if not await may(datasette, actor, "view-database", store.EVALS.name(datasette)):
                return False
            continue
        try:
            await require(datasette, actor, EVAL, name)
        except LlmToolsError:
            return False
    return True


async def as_read(datasette: Datasette, actor: Actor, suite: Suite) -> Suite:
    """A suite that the actor may use, without cases that read tables that they may not view."""
    hidden = {}
    for called in databases_of(suite.cases):
        name = served(datasette, called)
        if name is not None:
            hidden[called] = await _hidden_tables(datasette, actor, name)
    cases = await asyncio.to_thread(_readable, suite.cases, hidden)  # parses every statement once
    left_out = {each.id for each in suite.cases} - {each.id for each in cases}
    return replace(suite, cases=cases, left_out=frozenset(left_out), hidden=hidden)


def require_all(datasette: Datasette, actor: Actor, suite: Suite) -> None:
    """Raise NotAllowed where a suite as the actor reads it is not whole, but for root."""
    if suite.left_out and not is_root(datasette, actor):
        raise NotAllowed(
            f"{suite.name} has cases that read tables that you may not view: only who may see all "
            "of its cases may delete or replace it."
        )


def _readable(cases: Sequence[Case], hidden: Mapping[str, frozenset[str]]) -> tuple[Case, ...]:
    return tuple(
        case
        for case in cases
        if not any(
            reads_any(sql, hidden.get(case.database, frozenset())) for sql in case.statements
        )
    )


async def _hidden_tables(datasette: Datasette, actor: Actor, database: str) -> frozenset[str]:
    """Tables and views of a served database that the actor may not view, in lower case."""
    rows = await datasette.get_internal_database().execute(
        """
        select table_name as name from catalog_tables where database_name = :database
        union select view_name from catalog_views where database_name = :database
        """,
        {"database": database},
    )
    visible = await visible_tables(datasette, actor, database)
    return frozenset(row["name"].lower() for row in rows.rows if row["name"] not in visible)


async def require_suite(datasette: Datasette, actor: Actor, name: str) -> tuple[Database, Suite]:
    """The database of suites and the suite of a name. Raises NotAllowed and NotFound."""
    await datasette.refresh_schemas()
    await require_any(datasette, actor)
    kept = await store.opened(datasette)
    with suppress(NotFound):
        suite = await store.suite_of(kept, name)
        if await may_use(datasette, actor, suite):
            return kept, await as_read(datasette, actor, suite)
    # Whoever may not read a suite is not told that there is one.
    raise NotFound(f"There is no suite called {name} here that you may use.")


async def located(datasette: Datasette, actor: Actor, case: Case) -> str:
    """The name of the served database that a new case asks.

    Raises BadInput where none is, and what `require` raises.
    """
    name = served(datasette, case.database)
    if name is None:
        known = ", ".join(await databases_for(datasette, actor))
        raise BadInput(
            f"The case {case.id} asks {case.database}, which is not served here; serve it, or "
            f"write one of: {known}."
        )
    await require(datasette, actor, EVAL, name)
    return name
