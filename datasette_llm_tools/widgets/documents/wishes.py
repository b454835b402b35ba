"""What somebody wants of a document, with all that is needed to write it."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import BadInput, LlmToolsError
from ...model import Model
from ...model_choice import choose_model
from ...permissions import visible_tables
from ...prompt import Prompt
from ...queries import Limits, run_query
from ...schema_reading import read_schema
from ...schema_text import schema_text
from ...settings import Settings, read_settings
from ..contracts import columns_of
from ..values import Contract, Origin, Revision
from . import prompts
from .query_checks import QueryChecks

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor
    from ...schema import Schema

PURPOSE = "widgets"
MOST_WISH_CHARACTERS = 10_000
_SAMPLE_ROWS = 20

# What fences the schema: nobody who wrote a row can know it, and it stays the same while the
# server runs, so that a model may keep the prompt's start.
_SECRET = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants.

    prompt  in their words; may be empty where there are errors to mend.
    sql     a query that they have already, of an answer or a page, to start from.
    base    the revision that is to be changed or mended; None for a new document.
    errors  what went wrong in its frame, as text.
    """

    prompt: str
    model_id: str | None = None
    sql: str | None = None
    base: Revision | None = None
    errors: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin:
        """How the revision that comes of it came about."""
        if self.base is None:
            return Origin.CREATED
        return Origin.MENDED if self.errors else Origin.CHANGED


@dataclass(frozen=True)
class Prepared:
    """A wish with its model, what the actor may see, and the limits."""

    datasette: Datasette
    actor: Actor
    database: str
    wish: Wish
    model: Model
    schema: Schema
    tables: frozenset[str]
    settings: Settings
    sample: prompts.Sample | None = None

    def prompt(self, contract: Contract, notes: Sequence[str]) -> Prompt:
        """The first prompt; what is known by now of the queries of the base goes along.

        `contract` is what they give today, `notes` what is wrong with them.
        """
        wish, base = self.wish, self.wish.base
        about = [wish.prompt, wish.sql or ""]
        if base is not None:
            about += [each.sql for each in base.draft.queries]
        text = schema_text(
            self.schema, question=" ".join(about), budget_tokens=self.settings.schema_tokens
        ).text
        version = self.schema.version.encode()
        marker = hashlib.blake2b(version, key=_SECRET, digest_size=4).hexdigest()
        most = self.settings.widget_output_tokens
        if base is None:
            return prompts.new_prompt(
                text, wish.prompt, marker=marker, sample=self.sample, max_tokens=most
            )
        present = prompts.Present(
            base.draft.source, base.draft.queries, {**base.draft.contract, **contract}
        )
        if wish.errors:
            errors = (*notes, *wish.errors)
            return prompts.mend_prompt(
                text, present, errors, wish.prompt, marker=marker, max_tokens=most
            )
        return prompts.change_prompt(text, present, wish.prompt, marker=marker, max_tokens=most)

    def checks(self) -> QueryChecks:
        """For running queries as the actor."""
        return QueryChecks(self.datasette, self.actor, self.database, self.settings, self.tables)


async def prepare_wish(datasette: Datasette, actor: Actor, database: str, wish: Wish) -> Prepared:
    """Look up the model and what this actor may see. The permission must have been checked.

    Raises BadInput for a wish that says nothing or too much, NoModel.
    """
    if not wish.prompt.strip() and not wish.errors:
        raise BadInput("There is no prompt; say what the widget should show.")
    if len(wish.prompt) > MOST_WISH_CHARACTERS:
        raise BadInput(f"The prompt has more than {MOST_WISH_CHARACTERS:,} characters.")
    settings = read_settings(datasette, database)
    tables, model = await asyncio.gather(
        visible_tables(datasette, actor, database),
        choose_model(datasette, actor, PURPOSE, wish.model_id, database),
    )
    schema = await read_schema(datasette, database, actor, tables=tables)
    sample = None
    if wish.sql and wish.sql.strip():
        sample = await _sample(datasette, actor, database, wish.sql, settings, tables)
    return Prepared(datasette, actor, database, wish, model, schema, tables, settings, sample)


async def _sample(
    datasette: Datasette,
    actor: Actor,
    database: str,
    sql: str,
    settings: Settings,
    tables: frozenset[str],
) -> prompts.Sample:
    """A query with some of its rows as the actor sees them; alone where it does not run."""
    limits = Limits.of(settings)
    limits = Limits(limits.milliseconds, limits.memory_bytes, _SAMPLE_ROWS, limits.result_bytes)
    try:
        result = await run_query(
            datasette, database, sql, actor=actor, limits=limits, tables=tables
        )
    except LlmToolsError:
        return prompts.Sample(sql)
    return prompts.Sample(sql, columns_of(result), result.rows)
