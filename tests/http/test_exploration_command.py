"""`datasette llm-tools explorations`: what is printed, written and kept, and exit codes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from datasette.cli import cli

from datasette_llm_tools.explorations.values import Exploration
from tests.exploration_sites import QUESTION, make_exploration, published
from tests.sites import make_site


def run(*arguments: str | Path) -> Result:
    words = ["llm-tools", "explorations", *map(str, arguments)]
    return CliRunner().invoke(cli, words, catch_exceptions=False)


def kept(folder: Path, *, with_rows: bool = True, actor: Any = None) -> tuple[Exploration, Path]:
    """An exploration of root's in a file, and that file."""

    async def make() -> Exploration:
        async with make_site(folder, lambda _: "") as site:
            owner = actor or {"id": "root"}
            if with_rows:
                return await published(site, actor=owner, public=False)
            return await make_exploration(site, actor=owner)

    return asyncio.run(make()), folder / "internal.db"


def test_list_and_show(tmp_path: Path) -> None:
    made, internal = kept(tmp_path)
    listed = run("list", "--internal", internal)
    assert listed.exit_code == 0 and made.id in listed.output and "Shops and tea" in listed.output
    (entry,) = json.loads(run("list", "--internal", internal, "--json", "--search", "tea").stdout)
    assert (entry["id"], entry["title"], entry["tags"]) == (made.id, "Shops and tea", ["tea"])
    nothing = run("list", "--internal", internal, "--search", "whales")
    assert nothing.exit_code == 0 and "no such explorations" in nothing.stderr
    shown = run("show", made.id[:6], "--internal", internal)
    assert QUESTION.sql in shown.output and "Tea sells" in shown.output
    told = json.loads(run("show", made.id, "--internal", internal, "--json").stdout)
    assert told["document"]["blocks"][1]["id"] == QUESTION.id


@pytest.mark.parametrize("kind", ["html", "json", "md", "ipynb", "yaml"])
def test_export_writes_what_the_ending_says(tmp_path: Path, kind: str) -> None:
    made, internal = kept(tmp_path)
    output = tmp_path / f"out.{kind}"
    done = run("export", made.id, "--internal", internal, "-o", output)
    assert done.exit_code == 0, done.output
    assert "Wrote" in done.stderr
    starts = {"html": "<!DOCTYPE html>", "json": "{", "md": "# ", "ipynb": "{", "yaml": "# "}
    assert output.read_text().startswith(starts[kind])
    assert "item, price from sale" in output.read_text()


def test_rows_of_one_block(tmp_path: Path) -> None:
    made, internal = kept(tmp_path)
    output = tmp_path / "out.csv"
    done = run("export", made.id, "--internal", internal, "-o", output, "--block", QUESTION.id)
    assert done.exit_code == 0, done.output
    assert output.read_text().splitlines()[:2] == ["item,price", "tea,3.5"]
    done = run("export", made.id, "--internal", internal, "-o", output)
    assert done.exit_code == 1 and "Choose a block" in done.output and QUESTION.id in done.output


def test_without_a_snapshot_rows_are_read_from_the_databases(tmp_path: Path) -> None:
    made, internal = kept(tmp_path, with_rows=False)
    output = tmp_path / "out.json"
    done = run("export", made.id, "--internal", internal, "-o", output)
    assert done.exit_code == 0 and f"Block {QUESTION.id} has no rows" in done.stderr
    done = run("export", made.id, tmp_path / "shops.db", "--internal", internal, "-o", output)
    assert done.exit_code == 0, done.output
    assert json.loads(output.read_text())["rows"][QUESTION.id]["rows"][0] == ["tea", 3.5]


def test_import_keeps_a_fork_in_another_file(tmp_path: Path) -> None:
    made, internal = kept(tmp_path)
    file, other = tmp_path / "out.html", tmp_path / "other.db"
    run("export", made.id, "--internal", internal, "-o", file)
    done = run("import", file, "--internal", other)
    assert done.exit_code == 0, done.output
    assert done.output.strip().endswith("Shops and tea")
    (entry,) = json.loads(run("list", "--internal", other, "--json").stdout)
    assert entry["origin"]["id"] == made.id
    again = tmp_path / "again.json"
    done = run("export", entry["id"], "--internal", other, "-o", again)
    assert done.exit_code == 0, done.output
    assert json.loads(again.read_text())["rows"][QUESTION.id]["rows"][0] == ["tea", 3.5]


def test_import_warns_of_what_does_not_fit(tmp_path: Path) -> None:
    made, internal = kept(tmp_path)
    file = tmp_path / "out.json"
    run("export", made.id, "--internal", internal, "-o", file)
    file.write_text(file.read_text().replace('["tea",3.5]', '["tea",99.5]'))
    done = run("import", file, "--internal", internal, "--json")
    assert done.exit_code == 0, done.output
    assert "does not fit its certificate" in done.stderr
    assert json.loads(done.stdout)["warnings"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--internal", "nowhere.db"], "There is no file nowhere.db"),
        (["show", "f" * 24, "--internal", "internal.db"], "no exploration"),
        (["show", "", "--internal", "internal.db"], "no exploration"),
        (["export", "{id}", "--internal", "internal.db", "-o", "out.doc"], "has none of .html"),
        (["export", "{id}", "--internal", "internal.db", "-o", "no/out.md"], "no folder"),
        (["export", "{id}", "x.db", "--internal", "internal.db", "-o", "a.md"], "no file x.db"),
        (["show", "{id}", "--internal", "internal.db", "--actor", "bob"], "bob has no exploration"),
        (["import", "nowhere.html", "--internal", "internal.db"], "There is no file"),
        (["import", "shops.db", "--internal", "internal.db"], "UTF-8"),
        (["import", "internal.db", "--internal", "text.txt"], "is not a SQLite database"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    made, _ = kept(tmp_path)
    (tmp_path / "text.txt").write_text("text")
    monkeypatch.chdir(tmp_path)
    done = run(*(each.replace("{id}", made.id) for each in arguments))
    assert done.exit_code == 1
    assert said in done.output and "Traceback" not in done.output
