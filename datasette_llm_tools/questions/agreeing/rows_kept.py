"""Rules that say in words which other rows, or groups of them, one of two statements keeps.

Each says nothing where the statements differ in something else, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from ..explaining.row_keys import determined
from .short import fitting
from .statements import Statement
from .values import Readings

_YES = {"1", "y", "yes", "true", "t"}
_NO = {"0", "n", "no", "false", "f"}
_ADJECTIVES = {"active", "open", "late", "valid", "public", "private", "new", "current", "online"}


def conditions(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Other rows are kept, perhaps by a table that is joined for that alone."""
    if "where" not in facets or facets - {"where", "tables"}:
        return None
    only_left = [node for key, node in left.where.items() if key not in right.where]
    only_right = [node for key, node in right.where.items() if key not in left.where]
    if tied := _ties(left, right):
        return tied
    if not _is_same_row(left, right):
        return None
    if only_left and only_right:
        return Readings(
            (
                f"{left.verb} {left.noun} where {_all(left, only_left)}",
                f"where {_all(right, only_right)}",
            )
        )
    here, only = (left, only_left) if only_left else (right, only_right)
    # The reading with fewer conditions comes first where it is the one that counts more.
    is_right = here is right
    if len(only) == 1:
        if flag := _flag(here, only[0]):
            word, holds = flag
            if holds:
                return Readings(
                    (f"{here.verb} only {word} {here.noun}", "all of them"), swapped=is_right
                )
            return Readings(
                (f"{here.verb} {word} {here.noun} too", "leave them out"), swapped=not is_right
            )
        if without := _left_out(here, only[0]):
            return Readings(
                (f"{here.verb} {here.noun} {without} too", "leave them out"), swapped=not is_right
            )
    return Readings(
        (f"{here.verb} only {here.noun} where {_all(here, only)}", "all of them"),
        swapped=is_right,
    )


def _is_same_row(left: Statement, right: Statement) -> bool:
    """Whether a row of both is one of the same table, with at most one row of any other's."""
    if next(iter(left.tables)) != next(iter(right.tables)):
        return False
    for here, there in ((left, right), (right, left)):
        scope = here.phrases.scope
        for place, (name, source) in enumerate(zip(here.tables, scope.sources, strict=True)):
            if name in there.tables:
                continue
            once = determined(scope, (), given=scope.sources[:place], only=source)
            if source.kind != "inner" or source.alias not in once:
                return False
    return True


def _ties(left: Statement, right: Statement) -> Readings | None:
    """One takes the first row of an order, the other all rows that share the first place."""
    for one, all_, swapped in ((left, right, False), (right, left, True)):
        if one.limit != "1" or not one.order or all_.limit:
            continue
        more = [
            node
            for mine, theirs in ((all_.where, one.where), (all_.having, one.having))
            for key, node in mine.items()
            if key not in theirs
        ]
        fewer = (one.where.keys() - all_.where.keys()) | (one.having.keys() - all_.having.keys())
        if not fewer and len(more) == 1 and _is_first_place(more[0], one, all_):
            return Readings(("show one row only", "all that share the first place"), "", swapped)
    return None


def _is_first_place(condition: Any, one: Statement, all_: Statement) -> bool:
    """Whether a condition wants the largest or smallest value of what the other is sorted by."""
    if not isinstance(condition, exp.EQ):
        return False
    key, down, _ = one.order[0]
    sides = (condition.this, condition.expression)
    for here, there in (sides, sides[::-1]):
        extreme = there.find(exp.Max if down else exp.Min)
        if isinstance(there, exp.Subquery) and extreme is not None and all_.key(here) == key:
            return True
    return False


def first_place(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """The first row, or all that share its place."""
    if facets - {"where", "order", "limit", "having"}:
        return None
    return _ties(left, right)


def groups_kept(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Other groups are kept."""
    if facets != {"having"}:
        return None
    only = [
        [node for key, node in here.having.items() if key not in there.having]
        for here, there in ((left, right), (right, left))
    ]
    told = [_all(each, nodes) for each, nodes in zip((left, right), only, strict=True)]
    if all(told):
        return Readings((f"show groups where {told[0]}", f"where {told[1]}"))
    return Readings(
        (f"show only groups where {told[0] or told[1]}", "all groups"), swapped=not told[0]
    )


def _all(statement: Statement, nodes: Sequence[Any]) -> str:
    return fitting([statement.phrases.condition(each) for each in nodes], " and ", 90)


def _flag(statement: Statement, condition: Any) -> tuple[str, bool] | None:
    """The adjective of a column that says yes or no, and whether it has to hold: `cancelled`."""
    if not isinstance(condition, (exp.EQ, exp.NEQ)) or not isinstance(condition.this, exp.Column):
        return None
    if not statement.is_of_first_table(condition.this):
        return None
    if not isinstance(condition.expression, exp.Literal):
        return None
    words = condition.this.name.lower().replace("_", " ").split()
    is_flag = words[:1] == ["is"] and len(words) > 1
    words = words[1:] if is_flag else words
    value = condition.expression.name.lower()
    if value not in _YES | _NO or not words:
        return None
    if not (is_flag or words[-1] in _ADJECTIVES or words[-1].endswith("ed")):
        return None
    return " ".join(words), (value in _YES) is isinstance(condition, exp.EQ)


def _left_out(statement: Statement, condition: Any) -> str | None:
    """What a condition leaves out, where that is said in fewer words than what it keeps."""
    if isinstance(condition, exp.NEQ):
        sides = {"this": condition.this.copy(), "expression": condition.expression.copy()}
        return f"where {statement.phrases.condition(exp.EQ(**sides))}"
    if isinstance(condition, exp.Not):
        of = condition.this
        if isinstance(of, exp.Is) and isinstance(of.expression, exp.Null):
            return f"without a value for {statement.phrases.value(of.this)}"
        if isinstance(of, (exp.In, exp.Like, exp.Between)):
            return f"where {statement.phrases.condition(of)}"
    return None
