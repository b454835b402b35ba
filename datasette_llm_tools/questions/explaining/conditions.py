"""Conditions as clauses of English, true for any rows.

SQL has three truths: a condition with an empty value mostly holds no more than its opposite. So
"other than" asks for a value, and NOT is put into words by the opposite of what it stands before
(De Morgan's laws hold for three truths, too).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from .kinds import Kind, is_other_text, kind_of
from .patterns import matching
from .understood import check
from .values import NotUnderstood

if TYPE_CHECKING:
    from .phrases import Phrases

_MOST_LISTED = 8
# For numbers and what is not known, for dates, for other text; {} is the other side.
_COMPARISONS: dict[type, tuple[str, str, str]] = {
    exp.GT: ("is more than {}", "is after {}", "sorts after {}"),
    exp.GTE: ("is at least {}", "is {} or later", "does not sort before {}"),
    exp.LT: ("is less than {}", "is before {}", "sorts before {}"),
    exp.LTE: ("is at most {}", "is {} or earlier", "does not sort after {}"),
    exp.EQ: ("is {}",) * 3,
    exp.NEQ: ("has a value other than {}",) * 3,
}
_SWAPPED: dict[type, type] = {exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE}
_OPPOSITES: dict[type, type] = {
    **{exp.GT: exp.LTE, exp.LTE: exp.GT, exp.GTE: exp.LT, exp.LT: exp.GTE},
    **{exp.EQ: exp.NEQ, exp.NEQ: exp.EQ, exp.NullSafeEQ: exp.NullSafeNEQ},
    **{exp.NullSafeNEQ: exp.NullSafeEQ, exp.And: exp.Or, exp.Or: exp.And},
}
KINDS = (
    *(*_COMPARISONS, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Like, exp.Glob),
    *(exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Exists),
)


def condition(node: Any, phrases: Phrases) -> str:
    """What has to hold. Raises NotUnderstood."""
    check(node)
    if isinstance(node, exp.Paren):
        inner = condition(node.this, phrases)
        return f"({inner})" if isinstance(node.this, (exp.And, exp.Or)) else inner
    if isinstance(node, exp.Not):
        return _opposite(node.this, phrases)
    said: tuple[tuple[Any, Callable[[Any, Phrases], str]], ...] = (
        ((exp.And, exp.Or), _joined),
        (tuple(_COMPARISONS), _comparison),
        ((exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ), _is),
        (exp.Exists, lambda each, words: f"{words.inner(each)} finds at least one row"),
        (exp.In, lambda each, words: f"{_side(each.this, words)} is {_among(each, words)}"),
        (exp.Between, _between),
        ((exp.Like, exp.Glob), _matched),
        (exp.Column, lambda each, words: f"{words.value(each)} is true (not 0)"),
    )
    for kind, say in said:
        if isinstance(node, kind):
            return say(node, phrases)
    raise NotUnderstood(type(node).__name__)


def _opposite(node: Any, phrases: Phrases) -> str:
    """The clause for NOT before a condition."""
    node = node.unnest() if isinstance(node, exp.Paren) else node
    check(node)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return f"{_side(node.this, phrases)} has a value"
    if isinstance(node, exp.In) and node.args.get("query") is not None:
        return _not_in_query(node, phrases)
    if isinstance(node, exp.In):
        return f"{_side(node.this, phrases)} has a value other than {_values(node, phrases)}"
    if isinstance(node, exp.Between):
        low, high = _ends(node, phrases)
        return f"{_side(node.this, phrases)} has a value outside of {low} to {high}"
    if isinstance(node, (exp.Like, exp.Glob)) and not node.args.get("negate"):
        return _not_matched(node, phrases)
    if isinstance(node, exp.Exists):
        return f"{phrases.inner(node)} finds no row"
    if isinstance(node, (exp.And, exp.Or)):
        sides = [exp.Not(this=each) for each in _sides(node)]
        return _with_word(_OPPOSITES[type(node)], sides, phrases)
    if type(node) in _OPPOSITES:
        turned = _OPPOSITES[type(node)](this=node.this, expression=node.expression)
        return condition(turned, phrases)
    if isinstance(node, exp.Column):
        return f"{phrases.value(node)} is false (0)"
    raise NotUnderstood("NOT")


def _joined(node: Any, phrases: Phrases) -> str:
    return _with_word(type(node), _sides(node), phrases)


def _sides(node: Any) -> list[Any]:
    """All sides of an AND or an OR."""
    sides: list[Any] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if type(one) is type(node):
            waiting += [one.expression, one.this]
        else:
            sides.append(one)
    return sides


def _with_word(kind: type, sides: list[Any], phrases: Phrases) -> str:
    """Conditions with "and" or "or" between them; mixed ones in parentheses."""
    said = []
    for each in sides:
        text = condition(each, phrases)
        inner = each.this.unnest() if isinstance(each, exp.Not) else each
        said.append(f"({text})" if isinstance(inner, (exp.And, exp.Or)) else text)
    return (" and " if kind is exp.And else " or ").join(said)


def _comparison(node: Any, phrases: Phrases) -> str:
    kind: type = type(node)
    left, right = node.this, node.expression
    if isinstance(left, exp.Literal) and not isinstance(right, exp.Literal):
        left, right, kind = right, left, _SWAPPED.get(kind, kind)
    given, other = _side(left, phrases), _side(right, phrases)
    if kind is exp.NEQ and not isinstance(right.unnest(), (exp.Literal, exp.Neg)):
        return f"{given} and {other} have different values"
    numbers, dates, texts = _COMPARISONS[kind]
    kinds = {kind_of(each, phrases.scope) for each in (left, right)} - {Kind.UNKNOWN}
    words = numbers
    if Kind.DATE in kinds and Kind.NUMBER not in kinds:
        is_other = any(is_other_text(each, phrases.scope) for each in (left, right))
        words = texts if is_other else dates
    elif kinds == {Kind.TEXT}:
        words = texts
    return f"{given} {words.format(other)}"


def _is(node: Any, phrases: Phrases) -> str:
    left, right = _side(node.this, phrases), node.expression
    if isinstance(right, exp.Null) and not isinstance(node, exp.NullSafeNEQ):
        return f"{left} is empty"
    if isinstance(node, exp.NullSafeEQ):
        return f"{left} is {_side(right, phrases)}"
    if isinstance(node, exp.NullSafeNEQ) and isinstance(right, exp.Literal):
        return f"{left} is not {phrases.value(right)} (it may be empty)"
    raise NotUnderstood("IS")


def _side(node: Any, phrases: Phrases) -> str:
    """One side of a comparison; not NULL, by which nothing holds, nor a comparison."""
    if isinstance(node, (*KINDS, exp.Null)):
        raise NotUnderstood("a comparison with NULL or of comparisons")
    return phrases.side(node)


def _among(node: exp.In, phrases: Phrases) -> str:
    if node.args.get("query") is not None:
        return f"among the values of {phrases.inner(node.args['query'])}"
    return f"{'one of ' if len(node.expressions) > 1 else ''}{_values(node, phrases)}"


def _values(node: exp.In, phrases: Phrases) -> str:
    """The values of a list, the first ones of a long one."""
    values = [_side(each, phrases) for each in node.expressions]
    if not values:
        raise NotUnderstood("IN")
    if len(values) == 1:
        return values[0]
    more = len(values) - _MOST_LISTED
    if more > 1:
        return f"{', '.join(values[:_MOST_LISTED])} and {more} more"
    return f"{', '.join(values[:-1])} and {values[-1]}"


def _not_in_query(node: exp.In, phrases: Phrases) -> str:
    """NOT IN of a query: one empty value in it, and nothing is surely not among its values."""
    side, among = _side(node.this, phrases), _among(node, phrases)
    query = phrases.scope.inner_query(node.args["query"])
    named = phrases.scope.column(node.this)
    if query and query.has_values and named and named.has_value:
        return f"{side} is not {among}"
    return f"{side} is surely not {among} (an empty value makes that unsure)"


def _between(node: exp.Between, phrases: Phrases) -> str:
    low, high = _ends(node, phrases)
    return f"{_side(node.this, phrases)} is from {low} to {high}"


def _ends(node: exp.Between, phrases: Phrases) -> tuple[str, str]:
    return _side(node.args["low"], phrases), _side(node.args["high"], phrases)


def _matched(node: Any, phrases: Phrases) -> str:
    if node.args.get("negate"):
        return _not_matched(node, phrases)
    return f"{_side(node.this, phrases)} {matching(node, phrases.scope)[0]}"


def _not_matched(node: Any, phrases: Phrases) -> str:
    return f"{_side(node.this, phrases)} has a value that {matching(node, phrases.scope)[1]}"
