"""Times as people read them. Pure."""

from __future__ import annotations

from datetime import datetime, timezone


def said_time(at: str | None) -> str | None:
    """ISO 8601 as “12 May 2024, 14:03 UTC”; what is no time, as it stands."""
    if not at:
        return None
    try:
        time = datetime.fromisoformat(at.replace("Z", "+00:00"))
    except ValueError:
        return at
    utc = time.astimezone(timezone.utc) if time.tzinfo else time
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"
