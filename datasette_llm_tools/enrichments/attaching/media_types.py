"""What kind of file some bytes are, by the bytes alone: images, audio and PDF.

Names and headers of files are whatever somebody wrote; only the kinds that models take are known.
"""

from __future__ import annotations

from collections.abc import Collection

# Type, where its mark stands, the mark.
_MARKS: tuple[tuple[str, int, bytes], ...] = (
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/tiff", 0, b"II*\x00"),
    ("image/tiff", 0, b"MM\x00*"),
    ("image/avif", 4, b"ftypavif"),
    ("image/heic", 4, b"ftypheic"),
    ("image/heic", 4, b"ftypheix"),
    ("image/heif", 4, b"ftypmif1"),
    ("application/pdf", 0, b"%PDF-"),
    ("audio/mpeg", 0, b"ID3"),
    ("audio/mpeg", 0, b"\xff\xfb"),
    ("audio/mpeg", 0, b"\xff\xf3"),
    ("audio/mpeg", 0, b"\xff\xf2"),
    ("audio/aac", 0, b"\xff\xf1"),
    ("audio/aac", 0, b"\xff\xf9"),
    ("audio/flac", 0, b"fLaC"),
    ("audio/ogg", 0, b"OggS"),
    ("audio/mp4", 4, b"ftypM4A "),
)
_IN_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
# Plugins of llm call some types differently.
_ALSO_CALLED = {
    "audio/mpeg": ("audio/mp3",),
    "audio/wav": ("audio/x-wav", "audio/wave"),
    "audio/flac": ("audio/x-flac",),
    "audio/mp4": ("audio/m4a", "audio/x-m4a"),
}


def media_type(content: bytes) -> str | None:
    """The media type of an image, a sound or a PDF; None for anything else."""
    if content[:4] == b"RIFF":
        return _IN_RIFF.get(content[8:12])
    for name, at, mark in _MARKS:
        if content.startswith(mark, at):
            return name
    return None


def name_for(media: str, accepted: Collection[str]) -> str | None:
    """What a model that accepts these types calls this one; None if it does not take it."""
    return next((each for each in (media, *_ALSO_CALLED.get(media, ())) if each in accepted), None)
