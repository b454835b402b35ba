"""A model's reply to a step: JSON to a thought and an action, whole or while it is written. Pure.

What a schema promises is checked all the same: not every model keeps to it, and some take none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .values import Action, Claim, Tool

_THOUGHT_CHARACTERS = 500
_CLAIM_CHARACTERS = 1000
_MOST_CLAIMS = 12
_MOST_NAMES = 20

_DECODER = json.JSONDecoder(strict=False)
# A string of one of these keys, closed or not; a quote inside another string is escaped there.
_WRITTEN = re.compile(r'"(thought|sql|text|reason)"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_HALF_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*)\\u[0-9a-fA-F]{0,3}$")
_PARTS = {"thought": "thought", "sql": "sql", "text": "answer", "reason": "answer"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says. Without an `action` there is an `error`: what is wrong, for the model."""

    thought: str = ""
    action: Action | None = None
    error: str | None = None


class ReplyStream:
    """Shows thought, SQL and answer while the JSON around them is written."""

    def __init__(self) -> None:
        self.reply = ""
        self._shown: list[str] = []
        self._is_answering = False

    def feed(self, chunk: str) -> Iterator[tuple[str, str]]:
        """Take a piece of the reply; yield (part, text) for what can be read in addition."""
        self.reply += chunk
        for number, match in enumerate(_WRITTEN.finditer(self.reply)):
            if number == len(self._shown):
                self._shown.append("")
            shown, text = self._shown[number], _unescaped(match[2])
            if len(text) > len(shown) and text.startswith(shown):
                self._shown[number] = text
                yield self._part(match[1], text[len(shown) :], is_first=not shown)

    def _part(self, key: str, delta: str, *, is_first: bool) -> tuple[str, str]:
        """Sentences of an answer are strings of their own, with a space between them."""
        part = _PARTS[key]
        if part == "answer" and is_first:
            delta = f" {delta}" if self._is_answering else delta
            self._is_answering = True
        return part, delta


def read_reply(reply: str) -> Reading:
    """Read a reply; a thought is kept even where the action is not to be understood."""
    start = reply.find("{")
    if start < 0:
        return Reading(error="The reply held no JSON object.")
    try:
        value, _ = _DECODER.raw_decode(reply, start)
    except (ValueError, RecursionError):
        return Reading(error="The reply was not one whole JSON object; keep it short.")
    thought = _text(value.get("thought"))[:_THOUGHT_CHARACTERS]
    asked = value.get("action", value)
    if not isinstance(asked, dict) or "tool" not in asked:
        return Reading(thought, error='The reply has no "action" with a "tool".')
    try:
        tool = Tool(asked["tool"])
    except ValueError:
        tools = ", ".join(each.value for each in Tool)
        return Reading(thought, error=f"There is no such tool; the tools are {tools}.")
    action = _action(tool, asked)
    missing = _missing(action)
    if missing:
        return Reading(thought, error=f'The action "{tool.value}" needs {missing}.')
    return Reading(thought, action)


def _action(tool: Tool, asked: Mapping[str, Any]) -> Action:
    names = asked.get("names")
    return Action(
        tool,
        sql=_text(asked.get("sql")).strip().rstrip(";").rstrip(),
        table=_line(asked.get("table")),
        column=_line(asked.get("column")),
        like=_line(asked.get("like"))[:100],
        names=tuple(map(_line, names))[:_MOST_NAMES] if isinstance(names, list) else (),
        claims=tuple(_claims(asked.get("claims"))),
        reason=_line(asked.get("reason"))[:_CLAIM_CHARACTERS],
    )


def _missing(action: Action) -> str:
    """What an action lacks, in words; empty where it has everything."""
    match action.tool:
        case Tool.SQL if not action.sql:
            return '"sql", one SELECT statement'
        case Tool.VALUES if not (action.table and action.column):
            return '"table" and "column"'
        case Tool.ANSWER if not action.claims:
            return '"claims", each with "text" and "steps"'
    return ""


def _claims(value: Any) -> Iterator[Claim]:
    for each in value[:_MOST_CLAIMS] if isinstance(value, list) else ():
        text = _line(each.get("text")) if isinstance(each, dict) else ""
        if not text:
            continue
        steps = each.get("steps")
        numbers = steps if isinstance(steps, list) else [steps]
        known = (number for number in numbers if type(number) is int)
        yield Claim(text[:_CLAIM_CHARACTERS], tuple(dict.fromkeys(known)))


def _text(value: Any) -> str:
    """Text that can be stored: JSON may spell half a surrogate pair."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _line(value: Any) -> str:
    return " ".join(_text(value).split())


def _unescaped(raw: str) -> str:
    """The text of a JSON string that may not be whole yet."""
    whole = _HALF_ESCAPE.sub(r"\1", raw)
    try:
        text = str(json.loads(f'"{whole}"', strict=False))
    except ValueError:
        return ""
    is_half_pair = "\ud800" <= text[-1:] <= "\udbff"
    return _text(text[:-1] if is_half_pair else text)
