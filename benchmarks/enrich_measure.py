"""What the parts of enrich.py share: where they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enrich_rows import make_rows
from enrich_work import WARM_TABLE
from serving import plugins_dir

HERE = Path(__file__).parent
PLUGIN = "instant.py"
WARM_ROWS = 200


@dataclass(frozen=True)
class Place:
    """Where and how long to measure: a folder of its own, the peer's Python if it takes part."""

    folder: Path
    peer_python: str | None
    rounds: int
    big_rows: int

    def database(self, name: str, rows: int) -> Path:
        """A new database with so many comments, and a few to warm up with."""
        path = self.folder / name / f"{name}.db"
        path.unlink(missing_ok=True)
        make_rows(path, rows)
        # Other texts, or their answers would be remembered.
        return make_rows(path, WARM_ROWS, WARM_TABLE, first=9_000_000)

    def command(
        self, script: str, database: Path, *options: str, python: str = sys.executable
    ) -> list[str]:
        """How to run one of the scripts beside this file over a database."""
        plugins = plugins_dir(database.parent, PLUGIN)
        return [
            python,
            str(HERE / script),
            str(database),
            "--plugins-dir",
            str(plugins),
            *options,
        ]

    def measured(
        self,
        script: str,
        database: Path,
        *options: str,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """What a script printed; raises CalledProcessError with what it said where it failed."""
        done = subprocess.run(
            self.command(script, database, *options, python=python),
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return said(done.stdout)


def said(output: str) -> dict[str, Any]:
    """The last line of a script's output; raises RuntimeError where its run did not get done."""
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    if found.get("status", "done") != "done" or found["failed"]:
        raise RuntimeError(f"The run did not get done: {found}")
    return found


def rate(found: Mapping[str, Any]) -> float:
    """Rows a second."""
    return float(found["done"] / found["seconds"])
