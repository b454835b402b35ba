"""Which reading was meant: one question, made by rule of what separates two statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..values import Group
from .values import AskedBack, Option, Value, with_values
from .wording import readings

if TYPE_CHECKING:
    from ...queries import QueryResult
    from ...schema import Schema
    from ..candidates import Ballot


_MOST_CHARACTERS = 60  # of a text on a button


def asked_back(ballot: Ballot, schema: Schema) -> AskedBack | None:
    """A question where the two leading groups are close, else None. Takes some milliseconds."""
    groups = ballot.agreement.groups[:2]
    if len(groups) < 2 or not are_close(*groups):
        return None
    first, second = groups
    told = readings(first.sql, second.sql, schema)
    options = tuple(
        Option(label, group.sql)
        for label, group in zip(told.labels, told.in_order(first, second), strict=True)
    )
    asked = AskedBack(options, told.opening)
    return with_values(asked, {each.sql: one_value(ballot.result(each.sql)) for each in groups})


def are_close(first: Group, second: Group) -> bool:
    """Whether the second group may as well be what was meant.

    It has at least half of the votes of the first and two of its own, or one where the first has
    no more than two. Neither may be empty, and a second model's word ends the matter.
    """
    if first.second or second.second or not first.row_count or not second.row_count:
        return False
    if second.votes >= 2:
        return 2 * second.votes >= first.votes
    return second.votes == 1 and first.votes in (1, 2)


def one_value(result: QueryResult | None) -> Value | None:
    """The number or short text that a result is, where it is one and nothing else."""
    if result is None or result.truncated or len(result.rows) != 1 or len(result.rows[0]) != 1:
        return None
    value = result.rows[0][0]
    if isinstance(value, str):
        return value if 0 < len(value) <= _MOST_CHARACTERS and value.isprintable() else None
    return value if isinstance(value, (int, float)) and value == value else None
