"""POST /-/questions/-/upload: a file as multipart form data becomes a table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils import tilde_encode
from datasette.utils.asgi import BadRequest, Response
from datasette.utils.multipart import FormData, UploadedFile

from ..errors import BadInput, UploadRejected
from ..kept_databases import is_temporary
from ..leaving import unless_left
from ..pages import json_response, wants_json
from ..settings import read_settings
from .destination import choose_database, require_create_table
from .store import UploadResult, load_upload, temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

    from datasette.app import Datasette
    from datasette.database import Database
    from datasette.utils.asgi import Request

_CHUNK_BYTES = 1 << 20
_TABLE_CHARACTERS = 100
# What the fields beside the file and the lines between the parts may take.
_FORM_BYTES = 200_000


async def upload(request: Request, datasette: Datasette) -> Response:
    """Take `file`, and optionally `database` and `table`; answer JSON, or lead to the Ask page."""
    try:
        database, result = await _upload(request, datasette)
    except BadInput as error:
        if wants_json(request):
            raise
        datasette.add_message(request, error.message, datasette.ERROR)
        return Response("", status=303, headers={"Location": _ask_url(datasette)})
    ask_url = _ask_url(datasette, database.name, result.table)
    if wants_json(request):
        return json_response(_described(datasette, database, result, ask_url), status=201)
    datasette.add_message(request, _told(database, result))
    return Response("", status=303, headers={"Location": ask_url})


async def _upload(request: Request, datasette: Datasette) -> tuple[Database, UploadResult]:
    await require_create_table(datasette, request.actor)
    async with await _received(request, read_settings(datasette).max_upload_bytes) as form:
        file, database_name, table = form.get("file"), form.get("database"), form.get("table")
        if not isinstance(file, UploadedFile) or not file.filename:
            raise UploadRejected("No file was sent: choose a CSV, TSV or JSON file.")
        if isinstance(database_name, UploadedFile) or isinstance(table, UploadedFile):
            raise BadInput("database and table are names, not files.")
        database = await choose_database(datasette, request.actor, database_name or None)
        async with temporary_folder() as folder:
            path = folder / "upload"
            await _save(file, path)
            work = load_upload(
                datasette,
                database,
                path,
                file.filename,
                actor=request.actor,
                table=(table or "")[:_TABLE_CHARACTERS] or None,
            )
            return database, await unless_left(request, work)


async def _received(request: Request, max_bytes: int) -> FormData:
    too_large = UploadRejected(
        f"The file is larger than the {max_bytes / 1_000_000:,.0f} MB that may be dropped here."
    )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes + _FORM_BYTES:
        raise too_large
    try:
        return await request.form(
            files=True,
            max_file_size=max_bytes,
            max_request_size=max_bytes + _FORM_BYTES,
            max_files=1,
            max_fields=20,
        )
    except BadRequest as error:
        if "too large" in str(error):
            raise too_large from error
        raise UploadRejected(f"The file did not arrive whole: {error}. Send it again.") from error


async def _save(file: UploadedFile, path: Path) -> None:
    with path.open("wb") as kept:
        while chunk := await file.read(_CHUNK_BYTES):
            await asyncio.to_thread(kept.write, chunk)


def _described(
    datasette: Datasette, database: Database, result: UploadResult, ask_url: str
) -> dict[str, Any]:
    return {
        "database": database.name,
        "table": result.table,
        "rows": result.rows,
        "columns": [{"name": column.name, "type": column.type} for column in result.columns],
        "notes": [*result.notes, *_temporary(database)],
        "url": ask_url,
        "table_url": str(datasette.urls.table(database.name, result.table)),
    }


def _told(database: Database, result: UploadResult) -> str:
    done = f"{result.table} is ready to ask: {result.rows:,} rows in the database {database.name}."
    return " ".join([done, *result.notes, *_temporary(database)])


def _temporary(database: Database) -> list[str]:
    if not is_temporary(database):
        return []
    return [
        f"The database {database.name} is temporary and is gone when the server stops; "
        "start Datasette with --internal FILE to keep it."
    ]


def _ask_url(datasette: Datasette, database: str | None = None, table: str | None = None) -> str:
    path = "/-/questions"
    if database is not None:
        path += "/" + tilde_encode(database)
    if table is not None:
        path += "?" + urlencode({"table": table})
    return str(datasette.urls.path(path))
