"""The front door: hookimpls and the route table; each delegates in a line or three."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette import hookimpl
from datasette_llm import Purpose

from . import lifespan, permissions
from .cli import llm_tools
from .pages import guarded
from .questions import links, views
from .questions.answering import PURPOSE
from .uploads.views import upload

if TYPE_CHECKING:
    from click import Group
    from datasette.app import Datasette
    from datasette.permissions import Action, PermissionSQL
    from datasette.utils.asgi import Request

_DATABASE = r"/-/questions/(?P<database>[^/.]+)"
_QUESTION = _DATABASE + r"/(?P<id>[0-9a-f]{24})"

ROUTES = (
    (r"/-/questions(?:\.json)?$", views.home, {"GET"}),
    (r"/-/questions/-/upload$", upload, {"POST"}),
    (_DATABASE + r"(?:\.json)?$", views.ask, {"GET", "POST"}),
    (_DATABASE + r"/-/warm$", views.warm_up, {"POST"}),
    (_QUESTION + r"(?:\.json)?$", views.question, {"GET"}),
    (_QUESTION + r"/-/run(?:\.json)?$", views.run, {"POST"}),
    (_QUESTION + r"/-/rename(?:\.json)?$", views.rename, {"POST"}),
    (_QUESTION + r"/-/share(?:\.json)?$", views.share, {"POST"}),
    (_QUESTION + r"/-/delete(?:\.json)?$", views.delete, {"POST"}),
)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(pattern, guarded(view, methods)) for pattern, view, methods in ROUTES]


@hookimpl
def register_actions() -> list[Action]:
    return list(permissions.ACTIONS)


@hookimpl
def permission_resources_sql(
    datasette: Datasette, actor: permissions.Actor, action: str
) -> PermissionSQL | None:
    return permissions.default_permissions(datasette.default_deny, actor, action)


@hookimpl
def register_llm_purposes() -> list[Purpose]:
    return [Purpose(name=PURPOSE, description="Turn questions into SQL, and rows into words")]


@hookimpl
def startup(datasette: Datasette) -> Any:
    return lifespan.begin(datasette)


@hookimpl
def shutdown(datasette: Datasette) -> Any:
    return lifespan.end(datasette)


@hookimpl
def register_commands(cli: Group) -> None:
    cli.add_command(llm_tools)


@hookimpl
def menu_links(datasette: Datasette, actor: permissions.Actor) -> Any:
    return links.menu(datasette, actor)


@hookimpl
def database_actions(datasette: Datasette, actor: permissions.Actor, database: str) -> Any:
    return links.database(datasette, actor, database)


@hookimpl
def table_actions(datasette: Datasette, actor: permissions.Actor, database: str, table: str) -> Any:
    return links.table(datasette, actor, database, table)


@hookimpl
def view_actions(datasette: Datasette, actor: permissions.Actor, database: str, view: str) -> Any:
    return links.table(datasette, actor, database, view)


@hookimpl
def query_actions(datasette: Datasette, actor: permissions.Actor, database: str, sql: str) -> Any:
    return links.query(datasette, actor, database, sql)


@hookimpl
def jump_items_sql(datasette: Datasette, actor: permissions.Actor, request: Request) -> Any:
    return links.jump(datasette, actor)
