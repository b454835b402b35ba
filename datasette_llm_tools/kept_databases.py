"""Databases that we make ourselves, as files beside the internal database.

Such a file carries an application id of ours. A file of that name without it is somebody's own:
it is never served or written by us. Where the internal database is temporary, so are they.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datasette.database import Database
from datasette.utils.sqlite import sqlite3

from .errors import BadInput
from .settings import read_settings

if TYPE_CHECKING:
    from datasette.app import Datasette


@dataclass(frozen=True)
class KeptDatabase:
    """One of them: the setting that names it, its application id, and who may read it.

    `restrict` is called with the Datasette and the name before anybody can see it.
    """

    setting: str
    application_id: int
    restrict: Callable[[Datasette, str], None]

    def name(self, datasette: Datasette) -> str:
        """What the database is called. Raises BadInput where the setting is no name."""
        name = str(getattr(read_settings(datasette), self.setting))
        if name not in datasette.databases and not re.fullmatch(r"\w[\w-]*", name):
            raise BadInput(f"{self.setting} must be letters and digits, not {name!r}.")
        return name

    def open(self, datasette: Datasette) -> None:
        """Serve the database of an earlier run of the server, where there is one; for startup."""
        name = self.name(datasette)
        path = _kept_path(datasette, name)
        if name not in datasette.databases and path is not None and self._is_ours(path):
            self._serve(datasette, name, Database(datasette, path=str(path), is_mutable=True))

    async def add(self, datasette: Datasette) -> Database:
        """Return the database, made if need be. Raises BadInput where the file is somebody's."""
        name = self.name(datasette)
        # Nothing is awaited from here to the end of the block, so that two requests at once
        # make one file and add one database; it takes some milliseconds, once.
        if name not in datasette.databases:
            path = _kept_path(datasette, name)
            if path is None:
                database = Database(datasette, is_temp_disk=True)
            else:
                self._make_file(path)
                database = Database(datasette, path=str(path), is_mutable=True)
            self._serve(datasette, name, database)
        await datasette.refresh_schemas(force=True)
        return datasette.get_database(name)

    async def settle(self, datasette: Datasette) -> None:
        """Bring the file up to date, for when the server stops; nothing where there is none."""
        path = _kept_path(datasette, self.name(datasette))
        if path is not None and self._is_ours(path):
            await asyncio.to_thread(settle, path)

    def make_file(self, path: Path) -> None:
        """Make an empty file of ours, whose readers go on while it is written to."""
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {self.application_id}")
            connection.execute("PRAGMA journal_mode = WAL")

    def _make_file(self, path: Path) -> None:
        if path.exists() and path.stat().st_size and not self._is_ours(path):
            raise BadInput(
                f"A file {path.name} that was not made by datasette-llm-tools lies beside the "
                f"internal database: move it, or name another {self.setting}."
            )
        self.make_file(path)

    def _serve(self, datasette: Datasette, name: str, database: Database) -> None:
        datasette.add_database(database, name=name)
        self.restrict(datasette, name)

    def _is_ours(self, path: Path) -> bool:
        """Whether a file exists and its SQLite header, from byte 68, has our application id."""
        try:
            with path.open("rb") as file:
                header = file.read(72)
        except FileNotFoundError:
            return False
        return header.startswith(b"SQLite format 3\0") and header[68:] == (
            self.application_id.to_bytes(4, "big")
        )


def settle(path: Path) -> None:
    """Write into a file what stands in its journal, so that it can be copied; for after its use.

    SQLite does so by itself only if the last to close a file may write to it.
    """
    if path.exists():
        # What is no database of ours was told before.
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def is_temporary(database: Database) -> bool:
    """Whether the database is gone when the server stops."""
    return bool(database.is_temp_disk or database.is_memory)


def _kept_path(datasette: Datasette, name: str) -> Path | None:
    """The file beside the internal database, or None where that is a temporary file."""
    internal = datasette.get_internal_database()
    return None if is_temporary(internal) else Path(internal.path).with_name(f"{name}.db")
