"""What separates two statements, as two readings of the question. No model is asked.

Each rule knows one kind of difference and says nothing where there is another beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from ...schema import Schema
from ..explaining.phrases import listed
from ..explaining.values import NotUnderstood
from .rows_kept import conditions, first_place, groups_kept
from .several import explained_differences, several_differences
from .short import shortened
from .statements import Statement, differing, rows_words, taken_apart
from .values import Readings


def readings(first: str, second: str, schema: Schema) -> Readings:
    """Say how two statements read a question; of those that nobody can tell apart, that they do."""
    told = _told(first, second, schema)
    return replace(told, labels=shortened(told.labels))


def _told(first: str, second: str, schema: Schema) -> Readings:
    left, right = taken_apart(first, schema), taken_apart(second, schema)
    if left is not None and right is not None:
        facets = differing(left, right)
        for rule in _RULES:
            try:
                if told := rule(left, right, facets):
                    return told
            except NotUnderstood:
                continue
        if told := several_differences(left, right):
            return told
    return explained_differences(first, second, schema)


def _other_table(left: Statement, right: Statement, facets: frozenset[str]) -> Readings | None:
    """Each reads one table, and another one."""
    if len(left.tables) != 1 or len(right.tables) != 1 or left.tables == right.tables:
        return None
    if facets & {"rest", "sets"} or left.sets or not (left.is_of_tables and right.is_of_tables):
        return None
    return Readings((f"look in {left.table}", f"in {right.table}"))


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
        told = [each.phrases.order([node for _, _, node in each.order]) for each in (left, right)]
        if left.limit != right.limit:
            return None
        begin = f"show the first {rows_words(left.limit)}" if left.limit else "sort"
        return Readings((f"{begin} {told[0]}", told[1]))
    if left.limit and right.limit:
        return Readings(
            (f"show the first {rows_words(left.limit)}", f"the first {rows_words(right.limit)}")
        )
    rows = rows_words(left.limit or right.limit)
    return Readings((f"show only the first {rows}", "all of them"), swapped=not left.limit)


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
    first_place,
    conditions,
    _shown,
    _distinct,
    _joined,
    _ordered,
    _grouped,
    groups_kept,
)
