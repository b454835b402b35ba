"""A small suite over the shops of tests/sites.py, a model that answers it, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.scripted_model import Script, ScriptedModel, registered
from tests.sites import make_database

COUNT = "SELECT count(*) FROM sale"
BY_ITEM = "SELECT item, count(*) FROM sale GROUP BY item"
# Question, accepted SQL, what the model says to it, and what that comes to.
CASES: list[tuple[str, str, str, str]] = [
    ("How many sales?", COUNT, "SELECT count(id) AS n FROM sale", "right"),
    ("Sales by item?", BY_ITEM, "SELECT count(*), item FROM sale GROUP BY item", "right"),
    ("Which items?", "SELECT DISTINCT item FROM sale", BY_ITEM, "extra columns"),
    ("Where are shops?", "SELECT city FROM shop", "SELECT DISTINCT city FROM shop", "wrong"),
    ("Who works there?", "SELECT name FROM shop", "SELECT missing FROM shop", "failed"),
    (
        "Cheapest?",
        "SELECT item FROM sale ORDER BY price LIMIT 1",
        "-- cannot answer: no",
        "refused",
    ),
]


def replies(cases: list[tuple[str, str, str, str]] = CASES) -> Script:
    """Answers each question as the table says, and a correction with the same again."""
    by_question = {question: reply for question, _, reply, _ in cases}

    def script(text: str) -> str:
        question = text.rsplit("Question: ", 1)[-1].strip()
        return by_question.get(question, "SELECT missing FROM shop")

    return script


def write_jsonl(folder: Path, cases: list[tuple[str, str, str, str]] = CASES, **more: Any) -> Path:
    """A suite as JSONL beside a database of shops."""
    make_database(folder / "shops.db")
    path = folder / "suite.jsonl"
    lines = [
        {
            "id": f"c{number}",
            "question": question,
            "db": "shops.db",
            "gold": sql,
            "set": "s",
            **more,
        }
        for number, (question, sql, _, _) in enumerate(cases)
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path


def evaluate(
    *arguments: str | Path, script: Script | None = None, model: str = "scripted"
) -> Result:
    """`datasette llm-tools eval` with a scripted model."""
    with registered(ScriptedModel(script or replies(), model)):
        return CliRunner().invoke(
            cli, ["llm-tools", "eval", *map(str, arguments)], catch_exceptions=False
        )
