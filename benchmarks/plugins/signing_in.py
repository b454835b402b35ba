"""Signs in whoever sends `x-benchmark-actor`; for benchmarks with a real model."""

from __future__ import annotations

from typing import Any

from datasette import hookimpl


@hookimpl
def actor_from_request(datasette: Any, request: Any) -> dict[str, str] | None:
    name = request.headers.get("x-benchmark-actor")
    return {"id": name} if name else None
