"""The filters and tests of a row's template: ours in place of Jinja's, each of bounded work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ..errors import BadInput

MOST_REPLACED_CHARACTERS = 20_000  # that `replace` makes of a text that was shorter
_TAGS = re.compile(r"<[^<>]*>")


def _truncate(value: object, length: int = 255) -> str:
    text = str(value)
    return text if len(text) <= length else f"{text[: max(0, length)].rstrip()}…"


def _replace(value: object, old: object, new: object) -> str:
    text, gone, come = str(value), str(old), str(new)
    more = text.count(gone) * (len(come) - len(gone))
    if more > 0 and len(text) + more > MOST_REPLACED_CHARACTERS:
        raise BadInput(
            "The template's replace makes a text too long; replace by something shorter."
        )
    return text.replace(gone, come)


def _round(value: object, digits: int = 0) -> float | int:
    number = round(_number(value), max(-20, min(20, int(digits))))
    return int(number) if digits <= 0 else number


def _number(value: object) -> float:
    if isinstance(value, int | float):
        return value
    try:
        return float(str(value))
    except ValueError as error:
        raise BadInput("The template takes for a number what is text or NULL.") from error


FILTERS: dict[str, Callable[..., Any]] = {
    "capitalize": lambda value: str(value).capitalize(),
    "default": lambda value, other="": other if value == "" else value,
    "float": _number,
    "int": lambda value: int(_number(value)),
    "length": lambda value: len(str(value)),
    "lower": lambda value: str(value).lower(),
    "replace": _replace,
    "round": _round,
    "striptags": lambda value: " ".join(_TAGS.sub(" ", str(value)).split()),
    "title": lambda value: str(value).title(),
    "tojson": lambda value: json.dumps(value, ensure_ascii=False),
    "trim": lambda value: str(value).strip(),
    "truncate": _truncate,
    "upper": lambda value: str(value).upper(),
    "wordcount": lambda value: len(str(value).split()),
}
TESTS: dict[str, Callable[..., Any]] = {
    "none": lambda value: value == "",
    "number": lambda value: isinstance(value, int | float),
    "string": lambda value: isinstance(value, str),
}
