"""How a query pool and its workers write to each other: one JSON object a line.

A BLOB is an object with one key that no parameter can have. Standard library
only: query_worker.py loads this file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

_BLOB = "\0blob"


def encode_line(message: Mapping[str, Any]) -> bytes:
    """The message as a line with its end. Raises MemoryError in a worker near its limit."""
    text = json.dumps(message, default=_encode_blob, ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def decode_line(line: bytes) -> dict[str, Any]:
    """The message of a line."""
    message: dict[str, Any] = json.loads(line, object_hook=_decode_blob)
    return message


def _encode_blob(value: bytes) -> dict[str, str]:
    return {_BLOB: base64.b64encode(value).decode()}


def _decode_blob(pair: dict[str, Any]) -> Any:
    return base64.b64decode(pair[_BLOB]) if pair.keys() == {_BLOB} else pair
