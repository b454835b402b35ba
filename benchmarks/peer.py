"""A peer in a virtual environment of its own, with our versions of Datasette and llm."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path


@contextmanager
def peer_python(given: str | None, *requirements: str) -> Iterator[str]:
    """A Python that has the requirements: the given one, else one that is removed afterwards."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        same = [f"{name}=={version(name)}" for name in ("datasette", "llm", "datasette-llm")]
        command = [str(python), "-m", "pip", "install", "--quiet", *requirements, *same]
        subprocess.run(command, check=True)
        yield str(python)
