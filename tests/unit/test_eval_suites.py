"""Suites are read from YAML and JSONL, written as YAML, and errors name the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.evals.suites import databases_of, read_suite
from datasette_llm_tools.evals.values import Case, ExpectedRows, Instead, Suite
from datasette_llm_tools.evals.yaml_suites import suite_yaml

YAML = """\
suite: shop questions
description: What the owner asks on Mondays
database: shops.db
columns_in_order: true
tolerance: 0.01
cases:
- id: tea
  question: How many sales of tea?
  sql: SELECT count(*) FROM sale WHERE item = 'tea'
  tags: [counts, easy]
- question: Where are the shops?
  sql:
  - SELECT DISTINCT city FROM shop
  - SELECT city FROM shop GROUP BY city
- id: first day
  question: When was the first sale?
  rows: [[2024-01-02, 3.5, null]]
  in_order: true
- id: weather
  question: Did it rain?
  database: other
  expect: cannot be answered
- id: best
  question: Which is best?
  expect: must ask back
"""


def written(folder: Path, text: str, name: str = "suite.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def lines(*fields: dict[str, Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in fields)


def test_a_yaml_file(tmp_path: Path) -> None:
    (tmp_path / "shops.db").touch()
    file = str((tmp_path / "shops.db").resolve())
    suite = read_suite(written(tmp_path, YAML))
    assert suite == Suite(
        "shop questions",
        (
            Case(
                "tea",
                "How many sales of tea?",
                file,
                ("SELECT count(*) FROM sale WHERE item = 'tea'",),
                ("counts", "easy"),
            ),
            Case(
                "2",
                "Where are the shops?",
                file,
                ("SELECT DISTINCT city FROM shop", "SELECT city FROM shop GROUP BY city"),
            ),
            Case(
                "first day",
                "When was the first sale?",
                file,
                (ExpectedRows((("2024-01-02", 3.5, None),), in_order=True),),
            ),
            Case("weather", "Did it rain?", "other", Instead.CANNOT),
            Case("best", "Which is best?", file, Instead.MUST_ASK_BACK),
        ),
        "What the owner asks on Mondays",
        columns_in_order=True,
        tolerance=0.01,
    )
    assert databases_of(suite.cases) == (file, "other")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "shops.db").touch()
    suite = read_suite(written(tmp_path, YAML))
    odd = Case(
        "odd",
        "Was heißt „nein“?",
        "other",
        ("SELECT 1", ExpectedRows((("NO", b"\x00\xff", 2**60),))),
    )
    suite = Suite("odd: names", (*suite.cases, odd))
    text = suite_yaml(suite, tmp_path)
    assert read_suite(written(tmp_path, text, "again.yml")) == suite
    assert str(tmp_path) not in text
    head = yaml.safe_load(suite_yaml(Suite("one", (odd,)), tmp_path))
    assert head["database"] == "other" and "database" not in head["cases"][0]


def test_jsonl(tmp_path: Path) -> None:
    case = {"question": "How many?", "db": "data/a.sqlite", "db_id": "a", "gold_rows": 1}
    path = written(
        tmp_path,
        lines({"id": "x/1", "gold": "SELECT 1", "set": "first", **case})
        + "\n"
        + lines({"golds": ["SELECT 2", "SELECT 3"], "relative_date": True, **case}),
        "some.jsonl",
    )
    file = str((tmp_path / "data/a.sqlite").resolve())
    assert read_suite(path) == Suite(
        f"{tmp_path.name}/some",
        (
            Case("x/1", "How many?", file, ("SELECT 1",), ("first",)),
            Case("3", "How many?", file, ("SELECT 2", "SELECT 3"), ("relative date",)),
        ),
    )


CASE = "database: a\ncases:\n- id: a\n  question: What?\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [", "line 1: this is not YAML"),
        ("- a\n- b\n", "line 1: a suite begins with `cases:`"),
        ("suite: x\n", "line 1: `cases` must be a list"),
        ("cases: []\n", "has no cases"),
        ("suite: [1]\ncases: []\n", "line 1: `suite` must be text"),
        ("cases: []\ncasses: 1\n", "there is no `casses`"),
        (CASE, "line 3: a case needs `sql`, `rows` or `expect`"),
        (CASE + "  sql: 1\n", "line 3: `sql` must be a statement"),
        (CASE + "  sql: ['']\n", "line 3: `sql` must be a statement"),
        (CASE + "  sql: SELECT 1\n  sqll: 1\n", "line 3: there is no `sqll`"),
        (CASE + "  sql: SELECT 1\n  question: Who?\n", "line 3: this is not YAML (question is"),
        (CASE + "  expect: nothing\n", "line 3: `expect` is `cannot be answered` or"),
        (CASE + "  expect: must ask back\n  sql: SELECT 1\n", "line 3: `expect`"),
        (CASE + "  rows: 1\n", "line 3: `rows` must be a list"),
        (CASE + "  rows: [[1], [1, 2]]\n", "line 3: all `rows`"),
        (CASE + "  rows: [[NO]]\n", "line 3: False is no value of SQLite"),
        (CASE + "  rows: [[{}]]\n", "is no value of SQLite"),
        (CASE + f"  rows: [[{':'.join(['59'] * 5000)}]]\n", "line 3: a whole number has more than"),
        (CASE + "  rows: [[.inf]]\n", "line 3: a number is not finite"),
        (CASE + '  sql: "\\ud800"\n', "line 3: a text has half a character"),
        ('suite: "\\ud800"\n' + CASE + "  sql: S\n", "line 1: a text has half a character"),
        (CASE + '  sql: S\n"\\ud800": 1\n', "a text has half a character"),
        ("tolerance: .nan\n" + CASE + "  sql: S\n", "line 1: a number is not finite"),
        (CASE + "  sql: SELECT 1\n  tags: x\n", "line 3: `tags`"),
        (
            CASE + "  sql: S\n- id: a\n  question: b\n  sql: S\n",
            "line 6: the id a is that of line 3",
        ),
        ("cases:\n- question: What?\n  sql: SELECT 1\n", "line 2: `database` is missing"),
        ("cases:\n- sql: SELECT 1\n  database: a\n", "line 2: `question` must be text"),
        ("database: a\ncases:\n- What?\n", "case 1 must have"),
        ("tolerance: much\ncases: []\n", "`tolerance` must be a number"),
        (CASE + "  sql: S\ncolumns_in_order: 1\n", "`columns_in_order` must be true or false"),
        ("a: !!python/object/apply:os.getcwd []\ncases: []\n", "this is not YAML"),
    ],
)
def test_what_is_wrong_in_yaml_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_suite(written(tmp_path, text))
    assert said in caught.value.message
    assert caught.value.message.startswith("suite.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no cases"),
        ('{"a": 1\n', "line 1: this is not JSON"),
        ("[" * 100_000 + "\n", "line 1: this is not JSON"),
        (lines({"db": "a", "question": "\ud800", "gold": "S"}), "line 1: a text has half"),
        (lines({"db": "a", "question": "?", "gold": "S", "id": 2**80}), "line 1: a whole number"),
        ("[]\n", "line 1: a case is an object"),
        (lines({"question": "?", "gold": "SELECT 1"}), "line 1: `db` must be text"),
        (lines({"db": "a", "gold": "SELECT 1"}), "line 1: `question` must be text"),
        ("\n" + lines({"db": "a", "question": "?"}), "line 2: `gold` must be a statement"),
        (lines({"db": "a", "question": "?", "gold": 5}), "line 1: `gold` must be a statement"),
        (lines({"db": "a", "question": "?", "golds": "SELECT 1"}), "line 1: `gold` must be"),
        (
            lines(*[{"id": 1, "db": "a", "question": "?", "gold": "SELECT 1"}] * 2),
            "line 2: the id 1 is that of line 1",
        ),
    ],
)
def test_what_is_wrong_in_jsonl_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_suite(written(tmp_path, text, "bad.jsonl"))
    assert said in caught.value.message


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a suite is a file named"):
        read_suite(tmp_path / "suite.txt")
    with pytest.raises(BadInput, match="cannot be read"):
        read_suite(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"suite: \xff")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_suite(tmp_path / "latin.yaml")
