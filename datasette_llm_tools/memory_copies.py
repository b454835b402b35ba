"""Copies in files of databases that live in memory, where no other process can read them."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from .errors import BadInput

MAX_COPY_BYTES = 200_000_000


class MemoryCopy:
    """A file with the content of a database that lives in memory, remade when that changed."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._lock = threading.Lock()
        self._number = 0
        # SQLite's data version means something within one connection only, and each
        # thread has its own: what each showed when the copy was last known to be right.
        self._stamps: dict[int, tuple[sqlite3.Connection, tuple[int, ...]]] = {}

    def path_for(self, connection: sqlite3.Connection) -> str:
        """The file, made anew if need be, from a thread of Datasette's and its connection.

        Raises BadInput when the database is too large to copy.
        """
        with self._lock:
            stamp = (
                connection.execute("PRAGMA data_version").fetchone()[0],
                connection.execute("PRAGMA schema_version").fetchone()[0],
                connection.total_changes,
            )
            if self._stamps.get(id(connection)) != (connection, stamp):
                self._make(connection)
                self._stamps[id(connection)] = (connection, stamp)
            return str(self._file(self._number))

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.db"

    def _make(self, connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        size = pages * connection.execute("PRAGMA page_size").fetchone()[0]
        if size > MAX_COPY_BYTES:
            raise BadInput(
                f"The database {self._database} lives in memory and has {size:,} bytes, more "
                f"than the {MAX_COPY_BYTES:,} that can be asked about; keep it in a file."
            )
        self._folder.mkdir(mode=0o700, exist_ok=True)
        target = sqlite3.connect(self._file(self._number + 1))
        try:
            connection.backup(target)
        finally:
            target.close()
        self._number += 1
        # A statement that is about to start may still open the one before.
        self._file(self._number - 2).unlink(missing_ok=True)
