#!/usr/bin/env python3
"""Brings JavaScript libraries here, with licences.

Those of our pages and widgets go into static/vendor; the one with which tests look for what keeps
people from using a page, into tests/browser/vendor.

    python scripts/vendor.py          fetch all of them anew with the npm client
    python scripts/vendor.py --check  only compare what lies there with VENDORED.json

Files are as their npm packages have them, but for those with an entry in `changes`: a module
that imports another by its bare name would need an import map, which is an inline script.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
VENDOR = REPOSITORY / "static" / "vendor"
# In no package that anybody installs.
FOR_TESTS = REPOSITORY / "tests" / "browser" / "vendor"
LIST = "VENDORED.json"


@dataclass(frozen=True)
class Package:
    """One npm package: which of its files are taken, and what is changed in them.

    `changes` are (file, text there, text instead); each text must occur exactly once.
    """

    name: str
    version: str
    licence: str
    files: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...] = ()
    licence_file: str = "LICENSE"
    why: str = field(default="", kw_only=True)

    @property
    def folder(self) -> str:
        return f"{self.name.replace('@', '').replace('/', '-')}-{self.version}"


PACKAGES = (
    Package("vega", "6.4.0", "BSD-3-Clause", ("build/vega.min.js",), why="draws charts"),
    Package(
        "vega-lite",
        "6.5.0",
        "BSD-3-Clause",
        ("build/vega-lite.min.js",),
        why="turns a chart's grammar into what Vega draws",
    ),
    Package(
        "vega-interpreter",
        "2.3.2",
        "BSD-3-Clause",
        ("build/vega-interpreter.js",),
        changes=(
            # A classic script with a global, as the other two: what it needs of vega-util is
            # part of vega.
            (
                "vega-interpreter.js",
                "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';\n",
                "(() => {\nconst { ascending, isString, DisallowedObjectProperties } = vega;\n",
            ),
            (
                "vega-interpreter.js",
                "export { expression as expressionInterpreter };\n"
                "//# sourceMappingURL=vega-interpreter.js.map\n",
                "globalThis.vegaInterpreter = { expressionInterpreter: expression };\n})();\n",
            ),
        ),
        why="evaluates Vega's expressions without eval, which our pages forbid",
    ),
    Package("d3", "7.9.0", "ISC", ("dist/d3.min.js",), why="for widgets, which name it"),
    Package(
        "@observablehq/plot",
        "0.6.17",
        "ISC",
        ("dist/plot.umd.min.js",),
        why="for widgets, which name it",
    ),
    Package(
        "leaflet",
        "1.9.4",
        "BSD-2-Clause",
        (
            "dist/leaflet.js",
            "dist/leaflet.css",
            "dist/images/layers.png",
            "dist/images/layers-2x.png",
        ),
        why="for widgets, which name it; without tiles",
    ),
)
PACKAGES_FOR_TESTS = (
    # Unchanged and minified by its publisher; its source is in the npm package of this version.
    Package(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        ("axe.min.js", "LICENSE-3RD-PARTY.txt"),
        why="finds what keeps people from using a page",
    ),
)
SHELVES = {VENDOR: PACKAGES, FOR_TESTS: PACKAGES_FOR_TESTS}


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        wrong = [each for shelf in SHELVES for each in differences(shelf)]
        print("\n".join(wrong) or "All files are as VENDORED.json lists them.")
        return bool(wrong)
    for shelf in SHELVES:
        fill(shelf)
    return 0


def fill(shelf: Path) -> None:
    """Fetch the packages of a folder, and list them there."""
    shelf.mkdir(exist_ok=True)
    entries = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in SHELVES[shelf]:
            entries.append(fetch(package, shelf, Path(scratch)))
            print(f"{package.name} {package.version}")
    kept = {package.folder for package in SHELVES[shelf]}
    for folder in shelf.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder)
    (shelf / LIST).write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def fetch(package: Package, shelf: Path, scratch: Path) -> dict[str, Any]:
    """Unpack the wanted files of one package; return its entry in VENDORED.json."""
    command = ["npm", "pack", "--json", f"{package.name}@{package.version}"]
    packed = subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True)
    archive = scratch / json.loads(packed.stdout)[0]["filename"]
    folder = shelf / package.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with tarfile.open(archive) as tar:
        for path in (*package.files, package.licence_file):
            member = tar.extractfile(f"package/{path}")
            assert member is not None, f"{package.name} has no file {path}"
            (folder / Path(path).name).write_bytes(member.read())
    for name, old, new in package.changes:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} of {package.name} is not as expected"
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "why": package.why,
        "folder": package.folder,
        "changed": sorted({name for name, _, _ in package.changes}),
        "sha256": dict(sorted(_hashes(folder))),
    }


def _hashes(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.iterdir():
        yield path.name, hashlib.sha256(path.read_bytes()).hexdigest()


def differences(shelf: Path) -> Iterator[str]:
    """What in a folder is not as its VENDORED.json lists it, a sentence each."""
    entries: list[Mapping[str, Any]] = json.loads((shelf / LIST).read_text(encoding="utf-8"))
    listed = {entry["folder"]: entry["sha256"] for entry in entries}
    there = {each.name: dict(_hashes(each)) for each in shelf.iterdir() if each.is_dir()}
    for folder in sorted(listed.keys() | there.keys()):
        if listed.get(folder) != there.get(folder):
            yield f"{folder} is not as VENDORED.json lists it; run scripts/vendor.py."
    wanted = {package.folder for package in SHELVES[shelf]}
    if wanted != listed.keys():
        yield "VENDORED.json lists other packages than scripts/vendor.py names; run it."


if __name__ == "__main__":
    sys.exit(main())
