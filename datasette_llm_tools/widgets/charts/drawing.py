"""A wish changes a chart: the one place where chart, model and prompts meet.

One model call, and one more with the sentence of the fault where the reply cannot be drawn. What
was drawn before is the caller's and stays as it is, whatever happens here.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, ModelFailed
from ...model import Model
from ...prompt import Prompt
from ...queries import Value
from ...settings import read_settings
from ..spending import Spending
from ..values import Writing
from .chart_data import Params, look
from .column_types import ChartColumn
from .drawn import Looked
from .prompts import UnreadableReply, chart_prompt, correction_prompt, read_spec
from .spec import ChartSpec
from .spec_reading import spec_from_json
from .wish_words import EVERYTHING, asked, told_columns

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

PURPOSE = "widgets"
_CALLS = 2
_MOST_COLUMNS = 40  # of a result, in a prompt: some 400 tokens
_SAMPLES = 60  # values of a column in which the words of a wish are looked for

# What fences the columns in a prompt: nobody who wrote a row can know it, and it stays the same
# while the server runs, so that a model may keep the prompt's start.
_SECRET = secrets.token_bytes(16)


@dataclass(frozen=True)
class Changed:
    """A chart as a model changed it.

    `notes` say what was mended in the reply, `calls` how often the model was asked; `looked`
    are the columns and first rows, for drawing the chart.
    """

    spec: ChartSpec
    writing: Writing
    notes: tuple[str, ...]
    calls: int
    looked: Looked


async def change(
    datasette: Datasette,
    actor: Actor,
    database: str,
    sql: str,
    params: Params,
    spec: ChartSpec | Mapping[str, Any] | None,
    prompt: str,
    model: Model,
) -> Changed:
    """Have a model change a chart as `prompt` says, or make one where `spec` is None.

    Raises BadInput for a spec that does not fit the columns and a reply that cannot be drawn
    even when mended, ModelFailed, LimitReached, and what queries.run_query raises. Permission
    must have been checked.
    """
    looked = await look(datasette, actor, database, sql, params)
    if spec is not None and not isinstance(spec, ChartSpec):
        spec = spec_from_json(dict(spec), looked.columns)
    sent = wish_prompt(looked, spec, prompt, narrowed=model.info.is_local)
    spending = Spending(model, read_settings(datasette, database))
    for call in range(1, _CALLS + 1):
        reply = await _reply(spending, sent)
        try:
            changed, notes = read_spec(reply, looked.columns, mends=not model.info.supports_schema)
        except (BadInput, UnreadableReply) as error:
            fault = error
            sent = correction_prompt(sent, reply, error.message)
        else:
            return Changed(changed, spending.writing(prompt), notes, call, looked)
    if isinstance(fault, ModelFailed):
        raise fault
    raise BadInput(f"The model's chart cannot be drawn: {fault.message}")


async def warm(
    datasette: Datasette, actor: Actor, database: str, sql: str, params: Params, model: Model
) -> None:
    """Load the model and let it read the part of the prompt that every wish shares.

    Raises what `change` raises.
    """
    looked = await look(datasette, actor, database, sql, params)
    await model.warm(wish_prompt(looked, None, "", max_tokens=1))


def wish_prompt(
    looked: Looked,
    spec: ChartSpec | None,
    wish: str,
    *,
    narrowed: bool = False,
    max_tokens: int | None = None,
) -> Prompt:
    """The prompt of a wish. `narrowed`: the reply may hold what the wish speaks of only."""
    columns = told_columns(looked.columns, wish, spec, _MOST_COLUMNS)
    samples = _samples(looked.columns, looked.rows)
    return chart_prompt(
        columns,
        samples,
        spec,
        wish,
        marker=_marker(looked.columns),
        asked=asked(wish, columns, samples, spec) if narrowed else EVERYTHING,
        max_tokens=max_tokens,
    )


async def _reply(spending: Spending, sent: Prompt) -> str:
    async with aclosing(spending.ask(sent)) as chunks:
        return "".join([chunk async for chunk in chunks])


def _samples(
    columns: Sequence[ChartColumn], rows: Sequence[Sequence[Value]]
) -> dict[str, tuple[Value, ...]]:
    """The first different values of each column."""
    found: dict[str, tuple[Value, ...]] = {}
    for index, column in enumerate(columns):
        values: dict[Value, None] = {}
        for row in rows:
            if row[index] is not None and not isinstance(row[index], bytes):
                values[row[index]] = None
            if len(values) == _SAMPLES:
                break
        found[column.name] = tuple(values)
    return found


def _marker(columns: Sequence[ChartColumn]) -> str:
    names = "\n".join(column.name for column in columns)
    return hashlib.blake2b(names.encode(), key=_SECRET, digest_size=4).hexdigest()
