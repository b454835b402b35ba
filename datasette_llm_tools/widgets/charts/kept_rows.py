"""Which rows of a chart's query can be drawn, and a sentence for each kind that cannot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .chart_parts import Channel, Field
from .chart_sql import COUNTS, ChartQuery
from .spec import ChartSpec
from .wording import key_words

OTHERS = "(other)"
LARGEST_EXACT = 2**53 - 1  # integers beyond it share their numbers in JavaScript

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that are drawn. `total` is how many there would be, None where nobody counted.

    `left_out`: sentences about rows that have no place on the chart. `note`: what is said on
    the chart when only a part of it is drawn.
    """

    rows: tuple[Row, ...]
    total: int | None
    left_out: tuple[str, ...]
    note: str | None


def kept_rows(
    spec: ChartSpec,
    query: ChartQuery,
    rows: Sequence[Row],
    *,
    truncated: bool,
    missing: Mapping[str, int] | None = None,
    total: int | None = None,
) -> Kept:
    """Sort out the rows of `query`.

    Where these are truncated and stand for themselves, `missing` are the rows that have no value
    in a field, by its name, and `total` is how many rows there are, both over all of them. Where
    there are no groups at all, `total` is how many rows the query has.
    """
    keeping = _Keeping(spec, query)
    if query.is_grouped:
        return keeping.groups(rows, truncated, total)
    return keeping.each(rows, truncated, missing, total)


class _Keeping:
    """The rows of one chart being sorted out."""

    def __init__(self, spec: ChartSpec, query: ChartQuery) -> None:
        self._spec = spec
        self._query = query
        self._sentences: list[str] = []

    def groups(self, rows: Sequence[Row], truncated: bool, read: int | None) -> Kept:
        width = len(self._query.fields)
        counts = dict(zip(COUNTS, rows[0][width:], strict=True)) if rows else {}
        keys = [each for each in self._query.fields if not each.is_value and not _is_end(each)]
        if not rows and read and not self._spec.filters:
            for field in keys:
                self._missing(field, read if field.kind != "category" else 0)
        for field, word in zip(keys, ("first", "second"), strict=False):
            self._missing(field, int(counts.get(f"without_{word}", 0)))
        value = self._query.fields[-1]
        self._missing(value, int(counts.get("without_value", 0)))
        kept = self._drawable([row[:width] for row in rows])
        caps = [
            self._capped(field, int(counts.get(word, 0)))
            for field, word in zip(keys, ("firsts", "seconds"), strict=False)
        ]
        notes = [note for note in caps if note]
        marks = int(counts.get("marks", 0))
        if truncated:
            notes.append(f"Only {len(kept):,} of {marks:,} groups are drawn.")
        return Kept(
            tuple(kept), marks, tuple(self._sentences), " ".join(filter(None, notes)) or None
        )

    def each(
        self,
        rows: Sequence[Row],
        truncated: bool,
        missing: Mapping[str, int] | None,
        total: int | None,
    ) -> Kept:
        fields = self._query.fields
        if missing is None:
            missing = {
                field.name: sum(row[index] is None for row in rows)
                for index, field in enumerate(fields)
            }
        for field in fields:
            self._missing(field, missing.get(field.name, 0))
        kept = self._drawable(rows)
        notes = []
        if truncated:
            of = f" of {total:,}" if total is not None else ""
            notes.append(f"Only the first {len(rows):,}{of} rows are drawn.")
        elif total is None:
            total = len(kept)
        kept = self._cut(kept, notes)
        return Kept(
            tuple(kept), total, tuple(self._sentences), " ".join(filter(None, notes)) or None
        )

    def _missing(self, field: Field, count: int) -> None:
        if count and field.column is not None:
            kinds = {"time": "date", "number": "number", "step": "number", "category": "value"}
            kind = "date" if field.column.role == "time" else kinds[field.kind]
            if field.column.type == "null" or (
                self._spec.aggregate == "distinct" and field.is_value
            ):
                kind = "value"
            have = "row has" if count == 1 else "rows have"
            self._sentences.append(f"{count:,} {have} no {kind} in {field.column.name}.")

    def _drawable(self, rows: Sequence[Row]) -> list[Row]:
        """Rows without numbers that are too large, or not above zero on a log scale."""
        spec, query = self._spec, self._query
        logged: list[Channel] = ["y"] if spec.scale == "log" and spec.mark != "heatmap" else []
        logged += ["color"] if spec.scale == "log" and spec.mark == "heatmap" else []
        logged += ["x"] if spec.x_scale == "log" else []
        numbers = [i for i, field in enumerate(query.fields) if field.kind == "number"]
        positive = [i for i in numbers if query.fields[i].channel in logged]
        whole = [row for row in rows if None not in row]
        finite = [row for row in whole if all(map(math.isfinite, _picked(row, numbers)))]
        kept = [row for row in finite if all(value > 0 for value in _picked(row, positive))]
        self._say(len(whole) - len(finite), "too large to draw")
        self._say(len(finite) - len(kept), "0 or less and not on the log scale")
        if spec.mark == "pie":
            slices = [row for row in kept if row[-1] >= 0]
            self._say(len(kept) - len(slices), "below 0 and without a slice")
            kept = slices
        others = [i for i, field in enumerate(query.fields) if field.kind != "number"]
        if any(_plain(value) is not value for row in kept for value in _picked(row, others)):
            names = set(others)
            return [
                tuple(_plain(v) if i in names else v for i, v in enumerate(row)) for row in kept
            ]
        return kept

    def _say(self, count: int, what: str) -> None:
        if count:
            self._sentences.append(
                f"{count:,} {'value is' if count == 1 else 'values are'} {what}."
            )

    def _capped(self, field: Field, values: int) -> str | None:
        """What is said on the chart where the eye cannot take in all different values."""
        cap = self._query.caps.get(field.channel)
        if cap is None or values <= cap or field.column is None:
            return None
        name = key_words(field.column.name, field.unit)
        if field.channel == "x" and self._spec.limit is not None:
            self._sentences.append(
                f"{cap:,} of {values:,} values of {name} are drawn, as many as asked for."
            )
            return None
        by_rows = field.channel == "color" and field.kind == "category"
        first = "most frequent" if by_rows else "first"
        return f"Only the {cap} {first} of {values:,} values of {name} are drawn."

    def _cut(self, rows: list[Row], notes: list[str]) -> list[Row]:
        """Rows that stand for themselves, cut to the bars and colours that can be told apart."""
        limit = self._spec.limit
        if self._spec.mark in ("point", "map") and limit is not None and len(rows) > limit:
            asked = f"{limit:,} of {len(rows):,} points are drawn, as many as asked for."
            self._sentences.append(asked)
            rows = rows[:limit]
        for field in self._query.fields:
            cap = self._query.caps.get(field.channel)
            if cap is None or field.is_value:
                continue
            if field.channel == "color":
                rows = self._with_others(rows, field)
                continue
            index = self._query.fields.index(field)
            values = list(dict.fromkeys(row[index] for row in rows))
            if len(values) > cap:
                notes.append(self._capped(field, len(values)) or "")
                drawn = set(values[:cap])
                rows = [row for row in rows if row[index] in drawn]
        return rows

    def _with_others(self, rows: list[Row], color: Field) -> list[Row]:
        """Rows of rarer colours share one."""
        index = self._query.fields.index(color)
        cap = self._query.caps["color"]
        counted = Counter(row[index] for row in rows)
        if len(counted) <= cap:
            return rows
        drawn = {value for value, _ in counted.most_common(cap - 1)}
        name = key_words(color.column.name if color.column else "", color.unit)
        self._sentences.append(
            f"The {cap - 1} most frequent of {len(counted):,} values of {name} have a colour of "
            "their own."
        )
        return [
            row if row[index] in drawn else (*row[:index], OTHERS, *row[index + 1 :])
            for row in rows
        ]


def _picked(row: Row, indexes: Sequence[int]) -> Iterator[Any]:
    return map(row.__getitem__, indexes)


def _is_end(field: Field) -> bool:
    return field.channel in ("x_end", "y_end")


def _plain(value: Any) -> Any:
    """A value that names something, as browsers read it in JSON without taking it for another."""
    if isinstance(value, bytes):
        return "(binary)"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_EXACT else value
