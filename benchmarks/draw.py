"""What charts and widgets must reach: each figure of the issue, beside what it must be.

    python benchmarks/draw.py [--only NAME ...]

    prompts  30 chart prompts on demo.db with the local model: valid, right, seconds, tokens
    paint    a chart in Chromium: from an answer's rows to paint, 50,000 points, bytes of script
    frame    the sandbox: from a frame's start to its first rows
    patch    what a small change to a large widget costs beside writing it anew

A part `NAME` is a module draw_NAME.py with a function measure(folder) -> list[Finding]; it gets
an empty folder of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from importlib import import_module
from pathlib import Path

from findings import Finding, findings_table, note
from tables import machine

PARTS = ("prompts", "paint", "frame", "patch")


def measured(part: str, folder: Path) -> list[Finding]:
    """What a part finds; a part that breaks off is a finding too."""
    began = time.monotonic()
    note(f"{part}: {machine()}")
    folder.mkdir()
    try:
        found: list[Finding] = import_module(f"draw_{part}").measure(folder)
    except (ImportError, RuntimeError, subprocess.CalledProcessError) as error:
        found = [Finding(part, "", " ".join(str(error).split())[:120], False)]
    note(f"  {time.monotonic() - began:.0f} s")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="NAME")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        findings = [found for part in options.only for found in measured(part, Path(folder) / part)]
    print(findings_table(findings))
    print(machine())


if __name__ == "__main__":
    main()
