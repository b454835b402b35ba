"""Steps that databases have on record stay as they are called, in their order."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import ModuleType

import pytest

from datasette_llm_tools.migrations import enriched, evals, internal

# A new step is appended here, too; none of these may ever change.
RECORDED = {
    internal: (
        "datasette-llm-tools",
        "0001_questions",
        "0002_widgets",
        "0003_verified",
        "0004_explorations",
        "0005_calibrations",
    ),
    enriched: ("datasette-llm-tools-enrichments", "0001_enrichments"),
    evals: (
        "datasette-llm-tools-evals",
        "0001_evals",
        "0002_starters",
        "0003_votes",
        "0004_editions",
    ),
}


@pytest.mark.parametrize("module", RECORDED, ids=lambda module: module.__name__.split(".")[-1])
def test_a_database_has_all_steps_once(module: ModuleType) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        module.apply(connection)
        module.apply(connection)
        recorded = connection.execute(
            "select migration_set, name from _sqlite_migrations order by id"
        ).fetchall()
    its_set, *names = RECORDED[module]
    assert recorded == [(its_set, name) for name in names]


def test_sets_stand_side_by_side_in_one_database() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for module in RECORDED:
            module.apply(connection)
        (count,) = connection.execute("select count(*) from _sqlite_migrations").fetchone()
    assert count == sum(len(names) - 1 for names in RECORDED.values())
