"""What other databases' SQL says that SQLite says otherwise: dates, casts, ILIKE. Pure.

Models have read more of PostgreSQL and MySQL than of SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from .mended import MOST_CHARACTERS, Mended

_OTHERS = ("sqlite", "postgres", "mysql", "tsql")
_PARTS = {
    "YEAR": "%Y",
    "MONTH": "%m",
    "DAY": "%d",
    "HOUR": "%H",
    "MINUTE": "%M",
    "SECOND": "%S",
    "DOW": "%w",
    "DOY": "%j",
    "WEEK": "%W",
}
_UNITS = frozenset({"YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"})


def in_sqlite(sql: str) -> Mended | None:
    """The statement as SQLite says it, or None where it says nothing that other databases say."""
    if len(sql) > MOST_CHARACTERS:
        return None
    for dialect in _OTHERS:
        try:
            tree = sqlglot.parse_one(sql, dialect=dialect)
            changes = tuple(_changes(tree))
            if changes:
                return Mended(tree.sql(dialect="sqlite"), changes)
        except Exception:  # not that dialect: the next one may read it
            continue
    return None


def _changes(tree: exp.Expr) -> Iterator[str]:
    """Put SQLite's words in place; an account of each kind of change."""
    for kind, replace in _WAYS:
        told = set()
        for node in list(tree.find_all(*kind)):
            before = node.sql()
            new = replace(node)
            if new is not None:
                node.replace(new)
                told.add(f"{before} is {new.sql(dialect='sqlite')} in SQLite.")
        yield from sorted(told)


def _moved(node: exp.Expr) -> exp.Expr | None:
    """`day + INTERVAL '10' DAY` and DATE_ADD: date(day, '+10 days')."""
    if isinstance(node, (exp.DateAdd, exp.DateSub)):
        sign = "+" if isinstance(node, exp.DateAdd) else "-"
        return _shifted(node.this, sign, node.expression, node.args.get("unit"))
    sign = "+" if isinstance(node, exp.Add) else "-"
    interval = node.args.get("expression")
    if not isinstance(interval, exp.Interval):
        return None
    return _shifted(node.this, sign, interval.this, interval.args.get("unit"))


def _shifted(
    base: exp.Expr, sign: str, amount: exp.Expr | None, unit: exp.Expr | None
) -> exp.Expr | None:
    if isinstance(amount, exp.Interval):
        amount, unit = amount.this, amount.args.get("unit")
    words = (amount.name if isinstance(amount, exp.Literal) else "").split()
    name = (unit.name if unit is not None else words[1] if len(words) == 2 else "").upper()
    name = name.removesuffix("S")
    if not words or not words[0].lstrip("-").isdigit() or name not in _UNITS:
        return None
    count = int(words[0])
    if name == "WEEK":
        count, name = count * 7, "DAY"
    if count < 0:
        count, sign = -count, "-" if sign == "+" else "+"
    function = "date" if name in ("DAY", "MONTH", "YEAR") else "datetime"
    modifier = exp.Literal.string(f"{sign}{count} {name.lower()}s")
    return exp.Anonymous(this=function, expressions=[_plain_day(base), modifier])


def _plain_day(base: exp.Expr) -> exp.Expr:
    if isinstance(base, (exp.CurrentDate, exp.CurrentTimestamp)):
        return exp.Literal.string("now")
    plain: exp.Expr = base.this if isinstance(base, exp.Cast) else base
    return plain.copy()


def _part(node: exp.Expr) -> exp.Expr | None:
    """EXTRACT(YEAR FROM day) and YEAR(day): CAST(strftime('%Y', day) AS INTEGER)."""
    if isinstance(node, exp.Extract):
        name, of = node.name.upper(), node.expression
    else:
        name, of = type(node).__name__.upper(), node.this
    if name not in _PARTS:
        return None
    return exp.cast(_strftime(_PARTS[name], _plain_day(of)), "INTEGER")


def _truncated(node: exp.Expr) -> exp.Expr | None:
    """DATE_TRUNC('month', day): strftime('%Y-%m', day)."""
    unit = (node.args.get("unit") or exp.Literal.string("")).name.upper()
    formats = {"YEAR": "%Y", "MONTH": "%Y-%m", "DAY": "%Y-%m-%d"}
    return _strftime(formats[unit], _plain_day(node.this)) if unit in formats else None


def _days_between(node: exp.Expr) -> exp.Expr:
    """DATEDIFF(a, b): julianday(a) - julianday(b)."""
    ends = [
        exp.Anonymous(this="julianday", expressions=[_plain_day(each)])
        for each in (node.this, node.expression)
    ]
    return exp.Paren(this=exp.Sub(this=ends[0], expression=ends[1]))


def _like(node: exp.Expr) -> exp.Expr:
    """ILIKE: SQLite's LIKE is blind to case already."""
    return exp.Like(this=node.this.copy(), expression=node.expression.copy())


def _strftime(form: str, of: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this="strftime", expressions=[exp.Literal.string(form), of])


_WAYS = (
    ((exp.Add, exp.Sub, exp.DateAdd, exp.DateSub), _moved),
    ((exp.Extract, exp.Year, exp.Month, exp.Day), _part),
    ((exp.DateTrunc, exp.TimestampTrunc), _truncated),
    ((exp.DateDiff,), _days_between),
    ((exp.ILike,), _like),
)
