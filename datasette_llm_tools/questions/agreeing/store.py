"""What evals found of how far agreement can be believed, by database and model; the only SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasette.app import Datasette


async def threshold(datasette: Datasette, database: str, model_id: str) -> int | None:
    """Percent of statements that must agree for an answer to be believed; None without an eval."""
    rows = await datasette.get_internal_database().execute(
        "select below from llm_tools_calibrations where database_name = ? and model_id = ?",
        [database, model_id],
    )
    row = rows.first()
    return None if row is None else int(row["below"])


async def calibrate(
    datasette: Datasette, database: str, model_id: str, below: int, answers: int
) -> None:
    """Keep what an eval of so many answers found, over what an earlier one did."""
    await datasette.get_internal_database().execute_write(
        """
        insert or replace into llm_tools_calibrations
            (database_name, model_id, below, answers, found_at)
        values (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        """,
        [database, model_id, below, answers],
    )
