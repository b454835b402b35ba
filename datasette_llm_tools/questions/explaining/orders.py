"""What rows are sorted by, in words, and which of them come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from . import conditions
from .kinds import Kind, kind_of
from .understood import check
from .values import NotUnderstood

if TYPE_CHECKING:
    from .phrases import Phrases

# Upwards and downwards.
_DIRECTIONS = {
    Kind.NUMBER: ("smallest first", "largest first"),
    Kind.DATE: ("earliest first", "latest first"),
    Kind.TEXT: ("A to Z", "Z to A"),
    Kind.UNKNOWN: ("ascending", "descending"),
}


def order(nodes: Sequence[Any], phrases: Phrases, *, of_window: bool) -> str:
    """`by price, largest first, then by name, A to Z`. Raises NotUnderstood.

    In a window neither names that SELECT gives nor places of its items mean these.
    """
    said = [_ordered(each, phrases, of_window) for each in nodes]
    if said == [_RANDOM]:
        return _RANDOM
    return ", then ".join("at random" if each == _RANDOM else f"by {each}" for each in said)


_RANDOM = "at random"


def is_random(nodes: Sequence[Any]) -> bool:
    """Whether rows come in another order each time, which is what was wanted."""
    return any(isinstance(each.this, exp.Rand) for each in nodes)


def _ordered(node: exp.Ordered, phrases: Phrases, of_window: bool) -> str:
    check(node)
    given, down = node.this, bool(node.args.get("desc"))
    if isinstance(given, exp.Rand):
        return _RANDOM
    if of_window and isinstance(given, exp.Literal):
        raise NotUnderstood("a constant order")
    meant = given if of_window else phrases.scope.sorted_by(given)
    if isinstance(given, conditions.KINDS):
        direction = "yes before no" if down else "no before yes"
        return f"whether {phrases.condition(given)}, {direction}"
    is_unknown = isinstance(meant, exp.Literal)  # a column of several SELECTs
    kind = Kind.UNKNOWN if is_unknown else kind_of(meant, phrases.scope)
    direction = _DIRECTIONS[kind][down]
    nulls = node.args.get("nulls_first")
    if nulls is not None and bool(nulls) == down:
        direction += f", empty ones {'before' if nulls else 'after'} them"
    return f"{_name(given, meant, phrases)}, {direction}"


def _name(given: Any, meant: Any, phrases: Phrases) -> str:
    """What is sorted by: by its name if SELECT gives it one."""
    if isinstance(given, exp.Literal):
        called = phrases.scope.called(meant)
        if meant is given:
            return "the first column" if given.name == "1" else f"column {given.name}"
        return called or phrases.side(meant)
    if isinstance(given, exp.Column) and meant is not given:
        return given.name
    return phrases.side(given)
