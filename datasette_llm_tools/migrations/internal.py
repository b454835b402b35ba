"""Questions, widgets and explorations, in Datasette's internal database."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database, Migrations

steps = Migrations("datasette-llm-tools")


@steps(name="0001_questions")
def _questions(db: Database) -> None:
    db["llm_tools_questions"].create(
        {
            "id": str,
            "database_name": str,
            "actor_id": str,
            "parent_id": str,
            "question": str,
            "title": str,
            "status": str,
            "sql": str,
            "answer": str,
            "error": str,
            "model_id": str,
            "shared": int,
            "created_at": str,
            "details": str,
        },
        pk="id",
        not_null={"database_name", "question", "status", "shared", "created_at", "details"},
        defaults={"shared": 0},
    )
    db["llm_tools_questions"].create_index(["actor_id", "created_at"])
    db["llm_tools_questions"].create_index(["parent_id"])


@steps(name="0002_widgets")
def _widgets(db: Database) -> None:
    # `queries`, `contract`: JSON. Times are ISO 8601 in UTC, but for `expires`, in seconds since
    # 1970. A frame's document waits here for the one request that may fetch it.
    for sql in (
        """
        CREATE TABLE llm_tools_widgets (
            id TEXT PRIMARY KEY NOT NULL,
            database_name TEXT NOT NULL,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            actor_id TEXT,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            current INTEGER NOT NULL,
            shared INTEGER NOT NULL DEFAULT 0,
            question_id TEXT,
            copied_from TEXT
        )
        """,
        "CREATE INDEX llm_tools_widgets_actor ON llm_tools_widgets(actor_id, updated_at)",
        "CREATE INDEX llm_tools_widgets_database ON llm_tools_widgets(database_name, updated_at)",
        """
        CREATE TABLE llm_tools_widget_revisions (
            widget_id TEXT NOT NULL REFERENCES llm_tools_widgets(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            parent INTEGER,
            origin TEXT NOT NULL,
            source TEXT NOT NULL,
            queries TEXT NOT NULL,
            contract TEXT NOT NULL,
            prompt TEXT,
            model_id TEXT,
            input_tokens INTEGER,
            output_tokens INTEGER,
            usd REAL,
            milliseconds REAL NOT NULL DEFAULT 0,
            actor_id TEXT,
            created_at TEXT NOT NULL,
            approved_at TEXT,
            PRIMARY KEY (widget_id, number)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE llm_tools_widget_votes (
            id TEXT PRIMARY KEY NOT NULL,
            widget_id TEXT NOT NULL,
            question_id TEXT,
            prompt TEXT NOT NULL,
            prompt_kind TEXT NOT NULL,
            left_number INTEGER NOT NULL,
            left_model_id TEXT NOT NULL,
            right_number INTEGER NOT NULL,
            right_model_id TEXT NOT NULL,
            choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'tie', 'both_bad')),
            actor_id TEXT,
            voted_at TEXT NOT NULL
        )
        """,
        """
        CREATE UNIQUE INDEX llm_tools_widget_votes_once ON llm_tools_widget_votes
            (widget_id, min(left_number, right_number), max(left_number, right_number), actor_id)
        """,
        """
        CREATE TABLE llm_tools_widget_frames (
            token TEXT PRIMARY KEY NOT NULL,
            document TEXT NOT NULL,
            expires REAL NOT NULL
        )
        """,
    ):
        db.execute(sql)


@steps(name="0003_verified")
def _verified(db: Database) -> None:
    # What the person who asked said of the answer: 1 is right, 0 is wrong, NULL is nothing.
    db.execute("ALTER TABLE llm_tools_questions ADD COLUMN verified INTEGER")


@steps(name="0004_explorations")
def _explorations(db: Database) -> None:
    # `document`, `people`, `publisher`, `origin`, `tables`: JSON. `data`, `html`: zlib over JSON
    # and over HTML. An exploration's texts are searched in two editions: as its author has them
    # ('draft'), and as readers do ('published').
    for sql in (
        """
        CREATE TABLE llm_tools_explorations (
            id TEXT PRIMARY KEY NOT NULL,
            actor_id TEXT,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            current INTEGER NOT NULL,
            published INTEGER,
            published_at TEXT,
            publisher TEXT,
            snapshot INTEGER,
            public INTEGER NOT NULL DEFAULT 0,
            people TEXT NOT NULL DEFAULT '[]',
            mode TEXT NOT NULL DEFAULT 'snapshot' CHECK (mode IN ('live', 'snapshot')),
            pinned_at TEXT,
            origin TEXT
        )
        """,
        "CREATE INDEX llm_tools_explorations_actor ON llm_tools_explorations(actor_id, updated_at)",
        """
        CREATE INDEX llm_tools_explorations_public ON llm_tools_explorations(published_at)
        WHERE public
        """,
        """
        CREATE TABLE llm_tools_exploration_revisions (
            exploration_id TEXT NOT NULL REFERENCES llm_tools_explorations(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            edition INTEGER NOT NULL DEFAULT 1,
            parent INTEGER,
            origin TEXT NOT NULL,
            title TEXT NOT NULL,
            summary TEXT NOT NULL,
            tags TEXT NOT NULL,
            document TEXT NOT NULL,
            actor_id TEXT,
            created_at TEXT NOT NULL,
            saved_at TEXT NOT NULL,
            is_draft INTEGER NOT NULL,
            PRIMARY KEY (exploration_id, number)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE llm_tools_exploration_links (
            token TEXT PRIMARY KEY NOT NULL,
            exploration_id TEXT NOT NULL REFERENCES llm_tools_explorations(id) ON DELETE CASCADE,
            label TEXT NOT NULL,
            actor_id TEXT,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT
        )
        """,
        """
        CREATE INDEX llm_tools_exploration_links_of
            ON llm_tools_exploration_links(exploration_id)
        """,
        """
        CREATE TABLE llm_tools_exploration_snapshots (
            exploration_id TEXT NOT NULL REFERENCES llm_tools_explorations(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            block_id TEXT NOT NULL,
            position INTEGER NOT NULL,
            database_name TEXT,
            tables TEXT NOT NULL,
            row_count INTEGER NOT NULL,
            truncated INTEGER NOT NULL,
            rows_hash TEXT NOT NULL,
            schema_hash TEXT NOT NULL,
            refused TEXT,
            taken_at TEXT NOT NULL,
            data BLOB NOT NULL,
            html BLOB,
            html_for TEXT,
            PRIMARY KEY (exploration_id, number, block_id)
        )
        """,
        """
        CREATE VIRTUAL TABLE llm_tools_explorations_fts USING fts5(
            exploration_id UNINDEXED, edition UNINDEXED, title, summary, tags, words,
            tokenize = 'unicode61 remove_diacritics 2'
        )
        """,
    ):
        db.execute(sql)


@steps(name="0005_calibrations")
def _calibrations(db: Database) -> None:
    # What an eval of a database found for a model: below which percent of agreeing statements
    # its answers are not to be believed, and of how many answers that was read.
    db.execute(
        """
        CREATE TABLE llm_tools_calibrations (
            database_name TEXT NOT NULL,
            model_id TEXT NOT NULL,
            below INTEGER NOT NULL,
            answers INTEGER NOT NULL,
            found_at TEXT NOT NULL,
            PRIMARY KEY (database_name, model_id)
        )
        """
    )


def apply(connection: Any) -> None:
    """Bring the internal database that `connection` writes to up to date."""
    steps.apply(Database(connection))
