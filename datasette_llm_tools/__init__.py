"""The front door: hookimpls, each a line or three that delegates.

Nothing of the package is imported until a hook is called: Datasette loads its
plugins while it is being imported itself, and `llm` and the processes that run
SQL load parts of this package that must not bring Datasette along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette import hookimpl

if TYPE_CHECKING:
    from click import Group
    from datasette.app import Datasette
    from datasette.permissions import Action, PermissionSQL

    from .permissions import Actor


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    from .pages import guarded
    from .routes import ROUTES

    return [(pattern, guarded(view, methods)) for pattern, view, methods in ROUTES]


@hookimpl
def register_actions() -> list[Action]:
    from .permissions import ACTIONS

    return list(ACTIONS)


@hookimpl
def permission_resources_sql(
    datasette: Datasette, actor: Actor, action: str
) -> list[PermissionSQL]:
    from .permissions import default_permissions

    return default_permissions(datasette, actor, action)


@hookimpl
def register_llm_purposes() -> list[Any]:
    from .model_choice import PURPOSES

    return list(PURPOSES)


@hookimpl
def startup(datasette: Datasette) -> Any:
    from . import lifespan

    return lifespan.begin(datasette)


@hookimpl
def shutdown(datasette: Datasette) -> Any:
    from . import lifespan

    return lifespan.end(datasette)


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    from .times import FILTERS

    env.filters.update(FILTERS)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Any:
    from . import traffic

    return traffic.counting(datasette)


@hookimpl
def register_commands(cli: Group) -> None:
    from .cli import llm_tools

    cli.add_command(llm_tools)


@hookimpl
def menu_links(datasette: Datasette, actor: Actor) -> Any:
    from .enrichments import links as enriching
    from .evals import links as evaluating
    from .explorations.catalog import catalog_links as exploring
    from .questions import links
    from .widgets import links as drawing

    return _both(
        links.menu(datasette, actor),
        enriching.menu(datasette, actor),
        drawing.menu(datasette, actor),
        exploring.menu(datasette, actor),
        evaluating.menu(datasette, actor),
    )


@hookimpl
def top_homepage(datasette: Datasette, request: Any) -> Any:
    from .explorations.catalog.catalog_pages import pins_html

    return lambda: pins_html(datasette, request)


@hookimpl
def database_actions(datasette: Datasette, actor: Actor, database: str) -> Any:
    from .questions import links
    from .widgets import links as drawing

    return _both(
        links.database(datasette, actor, database), drawing.database(datasette, actor, database)
    )


@hookimpl
def table_actions(
    datasette: Datasette, actor: Actor, database: str, table: str, request: Any
) -> Any:
    from .enrichments import links as enriching
    from .explorations.editing import links as adding
    from .questions import links
    from .widgets import links as drawing

    return _both(
        links.table(datasette, actor, database, table),
        drawing.table(datasette, actor, database, table, request),
        enriching.table(datasette, actor, database, table, request),
        adding.table(datasette, actor, database, table, request),
    )


@hookimpl
def row_actions(datasette: Datasette, actor: Actor, database: str, table: str, row: Any) -> Any:
    from .enrichments import links as enriching
    from .explorations.editing import links as adding

    return _both(
        enriching.row(datasette, actor, database, table, row),
        adding.row(datasette, actor, database, table, row),
    )


@hookimpl
def view_actions(datasette: Datasette, actor: Actor, database: str, view: str, request: Any) -> Any:
    from .explorations.editing import links as adding
    from .questions import links
    from .widgets import links as drawing

    return _both(
        links.table(datasette, actor, database, view),
        drawing.table(datasette, actor, database, view, request),
        adding.table(datasette, actor, database, view, request),
    )


@hookimpl
def query_actions(
    datasette: Datasette, actor: Actor, database: str, query_name: str, sql: str, params: Any
) -> Any:
    from .explorations.editing import links as adding
    from .questions import links
    from .widgets import links as drawing

    return _both(
        links.query(datasette, actor, database, sql),
        drawing.query(datasette, actor, database, sql, params),
        adding.query(datasette, actor, database, query_name, sql, params),
    )


@hookimpl
def jump_items_sql(datasette: Datasette, actor: Actor) -> Any:
    from .explorations.catalog import catalog_links as exploring
    from .questions import links

    return _both(links.jump(datasette, actor), exploring.jump(datasette, actor))


def _both(*links: Any) -> Any:
    """The links of several features: Datasette takes one answer of a plugin."""

    async def inner() -> list[Any]:
        return [link for each in links for link in await each()]

    return inner
