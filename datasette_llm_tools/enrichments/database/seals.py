"""Seals: whether what a run is to do was decided here, or came with its file.

A database may come from anywhere and hold runs that wait, to be worked on as whoever the
file names, with this server's models. So whose run it is and what it may ask carries a hash
that only this machine can make. The key outlives every start: it lies where llm keeps the
keys of models, or is made of DATASETTE_SECRET where there is one, as in a container.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import tempfile
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ...model import keys_folder

if TYPE_CHECKING:
    import sqlite3

SEALED = (
    "id",
    "enrichment_id",
    "table_name",
    "specification",
    "selection",
    "limits",
    "actor",
    "created_columns",
)
_FILE = "datasette-llm-tools.key"
_BYTES = 32

_logger = logging.getLogger("datasette_llm_tools.enrichments")


def seal(row: sqlite3.Row) -> str:
    """The seal of a run, of a row of RUN_COLUMNS."""
    return _hash(_keys()[0], row)


def is_sealed(row: sqlite3.Row) -> bool:
    """Whether a run, a row of RUN_COLUMNS, is as somebody here has started or resumed it."""
    stored = row["seal"] if "seal" in row.keys() else None  # noqa: SIM118 -- a Row is no dict
    if not isinstance(stored, str):
        return False
    given = stored.encode("utf-8", "replace")
    return any(hmac.compare_digest(given, _hash(key, row).encode()) for key in _keys())


def _hash(key: bytes, row: sqlite3.Row) -> str:
    said = json.dumps([row[name] for name in SEALED], default=repr)
    return hmac.new(key, said.encode(), sha256).hexdigest()


def _keys() -> tuple[bytes, ...]:
    """The keys that are good here; the first one seals."""
    try:
        folder = keys_folder()
    except OSError:
        folder = None
    secret = os.environ.get("DATASETTE_SECRET")
    if not secret:
        return (_kept(folder) or _passing(folder),)
    told = sha256(b"llm-tools runs\0" + secret.encode()).digest()
    kept = _kept(folder, may_make=False)
    return (told, kept) if kept else (told,)


@lru_cache
def _kept(folder: Path | None, *, may_make: bool = True) -> bytes | None:
    """The key in a folder, made there when it is first needed; None where there can be none."""
    if folder is None:
        return None
    path = folder / _FILE
    try:
        if may_make and not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError:
        return None
    return key if len(key) == _BYTES else None


@lru_cache
def _passing(folder: Path | None) -> bytes:
    """A key for this process alone."""
    _logger.warning(
        "No key can be kept in %s: a run that this server leaves unfinished waits for a person "
        "to resume it, unless DATASETTE_SECRET is set.",
        folder or "the user's folder",
    )
    return secrets.token_bytes(_BYTES)


def _make(path: Path) -> None:
    """Make a key that nobody else may read; one that another process makes first is kept."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # for its owner only
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        os.link(made, path)
    except FileExistsError:
        return
    except OSError:  # no links on this disk
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
