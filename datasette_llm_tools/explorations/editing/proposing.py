"""Title, summary and headings as a model proposes them: one call, within limits, nothing kept."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ...errors import BadInput, LlmToolsError
from ...model_choice import choose_model
from ...permissions import ASK, require
from ...questions.budget import Budget
from ...settings import Settings, read_settings
from ...widgets.load import Load
from ..opening import actor_id
from ..parameters import parameter_values, params_of
from ..running import run_block
from ..values import Block, Document, Exploration, QuestionBlock, RowsBlock, WidgetBlock, Words
from .edit_form import kind_name
from .prompts import (
    PURPOSE,
    Finding,
    proposal_json,
    proposal_prompt,
    read_proposal,
)

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...model import Model
    from ...permissions import Actor
    from ...prompt import Prompt

PROPOSALS = Load("proposals for explorations", "are being written")

_ROWS_TOKENS = 2000  # of rows in one prompt: a local model reads some fifty tokens a second


async def propose(
    datasette: Datasette,
    actor: Actor,
    exploration: Exploration,
    document: Document,
    model_id: str | None = None,
) -> dict[str, Any]:
    """{model, title, summary, headings, tokens}; numbers that no row has are named beside a text.

    Rows are read as the author, who must be allowed to ask on every database of the document.
    Cancelling it stops the model. Raises BadInput where there is nothing to go by, NotAllowed,
    NoModel, LimitReached, ModelFailed.
    """
    for name in document.databases:
        if name in datasette.databases:
            await require(datasette, actor, ASK, name)
    settings = read_settings(datasette)
    with PROPOSALS.one_more(datasette, actor_id(actor)):
        model = await choose_model(datasette, actor, PURPOSE, model_id)
        findings = [await _finding(datasette, actor, each, document) for each in document.blocks]
        findings = [each for each in findings if each.title or each.question or each.text]
        if not findings:
            raise BadInput("There is nothing to go by yet; add a question or a chart first.")
        prompt = proposal_prompt(
            findings, budget_tokens=_ROWS_TOKENS, max_tokens=settings.max_output_tokens
        )
        reply, tokens = await _asked(model, prompt, settings)
    return {
        "model": model.model_id,
        "tokens": tokens,
        **proposal_json(read_proposal(reply, findings)),
    }


async def _asked(model: Model, prompt: Prompt, settings: Settings) -> tuple[str, dict[str, Any]]:
    budget = Budget(settings)
    budget.count_call(prompt)
    text = ""
    async with model.reply(prompt) as reply, aclosing(budget.within(reply)) as chunks:
        async for chunk in chunks:
            text += chunk
    usage = reply.usage
    return text, {"input": usage.input_tokens, "output": usage.output_tokens}


async def _finding(datasette: Datasette, actor: Actor, block: Block, document: Document) -> Finding:
    """A block as the model is told of it. One that does not run is known by its name alone."""
    kind = kind_name(block).lower()
    if isinstance(block, Words):
        return Finding(block.id, kind, "", text=block.text)
    if isinstance(block, WidgetBlock):
        return Finding(block.id, kind, block.title, text=block.text)
    question = block.question if isinstance(block, QuestionBlock) else ""
    try:
        params = params_of(block, document, parameter_values(document, {}))
        ran = await run_block(datasette, actor, block, params)
    except LlmToolsError:
        return Finding(block.id, kind, block.title, question)
    return Finding(
        block_id=block.id,
        kind=kind,
        title=block.title,
        question=question,
        sql=block.sql if isinstance(block, RowsBlock) else "",
        text=block.text,
        columns=ran.columns,
        rows=ran.rows,
        truncated=ran.truncated,
    )
