"""How sure an answer is, and what became of those who disagreed, in sentences. Pure.

They say what was counted and no more: what share of such answers is right is for an eval to find.
"""

from __future__ import annotations

from ...pricing import usd_words
from ..values import Agreement, Group
from .row_difference import RowDifference
from .values import Escalation, number_words


def agreement_words(agreement: Agreement, group: Group | None) -> str:
    """`5 of 8 statements agree: look at the others below.`

    `group` is the one that is shown; None where a person wrote another statement.
    """
    asked, failed = agreement.asked, agreement.failed
    if group is None:
        among = f"{agreement.votes} of {asked}" if agreement.votes > 1 else f"no two of {asked}"
        return f"You wrote this statement. Of the model's, {among} agreed with each other."
    others = sum(each.votes for each in agreement.groups if each is not group)
    if group is not agreement.groups[0]:
        return (
            f"You took a statement with which {group.votes} of {asked} agree; "
            f"with another one {agreement.votes} do."
        )
    if group.votes == asked:
        return "Both statements agree." if asked == 2 else f"All {asked} statements agree."
    if group.second:
        agree = "agrees" if group.votes == 1 else "agree"
        return f"The second model's statement decided; {group.votes} of {asked} {agree} with it."
    if group.votes <= 1 and others:
        return f"No two of {asked} statements agree: look at the others below."
    if group.votes == 1:
        return f"Only one of {asked} statements ran."
    agree = f"{group.votes} of {asked} statements agree"
    ran_not = f"{failed} did not run" if failed else ""
    if not others:
        return f"{agree}; {ran_not}." if ran_not else f"{agree}."
    tail = f" {failed} did not run." if failed else ""
    if 8 * group.votes >= 7 * asked:
        return f"{agree}; {others} {'differs' if others == 1 else 'differ'}.{tail}"
    return f"{agree}: look at the others below.{tail}"


def so_far(agreement: Agreement) -> str:
    """The same in a few words while votes come in."""
    return f"{agreement.votes} of {agreement.asked} agree so far"


def escalation_words(told: Escalation) -> str:
    """Why a second model was asked and what it cost, or what was saved by not asking it."""
    of = f"{told.votes} of {told.asked}"
    if not told.was_asked:
        if not told.usd:
            return f"{told.model_id} was not needed: {of} agreed."
        return f"{told.model_id} was not needed, as {of} agreed: {usd_words(told.usd)} saved."
    why = f"because only {of} agreed" if told.votes else "because no statement ran"
    if told.usd is None:
        cost = "the price is not known"
    else:
        cost = f"it cost {usd_words(told.usd)}" if told.usd else "it cost nothing"
    if told.error:
        return f"Asked {told.model_id} too, {why}, but it did not help: {told.error}"
    return f"Asked {told.model_id} too, {why}, and took its answer; {cost}."


def difference_words(difference: RowDifference) -> str:
    """What separates two results, in one sentence."""
    if difference.is_none:
        return "By now both return the same rows."
    left, right = len(difference.only_answer), len(difference.only_other)
    said = []
    if numbers := _numbers(difference):
        said = [f"{number_words(numbers[0])} in the answer, {number_words(numbers[1])} here"]
    elif left or right:
        both = f"{difference.same:,} row{_s(difference.same)} in both"
        said = [both, f"{left:,} only in the answer", f"{right:,} only here"]
    else:
        said = ["The same rows"]
    for columns, where in (
        (difference.columns_only_answer, "only the answer has"),
        (difference.columns_only_other, "only this one has"),
    ):
        if columns:
            said.append(f"{where} the column{_s(len(columns))} {', '.join(columns)}")
    tail = " Only of the rows that were read: there are more." if difference.is_partial else ""
    return f"{'; '.join(said)}.{tail}"


def _numbers(difference: RowDifference) -> tuple[float, float] | None:
    """The two numbers, where each result is one and nothing else."""
    found = [*difference.only_answer, *difference.only_other]
    if difference.same or len(found) != 2 or not difference.only_answer:
        return None
    if any(len(row) != 1 or not isinstance(row[0], (int, float)) for row in found):
        return None
    return found[0][0], found[1][0]


def returns_words(group: Group) -> str:
    """`returned 12 rows`, as it was counted when it was asked."""
    more = "more than " if group.truncated else ""
    return f"{more}{group.row_count:,} row{_s(group.row_count)}"


def votes_words(group: Group) -> str:
    """`2 statements`, and whether the second model's is one of them."""
    if group.second and not group.votes:
        return "the second model's statement"
    also = " and the second model's" if group.second else ""
    return f"{group.votes} statement{_s(group.votes)}{also}"


def _s(number: int) -> str:
    return "" if number == 1 else "s"
