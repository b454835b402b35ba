"""Pictures of charts without a browser: SVG and PNG, by the extra `pictures` (vl-convert-python).

Nothing is fetched: a spec that names an address is refused here, the converter is given none
that it may ask, and what it made is looked through before it becomes a PNG (picture_worker.py).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from ...errors import BadInput, LimitReached, NotInstalled
from .picture_theme import THEME, themed

PictureType = Literal["svg", "png"]

_WORKER = Path(__file__).with_name("picture_worker.py")
_SECONDS = 30.0
_MEMORY_BYTES = 1_500_000_000
_MOST_BYTES = 25_000_000
_AT_ONCE = 2
_HEIGHT = 400
_PNG_SCALE = 2.0  # so that it is sharp on screens of today
_ADDRESSES = {"url", "href"}
_UNDRAWABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def can_draw() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("vl_convert") is not None


async def picture(
    vega_lite: Mapping[str, Any],
    fields: Sequence[str],
    rows: Sequence[Sequence[Any]],
    kind: PictureType,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> bytes:
    """Draw rows by a Vega-Lite spec whose data is called "rows".

    `fields` are the names of a row's values in the spec; `notes` are sentences that stand below
    the title, as on the page. Raises NotInstalled without the extra, BadInput for a spec that
    names an address or cannot be drawn, LimitReached when it takes too long or becomes too large.
    """
    require_extra()
    refuse_addresses(vega_lite)

    def request() -> bytes:
        spec = drawable(_whole(vega_lite, fields, rows, title, notes))
        wanted = {"type": kind, "scale": _PNG_SCALE, "memory_bytes": _MEMORY_BYTES}
        return json.dumps({"spec": spec, **wanted}).encode()

    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
    async with turns:
        return await _drawn(await asyncio.to_thread(request))


async def png_of(svg: str) -> bytes:
    """An SVG of our own as PNG, a pixel for each of its units. Raises what picture() does."""
    require_extra()
    request = json.dumps({"svg": svg, "type": "png", "scale": 1.0, "memory_bytes": _MEMORY_BYTES})
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
    async with turns:
        return await _drawn(request.encode())


def require_extra() -> None:
    """Raise NotInstalled where there are no pictures."""
    if not can_draw():
        raise NotInstalled(
            "Pictures need another package: pip install 'datasette-llm-tools[pictures]'."
        )


def refuse_addresses(spec: Any) -> None:
    """Raise BadInput where a spec, without its rows, names an address or an image."""
    if isinstance(spec, Mapping):
        mark = spec.get("mark")
        kind = mark.get("type") if isinstance(mark, Mapping) else mark
        named = sorted(_ADDRESSES & set(spec)) or (["image"] if kind == "image" else [])
        if named:
            raise BadInput(f"A chart draws rows of a query only; its spec has {named[0]}.")
        for each in spec.values():
            refuse_addresses(each)
    elif isinstance(spec, (list, tuple)):
        for each in spec:
            refuse_addresses(each)


def drawable(value: Any) -> Any:
    """A spec without the characters that XML cannot hold; the converter ends at one of them."""
    if isinstance(value, str):
        return _UNDRAWABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {drawable(key): drawable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(drawable, value))
    return value


def json_value(value: Any) -> Any:
    """A cell as JSON has it: bytes in words, and no number that JSON cannot write."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _whole(
    vega_lite: Mapping[str, Any],
    fields: Sequence[str],
    rows: Sequence[Sequence[Any]],
    title: str,
    notes: Sequence[str],
) -> dict[str, Any]:
    """The spec with rows and title, and with a size where it would fill its page."""
    named = [dict(zip(fields, map(json_value, row), strict=True)) for row in rows]
    spec = {**themed(vega_lite), "datasets": {"rows": named}}
    if spec.get("height", "container") == "container":
        spec["height"] = _HEIGHT
    if title:
        spec["title"] = {"text": title, "subtitle": list(notes)}
    elif notes:  # Vega draws no subtitle without a title
        quiet = {"fontSize": 11, "fontWeight": "normal", "color": THEME["title"]["subtitleColor"]}
        spec["title"] = {"text": list(notes), **quiet}
    return spec


async def _drawn(request: bytes) -> bytes:
    process = _started()
    # Shielded: when nobody waits any more, the process is killed, waited for, and its pipes closed.
    talking = asyncio.get_running_loop().run_in_executor(None, process.communicate, request)
    try:
        drawn, said = await asyncio.wait_for(asyncio.shield(talking), _SECONDS)
    except asyncio.TimeoutError as error:
        process.kill()
        raise LimitReached(
            f"The picture was not finished in {_SECONDS:.0f} seconds; draw fewer rows."
        ) from error
    except BaseException:
        process.kill()
        raise
    if process.returncode == 2:
        raise BadInput(f"This chart cannot become a picture: {said.decode(errors='replace')[:300]}")
    if process.returncode:
        raise LimitReached("The picture broke off, perhaps for want of memory; draw fewer rows.")
    if len(drawn) > _MOST_BYTES:
        raise LimitReached(f"The picture has more than {_MOST_BYTES:,} bytes; draw fewer rows.")
    return drawn


def _started() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    command = [sys.executable, str(_WORKER)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
