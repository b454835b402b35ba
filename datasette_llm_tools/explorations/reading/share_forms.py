"""What is posted to share and publish, as values. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ...errors import BadInput
from ..values import Mode, Sharing

_MOST_PEOPLE = 1000
_MOST_CHARACTERS = 200  # of an actor's id
_MOST_DAYS = 3660


def sharing_from(form: Mapping[str, Any], before: Sharing) -> Sharing:
    """Who may read, from {public, people, mode}; what is not there stays. Raises BadInput.

    `people` are ids of actors: a list, or a text with one on each line or commas between them.
    """
    sharing = before
    if "public" in form:
        sharing = replace(sharing, public=str(form["public"]).lower() in ("1", "true", "on"))
    if "people" in form:
        sharing = replace(sharing, people=_people(form["people"]))
    if form.get("mode"):
        try:
            sharing = replace(sharing, mode=Mode(form["mode"]))
        except ValueError as error:
            raise BadInput("mode must be live or snapshot.") from error
    return sharing


def _people(given: Any) -> tuple[str, ...]:
    names = given if isinstance(given, list) else re.split(r"[,\n]", str(given or ""))
    tidy = [str(each).strip() for each in names]
    found = tuple(dict.fromkeys(filter(None, tidy)))
    if len(found) > _MOST_PEOPLE or any(len(each) > _MOST_CHARACTERS for each in found):
        raise BadInput(
            f"people may be {_MOST_PEOPLE:,} ids of at most {_MOST_CHARACTERS} characters each."
        )
    return found


def expiry_from(form: Mapping[str, Any], at: datetime | None = None) -> str | None:
    """When a link expires, from `expires`: a number of days, a date or a time, or nothing for
    never. ISO 8601 in UTC, as it is kept. Raises BadInput."""
    given = str(form.get("expires") or "").strip()
    if not given:
        return None
    today = at or datetime.now(timezone.utc)
    if re.fullmatch(r"[0-9]{1,4}", given):
        days = int(given)
        if not 1 <= days <= _MOST_DAYS:
            raise BadInput(f"A link may be open for 1 to {_MOST_DAYS:,} days.")
        return _kept(today + timedelta(days=days))
    try:
        time = datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError as error:
        raise BadInput("expires must be a number of days, or a date such as 2030-12-31.") from error
    time = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    if time <= today:
        raise BadInput("That time is over already: such a link would open nothing.")
    return _kept(time)


def _kept(time: datetime) -> str:
    return time.astimezone(timezone.utc).isoformat(timespec="milliseconds")
