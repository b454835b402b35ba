"""Addresses of suites and runs, and where menus and other pages lead to and from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from datasette.utils import tilde_encode

from ..questions.addresses import ask_url
from .access import may_eval_any

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor

Link = dict[str, str]


def home_url(datasette: Datasette) -> str:
    """The page of all suites."""
    return str(datasette.urls.path("/-/evals"))


def suite_url(datasette: Datasette, suite: str) -> str:
    """A suite's page."""
    return f"{home_url(datasette)}/{tilde_encode(suite)}"


def run_url(datasette: Datasette, suite: str, run_id: str) -> str:
    """A run's page."""
    return f"{suite_url(datasette, suite)}/{run_id}"


def compare_url(datasette: Datasette, suite: str, first: str, second: str) -> str:
    """The page that compares two runs by their ids."""
    query = urlencode({"first": first, "second": second})
    return f"{suite_url(datasette, suite)}/-/compare?{query}"


def question_url(datasette: Datasette, database: str, question: str) -> str:
    """The page where a case is asked as a question."""
    return f"{ask_url(datasette, database)}?{urlencode({'question': question})}"


def query_url(datasette: Datasette, database: str, sql: str) -> str:
    """Datasette's page for a statement."""
    return f"{datasette.urls.database(database)}/-/query?{urlencode({'sql': sql})}"


def rows_url(datasette: Datasette, database: str, table: str, **filters: str) -> str:
    """Datasette's page of the rows of one of our tables."""
    return f"{datasette.urls.table(database, table)}?{urlencode(filters)}"


def menu(datasette: Datasette, actor: Actor) -> Callable[[], Awaitable[list[Link]]]:
    """The menu of every page, for whoever may evaluate at least one database."""

    async def inner() -> list[Link]:
        if not await may_eval_any(datasette, actor):
            return []
        return [{"href": home_url(datasette), "label": "Evals"}]

    return inner
