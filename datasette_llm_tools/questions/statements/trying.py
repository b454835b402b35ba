"""One statement tried: run as it is or as it is mended, within what a question may cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import LlmToolsError, QueryFailed, QueryTimedOut
from ...queries import Limits, QueryResult, run_query
from ..empty_results import says_nothing
from ..pairs import Recurring
from .corrections import corrected
from .dialects import in_sqlite
from .intents import as_asked
from .literals import Freedom, unknown_texts, with_known_texts
from .looking import looking
from .matchless_joins import with_matching_joins
from .mended import Mended
from .mending import mended, with_own_memberships

if TYPE_CHECKING:
    from ...schema import Schema
    from ..asking import Asking
    from ..budget import Budget


@dataclass(frozen=True)
class Tried:
    """What came of a statement. `sql` was run, `written` is what the model wrote; `changes` say how
    they differ. Either `result` or `error` is there."""

    sql: str
    written: str
    changes: tuple[str, ...] = ()
    result: QueryResult | None = None
    error: LlmToolsError | None = None
    milliseconds: float = 0.0

    @property
    def can_be_mended(self) -> bool:
        """Whether other SQL may do: not for a refusal, which a model is not to get around."""
        return isinstance(self.error, QueryFailed) and not isinstance(self.error, QueryTimedOut)


class Trying:
    """Tries the statements of one question; the same one is run once."""

    def __init__(self, asking: Asking, budget: Budget) -> None:
        self._asking = asking
        self._budget = budget
        self._known: dict[str, Tried] = {}
        self._look = looking(
            asking.datasette,
            asking.actor,
            asking.database,
            Limits.of(asking.settings),
            asking.tables,
        )

    async def tried(self, sql: str) -> Tried:
        """Run a statement, mended by rule where it needs it. Raises LimitReached."""
        if sql not in self._known:
            started = time.perf_counter()
            found = await self._tried(sql)
            milliseconds = (time.perf_counter() - started) * 1000
            self._known[sql] = replace(found, milliseconds=milliseconds)
        return self._known[sql]

    async def asked_before(self, found: Recurring) -> Tried | None:
        """Run a pair's SQL with the values of a question; None where the data do not hold
        them, or nothing is found: then the values may have been meant in another way."""
        statement = Tried(found.sql, found.sql)
        if found.values:
            texts = await with_known_texts(
                found.sql, self._asking.schema, self._look, freedom=Freedom.SPELLING
            )
            if texts is not None:
                statement = _changed(statement, texts)
            if await unknown_texts(statement.sql, self._asking.schema, self._look) != ():
                return None
        tried = await self._run(statement, None)
        if tried.result is None or (found.values and says_nothing(tried.result)):
            return None
        return tried

    async def _tried(self, sql: str) -> Tried:
        settings = self._asking.settings
        first = await self._run(Tried(sql, sql), await self._corrected(sql))
        if first.can_be_mended and settings.mend_names:
            # Parsing takes milliseconds, which other requests need not wait for.
            for mend in await asyncio.to_thread(_mends, sql, self._asking.schema):
                again = await self._run(_changed(first, mend), await self._corrected(mend.sql))
                if again.result is not None:
                    first = again
                    break
        if first.result is None or not says_nothing(first.result) or not settings.mend_texts:
            return first
        # No rows are surely not meant; a count of nothing, or an average of it, may be.
        freedom = Freedom.KEY if first.result.rows else Freedom.LIKENESS
        schema, other = self._asking.schema, first
        if joins := await with_matching_joins(other.sql, schema, self._look):
            other = _changed(other, joins)
        if texts := await with_known_texts(other.sql, schema, self._look, freedom=freedom):
            other = _changed(other, texts)
        if other is first:
            return first
        again = await self._run(other, None)
        return again if again.result is not None and not says_nothing(again.result) else first

    async def _run(self, statement: Tried, correction: Mended | None) -> Tried:
        """Run a statement as it is corrected; as it is, where that does not run."""
        if correction is not None:
            better = await self._run(_changed(statement, correction), None)
            if better.result is not None:
                return better
        self._budget.count_run()
        asking = self._asking
        try:
            result = await run_query(
                asking.datasette,
                asking.database,
                statement.sql,
                actor=asking.actor,
                limits=Limits.of(asking.settings),
                tables=asking.tables,
            )
        except LlmToolsError as error:
            return replace(statement, error=error, result=None)
        return replace(statement, result=result, error=None)

    async def _corrected(self, sql: str) -> Mended | None:
        return await asyncio.to_thread(_corrected, sql, self._asking)


def _corrected(sql: str, asking: Asking) -> Mended | None:
    """What the question says of a statement, and what people expect of one; None for no change."""
    settings, schema = asking.settings, asking.schema
    rules: list[Callable[[str], Mended | None]] = []
    if settings.mend_names:
        rules.append(lambda text: with_own_memberships(text, schema))
    if settings.heed_question:
        rules.append(lambda text: as_asked(text, asking.question, schema))
    if settings.correct_sql:
        rules.append(lambda text: corrected(text, schema))
    statement = Mended(sql, ())
    for rule in rules:
        if found := rule(statement.sql):
            statement = Mended(found.sql, (*statement.changes, *found.changes))
    return statement if statement.changes else None


def _mends(sql: str, schema: Schema) -> list[Mended]:
    """The ways to mend a statement by rule, the gentlest first."""
    names = mended(sql, schema)
    words = in_sqlite(names.sql if names else sql)
    ways = [names] if names else []
    if words:
        both = mended(words.sql, schema)
        changes = (*(names.changes if names else ()), *words.changes)
        last = Mended(words.sql, changes)
        ways.append(Mended(both.sql, (*changes, *both.changes)) if both else last)
    return ways


def _changed(statement: Tried, mend: Mended) -> Tried:
    return replace(statement, sql=mend.sql, changes=(*statement.changes, *mend.changes))
