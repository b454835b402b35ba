"""Labels for two statements that differ in several things, or in what no single rule knows.

Each label says what only its own statement does, the most telling things first, as long as they
fit on a button.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from ...schema import Schema
from ..explaining.phrases import listed
from ..explaining.reading import explain
from ..explaining.values import Clause, NotUnderstood
from .short import fitting
from .statements import Statement, differing, rows_words
from .values import Readings

DIFFER = "Two readings of your question differ"
_WITHOUT = "without that"
# How a sentence of an explanation begins, and how what it says begins on a button.
_OPENINGS = (
    (re.compile(r"^Puts all rows together into one and shows "), ""),
    (re.compile(r"^Shows (?!rows that are the same)"), ""),
    (re.compile(r"^Shows rows that are the same only once"), "the same rows only once"),
    (re.compile(r"^Keeps only "), ""),
    (re.compile(r"^Makes one row for each "), "one row for each "),
    (re.compile(r"^Sorts the rows "), "sorted "),
    (re.compile(r"^Adds "), "with "),
)
_CALLED = re.compile(r" \(called [^()]*\)")
_TELLING = ("WHERE", "HAVING", "SELECT", "GROUP BY", "LIMIT", "ORDER BY", "DISTINCT", "JOIN")


def several_differences(left: Statement, right: Statement) -> Readings | None:
    """What each does that the other does not; None where one part has no sure words."""
    facets = differing(left, right)
    if not facets or facets & {"rest", "sets"} or left.sets or not left.is_of_tables:
        return None
    try:
        labels = [
            fitting(list(_only(here, there, facets)))
            for here, there in ((left, right), (right, left))
        ]
    except NotUnderstood:
        return None
    return _told(labels)


def explained_differences(first: str, second: str, schema: Schema) -> Readings:
    """The same by the sentences of each explanation that the other does not have."""
    said = [_sentences(sql, schema) for sql in (first, second)]
    labels = [
        fitting([each for each in here if each not in there]) for here, there in (said, said[::-1])
    ]
    told = _told(labels) if all(said) else None
    return told or Readings(("what the first statement does", "what the second one does"), DIFFER)


def _told(labels: list[str]) -> Readings | None:
    first, second = labels
    if first == second:
        return None
    return Readings((first or _WITHOUT, second or _WITHOUT), DIFFER)


def _only(here: Statement, there: Statement, facets: frozenset[str]) -> Iterator[str]:
    """The parts of a statement that another does not have, the most telling first."""
    phrases = here.phrases
    shown = [node.unalias() for key, node in here.shown.items() if key not in there.shown]
    if shown:
        yield phrases.listed(shown)
    where = [node for key, node in here.where.items() if key not in there.where]
    if where:
        yield "only where " + fitting([phrases.condition(each) for each in where], " and ", 90)
    if "group" in facets:
        groups = phrases.listed(list(here.group.values()))
        if groups:
            is_plain = all(isinstance(each, exp.Column) for each in here.group.values())
            yield f"for each {groups}" if is_plain else f"for each value of {groups}"
        elif here.is_one_row:
            yield "for all rows together"
    having = [node for key, node in here.having.items() if key not in there.having]
    if having:
        conditions = " and ".join(phrases.condition(each) for each in having)
        yield f"only groups where {conditions}"
    if "order" in facets and here.order:
        yield phrases.order([node for _, _, node in here.order])
    if "limit" in facets and (here.limit or not here.is_one_row):
        yield f"the first {rows_words(here.limit)}" if here.limit else "all rows"
    if "tables" in facets:
        more = [here.called[name] for name in here.tables if name not in there.tables]
        if more:
            yield f"with {listed(more)}"
        changed = [
            here.called[name]
            for name, kind in here.tables.items()
            if kind == "left" != there.tables.get(name, kind)
        ]
        if changed:
            yield f"also without a match in {listed(changed)}"
    if "distinct" in facets and here.distinct:
        yield "the same rows only once"


def _sentences(sql: str, schema: Schema) -> list[str]:
    """What an explanation says, in few words and without remarks."""
    found = explain(sql, schema)
    if found is None:
        return []
    clauses = [one for each in reversed(list(found.in_order())) for one in each.clauses]
    return [_short(each) for each in sorted(clauses, key=_rank) if each.sentence]


def _rank(clause: Clause) -> int:
    return _TELLING.index(clause.clause) if clause.clause in _TELLING else len(_TELLING)


def _short(clause: Clause) -> str:
    text = _CALLED.sub("", (clause.sentence or "").rstrip("."))
    for opening, instead in _OPENINGS:
        if opening.match(text):
            return opening.sub(instead, text)
    return text[:1].lower() + text[1:]
