"""A hundred comments of demo.db as a person labelled them, and what the local model is asked.

comments.json has every fourth comment up to number 400. Where two labels are right both are
accepted; the text is in demo.db alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from datasette_llm_tools.enrichments.database import enrichment_store, store
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.values import Run, RunLimits, Selection, Specification
from datasette_llm_tools.local_model import files

TABLE = "passenger_comments"
COLUMN = "sentiment"
LABELS = ("positive", "negative", "mixed")
ACTOR = {"id": "root"}
SPECIFICATION = Specification(
    template="{{ comment }}",
    outputs=(Output(COLUMN, OutputType.LABEL, labels=LABELS),),
    model_id=files.QWEN.model_id,
    form="classify",
    instructions=(
        "You label a passenger's comment about a flight with one of:\n"
        "positive: everything in it is praise\n"
        "negative: everything in it is a complaint, or sarcasm\n"
        "mixed: some of it is praise and some of it is a complaint"
    ),
)
SELECTION = Selection(where="id % 4 = 0 and id <= 400", description="every fourth up to 400")
WANTED = 80
# The mark around a row is random and moves the labels of a few: the benchmark holds the
# figure, and this is for whoever breaks the prompt.
AT_LEAST = 76


class Labelled:
    """The labels that are right, by comment."""

    def __init__(self) -> None:
        path = Path(__file__).with_name("comments.json")
        said = json.loads(path.read_text(encoding="utf-8"))
        self.accepted: dict[int, list[str]] = {int(key): labels for key, labels in said.items()}

    def wrong(self, given: Mapping[int, str | None]) -> dict[int, str | None]:
        """The comments whose label is none of the accepted ones, with what they were given."""
        return {
            key: given.get(key) for key, ok in self.accepted.items() if given.get(key) not in ok
        }


async def new_run(
    datasette: Datasette, database: str, lease: tuple[str, float], **limits: Any
) -> Run:
    """A run over the hundred comments under a lease."""
    enrichment = await enrichment_store.create_enrichment(
        datasette, database, TABLE, COLUMN, SPECIFICATION, ACTOR
    )
    return await store.create_run(
        datasette,
        database,
        enrichment,
        SELECTION,
        RunLimits(**limits),
        ACTOR,
        frozenset(),
        lease=lease,
    )


async def labels_in(datasette: Datasette, database: str) -> dict[int, str | None]:
    """What stands in the column now, of the hundred comments."""
    rows = await datasette.get_database(database).execute(
        f"select id, {COLUMN} from {TABLE} where {SELECTION.where}"
    )
    return {row["id"]: row[COLUMN] for row in rows}
