"""A row has one value in a column: conditions that ask two of it are meant of two rows. Pure.

`kind = 'tea' AND kind <> 'jam'` leaves out nothing that `kind = 'tea'` would find, and
`kind = 'tea' AND kind = 'jam'` finds nothing at all: who sells tea but no jam, or both, is to be
found among those that have one row for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from ...schema import Schema
from .column_mends import in_sql, new_column
from .sources import Source, Sources


def of_two_rows(tree: exp.Expr, schema: Schema) -> Iterator[str]:
    """Change the second of two such conditions to one on another row; tell of the change."""
    if not isinstance(tree, exp.Select) or tree.args.get("where") is None:
        return
    conditions = [each for each in all_of(tree.args["where"].this) if _is_of_one_value(each)]
    wanted: dict[exp.Expr, exp.Expr] = {}
    for each in conditions:
        if isinstance(each, exp.EQ):
            wanted.setdefault(each.this, each)
    for second in conditions:
        first = wanted.get(second.this)
        if first is None or not _is_other(first.expression, second.expression):
            continue
        owner = _owner(tree, schema, first.this, is_left_out=isinstance(second, exp.NEQ))
        if owner is not None:
            yield _on_another_row(tree, first, second, owner)
        return


def all_of(where: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that all must hold."""
    if isinstance(where, exp.And):
        yield from all_of(where.left)
        yield from all_of(where.right)
    else:
        yield where.unnest()


def _is_of_one_value(condition: exp.Expr) -> bool:
    """Whether a condition says which value a column has, or has not."""
    return (
        isinstance(condition, (exp.EQ, exp.NEQ))
        and isinstance(condition.this, exp.Column)
        and isinstance(condition.expression, exp.Literal)
    )


def _is_other(value: exp.Expr, other: exp.Expr) -> bool:
    """Whether two literals of one kind are two values, whatever their case."""
    texts = [each.this.lower() for each in (value, other)]
    return value.is_string == other.is_string and texts[0] != texts[1]


def _owner(
    tree: exp.Select, schema: Schema, asked: exp.Expr, *, is_left_out: bool
) -> exp.Column | None:
    """What has a row for each value: the key of the one table that is returned of, where others
    are joined to it, else the one column that is returned or counted."""
    outputs = [each.unalias() for each in tree.expressions]
    if len(outputs) == 1 and isinstance(outputs[0], exp.Count):
        distinct = outputs[0].this
        outputs = list(distinct.expressions) if isinstance(distinct, exp.Distinct) else []
    columns = [each for each in outputs if isinstance(each, exp.Column)]
    if not columns or len(columns) < len(outputs):
        return None
    sources = Sources(tree, schema).of(tree)
    owners = {_alias(each, sources) for each in columns}
    holder = _alias(asked, sources)
    alias = owners.pop() if len(owners) == 1 else None
    if alias is None or holder is None:
        return None
    table = next(each.table for each in sources if each.alias == alias)
    keys = [each.name for each in table.columns if each.pk] if table else []
    if alias != holder and len(keys) == 1:
        return new_column(keys[0], alias)
    if len(columns) > 1 or columns[0] == asked or table is None:
        return None
    # Two people of one name are not one: what is left out by name must name a row of a table.
    is_reference = any(columns[0].name in key.columns for key in table.foreign_keys)
    return columns[0].copy() if is_reference or not is_left_out else None


def _alias(column: exp.Expr, sources: Sequence[Source]) -> str | None:
    """The alias of the one source that has a column."""
    if not isinstance(column, exp.Column):
        return None
    named = [
        each.alias
        for each in sources
        if each.table is not None
        and each.has(column.name)
        and column.table.lower() in ("", each.alias.lower())
    ]
    return named[0] if len(named) == 1 else None


def _on_another_row(tree: exp.Select, first: exp.Expr, second: exp.Expr, owner: exp.Column) -> str:
    """Let the second condition hold for another row of the owner, or for none."""
    inner = exp.Select(expressions=[owner.copy()])
    clause = "from_" if tree.args.get("from_") else "from"
    inner.set(clause, tree.args[clause].copy())
    inner.set("joins", [each.copy() for each in tree.args.get("joins") or []])
    wanted = exp.EQ(this=second.this.copy(), expression=second.expression.copy())
    others = [
        each.copy()
        for each in all_of(tree.args["where"].this)
        if each is not first and each is not second
    ]
    # NOT IN finds nothing at all where the list holds a NULL.
    is_there = exp.Not(this=exp.Is(this=owner.copy(), expression=exp.Null()))
    inner.set("where", exp.Where(this=exp.and_(*others, wanted, is_there)))
    among = exp.In(this=owner.copy(), query=exp.Subquery(this=inner))
    is_without = isinstance(second, exp.NEQ)
    second.replace(exp.Not(this=among) if is_without else among)
    which = "not among" if is_without else "among"
    return f"A row has one value: {in_sql(owner)} is {which} those where {in_sql(wanted)}."
