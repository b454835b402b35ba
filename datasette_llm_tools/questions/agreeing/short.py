"""Labels that fit on a button, with numbers that people read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .values import number_words

MOST_CHARACTERS = 120
# A text in quotes stays as it is; so does a time of day.
_LONG_NUMBER = re.compile(r'"[^"]*"|(?<![\w.:])\d+\.\d{3,}')


def fitting(said: Sequence[str], between: str = ", ", most: int = MOST_CHARACTERS) -> str:
    """As many of these as there is room for, at least the first of them."""
    text = said[0] if said else ""
    for number, each in enumerate(said[1:], 1):
        if len(text) + len(between) + len(each) > most:
            more = len(said) - number
            s = "" if more == 1 else "s"
            return f"{text} and {more} more condition{s}" if between == " and " else text
        text += between + each
    return text


def shortened(labels: tuple[str, str]) -> tuple[str, str]:
    """Both labels with short numbers and of a length that fits, as long as they stay different."""
    first, second = labels
    long = {each for label in labels for each in _LONG_NUMBER.findall(label)}
    if len({_rounded(each) for each in long}) == len(long):
        first, second = (_LONG_NUMBER.sub(lambda each: _rounded(each[0]), each) for each in labels)
    cut_first, cut_second = _cut(first), _cut(second)
    return (cut_first, cut_second) if cut_first != cut_second else (first, second)


def _rounded(text: str) -> str:
    return text if text.startswith('"') else number_words(float(text))


def _cut(label: str) -> str:
    if len(label) <= MOST_CHARACTERS:
        return label
    head = label[: MOST_CHARACTERS - 1]
    end = head.rfind(" ")
    return head[: end if end > MOST_CHARACTERS // 2 else None].rstrip(",;") + "…"
