"""Ways to mend what leads from one table to another: conditions of joins, memberships, and joins
that are missing. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ...schema import Schema, Table
from .column_mends import identifier, in_sql, new_column, set_column, sides
from .joining import Hop, joins_to, links_between
from .mended import NotSure, only
from .sources import Source, Sources, name_key, output_aliases


def mend_condition(column: exp.Column, sources: Sequence[Source], schema: Schema) -> str | None:
    """A join on a column that is not there becomes the join along the one key there is, or by way
    of the one table between the two."""
    equal = column.parent
    if not isinstance(equal, exp.EQ) or not isinstance(equal.parent, exp.Join):
        return None
    at = {each.alias.lower(): each for each in sources}
    ends = [at.get(each.table.lower()) for each in sides(equal)]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] is ends[1]:
        return None
    first, second = ends[0], ends[1]
    if first.table is None or second.table is None or first.table is second.table:
        return None
    links = links_between(first.table, second.table)
    if not links:
        return _join_between(equal, first, second, sources, schema)
    if len(links) != 1:
        return None
    left, right = links[0]
    before = in_sql(equal)
    equal.set("this", new_column(left, first.alias))
    equal.set("expression", new_column(right, second.alias))
    return f"Joined on {in_sql(equal)}, the key between the two, not on {before}."


def _join_between(
    equal: exp.EQ, first: Source, second: Source, sources: Sequence[Source], schema: Schema
) -> str | None:
    """Join the table that alone lies between two that no key links."""
    here = equal.parent
    if not isinstance(here, exp.Join) or not isinstance(here.parent, exp.Select):
        return None
    start, end = (first, second) if here.alias_or_name == second.alias else (second, first)
    if start.table is None or end.table is None or here.alias_or_name != end.alias:
        return None
    ways = list(joins_to(schema, [(start.alias, start.table)], end.table))
    if len(ways) != 1 or len(ways[0]) != 2:
        return None
    (between, last), before = ways[0], in_sql(equal)
    _append_joins(here.parent, [between], sources)
    joins = here.parent.args["joins"]
    added = joins.pop()
    joins.insert(joins.index(here), added)
    equal.set("this", new_column(last.left, added.alias_or_name))
    equal.set("expression", new_column(last.right, end.alias))
    return (
        f"Joined {between.table.name}, which links {start.alias} and {end.alias}, not on {before}."
    )


def mend_membership(column: exp.Column, select: exp.Select, sources: Sources) -> str | None:
    """`id IN (SELECT missing FROM other)` takes the one key that leads to the table of id."""
    member = select.parent.parent if isinstance(select.parent, exp.Subquery) else select.parent
    if not isinstance(member, exp.In) or not isinstance(member.this, exp.Column):
        return None
    inner = sources.of(select)
    outer_select = member.find_ancestor(exp.Select)
    if outer_select is None or len(inner) != 1 or select.expressions != [column]:
        return None
    outer = [
        each
        for each in sources.of(outer_select)
        if each.table and member.this.table.lower() in ("", each.alias.lower())
    ]
    if len(outer) != 1 or outer[0].table is None or inner[0].table is None:
        return None
    links = [
        right
        for left, right in links_between(outer[0].table, inner[0].table)
        if left.lower() == member.this.name.lower()
    ]
    if len(links) != 1:
        return None
    before = in_sql(column)
    column.set("this", identifier(links[0]))
    return f"{before} is now {links[0]}, which leads to {outer[0].table.name}."


def join(
    column: exp.Column,
    select: exp.Select,
    sources: Sequence[Source],
    holders: Sequence[Table],
    schema: Schema,
) -> str | None:
    """Join the one table in reach that has the column; None where no table is in reach."""
    starts = [(each.alias, each.table) for each in sources if each.table is not None]
    found = _nearest(starts, holders, schema)
    if found is None:
        return None
    holder, path = found
    _qualify(select, sources)
    alias = _append_joins(select, path, sources)
    before = in_sql(column)
    spelled = only(
        each.name
        for each in holder.columns
        if each.name.lower() == column.name.lower() or name_key(each.name) == name_key(column.name)
    )
    set_column(column, alias, spelled)
    via = ", ".join(hop.table.name for hop in path)
    return f"{before} is a column of {holder.name}: joined {via}."


def holders(name: str, schema: Schema) -> list[Table]:
    """The tables with a column of that name, or else with one that is written like it."""
    exact = [each for each in schema.tables if each.column(name)]
    if exact:
        return exact
    return [
        table
        for table in schema.tables
        if any(name_key(each.name) == name_key(name) for each in table.columns)
    ]


def _nearest(
    starts: Sequence[tuple[str, Table]], holders: Sequence[Table], schema: Schema
) -> tuple[Table, tuple[Hop, ...]] | None:
    """The one shortest way to a table. Raises NotSure for several."""
    present = {table.name for _, table in starts}
    found = [
        (holder, path)
        for holder in holders
        if holder.name not in present
        for path in joins_to(schema, starts, holder)
    ]
    if not found:
        return None
    shortest = min(len(path) for _, path in found)
    found = [each for each in found if len(each[1]) == shortest]
    if len(found) > 1:
        raise NotSure
    return found[0]


def _append_joins(select: exp.Select, path: Sequence[Hop], sources: Sequence[Source]) -> str:
    """Join the tables of a way, each under a name that is free; the name of the last one."""
    taken = {each.alias.lower() for each in sources}
    names = {each.alias: each.alias for each in sources}
    name = ""
    for hop in path:
        name = _new_alias(hop.table.name, taken)
        names[hop.table.name] = name
        on = exp.EQ(
            this=new_column(hop.left, names[hop.from_alias]), expression=new_column(hop.right, name)
        )
        node = exp.Table(this=identifier(hop.table.name))
        if name != hop.table.name:
            node.set("alias", exp.TableAlias(this=identifier(name)))
        select.append("joins", exp.Join(this=node, on=on))
    return name


def _qualify(select: exp.Select, sources: Sequence[Source]) -> None:
    """Name the source of each bare column, which a further table could make ambiguous."""
    aliases = output_aliases(select)
    for column in select.find_all(exp.Column):
        if column.table or column.find_ancestor(exp.Select) is not select:
            continue
        if isinstance(column.this, exp.Star) or column.name.lower() in aliases:
            continue
        having = [each for each in sources if each.columns and each.has(column.name)]
        if len(having) == 1:
            column.set("table", identifier(having[0].alias))


def _new_alias(name: str, taken: set[str]) -> str:
    alias, number = name, 2
    while alias.lower() in taken:
        alias, number = f"{name}_{number}", number + 1
    taken.add(alias.lower())
    return alias
