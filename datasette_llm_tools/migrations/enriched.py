"""Enrichments, their runs and what came of each row, in the database that they write to.

There a value and where it comes from change in one transaction. The tables are made with the first
enrichment.
"""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database, Migrations

steps = Migrations("datasette-llm-tools-enrichments")
RECORD = Migrations.migrations_table  # of the steps that were taken, of this set and others
TABLES = (
    "_llm_tools_enrichments",
    "_llm_tools_runs",
    "_llm_tools_results",
    "_llm_tools_reviews",
)


@steps(name="0001_enrichments")
def _enrichments(db: Database) -> None:
    # `cursor`: every row up to this key is settled. `latest`: keys of the rows done last.
    # `undone_to`: an undo has got down to this row_key. `lease_until` is in seconds since
    # 1970, other times are ISO 8601 in UTC. IF NOT EXISTS: this runs again where some of the
    # tables were dropped by hand.
    for sql in (
        """
        CREATE TABLE IF NOT EXISTS _llm_tools_enrichments (
            id TEXT PRIMARY KEY NOT NULL,
            table_name TEXT NOT NULL,
            name TEXT NOT NULL,
            specification TEXT NOT NULL,
            actor_id TEXT,
            created_at TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS _llm_tools_runs (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            enrichment_id TEXT NOT NULL REFERENCES _llm_tools_enrichments(id),
            status TEXT NOT NULL,
            wish TEXT NOT NULL DEFAULT 'run',
            reason TEXT,
            selection TEXT NOT NULL,
            limits TEXT NOT NULL,
            actor TEXT,
            created_columns TEXT NOT NULL DEFAULT '[]',
            seal TEXT,
            prompt_hash TEXT NOT NULL DEFAULT '',
            total INTEGER,
            done INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            skipped INTEGER NOT NULL DEFAULT 0,
            unchanged INTEGER NOT NULL DEFAULT 0,
            cached INTEGER NOT NULL DEFAULT 0,
            unpriced INTEGER NOT NULL DEFAULT 0,
            input_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL DEFAULT 0,
            usd REAL,
            seconds REAL NOT NULL DEFAULT 0,
            cursor TEXT,
            undone_to TEXT,
            latest TEXT,
            lease_owner TEXT,
            lease_until REAL,
            created_at TEXT NOT NULL,
            started_at TEXT,
            ended_at TEXT
        )
        """,
        "CREATE INDEX IF NOT EXISTS _llm_tools_runs_status ON _llm_tools_runs(status)",
        """
        CREATE TABLE IF NOT EXISTS _llm_tools_results (
            run INTEGER NOT NULL,
            row_key TEXT NOT NULL,
            status TEXT NOT NULL,
            reply_values TEXT,
            previous TEXT,
            input_hash BLOB,
            input_tokens INTEGER,
            output_tokens INTEGER,
            usd REAL,
            milliseconds REAL,
            attempts INTEGER NOT NULL DEFAULT 0,
            cached INTEGER NOT NULL DEFAULT 0,
            model_id TEXT,
            fault TEXT,
            message TEXT,
            reply TEXT,
            answered_at TEXT,
            PRIMARY KEY (run, row_key)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX IF NOT EXISTS _llm_tools_results_row_key ON _llm_tools_results(row_key)",
        """
        CREATE INDEX IF NOT EXISTS _llm_tools_results_open ON _llm_tools_results(run, status)
        WHERE status != 'done'
        """,
        """
        CREATE TABLE IF NOT EXISTS _llm_tools_reviews (
            run INTEGER NOT NULL,
            row_key TEXT NOT NULL,
            output TEXT NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('accept', 'edit', 'reject')),
            value TEXT,
            actor_id TEXT,
            reviewed_at TEXT NOT NULL,
            PRIMARY KEY (run, row_key, output)
        ) WITHOUT ROWID
        """,
    ):
        db.execute(sql)


def apply(connection: Any) -> None:
    """Bring our tables in an enriched database up to date, on its write connection.

    Tables that somebody has dropped are made again. One process at a time looks and creates: it
    holds the database's write lock, in the caller's transaction or in one of its own.
    """
    if connection.in_transaction:
        _take_steps(connection)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _take_steps(connection)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def forget_steps(connection: Any) -> None:
    """Take our steps off the record, so that apply() takes them again."""
    connection.execute(f"DELETE FROM {RECORD} WHERE migration_set = ?", [steps.name])


def _take_steps(connection: Any) -> None:
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if RECORD in there and not there.issuperset(TABLES):
        # The steps are on record as taken; but somebody has undone them.
        forget_steps(connection)
        if "_llm_tools_runs" not in there:
            # Runs are numbered anew: what is left would pass for that of the new ones.
            for name in ("_llm_tools_results", "_llm_tools_reviews"):
                connection.execute(f"DROP TABLE IF EXISTS {name}")
    steps.apply(Database(connection, recursive_triggers=False))
