"""Times as people read them, in UTC: one way in prose and lists, a brief one in dense tables.

`said_time` and `said_day` are filters of templates, too, where they come as <time> elements. Pure.
"""

from __future__ import annotations

from datetime import datetime, timezone

from markupsafe import Markup


def said_time(at: str | None, *, brief: bool = False) -> str | None:
    """ISO 8601 as “12 May 2024, 14:03 UTC”, or brief as “2024-05-12 14:03 UTC”; what is no time,
    as it stands."""
    time = _read(at)
    if time is None:
        return at or None
    return f"{time:%Y-%m-%d %H:%M} UTC" if brief else f"{time.day} {time:%B %Y, %H:%M} UTC"


def said_day(at: str | None) -> str:
    """The day of an ISO 8601 time as “12 May 2024”; what is no time, as it begins."""
    time = _read(at)
    return (at or "")[:10] if time is None else f"{time.day} {time:%B %Y}"


def time_element(at: str | None, *, brief: bool = False) -> Markup:
    """A time as HTML; nothing for none."""
    return _element(at, said_time(at, brief=brief))


def day_element(at: str | None) -> Markup:
    """The day of a time as HTML; nothing for none."""
    return _element(at, said_day(at))


FILTERS = {"said_time": time_element, "said_day": day_element}


def _element(at: str | None, said: str | None) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at, said) if said else Markup("")


def _read(at: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat((at or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return time.astimezone(timezone.utc) if time.tzinfo else time
