"""Expressions and conditions of SQL as phrases of English, or NotUnderstood: never wrong words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from .functions import called
from .scopes import Named, Scope
from .understood import check
from .values import NotUnderstood

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?)?)?")
_MOST_LISTED = 8
_COMPARISONS = {
    # as it is, the sides swapped; for numbers, dates and other text
    exp.GT: (exp.LT, "is more than", "is after", "sorts after"),
    exp.GTE: (exp.LTE, "is at least", "is not before", "does not sort before"),
    exp.LT: (exp.GT, "is less than", "is before", "sorts before"),
    exp.LTE: (exp.GTE, "is at most", "is not after", "does not sort after"),
    exp.EQ: (exp.EQ, "is", "is", "is"),
    exp.NEQ: (
        exp.NEQ,
        "has a value other than",
        "has a value other than",
        "has a value other than",
    ),
}
_ARITHMETIC = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divided by"}
_CONDITIONS = (*_COMPARISONS, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Like, exp.Is)
_AGGREGATES = {exp.Sum: "sum", exp.Avg: "average", exp.Min: "smallest", exp.Max: "largest"}
_PLACES = {
    exp.RowNumber: "the place",
    exp.Rank: "the rank",
    exp.DenseRank: "the rank without gaps",
}


class Phrases:
    """Phrases for the expressions of one SELECT; `mentioned` are the columns named so far."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.mentioned: list[Named] = []

    def value(self, node: Any) -> str:
        """An expression as a noun phrase. Raises NotUnderstood."""
        check(node)
        if isinstance(node, exp.Alias):
            return f"{self.value(node.this)} (called {node.alias})"
        if isinstance(node, exp.Paren):
            return self.value(node.this)
        if isinstance(node, _CONDITIONS):
            return f"whether {self.condition(node)} (1, 0 or unknown)"
        phrases: tuple[tuple[Any, Callable[[Any], str]], ...] = (
            (exp.Column, self._column),
            (exp.Literal, self._literal),
            (exp.Window, self._window),
            ((exp.AggFunc, exp.Filter), self._aggregate),
            (tuple(_ARITHMETIC), self._arithmetic),
            ((exp.Case, exp.If), self._choice),
        )
        for kind, phrase in phrases:
            if isinstance(node, kind):
                return phrase(node)
        return self._other(node)

    def condition(self, node: Any) -> str:
        """A condition as a clause after "where". Raises NotUnderstood."""
        check(node)
        if isinstance(node, exp.Paren):
            inner = self.condition(node.this)
            return f"({inner})" if isinstance(node.this, (exp.And, exp.Or)) else inner
        if isinstance(node, (exp.And, exp.Or)):
            return self._joined(node)
        if isinstance(node, exp.Not):
            return self._negated(node.this)
        for kind, phrase in (
            (tuple(_COMPARISONS), self._comparison),
            ((exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ), self._is),
            (exp.Exists, lambda each: f"{self._inner(each)} finds at least one row"),
            (exp.In, lambda each: f"{self._side(each.this)} is {self._among(each)}"),
            (exp.Between, lambda each: f"{self._side(each.this)} is {self._range(each)}"),
            (exp.Like, self._liked),
        ):
            if isinstance(node, kind):
                return str(phrase(node))
        if isinstance(node, exp.Column):
            return f"{self._column(node)} is a number other than 0"
        raise NotUnderstood(type(node).__name__)

    def listed(self, nodes: Sequence[Any]) -> str:
        """Several expressions with commas and an "and"."""
        return listed([self.value(each) for each in nodes])

    def _column(self, node: exp.Column) -> str:
        if isinstance(node.this, exp.Star):
            return f"all columns of {node.table}"
        if node.name in self._scope.inner:
            raise NotUnderstood("a query without parentheses")
        if self._scope.is_text(node):
            return f'"{node.name}"'
        named = self._scope.column(node)
        if named is None:
            return f"{node.name} of {self._scope.shown(node.table)}" if node.table else node.name
        if named not in self.mentioned:
            self.mentioned.append(named)
        others = [each for each in self._scope.sources if each is not named.source]
        is_plain = all(each.table and not each.table.column(node.name) for each in others)
        return node.name if is_plain else f"{node.name} of {named.source.shown}"

    def _literal(self, node: exp.Literal) -> str:
        if not node.is_string or _DATE.fullmatch(node.name):
            return str(node.name)
        return f'"{node.name}"'

    def _arithmetic(self, node: Any) -> str:
        sides = []
        for each in (node.this, node.expression):
            text = self.value(each)
            is_long = isinstance(each.unnest(), (*_ARITHMETIC, exp.DPipe, exp.Mod))
            sides.append(f"({text})" if is_long else text)
        return f" {_ARITHMETIC[type(node)]} ".join(sides)

    def _choice(self, node: Any) -> str:
        """CASE and IIF: what is taken where."""
        if isinstance(node, exp.If):
            branches, default = [node], node.args.get("false")
        else:
            branches, default = node.args["ifs"], node.args.get("default")
        asked = node.this if isinstance(node, exp.Case) else None
        parts = []
        for each in branches:
            where = (
                f"{self.value(asked)} is {self.value(each.this)}"
                if asked is not None
                else self.condition(each.this)
            )
            parts.append(f"{self.value(each.args['true'])} where {where}")
        otherwise = self.value(default) if default is not None else "nothing"
        return f"{', '.join(parts)}, otherwise {otherwise}"

    def _aggregate(self, node: Any) -> str:
        """COUNT, SUM and the like, over all rows of a group."""
        check(node)
        if isinstance(node, exp.Filter):
            condition = self.condition(node.expression.this)
            return f"{self._aggregate(node.this)} counting only rows where {condition}"
        of = node.this
        if (counted := self._counted_condition(node)) is not None:
            return f"the number of rows where {counted}"
        is_distinct = isinstance(of, exp.Distinct)
        if is_distinct:
            if len(of.expressions) != 1:
                raise NotUnderstood("DISTINCT of several")
            of = of.expressions[0]
        if isinstance(node, exp.Count):
            if isinstance(of, exp.Star) or (isinstance(of, exp.Literal) and not of.is_string):
                return "the number of rows"
            what = self.value(of)
            return (
                f"the number of different values of {what}"
                if is_distinct
                else f"the number of rows that have a value for {what}"
            )
        what = f"different values of {self.value(of)}" if is_distinct else self.value(of)
        if isinstance(node, exp.GroupConcat):
            return f"{what} of all rows, joined as text"
        word: str = _AGGREGATES.get(type(node), "")
        if not word or (type(node) in (exp.Max, exp.Min) and node.expressions):
            raise NotUnderstood(type(node).__name__)
        return f"the {word} of {what}" if word in ("sum", "average") else f"the {word} {what}"

    def _counted_condition(self, node: Any) -> str | None:
        """The condition whose rows SUM or COUNT of a CASE or a comparison counts."""
        of = node.this.unnest() if isinstance(node.this, exp.Paren) else node.this
        if isinstance(node, exp.Sum) and isinstance(of, _CONDITIONS):
            return self.condition(of)
        one = of
        default: Any = of.args.get("default") if isinstance(of, exp.Case) else None
        if isinstance(of, exp.Case) and of.this is None and len(of.args["ifs"]) == 1:
            one = of.args["ifs"][0]
        elif isinstance(of, exp.If):
            default = of.args.get("false")
        else:
            return None
        then = one.args["true"].sql()
        empty = default is None or isinstance(default, exp.Null)
        if isinstance(node, exp.Sum) and then == "1" and (empty or default.sql() == "0"):
            return self.condition(one.this)
        if isinstance(node, exp.Count) and isinstance(one.args["true"], exp.Literal) and empty:
            return self.condition(one.this)
        return None

    def _window(self, node: exp.Window) -> str:
        """A function OVER other rows, of the few forms that are said in a few words."""
        by = node.args.get("partition_by") or []
        order = node.args.get("order")
        within = f" among rows of the same {self.listed(by)}" if by else ""
        if type(node.this) in _PLACES and order:
            return f"{_PLACES[type(node.this)]} of the row{within}, {self.order(order.expressions)}"
        if isinstance(node.this, exp.AggFunc) and not isinstance(
            node.this, (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
        ):
            what = self._aggregate(node.this)
            if not order:
                return f"{what}{within or ' over all rows'}"
            return f"{what} up to this row{within}, {self.order(order.expressions)}"
        raise NotUnderstood(type(node.this).__name__)

    def order(self, nodes: Sequence[Any]) -> str:
        """What rows are sorted by, and which come first."""
        return "sorted by " + ", then by ".join(self._ordered(each) for each in nodes)

    def _ordered(self, node: exp.Ordered) -> str:
        check(node)
        given, down = node.this, bool(node.args.get("desc"))
        meant = self._scope.item(given)
        is_place = isinstance(given, exp.Literal)
        what = self.value(meant if is_place else given)
        if is_place and meant is given:
            what = f"column {given.name}"
        named = self._scope.column(meant)
        first = "largest" if down else "smallest"
        if named and named.column and isinstance(named.column.minimum, str):
            first = "latest" if down else "earliest"
        elif named and named.affinity == "text":
            return f"{what} letter by letter{', backwards' if down else ''}"
        nulls = node.args.get("nulls_first")
        if nulls is not None and bool(nulls) == down:
            first += f" first, empty ones {'before' if nulls else 'after'} them"
            return f"{what}, {first}"
        return f"{what}, {first} first"

    def _joined(self, node: Any) -> str:
        """All sides of an AND or an OR; mixed ones in parentheses."""
        sides: list[Any] = []
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if type(one) is type(node):
                waiting += [one.expression, one.this]
            else:
                sides.append(one)
        word = "and" if isinstance(node, exp.And) else "or"
        said = [
            f"({self.condition(each)})"
            if isinstance(each, (exp.And, exp.Or))
            else self.condition(each)
            for each in sides
        ]
        return f" {word} ".join(said)

    def _negated(self, node: Any) -> str:
        node = node.unnest() if isinstance(node, exp.Paren) else node
        check(node)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return f"{self._side(node.this)} has a value"
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            # SQL's three values: one that is empty is neither among them nor not among them.
            surely = f"{self._side(node.this)} is surely not {self._among(node)}"
            return f"{surely} (unsure where one is empty)"
        if isinstance(node, exp.In):
            return f"{self._side(node.this)} has a value and is not {self._among(node)}"
        if isinstance(node, exp.Between):
            return f"{self._side(node.this)} has a value and is not {self._range(node)}"
        if isinstance(node, exp.Like) and not node.args.get("negate"):
            return self._not_liked(node)
        if isinstance(node, exp.Exists):
            return f"{self._inner(node)} finds no row"
        raise NotUnderstood("NOT")

    def _comparison(self, node: Any) -> str:
        left, right, kind = node.this, node.expression, type(node)
        if isinstance(left, exp.Literal) and not isinstance(right, exp.Literal):
            left, right, kind = right, left, _COMPARISONS[kind][0]
        _, numbers, dates, texts = _COMPARISONS[kind]
        word = numbers
        if isinstance(right, exp.Literal) and right.is_string:
            word = dates if _DATE.fullmatch(right.name) else texts
        return f"{self._side(left)} {word} {self._side(right)}"

    def _is(self, node: Any) -> str:
        left, right = self._side(node.this), node.expression
        if isinstance(right, exp.Null):
            return f"{left} is empty"
        if isinstance(node, exp.NullSafeEQ):
            return f"{left} is {self._side(right)}"
        raise NotUnderstood("IS")

    def _side(self, node: Any) -> str:
        """One side of a comparison; not NULL, by which nothing holds, nor a comparison."""
        if isinstance(node, (*_CONDITIONS, exp.NullSafeEQ, exp.Null)):
            raise NotUnderstood("a comparison with NULL or of comparisons")
        return self.value(node)

    def _among(self, node: exp.In) -> str:
        if node.args.get("query") is not None:
            return f"among the values of {self._inner(node.args['query'])}"
        values = [self._side(each) for each in node.expressions]
        if not values:
            raise NotUnderstood("IN")
        if len(values) == 1:
            return values[0]
        more = len(values) - _MOST_LISTED
        if more > 1:
            return f"one of {', '.join(values[:_MOST_LISTED])} and {more} more"
        return f"one of {listed(values)}"

    def _range(self, node: exp.Between) -> str:
        return f"from {self._side(node.args['low'])} to {self._side(node.args['high'])}"

    def _liked(self, node: Any) -> str:
        if node.args.get("negate"):
            return self._not_liked(node)
        return f"{self._side(node.this)} {self._like(node)[0]}"

    def _not_liked(self, node: exp.Like) -> str:
        return f"{self._side(node.this)} has a value and {self._like(node)[1]}"

    def _like(self, node: exp.Like) -> tuple[str, str]:
        """What LIKE says, and its opposite."""
        pattern = node.expression
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise NotUnderstood("LIKE")
        text = str(pattern.name)
        inner = text.strip("%")
        how = f'"{inner}" (capitals or not)'
        starts, ends = text.startswith("%"), text.endswith("%")
        if "%" in inner or "_" in inner or not inner:
            both = "the pattern"
            return f'matches {both} "{text}"', f'does not match {both} "{text}"'
        if starts and ends:
            return f"contains {how}", f"does not contain {how}"
        if starts:
            return f"ends with {how}", f"does not end with {how}"
        if ends:
            return f"begins with {how}", f"does not begin with {how}"
        return f"is {how}", f"is not {how}"

    def _inner(self, node: Any) -> str:
        name = self._scope.inner_name(node)
        if name is None:
            raise NotUnderstood("a query inside")
        return name

    def _other(self, node: Any) -> str:
        """Functions and the rest."""
        match node:
            case exp.Star():
                return "all columns"
            case exp.Null():
                return "nothing"
            case exp.Mod(this=left, expression=right):
                return f"the remainder of {self._side(left)} divided by {self._side(right)}"
            case exp.Neg(this=exp.Literal() as number):
                return f"-{number.name}"
            case exp.Subquery() | exp.Select():
                return f"the result of {self._inner(node)}"
            case exp.DPipe(this=left, expression=right):
                sides = [
                    f"({self.value(each)})"
                    if isinstance(each.unnest(), (*_ARITHMETIC, exp.Mod))
                    else self.value(each)
                    for each in (left, right)
                ]
                return " followed by ".join(sides)
            case exp.Collate(this=exp.Column() as of, expression=how) if (
                how.name.lower() == "nocase"
            ):
                return f"{self.value(of)} without regard to capitals"
        return called(node, self.value)


def listed(texts: Sequence[str]) -> str:
    """Texts with commas, and an "and" before the last."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
