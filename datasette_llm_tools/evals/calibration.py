"""How far agreement can be believed: what share is right where so many statements agree. Pure.

From that comes the percent of agreement below which asking a second model is worth its price, and
what is saved where it is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..pricing import price_usd
from ..prompt import Usage
from .statistics import Share
from .values import CaseResult, Verdict

EIGHTHS = 8
# An answer is believed where so many of its kind are right, counted over at least so many.
WANTED_RIGHT = 0.85
FEWEST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Level:
    """Answers with which at least `eighths` of eight statements agree.

    `answers` is their share of all that were compared, `right` of them are right. `saved_usd`:
    what the second model would have cost for them; None where it or its price is not known.
    """

    eighths: int
    answers: Share
    right: Share
    saved_usd: float | None = None

    @property
    def percent(self) -> int:
        return 100 * self.eighths // EIGHTHS

    @property
    def name(self) -> str:
        """`7 of 8 or more`; `all` where all agree."""
        return "all" if self.eighths == EIGHTHS else f"{self.eighths} of {EIGHTHS} or more"


def levels(results: Sequence[CaseResult], second: str = "") -> tuple[Level, ...]:
    """The levels of agreement, the highest first; none where nothing was compared.

    `second` is the model that is asked where too few agree.
    """
    compared = [each for each in results if each.asked > 1 and each.verdict is not Verdict.UNSCORED]
    if not compared:
        return ()
    found = []
    for eighths in range(EIGHTHS, 0, -1):
        members = [each for each in compared if EIGHTHS * each.votes >= eighths * each.asked]
        right = sum(each.verdict is Verdict.RIGHT for each in members)
        found.append(
            Level(
                eighths,
                Share(len(members), len(compared)),
                Share(right, len(members)),
                _price(members, second) if second else None,
            )
        )
    return tuple(found)


def threshold(results: Sequence[CaseResult]) -> int | None:
    """The percent of agreement from which answers are believed; None with too few results.

    The lowest level of which WANTED_RIGHT are right, and that has answers of its own. Where no
    level reaches that, only answers with which all agree are believed.
    """
    found = levels(results)
    if not found or found[0].answers.of < FEWEST_ANSWERS:
        return None
    above = (0, *(each.right.of for each in found))
    believed = [
        each.percent
        for each, before in zip(found, above, strict=False)
        if each.right.of > before
        and each.right.of >= FEWEST_ANSWERS
        and (each.right.value or 0) >= WANTED_RIGHT
    ]
    return min(believed, default=100)


def agreement_json(results: Sequence[CaseResult], second: str = "") -> dict[str, Any]:
    """The levels for programs, and the percent for the setting escalation_below."""
    return {
        "levels": [
            {
                "at_least": each.name,
                "percent": each.percent,
                "answers": _share_json(each.answers),
                "right": _share_json(each.right),
                "saved_usd": each.saved_usd,
            }
            for each in levels(results, second)
        ],
        "escalation_below": threshold(results),
    }


def _share_json(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"count": share.count, "of": share.of, "low": low, "high": high}


def _price(results: Sequence[CaseResult], model_id: str) -> float | None:
    """What another model asks for one statement to each of the cases."""
    prices = [price_usd(model_id, _of_one_statement(each)) for each in results]
    known = [each for each in prices if each is not None]
    return sum(known) if len(known) == len(prices) else None


def _of_one_statement(result: CaseResult) -> Usage:
    """Tokens of one prompt and one of the statements."""
    if result.input_tokens is None or result.output_tokens is None:
        return Usage(None, None)
    return Usage(
        result.input_tokens // max(1, result.calls), result.output_tokens // max(1, result.asked)
    )
