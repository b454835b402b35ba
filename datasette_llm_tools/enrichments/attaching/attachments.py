"""Files that go along with a row's prompt: BLOBs of its columns, and files at URLs in them.

What a file is says its content, not its name or header, and only what the model takes is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ... import prompt
from ...errors import BadInput
from ..database import rows
from ..values import Row, Specification
from .fetching import Reach, fetch, hosts_from
from .media_types import media_type, name_for

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...model import ModelInfo
    from ...settings import Settings
    from ..database.tables import TargetTable
    from ..engine.asking import Load


def url_columns(specification: Specification) -> tuple[str, ...]:
    """Columns that a row must be read with, because they hold URLs of files."""
    return tuple(each.column for each in specification.attachments if each.source == "url")


def loader(
    datasette: Datasette,
    database: str,
    target: TargetTable,
    specification: Specification,
    settings: Settings,
    models: Sequence[ModelInfo],
) -> Load | None:
    """What reads the files of a row that all the models take; None where none go along."""
    if not specification.attachments:
        return None
    accepted = frozenset.intersection(*(frozenset(each.attachment_types) for each in models))

    async def inner(row: Row) -> tuple[prompt.Attachment, ...]:
        return await load(
            datasette, database, target, row, specification, settings, accepted=accepted
        )

    return inner


async def load(
    datasette: Datasette,
    database: str,
    target: TargetTable,
    row: Row,
    specification: Specification,
    settings: Settings,
    *,
    accepted: Collection[str],
    reach: Reach | None = None,
) -> tuple[prompt.Attachment, ...]:
    """The files of a row, in the specification's order; an empty cell has none.

    `accepted` are the media types that the model takes. `reach` is for tests, which have no
    public host. Raises BadInput with a sentence for what cannot be read or sent.
    """
    most = settings.max_attachment_bytes
    reach = reach or Reach(hosts_from(settings.attachment_hosts), most)
    found = []
    for each in specification.attachments:
        if each.source == "blob":
            content = await rows.read_blob(
                datasette, database, target, row.key, each.column, max_bytes=most
            )
        else:
            content = await _at_url(row, each.column, reach)
        if content:
            found.append(_attachment(each.column, content, accepted))
    return tuple(found)


async def _at_url(row: Row, column: str, reach: Reach) -> bytes | None:
    url = row.values[column]
    if url is None or not str(url).strip():
        return None
    if not isinstance(url, str):
        raise BadInput(f"The column {column} does not hold a URL in this row.")
    return await fetch(url, reach)


def _attachment(column: str, content: bytes, accepted: Collection[str]) -> prompt.Attachment:
    media = media_type(content)
    if media is None:
        raise BadInput(f"The file of the column {column} is no image, sound or PDF.")
    name = name_for(media, accepted)
    if name is None:
        takes = ", ".join(sorted(accepted)) or "no files"
        raise BadInput(f"The file of the column {column} is {media}; the model takes {takes}.")
    return prompt.Attachment(name, content)
