"""Rows of a JSON file, read through a window that holds a few rows at a time.

A row is an object. The file is a list of rows, an object with one list of rows
somewhere at its top, a single row, or one row a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from ..errors import UploadRejected

MAX_ROW_CHARACTERS = 16_000_000
MAX_KEYS = 2000
_READ_CHARACTERS = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_ROWS_BEGIN = re.compile(r"\[[ \t\r\n]*\{")


def json_rows(file: TextIO, notes: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row number from 1, row); append to `notes` where the rows were found.

    Raises UploadRejected for text that is no JSON and for JSON that holds no rows.
    """
    window = _Window(file)
    if window.peek() == "[":
        yield from enumerate(window.rows(), start=1)
    elif window.peek() != "{":
        raise UploadRejected("This is no JSON, or JSON without rows: a list of objects is needed.")
    else:
        yield from enumerate(_rows_in_object(window, notes), start=1)
    if window.peek():
        raise UploadRejected("The JSON goes on after its end: is it two files in one?")


def json_lines(file: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, row) of newline-delimited JSON."""
    number = 0
    while line := file.readline(MAX_ROW_CHARACTERS):
        number += 1
        if len(line) >= MAX_ROW_CHARACTERS:
            raise UploadRejected(f"Line {number:,} has over {MAX_ROW_CHARACTERS:,} characters.")
        if not line.strip():
            continue
        try:
            row = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            raise UploadRejected(f"Line {number:,} is not valid JSON: {_why(error)}.") from error
        if not isinstance(row, dict):
            raise UploadRejected(f"Line {number:,} is not an object: each line must be one row.")
        yield number, row


def _rows_in_object(window: _Window, notes: list[str]) -> Iterator[dict[str, Any]]:
    members: dict[str, Any] = {}
    found: str | None = None
    window.take("{")
    while window.peek() != "}":
        key = window.value()
        if not isinstance(key, str):
            raise UploadRejected(f"The JSON has {key!r} where a name in quotation marks belongs.")
        window.take(":")
        if not window.rows_begin():
            members[key] = window.value()
        elif found is not None:
            raise UploadRejected(
                f"The JSON holds more than one list of rows, {found!r} and {key!r}: "
                "save each as a file of its own."
            )
        else:
            found = key
            yield from window.rows()
        if len(members) > MAX_KEYS:
            raise UploadRejected(
                f"The JSON is one object with over {MAX_KEYS:,} names, not a list of rows."
            )
        if window.peek() != "}":
            window.take(",")
    window.take("}")
    if found is None:
        yield members
        return
    notes.append(f"The rows are those of {found!r} in the JSON.")
    if members:
        left_out = ", ".join(list(members)[:5]) + ("…" if len(members) > 5 else "")
        notes.append(f"The rest of the JSON was left out: {left_out}.")


class _Window:
    """The part of a text file that is being decoded; it grows until one value fits."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text = ""
        self.at = 0
        self.row = 0

    def grow(self) -> bool:
        more = self.file.read(max(_READ_CHARACTERS, len(self.text) - self.at))
        self.text = self.text[self.at :] + more
        self.at = 0
        return bool(more)

    def peek(self) -> str:
        """The next character that is not space, or nothing at the end."""
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.grow():
                return ""

    def take(self, expected: str) -> None:
        found = self.peek()
        if found != expected:
            what = f"{found!r}" if found else "its end"
            raise UploadRejected(
                f"The JSON has {what} after row {self.row:,} where {expected!r} belongs: "
                "is the file complete?"
            )
        self.at += 1

    def value(self) -> Any:
        """Decode the next value."""
        self.peek()
        while True:
            problem: Exception | None = None
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
                # A number at the edge of the window may go on behind it.
                if end < len(self.text) or not self.grow():
                    self.at = end if end < len(self.text) else len(self.text)
                    return value
                continue
            except (ValueError, RecursionError) as error:
                problem = error
            too_long = len(self.text) - self.at > MAX_ROW_CHARACTERS
            if isinstance(problem, RecursionError) or too_long or not self.grow():
                why = f"over {MAX_ROW_CHARACTERS:,} characters long" if too_long else _why(problem)
                raise UploadRejected(
                    f"The JSON breaks off or is wrong after row {self.row:,}: {why}."
                ) from problem

    def rows_begin(self) -> bool:
        """Whether a list begins here whose first element is an object."""
        if self.peek() == "[" and len(self.text) - self.at < 1000:
            self.grow()
        return _ROWS_BEGIN.match(self.text, self.at) is not None

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the objects of the list that begins here."""
        self.take("[")
        while self.peek() != "]":
            row = self.value()
            if not isinstance(row, dict):
                raise UploadRejected(
                    f"Element {self.row + 1:,} of the JSON list is not an object: "
                    'write each row as {"column": value, …}.'
                )
            self.row += 1
            yield row
            if self.peek() != "]":
                self.take(",")
        self.take("]")


def _no_number(_: str) -> None:
    """NaN and Infinity are no JSON and no SQL value: they become NULL."""


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return (
        error.msg[:1].lower() + error.msg[1:]
        if isinstance(error, json.JSONDecodeError)
        else ("a number in it has too many digits")
    )
