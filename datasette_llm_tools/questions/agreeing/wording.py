"""What separates two statements, as two readings of the question. No model is asked.

Each rule knows one kind of difference and says nothing where there is another beside it; where no
rule does, the sentences in which the two explanations differ are the readings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlglot import exp

from ...schema import Schema
from ..explaining.phrases import listed
from ..explaining.reading import explain
from ..explaining.values import NotUnderstood
from .statements import Statement, differing, taken_apart

_T = TypeVar("_T")

DIFFER = "Two readings of your question differ"
_MOST_CHARACTERS = 240  # of what a button says


@dataclass(frozen=True, slots=True)
class Readings:
    """What two buttons say. `swapped`: the first is of the second statement."""

    labels: tuple[str, str]
    opening: str = ""
    swapped: bool = False

    def in_order(self, first: _T, second: _T) -> tuple[_T, _T]:
        """What belongs to the statements, in the order of the labels."""
        return (second, first) if self.swapped else (first, second)


def readings(first: str, second: str, schema: Schema) -> Readings:
    """Say how two statements read a question; of those that nobody can tell apart, that they do."""
    left, right = taken_apart(first, schema), taken_apart(second, schema)
    if left is not None and right is not None:
        facets = differing(left, right)
        for rule in _RULES:
            try:
                if told := rule(left, right, facets):
                    return told
            except NotUnderstood:
                continue
    return _explained(first, second, schema)


def _explained(first: str, second: str, schema: Schema) -> Readings:
    """The sentences of each explanation that the other does not have."""
    said = []
    for sql in (first, second):
        found = explain(sql, schema)
        said.append(
            [one.words for each in found.in_order() for one in each.clauses if one.words]
            if found
            else []
        )
    labels = [
        "; ".join(_small(each) for each in here if each not in there)
        for here, there in (said, said[::-1])
    ]
    if not all(labels):
        return Readings(("what the first statement does", "what the second one does"), DIFFER)
    first, second = (
        f"{each[:_MOST_CHARACTERS]}…" if len(each) > _MOST_CHARACTERS else each for each in labels
    )
    return Readings((first, second), DIFFER)


def _small(sentence: str) -> str:
    text = sentence.rstrip(".")
    return text[:1].lower() + text[1:]


def _other_table(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Each reads one table, and another one."""
    if len(left.tables) != 1 or len(right.tables) != 1 or left.tables == right.tables:
        return None
    return Readings((f"look in {left.table}", f"in {right.table}"))


def _conditions(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Other rows are kept, perhaps by a table that is joined for that alone."""
    if "where" not in facets or facets - {"where", "tables"}:
        return None
    only_left = [node for key, node in left.where.items() if key not in right.where]
    only_right = [node for key, node in right.where.items() if key not in left.where]
    if tied := _ties(left, right):
        return tied
    if only_left and only_right:
        return Readings(
            (
                f"{left.verb} {left.noun} where {_all(left, only_left)}",
                f"where {_all(right, only_right)}",
            )
        )
    here, conditions = (left, only_left) if only_left else (right, only_right)
    # The reading with fewer conditions comes first where it is the one that counts more.
    is_right = here is right
    if len(conditions) == 1:
        if flag := _flag(here, conditions[0]):
            word, holds = flag
            if holds:
                return Readings(
                    (f"{here.verb} only {word} {here.noun}", "all of them"), swapped=is_right
                )
            return Readings(
                (f"{here.verb} {word} {here.noun} too", "leave them out"), swapped=not is_right
            )
        if without := _left_out(here, conditions[0]):
            return Readings(
                (f"{here.verb} {here.noun} {without} too", "leave them out"), swapped=not is_right
            )
    return Readings(
        (f"{here.verb} only {here.noun} where {_all(here, conditions)}", "all of them"),
        swapped=is_right,
    )


def _all(statement: Statement, conditions: Sequence[Any]) -> str:
    return " and ".join(statement.phrases.condition(each) for each in conditions)


_YES = {"1", "y", "yes", "true", "t"}
_NO = {"0", "n", "no", "false", "f"}
_ADJECTIVES = {"active", "open", "late", "valid", "public", "private", "new", "current", "online"}


def _flag(statement: Statement, condition: Any) -> tuple[str, bool] | None:
    """The adjective of a column that says yes or no, and whether it has to hold: `cancelled`."""
    if not isinstance(condition, (exp.EQ, exp.NEQ)) or not isinstance(condition.this, exp.Column):
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


def _ties(left: Statement, right: Statement) -> Readings | None:
    """One takes the first row of an order, the other all rows that share the first place."""
    for one, all_, swapped in ((left, right, False), (right, left, True)):
        if one.limit == "1" and one.order and not all_.limit and all_.has_extreme:
            return Readings(("show one row only", "all that share the first place"), "", swapped)
    return None


def _first_place(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    if facets - {"where", "order", "limit", "having"}:
        return None
    return _ties(left, right)


def _shown(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Other columns, or another number of the same rows."""
    if facets != {"shown"}:
        return None
    only_left = [node for key, node in left.shown.items() if key not in right.shown]
    only_right = [node for key, node in right.shown.items() if key not in left.shown]
    if only_left and only_right:
        labels = tuple(
            listed([each.phrases.value(node.unalias()) for node in nodes])
            for each, nodes in ((left, only_left), (right, only_right))
        )
        counts = all(isinstance(each.unalias(), exp.Count) for each in (*only_left, *only_right))
        verb = "count" if counts else "show"
        if counts:
            labels = tuple(each.removeprefix("the number of ") for each in labels)
        return Readings((f"{verb} {labels[0]}", labels[1]))
    here, nodes = (left, only_left) if only_left else (right, only_right)
    if not nodes:
        return None
    what = listed([here.phrases.value(node.unalias()) for node in nodes])
    it = "it" if len(nodes) == 1 else "them"
    return Readings((f"show {what} too", f"leave {it} out"), swapped=here is right)


def _distinct(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Repeated rows once, or each time."""
    if facets != {"distinct"}:
        return None
    return Readings(
        ("show repeated rows once", "each time they come up"), swapped=not left.distinct
    )


def _joined(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Another table is joined, or in another way, by which rows are lost or repeated."""
    if facets != {"tables"}:
        return None
    if left.tables.keys() == right.tables.keys():
        changed = [name for name, kind in left.tables.items() if right.tables[name] != kind]
        kinds = {left.tables[changed[0]], right.tables[changed[0]]} if changed else set()
        if len(changed) != 1 or kinds != {"left", "inner"}:
            return None
        name = left.called[changed[0]]
        keeps = left.tables[changed[0]] == "left"
        return Readings(
            (f"{left.verb} {left.noun} without {_a(name)} too", "leave them out"),
            swapped=not keeps,
        )
    here, there = (left, right) if len(left.tables) > len(right.tables) else (right, left)
    more = [name for name in here.tables if name not in there.tables]
    if set(there.tables) - set(here.tables) or len(more) != 1 or here.tables[more[0]] != "inner":
        return None
    name = here.called[more[0]]
    return Readings(
        (f"{here.verb} {there.noun} once for each match in {name}", "each of them once"),
        swapped=here is right,
    )


def _a(name: str) -> str:
    return f"a match in {name}"


def _ordered(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Other rows come first, or more of them."""
    if not facets or facets - {"order", "limit"}:
        return None
    if "order" in facets:
        if not left.order or not right.order:
            return None
        told = [
            each.phrases.order([node for _, _, node in each.order]).removeprefix("sorted ")
            for each in (left, right)
        ]
        if left.limit != right.limit:
            return None
        begin = f"show the first {_rows(left.limit)}" if left.limit else "sort"
        return Readings((f"{begin} {told[0]}", told[1]))
    if left.limit and right.limit:
        return Readings((f"show the first {_rows(left.limit)}", f"the first {_rows(right.limit)}"))
    rows = _rows(left.limit or right.limit)
    return Readings((f"show only the first {rows}", "all of them"), swapped=not left.limit)


def _rows(limit: str) -> str:
    return "row" if limit == "1" else f"{limit} rows"


def _grouped(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """A row stands for another thing."""
    if "group" not in facets or facets - {"group", "shown", "order"}:
        return None
    told = [
        listed([each.phrases.value(node) for node in each.group.values()]) for each in (left, right)
    ]
    if all(told):
        return Readings((f"show one row for each {told[0]}", f"one for each {told[1]}"))
    each = told[0] or told[1]
    return Readings((f"show one row for each {each}", "one for all together"), swapped=not told[0])


def _groups_kept(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
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


_SETS = {"union": "rows of either", "intersect": "rows in both", "except": "rows of the first only"}


def _sets(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """The same two queries, put together in another way."""
    if facets != {"sets"} or not left.sets or not right.sets:
        return None
    if left.sets == right.sets:
        return Readings(
            ("show repeated rows once", "each time they come up"), swapped=left.keeps_repeated
        )
    return Readings((f"show {_SETS[left.sets]}", _SETS[right.sets]))


Rule = Callable[[Statement, Statement, frozenset[str]], Readings | None]
_RULES: tuple[Rule, ...] = (
    _sets,
    _other_table,
    _first_place,
    _conditions,
    _shown,
    _distinct,
    _joined,
    _ordered,
    _grouped,
    _groups_kept,
)
