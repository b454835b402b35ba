"""The words in names and sentences, so that a question and a schema can be compared.

Rules for English only, and no dictionary: a word that they get wrong costs a
table its place in a prompt that is too small anyway, never an answer.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_UNTELLING_WORDS = """
    a all an and any are at be by did do does each every few find for from give had has have
    how i in is it its list many me most much my name of on or our per please show than that the
    their them there these they this to top was we were what when where which who whose why with
    you"""
_UNTELLING = frozenset(_UNTELLING_WORDS.split())


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name or sentence in lower case: split on signs, digits and camelCase."""
    return tuple(word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name)))


def singular(word: str) -> str:
    """The singular of an English noun in lower case, as far as rules without a dictionary go."""
    if len(word) < 4 or word.endswith(("ss", "us", "is", "news")):
        return word
    if word.endswith("ies"):
        return word if word in ("series", "species") else f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def singular_words(text: str) -> tuple[str, ...]:
    """The words of a name or sentence, each in the singular."""
    return tuple(singular(word) for word in name_words(text))


def telling_words(question: str) -> tuple[str, ...]:
    """The distinct words of a question that say what it is about, each in the singular."""
    telling = (word for word in name_words(question) if word not in _UNTELLING)
    return tuple(dict.fromkeys(map(singular, telling)))
