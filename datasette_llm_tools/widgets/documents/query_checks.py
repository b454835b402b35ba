"""Runs the queries of a widget once, as whoever makes it, while the model is still writing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import LlmToolsError
from ...queries import Limits, run_query
from ...settings import Settings
from ..contracts import columns_of
from ..named_queries import MOST_QUERIES, bound, checked_queries
from ..values import Column, Contract, NamedQuery

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

# A model that writes the same queries over and over has them run no more often than this.
_MOST_WRITTEN = 3 * MOST_QUERIES
_ASKED = re.compile(r"""datasette\.rows\(\s*["'`](\w+)["'`]""")


@dataclass(frozen=True, slots=True)
class Checked:
    """A query that was run with its defaults. It runs if `columns` are there.

    `error` says why it did not, or that it gave no rows, in one sentence.
    """

    query: NamedQuery
    columns: tuple[Column, ...] = ()
    error: str | None = None

    @property
    def runs(self) -> bool:
        return bool(self.columns)


class QueryChecks:
    """Checks under way, as one actor; the latest of a name is the one that counts."""

    def __init__(
        self,
        datasette: Datasette,
        actor: Actor,
        database: str,
        settings: Settings,
        tables: frozenset[str],
    ) -> None:
        self._datasette = datasette
        self._actor = actor
        self._database = database
        # What a widget gets in one page, so that both look at the same rows.
        self._limits = replace(Limits.of(settings), rows=settings.widget_rows)
        self._tables = tables
        self._under_way: dict[str, asyncio.Task[Checked]] = {}

    def start(self, query: NamedQuery) -> None:
        """Run a query beside everything else."""
        self.forget(query.name)
        self._under_way[query.name] = asyncio.create_task(self._check(query))

    def forget(self, name: str) -> None:
        """Stop the check of a query that is gone."""
        earlier = self._under_way.pop(name, None)
        if earlier is not None:
            earlier.cancel()

    def done(self) -> list[Checked]:
        """What has come to its end since this was last asked."""
        ended = [name for name, task in self._under_way.items() if task.done()]
        return [self._under_way.pop(name).result() for name in ended]

    async def wait(self) -> None:
        """Wait for all that are under way."""
        if self._under_way:
            await asyncio.wait(self._under_way.values())

    async def aclose(self) -> None:
        """Stop what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _check(self, query: NamedQuery) -> Checked:
        try:
            (query,) = checked_queries((query,))
            result = await run_query(
                self._datasette,
                self._database,
                query.sql,
                bound(query, {}),
                actor=self._actor,
                limits=self._limits,
                tables=self._tables,
            )
        except LlmToolsError as error:
            return Checked(query, error=f"The query {query.name} does not run: {error.message}")
        empty = None if result.rows else f"The query {query.name} gives no rows with its defaults."
        return Checked(query, columns_of(result), empty)


class QuerySet:
    """The queries of a widget while it is written: what it had, and what a model changes."""

    def __init__(self, queries: Sequence[NamedQuery], checks: QueryChecks) -> None:
        self._checks = checks
        self._by_name = {each.name: each for each in queries}
        self._checked: dict[str, Checked] = {}
        self._new: set[str] = set()
        self._faults: list[str] = []
        self._written = 0

    def start(self) -> None:
        """Run what the widget had; its data may have changed since."""
        for query in self._by_name.values():
            self._checks.start(query)

    @property
    def queries(self) -> tuple[NamedQuery, ...]:
        """As they stand."""
        return tuple(self._by_name.values())

    @property
    def contract(self) -> Contract:
        """The columns of those that have run."""
        return {name: each.columns for name, each in self._checked.items() if each.runs}

    def take(self, query: NamedQuery) -> None:
        """A query that was written; one without SQL takes its place away."""
        self._written += 1
        if self._written > _MOST_WRITTEN:
            return
        self._checked.pop(query.name, None)
        if not query.sql:
            self._by_name.pop(query.name, None)
            self._checks.forget(query.name)
        elif query.name in self._by_name or len(self._by_name) < MOST_QUERIES:
            self._by_name[query.name] = query
            self._new.add(query.name)
            self._checks.start(query)
        else:
            self._faults = [f"A widget may have {MOST_QUERIES} queries; the others are left out."]

    def done(self) -> list[Checked]:
        """What has run since this was last asked."""
        found = self._checks.done()
        for each in found:
            self._checked[each.query.name] = each
            self._by_name[each.query.name] = each.query  # its defaults as SQLite gets them
        return found

    async def wait(self) -> None:
        """Wait until all have run; `done` tells of them."""
        await self._checks.wait()

    async def aclose(self) -> None:
        await self._checks.aclose()

    def failed(self, source: str, faults: Sequence[str]) -> list[tuple[str, str]]:
        """What is to be mended, as (SQL or name, sentence): only what was written now."""
        bad = [each for name, each in self._checked.items() if name in self._new and not each.runs]
        return [
            *((each.query.sql, each.error or "") for each in bad),
            *((sentence, sentence) for sentence in [*faults, *self._missing(source)]),
        ]

    def notes(self, source: str) -> tuple[str, ...]:
        """A sentence for each query that does not run, is empty, or is missing."""
        errors = (each.error for each in self._checked.values() if each.error)
        return (*errors, *self._missing(source), *self._faults)

    def _missing(self, source: str) -> list[str]:
        return [
            f"The document asks for a query {name}, which it does not have."
            for name in asked_for(source)
            if name not in self._by_name
        ]


def asked_for(source: str) -> list[str]:
    """The names of the queries that a document spells out when it asks for rows."""
    return list(dict.fromkeys(_ASKED.findall(source)))
