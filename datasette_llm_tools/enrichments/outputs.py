"""Output columns of an enrichment: their types, as JSON schema and as SQLite stores them.

Values are kept as JSON has them (a date is its ISO text) until they are written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..errors import BadInput
from ..sql_names import fold

MOST_OUTPUTS = 50
MOST_LABELS = 500
MOST_NAME_CHARACTERS = 200
MOST_DESCRIPTION_CHARACTERS = 5_000
_INTEGERS = (-(2**63), 2**63 - 1)  # what SQLite can hold
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # not UTF-8, or the end of a text in SQLite


class OutputType(str, Enum):
    """What an output holds."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    JSON = "json"
    LABEL = "label"  # one of a list


@dataclass(frozen=True, slots=True)
class Output:
    """One column that an enrichment fills.

    `minimum` and `maximum` are of numbers, `max_length` is characters of text.
    An `optional` output may be NULL where the row does not say.
    """

    name: str
    type: OutputType = OutputType.TEXT
    description: str = ""
    labels: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    optional: bool = False


_JSON_TYPES: dict[OutputType, list[str]] = {
    OutputType.TEXT: ["string"],
    OutputType.INTEGER: ["integer"],
    OutputType.FLOAT: ["number"],
    OutputType.BOOLEAN: ["boolean"],
    OutputType.DATE: ["string"],
    OutputType.JSON: ["object", "array", "string", "number", "boolean"],
    OutputType.LABEL: ["string"],
}
_SQLITE_TYPES = {
    OutputType.INTEGER: "INTEGER",
    OutputType.FLOAT: "REAL",
    OutputType.BOOLEAN: "INTEGER",
}
NUMBERS = (OutputType.INTEGER, OutputType.FLOAT)


def check_outputs(outputs: Sequence[Output]) -> None:
    """Raise BadInput where these cannot be the outputs of an enrichment."""
    if not outputs:
        raise BadInput("Name at least one output: a column to fill, and its type.")
    if len(outputs) > MOST_OUTPUTS:
        raise BadInput(f"There are {len(outputs)} outputs; {MOST_OUTPUTS} is the most.")
    seen: set[str] = set()
    for output in outputs:
        _check_name(output.name)
        if fold(output.name) in seen:
            raise BadInput(f"Two outputs are called {output.name}; give one another name.")
        seen.add(fold(output.name))
        _check_limits(output)
        _check_labels(output)


def _check_name(name: str) -> None:
    if not name.strip():
        raise BadInput("An output has no name; name the column that it fills.")
    if name != name.strip() or _CONTROL.search(name) or len(name) > MOST_NAME_CHARACTERS:
        raise BadInput(
            f"{shown(name)} cannot be the name of an output: at most {MOST_NAME_CHARACTERS} "
            "characters, no line breaks, and no spaces at its ends."
        )


def _check_limits(output: Output) -> None:
    limits = [each for each in (output.minimum, output.maximum) if each is not None]
    if limits and output.type not in NUMBERS:
        raise BadInput(f"{output.name}: only integers and floats have a least and a most.")
    if not all(map(math.isfinite, limits)) or limits != sorted(limits):
        raise BadInput(f"{output.name}: give a least that is not above the most.")
    if output.max_length is not None and output.type is not OutputType.TEXT:
        raise BadInput(f"{output.name}: only text has a longest length.")
    if output.max_length is not None and output.max_length < 1:
        raise BadInput(f"{output.name}: the longest length must be at least 1.")
    if len(output.description) > MOST_DESCRIPTION_CHARACTERS or _UNSTORABLE.search(
        output.description
    ):
        raise BadInput(
            f"{output.name}: describe it in at most {MOST_DESCRIPTION_CHARACTERS:,} characters."
        )


def _check_labels(output: Output) -> None:
    labels = output.labels
    if output.type is not OutputType.LABEL:
        if labels:
            raise BadInput(f"{output.name}: only an output of the type label has labels.")
        return
    if not 1 <= len(labels) <= MOST_LABELS:
        raise BadInput(f"{output.name}: give one to {MOST_LABELS} labels to choose from.")
    if len(set(labels)) < len(labels):
        raise BadInput(f"{output.name}: a label is there twice; leave one out.")
    if output.optional and "null" in labels:
        raise BadInput(f"{output.name}: it may be NULL already; leave the label null out.")
    for label in labels:
        if not label or label != label.strip() or len(label) > MOST_NAME_CHARACTERS:
            raise BadInput(
                f"{output.name}: a label has 1 to {MOST_NAME_CHARACTERS} characters "
                "and no spaces at its ends."
            )
        if _CONTROL.search(label):
            raise BadInput(f"{output.name}: the label {shown(label)} is more than one line.")


def json_schema(outputs: Sequence[Output]) -> dict[str, Any]:
    """The JSON schema of one reply: an object with every output and nothing else.

    An optional output must be there as well, and may be null.
    """
    return {
        "type": "object",
        "properties": {output.name: _property(output) for output in outputs},
        "required": [output.name for output in outputs],
        "additionalProperties": False,
    }


def _property(output: Output) -> dict[str, Any]:
    types = [*_JSON_TYPES[output.type], *(["null"] if output.optional else [])]
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    if output.description:
        schema["description"] = output.description
    if output.type is OutputType.LABEL:
        schema["enum"] = [*output.labels, *([None] if output.optional else [])]
    if output.type is OutputType.DATE:
        schema["format"] = "date"
    if output.max_length is not None:
        schema["maxLength"] = output.max_length
    for key in ("minimum", "maximum"):
        limit = getattr(output, key)
        if limit is not None:
            whole = output.type is OutputType.INTEGER and limit == int(limit)
            schema[key] = int(limit) if whole else limit
    return schema


def is_plain(output: Output, value: object) -> bool:
    """Whether a value fits its schema beyond doubt, told 20 times sooner than by the schema."""
    if output.type is OutputType.TEXT:
        return type(value) is str and (output.max_length is None or len(value) <= output.max_length)
    if output.type is OutputType.LABEL:
        return type(value) is str and value in output.labels
    return output.type is OutputType.BOOLEAN and type(value) is bool


def storable(output: Output, value: Any) -> Any:
    """A value that fits the schema, as it is kept: 3.0 is the integer 3, 3 the float 3.0.

    Raises BadInput for what fits the schema and that SQLite could not hold.
    """
    if value is None:
        return None
    if output.type is OutputType.INTEGER:
        if not _INTEGERS[0] <= value <= _INTEGERS[1]:
            raise BadInput(f"{output.name} is a number too large to be stored.")
        return int(value)
    if output.type is OutputType.FLOAT:
        number = float(value) if abs(value) < 1e308 else math.inf
        if not math.isfinite(number):
            raise BadInput(f"{output.name} is a number too large to be stored.")
        return number
    if output.type is not OutputType.BOOLEAN:
        text = _in_json(output, value) if output.type is OutputType.JSON else value
        if _UNSTORABLE.search(text):
            raise BadInput(f"{output.name} holds characters that cannot be stored.")
    return value


def sqlite_type(output: Output) -> str:
    """The type of the column in SQL."""
    return _SQLITE_TYPES.get(output.type, "TEXT")


def to_sqlite(output: Output, value: Any) -> str | int | float | None:
    """A storable value as it goes into the column: booleans as 0 or 1, JSON as its text."""
    if value is None:
        return None
    if output.type is OutputType.BOOLEAN:
        return int(value)
    if output.type is OutputType.JSON:
        return _in_json(output, value)
    stored: str | int | float = value
    return stored


def _in_json(output: Output, value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{output.name} holds what JSON cannot hold, or is nested too deep.") from (
            error
        )


def output_json(output: Output) -> dict[str, Any]:
    """An output as a JSON object, without what is as by default."""
    said: dict[str, Any] = {"name": output.name, "type": output.type.value}
    for key in ("description", "minimum", "maximum", "max_length", "optional"):
        if getattr(output, key):
            said[key] = getattr(output, key)
    for key in ("minimum", "maximum"):
        if getattr(output, key) == 0:
            said[key] = 0
    if output.labels:
        said["labels"] = list(output.labels)
    return said


def output_from_json(said: object) -> Output:
    """The output that output_json() wrote or a page sent; BadInput names what is wrong."""
    if not isinstance(said, Mapping):
        raise BadInput("An output must be a JSON object with a name and a type.")
    for key in said:
        if key not in _KINDS:
            raise BadInput(f"An output has no {shown(key)}; it has {', '.join(_KINDS)}.")
    for key, kinds in _KINDS.items():
        value = said.get(key)
        if value is not None and (
            not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)
        ):
            raise BadInput(f"The {key} of an output cannot be {shown(value)}.")
    labels = said.get("labels") or ()
    if not all(isinstance(label, str) for label in labels):
        raise BadInput("The labels of an output must be text.")
    try:
        kind = OutputType(said.get("type") or "text")
    except ValueError as error:
        raise BadInput(
            f"There is no type {shown(said['type'])}; there are "
            f"{', '.join(each.value for each in OutputType)}."
        ) from error
    return Output(
        name=said.get("name") or "",
        type=kind,
        description=said.get("description") or "",
        labels=tuple(labels),
        minimum=said.get("minimum"),
        maximum=said.get("maximum"),
        max_length=said.get("max_length"),
        optional=said.get("optional") or False,
    )


_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "type": (str,),
    "description": (str,),
    "labels": (list, tuple),
    "minimum": (int, float),
    "maximum": (int, float),
    "max_length": (int,),
    "optional": (bool,),
}


def shown(value: object) -> str:
    """A value of anybody's in a message: on one line, and not long."""
    return _CONTROL.sub(" ", value if isinstance(value, str) else repr(value))[:80]
