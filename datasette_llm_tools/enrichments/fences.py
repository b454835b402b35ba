"""What keeps a row's text from being taken for anything else in a prompt: marks around it that
nobody can guess, and nothing in it that ends a turn. Pure."""

from __future__ import annotations

import re
import secrets
from hashlib import blake2b

from .values import Specification

_SECRET = secrets.token_bytes(16)
# What ends a turn in one chat template or another, and some tokenizers obey it anywhere;
# and our own fence. A space behind the first character makes it plain text. Each pattern
# begins with one character that is searched for fast: cells are long.
_ANGLE = re.compile(
    r"<(?=/?cell\b|[|｜]|/?(?:s|bos|eos|start_of_turn|end_of_turn|start_of_image)>)", re.IGNORECASE
)
_SQUARE = re.compile(r"\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])")


def marker_of(specification: Specification) -> str:
    """A mark that nobody who wrote a row can guess, for what is sent.

    The same for the same question while the process lives: a model on this machine has then
    read the beginning of a run's prompts for its preview.
    """
    asked = repr((specification.template, specification.instructions, specification.outputs))
    return blake2b(asked.encode("utf-8", "replace"), key=_SECRET, digest_size=4).hexdigest()


def new_marker() -> str:
    """Another one, for what is only shown or hashed: whoever reads a page learns nothing."""
    return secrets.token_hex(4)


def harmless(text: str, marker: str) -> str:
    """Text of a row's that can neither close its fence nor end its turn."""
    if marker in text:
        text = text.replace(marker, "…")
    if "<" in text:
        text = _ANGLE.sub("< ", text)
    if "[" in text:
        text = _SQUARE.sub("[ ", text)
    return _sendable(text.replace("\x00", "\ufffd"))


def _sendable(text: str) -> str:
    """Text without halves of surrogate pairs, which have no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
