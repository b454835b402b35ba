"""Suites that a file keeps come in, go out and grow from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.eval_suites import CASES, evaluate, write_jsonl
from tests.sites import make_database


def ran(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["llm-tools", *map(str, arguments)], catch_exceptions=False)


def test_a_suite_grows_case_by_case_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_database(tmp_path / "shops.db")
    options = ("--save", "kept.db", "--database", "shops.db")
    question, sql, _, _ = CASES[0]
    added = ran(
        "eval-case", "mine", question, sql, "select 3", "--id", "one", "--tag", "t", *options
    )
    assert (added.exit_code, added.output) == (0, "mine: 1 case\n")
    added = ran("eval-case", "mine", "Rain?", "--expect", "cannot be answered", *options)
    assert added.output == "mine: 2 cases\n"
    written = yaml.safe_load(ran("eval-suite", "export", "mine", "--save", "kept.db").output)
    assert written["database"] == "shops.db" and written["cases"][0] == {
        "id": "one",
        "question": question,
        "sql": [sql, "select 3"],
        "tags": ["t"],
    }
    assert written["cases"][1]["expect"] == "cannot be answered"
    assert "2 cases" in evaluate("mine", "--save", "kept.db", "-m", "scripted").output
    again = ran("eval-case", "mine", question, "select 4", "--id", "one", *options)
    assert again.output == "mine: 2 cases\n"


def test_a_file_comes_in_and_goes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_jsonl(tmp_path)
    kept = ran("eval-suite", "import", path, "--save", "kept.db", "--name", "shops")
    assert kept.output == "shops: 6 cases\n"
    assert ran("eval-suite", "list", "--save", "kept.db").output == "shops\n"
    (tmp_path / "out.yaml").write_text(
        ran("eval-suite", "export", "shops", "--save", "kept.db").output
    )
    assert "6 cases" in ran("eval-suite", "import", "out.yaml", "--save", "kept.db").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eval-case", "s", "Q?", "--save", "k.db", "--database", "d"), "one of the two"),
        (
            (
                *("eval-case", "s", "Q?", "select 1", "--expect", "must ask back"),
                *("--save", "k.db", "--database", "d"),
            ),
            "one of the two",
        ),
        (("eval-case", " ", "Q?", "select 1", "--save", "k.db", "--database", "d"), "needs a name"),
        (("eval-suite", "export", "s", "--save", "none.db"), "There is no file none.db"),
        (("eval-suite", "list", "--save", "none.db"), "There is no file none.db"),
        (("eval-suite", "import", "none.yaml", "--save", "k.db"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ran(*arguments)
    assert result.exit_code == 1 and said in result.output


def test_a_suite_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran("eval-suite", "import", write_jsonl(tmp_path), "--save", "kept.db", "--name", "shops")
    result = ran("eval-suite", "export", "other", "--save", "kept.db")
    assert result.exit_code == 1 and "only: shops" in result.output
