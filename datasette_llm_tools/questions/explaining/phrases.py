"""Expressions of SQL as noun phrases of English, or NotUnderstood: never wrong words.

A phrase inside another one stands in parentheses wherever it could be read in two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from . import conditions, orders, summaries, windows
from .dates import dated
from .functions import called
from .kinds import is_date
from .scopes import Scope
from .sources import Named
from .understood import check
from .values import NotUnderstood

_ARITHMETIC = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divided by"}
_CHOICES = (exp.Case, exp.If)
# Phrases of these have a verb in them, or more than a noun and what it is of.
_LOOSE = (*_ARITHMETIC, exp.Mod, exp.DPipe, exp.Window, exp.Cast, exp.Collate, exp.Round, exp.Neg)


class Phrases:
    """Phrases for the expressions of one SELECT; `mentioned` are the columns named so far."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.mentioned: list[Named] = []

    def value(self, node: Any) -> str:
        """An expression as a noun phrase. Raises NotUnderstood."""
        check(node)
        phrases: tuple[tuple[Any, Callable[[Any], str]], ...] = (
            (exp.Alias, self._alias),
            (exp.Paren, lambda each: self.value(each.this)),
            (conditions.KINDS, self._whether),
            (exp.Column, self._column),
            (exp.Literal, self._literal),
            (exp.Window, lambda each: windows.window(each, self)),
            ((exp.AggFunc, exp.Filter), lambda each: summaries.summary(each, self)),
            (tuple(_ARITHMETIC), self._arithmetic),
            (_CHOICES, self._choice),
        )
        for kind, phrase in phrases:
            if isinstance(node, kind):
                return phrase(node)
        return self._other(node)

    def condition(self, node: Any) -> str:
        """A condition as a clause after "where". Raises NotUnderstood."""
        return conditions.condition(node, self)

    def listed(self, nodes: Sequence[Any]) -> str:
        """Several expressions with commas and an "and"."""
        return listed([self.value(each) for each in nodes])

    def order(self, nodes: Sequence[Any], *, of_window: bool = False) -> str:
        """What rows are sorted by, and which come first: `by price, largest first`."""
        return orders.order(nodes, self, of_window=of_window)

    def side(self, node: Any) -> str:
        """A value beside a verb."""
        return self._apart(node, _has_verb(node))

    def part(self, node: Any) -> str:
        """A value at the end of a longer phrase: `the sum of …`."""
        return self._apart(node, _has_verb(node) or isinstance(_bare(node), _LOOSE))

    def first(self, node: Any) -> str:
        """A value with which a longer phrase begins: `… divided by 2`."""
        inner = _bare(node)
        is_closed = isinstance(inner, (exp.Column, exp.Literal, exp.Subquery, exp.Star))
        is_closed |= isinstance(inner, exp.Count) and isinstance(inner.this, exp.Star)
        return self._apart(node, not is_closed)

    def inner(self, node: Any) -> str:
        """What the query inside is called."""
        query = self.scope.inner_query(node)
        if query is None:
            raise NotUnderstood("a query inside")
        return query.name

    def _apart(self, node: Any, is_apart: bool) -> str:
        text = self.value(node)
        return f"({text})" if is_apart else text

    def _alias(self, node: exp.Alias) -> str:
        text = self.value(node.this)
        return text if text == node.alias else f"{text} (called {node.alias})"

    def _whether(self, node: Any) -> str:
        return f"whether {self.condition(node)} (1: yes, 0: no)"

    def _column(self, node: exp.Column) -> str:
        scope = self.scope
        if isinstance(node.this, exp.Star):
            return f"all columns of {scope.shown(node.table)}"
        if node.name in scope.inner:
            raise NotUnderstood("a query without parentheses")
        if scope.is_text(node):
            return f'"{node.name}"'
        named = scope.column(node)
        if named is None:
            meant = scope.item(node)
            return self._far_column(node) if isinstance(meant, exp.Column) else self.part(meant)
        if named not in self.mentioned:
            self.mentioned.append(named)
        others = [each for each in scope.sources if each is not named.source]
        is_plain = all(each.table and not each.table.column(node.name) for each in others)
        return named.name if is_plain else f"{named.name} of {named.source.shown}"

    def _far_column(self, node: exp.Column) -> str:
        """A column of a query around this one, or of a query inside that is not looked into."""
        if (around := self.scope.around(node)) is not None:
            return f"{node.name} of the current row of {around}"
        return f"{node.name} of {self.scope.shown(node.table)}" if node.table else node.name

    def _literal(self, node: exp.Literal) -> str:
        text = str(node.name)
        if not node.is_string:
            return text.removesuffix(".0")
        if not text:
            return 'the empty text ""'
        return text if is_date(text) else f'"{text}"'

    def _arithmetic(self, node: Any) -> str:
        if (bare := _bare(node)) is not node:
            return self.value(bare)
        if (said := dated(node, self)) is not None:
            return said
        return f"{self.first(node.this)} {_ARITHMETIC[type(node)]} {self.part(node.expression)}"

    def _choice(self, node: Any) -> str:
        """CASE and IIF: the first condition that holds decides."""
        if isinstance(node, exp.If):
            branches, default = [node], node.args.get("false")
        else:
            branches, default = node.args["ifs"], node.args.get("default")
        asked = node.this if isinstance(node, exp.Case) else None
        parts = []
        for each in branches:
            where = (
                f"{self.side(asked)} is {self.side(each.this)}"
                if asked is not None
                else self.condition(each.this)
            )
            parts.append(f"{self.part(each.args['true'])} if {where}")
        otherwise = self.part(default) if default is not None else "nothing"
        return f"{', else '.join(parts)}, else {otherwise}"

    def _other(self, node: Any) -> str:
        """Functions and the rest."""
        match node:
            case exp.Star():
                return "all columns"
            case exp.Null():
                return "nothing"
            case exp.Mod(this=left, expression=right):
                return f"the remainder of {self.part(left)} divided by {self.part(right)}"
            case exp.Neg(this=exp.Literal() as number):
                return f"-{self.value(number)}"
            case exp.Neg(this=of):
                return f"minus {self.part(of)}"
            case exp.Subquery() | exp.Select():
                return f"the result of {self.inner(node)}"
            case exp.DPipe(this=left, expression=right):
                return f"{self._joined(left)} followed by {self._joined(right)}"
            case exp.Collate(this=exp.Column() as of, expression=how) if (
                how.name.lower() == "nocase"
            ):
                return f"{self.value(of)} without regard to capitals"
        return dated(node, self) or called(node, self)

    def _joined(self, node: Any) -> str:
        """One of several texts that follow each other."""
        return self.value(node) if isinstance(node.unnest(), exp.DPipe) else self.part(node)


def listed(texts: Sequence[str]) -> str:
    """Texts with commas, and an "and" before the last; semicolons where one has a comma."""
    if len(texts) < 2:
        return "".join(texts)
    if any("," in each for each in texts):
        return f"{'; '.join(texts[:-1])}; and {texts[-1]}"
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _bare(node: Any) -> Any:
    """A value without parentheses, and without the 1.0 that makes a decimal number of it."""
    node = node.unnest()
    if isinstance(node, exp.Mul):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if isinstance(one, exp.Literal) and one.name == "1.0":
                return _bare(other)
    return node


def _has_verb(node: Any) -> bool:
    """Whether its phrase has a condition in it."""
    inner = _bare(node)
    if isinstance(inner, (*_CHOICES, *conditions.KINDS, exp.Filter)):
        return True
    return isinstance(inner, exp.AggFunc) and summaries.is_conditional(inner)
