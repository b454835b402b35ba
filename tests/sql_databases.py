"""Databases with something to hide, and a Datasette that hides it; for the SQL tests."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from datasette.app import Datasette

from datasette_llm_tools.queries import close_workers

# `secrets` and `hidden_view` are hidden; `names` reads secrets on purpose.
SCHEMA = """
CREATE TABLE docs (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
INSERT INTO docs VALUES (1, 'one', 'hello world'), (2, 'two', 'good bye');
CREATE TABLE secrets (id INTEGER PRIMARY KEY, name TEXT, password TEXT);
INSERT INTO secrets VALUES (1, 'ann', 'hunter2'), (2, 'bob', 'swordfish');
CREATE INDEX secrets_name ON secrets (name);
CREATE VIEW names AS SELECT name FROM secrets WHERE id = 1;
CREATE VIEW counted AS WITH c AS (SELECT count(*) AS n FROM secrets) SELECT n FROM c;
CREATE VIEW hidden_view AS SELECT id, title FROM docs;
CREATE VIEW over_view AS SELECT title FROM hidden_view;
CREATE VIEW priced AS SELECT printf('%.2f', id) AS price FROM docs;
CREATE VIRTUAL TABLE docs_fts USING fts5(title, body, content='docs', content_rowid='id');
INSERT INTO docs_fts(docs_fts) VALUES ('rebuild');
CREATE VIRTUAL TABLE notes USING fts5(note);
INSERT INTO notes VALUES ('remember the milk');
CREATE VIRTUAL TABLE old_notes USING fts4(note);
INSERT INTO old_notes VALUES ('remember the bread');
CREATE VIRTUAL TABLE leaking USING fts5(password, content='secrets', content_rowid='id');
INSERT INTO leaking(leaking) VALUES ('rebuild');
CREATE VIRTUAL TABLE leaking4 USING fts4(content='secrets', password);
INSERT INTO leaking4(docid, password) VALUES (1, 'hunter2');
CREATE VIRTUAL TABLE leaking_words USING fts5vocab('leaking', 'row');
CREATE VIRTUAL TABLE hidden_boxes USING rtree(id, low, high);
INSERT INTO hidden_boxes VALUES (1, 0, 1);
CREATE TABLE log (entry TEXT);
CREATE TRIGGER docs_secret AFTER INSERT ON docs
  BEGIN INSERT INTO log SELECT password FROM secrets; END;
CREATE TABLE "odd ""name] of `table" ("a b" TEXT, "select" TEXT);
INSERT INTO "odd ""name] of `table" VALUES ('x', 'y');
CREATE TABLE "Größe" (wert REAL);
INSERT INTO "Größe" VALUES (1.5);
CREATE TABLE "order" ("group" TEXT);
INSERT INTO "order" VALUES ('reserved');
"""
HIDDEN = {"secrets", "hidden_view", "hidden_boxes", "log"}


def make_database(path: Path) -> Path:
    """Write the database with secrets to `path`."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    connection.close()
    return path


def visible_names(path: Path) -> frozenset[str]:
    """Every table and view of the file but the hidden ones, shadow tables included."""
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    return frozenset(names - HIDDEN)


def fingerprint(folder: Path) -> dict[str, str]:
    """Each file of a folder with the hash of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def make_datasette(path: Path, **settings: object) -> Datasette:
    """A Datasette over one file that denies the hidden tables to everybody."""
    return Datasette(
        [str(path)],
        config={
            "databases": {path.stem: {"tables": {name: {"allow": False} for name in HIDDEN}}},
            "plugins": {"datasette-llm-tools": settings},
        },
    )


@asynccontextmanager
async def serving(path: Path, **settings: object) -> AsyncIterator[Datasette]:
    """A started Datasette over the file, whose workers end with the block."""
    datasette = make_datasette(path, **settings)
    await datasette.invoke_startup()
    try:
        yield datasette
    finally:
        await close_workers(datasette)


def worker_processes() -> list[psutil.Process]:
    """The query workers that this process has running."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE
        and any(part.endswith("query_worker.py") for part in child.cmdline())
    ]
