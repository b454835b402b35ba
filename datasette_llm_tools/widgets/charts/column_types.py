"""What the columns of a result are good for in a chart, judged by their names and some rows.

The rows looked at decide how a column is treated, not what is counted: what does not fit in
later rows is left out of the chart and said there.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ...name_words import name_words
from ...queries import Rows
from ..values import Column

Role = Literal["time", "number", "category", "id", "latitude", "longitude", "text", "other"]
# How finely a time column is written; years may be integers.
Grain = Literal["year", "month", "day", "second"]

_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?"
    r"(?:Z|[+-]\d\d:\d\d)?)?)?)?"
)
_OFFSET = re.compile(r"[+-](?!00:00)\d\d:\d\d")
_YEAR_WORDS = {"year", "years", "yr", "jahr", "annee", "année", "ano", "año", "anno"}
_ID_WORDS = {"id", "ids", "uuid", "guid", "code", "zip", "postcode", "phone", "key", "rowid", "pk"}
_LATITUDE_WORDS = {"lat", "latitude"}
_LONGITUDE_WORDS = {"lon", "lng", "long", "longitude"}
_LONG_TEXT = 60
_TEXTS_READ = 200
_FITTING = 0.9  # the share of values that must look like dates or numbers


@dataclass(frozen=True, slots=True)
class ChartColumn(Column):
    """A column with its part in charts. `name` is unique among its result's columns.

    `role`: `text` is prose, `other` BLOBs and columns without any value. `grain` is that of
    a time column, None for others. `distinct` counts the different values looked at. `offset` is
    one from UTC with which times are written, if any is.
    """

    role: Role = "category"
    grain: Grain | None = None
    distinct: int = 0
    offset: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether its values can be added up and laid along an axis, as far as there are any."""
        return self.type in ("integer", "float", "null") or self.role == "number"


def chart_columns(result: Rows) -> tuple[ChartColumn, ...]:
    """The columns of a result in their order; of two with one name the second is `name (2)`."""
    names = unique_names(result.columns)
    return tuple(
        _column(name, [row[index] for row in result.rows]) for index, name in enumerate(names)
    )


def unique_names(names: Iterable[str]) -> list[str]:
    """The names, with numbers behind those that were there before."""
    taken: Counter[str] = Counter()
    unique: list[str] = []
    for name in names:
        taken[name] += 1
        chosen = name if taken[name] == 1 else f"{name} ({taken[name]})"
        while chosen in unique:
            taken[name] += 1
            chosen = f"{name} ({taken[name]})"
        unique.append(chosen)
    return unique


def _column(name: str, values: list[Any]) -> ChartColumn:
    held = [value for value in values if value is not None]
    kind = _type(held)
    distinct = len(set(held))
    grain = _grain(name, kind, held)
    if grain is not None:
        return ChartColumn(name, kind, "time", grain, distinct, _offset(grain, held))
    return ChartColumn(name, kind, _role(name, kind, held, distinct), None, distinct)


def _type(held: list[Any]) -> str:
    """The `type` of a Column for values that are not NULL."""
    types = {type(value) for value in held}
    if not types:
        return "null"
    if types <= {int, bool}:
        return "integer"
    if types <= {int, float, bool}:
        return "float"
    if types == {str}:
        return "text"
    return "blob" if types == {bytes} else "mixed"


def _grain(name: str, kind: str, held: list[Any]) -> Grain | None:
    """How finely values are dated, or None when they are not."""
    if kind == "integer":
        named = not _YEAR_WORDS.isdisjoint(name_words(name))
        return "year" if named and all(1000 <= value <= 2200 for value in held) else None
    if kind not in ("text", "mixed"):
        return None
    texts = [value for value in held if isinstance(value, str)]
    share = len(texts) / max(1, len(held))
    texts = _some(texts)
    grains = Counter(found for found in map(text_grain, texts) if found)
    if not texts or sum(grains.values()) * share < _FITTING * len(texts):
        return None
    if set(grains) == {"year"}:
        return "year" if all("1800" <= value <= "2100" for value in texts) else None
    order: tuple[Grain, ...] = ("second", "day", "month")
    return next((grain for grain in order if grain in grains), None)


def _offset(grain: Grain, held: list[Any]) -> str | None:
    if grain != "second":
        return None
    ends = {value[-6:] for value in held if isinstance(value, str) and len(value) > 16}
    return min((end for end in ends if _OFFSET.fullmatch(end)), default=None)


def _some(texts: list[str]) -> list[str]:
    """Texts from all over a column, enough to tell how it is written."""
    return texts[:: max(1, len(texts) // _TEXTS_READ)]


def text_grain(text: str) -> Grain | None:
    """How finely an ISO date or time is written, or None for any other text."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = found.groups()
    try:
        datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0),
            int(second or 0),
        )  # fmt: skip
    except ValueError:
        return None
    if hour:
        return "second"
    return "day" if day else "month" if month else "year"


def _role(name: str, kind: str, held: list[Any], distinct: int) -> Role:
    words = name_words(name)
    if kind in ("integer", "float"):
        return _number_role(words, kind, held, distinct)
    if kind not in ("text", "mixed"):
        return "other"
    numbers = sum(isinstance(value, (int, float)) for value in held)
    if numbers >= _FITTING * len(held):
        return "number"
    texts = [value for value in held if isinstance(value, str)]
    if kind == "text" and is_number_text(_some(texts)):
        return "id" if _is_id(words) else "number"
    if sum(map(len, texts)) > _LONG_TEXT * len(held):
        return "text"
    return "id" if _is_id(words) and len(held) > 1 and distinct == len(held) else "category"


def _number_role(words: Sequence[str], kind: str, held: list[Any], distinct: int) -> Role:
    finite = [value for value in held if math.isfinite(value)]
    if words and finite:
        low, high = min(finite), max(finite)
        if not _LATITUDE_WORDS.isdisjoint(words) and low >= -90 and high <= 90:
            return "latitude"
        if not _LONGITUDE_WORDS.isdisjoint(words) and low >= -180 and high <= 180:
            return "longitude"
    if kind == "integer" and (_is_id(words) or (len(words) > 1 and words[-1] == "number")):
        return "id"
    if kind == "integer" and distinct <= 2 and set(held) <= {0, 1} and len(held) > 2:
        return "category"  # a flag
    return "number"


def _is_id(words: Sequence[str]) -> bool:
    return bool(words) and words[-1] in _ID_WORDS


def is_number_text(texts: Sequence[str]) -> bool:
    """Whether nearly all texts are numbers as JSON writes them, which SQLite can check."""
    number = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
    fitting = sum(number.fullmatch(text) is not None for text in texts)
    return bool(texts) and fitting >= _FITTING * len(texts)
