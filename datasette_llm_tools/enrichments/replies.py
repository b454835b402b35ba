"""A model's reply to values that fit the outputs, or what is wrong with it. Pure.

Every reply is checked here, whatever the model promises of schemas and grammars.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import json_repair
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from ..errors import BadInput, ModelFailed
from .outputs import Output, OutputType, is_plain, json_schema, storable

MOST_REPLY_CHARACTERS = 1_000_000
_MOST_REPAIRED_CHARACTERS = 20_000  # mending takes time that grows faster than the text
_MOST_REPAIRED_DEPTH = 50
UNSURE_MARK = " ?"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*("?)', re.DOTALL)  # to the end where it is not closed
_FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)\s*(?:```)?", re.DOTALL)


class InvalidReply(ModelFailed):
    """A reply that does not fit the outputs; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a valid reply says: every output by name, and whether the model was unsure."""

    values: dict[str, Any]
    unsure: bool = False


class Replies:
    """Reads replies for some outputs; `schema` and `batch_schema` are what to ask for.

    `asks_unsure`: replies also say whether the model is unsure, under `unsure_key`.
    `mends`: JSON that is nearly right is mended, for models that know no schema. `bare`:
    a grammar holds the model to bare labels where the only output is one, `bare_label`;
    `most_tokens` are then enough to tell which.
    """

    def __init__(
        self, outputs: Sequence[Output], *, asks_unsure: bool, mends: bool, bare: bool = False
    ) -> None:
        self._outputs = tuple(outputs)
        self._mends = mends
        names = {output.name for output in outputs}
        self.unsure_key = _free_name("unsure", names) if asks_unsure else None
        self.id_key = _free_name("id", names)
        self.schema = json_schema(outputs)
        if self.unsure_key:
            self.schema["properties"][self.unsure_key] = {"type": "boolean"}
            self.schema["required"].append(self.unsure_key)
        self.batch_schema = self._schema_of_batch()
        self._validator = Draft202012Validator(self.schema, format_checker=FormatChecker(["date"]))
        only = self._outputs[0] if len(self._outputs) == 1 else None
        self._only_label = only if only and only.type is OutputType.LABEL else None
        self.bare_label = self._only_label if bare else None
        self.most_tokens = self._most_tokens() if self.bare_label else None

    def parse(self, reply: str) -> Parsed:
        """The values in a reply: a JSON object, or a bare label. Raises InvalidReply."""
        if self._only_label:
            said = self._label(self._only_label, reply.strip())
            if said:
                return said
        return self._parsed(self._json(reply))

    def parse_batch(self, reply: str, ids: Iterable[str]) -> dict[str, Parsed | InvalidReply]:
        """What a reply says of each row; one that is missing, there twice or wrong fails alone."""
        missing = set(ids)
        wanted = frozenset(missing)
        found: dict[str, Parsed | InvalidReply] = {}
        try:
            said = self._json(reply)
            rows = said.get("rows") if isinstance(said, dict) else said
            if not isinstance(rows, list):
                raise InvalidReply('The reply is no JSON object with a list "rows".')
        except InvalidReply as error:
            return {each: InvalidReply(str(error)) for each in wanted}
        for row in rows:
            name = row.pop(self.id_key, None) if isinstance(row, dict) else None
            if not isinstance(name, str) or name not in wanted:
                continue  # no row of ours; the row that it was meant for counts as missing
            if name not in missing:
                found[name] = InvalidReply("The reply has this row more than once.")
                continue
            missing.discard(name)
            try:
                found[name] = self._parsed(row)
            except InvalidReply as error:
                found[name] = error
        return found | {name: InvalidReply("The reply leaves this row out.") for name in missing}

    def _parsed(self, said: object) -> Parsed:
        try:
            if not (self._is_plain(said) or self._validator.is_valid(said)):
                raise InvalidReply(self._complaint(said))
        except RecursionError as error:
            raise InvalidReply("The reply is nested too deep.") from error
        assert isinstance(said, dict)  # the schema says so
        unsure = bool(said.pop(self.unsure_key)) if self.unsure_key else False
        try:
            values = {each.name: storable(each, said[each.name]) for each in self._outputs}
        except BadInput as error:
            raise InvalidReply(str(error)) from error
        return Parsed(values, unsure)

    def _is_plain(self, said: object) -> bool:
        """Whether there is no need to ask the schema: a tenth of what a row takes."""
        return (
            isinstance(said, dict)
            and self.unsure_key is None
            and len(said) == len(self._outputs)
            and all(each.name in said and is_plain(each, said[each.name]) for each in self._outputs)
        )

    def _complaint(self, said: object) -> str:
        error = best_match(self._validator.iter_errors(said))
        if not isinstance(said, dict):
            return "The reply is JSON, but no JSON object."
        if error.path:
            output = next((each for each in self._outputs if each.name == error.path[0]), None)
            wanted = what(output) if output else "true or false"
            return f"{error.path[0]} must be {wanted}, not {_shown(error.instance)}."
        missing = [name for name in self.schema["required"] if name not in said]
        if missing:
            return f"The reply lacks {', '.join(missing)}."
        extra = [str(name)[:50] for name in said if name not in self.schema["properties"]]
        return f"The reply has {', '.join(extra[:5])}, which nobody asked for."

    def _label(self, output: Output, text: str) -> Parsed | None:
        if text in output.labels:
            return Parsed({output.name: text})
        if output.optional and text == "null":
            return Parsed({output.name: None})
        if self.unsure_key:
            sure = text.removesuffix(UNSURE_MARK)
            found = self._label(output, sure) if sure != text else None
            return Parsed(found.values, unsure=True) if found else None
        return self._begun_label(output, text.removesuffix("\ufffd")) if self.bare_label else None

    def _begun_label(self, output: Output, text: str) -> Parsed | None:
        """The one label that begins so: `most_tokens` end the reply as soon as it is certain."""
        begun = [each for each in spoken_labels(output) if text and each.startswith(text)]
        return self._label(output, begun[0]) if len(begun) == 1 else None

    def _most_tokens(self) -> int:
        """Tokens after which a label is certain; a token is at least a byte.

        Each token of a small model takes time: what can only be the rest of a label is
        not waited for. Whether the mark of the unsure follows is known at the end alone.
        """
        assert self.bare_label is not None
        names = sorted(spoken_labels(self.bare_label))
        if self.unsure_key:
            return max(len(each.encode()) for each in names) + len(UNSURE_MARK) + 1
        shared = max((_alike(*pair) for pair in itertools.pairwise(names)), default=0)
        return max(len(each[: shared + 1].encode()) for each in names)

    def _json(self, reply: str) -> Any:
        """The JSON of a reply, out of a Markdown fence if need be."""
        text = reply.strip()
        if not text:
            raise InvalidReply("The reply is empty.")
        if len(text) > MOST_REPLY_CHARACTERS:
            raise InvalidReply(f"The reply has more than {MOST_REPLY_CHARACTERS:,} characters.")
        if text.startswith("```"):
            fenced = _FENCE.fullmatch(text)
            text = fenced[1] if fenced else text
        try:
            return _DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            if not self._mends:
                raise InvalidReply("The reply is not JSON.") from error
        return _mended(text)

    def _schema_of_batch(self) -> dict[str, Any]:
        row = dict(self.schema)
        row["properties"] = {self.id_key: {"type": "string"}, **self.schema["properties"]}
        row["required"] = [self.id_key, *self.schema["required"]]
        return {
            "type": "object",
            "properties": {"rows": {"type": "array", "items": row}},
            "required": ["rows"],
            "additionalProperties": False,
        }


def spoken_labels(label: Output) -> list[str]:
    """What a bare reply can be."""
    return [*label.labels, *(["null"] if label.optional else [])]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def what(output: Output) -> str:
    """What a value of an output must be, in words for a model."""
    kind = {
        OutputType.TEXT: "text",
        OutputType.INTEGER: "a whole number",
        OutputType.FLOAT: "a number",
        OutputType.BOOLEAN: "true or false",
        OutputType.DATE: 'a date as "YYYY-MM-DD"',
        OutputType.JSON: "a JSON value",
    }.get(output.type)
    if kind is None:
        kind = f"one of {', '.join(json.dumps(each, ensure_ascii=False) for each in output.labels)}"
    if output.max_length is not None:
        kind += f" of at most {output.max_length} characters"
    if output.minimum is not None:
        kind += f" from {output.minimum:.15g}"
    if output.maximum is not None:
        kind += f" up to {output.maximum:.15g}"
    return f"{kind}, or null if the data do not say" if output.optional else kind


def _mended(text: str) -> Any:
    """JSON in a text that is nearly JSON; never the beginning of one that was cut off.

    json_repair closes what is open, so half a sentence would pass for the whole, and of
    two objects it takes one.
    """
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    inner = text[start : max(text.rfind("}"), text.rfind("]")) + 1] if start >= 0 else ""
    if len(inner) > _MOST_REPAIRED_CHARACTERS:
        raise InvalidReply("The reply is not JSON, and too long to be mended.")
    if not _is_one_value(_STRING.sub(lambda found: "" if found[1] else '"', inner)):
        raise InvalidReply("The reply is not one JSON object, or it was cut off.")
    try:
        return json_repair.loads(inner)
    except (ValueError, RecursionError) as error:
        raise InvalidReply("The reply is not JSON.") from error


def _is_one_value(outside_strings: str) -> bool:
    """Whether what is opened is closed, at the end and not before, and no string is open."""
    depth = 0
    closed = 0
    for character in outside_strings:
        if character in "{[":
            depth += 1
            if depth > _MOST_REPAIRED_DEPTH:
                return False
        elif character in "}]":
            depth -= 1
            closed += depth == 0
    return depth == 0 and closed == 1 and '"' not in outside_strings


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a JSON object" if isinstance(value, dict) else "a list"
    return json.dumps(value)[:100]


def _free_name(wanted: str, taken: Mapping[str, Any] | set[str]) -> str:
    """A key that no output has."""
    while wanted in taken:
        wanted = f"_{wanted}"
    return wanted


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
