"""Ready forms: what people ask of rows most often, as fields to fill in. Pure.

A form makes instructions, a template and outputs; from there on it is an enrichment like
any other, and its prompt can be taken over and changed by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import BadInput

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


@dataclass(frozen=True, slots=True)
class Form:
    """A ready form; `help` is a sentence."""

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]


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
