"""`ask --investigate`: steps on standard error, the answer on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.scripted_model import ScriptedModel, registered
from tests.sites import make_database

TEA = "select count(*) as teas from sale where item = 'tea'"
DONE_BY = ("--investigate", "-m", "scripted")
REPLIES = [
    {"thought": "Count tea.", "action": {"tool": "sql", "sql": TEA}},
    {"thought": "And?", "action": {"tool": "sql", "sql": "select nme from shop"}},
    {
        "thought": "Known.",
        "action": {"tool": "answer", "claims": [{"text": "2 were tea.", "steps": [1]}]},
    },
]


def run(folder: Path, *options: str, supports_schema: bool = True) -> Result:
    replies: Iterator[str] = map(json.dumps, REPLIES)
    model = ScriptedModel(lambda _: next(replies))
    model.supports_schema = supports_schema
    database = make_database(folder / "shops.db")
    with registered(model):
        return CliRunner().invoke(
            cli,
            ["llm-tools", "ask", str(database), "How much tea?", *DONE_BY, *options],
            catch_exceptions=False,
        )


def test_steps_are_told_as_they_end_and_the_answer_names_them(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "2 were tea. (step 1)"
    told = result.stderr.splitlines()
    assert told[:2] == ["Step 1: Count tea.", f"  {TEA}"] and told[2].startswith("  1 row in ")
    assert told[5] == "  Came to nothing: no such column: nme"
    assert told[6] == "Step 3: Known."


def test_json_has_the_steps(tmp_path: Path) -> None:
    told = json.loads(run(tmp_path, "--json").stdout)
    assert [each["sql"] for each in told["investigation"]["steps"]] == [
        TEA,
        "select nme from shop",
        None,
    ]
    assert (told["sql"], told["rows"], told["answer"]) == (TEA, [[2]], "2 were tea.")


def test_csv_is_that_of_the_step_that_the_answer_names_last(tmp_path: Path) -> None:
    assert run(tmp_path, "--csv").stdout.splitlines() == ["teas", "2"]


def test_a_model_that_cannot_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    result = run(tmp_path, supports_schema=False)
    assert result.exit_code == 1 and "answers in one step only" in result.stderr
