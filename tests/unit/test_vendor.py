"""Libraries are the files that scripts/vendor.py fetched, with licences, and small enough."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
STATIC = REPOSITORY / "static"
VENDOR = STATIC / "vendor"
FOR_TESTS = REPOSITORY / "tests" / "browser" / "vendor"


def test_files_are_as_they_are_listed() -> None:
    command = [sys.executable, REPOSITORY / "scripts" / "vendor.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("shelf", [VENDOR, FOR_TESTS], ids=["pages", "tests"])
def test_every_library_has_its_licence(shelf: Path) -> None:
    for entry in json.loads((shelf / "VENDORED.json").read_text()):
        assert entry["licence"]
        assert any(name.startswith("LICENSE") for name in entry["sha256"])


def test_a_chart_needs_at_most_900_kb_of_script() -> None:
    libraries = [each for each in VENDOR.rglob("*.js") if each.parent.name.startswith("vega-")]
    ours = [*STATIC.glob("chart-*.js"), STATIC / "llm-tools-chart.js"]
    assert len(libraries) == 3
    assert sum(each.stat().st_size for each in [*libraries, *ours] if each.exists()) <= 900_000
