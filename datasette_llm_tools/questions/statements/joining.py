"""How tables of a schema can be joined along their keys: what a table needs to be reached.

Pure. Where no foreign keys are declared, a column that is the primary key of one table and stands
under the same name in another is taken for one, or one that is called after a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...name_words import name_words, singular_words
from ...schema import Schema, Table


@dataclass(frozen=True, slots=True)
class Hop:
    """Join `table` ON `from_alias`.`left` = `table`.`right`.

    `from_alias` is the alias of a source, or the name of the table of the hop before.
    """

    table: Table
    from_alias: str
    left: str
    right: str


def links_between(first: Table, second: Table) -> list[tuple[str, str]]:
    """The pairs of columns, of the first and of the second, along which two tables are joined."""
    declared = [
        *((left, right) for left, right in _references(first, second)),
        *((left, right) for right, left in _references(second, first)),
    ]
    if declared:
        return list(dict.fromkeys(declared))
    shared = [
        (column.name, other.name)
        for column in first.columns
        if (other := second.column(column.name)) is not None
    ]
    keys = [each for each in shared if _is_key(first, each[0]) or _is_key(second, each[1])]
    links = keys or [each for each in shared if _may_be_key(each[0])]
    # Of state_name and country_name the first links cities and states.
    tables = {*singular_words(first.name), *singular_words(second.name)}
    called = [each for each in links if not tables.isdisjoint(singular_words(each[0]))]
    return (
        called or links or [*_leading(first, second), *((b, a) for a, b in _leading(second, first))]
    )


def implied_key(column: str, other: Table) -> str | None:
    """The key of a table that a column is called after: `id` of shops for shop and shop_id."""
    keys = [each.name for each in other.columns if each.pk]
    if len(keys) != 1:
        return None
    table = singular_words(other.name)
    is_meant = singular_words(column) in (table, (*table, *singular_words(keys[0])))
    return keys[0] if is_meant else None


def joins_to(
    schema: Schema, starts: Sequence[tuple[str, Table]], target: Table
) -> Iterator[tuple[Hop, ...]]:
    """The ways to reach a table from sources, by their aliases: at once, else by a third table."""
    direct = [
        (Hop(target, alias, left, right),)
        for alias, table in starts
        for left, right in links_between(table, target)
    ]
    if direct:
        yield from direct
        return
    present = {table.name for _, table in starts}
    ways = [
        ((Hop(middle, alias, near, far), Hop(target, middle.name, left, right)), table)
        for middle in schema.tables
        if middle.name not in present and middle.name != target.name
        for left, right in links_between(middle, target)
        for alias, table in starts
        for near, far in links_between(table, middle)
    ]
    # A table that is called after both is the one that links them.
    named = [way for way, table in ways if _is_called_after(way[0].table, table, target)]
    yield from named or (way for way, _ in ways)


def _references(table: Table, other: Table) -> Iterator[tuple[str, str]]:
    for key in table.foreign_keys:
        if key.other_table.lower() == other.name.lower() and len(key.columns) == 1:
            yield key.columns[0], key.other_columns[0]


def _leading(table: Table, other: Table) -> Iterator[tuple[str, str]]:
    for column in table.columns:
        key = implied_key(column.name, other)
        if key is not None:
            yield column.name, key


def _may_be_key(column: str) -> bool:
    """Whether a name says what it names: city_name, patient_id, pid; but not id, name or year."""
    name = column.lower()
    return len(name_words(column)) > 1 or (name.endswith("id") and len(name) > 2)


def _is_called_after(middle: Table, first: Table, second: Table) -> bool:
    words = {*singular_words(first.name), *singular_words(second.name)}
    return set(singular_words(middle.name)) <= words


def _is_key(table: Table, column: str) -> bool:
    return [each.name.lower() for each in table.columns if each.pk] == [column.lower()]
