"""What an answer comes to: the accepted statements and the answer's run, and are compared.

All of it runs as the actor through the guard, as the answer itself did, with room for more rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import LlmToolsError, QueryFailed
from ..permissions import Actor, visible_tables
from ..queries import Limits, QueryResult, run_query
from ..questions.values import Answer, Status
from .kinds import Order, cut_of, order_of
from .scoring import Match, Table, compare
from .values import Case, ExpectedRows, Instead, Suite, Verdict

if TYPE_CHECKING:
    from datasette.app import Datasette

_MOST_ROWS = 100_000
_MOST_BYTES = 50_000_000
_LEAST_MS = 30_000

_WITHOUT_ROWS = {
    Status.UNANSWERABLE: Verdict.REFUSED,
    Status.STOPPED: Verdict.UNANSWERED,
}
_BY_MATCH = {
    Match.SAME: Verdict.RIGHT,
    Match.EXTRA_COLUMNS: Verdict.EXTRA_COLUMNS,
    Match.DIFFERENT: Verdict.WRONG,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict; CaseResult says what the fields mean."""

    verdict: Verdict
    accepted_empty: bool = False
    error: str | None = None
    variants: int = 0
    variants_wrong: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """The accepted results of a case. `results` are by statement; `error`: why there is none.

    `visible` are the tables that the actor may view.
    """

    results: Mapping[str | ExpectedRows, Table]
    visible: frozenset[str] = frozenset()
    error: str | None = None

    @property
    def is_empty(self) -> bool:
        return any(not each.rows for each in self.results.values())


class Judge:
    """Judges answers of one suite, asked of databases of one Datasette as one actor."""

    def __init__(self, datasette: Datasette, actor: Actor, suite: Suite, limits: Limits) -> None:
        self._datasette = datasette
        self._actor = actor
        self._suite = suite
        self._limits = replace(
            limits,
            milliseconds=max(limits.milliseconds, _LEAST_MS),
            rows=max(limits.rows, _MOST_ROWS),
            result_bytes=max(limits.result_bytes, _MOST_BYTES),
        )

    async def key(self, case: Case, database: str) -> Key:
        """Run the accepted statements of a case. Those that do not run are left out."""
        if isinstance(case.accepted, Instead):
            return Key({})
        await self._datasette.refresh_schemas()
        visible = await visible_tables(self._datasette, self._actor, database)
        results: dict[str | ExpectedRows, Table] = {}
        error = None
        for accepted in case.accepted:
            if isinstance(accepted, ExpectedRows):
                results[accepted] = _expected(accepted)
                continue
            try:
                results[accepted] = await self._accepted(accepted, database, visible)
            except LlmToolsError as caught:
                error = f"An accepted statement did not run: {caught.message}"
        return Key(results, visible, None if results else error)

    async def judge(
        self, case: Case, key: Key, answer: Answer, database: str, variants: Sequence[str] = ()
    ) -> Judged:
        """The verdict on an answer. `variants` name changed copies of its database."""
        if isinstance(case.accepted, Instead):
            return Judged(_verdict_instead(case.accepted, answer))
        if answer.status is not Status.ANSWERED:
            return Judged(_verdict_without_rows(answer), key.is_empty)
        try:
            found = await self._found(key, answer, database)
        except LlmToolsError as error:
            return Judged(Verdict.FAILED, key.is_empty, error.message)
        if found is None:
            return Judged(Verdict.WRONG, key.is_empty)
        matches = {each: await self._compare(table, found) for each, table in key.results.items()}
        best = _best(matches.values())
        judged = Judged(_BY_MATCH[best], key.is_empty)
        if best is Match.DIFFERENT or not answer.sql or not variants:
            return judged
        agreeing = [
            each for each, match in matches.items() if match is best and isinstance(each, str)
        ]
        told = [
            await self._is_right_on(each, agreeing, answer.sql, key.visible) for each in variants
        ]
        wrong = told.count(False)
        return replace(
            judged,
            verdict=Verdict.WRONG if wrong else judged.verdict,
            variants=len(told) - told.count(None),
            variants_wrong=wrong,
        )

    async def _found(self, key: Key, answer: Answer, database: str) -> Table | None:
        """All rows of the answer, which keeps only as many as are shown.

        None where there are more than any accepted result has.
        """
        result = answer.result
        if result is not None and answer.truncated:
            shown = len(result.rows)
            if all(len(each.rows) <= shown for each in key.results.values()):
                return None
            result = None
        if result is None:
            result = await self._run(answer.sql or "", database, key.visible)
            if result.truncated:
                return None
        return Table(result.columns, result.rows)

    async def _is_right_on(
        self, variant: str, agreeing: Sequence[str], sql: str, visible: frozenset[str]
    ) -> bool | None:
        """Whether a statement is right on a changed copy, too; None where nothing can be said.

        Nothing can be where no accepted statement says, there, which of equal rows it returns.
        """
        says_something = False
        for accepted in agreeing:
            try:
                if await self._is_unsettled(accepted, variant, visible):
                    continue
                wanted = await self._accepted(accepted, variant, visible)
            except (LlmToolsError, LookupError):
                continue
            says_something = True
            try:
                result = await self._run(sql, variant, visible)
            except LlmToolsError:
                return False
            found = Table(result.columns, result.rows)
            if await self._compare(wanted, found) is not Match.DIFFERENT:
                return True
        return False if says_something else None

    async def _is_unsettled(self, accepted: str, database: str, visible: frozenset[str]) -> bool:
        """Whether its LIMIT cuts between rows that its ORDER BY does not tell apart.

        Raises LookupError where that cannot be seen.
        """
        cut = cut_of(accepted)
        if cut is None:
            return False
        rows = (await self._run(cut.sql, database, visible)).rows
        if not 0 < cut.at < len(rows):
            return False
        return rows[cut.at - 1][-cut.keys :] == rows[cut.at][-cut.keys :]

    async def _accepted(self, sql: str, database: str, visible: frozenset[str]) -> Table:
        result = await self._run(sql, database, visible)
        if result.truncated:
            raise QueryFailed(f"It has more than {len(result.rows):,} rows, which are compared.")
        return Table(result.columns, result.rows, order_of(sql))

    async def _run(self, sql: str, database: str, visible: frozenset[str]) -> QueryResult:
        return await run_query(
            self._datasette,
            database,
            sql,
            actor=self._actor,
            limits=self._limits,
            tables=visible,
        )

    async def _compare(self, accepted: Table, found: Table) -> Match:
        return await asyncio.to_thread(
            compare,
            accepted,
            found,
            columns_in_order=self._suite.columns_in_order,
            tolerance=self._suite.tolerance,
        )


def _verdict_instead(wanted: Instead, answer: Answer) -> Verdict:
    """No answer asks back yet, so that what must be asked back is never right."""
    if wanted is Instead.CANNOT and answer.status is Status.UNANSWERABLE:
        return Verdict.RIGHT
    return Verdict.WRONG if answer.status is Status.ANSWERED else _verdict_without_rows(answer)


def _verdict_without_rows(answer: Answer) -> Verdict:
    """A statement that did not run is a failure; without one, the model broke off."""
    if answer.status in _WITHOUT_ROWS:
        return _WITHOUT_ROWS[answer.status]
    return Verdict.FAILED if answer.attempts else Verdict.UNANSWERED


def _best(matches: Collection[Match]) -> Match:
    return next((each for each in Match if each in matches), Match.DIFFERENT)


def _expected(expected: ExpectedRows) -> Table:
    width = len(expected.rows[0]) if expected.rows else 1
    columns = tuple(f"{number}" for number in range(width))
    return Table(columns, expected.rows, Order(None) if expected.in_order else None)
