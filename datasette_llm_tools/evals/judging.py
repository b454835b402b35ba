"""What an answer comes to: its rows are compared with those of the accepted statements."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ..errors import LlmToolsError
from ..questions.values import Answer, Status
from .executing import Place
from .kinds import Order
from .scoring import Match, Table, compare
from .values import Case, ExpectedRows, Instead, Suite, Verdict

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
    """The accepted results of a case. `results` are by statement; `error`: why there is none."""

    results: Mapping[str | ExpectedRows, Table]
    error: str | None = None

    @property
    def is_empty(self) -> bool:
        return any(not each.rows for each in self.results.values())


class Judge:
    """Judges the answers to the cases of one suite."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite

    async def key(self, case: Case, place: Place) -> Key:
        """Run the accepted statements of a case. Those that do not run are left out."""
        results: dict[str | ExpectedRows, Table] = {}
        error = None
        for accepted in () if isinstance(case.accepted, Instead) else case.accepted:
            if isinstance(accepted, ExpectedRows):
                results[accepted] = _expected(accepted)
                continue
            try:
                results[accepted] = await place.accepted(accepted)
            except LlmToolsError as caught:
                error = f"An accepted statement did not run: {caught.message}"
        return Key(results, None if results else error)

    async def judge(
        self, case: Case, key: Key, answer: Answer, place: Place, copies: Sequence[Place] = ()
    ) -> Judged:
        """The verdict on an answer. `copies` are changed copies of the database at `place`."""
        if isinstance(case.accepted, Instead):
            return Judged(_verdict_instead(case.accepted, answer))
        if answer.status is not Status.ANSWERED:
            return Judged(_verdict_without_rows(answer), key.is_empty)
        try:
            found = await self._found(key, answer, place)
        except LlmToolsError as error:
            return Judged(Verdict.FAILED, key.is_empty, error.message)
        if found is None:
            return Judged(Verdict.WRONG, key.is_empty)
        matches = {each: await self._compare(table, found) for each, table in key.results.items()}
        best = _best(matches.values())
        judged = Judged(_BY_MATCH[best], key.is_empty)
        if best is Match.DIFFERENT or not answer.sql:
            return judged
        agreeing = [
            each for each, match in matches.items() if match is best and isinstance(each, str)
        ]
        told = [await self._is_right_on(copy, agreeing, answer.sql) for copy in copies]
        wrong = told.count(False)
        return replace(
            judged,
            verdict=Verdict.WRONG if wrong else judged.verdict,
            variants=len(told) - told.count(None),
            variants_wrong=wrong,
        )

    async def _found(self, key: Key, answer: Answer, place: Place) -> Table | None:
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
            result = await place.run(answer.sql or "")
            if result.truncated:
                return None
        return Table(result.columns, result.rows)

    async def _is_right_on(self, copy: Place, agreeing: Sequence[str], sql: str) -> bool | None:
        """Whether a statement is right on a changed copy, too; None where nothing can be said.

        Nothing can be where no accepted statement says, there, which of equal rows it returns.
        """
        says_something = False
        for accepted in agreeing:
            try:
                if await copy.is_unsettled(accepted):
                    continue
                wanted = await copy.accepted(accepted)
            except (LlmToolsError, LookupError):
                continue
            says_something = True
            try:
                result = await copy.run(sql)
            except LlmToolsError:
                return False
            found = Table(result.columns, result.rows)
            if await self._compare(wanted, found) is not Match.DIFFERENT:
                return True
        return False if says_something else None

    async def _compare(self, accepted: Table, found: Table) -> Match:
        return await asyncio.to_thread(
            compare,
            accepted,
            found,
            columns_in_order=self._suite.columns_in_order,
            tolerance=self._suite.tolerance,
        )


def _verdict_instead(wanted: Instead, answer: Answer) -> Verdict:
    """What must be asked back is, also where the rows of one reading are there already."""
    if wanted is Instead.MUST_ASK_BACK and answer.asked_back is not None:
        return Verdict.RIGHT
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
