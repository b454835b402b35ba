"""The wheel holds every module, template and static file, and pip warns about nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "datasette_llm_tools"
CODE = sorted(
    path.relative_to(ROOT).as_posix()
    for path in PACKAGE.rglob("*.py")
    if not {"templates", "static"} & set(path.parts)
)
ASSETS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("templates", "static")
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The wheel, built from a copy so that the checkout stays clean, and what was printed."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    leave_out = shutil.ignore_patterns("__pycache__")
    for name in ("datasette_llm_tools", "templates", "static"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=leave_out)
    # Told not to write bytecode, setuptools warns that it does not.
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
    # Without isolation nothing is downloaded; setuptools comes with the extra [test].
    done = subprocess.run(
        [*command, source],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stdout
    (wheel,) = folder.glob("*.whl")
    return wheel, done.stdout


@pytest.fixture(scope="module")
def names(built: tuple[Path, str]) -> set[str]:
    with zipfile.ZipFile(built[0]) as wheel:
        return set(wheel.namelist())


def test_every_module_is_in_the_wheel(names: set[str]) -> None:
    assert len(CODE) > 5
    assert set(CODE) <= names
    assert "datasette_llm_tools/py.typed" in names


def test_every_template_and_static_file_is_in_the_wheel(names: set[str]) -> None:
    assert {f"datasette_llm_tools/{name}" for name in ASSETS} <= names


def test_nothing_else_is_in_the_wheel(names: set[str]) -> None:
    expected = {*CODE, "datasette_llm_tools/py.typed"}
    expected |= {f"datasette_llm_tools/{name}" for name in ASSETS}
    assert {name for name in names - expected if ".dist-info/" not in name} == set()


def test_entry_points(built: tuple[Path, str], names: set[str]) -> None:
    (name,) = (name for name in names if name.endswith(".dist-info/entry_points.txt"))
    points = ConfigParser()
    with zipfile.ZipFile(built[0]) as wheel:
        points.read_string(wheel.read(name).decode())
    assert points["datasette"]["llm_tools"] == "datasette_llm_tools"
    assert points["llm"]["llm_tools_local_model"] == "datasette_llm_tools.local_model"


def test_the_licence_is_in_the_wheel(names: set[str]) -> None:
    assert any(re.search(r"\.dist-info/.*LICENSE$", name) for name in names)


def test_building_warns_about_nothing(built: tuple[Path, str]) -> None:
    warnings = [line for line in built[1].splitlines() if "warning" in line.lower()]
    assert warnings == []


@pytest.mark.parametrize("name", ["templates", "static"])
def test_symlinks_are_relative_and_resolve(name: str) -> None:
    link = PACKAGE / name
    assert link.is_symlink()
    assert link.readlink() == Path("..") / name
    assert link.resolve() == ROOT / name
