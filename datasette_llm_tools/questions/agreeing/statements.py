"""A statement taken apart, so that two of them can be compared part by part.

Names are those of tables, whatever alias stands for them; parts that say the same compare equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp

from ...schema import Schema
from ...sql_names import fold
from ..explaining.phrases import Phrases
from ..explaining.scopes import Scope, conjuncts

_MOST_CHARACTERS = 8000
_SETS: dict[type, str] = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}


@dataclass(frozen=True)
class Statement:
    """Parts of one SELECT by what they say. `tables` maps each to how it is joined.

    `key` gives what says the same of two expressions the same text.
    `sets` is how two queries are put together (the other parts are those of the first one),
    `rest` what is compared as a whole. `order` is a list of (key, descending, node).
    """

    phrases: Phrases
    key: Callable[[Any], str]
    tables: dict[str, str] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    group: dict[str, Any] = field(default_factory=dict)
    having: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    order: list[tuple[str, bool, Any]] = field(default_factory=list)
    distinct: bool = False
    limit: str = ""
    sets: str = ""
    keeps_repeated: bool = False
    rest: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table that it begins with, as it is called."""
        return next(iter(self.called.values()), "")

    @property
    def noun(self) -> str:
        """What its rows are, in the plural."""
        words = self.table.replace("_", " ")
        return words if words.endswith("s") else f"rows of {words}"

    @property
    def verb(self) -> str:
        """What is done with its rows."""
        of = [each.find(exp.AggFunc) for each in self.shown.values()]
        if any(isinstance(each, exp.Count) for each in of):
            return "count"
        if any(isinstance(each, exp.Sum) for each in of):
            return "add up"
        return "take" if any(of) or self.group else "show"

    @property
    def is_one_row(self) -> bool:
        """Whether it puts all rows together."""
        return not self.group and any(each.find(exp.AggFunc) for each in self.shown.values())

    @property
    def is_of_tables(self) -> bool:
        """Whether all that it reads in FROM are tables of the database."""
        return all(each.table for each in self.phrases.scope.sources)

    def is_of_first_table(self, node: Any) -> bool:
        """Whether a column is one of the table that it begins with, whose rows are counted."""
        named = self.phrases.scope.column(node)
        return named is not None and named.source is self.phrases.scope.sources[0]


def rows_words(number: str) -> str:
    """`row` or `5 rows`."""
    return "row" if number == "1" else f"{number} rows"


def taken_apart(sql: str, schema: Schema) -> Statement | None:
    """The parts of a statement; None where it is of a kind that is not compared."""
    if len(sql) > _MOST_CHARACTERS:
        return None
    try:
        tree: Any = sqlglot.parse_one(sql, dialect="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    kind, rest = "", ()
    keeps_repeated = False
    if isinstance(tree, exp.SetOperation):
        kind = _SETS.get(type(tree), "")
        keeps_repeated = not tree.args.get("distinct")
        rest = (tree.expression.sql("sqlite"), *_sql_of(tree, "order", "limit", "with_"))
        tree = tree.this
    if not isinstance(tree, exp.Select) or (rest and not kind):
        return None
    scope = Scope(tree, schema, frozenset(), {})
    if not scope.sources or not all(each.is_plain or not each.alias for each in scope.sources):
        return None
    parts = _Parts(scope)
    names = [parts.table(each) for each in scope.sources]
    if len(set(names)) < len(names):
        return None  # a table joined to itself
    return Statement(
        phrases=Phrases(scope),
        key=parts.key,
        tables={
            name: each.kind or "inner" for name, each in zip(names, scope.sources, strict=True)
        },
        called={name: each.shown for name, each in zip(names, scope.sources, strict=True)},
        where=parts.conditions("where"),
        having=parts.conditions("having"),
        group={parts.key(each): each for each in scope.groups},
        shown={parts.key(each.unalias()): each for each in tree.expressions},
        order=parts.order(),
        distinct=tree.args.get("distinct") is not None,
        limit=next(iter(_sql_of(tree, "limit", "offset")), ""),
        sets=kind,
        keeps_repeated=keeps_repeated,
        rest=(*rest, *_sql_of(tree, "with_", "windows", "qualify", "offset")),
    )


def differing(left: Statement, right: Statement) -> frozenset[str]:
    """The parts in which two statements differ; `rest` where that cannot be said in words."""
    pairs = {
        "tables": (left.tables, right.tables),
        "where": (left.where.keys(), right.where.keys()),
        "group": (left.group.keys(), right.group.keys()),
        "having": (left.having.keys(), right.having.keys()),
        "shown": (set(left.shown), set(right.shown)),
        "order": ([each[:2] for each in left.order], [each[:2] for each in right.order]),
        "distinct": (left.distinct, right.distinct),
        "limit": (left.limit, right.limit),
        "sets": ((left.sets, left.keeps_repeated), (right.sets, right.keeps_repeated)),
        "rest": (left.rest, right.rest),
    }
    return frozenset(name for name, (one, other) in pairs.items() if one != other)


def _sql_of(tree: Any, *names: str) -> list[str]:
    """Clauses as SQL; of LIMIT the number alone."""
    found = [tree.args.get(each) for each in names]
    return [
        each.expression.sql("sqlite") if isinstance(each, exp.Limit) else each.sql("sqlite")
        for each in found
        if isinstance(each, exp.Expr)
    ]


class _Parts:
    """The parts of one SELECT as keys that are the same for what says the same."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def table(self, source: Any) -> str:
        return fold(source.table.name) if source.table else source.alias

    def conditions(self, clause: str) -> dict[str, Any]:
        node = self._scope.tree.args.get(clause)
        return {self.key(each): each for each in conjuncts(node.this)} if node else {}

    def order(self) -> list[tuple[str, bool, Any]]:
        node = self._scope.tree.args.get("order")
        return [
            (self.key(each.this), bool(each.args.get("desc")), each)
            for each in map(self._resolved, node.expressions if node else [])
        ]

    def _resolved(self, node: exp.Ordered) -> exp.Ordered:
        """The same with what is meant in place of a name that SELECT gave."""
        meant = self._scope.sorted_by(node.this)
        if meant is node.this:
            return node
        resolved = node.copy()
        resolved.set("this", meant.copy())
        return resolved

    def key(self, node: Any) -> str:
        """What a node says, with the names of tables."""
        copied = node.copy()
        for each in list(copied.find_all(exp.Column)):
            if isinstance(each.this, exp.Star):
                continue
            named = self._scope.column(each)
            name = fold(each.name)
            if named is not None:
                name = f"{self.table(named.source)}.{fold(named.name)}"
            key = exp.Column(this=exp.to_identifier(name, quoted=True))
            if each is copied:
                copied = key
            else:
                each.replace(key)
        if isinstance(copied, exp.EQ):
            return " = ".join(sorted((copied.this.sql("sqlite"), copied.expression.sql("sqlite"))))
        text: str = copied.sql("sqlite")
        return text
