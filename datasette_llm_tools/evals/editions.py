"""Whether a case is still what it was when a run asked it. Pure.

Cases are edited, verdicts stay: each result keeps a mark of the question and of what was accepted
then. Results of an earlier version have none, and nothing is said of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePath

from .records import accepted_json
from .statistics import Paired, paired
from .values import Case, CaseResult, Verdict


def edition_of(case: Case) -> str:
    """A mark of what a case asks and what it takes for right: 12 hexadecimal digits.

    White space makes no difference, nor does where the file of its database lies.
    """
    asked = (case.question, PurePath(case.database).stem, accepted_json(case.accepted))
    text = "\n".join(" ".join(each.replace(r"\n", " ").split()) for each in asked)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def is_changed(case: Case, result: CaseResult) -> bool:
    """Whether a case was changed since that came of it, as far as is known."""
    return result.edition not in ("", edition_of(case))


def is_same_question(first: CaseResult, second: CaseResult) -> bool:
    """Whether two results of a case are of the same question, as far as is known."""
    return first.edition == second.edition or "" in (first.edition, second.edition)


def answered(cases: Sequence[Case], results: Sequence[CaseResult]) -> set[str]:
    """Ids of the cases that results are of, but for those that were changed since."""
    by_id = {each.id: each for each in cases}
    return {
        each.case_id
        for each in results
        if each.case_id not in by_id or not is_changed(by_id[each.case_id], each)
    }


def compared(first: Sequence[CaseResult], second: Sequence[CaseResult]) -> Paired:
    """Which cases two runs had right. Those that could not be scored, or were changed between
    the two, are left out."""
    left, right = ({each.case_id: each for each in _scored(run)} for run in (first, second))
    both = [
        (left[each], right[each])
        for each in left.keys() & right.keys()
        if is_same_question(left[each], right[each])
    ]
    return paired(
        {one.case_id: one.verdict is Verdict.RIGHT for one, _ in both},
        {other.case_id: other.verdict is Verdict.RIGHT for _, other in both},
    )


def _scored(results: Sequence[CaseResult]) -> list[CaseResult]:
    return [each for each in results if each.verdict is not Verdict.UNSCORED]
