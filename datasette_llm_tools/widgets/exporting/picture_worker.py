"""The process that draws one picture for pictures.py, and may be killed at any moment.

Started as a script; loads the standard library and vl_convert only. Standard input is a JSON
object with `spec` (Vega-Lite with its rows) or `svg`, `type` ("svg" or "png"), `scale` and
`memory_bytes`; standard output is the picture. Exit code 2: the reason is on standard error.
A process of its own because vl_convert holds Python's lock for as long as it draws.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

sys.path.pop(0)  # this folder: its modules are none of this process's

import vl_convert

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]  # a module or nothing

_VERSION = "6.4"
# Elements that lead out of a picture. In text and attributes `<` is escaped, so data cannot
# bring one in. allowed_base_urls holds for data only: a PNG would fetch the images of its SVG.
_OUTWARD = re.compile(r"<(image|a|use|foreignObject|script|style|iframe|feImage)\b", re.IGNORECASE)


def picture(request: dict[str, Any]) -> bytes:
    """Draw without any request; raises ValueError with a reason."""
    svg = request.get("svg") or vl_convert.vegalite_to_svg(
        json.dumps(request["spec"]), vl_version=_VERSION, allowed_base_urls=[]
    )
    found = _OUTWARD.search(svg)
    if found:
        raise ValueError(f"The picture holds the element {found[1]}.")
    if request["type"] == "svg":
        return svg.encode()
    return vl_convert.svg_to_png(svg, scale=request["scale"])


def limit_memory(most_bytes: int) -> None:
    """Bound what this process may fill; V8 reserves more addresses than any machine has memory."""
    if resource is None:
        return
    for limit, most in ((resource.RLIMIT_DATA, most_bytes), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))
        except (ValueError, OSError):
            continue  # macOS refuses the first


def main() -> int:
    request = json.load(sys.stdin)
    limit_memory(request["memory_bytes"])
    try:
        drawn = picture(request)
    except ValueError as error:
        sys.stderr.write(str(error))
        return 2
    sys.stdout.buffer.write(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
