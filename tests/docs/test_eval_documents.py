"""What docs/evals.md says of evals is what the code has; its suite runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from datasette_llm_tools.evals import running, suites, yaml_suites
from datasette_llm_tools.evals.command import eval_command
from datasette_llm_tools.evals.kinds import kinds_of
from datasette_llm_tools.evals.perturbing import MAX_DATABASE_BYTES, Change
from datasette_llm_tools.evals.statistics import Share
from datasette_llm_tools.evals.values import TOLERANCE, Instead, Kind, Verdict
from tests.docs.documents import blocks, first_cells, section, text_of
from tests.docs.shells import opened_shell

EVALS = "docs/evals.md"


def test_every_verdict_change_and_kind_is_documented() -> None:
    assert first_cells(section(EVALS, "What counts as right")) == {each.value for each in Verdict}
    assert first_cells(section(EVALS, "Changed copies")) == {each.value for each in Change}
    told = section(EVALS, "Read the report")
    for kind in Kind:
        assert kind.value in told


def test_every_key_of_a_suite_is_documented() -> None:
    keys = yaml_suites.SUITE_KEYS | yaml_suites.CASE_KEYS
    assert first_cells(section(EVALS, "A suite")) == keys
    for instead in Instead:
        assert f"`{instead.value}`" in section(EVALS, "A suite")
    assert f"by default {TOLERANCE:f}" in section(EVALS, "A suite")


def test_every_option_is_documented() -> None:
    said = section(EVALS, "Run it")
    for option in eval_command.params:
        if isinstance(option, click.Option):
            assert any(f"`{name}" in said for name in option.opts), option.name


def test_tables_are_documented() -> None:
    source = text_of("datasette_llm_tools/migrations/evals.py")
    made = set(re.findall(r"CREATE TABLE (eval_\w+)", source))
    assert first_cells(section(EVALS, "What is kept")) == made


def test_numbers_are_those_of_the_code() -> None:
    low, high = Share(14, 20).interval
    told = section(EVALS, "Read the report")
    assert f"anything from {100 * low:.0f}% to {100 * high:.0f}%" in told
    assert f"over {MAX_DATABASE_BYTES // 10**6} MB" in section(EVALS, "Changed copies")
    assert running.MOST_FAILURES == 5 and "fails five times" in section(EVALS, "Run it")
    assert "else 8" in section(EVALS, "Run it")


def test_the_suite_runs(tmp_path: Path) -> None:
    (suite,) = blocks(section(EVALS, "A suite"), "yaml")
    (tmp_path / "flights.yaml").write_text(suite, encoding="utf-8")
    cases = suites.read_suite(tmp_path / "flights.yaml").cases
    assert {Kind.SIMPLE} == set().union(*map(kinds_of, cases))
    with opened_shell(tmp_path) as shell:
        done = shell.run(
            "datasette llm-tools eval flights.yaml -m qwen3-8b --save runs.db --variants 4 --json"
        )
        assert done.returncode == 0, done.stderr
        (run,) = json.loads(done.stdout)["runs"]
        # The model there counts all flights, whatever it is asked.
        assert run["verdicts"]["wrong"] == 4 and run["verdicts"]["unscored"] == 0
        again = shell.run("datasette llm-tools eval flights --save runs.db -m qwen3-8b --resume")
        assert again.returncode == 0, again.stderr
        assert again.stdout.startswith("flights, 4 cases\n")
