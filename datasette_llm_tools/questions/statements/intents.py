"""What a question says that its SQL forgot: an average, a "not", whom or what to count. Pure.

Small models lose these even where they name the right tables. Each rule changes a statement that
runs only where it can hardly have been meant as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from ...name_words import name_words, singular, singular_words
from ...schema import Column, Schema, Table
from .joining import links_between
from .mended import MOST_CHARACTERS, Mended
from .one_value import all_of
from .sources import name_key

_NOT = re.compile(r"\b(?:not|never|no|without|neither|nor)\b|n't\b", re.IGNORECASE)
_COMPARED = re.compile(r"\b(?:above|below|over|under|than|exceed\w*|near\w*)\b", re.IGNORECASE)
_HOW_MANY = re.compile(
    r"\b(?:how many|(?:number|counts?|total) of|total)\s+(?:the\s+)?(?P<what>.+)", re.IGNORECASE
)
_COUNTS = frozenset({"count", "counts", "cnt"})
_AVERAGE = frozenset({"average", "mean"})
_NUMBERS = ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC")


def as_asked(sql: str, question: str, schema: Schema) -> Mended | None:
    """The statement with what the question says of it, or None where nothing is to be changed."""
    if len(sql) > MOST_CHARACTERS:
        return None
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        if not isinstance(tree, exp.Select):
            return None
        changes = [
            *_average(tree, question, schema),
            *_without(tree, question, schema),
            *_counted(tree, question, schema),
            *_summed(tree, question, schema),
            *_named(tree),
        ]
        return Mended(tree.sql(dialect="sqlite"), tuple(changes)) if changes else None
    except Exception:  # whatever a parser stumbles over, the statement is left as it was
        return None


def _average(tree: exp.Select, question: str, schema: Schema) -> Iterator[str]:
    """The average of the one number that is returned, where an average was asked for."""
    if _AVERAGE.isdisjoint(name_words(question)) or len(tree.expressions) != 1:
        return
    if tree.find(exp.AggFunc) or tree.args.get("order") or tree.args.get("limit"):
        return
    if tree.args.get("group") or tree.args.get("distinct") or _COMPARED.search(question):
        return
    column = tree.expressions[0].unalias()
    if not isinstance(column, exp.Column) or not _AVERAGE.isdisjoint(name_words(column.name)):
        return
    where = tree.args.get("where")
    if where and any(each.name == column.name for each in where.find_all(exp.Column)):
        return
    kinds = [known.type.upper() for t in schema.tables if (known := t.column(column.name))]
    if kinds and all(kind.startswith(_NUMBERS) for kind in kinds):
        before = column.sql(dialect="sqlite")
        column.replace(exp.Avg(this=column.copy()))
        yield f"The question asks for the average of {before}."


def _without(tree: exp.Select, question: str, schema: Schema) -> Iterator[str]:
    """`JOIN language ... WHERE language <> 'English'` finds who speaks another one, too: those
    that do not speak it are those not among those that do."""
    where, joins = tree.args.get("where"), tree.args.get("joins") or []
    clause = tree.args.get("from_") or tree.args.get("from")
    if not _NOT.search(question) or where is None or len(joins) != 1 or clause is None:
        return
    if tree.find(exp.AggFunc):
        return  # rows of the one or of the other may be counted
    nodes = [clause.this, joins[0].this]
    tables = [schema.table(node.name) if isinstance(node, exp.Table) else None for node in nodes]
    on = joins[0].args.get("on")
    if None in tables or not isinstance(on, exp.EQ) or joins[0].side:
        return
    for number in (0, 1):
        many, one = nodes[number], nodes[1 - number]
        table, other = tables[number], tables[1 - number]
        assert table is not None and other is not None
        sides = [each for each in (on.left, on.right) if isinstance(each, exp.Column)]
        ends = {side.table.lower(): side for side in sides}
        mine, theirs = (ends.get(node.alias_or_name.lower()) for node in (many, one))
        if mine is None or theirs is None or _is_key(table, mine.name):
            continue
        of_many = [each for each in tree.find_all(exp.Column) if _is_of(each, many, table, other)]
        unequal = [each for each in all_of(where.this) if isinstance(each, exp.NEQ)]
        unequal = [each for each in unequal if any(each.this is column for column in of_many)]
        if len(unequal) != 1 or len(of_many) != 2:  # in ON, and in that condition
            continue
        condition = unequal[0]
        inner = exp.select(exp.column(mine.name)).from_(exp.to_table(table.name))
        positive = exp.EQ(
            this=exp.column(condition.this.name), expression=condition.expression.copy()
        )
        # NOT IN finds nothing at all where the list holds a NULL.
        inner = inner.where(positive).where(f"{exp.column(mine.name).sql('sqlite')} IS NOT NULL")
        condition.replace(exp.Not(this=exp.In(this=theirs.copy(), query=exp.Subquery(this=inner))))
        tree.set("joins", None)
        clause.set("this", one.copy())
        yield f"Those without are asked for: those that are not among those of {table.name}."
        return


def _counted(tree: exp.Select, question: str, schema: Schema) -> Iterator[str]:
    """Rows of a table counted by its own key are one each: count what the question names."""
    group, order = tree.args.get("group"), tree.args.get("order")
    clause = tree.args.get("from_") or tree.args.get("from")
    if group is None or clause is None or tree.args.get("joins"):
        return
    node = clause.this
    table = schema.table(node.name) if isinstance(node, exp.Table) else None
    if table is None or not any(_is_key(table, each.name) for each in group.expressions):
        return
    if tree.find(exp.Count) is None or (order is None and tree.args.get("having") is None):
        return
    words = {singular(word) for word in name_words(question)}
    own = set(singular_words(table.name))
    children = [
        (other, links[0])
        for other in schema.tables
        if other is not table
        and (links := links_between(table, other))
        and len(links) == 1
        and _is_key(table, links[0][0])
        and not words.isdisjoint(set(singular_words(other.name)) - own)
    ]
    if len(children) != 1:
        return
    child, (key, reference) = children[0]
    alias = node.alias_or_name
    for column in tree.find_all(exp.Column):
        if not column.table:
            column.set("table", exp.to_identifier(alias))
    on = exp.EQ(
        this=exp.column(key, table=alias), expression=exp.column(reference, table=child.name)
    )
    tree.append("joins", exp.Join(this=exp.to_table(child.name), on=on))
    yield f"Counted are rows of {child.name}, for each of {table.name}."


def _summed(tree: exp.Select, question: str, schema: Schema) -> Iterator[str]:
    """Rows that hold a count each are added up: how many births there were in (year, name, count)
    is no number of rows."""
    clause = tree.args.get("from_") or tree.args.get("from")
    if clause is None or tree.args.get("joins") or not isinstance(clause.this, exp.Table):
        return
    table = schema.table(clause.this.name)
    counts = [each for each in table.columns if _is_count(each)] if table else []
    asked = _HOW_MANY.search(question)
    if table is None or len(counts) != 1 or asked is None:
        return
    if not name_key(asked["what"]).startswith(name_key(table.name)):
        return
    changed = [
        each
        for each in tree.find_all(exp.Count)
        if isinstance(each.this, exp.Star) and each.find_ancestor(exp.Select) is tree
    ]
    for each in changed:
        each.replace(exp.Sum(this=exp.column(counts[0].name, quoted=True)))
    if changed:
        yield f"{table.name} has a {counts[0].name} in each row: these are added up."


def _is_count(column: Column) -> bool:
    return column.name.lower() in _COUNTS and column.type.upper().startswith(_NUMBERS)


def _named(tree: exp.Select) -> Iterator[str]:
    """Numbers of groups come with what the groups are called."""
    group = tree.args.get("group")
    if group is None or tree.args.get("order") or tree.args.get("limit"):
        return
    if not all(each.find(exp.AggFunc) for each in tree.expressions):
        return
    keys = [each for each in group.expressions if isinstance(each, exp.Column)]
    if len(keys) == len(group.expressions):
        tree.set("expressions", [*(key.copy() for key in keys), *tree.expressions])
        yield f"Each group is named: {', '.join(key.sql(dialect='sqlite') for key in keys)}."


def _is_of(column: exp.Column, node: exp.Expr, table: Table, other: Table) -> bool:
    if column.table:
        return column.table.lower() == node.alias_or_name.lower()
    return table.column(column.name) is not None and other.column(column.name) is None


def _is_key(table: Table, column: str) -> bool:
    return [each.name.lower() for each in table.columns if each.pk] == [column.lower()]
