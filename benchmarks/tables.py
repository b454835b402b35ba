"""Figures as aligned text, with the machine they were taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    widths = [max(len(row[n]) for row in [heads, *rows]) for n in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        first, *others = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        right = [cell.strip().rjust(len(cell)) for cell in others]
        return "  ".join([first, *right]).rstrip()

    return "\n".join([line(heads), line(["-" * width for width in widths]), *map(line, rows)])


def machine() -> str:
    """One line: cores and load, so that a figure taken on a busy machine is known as one."""
    load = " ".join(f"{each:.2f}" for each in os.getloadavg())
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}"
