"""Questions whose answers a person called right, and what they are good for. Pure.

A question that is asked again with another value in it is answered from its pair, without a model;
questions that are only like it go into the prompt as examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from rapidfuzz import fuzz, process
from sqlglot import exp

_SQL_CHARS = 8000
_ALIKE = 60  # of 100, as rapidfuzz counts words that two questions share
_VALUE_CHARS = 60
_MOST_READ = 20  # pairs whose SQL is parsed for one question; each takes milliseconds
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the SQL that is right for it; `question_id` names its page.

    `tables` are those that the SQL reads.
    """

    question_id: str
    question: str
    sql: str
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recurring:
    """A pair for a question, with the values of that put into its SQL: (before, now) of each."""

    pair: Pair
    sql: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PairUsed:
    """The pair that an answer was taken from, as it is kept with the answer.

    Without a question for whoever may not read that.
    """

    question_id: str | None
    question: str | None
    values: tuple[tuple[str, str], ...] = ()


def similar(question: str, pairs: Sequence[Pair], most: int = 3) -> tuple[Pair, ...]:
    """The pairs whose questions share most words with this one, the most alike first."""
    found = most_alike(question, [each.question for each in pairs], most, _ALIKE)
    return tuple(pairs[index] for index in found)


def most_alike(question: str, questions: Sequence[str], most: int, least: float = 0) -> list[int]:
    """Where the questions stand that share most words with this one, of 100 at least `least`."""
    found = process.extract(
        _plain(question),
        [_plain(each) for each in questions],
        scorer=fuzz.token_sort_ratio,
        limit=most,
        score_cutoff=least,
    )
    return [index for _, _, index in found]


def recurring(question: str, pairs: Sequence[Pair]) -> Recurring | None:
    """The pair whose question is this one, or is but for values that its SQL compares with."""
    for pair in pairs:
        if _plain(pair.question) == _plain(question):
            return Recurring(pair, pair.sql)
    for index in most_alike(question, [each.question for each in pairs], _MOST_READ):
        found = _with_values(question, pairs[index])
        if found is not None:
            return found
    return None


def _with_values(question: str, pair: Pair) -> Recurring | None:
    if len(pair.sql) > _SQL_CHARS:
        return None
    try:
        tree = sqlglot.parse_one(pair.sql, dialect="sqlite")
    except Exception:  # edited by hand, perhaps in words that the parser does not know
        return None
    asked = _plain(pair.question)
    places = dict.fromkeys(_compared(tree))
    values = [text for text in places if len(_found(text, asked)) == 1]
    if not values:
        return None
    given = _given(question, asked, values)
    if given is None:
        return None
    changed = {old: new for old, new in zip(values, given, strict=True) if old != new.lower()}
    for literal in list(tree.find_all(exp.Literal)):
        put = changed.get(_bare(literal))
        if put is not None:
            literal.replace(_literal(literal, put))
    typed = _as_typed(pair.question)
    shown = tuple((typed[slice(*_found(old, asked)[0])], put) for old, put in changed.items())
    return Recurring(pair, tree.sql(dialect="sqlite"), shown) if changed else None


def _compared(tree: exp.Expr) -> Iterator[str]:
    """The values that a statement compares with, as a question would write them."""
    for literal in tree.find_all(exp.Literal):
        if literal.find_ancestor(exp.Where, exp.Having, exp.Join) and _bare(literal):
            yield _bare(literal)


def _bare(literal: exp.Literal) -> str:
    return str(literal.this).strip("%").lower() if literal.is_string else str(literal.this)


def _literal(old: exp.Literal, text: str) -> exp.Expr:
    if not old.is_string:
        return exp.Literal.number(text)
    before = str(old.this)
    head, tail = "%" * before.startswith("%"), "%" * (len(before) > 1 and before.endswith("%"))
    return exp.Literal.string(f"{head}{text}{tail}")


def _given(question: str, asked: str, values: Sequence[str]) -> list[str] | None:
    """What stands in a question where `asked` has the values; None where the rest differs."""
    spans = sorted((_found(value, asked)[0], value) for value in values)
    order = [value for _, value in spans]
    ends = [0, *(end for (_, end), _ in spans)]
    starts = [*(start for (start, _), _ in spans), len(asked)]
    if any(start < end for start, end in zip(starts, ends, strict=True)):
        return None  # one value stands within another
    between = [asked[end:start] for end, start in zip(ends, starts, strict=True)]
    found = _filled(_plain(question), between)
    if found is None:
        return None
    text = _as_typed(question)
    given = {value: text[start:end] for value, (start, end) in zip(order, found, strict=True)}
    for old, new in given.items():
        is_number = _NUMBER.fullmatch(old) is not None
        if len(new) > _VALUE_CHARS or (is_number and not _NUMBER.fullmatch(new)):
            return None
    return [given[value] for value in values]


def _filled(question: str, between: Sequence[str]) -> list[tuple[int, int]] | None:
    """From where to where something stands between these texts, each at its first place.

    None where they are not there.

    Not a regular expression, which could be made to take for ever.
    """
    if not question.startswith(between[0]) or not question.endswith(between[-1]):
        return None
    end = len(question) - len(between[-1])
    found, at = [], len(between[0])
    for text in between[1:-1]:
        place = question.find(text, at + 1, end)
        if place < 0:
            return None
        found.append((at, place))
        at = place + len(text)
    return [*found, (at, end)] if at < end else None


def _found(value: str, text: str) -> list[tuple[int, int]]:
    pattern = rf"(?<!\w){re.escape(value)}(?!\w)"
    return [match.span() for match in re.finditer(pattern, text)]


def _plain(question: str) -> str:
    """A question in lower case, with single spaces and without the sign at its end."""
    return _as_typed(question).lower()


def _as_typed(question: str) -> str:
    """The same with its capitals, but for letters that are two in lower case."""
    text = " ".join(question.split()).rstrip(" ?!.")
    return text if len(text) == len(text.lower()) else text.lower()
