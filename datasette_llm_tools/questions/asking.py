"""A question with all that is needed to answer it: who asks, the model, the schema, the limits."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..model import Model
from ..model_choice import choose_model
from ..permissions import visible_tables
from ..prompt import Prompt
from ..schema_reading import read_schema
from ..schema_text import SchemaText, schema_text
from ..settings import Settings, read_settings
from . import prompts
from .pairs import Pair, similar
from .trusted_pairs import trusted_pairs
from .values import Previous

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..permissions import Actor
    from ..schema import Schema

PURPOSE = "questions"

# What fences the schema in a prompt: nobody who wrote a row can know it, and it
# stays the same while the server runs, so that a model may keep the prompt's start.
_SECRET = secrets.token_bytes(16)


@dataclass(frozen=True)
class Asking:
    """A question with all that is needed to answer it."""

    datasette: Datasette
    actor: Actor
    database: str
    question: str
    model: Model
    schema: Schema
    tables: frozenset[str]
    settings: Settings
    previous: tuple[Previous, ...] = ()
    about: str | None = None
    in_words: bool = True
    pairs: tuple[Pair, ...] = ()

    def schema_text(self) -> tuple[SchemaText, str]:
        """What a prompt says of the schema, cut to the question if large, and what fences it."""
        version = self.schema.version.encode()
        marker = hashlib.blake2b(version, key=_SECRET, digest_size=4).hexdigest()
        # A follow-up needs the tables of what it follows up, too.
        words = [f"{each.question} {each.sql}" for each in self.previous]
        text = schema_text(
            self.schema,
            question=" ".join([*words, self.about or "", self.question]),
            budget_tokens=self.settings.schema_tokens,
        )
        return text, marker

    def prompt(self) -> Prompt:
        """The first prompt of this question."""
        text, marker = self.schema_text()
        return prompts.sql_prompt(
            text.text,
            self.question,
            marker=marker,
            previous=self.previous,
            about=self.about,
            examples=similar(self.question, self.pairs),
            is_small=self.model.info.is_local,
            max_tokens=self.settings.max_output_tokens,
        )


async def prepare(
    datasette: Datasette,
    actor: Actor,
    database: str,
    question: str,
    *,
    model_id: str | None = None,
    previous: tuple[Previous, ...] = (),
    about: str | None = None,
    in_words: bool | None = None,
    pairs: bool | None = None,
) -> Asking:
    """Look up the model and the schema that this actor may see.

    `about` names the table that the person was looking at; `pairs` says whether answers that were
    called right are used, unless the setting denies it. Raises NoModel.
    Permission to ask must have been checked.
    """
    settings = read_settings(datasette, database)
    with_pairs = settings.verified_pairs and pairs is not False
    tables, model = await asyncio.gather(
        visible_tables(datasette, actor, database),
        choose_model(datasette, actor, PURPOSE, model_id, database),
    )
    schema = await read_schema(datasette, database, actor, tables=tables)
    table = schema.table(about) if about else None
    known: tuple[Pair, ...] = ()
    if with_pairs and question:
        known = await trusted_pairs(datasette, actor, database, tables, question)
    return Asking(
        datasette=datasette,
        actor=actor,
        database=database,
        question=question,
        model=model,
        schema=schema,
        tables=tables,
        settings=settings,
        previous=previous,
        about=table.name if table else None,
        in_words=settings.answer_in_words if in_words is None else in_words,
        pairs=known,
    )


async def warm(asking: Asking) -> None:
    """Load the model and let it read the part of the prompt that every question shares."""
    prompt = await asyncio.to_thread(replace(asking, question="").prompt)
    await asking.model.warm(replace(prompt, max_tokens=1))
