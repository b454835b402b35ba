"""What is kept of an answer beside its columns, and read again as it was: JSON. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from ..prompt import Usage
from .agreeing.values import Escalation, kept_asked_back, read_asked_back
from .investigating.values import kept, read_kept
from .pairs import PairUsed
from .values import Agreement, Answer, Attempt, Call, Group, Timing


def kept_details(answer: Answer) -> str:
    """An answer as JSON: all but the rows and what has a column of its own."""
    plain = ("tables", "columns", "row_count", "truncated", "unfounded")
    return json.dumps(
        {
            **{name: getattr(answer, name) for name in plain},
            "attempts": [asdict(each) for each in answer.attempts],
            "agreement": asdict(answer.agreement) if answer.agreement else None,
            "pair": asdict(answer.pair) if answer.pair else None,
            "asked_back": kept_asked_back(answer.asked_back) if answer.asked_back else None,
            "escalation": asdict(answer.escalation) if answer.escalation else None,
            "calls": [asdict(each) for each in answer.calls],
            "timings": [asdict(each) for each in answer.timings],
            **_investigated(answer),
        }
    )


def _investigated(answer: Answer) -> dict[str, Any]:
    investigation = answer.investigation
    return {"investigation": kept(investigation)} if investigation else {}


def with_details(answer: Answer, text: str) -> Answer:
    """The answer with what `kept_details` made of it."""
    details = json.loads(text)
    return replace(
        answer,
        tables=tuple(details.get("tables", ())),
        columns=tuple(details.get("columns", ())),
        row_count=details.get("row_count"),
        truncated=bool(details.get("truncated")),
        unfounded=tuple(details.get("unfounded", ())),
        attempts=tuple(map(_attempt, details.get("attempts", ()))),
        agreement=_agreement(details.get("agreement")),
        pair=_pair(details.get("pair")),
        asked_back=read_asked_back(details.get("asked_back")),
        escalation=Escalation(**details["escalation"]) if details.get("escalation") else None,
        calls=tuple(map(_call, details.get("calls", ()))),
        timings=tuple(Timing(**each) for each in details.get("timings", ())),
        investigation=read_kept(details["investigation"]) if "investigation" in details else None,
    )


def _call(kept: dict[str, Any]) -> Call:
    messages, usage = tuple(kept["messages"]), Usage(**kept["usage"])
    return Call(**{**kept, "messages": messages, "usage": usage})


def _attempt(kept: dict[str, Any]) -> Attempt:
    return Attempt(**{**kept, "changes": tuple(kept.get("changes", ()))})


def _agreement(kept: dict[str, Any] | None) -> Agreement | None:
    if kept is None:
        return None
    groups = (
        Group(**{name: _tuple(value) for name, value in each.items()}) for each in kept["groups"]
    )
    return Agreement(kept["asked"], tuple(groups), kept["failed"])


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _pair(kept: dict[str, Any] | None) -> PairUsed | None:
    return PairUsed(**{**kept, "values": tuple(map(tuple, kept["values"]))}) if kept else None
