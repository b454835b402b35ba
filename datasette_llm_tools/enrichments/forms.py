"""Ready forms: what people ask of rows most often, as fields to fill in. Pure.

A form makes instructions, a template and outputs; from there on it is an enrichment like
any other, and its prompt can be taken over and changed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..errors import BadInput
from .outputs import Output, OutputType, check_outputs, parse_output
from .row_templates import column_reference
from .values import Attachment

FieldKind = Literal[
    "text",  # one line
    "lines",  # several
    "number",
    "choice",  # one of `choices`
    "column",
    "columns",  # by commas or lines
    "labels",  # one a line, or by commas; "label = what it means"
    "outputs",  # NAME:TYPE a line
    "template",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. What is typed is text, or a list of texts for several columns."""

    name: str
    title: str
    kind: FieldKind = "text"
    help: str = ""
    default: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()


class Parts(NamedTuple):
    """What a form makes of its fields: parts of a Specification."""

    instructions: str
    template: str
    outputs: tuple[Output, ...]
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A ready form; `help` is a sentence."""

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]


Typed = Mapping[str, str | Sequence[str]]

_COLUMNS = Field("columns", "Columns", "columns", "What the model gets to read of each row.")


def _output_name(default: str) -> Field:
    return Field("output", "Column to fill", help="It is added to the table.", default=default)


FORMS: tuple[Form, ...] = (
    Form(
        "free",
        "Ask anything",
        "Your own prompt, with columns in double braces.",
        (
            Field("template", "Prompt", "template", "Columns stand in double braces."),
            Field("outputs", "Columns to fill", "outputs", "NAME:TYPE, one a line."),
            Field("instructions", "Instructions for all rows", "lines", required=False),
        ),
    ),
    Form(
        "classify",
        "Classify",
        "Gives each row one of your labels.",
        (
            _COLUMNS,
            Field(
                "labels",
                "Labels",
                "labels",
                "One a line. Say behind an equals sign what each means: small models need it.",
            ),
            Field("by", "What decides", "lines", "What to look at.", required=False),
            _output_name("label"),
        ),
    ),
    Form(
        "extract",
        "Extract fields",
        "Takes names, numbers, dates and the like out of text.",
        (
            _COLUMNS,
            Field(
                "outputs",
                "What to take out",
                "outputs",
                "NAME:TYPE a line, as in year:integer? when it was built. "
                "A question mark: not every row has it.",
            ),
        ),
    ),
    Form(
        "summarise",
        "Summarise",
        "Says in a few sentences what a long text says.",
        (
            _COLUMNS,
            Field("sentences", "Sentences at most", "number", default="2"),
            Field("language", "Language", help="That of the text if empty.", required=False),
            _output_name("summary"),
        ),
    ),
    Form(
        "translate",
        "Translate",
        "Translates text and keeps its meaning, names and numbers.",
        (_COLUMNS, Field("language", "Into", default="English"), _output_name("translation")),
    ),
    Form(
        "score",
        "Score",
        "Gives each row a number on a scale.",
        (
            _COLUMNS,
            Field("what", "What is scored", "lines", "For example: how urgent the complaint is."),
            Field("least", "Least", "number", default="1"),
            Field("most", "Most", "number", default="5"),
            _output_name("score"),
        ),
    ),
    Form(
        "describe",
        "Describe an image",
        "Sends an image of each row to a model that can see.",
        (
            Field("image", "Column of the image", "column"),
            Field(
                "source",
                "It holds",
                "choice",
                "The image itself, or the address of one.",
                default="blob",
                choices=("blob", "url"),
            ),
            Field(
                "task",
                "What to say of it",
                "lines",
                default="Describe the image in one or two sentences, as for a blind reader.",
            ),
            _output_name("description"),
        ),
    ),
)


def form_named(name: str) -> Form:
    """The form of that name. Raises BadInput where there is none."""
    for form in FORMS:
        if form.name == name:
            return form
    raise BadInput(f"There is no form {name!r}; there are {', '.join(f.name for f in FORMS)}.")


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
