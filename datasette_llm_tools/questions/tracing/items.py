"""The columns of a result as SELECT makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from ...sql_names import fold
from ..explaining.written import NotWritten, Written
from .aggregates import Aggregate, aggregates_in


@dataclass(frozen=True, slots=True)
class Item:
    """One column of the result. `aggregate` is its only one, None where it has none or several."""

    expression: Written
    alias: str | None
    tree: Any
    aggregates: int
    aggregate: Aggregate | None


def item(written: Written, tree: Any) -> Item:
    """One column, as it is written and as it is read. Raises NotWritten."""
    expression, alias = written, None
    if isinstance(tree, exp.Alias):
        alias = written.tokens[-1].name
        if alias is None or fold(alias) != fold(tree.alias):
            raise NotWritten("an alias that the parser reads otherwise")
        expression = written.cut(0, -2 if written.tokens[-2].word == "as" else -1)
    elif isinstance(tree, exp.Star) or (
        isinstance(tree, exp.Column) and isinstance(tree.this, exp.Star)
    ):
        raise NotWritten("a star, whose columns are not counted here")
    found = aggregates_in(expression, tree.unalias())
    return Item(expression, alias, tree, len(found), found[0] if len(found) == 1 else None)


def names_in(piece: Written) -> set[str]:
    """All that may be a name in a piece, without those of tables before a point."""
    tokens = piece.tokens
    return {
        fold(token.name)
        for index, token in enumerate(tokens)
        if token.name and (index + 1 == len(tokens) or tokens[index + 1].text != ".")
    }
