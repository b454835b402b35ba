"""`datasette llm-tools ask`: what it prints, and that its exit code tells whether it answered."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.scripted_model import Script, ScriptedModel, SeveralModel, registered
from tests.sites import make_database

SQL = "select item, count(*) as sales from sale group by item order by 2 desc"


def answers(sql: str = SQL) -> Script:
    return lambda text: "Tea sold best." if "<rows " in text else sql


def run(script: Script, *arguments: str | Path) -> Result:
    with registered(ScriptedModel(script)):
        return CliRunner().invoke(
            cli,
            ["llm-tools", "ask", *map(str, arguments), "-m", "scripted"],
            catch_exceptions=False,
        )


def test_a_person_gets_sql_rows_and_words(tmp_path: Path) -> None:
    result = run(answers(), make_database(tmp_path / "shops.db"), "What sold best?")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        SQL,
        "",
        "item  sales",
        "----  -----",
        "tea       2",
        "milk      1",
        "",
        "Tea sold best.",
    ]


def test_json_has_everything(tmp_path: Path) -> None:
    result = run(answers(), make_database(tmp_path / "shops.db"), "What sold best?", "--json")
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["question"] == "What sold best?"
    assert told["sql"] == SQL and told["columns"] == ["item", "sales"]
    assert told["rows"] == [["tea", 2], ["milk", 1]] and told["truncated"] is False
    assert told["answer"] == "Tea sold best." and told["model"] == "scripted"
    assert set(told) >= {"tokens", "milliseconds"}


def test_no_rows_are_told_without_a_model(tmp_path: Path) -> None:
    sql = "select item from sale where price > 100"
    result = run(answers(sql), make_database(tmp_path / "shops.db"), "What is dear?")
    assert result.stdout.splitlines()[-1] == "The query ran, and nothing matched."
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("flag", "printed"),
    [
        ("--sql", f"{SQL}\n"),
        ("--table", "item  sales\n----  -----\ntea       2\nmilk      1\n"),
    ],
)
def test_one_form_only(tmp_path: Path, flag: str, printed: str) -> None:
    result = run(answers(), make_database(tmp_path / "shops.db"), "What sold best?", flag)
    assert (result.exit_code, result.stdout) == (0, printed)


def test_csv_can_be_read_back(tmp_path: Path) -> None:
    sql = "select 'a,\"b\"' as x, null as y, 1.5 as z"
    result = run(answers(sql), make_database(tmp_path / "shops.db"), "Odd?", "--csv")
    assert list(csv.reader(io.StringIO(result.stdout))) == [["x", "y", "z"], ['a,"b"', "", "1.5"]]


def test_files_of_rows_become_tables(tmp_path: Path) -> None:
    (tmp_path / "cities.csv").write_text("city,people\nParis,2100000\nBonn,330000\n")
    (tmp_path / "rivers.json").write_text('[{"river": "Rhein", "city": "Bonn"}]')
    result = run(
        answers("select river, people from rivers join cities using (city)"),
        tmp_path / "cities.csv",
        tmp_path / "rivers.json",
        "Which rivers?",
        "--json",
    )
    assert json.loads(result.stdout)["rows"] == [["Rhein", 330000]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cities.csv", "rivers.json"]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("-- cannot answer: no weather", "no weather"),
        ("select missing from sale", "No column here is called missing"),
        ("drop table sale", "not DROP"),
    ],
)
def test_no_answer_is_exit_code_1_with_the_reason(tmp_path: Path, sql: str, said: str) -> None:
    result = run(answers(sql), make_database(tmp_path / "shops.db"), "What?")
    assert result.exit_code == 1 and result.stdout == ""
    assert said in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["How many?"], "Name a file"),
        (["missing.db", "How many?"], "no file missing.db"),
        (["{db}", "How many?", "--csv", "--json"], "Choose one of"),
        (["{db}", "{csv}", "How many?"], "one database at a time"),
        (["{bad}", "How many?"], "bad.csv"),
        (["{text}", "How many?"], "not a SQLite database"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "bad.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (tmp_path / "notes.db").write_text("This is no database, whatever its name says. " * 50)
    names = {
        "db": make_database(tmp_path / "shops.db"),
        "csv": tmp_path / "a.csv",
        "bad": tmp_path / "bad.csv",
        "text": tmp_path / "notes.db",
    }
    result = run(answers(), *(each.format(**names) for each in arguments))
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_model_is_a_sentence(tmp_path: Path) -> None:
    with registered(ScriptedModel(answers())):
        result = CliRunner().invoke(
            cli,
            ["llm-tools", "ask", str(make_database(tmp_path / "s.db")), "What?", "-m", "nobody"],
        )
    assert result.exit_code == 1 and "no model nobody" in result.stderr


def test_a_question_back_is_printed_with_both_readings(tmp_path: Path) -> None:
    tea = "select count(*) from sale where item = 'tea'"
    every = "select count(*) from sale"
    votes = [every, tea, every, tea, every, "select nonsense", "select nonsense"]
    model = SeveralModel(lambda text: "Two." if "<rows " in text else tea, lambda _: votes)
    database = make_database(tmp_path / "shops.db")
    config = tmp_path / "config.json"
    settings = {"candidate_seconds": 600}
    config.write_text(json.dumps({"plugins": {"datasette-llm-tools": settings}}))
    with registered(model):
        asked = ["llm-tools", "ask", str(database), "How many?", "--config", str(config)]
        result = CliRunner().invoke(cli, [*asked, "-m", "scripted"], catch_exceptions=False)
        told = json.loads(CliRunner().invoke(cli, [*asked, "-m", "scripted", "--json"]).stdout)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-5:] == [
        'Count only rows of sale where item is "tea": 2, or all of them: 3?',
        '  Count only rows of sale where item is "tea": 2',
        f"    {tea}",
        "  All of them: 3",
        f"    {every}",
    ]
    assert told["asked_back"]["options"][1] == {"label": "all of them", "sql": every, "value": 3}
    assert told["agreement"]["groups"][0]["votes"] == 3
