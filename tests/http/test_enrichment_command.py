"""`datasette llm-tools enrich` and its companions: what they print, write and leave to resume."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from datasette.cli import cli

from tests.enrichment_runs import check_notes, make_notes, query
from tests.http.test_enrichment_resume import serving, until
from tests.scripted_model import Script, ScriptedModel, registered
from tests.scripted_process import asked, begin, cell_of, loudly

ASK = ("--prompt", "{{ body }}", "--output", "loud:text", "-m", "scripted")


def run(command: str, *arguments: str | Path, script: Script = loudly) -> Result:
    with registered(ScriptedModel(script)):
        return CliRunner().invoke(
            cli, ["llm-tools", command, *map(str, arguments)], catch_exceptions=False
        )


def notes(folder: Path, rows: int = 20) -> Path:
    return make_notes(folder / "notes.db", rows)


def has_tables_of_ours(path: Path) -> bool:
    return bool(query(path, "select 1 from sqlite_master where name like '\\_llm%' escape '\\'"))


def test_without_yes_there_is_a_preview_and_nothing_is_written(tmp_path: Path) -> None:
    path = notes(tmp_path)
    result = run("enrich", path, "note", *ASK)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "note in notes.db, all rows, with scripted"
    assert lines[1] == "  loud: text"
    assert lines[3].split() == ["row", "body", "→", "loud"]
    assert sum("NOTE" in line for line in lines) == 3
    assert lines[-1].startswith("Estimate: 20 rows, price unknown, ")
    assert result.stderr.endswith("Nothing was written: add --yes to start.\n")
    assert not has_tables_of_ours(path)


def test_yes_runs_it(tmp_path: Path) -> None:
    path = notes(tmp_path)
    result = run("enrich", path, "note", *ASK, "--yes")
    assert result.exit_code == 0
    assert result.stdout.startswith("Done: 20 of 20 rows, ")
    assert result.stdout.endswith(f"datasette llm-tools undo {path} 1\n")
    check_notes(path, 20)


def test_json_is_for_programs(tmp_path: Path) -> None:
    told = json.loads(run("enrich", notes(tmp_path), "note", *ASK, "--yes", "--json").stdout)
    assert (told["run"], told["status"], told["done"], told["total"]) == (1, "done", 20, 20)
    assert told["outputs"] == ["loud"] and told["usd"] is None and told["unpriced"] == 20


def test_a_server_and_the_command_line_tell_the_same_of_a_run(tmp_path: Path) -> None:
    path = notes(tmp_path)
    arguments = ("--where", "id > 5", "--limit", "9", "--concurrency", "3", "--yes", "--json")
    here = json.loads(
        run("enrich", path, "note", *ASK, *arguments, script=lambda text: "no idea").stdout
    )
    assert (here["run"], here["owner"], here["failed"]) == (1, "root", 9)
    assert here["selection"] == {"description": "where id > 5", "rows": "all"}
    assert (here["limits"]["rows"], here["limits"]["concurrency"]) == (9, 3)
    assert [each["count"] for each in here["faults"]] == [9]
    with registered(ScriptedModel(loudly)):
        got = CliRunner().invoke(cli, [str(path), "--get", f"{here['url']}.json"])
    there = json.loads(got.stdout)
    assert there.pop("ok") and there == here


def test_only_some_rows(tmp_path: Path) -> None:
    path = notes(tmp_path)
    result = run("enrich", path, "note", *ASK, "--where", "id > 5", "--limit", "3", "--yes")
    assert result.exit_code == 0
    assert query(path, "select id from note where loud is not null") == [(6,), (7,), (8,)]


def test_a_column_that_exists_is_written_over_only_when_named(tmp_path: Path) -> None:
    path = notes(tmp_path)
    query(path, "alter table note add column loud")
    query(path, "update note set loud = 'kept'")
    result = run("enrich", path, "note", *ASK, "--yes")
    assert result.exit_code == 1 and "add --overwrite loud" in result.stderr
    assert not has_tables_of_ours(path)
    assert run("enrich", path, "note", *ASK, "--yes", "--overwrite", "LOUD").exit_code == 0
    check_notes(path, 20)
    undone = run("undo", path, "1")
    assert (undone.exit_code, undone.stdout) == (0, "20 rows hold what they held before.\n")
    assert query(path, "select distinct loud from note") == [("kept",)]


def test_changed_asks_about_new_and_changed_rows_only(tmp_path: Path) -> None:
    path = notes(tmp_path)
    run("enrich", path, "note", *ASK, "--yes")
    query(path, "update note set body = 'edited' where id = 3")
    query(path, "insert into note (id, body) values (21, 'new')")
    prompts: list[str] = []

    def script(prompt: str) -> str:
        prompts.append(cell_of(prompt))
        return loudly(prompt)

    result = run("enrich", path, "note", *ASK, "--yes", "--changed", script=script)
    assert result.exit_code == 0 and "19 unchanged" in result.stdout
    assert sorted(prompts) == ["edited", "new"]
    assert query(path, "select loud from note where id in (3, 21)") == [("EDITED",), ("NEW",)]


def test_unchanged_rows_come_on_top_of_a_limit(tmp_path: Path) -> None:
    path = notes(tmp_path)
    run("enrich", path, "note", *ASK, "--yes", "--limit", "12")
    told = run("enrich", path, "note", *ASK, "--yes", "--changed", "--limit", "3")
    assert told.stdout.startswith("Done: 15 of 15 rows, "), told.stdout
    assert "12 unchanged" in told.stdout
    rest = run("enrich", path, "note", *ASK, "--yes", "--changed", "--limit", "100")
    assert rest.stdout.startswith("Done: 20 of 20 rows, "), rest.stdout


def test_failed_rows_are_told_and_retried(tmp_path: Path) -> None:
    path = notes(tmp_path)

    def moody(prompt: str) -> str:
        # What has no cell asks to mend a reply.
        lost = "<cell" not in prompt or cell_of(prompt) in ("note 3", "note 7")
        return "no idea" if lost else loudly(prompt)

    result = run("enrich", path, "note", *ASK, "--yes", script=moody)
    assert result.exit_code == 1
    assert "2 failed" in result.stdout and "(row 3, 7)" in result.stdout
    assert f"datasette llm-tools retry {path} 1" in result.stdout
    again = run("retry", path, "1")
    assert again.exit_code == 0, again.stderr
    check_notes(path, 20)
    nothing = run("retry", path, "1")
    assert nothing.exit_code == 1 and "nothing to retry" in nothing.stderr


def test_a_command_that_is_done_says_what_it_could_do_now(tmp_path: Path) -> None:
    path = notes(tmp_path)
    run("enrich", path, "note", *ASK, "--yes")
    again = run("enrich", path, "note", *ASK, "--yes")
    assert again.exit_code == 1
    assert "Run 1 has filled loud" in again.stderr and "--changed" in again.stderr


def test_runs_are_listed(tmp_path: Path) -> None:
    path = notes(tmp_path)
    empty = run("enrichments", path)
    assert (empty.exit_code, empty.stdout) == (0, "")
    run("enrich", path, "note", *ASK, "--yes")
    run("enrich", path, "note", *ASK[:3], "shout:text", *ASK[4:], "--yes", script=lambda text: "{}")
    lines = run("enrichments", path).stdout.splitlines()
    assert lines[0].split()[:5] == ["run", "table", "columns", "model", "status"]
    assert lines[2].split()[:5] == ["2", "note", "shout", "scripted", "paused"]
    assert lines[3].split()[:6] == ["1", "note", "loud", "scripted", "done", "20"]
    told = json.loads(run("enrichments", path, "--json", "--table", "note").stdout)
    assert [each["run"] for each in told] == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{none}", "note", *ASK], "There is no file"),
        (["{text}", "note", *ASK], "not a SQLite database"),
        (["{db}", "nothing", *ASK], "no table called nothing"),
        (["{db}", "note", "--prompt", "{{ x }}", *ASK[2:]], "no column x"),
        (["{db}", "note", "--prompt", "{{ x", *ASK[2:]], "template"),
        (["{db}", "note", *ASK[:3], "loud:colour", *ASK[4:]], "NAME:TYPE"),
        (["{db}", "note", *ASK[:3], "id:text", *ASK[4:]], "never written to"),
        (["{db}", "note", *ASK[:5], "nobody"], "no model nobody"),
        (["{db}", "note", *ASK, "--where", "colour = 1"], "--where cannot be used"),
        (["{db}", "note", *ASK, "--where", "1 = 0"], "no row to ask about"),
        (["{db}", "note", *ASK, "--attach", "photo"], "photo"),
        (["{db}", "note", *ASK, "--budget", "1"], "scripted has no known price"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "notes.txt").write_text("no database")
    path = notes(tmp_path)
    names = {"none": tmp_path / "none.db", "text": tmp_path / "notes.txt", "db": path}
    filled = [
        each.format(**names) if "_" not in each and "{{" not in each else each for each in arguments
    ]
    result = run("enrich", *filled, "--yes")
    assert result.exit_code == 1
    assert said in result.stderr and "Traceback" not in result.stderr
    assert not has_tables_of_ours(path)


def enriching(path: Path, log: Path, delay: float = 0.05) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return begin(
        log, delay, "llm-tools", "enrich", path, "note", *ASK, "--yes", "--concurrency", "8"
    )


def until_some(path: Path, rows: int = 10) -> None:
    """Wait until a run has written so many rows."""
    end = time.monotonic() + 90
    while not has_tables_of_ours(path):
        assert time.monotonic() < end
        time.sleep(0.05)
    until(path, f"done >= {rows}")


def test_ctrl_c_pauses_and_the_same_command_resumes(tmp_path: Path) -> None:
    path, log = notes(tmp_path, 200), tmp_path / "asked"
    process = enriching(path, log)
    until_some(path)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate()
    assert process.returncode == 130
    assert told.startswith("Paused: ") and "The same command goes on" in told
    ((status, wish, done),) = query(path, "select status, wish, done from _llm_tools_runs")
    assert (status, wish) == ("paused", "pause") and done == len(asked(log)) < 200
    process = enriching(path, log, 0.0)
    told, _ = process.communicate()
    assert process.returncode == 0 and told.startswith("Done: 200 of 200 rows")
    check_notes(path, 200)
    assert sum(asked(log).values()) == 200


def test_a_killed_command_resumes_too(tmp_path: Path) -> None:
    path, log = notes(tmp_path, 200), tmp_path / "asked"
    process = enriching(path, log)
    until_some(path)
    process.kill()
    process.communicate()
    process = enriching(path, log, 0.0)
    process.communicate()
    assert process.returncode == 0
    check_notes(path, 200)


def test_a_server_beside_the_command_leaves_its_run_alone(tmp_path: Path) -> None:
    path = notes(tmp_path, 150)
    here, there = tmp_path / "asked by the command", tmp_path / "asked by the server"
    with serving(path, there):
        process = enriching(path, here)
        process.communicate()
    assert process.returncode == 0
    check_notes(path, 150)
    assert set(asked(here).values()) == {1} and len(asked(here)) == 150
    assert not asked(there)


def test_a_run_that_a_server_works_on_is_watched(tmp_path: Path) -> None:
    path = notes(tmp_path, 150)
    here, there = tmp_path / "asked by the command", tmp_path / "asked by the server"
    first = enriching(path, here)
    until_some(path)
    first.kill()
    first.communicate()
    with serving(path, there, delay=0.5):
        end = time.monotonic() + 90
        while not asked(there):
            assert time.monotonic() < end
            time.sleep(0.02)
        before = asked(here)
        second = enriching(path, here)
        told, said = second.communicate()
    assert second.returncode == 0, said
    assert told.startswith("Done: 150 of 150 rows")
    check_notes(path, 150)
    assert asked(here) == before


def paused(folder: Path, rows: int = 60) -> Path:
    """Notes of which a run has done the first ten, before it paused."""
    path = notes(folder, rows)

    def fails_later(prompt: str) -> str:
        here = "<cell" in prompt and int(cell_of(prompt).split()[-1]) <= 10
        return loudly(prompt) if here else "no idea"

    result = run("enrich", path, "note", *ASK, "--yes", "--concurrency", "1", script=fails_later)
    assert result.stdout.startswith("Paused: 30 of 60 rows"), result.stdout
    return path


def state(path: Path) -> str:
    ((status,),) = query(path, "select status from _llm_tools_runs")
    return str(status)


def columns(path: Path) -> list[str]:
    return [name for (name,) in query(path, "select name from pragma_table_info('note')")]


def test_a_paused_run_is_undone_in_one_step(tmp_path: Path) -> None:
    path = paused(tmp_path)
    undone = run("undo", path, "1")
    assert (undone.exit_code, undone.stdout) == (
        0,
        "10 rows hold what they held before. Removed: loud.\n",
    )
    assert undone.stderr == "Run 1 was paused: it is cancelled first.\n"
    assert state(path) == "undone" and columns(path) == ["id", "body"]


def test_a_paused_run_can_be_cancelled(tmp_path: Path) -> None:
    path = paused(tmp_path)
    cancelled = run("cancel", path, "1")
    assert cancelled.exit_code == 0 and cancelled.stdout.startswith("Cancelled: 30 of 60 rows")
    assert state(path) == "cancelled"
    again = run("cancel", path, "1")
    assert again.exit_code == 1 and "The run is cancelled already." in again.stderr
    assert json.loads(run("undo", path, "1", "--json").stdout)["restored"] == 10


def test_a_run_of_a_killed_command_is_undone_or_cancelled(tmp_path: Path) -> None:
    for command, becomes in (("undo", "undone"), ("cancel", "cancelled")):
        folder = tmp_path / command
        folder.mkdir()
        path = notes(folder, 200)
        process = enriching(path, folder / "asked")
        until_some(path)
        process.kill()
        process.communicate()
        assert state(path) == "running"
        result = run(command, path, "1")
        assert (result.exit_code, state(path)) == (0, becomes), result.stderr


def test_a_run_that_is_worked_on_is_cancelled_but_not_undone(tmp_path: Path) -> None:
    path = notes(tmp_path, 400)
    process = enriching(path, tmp_path / "asked")
    until_some(path)
    refused = run("undo", path, "1")
    assert refused.exit_code == 1 and f"datasette llm-tools cancel {path} 1" in refused.stderr
    cancelled = run("cancel", path, "1")
    assert (cancelled.exit_code, cancelled.stdout) == (
        0,
        "Run 1 is being worked on, and ends within seconds.\n",
    )
    told, _ = process.communicate()
    assert process.returncode == 1 and told.startswith("Cancelled: ")
    assert state(path) == "cancelled"


def test_a_run_that_came_with_the_file_goes_on_as_ours(tmp_path: Path) -> None:
    path = paused(tmp_path)
    query(path, 'update _llm_tools_runs set seal = null, actor = \'{"id": "mallory"}\'')
    resumed = run("enrich", path, "note", *ASK, "--yes")
    assert resumed.exit_code == 1 and resumed.stdout.startswith("Done: 60 of 60 rows, ")
    assert query(path, "select actor from _llm_tools_runs") == [
        ('{"id": "root", "command_line": true}',)
    ]
    query(path, 'update _llm_tools_runs set seal = null, actor = \'{"id": "mallory"}\'')
    retried = run("retry", path, "1")
    assert retried.exit_code == 0, retried.stderr
    check_notes(path, 60)
    assert query(path, "select actor from _llm_tools_runs") == [
        ('{"id": "root", "command_line": true}',)
    ]
