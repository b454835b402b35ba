"""Suites and what came of them, in a database of their own."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database, Migrations

steps = Migrations("datasette-llm-tools-evals")


@steps(name="0001_evals")
def _evals(db: Database) -> None:
    # `accepted`, `tags`, `settings`: JSON. A result outlives its case, which may leave its suite.
    for sql in (
        """
        CREATE TABLE eval_suites (
            name TEXT PRIMARY KEY NOT NULL,
            description TEXT NOT NULL,
            columns_in_order INTEGER NOT NULL,
            tolerance REAL NOT NULL,
            updated_at TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE eval_cases (
            suite TEXT NOT NULL REFERENCES eval_suites(name) ON DELETE CASCADE,
            id TEXT NOT NULL,
            position INTEGER NOT NULL,
            question TEXT NOT NULL,
            database_name TEXT NOT NULL,
            accepted TEXT NOT NULL,
            tags TEXT NOT NULL,
            PRIMARY KEY (suite, id)
        )
        """,
        """
        CREATE TABLE eval_runs (
            id TEXT PRIMARY KEY NOT NULL,
            suite TEXT NOT NULL REFERENCES eval_suites(name) ON DELETE CASCADE,
            model_id TEXT NOT NULL,
            settings TEXT NOT NULL,
            sample INTEGER,
            seed INTEGER NOT NULL,
            variants INTEGER NOT NULL,
            cases INTEGER NOT NULL,
            status TEXT NOT NULL,
            created_at TEXT NOT NULL,
            ended_at TEXT
        )
        """,
        "CREATE INDEX eval_runs_suite ON eval_runs(suite, created_at)",
        """
        CREATE TABLE eval_results (
            run TEXT NOT NULL REFERENCES eval_runs(id) ON DELETE CASCADE,
            case_id TEXT NOT NULL,
            verdict TEXT NOT NULL,
            sql TEXT,
            error TEXT,
            accepted_empty INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            calls INTEGER NOT NULL,
            input_tokens INTEGER,
            output_tokens INTEGER,
            usd REAL,
            seconds REAL NOT NULL,
            variants INTEGER NOT NULL,
            variants_wrong INTEGER NOT NULL,
            answered_at TEXT NOT NULL,
            PRIMARY KEY (run, case_id)
        )
        """,
    ):
        db.execute(sql)


@steps(name="0002_starters")
def _starters(db: Database) -> None:
    # Who started a run on a server, and why it ended early.
    db.execute("ALTER TABLE eval_runs ADD COLUMN actor_id TEXT")
    db.execute("ALTER TABLE eval_runs ADD COLUMN reason TEXT")


@steps(name="0003_votes")
def _votes(db: Database) -> None:
    # How many statements were asked for, and how many agreed with the answer; 0 where only one was.
    db.execute("ALTER TABLE eval_results ADD COLUMN asked INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE eval_results ADD COLUMN votes INTEGER NOT NULL DEFAULT 0")


@steps(name="0004_editions")
def _editions(db: Database) -> None:
    # Marks what a case asked and accepted when it was judged; empty where nobody knows.
    db.execute("ALTER TABLE eval_results ADD COLUMN edition TEXT NOT NULL DEFAULT ''")


def apply(connection: Any) -> None:
    """Bring the database of suites that `connection` writes to up to date."""
    steps.apply(Database(connection))
