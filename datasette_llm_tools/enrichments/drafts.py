"""What a person typed into the form, and what it means: a Specification and RunLimits. Pure.

A Draft keeps every field as it was typed, so that a page shows it again, whatever
is wrong with it. Programs send the same fields as JSON, with outputs as a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import BadInput
from . import forms
from .form_parts import Parts, specification_parts
from .limit_drafts import LimitsDraft, limits_from
from .output_declarations import parse_output
from .outputs import MOST_OUTPUTS, Output, OutputType, check_outputs, output_from_json
from .typed import flag_of, number, prefixed, shown_as, text_of, whole, words
from .values import Attachment, Specification

MAX_PREVIEW_ROWS = 20
_MAX_TEXT = 50_000
_CELL_CHARACTERS = 20_000


@dataclass(frozen=True)
class OutputDraft:
    """One output as it was typed; labels are separated by commas or lines."""

    name: str = ""
    type: str = "text"
    description: str = ""
    labels: str = ""
    minimum: str = ""
    maximum: str = ""
    max_length: str = ""
    optional: bool = False

    def output(self) -> Output:
        """Raises BadInput, naming the output and what is wrong with it."""
        name = self.name.strip()
        try:
            kind = OutputType(self.type)
        except ValueError as error:
            known = ", ".join(each.value for each in OutputType)
            raise BadInput(f"The output {name} has no type {self.type!r}; use {known}.") from error
        is_number = kind in (OutputType.INTEGER, OutputType.FLOAT)
        is_text = kind is OutputType.TEXT
        return Output(
            name=name,
            type=kind,
            description=self.description.strip(),
            labels=words(self.labels) if kind is OutputType.LABEL else (),
            minimum=number(self.minimum, f"The least value of {name}") if is_number else None,
            maximum=number(self.maximum, f"The largest value of {name}") if is_number else None,
            max_length=whole(self.max_length, f"The length of {name}", 1) if is_text else None,
            optional=self.optional,
        )


@dataclass(frozen=True)
class Draft:
    """The whole form. `fields` are those of a ready form, by their names there."""

    form: str = "free"
    fields: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    instructions: str = ""
    template: str = ""
    outputs: tuple[OutputDraft, ...] = (OutputDraft(),)
    model: str = ""
    fallback_model: str = ""
    temperature: str = ""
    rows_per_call: str = "1"
    use_cache: bool = True
    ask_empty: bool = False
    long_cells: str = "refuse"
    max_cell_characters: str = str(_CELL_CHARACTERS)
    attach_blobs: str = ""
    attach_urls: str = ""
    preview_rows: str = "5"
    seed: int = 1
    limits: LimitsDraft = LimitsDraft()
    overwrite: frozenset[str] = frozenset()

    def specification(self, columns: Sequence[str], default_model: str) -> Specification:
        """What is asked of each row. Raises BadInput in one sentence; checks no template."""
        instructions, template, outputs, attached = self.parts(columns)
        check_outputs(outputs)
        if not template.strip():
            raise BadInput("The prompt is empty; write what to ask of each row.")
        if max(len(template), len(instructions)) > _MAX_TEXT:
            raise BadInput(f"A prompt may have {_MAX_TEXT:,} characters at most.")
        temperature = number(self.temperature, "The temperature", least=0, most=2)
        characters = whole(self.max_cell_characters, "The length of a cell", 1, 10_000_000)
        model = self.model or default_model
        return Specification(
            template=template,
            outputs=tuple(outputs),
            model_id=model,
            form=self.form,
            instructions=instructions,
            options={} if temperature is None else {"temperature": temperature},
            fallback_model_id=None if self.fallback_model in ("", model) else self.fallback_model,
            rows_per_call=whole(self.rows_per_call, "Rows in one call", 1, 50) or 1,
            attachments=attached,
            ask_empty=self.ask_empty,
            long_cells="cut" if self.long_cells == "cut" else "refuse",
            max_cell_characters=characters or _CELL_CHARACTERS,
            use_cache=self.use_cache,
        )

    def parts(self, columns: Sequence[str]) -> Parts:
        """Instructions, template, outputs and files, of a ready form or as they were typed."""
        if self.form != "free":
            form = forms.form_named(self.form)
            return specification_parts(form, self.fields, columns)
        typed = [each for each in self.outputs if each.name.strip()]
        if not typed:
            raise BadInput("There is no output; name at least one column to fill.")
        outputs = tuple(each.output() for each in typed)
        return Parts(self.instructions, self.template, outputs, self._attachments(columns))

    def as_free(self, columns: Sequence[str]) -> Draft:
        """The prompt that a ready form makes, to be changed by hand."""
        parts = self.parts(columns)
        return replace(
            self,
            form="free",
            instructions=parts.instructions,
            template=parts.template,
            outputs=tuple(output_draft(each) for each in parts.outputs),
            attach_blobs=_columns(parts.attachments, "blob"),
            attach_urls=_columns(parts.attachments, "url"),
        )

    def preview_count(self) -> int:
        """How many rows to sample."""
        return whole(self.preview_rows, "Rows to preview", 1, MAX_PREVIEW_ROWS) or 5

    def _attachments(self, columns: Sequence[str]) -> tuple[Attachment, ...]:
        found = [
            *(Attachment(each, "blob") for each in words(self.attach_blobs)),
            *(Attachment(each, "url") for each in words(self.attach_urls)),
        ]
        for each in found:
            if each.column not in columns:
                raise BadInput(f"There is no column {each.column} to attach files from.")
        return tuple(found)


def draft_from(fields: Mapping[str, Any]) -> Draft:
    """The draft that a form or a JSON object holds. Raises BadInput for wrong kinds of values."""
    default = Draft()

    def text(name: str, otherwise: str = "") -> str:
        return text_of(fields.get(name), otherwise)

    def flag(name: str, otherwise: bool) -> bool:
        return flag_of(fields.get(name), otherwise)

    overwrite = fields.get("overwrite")
    names = overwrite if isinstance(overwrite, list) else prefixed(fields, "overwrite_").values()
    return Draft(
        form=text("form", default.form) or default.form,
        fields=_ready(fields),
        name=text("name")[:200],
        instructions=text("instructions"),
        template=text("template"),
        outputs=_outputs(fields),
        model=text("model"),
        fallback_model=text("fallback_model"),
        temperature=text("temperature"),
        rows_per_call=text("rows_per_call", default.rows_per_call),
        use_cache=flag("use_cache", True),
        ask_empty=flag("ask_empty", False),
        long_cells=text("long_cells", default.long_cells),
        max_cell_characters=text("max_cell_characters", default.max_cell_characters),
        attach_blobs=text("attach_blobs"),
        attach_urls=text("attach_urls"),
        preview_rows=text("preview_rows", default.preview_rows),
        seed=whole(text("seed"), "The seed", 0, 2**31) or default.seed,
        limits=limits_from(fields),
        overwrite=frozenset(str(each) for each in names),
    )


def draft_of(specification: Specification, name: str = "") -> Draft:
    """A kept specification as a draft of the free form, to begin a new one with."""
    return Draft(
        name=name,
        instructions=specification.instructions,
        template=specification.template,
        outputs=tuple(output_draft(each) for each in specification.outputs),
        model=specification.model_id,
        fallback_model=specification.fallback_model_id or "",
        temperature=shown_as(specification.options.get("temperature")),
        rows_per_call=str(specification.rows_per_call),
        use_cache=specification.use_cache,
        ask_empty=specification.ask_empty,
        long_cells=specification.long_cells,
        max_cell_characters=str(specification.max_cell_characters),
        attach_blobs=_columns(specification.attachments, "blob"),
        attach_urls=_columns(specification.attachments, "url"),
    )


def output_draft(output: Output) -> OutputDraft:
    """An output as the form shows it."""
    return OutputDraft(
        name=output.name,
        type=output.type.value,
        description=output.description,
        labels=_labels(output.labels),
        minimum=shown_as(output.minimum),
        maximum=shown_as(output.maximum),
        max_length=shown_as(output.max_length),
        optional=output.optional,
    )


def _columns(attached: Sequence[Attachment], source: str) -> str:
    """Columns of attachments as the form shows them."""
    return ", ".join(each.column for each in attached if each.source == source)


def _labels(labels: Sequence[str]) -> str:
    """Labels as the form shows them: one a line where a label holds a comma itself."""
    if any("," in each for each in labels):
        return "".join(f"{each}\n" for each in labels)
    return ", ".join(labels)


def _ready(fields: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a ready form; columns that were ticked are one a line."""
    nested = fields.get("fields")
    if isinstance(nested, Mapping):
        return {
            str(name): "\n".join(map(str, value)) if isinstance(value, list) else text_of(value)
            for name, value in nested.items()
        }
    found = {name: text_of(value) for name, value in prefixed(fields, "field_").items()}
    for name, value in fields.items():
        if ticked := re.fullmatch(r"column_([a-z]+)_[0-9]+", name):
            found[ticked[1]] = "\n".join(filter(None, [found.get(ticked[1]), str(value)]))
    return found


def _outputs(fields: Mapping[str, Any]) -> tuple[OutputDraft, ...]:
    given = fields.get("outputs")
    if isinstance(given, list):
        found = [_output(each) for each in given]
    else:
        numbers = {name.removeprefix("output_name_") for name in fields if _is_output(name)}
        found = [_typed(fields, each) for each in sorted(numbers, key=int)]
    if len(found) > MOST_OUTPUTS:
        raise BadInput(f"An enrichment may have {MOST_OUTPUTS} outputs at most.")
    return tuple(found) or Draft().outputs


def _is_output(name: str) -> bool:
    number = name.removeprefix("output_name_")
    return number != name and number.isascii() and number.isdigit()


def _typed(fields: Mapping[str, Any], number: str) -> OutputDraft:
    """One output of a form, whose fields end with its number."""
    return OutputDraft(
        name=text_of(fields.get(f"output_name_{number}")),
        type=text_of(fields.get(f"output_type_{number}"), "text"),
        description=text_of(fields.get(f"output_description_{number}")),
        labels=text_of(fields.get(f"output_labels_{number}")),
        minimum=text_of(fields.get(f"output_minimum_{number}")),
        maximum=text_of(fields.get(f"output_maximum_{number}")),
        max_length=text_of(fields.get(f"output_max_length_{number}")),
        optional=flag_of(fields.get(f"output_optional_{number}"), False),
    )


def _output(given: Any) -> OutputDraft:
    """One output of a JSON object: `"NAME:TYPE"` or an object with the form's fields."""
    return output_draft(parse_output(given) if isinstance(given, str) else output_from_json(given))
