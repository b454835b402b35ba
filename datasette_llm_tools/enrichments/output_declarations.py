"""Outputs as people type them: `NAME:TYPE`, with limits in parentheses."""

from __future__ import annotations

import re
from typing import Any

from ..errors import BadInput
from .outputs import NUMBERS, Output, OutputType, check_outputs, shown

_DECLARATION = re.compile(
    r"(?P<name>.+?):(?P<type>text|integer|float|boolean|date|json|label)(?P<rest>[?(\s].*)?",
    re.DOTALL,
)
_HOW = (
    "Write NAME:TYPE, where TYPE is text, text(200), integer, integer(1..5), float, float(0..1), "
    "boolean, date, json or label(one|another), with ? behind it if it may be NULL."
)


def parse_output(text: str) -> Output:
    """An output from `NAME:TYPE`, with `?` if it may be NULL, and a description behind a space.

    `text(200)` limits the length, `integer(1..5)` and `float(0..1)` the range, and
    `label(one|another)` names the labels. Raises BadInput with how to write it.
    """
    match = _DECLARATION.fullmatch(text.strip())
    if not match:
        raise BadInput(f"{shown(text)} is no output. {_HOW}")
    arguments, rest = _in_parentheses(match["rest"] or "")
    if rest[:1] not in ("", "?") and not rest[0].isspace():
        raise BadInput(f"{shown(text)} is no output. {_HOW}")
    kind = OutputType(match["type"])
    try:
        limits = _limits(kind, arguments)
    except ValueError as error:
        raise BadInput(f"{shown(text)}: ({arguments}) fits no {kind.value}. {_HOW}") from error
    output = Output(
        name=match["name"].strip(),
        type=kind,
        description=rest.removeprefix("?").strip(),
        optional=rest.startswith("?"),
        **limits,
    )
    check_outputs([output])
    return output


def _in_parentheses(text: str) -> tuple[str | None, str]:
    """What stands between an opening parenthesis at the start and the one that closes it."""
    if not text.startswith("("):
        return None, text
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:position], text[position + 1 :]
    raise BadInput(f"A parenthesis is not closed in {shown(text)}. {_HOW}")


def _limits(kind: OutputType, arguments: str | None) -> dict[str, Any]:
    """Fields of an Output; ValueError where a type cannot have these arguments."""
    if arguments is None:
        return {}
    if kind is OutputType.LABEL:
        return {"labels": tuple(label.strip() for label in arguments.split("|"))}
    if kind is OutputType.TEXT:
        return {"max_length": int(arguments)}
    if kind not in NUMBERS:
        raise ValueError
    number = int if kind is OutputType.INTEGER else float
    least, dots, most = arguments.partition("..")
    if not dots:
        raise ValueError
    return {
        "minimum": number(least) if least.strip() else None,
        "maximum": number(most) if most.strip() else None,
    }
