"""What a form that was filled in makes: instructions, a template and outputs. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..errors import BadInput
from .forms import Form, form_named
from .output_declarations import parse_output
from .outputs import Output, OutputType, check_outputs
from .row_templates import column_reference
from .values import Attachment

Typed = Mapping[str, str | Sequence[str]]


class Parts(NamedTuple):
    """What a form makes of its fields: parts of a Specification."""

    instructions: str
    template: str
    outputs: tuple[Output, ...]
    attachments: tuple[Attachment, ...] = ()


def specification_parts(form: Form | str, fields: Typed, columns: Sequence[str]) -> Parts:
    """What was typed into a form, as parts of a specification of a table with `columns`.

    A field that is missing has its default. Raises BadInput, naming the field, for
    what is needed and empty, what no column is called, and what cannot be understood.
    """
    form = form_named(form) if isinstance(form, str) else form
    for name in fields:
        if not any(field.name == name for field in form.fields):
            raise BadInput(f"The form {form.name} has no field {name[:50]}.")
    parts = _PARTS[form.name](_Typed(form, fields, tuple(columns)))
    check_outputs(parts.outputs)
    return parts


class _Typed:
    """Reads what was typed into the fields of a form."""

    def __init__(self, form: Form, fields: Typed, columns: tuple[str, ...]) -> None:
        self._fields = {field.name: field for field in form.fields}
        self._typed = fields
        self._columns = columns

    def text(self, name: str) -> str:
        field, typed = self._fields[name], self._typed.get(name)
        typed = field.default if typed is None else typed
        text = (typed if isinstance(typed, str) else "\n".join(map(str, typed))).strip()
        if not text and field.required:
            raise BadInput(f"{field.title} is empty; fill it in.")
        if field.choices and text not in field.choices:
            raise BadInput(f"{field.title} must be one of {', '.join(field.choices)}.")
        return text

    def line(self, name: str) -> str:
        return " ".join(self.text(name).split())

    def whole(self, name: str, least: int, most: int) -> int:
        text = self.text(name)
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise BadInput(
                f"{self._fields[name].title} must be a whole number from {least:,} to {most:,}."
            )
        return int(text)

    def column(self, name: str) -> str:
        return self._known(self.text(name))

    def columns(self, name: str) -> tuple[str, ...]:
        typed = self._typed.get(name)
        if typed is not None and not isinstance(typed, str):
            found = tuple(typed)
        elif (text := self.text(name)) in self._columns:
            found = (text,)  # its name may hold a comma
        else:
            found = _split(text)
        if not found:
            raise BadInput(f"{self._fields[name].title}: choose at least one column.")
        return tuple(dict.fromkeys(self._known(each) for each in found))

    def outputs(self, name: str) -> tuple[Output, ...]:
        return tuple(parse_output(line) for line in self.text(name).splitlines() if line.strip())

    def _known(self, column: str) -> str:
        if column not in self._columns:
            raise BadInput(f"There is no column {column[:100]}; choose one of the table's.")
        return column


def _free(typed: _Typed) -> Parts:
    return Parts(typed.text("instructions"), typed.text("template"), typed.outputs("outputs"))


def _classify(typed: _Typed) -> Parts:
    labels, meanings = [], []
    for line in _split(typed.text("labels")):
        label, equals, meaning = line.partition(" = ")
        labels.append(label.strip())
        if equals and meaning.strip():
            meanings.append(f"- {label.strip()}: {meaning.strip()}")
    means = "\n".join(["What the labels mean:", *meanings]) if meanings else ""
    output = Output(typed.line("output"), OutputType.LABEL, labels=tuple(labels))
    task = "Classify the row: choose the label that fits best."
    return Parts(_joined(task, typed.text("by"), means), _rows_text(typed), (output,))


def _extract(typed: _Typed) -> Parts:
    task = (
        "Extract what is asked for from the row. Take only what it says, as it says it; "
        "never guess or add knowledge."
    )
    return Parts(task, _rows_text(typed), typed.outputs("outputs"))


def _summarise(typed: _Typed) -> Parts:
    sentences = typed.whole("sentences", 1, 50)
    most = "one sentence" if sentences == 1 else f"at most {sentences} sentences"
    language = typed.line("language")
    into = f"in {language}" if language else "in the language of the text"
    task = f"Summarise the text in {most}, {into}. Say only what the text says."
    return Parts(task, _rows_text(typed), (Output(typed.line("output")),))


def _translate(typed: _Typed) -> Parts:
    task = (
        f"Translate the text into {typed.line('language')}. Keep meaning, tone, names and "
        "numbers; text that is in that language already stays as it is."
    )
    return Parts(task, _rows_text(typed), (Output(typed.line("output")),))


def _score(typed: _Typed) -> Parts:
    least, most = (typed.whole(name, -1_000_000, 1_000_000) for name in ("least", "most"))
    output = Output(typed.line("output"), OutputType.INTEGER, minimum=least, maximum=most)
    task = f"Score the row on a scale from {least} (least) to {most} (most)."
    return Parts(
        _joined(task, f"What is scored: {typed.text('what')}"), _rows_text(typed), (output,)
    )


def _describe(typed: _Typed) -> Parts:
    attachment = Attachment(
        typed.column("image"), "blob" if typed.text("source") == "blob" else "url"
    )
    output = Output(typed.line("output"))
    return Parts(typed.text("task"), "Look at the image.", (output,), (attachment,))


_PARTS: dict[str, Callable[[_Typed], Parts]] = {
    "free": _free,
    "classify": _classify,
    "extract": _extract,
    "summarise": _summarise,
    "translate": _translate,
    "score": _score,
    "describe": _describe,
}


def _rows_text(typed: _Typed) -> str:
    """A template of the columns that were chosen: a single one bare, several with their names."""
    columns = typed.columns("columns")
    if len(columns) == 1:
        return column_reference(columns[0])
    return "\n".join(f"{_plain(column)}: {column_reference(column)}" for column in columns)


def _plain(column: str) -> str:
    """A column's name as words of a template: nothing in it may open a tag."""
    return " ".join(re.sub(r"[{}%#]", " ", column).split())


def _split(text: str) -> tuple[str, ...]:
    """One a line, or separated by commas where there is one line only."""
    lines = text.splitlines()
    pieces = lines if len(lines) > 1 else text.split(",")
    return tuple(piece.strip() for piece in pieces if piece.strip())


def _joined(*paragraphs: str) -> str:
    return "\n\n".join(filter(None, paragraphs))
