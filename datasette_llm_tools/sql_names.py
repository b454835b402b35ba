"""Names as SQLite compares and quotes them, and whether a statement may spell one.

Standard library only: query_worker.py loads this file without Datasette.
"""

from __future__ import annotations

import re

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
# U+FEFF is space to SQLite where a token begins, though it may stand inside a name.
_QUOTES_AND_SPACE = re.compile(r"[\s\ufeff\"'`\[\]]+")
_NAME_CHARACTER = "[0-9A-Za-z_$\x80-\U0010ffff]"


def fold(name: str) -> str:
    """Lower-case a name as SQLite compares names: ASCII letters only."""
    return name.translate(_ASCII_LOWER)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def plain(text: str) -> str:
    """Text without its quoting, so that every way to write one name looks the same."""
    return _QUOTES_AND_SPACE.sub(" ", fold(text))


def spells(plain_sql: str, name: str) -> bool:
    """Whether a statement, made plain, may name a table; says yes when in doubt."""
    wanted = plain(name).strip()
    if wanted not in plain_sql:
        return False
    edges = f"(?<!{_NAME_CHARACTER}){re.escape(wanted)}(?!{_NAME_CHARACTER})"
    return re.search(edges, plain_sql) is not None
