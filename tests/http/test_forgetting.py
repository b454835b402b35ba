"""What is kept of runs in a file goes, by a command or by hand, and the file is enriched anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from datasette_llm_tools.migrations import enriched
from tests.enrichment_runs import check_notes, query
from tests.http.test_enrichment_command import ASK, enriching, notes, run, until_some

OURS = "select name from sqlite_master where name like '%llm!_tools%' escape '!'"
TABLES = ("enrichments", "runs", "results", "reviews")


def enriched_file(folder: Path) -> Path:
    path = notes(folder)
    assert run("enrich", path, "note", *ASK, "--yes").exit_code == 0
    return path


@pytest.mark.parametrize("gone", [TABLES, ("results",), ("runs", "reviews")])
def test_tables_that_were_dropped_by_hand_are_made_again(
    tmp_path: Path, gone: tuple[str, ...]
) -> None:
    path = enriched_file(tmp_path)
    for name in gone:
        query(path, f"drop table _llm_tools_{name}")
    again = run("enrich", path, "note", *ASK, "--yes", "--overwrite", "loud", "--no-cache")
    assert again.stdout.startswith("Done: 20 of 20 rows"), again.output
    ((number,),) = query(path, "select max(number) from _llm_tools_runs")
    wanted = [(number, 20)] if "runs" in gone or "results" in gone else [(1, 20), (2, 20)]
    assert query(path, "select run, count(*) from _llm_tools_results group by run") == wanted
    assert len(query(path, "select * from _sqlite_migrations")) == 1


def test_a_file_without_records_of_our_steps_keeps_what_it_has(tmp_path: Path) -> None:
    path = enriched_file(tmp_path)
    query(path, "drop table _sqlite_migrations")
    with closing(sqlite3.connect(path)) as connection:
        enriched.apply(connection)
    check_notes(path, 20)


def test_forgetting_leaves_the_values_only(tmp_path: Path) -> None:
    path = enriched_file(tmp_path)
    before = query(path, "select * from note")
    told = run("forget", path, "--yes")
    assert (told.exit_code, told.stdout) == (
        0,
        "Removed what was kept of 1 run and 20 results. The values in the tables stay.\n",
    )
    assert query(path, OURS) == [] and query(path, "select * from note") == before
    assert query(path, "select 1 from sqlite_master where name = '_sqlite_migrations'") == []
    assert b"_llm_tools" not in path.read_bytes(), "nothing is left in unused pages either"
    nothing = run("forget", path, "--yes")
    assert (nothing.exit_code, nothing.stdout) == (0, "Nothing is kept of runs here.\n")
    again = run("enrich", path, "note", *ASK, "--yes", "--overwrite", "loud")
    assert again.exit_code == 0, again.output
    check_notes(path, 20)


def test_records_of_other_programs_stay(tmp_path: Path) -> None:
    path = enriched_file(tmp_path)
    query(
        path,
        "insert into _sqlite_migrations (migration_set, name, applied_at) "
        "values ('theirs', 'x', '')",
    )
    assert run("forget", path, "--yes").exit_code == 0
    assert query(path, "select migration_set from _sqlite_migrations") == [("theirs",)]


def test_nothing_is_forgotten_without_a_word_or_while_a_run_is_worked_on(tmp_path: Path) -> None:
    path = notes(tmp_path, 400)
    process = enriching(path, tmp_path / "asked")
    until_some(path)
    asked = run("forget", path)
    assert (asked.exit_code, asked.stderr) == (1, "Nothing was removed: add --yes to remove it.\n")
    refused = run("forget", path, "--yes")
    assert refused.exit_code == 1 and "Run 1 is being worked on" in refused.stderr
    process.terminate()
    process.communicate()
    assert len(query(path, "select * from _llm_tools_runs")) == 1
    assert run("forget", path, "--yes").exit_code == 0
    assert query(path, OURS) == []
