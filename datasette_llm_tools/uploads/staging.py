"""A file becomes a finished table, called `rows`, in a temporary SQLite file of its own.

A large file is staged in a process of its own: in a thread it would take the
interpreter from the server's other requests for half a minute. That process
loads neither Datasette nor llm, and may be killed at any moment.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import UploadRejected
from ..sql_names import quoted
from .reading import FileColumn, Progress, read_rows, survey_file

FILENAME = "staged.db"
# A file below this is staged before a process would have started.
_SMALL_BYTES = 1_000_000
# Enough for a thousand long rows at a time; JSON of empty lists takes thirty times its length.
_MEMORY_BYTES = 2_000_000_000
_PACKAGE = Path(__file__).parents[1]
# Stands in for our package, whose __init__ would load Datasette.
_START = """
import sys
sys.path[:] = [path for path in sys.path if path]  # not the current directory
import types
package = types.ModuleType("datasette_llm_tools")
package.__path__ = [sys.argv[1]]
sys.modules["datasette_llm_tools"] = package
from datasette_llm_tools.uploads import staging
staging.main(*sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class StagedTable:
    """A table that lies ready in `staged.db`. `notes` are for the person who dropped the file."""

    rows: int
    columns: tuple[FileColumn, ...]
    notes: tuple[str, ...]


def stage(path: Path, filename: str, folder: Path, progress: Progress | None = None) -> StagedTable:
    """Read the file at `path` and write its table into `folder`/staged.db.

    Raises UploadRejected, and whatever `progress` raises.
    """
    source = survey_file(path, filename, _part(progress, 0.0))
    columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in source.columns)
    values = ", ".join(_parameter(column, source.is_text) for column in source.columns)
    try:
        with closing(sqlite3.connect(folder / FILENAME)) as connection:
            # A temporary file needs no protection from crashes.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"CREATE TABLE rows ({columns})")
            rows = read_rows(source, _part(progress, 0.5))
            connection.executemany(f"INSERT INTO rows VALUES ({values})", rows)  # noqa: S608 -- parameters only
            connection.commit()
    except sqlite3.Error as error:
        raise rejected(error) from error
    return StagedTable(source.rows, source.columns, source.notes)


def stage_aside(path: Path, filename: str, folder: Path, stop: threading.Event) -> StagedTable:
    """Like `stage`, without slowing this process down; `stop` ends it. For a thread."""
    if path.stat().st_size < _SMALL_BYTES:
        return stage(path, filename, folder)
    process = subprocess.Popen(
        [sys.executable, "-c", _START, str(_PACKAGE), str(path), filename, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    while True:
        try:
            output, _ = process.communicate(timeout=0.1)
            break
        except subprocess.TimeoutExpired:
            if stop.is_set():
                process.kill()
    if stop.is_set() or process.returncode:
        what = "was stopped" if stop.is_set() else "broke off, perhaps for want of memory"
        raise UploadRejected(f"The upload of {filename} {what}; nothing was written.")
    answer = json.loads(output)
    if "rejected" in answer:
        raise UploadRejected(answer["rejected"])
    columns = tuple(FileColumn(**column) for column in answer["columns"])
    return StagedTable(answer["rows"], columns, tuple(answer["notes"]))


def main(path: str, filename: str, folder: str) -> None:
    """Stage one file and print the outcome as a JSON object; runs in the process of its own."""
    if hasattr(os, "nice"):
        os.nice(5)
    limit_memory(_MEMORY_BYTES)
    try:
        answer = asdict(stage(Path(path), filename, Path(folder)))
    except UploadRejected as error:
        answer = {"rejected": error.message}
    print(json.dumps(answer))


def limit_memory(most_bytes: int) -> None:
    """Bound this process's address space: a few hundred bytes of JSON can take a thousand."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, hard))
    except (ImportError, ValueError, OSError):
        return  # Windows has none, macOS refuses it


def rejected(error: Exception) -> UploadRejected:
    """What SQLite's error means for the person who dropped a file."""
    text = str(error)
    if "full" in text:
        return UploadRejected("The server's disk is full; nothing was written.")
    if "locked" in text:
        return UploadRejected("The database is busy; nothing was written. Try again.")
    if "interrupted" in text:
        return UploadRejected("The upload was stopped; nothing was written.")
    return UploadRejected(f"SQLite could not store the file: {text}; nothing was written.")


def _parameter(column: FileColumn, is_text: bool) -> str:
    """A value of a text file that is empty becomes NULL: counts and averages are right then."""
    if not is_text:
        return "?"
    return "nullif(?, '')" if column.type == "TEXT" else "nullif(trim(?), '')"


def _part(progress: Progress | None, start: float) -> Progress | None:
    """Progress of one of the two passes over the file."""
    if progress is None:
        return None
    return lambda done: progress(start + done / 2)
