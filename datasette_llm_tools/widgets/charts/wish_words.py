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
from .spec import ChartSpec

_ENGLISH_WORDS = """
    a all and are as at by each every for from how in instead is it just many most no not of on
    one only or per show than that the there to top was were what when where which with without"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_LOG = re.compile(r"log|magnitude|expon", re.IGNORECASE)
_NUMBERS = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
    r"fifty|hundred|dozen|single|few|top|limit)",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(sort|order|rank|top|most|least|first|last|best|worst|high|low|large|small|big|long|short|"
    r"great|few|fewe|tall|alphabet|a ?(-|to) ?z|ascend|descend|revers|backward|increas|decreas|"
    r"rising|falling|leading|lead)",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"\b(colou?r|hue|stack|split|group|break|broken|series|separate|each|every|per|side|share|"
    r"percent|proportion|compar|among|divid|differentiat|distinguish|on top|lines for|bars for)|%",
    re.IGNORECASE,
)
_SHORTEST_STEM = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What a chart may have. `splits` are the columns that may split it; None means any."""

    log: bool = True
    sort: bool = True
    limit: bool = True
    splits: frozenset[str] | None = None


EVERYTHING = Asked()


def asked(wish: str, samples: Mapping[str, Sequence[Value]], spec: ChartSpec | None) -> Asked:
    """What the wish asks for, and what the chart has already.

    `samples` are some values of each column, by its name.
    """
    if _ENGLISH.isdisjoint(name_words(wish)):
        return EVERYTHING
    splits = None if _SPLIT.search(wish) else _mentioned(wish, samples)
    if spec is not None and spec.color and splits is not None:
        splits |= {spec.color}
    return Asked(
        log=bool(_LOG.search(wish)) or (spec is not None and "log" in (spec.scale, spec.x_scale)),
        sort=bool(_ORDER.search(wish)) or (spec is not None and spec.sort is not None),
        limit=bool(_NUMBERS.search(wish)) or (spec is not None and spec.limit is not None),
        splits=splits,
    )


def _mentioned(wish: str, samples: Mapping[str, Sequence[Value]]) -> frozenset[str]:
    """Columns of which a wish has a word of the name, or one of the values."""
    said = set(singular_words(wish))
    return frozenset(
        name
        for name, values in samples.items()
        if any(_alike(word, each) for word in singular_words(name) for each in said)
        or any(isinstance(value, str) and value.casefold() in wish.casefold() for value in values)
    )


def _alike(one: str, other: str) -> bool:
    """Whether two words are the same, or one begins with the other, which tells something."""
    short, long = sorted((one, other), key=len)
    return short == long or (len(short) >= _SHORTEST_STEM and long.startswith(short))
