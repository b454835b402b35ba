"""What a dropped file is: its format, encoding and delimiter, by name and by content.

The whole file is decoded once before anything else, because an encoding that
was guessed from the first lines fails in the last.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import UploadRejected

SAMPLE_BYTES = 1 << 16
DELIMITERS = ",;\t|"
_JSON_LINES_NAMES = (".jsonl", ".ndjson")
_JSON_NAMES = (".json", ".geojson", *_JSON_LINES_NAMES)
_CHUNK_BYTES = 1 << 20
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
# Control characters that text does not contain; tab, newlines, form feed and escape it may.
_CONTROLS = bytes(set(range(32)) - {0, 9, 10, 12, 13, 26, 27}) + b"\x7f"
# Bytes that Windows-1252 leaves undefined, and that East Asian encodings are full of.
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"

_SAVE_AS_CSV = "open it in a spreadsheet program, save it as CSV UTF-8, and drop that file"
# First bytes of files that people drop by mistake, from the formats' specifications.
_NOT_TABLES: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", f"is an Excel 97 workbook or another old Office file: {_SAVE_AS_CSV}"),
    (b"PK\x03\x04", "is a zip archive: unpack it and drop the CSV, TSV or JSON file inside"),
    (b"PK\x05\x06", "is an empty zip archive: drop a CSV, TSV or JSON file"),
    (b"\x1f\x8b", "is compressed with gzip: unpack it and drop the file inside"),
    (b"BZh", "is compressed with bzip2: unpack it and drop the file inside"),
    (b"\xfd7zXZ", "is compressed with xz: unpack it and drop the file inside"),
    (b"7z\xbc\xaf", "is a 7z archive: unpack it and drop the CSV, TSV or JSON file inside"),
    (b"SQLite format 3\0", "is an SQLite database already: start Datasette with it instead"),
    (b"PAR1", "is a Parquet file: export it as CSV first"),
    (b"%PDF", "is a PDF: take the table out of it as CSV first"),
    (b"\x89PNG", "is a PNG picture, not a table: drop a CSV, TSV or JSON file"),
    (b"\xff\xd8\xff", "is a JPEG picture, not a table: drop a CSV, TSV or JSON file"),
    (b"GIF8", "is a GIF picture, not a table: drop a CSV, TSV or JSON file"),
    (b"RIFF", "is a picture, sound or film, not a table: drop a CSV, TSV or JSON file"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Format(Enum):
    """How rows lie in a file."""

    CSV = "CSV"
    TSV = "TSV"
    JSON = "JSON"
    JSON_LINES = "newline-delimited JSON"


@dataclass(frozen=True, slots=True)
class Kind:
    """How to read a file. `decode_errors` is Python's: strict, or replace for a few bad bytes.

    `delimiter` is None for JSON. `first_line` is 2 where a line `sep=;` precedes the header.
    """

    format: Format
    encoding: str
    decode_errors: str = "strict"
    delimiter: str | None = None
    first_line: int = 1
    notes: tuple[str, ...] = ()


def detect_kind(path: Path, filename: str) -> Kind:
    """Return how to read the file at `path`, which the person called `filename`.

    Raises UploadRejected, saying what the file is and what to do, if it is no table.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if not sample.strip():
        raise UploadRejected(f"{filename} is empty: choose a file with rows in it.")
    _refuse_other_formats(sample, filename)
    encoding, errors, notes = _detect_encoding(path, sample, filename)
    text = codecs.getincrementaldecoder(encoding)(errors).decode(sample).lstrip("\ufeff")
    if text.lstrip()[:1] == "<":
        raise UploadRejected(f"{filename} is an HTML or XML page: drop a CSV, TSV or JSON file.")
    if filename.lower().endswith(_JSON_NAMES) or (
        text.lstrip()[:1] in ("[", "{") and not filename.lower().endswith((".csv", ".tsv"))
    ):
        return Kind(_json_format(text, filename), encoding, errors, notes=notes)
    separator = _SEPARATOR_LINE.match(text)
    if separator and separator[1] in DELIMITERS:
        delimiter, first_line = separator[1], 2
    else:
        delimiter, first_line = _detect_delimiter(text, len(sample) < SAMPLE_BYTES, filename), 1
    file_format = Format.TSV if delimiter == "\t" else Format.CSV
    return Kind(file_format, encoding, errors, delimiter, first_line, notes)


def _refuse_other_formats(sample: bytes, filename: str) -> None:
    if sample.startswith(b"PK\x03\x04") and (
        filename.lower().endswith((".xlsx", ".xlsm", ".ods", ".numbers")) or b"xl/" in sample
    ):
        raise UploadRejected(f"{filename} is a spreadsheet workbook: {_SAVE_AS_CSV}.")
    for magic, sentence in _NOT_TABLES:
        if sample.startswith(magic):
            raise UploadRejected(f"{filename} {sentence}.")


def _detect_encoding(path: Path, sample: bytes, filename: str) -> tuple[str, str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return (*_checked(path, encoding, filename), ())
    if sample.count(0) * 4 > len(sample):
        # Every second byte of Latin text is zero in UTF-16, on the side that tells the order.
        low, high = sample[::2].count(0), sample[1::2].count(0)
        if min(low, high) * 20 < max(low, high):
            return (*_checked(path, "utf-16-le" if high > low else "utf-16-be", filename), ())
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if sample.count(0) * 10 > len(sample) or controls * 20 > len(sample):
        raise UploadRejected(f"{filename} is a binary file: drop a CSV, TSV or JSON file.")
    bad, other = _utf8_quality(path)
    if not bad:
        return "utf-8", "strict", ()
    if bad * 10 <= other:
        note = f"The file has bytes that are not UTF-8; they are shown as \ufffd ({bad:,} times)."
        return "utf-8", "replace", (note,)
    if any(byte in sample for byte in _UNDEFINED_IN_CP1252):
        raise UploadRejected(
            f"{filename} is neither UTF-8, UTF-16 nor Windows-1252 text: "
            "save it as UTF-8 and try again."
        )
    note = (
        "The file is not UTF-8 and was read as Windows-1252; "
        "if letters look wrong, save it as UTF-8 and drop it again."
    )
    return "cp1252", "replace", (note,)


def _checked(path: Path, encoding: str, filename: str) -> tuple[str, str]:
    """Decode the whole file and return its encoding; UploadRejected where that fails."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise UploadRejected(
            f"{filename} begins as {encoding.upper()} text but is damaged further on: "
            "save it as UTF-8 and try again."
        ) from error
    return encoding, "strict"


def _utf8_quality(path: Path) -> tuple[int, int]:
    """Count what is not UTF-8 in a file, and its characters beyond ASCII that are."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    bad = other = 0
    with path.open("rb") as file:
        chunk = b"start"
        while chunk:
            chunk = file.read(_CHUNK_BYTES)
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk, final=not chunk)
            wrong = text.count("\ufffd")
            bad += wrong
            other += len(text) - len(text.encode("ascii", "ignore")) - wrong
    return bad, other


def _json_format(text: str, filename: str) -> Format:
    """Newline-delimited where the name says so, or where two lines are each a whole object."""
    if filename.lower().endswith(_JSON_LINES_NAMES):
        return Format.JSON_LINES
    lines = [line for line in text.lstrip().splitlines() if line.strip()]
    if len(lines) < 2 or not lines[1].lstrip().startswith("{"):
        return Format.JSON
    try:
        whole = isinstance(json.loads(lines[0]), dict)
    except (ValueError, RecursionError):
        whole = False
    return Format.JSON_LINES if whole else Format.JSON


def _detect_delimiter(text: str, complete: bool, filename: str) -> str:
    """The delimiter that cuts most lines into as many values as the first, then into most."""
    if filename.lower().endswith((".tsv", ".tab")) and "\t" in text:
        return "\t"
    lines = text.splitlines(keepends=True)
    if not complete and len(lines) > 1:
        lines.pop()
    return max(DELIMITERS, key=lambda delimiter: _fit(lines, delimiter))


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]
