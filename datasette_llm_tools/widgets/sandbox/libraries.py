"""The libraries that a widget may name, and how they get into its document: inlined, at its head.

They are the files of static/vendor, so that a widget needs nothing from elsewhere. A known
address of one of them on the web means the one that lies ready.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

STATIC = Path(__file__).parents[2] / "static"


@dataclass(frozen=True, slots=True)
class Library:
    """A name in `<script src="lib:NAME">`; `usage` is for prompts, in one line.

    `files` are inlined in their order: a path, or a folder of static/vendor by its package's
    name without version. `needs` come before it. `held` files lie in the document as text, for
    the last of `files` to run them when they are first used: a frame that has to read 0.8 MB of
    script first asks for its rows 50 ms later.
    """

    name: str
    usage: str
    files: tuple[str, ...]
    needs: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


_ALL = (
    Library("d3", "global d3 (version 7)", ("vendor/d3/d3.min.js",)),
    Library(
        "plot",
        "global Plot (Observable Plot 0.6) and d3: element.append(Plot.plot({marks: [...]}))",
        ("vendor/observablehq-plot/plot.umd.min.js",),
        needs=("d3",),
    ),
    Library(
        "vega-lite",
        "await datasette.vega(element, spec) draws a Vega-Lite 6 spec with data: {values: rows} "
        "and returns its view",
        ("widget-vega.js",),
        held=(
            "vendor/vega/vega.min.js",
            "vendor/vega-lite/vega-lite.min.js",
            "vendor/vega-interpreter/vega-interpreter.js",
        ),
    ),
    Library(
        "leaflet",
        "global L (Leaflet 1.9) without tiles: L.geoJSON, L.circleMarker and so on over a plain "
        "background; never L.tileLayer",
        ("vendor/leaflet/leaflet.css", "vendor/leaflet/leaflet.js", "widget-leaflet.js"),
    ),
)
LIBRARIES = {each.name: each for each in _ALL}
NAMES = tuple(LIBRARIES)

_KNOWN = (
    (re.compile(r"observablehq/plot|plot\.umd"), "plot"),
    (re.compile(r"[/@]vega(?:-lite|-embed)?(?:[@/.]|$)"), "vega-lite"),
    (re.compile(r"leaflet(?:[@/.]|$)"), "leaflet"),
    (re.compile(r"(?:/d3(?:[@/.-]|$))"), "d3"),
)


def library_of(address: str) -> str | None:
    """The name of the library that `lib:NAME`, or an address on the web, means; or None."""
    if address.startswith("lib:"):
        name = address.removeprefix("lib:").strip("/ ").lower()
        return name if name in LIBRARIES else None
    path = urlsplit(address).path.lower() if "//" in address else ""
    return next((name for pattern, name in _KNOWN if pattern.search(path)), None)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The same libraries and what they need, in the order in which they must be loaded."""
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys((*LIBRARIES[name].needs, name)))
    return tuple(found)


def described(names: Collection[str] = NAMES) -> str:
    """A line for each library, for a prompt."""
    return "\n".join(
        f'- <script src="lib:{name}"></script> gives {LIBRARIES[name].usage}.' for name in names
    )


@cache
def inlined(name: str) -> str:
    """One library as the elements that stand for it in a document."""
    library = LIBRARIES[name]
    held = "".join(
        _element(_path(each), f' type="text/plain" data-held="{name}"') for each in library.held
    )
    return held + "".join(_element(_path(each)) for each in library.files)


def script_element(text: str, attributes: str = "") -> str:
    """A classic script as an element; nothing in the text can end it early."""
    safe = re.sub(r"<(?=/script|!--|script)", r"\\x3c", text, flags=re.IGNORECASE)
    return f"<script{attributes}>{safe}</script>"


def _element(path: Path, attributes: str = "") -> str:
    text = re.sub(r"\n?//# sourceMappingURL=\S*\s*$", "", path.read_text(encoding="utf-8"))
    if path.suffix == ".js":
        return script_element(text, attributes)
    css = re.sub(r"url\((images/[^)]+)\)", lambda match: _data_url(path, match[1]), text)
    return f"<style>{css}</style>"


def _data_url(css: Path, address: str) -> str:
    picture = css.parent / Path(address).name
    if not picture.is_file():  # of what widget-leaflet.js puts something else in the place of
        return "url(data:,)"
    return f"url(data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()})"


def _path(name: str) -> Path:
    """A file of static/, whichever version of its package lies there."""
    parts = name.split("/")
    if parts[0] != "vendor":
        return STATIC / name
    (folder,) = (
        each
        for each in (STATIC / "vendor").iterdir()
        if re.fullmatch(re.escape(parts[1]) + r"-\d[\w.]*", each.name)
    )
    return folder / parts[2]
