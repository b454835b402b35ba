"""Datasette's command in a process of its own, with a scripted model: to be killed by tests.

    python -m tests.scripted_process LOG DELAY serve data.db ...

The model `scripted` answers `{"loud": "<the row's cell in capitals>"}` after DELAY seconds, and
writes a line to LOG for every prompt, so that somebody else can count them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from datasette.cli import cli

from tests.scripted_model import ScriptedModel, registered

ROOT = Path(__file__).parents[1]


def cell_of(prompt: str) -> str:
    """What stands between the marks of the only cell of a prompt."""
    found = re.search(r"<cell [^>]*>(.*?)</cell\b", prompt, re.DOTALL)
    return found[1].strip() if found else prompt


def loudly(prompt: str) -> str:
    """The reply to a prompt: its cell in capitals."""
    return json.dumps({"loud": cell_of(prompt).upper()})


def begin(log: Path, delay: float, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start it; what it prints can be read from its pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.scripted_process", log, str(delay), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def asked(log: Path) -> Counter[str]:
    """How often each cell was asked about."""
    return Counter(log.read_text().splitlines()) if log.exists() else Counter()


def main() -> None:
    log, delay, *arguments = sys.argv[1:]
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def script(prompt: str) -> str:
        os.write(file, f"{cell_of(prompt)}\n".encode())
        return loudly(prompt)

    with registered(ScriptedModel(script, delay=float(delay))):
        cli(arguments)


if __name__ == "__main__":
    main()
