"""The whole document of a frame: the bridge first, then libraries, then the widget's own HTML.

The bridge must be the first script that runs: it takes what it needs before a widget could put
something else in its place.
"""

from __future__ import annotations

from functools import cache, lru_cache

from .documents import Rebuilt
from .libraries import STATIC, in_order, inlined, script_element

_DOCTYPE = "<!DOCTYPE html>"

# What a frame may do; security.md says why each is there. `webrtc` is for browsers that know it.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src 'none'; frame-src 'none'; "
    "child-src 'none'; worker-src 'none'; object-src 'none'; media-src 'none'; "
    "manifest-src 'none'; form-action 'none'; base-uri 'none'; webrtc 'block'"
)


@cache
def port_script() -> str:
    """What gets a widget its rows from the page around it; see static/widget-port.js."""
    return (STATIC / "widget-port.js").read_text(encoding="utf-8")


@lru_cache(maxsize=2)
def _head(rows: str) -> str:
    bridge = (STATIC / "widget-bridge.js").read_text(encoding="utf-8")
    # One strict block: what the two declare is seen by nothing that comes later.
    return script_element('"use strict";{' + rows + "\n" + bridge + "}")


def framed(rebuilt: Rebuilt, rows: str | None = None) -> str:
    """A checked document with all that it needs, as one text.

    `rows` is a script that declares `function connect(receive)`, where rows come from: from the
    page around the frame unless it is given.
    """
    head = _head(rows or port_script())
    libraries = "".join(map(inlined, in_order(rebuilt.libraries)))
    return _DOCTYPE + head + libraries + rebuilt.html.removeprefix(_DOCTYPE)
