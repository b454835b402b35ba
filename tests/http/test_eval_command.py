"""`datasette llm-tools eval`: what it prints, keeps and leaves to resume."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.eval_suites import BY_ITEM, CASES, COUNT, evaluate, replies, write_jsonl
from tests.scripted_model import ScriptedModel, registered
from tests.sites import make_database


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def told(result: Result) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def test_a_person_gets_tables_and_progress(tmp_path: Path) -> None:
    result = evaluate(write_jsonl(tmp_path), "-m", "scripted", "--variants", "2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{tmp_path.name}/suite, 6 cases"
    shown = " ".join(lines[2].split())
    assert shown.startswith("cases right 95% extra columns wrong failed refused unanswered")
    assert shown.endswith("tokens in out cost median s p95 s")
    row = lines[4].split()
    assert row[:4] == ["scripted", "6", "33.3%", "10-70"]
    assert row[4:9] == ["16.7%", "16.7%", "16.7%", "16.7%", "0.0%"]
    assert "unknown" in row  # the price of a scripted model
    assert any(line.split()[:4] == ["kind", "group", "1", "100.0%"] for line in lines)
    assert any(line.split()[:3] == ["table", "shops.sale", "4"] for line in lines)
    assert lines[-1] == "Judged on changed copies, too: 3; of these right by luck: 0."
    assert "scripted: 6 of 6, 33.3% right" in result.stderr


def test_json_has_everything(tmp_path: Path) -> None:
    result = evaluate(write_jsonl(tmp_path), "-m", "scripted", "--set", "repairs=0", "--json")
    report = told(result)
    assert report["suite"] == f"{tmp_path.name}/suite" and report["cases"] == 6
    (run,) = report["runs"]
    assert run["model"] == "scripted" and run["settings"] == {"repairs": 0}
    assert run["verdicts"] == {
        "right": 2,
        "extra columns": 1,
        "wrong": 1,
        "failed": 1,
        "refused": 1,
        "unanswered": 0,
        "unscored": 0,
    }
    by_id = {each["case_id"]: each for each in run["results"]}
    assert {by_id[f"c{n}"]["verdict"] for n in range(6)} == {each[3] for each in CASES}
    assert by_id["c4"]["attempts"] == 1
    assert by_id["c4"]["error"]


def test_two_models_are_compared(tmp_path: Path) -> None:
    better = [(question, sql, sql, "right") for question, sql, _, _ in CASES]
    path = write_jsonl(tmp_path)
    models = [ScriptedModel(replies()), ScriptedModel(replies(better), "better")]
    with registered(*models):
        arguments = ["llm-tools", "eval", str(path), "-m", "scripted", "-m", "better"]
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        as_json = CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    assert (
        "better against scripted: 4 only there right, 0 only here, of 6; McNemar p = 0.125."
        in result.stdout
    )
    (pair,) = told(as_json)["pairs"]
    assert (pair["only_first_right"], pair["only_second_right"], pair["p"]) == (0, 4, 0.125)


def test_a_sample_by_seed(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path)
    drawn = [
        {each["case_id"] for each in told(result)["runs"][0]["results"]}
        for result in (
            evaluate(path, "-m", "scripted", "--sample", "3", "--seed", seed, "--json")
            for seed in ("1", "1", "2")
        )
    ]
    assert len(drawn[0]) == 3
    assert drawn[0] == drawn[1] != drawn[2]
    shown = evaluate(path, "-m", "scripted", "--sample", "3", "--seed", "1", "--set", "repairs=1")
    assert shown.stdout.splitlines()[0].endswith("suite, 3 of 6 cases by seed 1, repairs=1")


def test_runs_are_plain_tables(tmp_path: Path) -> None:
    kept = tmp_path / "runs.db"
    assert evaluate(write_jsonl(tmp_path), "-m", "scripted", "--save", kept).exit_code == 0
    assert query(kept, "select model_id, status, cases from eval_runs") == [("scripted", "done", 6)]
    verdicts = query(
        kept,
        "select question, verdict from eval_results join eval_cases on case_id = id order by id",
    )
    assert verdicts == [(question, verdict) for question, _, _, verdict in CASES]
    # A suite that is kept is asked by its name, wherever its databases lie.
    name = f"{tmp_path.name}/suite"
    again = evaluate(name, "-m", "scripted", "--save", kept, "--json")
    assert told(again)["runs"][0]["verdicts"]["right"] == 2
    assert query(kept, "select count(*) from eval_runs") == [(2,)]


def interrupting(after: int, asked: list[str]) -> Any:
    """Answers, and after some questions presses Ctrl-C as well."""

    def script(text: str) -> str:
        asked.append(text)
        if len(asked) == after:
            os.kill(os.getpid(), signal.SIGINT)
        return replies()(text)

    return script


def test_the_file_alone_holds_all_that_was_kept(tmp_path: Path) -> None:
    saved = tmp_path / "runs.db"
    evaluate(write_jsonl(tmp_path), "-m", "scripted", "--save", saved)
    sent = tmp_path / "sent.db"
    sent.write_bytes(saved.read_bytes())
    assert query(sent, "SELECT count(*) FROM eval_results") == [(len(CASES),)]


def test_ctrl_c_keeps_what_was_done_and_resume_asks_the_rest(tmp_path: Path) -> None:
    path, kept = write_jsonl(tmp_path), tmp_path / "runs.db"
    options = ("-m", "scripted", "--save", kept, "--set", "repairs=0", "--concurrency", "1")
    asked: list[str] = []
    first = evaluate(path, *options, script=interrupting(3, asked))
    assert first.exit_code == 130
    assert "Stopped." in first.stderr
    assert "of 6 cases so far." in first.stdout
    (done,) = query(kept, "select count(*) from eval_results")[0]
    assert 0 < done < 6
    assert query(kept, "select status from eval_runs") == [("stopped",)]
    rest: list[str] = []
    second = evaluate(path, *options, "--resume", "--json", script=interrupting(99, rest))
    assert second.exit_code == 0
    assert len(rest) == 6 - done
    assert len(told(second)["runs"][0]["results"]) == 6
    assert query(kept, "select status, count(*) from eval_runs") == [("done", 1)]
    # Once more, there is nothing left to ask.
    nothing: list[str] = []
    third = evaluate(path, *options, "--resume", "--json", script=interrupting(99, nothing))
    assert nothing == []
    assert told(third)["runs"][0]["verdicts"] == told(second)["runs"][0]["verdicts"]


def test_resume_is_of_the_same_plan_only(tmp_path: Path) -> None:
    path, kept = write_jsonl(tmp_path), tmp_path / "runs.db"
    for options in ((), ("--set", "repairs=0"), ("--sample", "2"), ("--variants", "1")):
        arguments = (path, "-m", "scripted", "--save", kept, "--resume", *options)
        assert evaluate(*arguments).exit_code == 0
    assert query(kept, "select count(*) from eval_runs") == [(4,)]


def test_a_model_that_is_gone_leaves_a_run_to_resume(tmp_path: Path) -> None:
    path, kept = write_jsonl(tmp_path), tmp_path / "runs.db"
    options = (path, "-m", "scripted", "--save", kept, "--concurrency", "1")
    gone = evaluate(*options, script=lambda _: ValueError("no"))
    assert gone.exit_code == 1
    assert "failed 5 times on end" in gone.stderr
    assert query(kept, "select count(*) from eval_results") == [(0,)]
    assert evaluate(*options, "--resume").exit_code == 0
    assert query(kept, "select count(*) from eval_results") == [(6,)]


def test_a_yaml_suite_and_each_case_on_its_own_database(tmp_path: Path) -> None:
    for name, sales in (("one", 3), ("two", 4)):
        (tmp_path / name).mkdir()
        more = "insert into sale (id) values (4)" if sales == 4 else ""
        make_database(tmp_path / name / "shops.db", more)
    path = tmp_path / "suite.yaml"
    path.write_text(
        "suite: both\ncases:\n"
        "- question: How many here?\n  database: one/shops.db\n  rows: [[3]]\n"
        "- question: How many there?\n  database: two/shops.db\n  rows: [[4]]\n"
        "- question: Rain?\n  database: two/shops.db\n  expect: cannot be answered\n",
        encoding="utf-8",
    )
    before = [(tmp_path / name / "shops.db").read_bytes() for name in ("one", "two")]

    def script(text: str) -> str:
        return "-- cannot answer: no weather" if "Rain" in text else COUNT

    result = evaluate(path, "-m", "scripted", "--json", script=script)
    (run,) = told(result)["runs"]
    assert run["verdicts"]["right"] == 3
    assert [(tmp_path / name / "shops.db").read_bytes() for name in ("one", "two")] == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["missing.jsonl"], "cannot be read"),
        (["stored"], "name the file that keeps it with --save"),
        (["{suite}", "--resume"], "--resume goes on with a run that is kept"),
        (["{suite}", "--set", "repair=1"], "--set repair=1: write NAME=VALUE"),
        (["{suite}", "--set", "repairs"], "write NAME=VALUE"),
        (["{suite}", "--set", "repairs=x"], "the value must be a number"),
        (["{suite}", "--set", "repairs=-1"], "repairs must not be negative"),
        (["{suite}", "--set", "answer_in_words=maybe"], "must be true or false"),
        (["{suite}", "-m", "nobody"], "no model nobody"),
        (["{suite}", "--save", "{folder}/no/such.db"], "cannot be written"),
        (["{suite}", "--save", "{folder}/shops.db"], "is asked about and only read"),
        (["{elsewhere}"], "no file"),
        (["{text}"], "is not a SQLite database"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, options: list[str], said: str) -> None:
    names = {"suite": write_jsonl(tmp_path), "folder": tmp_path}
    for name, database in (("elsewhere", "gone.db"), ("text", "text.jsonl")):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(json.dumps({"question": "?", "db": database, "gold": COUNT}) + "\n")
        names[name] = path
    result = evaluate(*(each.format(**names) for each in options))
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_setting_names_the_model(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, [("Sales by item?", BY_ITEM, BY_ITEM, "right")])
    result = evaluate(path, "--set", "model=scripted", "--json")
    assert told(result)["runs"][0]["model"] == "scripted"
