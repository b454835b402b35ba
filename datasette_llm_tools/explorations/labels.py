"""What the keys in a block's rows are called, as it is kept with them: JSON in Frozen.more. Pure.

Names are no part of the rows: a carrier that is called otherwise today is no row that changed. So
they have a hash of their own in the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput
from ..key_labels import KeyLabels
from .canonical import LABELS, digest
from .strict_json import ObjectReader, is_sayable

_MOST_CHARACTERS = 200  # of a name
_MOST_COLUMNS = 2000
_MOST_NAMES = 1_000_000

LabelsJson = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ColumnLabels:
    """A column of rows whose values name rows of `table`, and what those are called."""

    table: str
    names: Mapping[str | int, str]

    def name_of(self, value: Any) -> str | None:
        """What a cell's row is called; None where that is not known, or what the key says."""
        name = self.names.get(value) if isinstance(value, (str, int)) else None
        return None if name in (None, "", str(value)) else name


def labels_json(found: Mapping[int, KeyLabels]) -> LabelsJson:
    """[{column, names: [[key, name]], table}], the column counted from 0."""
    return [
        {
            "column": index,
            "names": [[key, _cut(name)] for key, name in each.labels.items()],
            "table": each.table,
        }
        for index, each in sorted(found.items())
    ]


def labels_of(more: Mapping[str, Any]) -> dict[int, ColumnLabels]:
    """The labels of frozen rows, by the index of their column."""
    return {
        each["column"]: ColumnLabels(each["table"], dict(each["names"]))
        for each in more.get(LABELS) or ()
    }


def labels_hash(more: Mapping[str, Any]) -> str:
    """The hash of a block's labels; empty where it has none."""
    return digest(more[LABELS]) if more.get(LABELS) else ""


def labels_from_json(value: Any, place: str, width: int) -> LabelsJson:
    """The labels that a file has of rows of so many columns. Raises BadInput."""
    if not isinstance(value, list) or len(value) > _MOST_COLUMNS:
        raise BadInput(f"{place}: labels must be a list.")
    return [_column(each, f"{place}, labels", width) for each in value]


def _column(value: Any, place: str, width: int) -> dict[str, Any]:
    read = ObjectReader(value, place)
    column = read.get("column")
    if not isinstance(column, int) or isinstance(column, bool) or not 0 <= column < width:
        raise read.wrong("column", "must be the number of a column, from 0")
    names, table = read.items("names", _MOST_NAMES), read.text("table", 10_000, required=True)
    if not all(map(_is_name, names)):
        raise read.wrong("names", "must be pairs of a key and a text")
    read.end()
    return {"column": column, "names": names, "table": table}


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], (str, int))
        and not isinstance(value[0], bool)
        and all(is_sayable(each) for each in value if isinstance(each, str))
        and isinstance(value[1], str)
    )


def _cut(name: str) -> str:
    return name if len(name) <= _MOST_CHARACTERS else name[:_MOST_CHARACTERS] + "…"
