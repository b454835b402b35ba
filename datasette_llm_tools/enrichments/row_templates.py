"""Templates over a row's columns, compiled once and bounded in time and memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import Template, TemplateSyntaxError

from ..errors import BadInput
from .template_language import NOT_COLUMNS, Reading, RowEnvironment, refusal

MOST_SOURCE_CHARACTERS = 20_000
MOST_CHARACTERS = 1_000_000  # of a filled template
_LEAST_WORK = 100  # what a step costs with a short cell, as characters
_MOST_WORK = 20_000_000  # characters that filling may touch: some tens of milliseconds


class RowTemplate:
    """A compiled template; `columns` are those of the row that it uses.

    A column is `{{ name }}` where its name is a plain word and `{{ row["any name"] }}`
    always; `looped` are those that a loop over `row` goes over, all of them by default.
    NULL is the empty text; a BLOB is `(BLOB)` in a loop and a fault of the row elsewhere.
    `show` turns what stands in `{{ }}` into text, for instance with a fence around it.
    Raises BadInput for a template that cannot be used.
    """

    def __init__(
        self,
        source: str,
        columns: Sequence[str],
        *,
        looped: Sequence[str] | None = None,
        show: Callable[[Any], str] = str,
    ) -> None:
        if len(source) > MOST_SOURCE_CHARACTERS:
            raise BadInput(
                f"The template has {len(source):,} characters; "
                f"{MOST_SOURCE_CHARACTERS:,} is the most."
            )
        environment = RowEnvironment(show)
        looped = columns if looped is None else looped
        reading = Reading(tuple(columns), len(looped))
        try:
            code = environment.compile(reading.visit(environment.parse(source)))
        except TemplateSyntaxError as error:
            raise refusal(error.lineno, error.message or "it is no Jinja") from error
        except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError) as error:
            raise BadInput("The template is nested too deep, or a number in it is too long.") from (
                error
            )
        self._template = Template.from_code(environment, code, {})
        self._variables = tuple(reading.variables.items())
        self._looped = tuple(looped) if reading.uses_row else ()
        self._longest = _MOST_WORK // max(1, reading.steps)
        if self._longest < _LEAST_WORK:
            raise BadInput("The template does too much for each column that it goes over.")
        used = {*reading.variables, *self._looped}
        self.columns = tuple(column for column in columns if column in used)

    def render(self, values: Mapping[str, Any]) -> str:
        """The template filled with a row's values; they stay text, whatever they hold.

        Raises BadInput where the row does not fit: a BLOB, a sum over text, or more
        than MOST_CHARACTERS in the end.
        """
        names: dict[str, Any] = {}
        for column, variable in self._variables:
            names[variable] = self._cell(column, values)
        if self._looped:
            row = {column: self._looped_cell(column, values) for column in self._looped}
            names["row"] = row
            names["row_items"] = tuple(row.items())
        try:
            return self._filled(names)
        except BadInput:
            raise
        except Exception as error:
            raise BadInput(
                f"The template could not be filled with this row: {str(error)[:200]}"
            ) from error

    def _filled(self, names: dict[str, Any]) -> str:
        pieces = []
        length = 0
        context = self._template.new_context(names, shared=True)
        for piece in self._template.root_render_func(context):
            pieces.append(piece)
            length += len(piece)
            if length > MOST_CHARACTERS:
                raise BadInput(
                    f"The filled template has more than {MOST_CHARACTERS:,} characters; "
                    "leave columns out or cut them."
                )
        return "".join(pieces)

    def _cell(self, column: str, values: Mapping[str, Any]) -> str | int | float:
        try:
            value: str | int | float | bytes | None = values[column]
        except KeyError as error:
            raise BadInput(f"The row has no column {column}.") from error
        if value is None:
            return ""
        if isinstance(value, bytes):
            raise BadInput(
                f"The column {column} holds a BLOB, which is no text: send it as an attachment."
            )
        if isinstance(value, str) and len(value) > self._longest:
            raise BadInput(
                f"The column {column} holds {len(value):,} characters, too many for all that "
                "the template does with it; cut long cells."
            )
        return value

    def _looped_cell(self, column: str, values: Mapping[str, Any]) -> str | int | float:
        return "(BLOB)" if isinstance(values.get(column), bytes) else self._cell(column, values)


def column_reference(column: str) -> str:
    """How a template names a column: what a column picker inserts."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", column) and column not in NOT_COLUMNS:
        return f"{{{{ {column} }}}}"
    return f"{{{{ row[{json.dumps(column, ensure_ascii=False)}] }}}}"
