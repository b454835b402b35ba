"""A file of an exploration as it arrives: form data, JSON, or the HTML page itself, read in pieces
and never more of it than may be."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import BadRequest, PayloadTooLarge
from datasette.utils.multipart import UploadedFile

from ...errors import BadInput
from ...settings import read_settings
from .aside import aside
from .files import File, file_from_json

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

ELEMENT = "exploration"  # the id of the element that holds the JSON of an HTML file
_CHUNK_BYTES = 1 << 20
_FORM_BYTES = 200_000  # for the fields beside the file and the lines between the parts
# Lists and values of a file that is read: a few bytes of JSON may take a hundred of memory.
_MOST_LISTS = 3_000_000
_MOST_VALUES = 20_000_000
_TORN = 6  # characters at the end of a file that may be what is left of a word or an escape
_START = re.compile(
    rf'<script type="application/json" id="{ELEMENT}">(?P<json>.*?)(?P<end></script>|\Z)', re.DOTALL
)


async def received(request: Request, datasette: Datasette) -> File:
    """The file of a POST: `file` of a form, or the body itself. Raises BadInput."""
    settings = read_settings(datasette)
    body = await _body(request, settings.max_import_bytes)
    return await aside(lambda: file_of(body, settings.exploration_blocks))


def file_of(body: bytes, most_blocks: int = 200) -> File:
    """The file that bytes are, HTML or JSON. Raises BadInput."""
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise BadInput("The file is not text in UTF-8; take one that was exported here.") from error
    if not text:
        raise BadInput("No file was sent: choose an exported HTML or JSON file.")
    if text.startswith("<"):
        text = _embedded(text)
    return file_from_json(_parsed(text), most_blocks=most_blocks)


def _embedded(html: str) -> str:
    """The JSON within an exported HTML file. It holds no `<`, so the next one ends it."""
    found = _START.search(html)
    if found is None:
        raise BadInput(
            "This HTML file holds no exploration; take one that was exported here, all of it."
        )
    if not found["end"]:
        raise BadInput("The file is cut off; export it again, or copy it once more.")
    return found["json"]


def _parsed(text: str) -> Any:
    if text.count("[") + text.count("{") > _MOST_LISTS or text.count(",") > _MOST_VALUES:
        raise BadInput("The file has more rows than can be taken in.")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated") or error.pos >= len(text) - _TORN:
            raise BadInput("The file is cut off; export it again, or copy it once more.") from error
        raise BadInput(f"The file is not valid JSON: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise BadInput("The file is not valid JSON.") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")


async def _body(request: Request, most: int) -> bytes:
    too_large = f"The file is larger than the {most / 1_000_000:,.0f} MB that may be taken in here."
    if not request.headers.get("content-type", "").startswith("multipart/"):
        try:
            body: bytes = await request.post_body(max_bytes=most)
            return body
        except PayloadTooLarge as error:
            raise BadInput(too_large) from error
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most + _FORM_BYTES:
        raise BadInput(too_large)
    try:
        form = await request.form(
            files=True,
            max_file_size=most,
            max_request_size=most + _FORM_BYTES,
            max_files=1,
            max_fields=20,
        )
    except BadRequest as error:
        if "too large" in str(error):
            raise BadInput(too_large) from error
        raise BadInput(f"The file did not arrive whole: {error}. Send it again.") from error
    async with form:
        file = form.get("file")
        if not isinstance(file, UploadedFile) or not file.filename:
            raise BadInput("No file was sent: choose an exported HTML or JSON file.")
        return await _whole(file)


async def _whole(file: UploadedFile) -> bytes:
    chunks = []
    while chunk := await file.read(_CHUNK_BYTES):
        chunks.append(chunk)
    return b"".join(chunks)
