"""Names of tables and columns, made from those of files and their first lines."""

from __future__ import annotations

import re

from ..errors import UploadRejected

MAX_COLUMNS = 2000  # SQLite's own limit, SQLITE_MAX_COLUMN
# SQLite's text functions end at NUL, and half a surrogate pair has no UTF-8.
UNSTORABLE = re.compile("[\ud800-\udfff\0]")
_MAX_NAME_CHARACTERS = 100


def table_name(filename: str) -> str:
    """A name for the table of a file that needs no quoting in SQL where that is possible."""
    stem = filename.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
    stem = stem[: stem.rfind(".")] if "." in stem else stem
    name = re.sub(r"\W+", "_", stem).strip("_")[:60] or "table_1"
    if not name[0].isalpha() or name.lower().startswith("sqlite"):
        name = f"t_{name}"
    return name


def unique_name(name: str, taken: set[str]) -> str:
    """`name`, or `name_2` and so on where SQLite would take it for one of `taken`."""
    lowered = {each.lower() for each in taken}
    candidate, number = name, 2
    while candidate.lower() in lowered:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def column_names(header: list[str]) -> list[str]:
    """Names for columns: none empty, none twice as SQLite compares them.

    Raises UploadRejected for more columns than SQLite takes.
    """
    if len(header) > MAX_COLUMNS:
        raise UploadRejected(
            f"The file has {len(header):,} columns and SQLite takes {MAX_COLUMNS:,}: "
            "leave some out, or turn columns into rows."
        )
    # A column of this name would hide the row's own id, by which Datasette links rows.
    names = ["rowid"]
    for number, source in enumerate(header, start=1):
        name = " ".join(UNSTORABLE.sub("", source).split())[:_MAX_NAME_CHARACTERS]
        names.append(unique_name(name or f"column_{number}", set(names)))
    return names[1:]
