"""A value of an output as the text of a form's field, and back. Pure."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from ...errors import BadInput
from ..outputs import Output, OutputType, json_schema, storable
from ..values import Value

_WORDS = {"true": True, "false": False}


def as_text(output: Output, value: Any) -> str:
    """A value as a person reads and edits it; NULL is the empty text."""
    if value is None:
        return ""
    if output.type is OutputType.JSON:
        return json.dumps(value, ensure_ascii=False, indent=2)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def from_text(output: Output, text: str) -> Any:
    """The value that somebody wrote. Raises BadInput, naming the output, where it does not fit.

    An empty field is NULL where the output is optional.
    """
    text = text.replace("\r\n", "\n")
    if output.optional and not text.strip():
        return None
    try:
        value = _value(output, text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{output.name}: “{text[:80]}” is not {_WANTED[output.type]}.") from error
    schema = json_schema([output])["properties"][output.name]
    wrong = best_match(
        Draft202012Validator(schema, format_checker=FormatChecker(["date"])).iter_errors(value)
    )
    if wrong is not None:
        raise BadInput(f"{output.name}: {wrong.message[:200]}.")
    return storable(output, value)


def same(output: Output, value: Any, text: str) -> bool:
    """Whether a field still says what it said; browsers change how lines end."""
    return as_text(output, value).replace("\r\n", "\n") == text.replace("\r\n", "\n")


def is_same_cell(cell: Value, stored: Value) -> bool:
    """Whether a cell holds what was stored; the column's affinity may have changed its type."""
    return cell == stored or (cell is not None and stored is not None and str(cell) == str(stored))


_WANTED = {
    OutputType.TEXT: "text",
    OutputType.INTEGER: "a whole number",
    OutputType.FLOAT: "a number",
    OutputType.BOOLEAN: "true or false",
    OutputType.DATE: "a date as 2024-12-31",
    OutputType.JSON: "JSON",
    OutputType.LABEL: "one of the labels",
}


def _value(output: Output, text: str) -> Any:
    """The text as a value of the output's type; ValueError where it is none."""
    if output.type in (OutputType.TEXT, OutputType.LABEL):
        return text
    stripped = text.strip()
    if output.type is OutputType.INTEGER:
        return int(stripped)
    if output.type is OutputType.FLOAT:
        return float(stripped)
    if output.type is OutputType.BOOLEAN:
        if stripped.lower() not in _WORDS:
            raise ValueError
        return _WORDS[stripped.lower()]
    if output.type is OutputType.DATE:
        return date.fromisoformat(stripped).isoformat()
    return json.loads(stripped)
