"""Records of a CSV or TSV file, one after another, each with the line it starts on."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterator
from typing import TextIO

from ..errors import UploadRejected

MAX_FIELD_CHARACTERS = 10_000_000


def csv_records(
    file: TextIO, delimiter: str, first_line: int, notes: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, values) of each record that is not a blank line.

    `file` must be opened with newline="". NUL characters are left out, which is told in
    `notes`. Raises UploadRejected
    for a quotation mark that is never closed and for values over 10 million characters.
    """
    # The limit is one for the whole process and 131,072 at first, less than the outline
    # of one country; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARACTERS))
    # csv does not report a quotation mark left open at the end of a file. A last line of
    # our own comes back as a record of its own, or inside the value that swallowed it.
    end = secrets.token_hex(16)
    reader = csv.reader(_lines(file, end, notes), delimiter=delimiter)
    line = 1
    try:
        for values in reader:
            if values == [end]:
                return
            if values and line >= first_line:
                if end in values[-1]:
                    raise UploadRejected(_OPEN_QUOTE.format(line=line))
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            raise UploadRejected(
                f"The record on line {line:,} has a value of over {MAX_FIELD_CHARACTERS:,} "
                "characters, or a quotation mark that is never closed."
            ) from error
        raise UploadRejected(f"Line {line:,} cannot be read as CSV: {error}.") from error


_OPEN_QUOTE = (
    "The record on line {line:,} has a quotation mark that is never closed: "
    'close it, or write "" for a quotation mark inside a value.'
)


def _lines(file: TextIO, end: str, notes: list[str]) -> Iterator[str]:
    clean = True
    for line in file:
        if "\0" not in line:
            yield line
            continue
        if clean:
            notes.append("The file has NUL characters, which were left out.")
            clean = False
        yield line.replace("\0", "")
    yield end
