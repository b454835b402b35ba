"""What a wish for a chart asks for, told by its words, so that a small model adds nothing else.

A model of 1.5 billion parameters sorts, stacks and takes logarithms unasked in a quarter of its
charts. What no word of the wish hints at is therefore left out of the lists that it may choose
from. The lists of words are English; a wish without English words is not narrowed, and neither
is one to a larger model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...name_words import name_words, singular_words
from ...queries import Value
from .column_types import ChartColumn
from .spec import ChartSpec

_ENGLISH_WORDS = """
    a all and are as at average by each every first for from highest how in instead is it just
    largest last many mean most no not number of on one only or per show smallest than that the
    there to top total was were what when where which with without"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_LOG = re.compile(r"log|magnitude|expon", re.IGNORECASE)
_NUMBERS = re.compile(
    r"\d+(?!\d|\s*%)|\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
    r"fifty|hundred|dozen|few|top|limit)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(sort|order|rank|top|most|least|first|last|best|worst|high|low|large|small|big|long|short|"
    r"great|few|fewe|tall|alphabet|a ?(-|to) ?z|ascend|descend|revers|backward|increas|decreas|"
    r"rising|falling|leading|lead)",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\b(colou?r|hue|stack|split|group|break|broken|series|separate|side|share|percent|proportion|"
    r"compar|among|divid|differentiat|distinguish|on top|"
    r"(line|bar|area|curve|point|dot|slice)s? (per|for|by|of)\b)|%",
    re.IGNORECASE,
)
_UNSPLIT = re.compile(
    r"\b(no|without|remove|drop|hide|omit|not)( the| any| more)* (colou?r|split|stack|group)",
    re.IGNORECASE,
)
_FILTER = re.compile(
    r"\d|\b(only|just|without|except|exclu|leav|omit|drop|remov|hide|skip|where|contain|mention|"
    r"start|since|after|before|between|until|till|than|least|over|under|above|below|"
    r"restrict|ignor|january|february|march|april|june|july|august|september|october|november|"
    r"december|(mon|tues|wednes|thurs|fri|satur|sun)days?\b|"
    r"(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|weekends?|weekdays)\b)",
    re.IGNORECASE,
)
_DISTINCT = re.compile(
    r"\b(how many|number of|count of|count)( the| of| all)* (different|distinct|unique)\b",
    re.IGNORECASE,
)
_SHORTEST_STEM = 4
_SHORTEST_VALUE = 4  # below, a value such as "OR" or "m" counts only where it is written the same


@dataclass(frozen=True, slots=True)
class Asked:
    """What a chart may have. `counts`: rows may be counted, not only different values.

    `splits` are the columns that may split it; None means any.
    """

    log: bool = True
    sort: bool = True
    limit: bool = True
    filters: bool = True
    counts: bool = True
    splits: frozenset[str] | None = None


EVERYTHING = Asked()


def asked(
    wish: str,
    columns: Sequence[ChartColumn],
    samples: Mapping[str, Sequence[Value]],
    spec: ChartSpec | None,
) -> Asked:
    """What the wish asks for, and what the chart has already.

    `samples` are some values of each column, by its name.
    """
    if _ENGLISH.isdisjoint(name_words(wish)):
        return EVERYTHING
    named = frozenset(name for name, values in samples.items() if _has_value(wish, values))
    has = spec or ChartSpec("bar")
    splits: frozenset[str] | None = None
    if _UNSPLIT.search(wish):
        splits = frozenset()
    elif not _SPLIT.search(wish):
        kinds = ("category", "text", "id")
        splits = named | _named(wish, [each for each in columns if each.role in kinds])
        splits |= frozenset({has.color} if has.color else ())
    return Asked(
        log=bool(_LOG.search(wish)) or "log" in (has.scale, has.x_scale),
        sort=bool(_ORDER.search(wish)) or has.sort is not None,
        limit=bool(_NUMBERS.search(wish)) or has.limit is not None,
        filters=bool(_FILTER.search(wish)) or bool(named) or bool(has.filters),
        counts=not _DISTINCT.search(wish),
        splits=splits,
    )


def told_columns(
    columns: Sequence[ChartColumn], wish: str, spec: ChartSpec | None, most: int
) -> tuple[ChartColumn, ...]:
    """At most `most` columns in their order: those that are drawn, named in the wish, the first."""
    if len(columns) <= most:
        return tuple(columns)
    filtered = [each.column for each in spec.filters] if spec else []
    drawn = {spec.x, spec.y, spec.color, *filtered} if spec else set()
    named = _named(wish, columns)
    ranked = sorted(columns, key=lambda each: (each.name not in drawn, each.name not in named))
    told = {each.name for each in ranked[:most]}
    return tuple(each for each in columns if each.name in told)


def _named(wish: str, columns: Sequence[ChartColumn]) -> frozenset[str]:
    """Columns of which a wish has a word of the name."""
    said = set(singular_words(wish))
    return frozenset(
        column.name
        for column in columns
        if any(_alike(word, each) for word in singular_words(column.name) for each in said)
    )


def _has_value(wish: str, values: Sequence[Value]) -> bool:
    """Whether a wish has one of the texts as a word."""
    texts = (value for value in values if isinstance(value, str) and value)
    return any(
        re.search(
            rf"\b{re.escape(text)}\b",
            wish,
            re.IGNORECASE if len(text) >= _SHORTEST_VALUE else 0,
        )
        for text in texts
    )


def _alike(one: str, other: str) -> bool:
    """Whether two words are the same, or one begins with the other, which tells something."""
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) >= _SHORTEST_STEM and long.startswith(short))
