"""Whether values that were read have the types that their dataclass says. Pure.

A database may come from anywhere, and SQLite keeps any type in any column.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ...errors import BadInput

T = TypeVar("T")
S = TypeVar("S")

# What goes wrong with values that nobody of this program has written.
MISFITS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
)


def fitting(instance: T) -> T:
    """The dataclass as it was given; ValueError names a field that has another type."""
    kind: Any = type(instance)
    for name, hint in _hints(kind).items():
        if not _fits(getattr(instance, name), hint):
            raise ValueError(f"{kind.__name__}.{name} is of another type")
    return instance


def readable(rows: Iterable[S], read: Callable[[S], T]) -> Iterator[T]:
    """What `read` makes of rows, without those that it can make nothing of."""
    for row in rows:
        try:
            found = read(row)
        except (*MISFITS, BadInput):
            continue
        yield found


@lru_cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is Literal:
        return isinstance(value, str) and value in parts
    if kind is tuple:
        return isinstance(value, tuple) and all(_fits(each, parts[0]) for each in value)
    if kind is Mapping:
        return isinstance(value, Mapping) and all(
            isinstance(name, str) and _fits(each, parts[1]) for name, each in value.items()
        )
    if hint in (int, float):
        number = isinstance(value, int if hint is int else int | float)
        return number and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, hint)
