"""Our tables as numbered steps that are only ever appended.

Questions, widgets and explorations are kept in the internal database. Enrichments, their runs and
what came of each row are kept in the database that they write to, so that a value and where it
comes from change in one transaction; these tables are made there with its first enrichment.
Suites and what came of them have a database of their own.
"""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database, Migrations

internal = Migrations("datasette-llm-tools")
enriched = Migrations("datasette-llm-tools-enrichments")
evals = Migrations("datasette-llm-tools-evals")
MIGRATIONS = Migrations.migrations_table
ENRICHED_TABLES = (
    "_llm_tools_enrichments",
    "_llm_tools_runs",
    "_llm_tools_results",
    "_llm_tools_reviews",
)


@internal(name="0001_questions")
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


@internal(name="0002_widgets")
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


@internal(name="0003_verified")
def _verified(db: Database) -> None:
    # What the person who asked said of the answer: 1 is right, 0 is wrong, NULL is nothing.
    db.execute("ALTER TABLE llm_tools_questions ADD COLUMN verified INTEGER")


@internal(name="0004_explorations")
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


@internal(name="0005_calibrations")
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
    internal.apply(Database(connection))


@enriched(name="0001_enrichments")
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


def apply_enriched(connection: Any) -> None:
    """Bring our tables in an enriched database up to date, on its write connection.

    Tables that somebody has dropped are made again. One process at a time looks and creates: it
    holds the database's write lock, in the caller's transaction or in one of its own.
    """
    if connection.in_transaction:
        _apply_enriched(connection)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply_enriched(connection)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _apply_enriched(connection: Any) -> None:
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if MIGRATIONS in there and not there.issuperset(ENRICHED_TABLES):
        # The steps are on record as taken; but somebody has undone them.
        connection.execute(f"DELETE FROM {MIGRATIONS} WHERE migration_set = ?", [enriched.name])  # noqa: S608 -- ours
        if "_llm_tools_runs" not in there:
            # Runs are numbered anew: what is left would pass for that of the new ones.
            for name in ("_llm_tools_results", "_llm_tools_reviews"):
                connection.execute(f"DROP TABLE IF EXISTS {name}")
    enriched.apply(Database(connection, recursive_triggers=False))


@evals(name="0001_evals")
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


@evals(name="0002_starters")
def _starters(db: Database) -> None:
    # Who started a run on a server, and why it ended early.
    db.execute("ALTER TABLE eval_runs ADD COLUMN actor_id TEXT")
    db.execute("ALTER TABLE eval_runs ADD COLUMN reason TEXT")


@evals(name="0003_votes")
def _votes(db: Database) -> None:
    # How many statements were asked for, and how many agreed with the answer; 0 where only one was.
    db.execute("ALTER TABLE eval_results ADD COLUMN asked INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE eval_results ADD COLUMN votes INTEGER NOT NULL DEFAULT 0")


def apply_evals(connection: Any) -> None:
    """Bring the database of suites that `connection` writes to up to date."""
    evals.apply(Database(connection))
