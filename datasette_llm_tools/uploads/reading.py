"""A file read once from end to end: its columns, their types and everything odd about it.

Nothing is written while a file is surveyed, so that whatever is wrong with its
last line is known before there is a table. `read_rows` then reads it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from sqlite_utils.utils import ValueTracker, types_for_column_types

from ..errors import UploadRejected
from .csv_rows import csv_records
from .detecting import Format, Kind, detect_kind
from .json_rows import json_lines, json_rows
from .naming import MAX_COLUMNS, UNSTORABLE, column_names

Cell = str | int | float | None
# Told how much of the work is done, from 0 to 1; may raise to stop it.
Progress = Callable[[float], None]

BATCH_ROWS = 1000
# What may become a number: no leading zeros or plus (codes, telephone numbers), at most
# 18 digits (64-bit integers), an exponent only with a point or a sign (1E5 is a product).
_NUMBER = (
    r"-?(?:(?:0|[1-9][0-9]{0,17})(?:\.[0-9]*(?:[eE][+-]?[0-9]{1,3})?|[eE][+-][0-9]{1,3})?"
    r"|\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?)"
)
# One match over a whole batch of values, each ended by NUL, is ten times as fast as many.
_NUMBERS = re.compile(rf"(?: *(?:{_NUMBER} *)?\0)*")
_SQL_TYPES = {int: "INTEGER", bool: "INTEGER", float: "REAL"}


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column: its name in the table, its SQLite type, and the name the file gives it."""

    name: str
    type: str
    source: str


@dataclass(frozen=True, slots=True)
class TableFile:
    """A surveyed file. `notes` are sentences for the person who dropped it."""

    path: Path
    kind: Kind
    columns: tuple[FileColumn, ...]
    rows: int
    notes: tuple[str, ...]

    @property
    def is_text(self) -> bool:
        """Whether every value is text, so that nothing tells an empty value from none."""
        return self.kind.delimiter is not None


@dataclass(slots=True)
class _Oddities:
    """What is counted while rows go by, and told in the end."""

    short: int = 0
    blank: int = 0
    long: int = 0
    first_long_line: int = 0
    notes: list[str] = field(default_factory=list)

    def told(self) -> tuple[str, ...]:
        notes = list(self.notes)
        if self.short:
            notes.append(
                f"{_counted(self.short, 'row')} had fewer values than there are columns; "
                "what was missing is NULL."
            )
        if self.blank:
            notes.append(f"{_counted(self.blank, 'row')} without any value was left out.")
        return tuple(notes)


def survey_file(path: Path, filename: str, progress: Progress | None = None) -> TableFile:
    """Read the whole file and return what table it makes; memory stays flat.

    Raises UploadRejected if it makes none. `progress` is called about once per 1,000 rows.
    """
    kind = detect_kind(path, filename)
    with _opened(path, kind) as file:
        if kind.delimiter is None:
            columns, rows, notes = _survey_json(file, kind, _ticker(file, path, progress))
        else:
            columns, rows, notes = _survey_csv(file, kind, _ticker(file, path, progress))
    if not columns or not rows:
        what = "names its columns but has" if columns else "has"
        raise UploadRejected(f"{filename} {what} no rows: there would be nothing to ask.")
    return TableFile(path, kind, columns, rows, (*kind.notes, *notes))


def read_rows(table: TableFile, progress: Progress | None = None) -> Iterator[Sequence[Cell]]:
    """Yield the rows of a surveyed file, each as long as its columns.

    Values of CSV and TSV are text, where "" stands for none; those of JSON are SQLite values.
    """
    with _opened(table.path, table.kind) as file:
        tick = _ticker(file, table.path, progress)
        if table.kind.delimiter is None:
            sources = [column.source for column in table.columns]
            for batch in _batches(_json_records(file, table.kind, []), tick):
                for _, row in batch:
                    yield [_cell(row.get(source)) for source in sources]
        else:
            records = csv_records(file, table.kind.delimiter, table.kind.first_line, [])
            next(records)
            for batch in _batches(records, tick):
                yield from _even(batch, len(table.columns), _Oddities())


def _opened(path: Path, kind: Kind) -> TextIO:
    return path.open(encoding=kind.encoding, errors=kind.decode_errors, newline="")


def _ticker(file: TextIO, path: Path, progress: Progress | None) -> Callable[[], None]:
    size = max(path.stat().st_size, 1)

    def tick() -> None:
        if progress is not None:
            progress(min(file.buffer.tell() / size, 1.0))

    return tick


def _batches(
    records: Iterable[tuple[int, Any]], tick: Callable[[], None]
) -> Iterator[list[tuple[int, Any]]]:
    source = iter(records)
    while batch := list(islice(source, BATCH_ROWS)):
        yield batch
        tick()


def _survey_csv(
    file: TextIO, kind: Kind, tick: Callable[[], None]
) -> tuple[tuple[FileColumn, ...], int, tuple[str, ...]]:
    odd = _Oddities()
    records = csv_records(file, kind.delimiter or ",", kind.first_line, odd.notes)
    _, header = next(records, (0, []))
    while header and not header[-1].strip():
        header.pop()
    names = column_names(header)
    if len(header) > 1 and all(re.fullmatch(_NUMBER, each.strip()) for each in header):
        odd.notes.append("The first line was read as the names of the columns, but holds numbers.")
    trackers: list[ValueTracker | None] = [ValueTracker() for _ in header]
    filled = [False] * len(header)
    count = 0
    for batch in _batches(records, tick):
        rows = list(_even(batch, len(header), odd))
        count += len(rows)
        for at, values in enumerate(zip(*rows, strict=True)):
            if (tracker := trackers[at]) is not None and any(values):
                filled[at] = filled[at] or any(value.strip() for value in values)
                if not _track(tracker, values):
                    trackers[at] = None
    _refuse_long_rows(odd, len(header))
    types = [
        tracker.guessed_type.upper() if tracker is not None and is_filled else "TEXT"
        for tracker, is_filled in zip(trackers, filled, strict=True)
    ]
    columns = tuple(
        FileColumn(name, {"FLOAT": "REAL"}.get(type_, type_), source)
        for name, type_, source in zip(names, types, header, strict=True)
    )
    return columns, count, odd.told()


def _track(tracker: ValueTracker, values: tuple[str, ...]) -> bool:
    """Let sqlite-utils look at one column of a batch; False once it can only be text."""
    if not _NUMBERS.fullmatch("\0".join(values) + "\0"):
        return False
    for value in set(values):
        tracker.evaluate(value.strip())
    return bool(tracker.couldbe)


def _even(batch: list[tuple[int, list[str]]], width: int, odd: _Oddities) -> Iterator[list[str]]:
    """Make each row `width` long; rows that are too long are counted in `odd` and left out.

    Empty values behind the last column are how spreadsheets end a line; a value there means
    that values stand in the wrong columns, which nobody would notice in a table.
    """
    for line, values in batch:
        if len(values) < width:
            if not any(values):
                odd.blank += 1
                continue
            odd.short += 1
            values.extend([""] * (width - len(values)))
        elif len(values) > width:
            if any(values[width:]):
                odd.long += 1
                odd.first_long_line = odd.first_long_line or line
                continue
            del values[width:]
        if any(values):
            yield values
        else:
            odd.blank += 1


def _refuse_long_rows(odd: _Oddities, width: int) -> None:
    if odd.long:
        more = f" and {_counted(odd.long - 1, 'more line')}" if odd.long > 1 else ""
        raise UploadRejected(
            f"The first line names {_counted(width, 'column')}, but there are more values on "
            f"line {odd.first_long_line:,}{more}. Put quotation marks around values that contain "
            "the delimiter, and remove lines above the names of the columns."
        )


def _survey_json(
    file: TextIO, kind: Kind, tick: Callable[[], None]
) -> tuple[tuple[FileColumn, ...], int, tuple[str, ...]]:
    types: dict[str, set[type]] = {}
    odd = _Oddities()
    count = 0
    for batch in _batches(_json_records(file, kind, odd.notes), tick):
        count += len(batch)
        for _, row in batch:
            for key, value in row.items():
                types.setdefault(key, set()).add(type(_whole(value)))
        if len(types) > MAX_COLUMNS:
            break
    sources = list(types)
    names = column_names(sources)
    nested = [name for name, key in zip(names, sources, strict=True) if types[key] & {dict, list}]
    mixed = [
        name
        for name, key in zip(names, sources, strict=True)
        if str in types[key] and types[key] & {int, float, bool}
    ]
    if nested:
        odd.notes.append(f"Lists and objects are kept as JSON text: {_listed(nested)}.")
    if mixed:
        odd.notes.append(f"Numbers and text are mixed, so all is text: {_listed(mixed)}.")
    detected = types_for_column_types(types)
    columns = tuple(
        FileColumn(name, _SQL_TYPES.get(detected[source], "TEXT"), source)
        for name, source in zip(names, sources, strict=True)
    )
    return columns, count, odd.told()


def _json_records(
    file: TextIO, kind: Kind, notes: list[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    if kind.format is Format.JSON_LINES:
        return json_lines(file)
    return json_rows(file, notes)


def _whole(value: Any) -> Any:
    """The value, or its digits as text where it is an integer of over 64 bits."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def _cell(value: Any) -> Cell:
    """A JSON value as SQLite keeps it."""
    if isinstance(value, str):
        # SQLite's text functions end at NUL, and half a surrogate pair has no UTF-8.
        return value if value.isascii() and "\0" not in value else UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, (dict, list)):
        return UNSTORABLE.sub("\ufffd", json.dumps(value, ensure_ascii=False))
    cell: Cell = _whole(value)
    return cell


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
