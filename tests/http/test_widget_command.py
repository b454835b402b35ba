"""`datasette llm-tools draw` and `widgets`: what is printed, written and kept, and exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.scripted_model import Script, ScriptedModel, registered
from tests.sites import make_database

SQL = "select item, count(*) as sales from sale group by item"
WIDGET = """\
Title: Sales by city
```query sales(city text = 'Graz')
SELECT item, count(*) AS sales FROM sale JOIN shop ON shop.id = shop_id
WHERE city = :city GROUP BY item
```
```html
<!doctype html>
<h1>Sales</h1>
<script>datasette.rows("sales").then((rows) => { document.title = rows.length; });</script>
```
"""
CHANGE = "<<<<<<< SEARCH\n<h1>Sales</h1>\n=======\n<h1>What sold</h1>\n>>>>>>> REPLACE\n"


def never(prompt: str) -> str:
    raise AssertionError(f"No model was to be asked: {prompt}")


def run(*arguments: str | Path, script: Script = never) -> Result:
    with registered(ScriptedModel(script)):
        words = ["llm-tools", *map(str, arguments)]
        return CliRunner().invoke(cli, words, catch_exceptions=False)


@pytest.fixture
def shops(tmp_path: Path) -> Path:
    return make_database(tmp_path / "shops.db")


def created(shops: Path, *more: str | Path, reply: Any = WIDGET) -> Result:
    command = ["widgets", "create", shops, "Sales by city", "-m", "scripted", *more]
    return run(*command, script=lambda _: reply)


def kept(shops: Path) -> tuple[Path, str]:
    """A file with one widget in it, and the widget's id."""
    internal = shops.with_name("widgets.db")
    result = created(shops, "--internal", internal)
    assert result.exit_code == 0, result.output
    return internal, result.stdout.split()[0]


def test_a_table_is_drawn_without_a_model_and_told_in_words_and_numbers(shops: Path) -> None:
    result = run("draw", shops, "sale")
    assert result.exit_code == 0, result.output
    title, summary, *_ = result.stdout.splitlines()
    assert title and summary
    spec = json.loads(result.stdout.rsplit("Spec: ", 1)[1])
    assert spec["mark"]


def test_a_query_is_drawn_by_a_spec(shops: Path) -> None:
    spec = json.dumps({"mark": "bar", "x": "item", "y": "sales"})
    result = run("draw", shops, SQL, "--spec", spec, "--json")
    told = json.loads(result.stdout)
    assert told["spec"]["mark"] == "bar"
    assert sorted(told["rows"]) == [["milk", 1], ["tea", 2]]
    assert told["model"] is None and told["tokens"] == {"input": 0, "output": 0}


def test_a_prompt_is_drawn_by_a_model(shops: Path) -> None:
    result = run(
        "draw", shops, SQL, "Bars please", "-m", "scripted", "--json",
        script=lambda _: '{"mark": "bar", "x": "item", "y": "sales"}',
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["spec"]["mark"], told["model"]) == ("bar", "scripted")


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", b"<svg"), ("a.png", b"\x89PNG"), ("a.html", b"<!DOCTYPE html>"), ("a.json", b"{")],
)
def test_the_ending_of_a_file_says_what_is_written(shops: Path, name: str, start: bytes) -> None:
    output = shops.with_name(name)
    result = run("draw", shops, SQL, "-o", output, "--title", "What & when")
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    content = output.read_bytes()
    assert content.startswith(start)
    assert f"Wrote {output}, {len(content):,} bytes." in result.stderr
    if name != "a.png":
        assert b"What &amp; when" in content or b"What & when" in content


def test_rows_that_are_drawn_as_csv(shops: Path) -> None:
    output = shops.with_name("rows.csv")
    run("draw", shops, SQL, "-o", output)
    heads, *rows = csv.reader(io.StringIO(output.read_text()))
    assert len(heads) == 2 and sorted(rows) == [["milk", "1"], ["tea", "2"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sail"], "There is no table 'sail', and it is no SELECT statement. Did you mean sale?"),
        (["delete from sale"], "it is no SELECT statement"),
        (["with a as (select 1) delete from sale"], "DELETE"),
        (["select gone from sale"], "gone"),
        (["sale", "--spec", "{"], "--spec is not valid JSON."),
        (["sale", "--spec", "[]"], "--spec must be a JSON object"),
        ([SQL, "--spec", '{"mark": "bar", "x": "itme"}'], "did you mean item?"),
        (["select 1 where 0"], "gives no rows"),
        (["sale", "-o", "chart.gif"], "has none of .html, .svg, .png"),
        (["sale", "-o", "nowhere/chart.svg"], "There is no folder nowhere."),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(shops: Path, arguments: list[str], said: str) -> None:
    result = run("draw", shops, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ") and said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "said"), [("gone.db", "There is no file"), ("text.db", "is not a SQLite database")]
)
def test_a_file_that_is_no_database(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "text.db").write_text("no database")
    result = run("draw", tmp_path / name, "sale")
    assert result.exit_code == 1 and said in result.stderr


def test_a_chart_is_kept_listed_shown_and_exported(shops: Path) -> None:
    internal = shops.with_name("charts.db")
    drawn = run("draw", shops, SQL, "--internal", internal, "--title", "What sold")
    (listed,) = json.loads(run("widgets", "list", shops, "--internal", internal, "--json").stdout)
    assert (listed["kind"], listed["title"]) == ("chart", "What sold")
    assert f"Kept as {listed['id']}." in drawn.stderr
    lines = run("widgets", "list", shops, "--internal", internal).stdout.splitlines()
    assert lines[2].startswith(listed["id"]) and "What sold" in lines[2]
    shown = run("widgets", "show", shops, listed["id"][:8], "--internal", internal)
    assert SQL in shown.stdout and "What sold (chart" in shown.stdout
    output = shops.with_name("chart.svg")
    export = ["widgets", "export", shops, listed["id"], "--internal", internal, "-o", output]
    assert run(*export).exit_code == 0
    assert "What sold" in output.read_text()


def test_a_chart_is_revised_by_a_prompt(shops: Path) -> None:
    internal = shops.with_name("charts.db")
    run("draw", shops, SQL, "--internal", internal)
    (listed,) = json.loads(run("widgets", "list", shops, "--internal", internal, "--json").stdout)
    revised = run(
        "widgets", "revise", shops, listed["id"], "As a pie", "-m", "scripted",
        "--internal", internal, "--json",
        script=lambda _: '{"mark": "pie", "x": "item", "y": "sales"}',
    )  # fmt: skip
    told = json.loads(revised.stdout)
    assert (told["revision"]["number"], told["revision"]["spec"]["mark"]) == (2, "pie")
    assert (told["revision"]["parent"], told["revision"]["prompt"]) == (1, "As a pie")


def test_a_widget_is_written_to_a_file_and_nothing_else_is_kept(shops: Path) -> None:
    output = shops.with_name("sales.html")
    result = created(shops, "-o", output)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing else is kept" in result.stderr
    text = output.read_text()
    assert "<h1>Sales by city</h1>" in text and "const SNAPSHOT = " in text
    assert sorted(each.name for each in shops.parent.iterdir()) == ["sales.html", "shops.db"]


def test_a_widget_is_kept_revised_shown_and_exported(shops: Path) -> None:
    internal, widget = kept(shops)
    revised = run(
        "widgets", "revise", shops, widget, "Another heading", "-m", "scripted",
        "--internal", internal,
        script=lambda _: CHANGE,
    )  # fmt: skip
    assert revised.stdout == f"{widget}  version 2  Sales by city\n"
    shown = run("widgets", "show", shops, widget, "--internal", internal)
    assert "Another heading" in shown.stdout and "WHERE city = :city" in shown.stdout
    source = run("widgets", "show", shops, widget, "--internal", internal, "--source")
    assert "<h1>What sold</h1>" in source.stdout
    first = run(
        "widgets", "show", shops, widget, "--internal", internal, "--source", "--number", "1"
    )
    assert "<h1>Sales</h1>" in first.stdout
    told = json.loads(
        run("widgets", "show", shops, widget, "--internal", internal, "--json").stdout
    )
    assert [each["number"] for each in told["revisions"]] == [2, 1]
    output = shops.with_name("rows.csv")
    run("widgets", "export", shops, widget, "--internal", internal, "-o", output)
    assert output.read_text().splitlines()[1:] == ["milk,1", "tea,1"]


def test_json_of_a_new_widget(shops: Path) -> None:
    result = created(shops, "--internal", shops.with_name("w.db"), "--json")
    told = json.loads(result.stdout)
    assert set(told) >= {"id", "title", "kind", "revision", "error", "notes"}
    assert told["revision"]["queries"][0]["name"] == "sales"
    assert told["revision"]["contract"]["sales"][0] == {"name": "item", "type": "text"}
    assert told["revision"]["model"] == "scripted" and told["error"] is None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("I would rather not.", "wrote no HTML document"),
        (WIDGET.split("</script>")[0], "broke off in the middle of the document"),
    ],
)
def test_a_reply_that_is_no_widget_is_exit_code_1_and_no_file(
    shops: Path, reply: str, said: str
) -> None:
    output = shops.with_name("sales.html")
    result = created(shops, "-o", output, reply=reply)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not output.exists()


def test_refused_elements_are_named(shops: Path) -> None:
    reply = WIDGET.replace("<h1>", "<iframe src=x></iframe><h1>")
    result = created(shops, "--internal", shops.with_name("w.db"), reply=reply)
    assert result.exit_code == 0
    assert "<iframe> was left out" in result.stderr


def test_before_a_model_is_asked_there_must_be_somewhere_to_put_it(shops: Path) -> None:
    for more, said in (
        ((), "Say where the widget goes"),
        (("-o", "widget.svg"), "There are pictures of charts only"),
    ):
        result = run("widgets", "create", shops, "Sales", *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr


@pytest.mark.parametrize("command", ["list", "show", "revise", "export"])
def test_a_file_of_widgets_must_be_there_and_another_one(shops: Path, command: str) -> None:
    more: dict[str, list[str]] = {
        "list": [],
        "show": ["x"],
        "revise": ["x", "y"],
        "export": ["x", "-o", "x.html"],
    }
    gone = run("widgets", command, shops, *more[command], "--internal", shops.with_name("no.db"))
    same = run("widgets", command, shops, *more[command], "--internal", shops)
    assert gone.exit_code == same.exit_code == 1
    assert "There is no file" in gone.stderr
    assert "a file of its own" in same.stderr


def test_a_file_of_widgets_goes_into_a_folder_that_is_there(shops: Path) -> None:
    internal = shops.with_name("gone") / "widgets.db"
    result = run("widgets", "create", shops, "Sales", "--internal", internal)
    assert result.exit_code == 1
    assert "There is no folder" in result.stderr


def test_a_widget_that_is_not_there(shops: Path) -> None:
    internal, widget = kept(shops)
    for name in ("ffff", "", f"{widget}0"):
        result = run("widgets", "show", shops, name, "--internal", internal)
        assert result.exit_code == 1
        assert "There is no widget" in result.stderr
    version = run("widgets", "show", shops, widget, "--number", "9", "--internal", internal)
    assert "has no version 9" in version.stderr


def test_widgets_of_another_database_are_not_listed(shops: Path, tmp_path: Path) -> None:
    internal, widget = kept(shops)
    other = make_database(tmp_path / "other.db")
    result = run("widgets", "list", other, "--internal", internal, "--json")
    assert json.loads(result.stdout) == []
    assert (
        "There is no widget" in run("widgets", "show", other, widget, "--internal", internal).stderr
    )
