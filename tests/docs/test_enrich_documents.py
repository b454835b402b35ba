"""What docs/enrich.md and docs/api.md say of enrichments is what the code has; commands run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments import drafts, forms, previewing, template_functions
from datasette_llm_tools.enrichments.command import command_runs
from datasette_llm_tools.enrichments.database.leases import LEASE_SECONDS
from datasette_llm_tools.enrichments.engine import doors
from datasette_llm_tools.enrichments.engine.concurrency import at_once
from datasette_llm_tools.enrichments.jobs import estimate, wilson
from datasette_llm_tools.enrichments.output_declarations import parse_output
from datasette_llm_tools.enrichments.outputs import MOST_OUTPUTS, OutputType
from datasette_llm_tools.enrichments.prompts import MOST_CELL_CHARACTERS, MOST_ROWS_PER_CALL
from datasette_llm_tools.enrichments.review.reviews import Verdict
from datasette_llm_tools.enrichments.row_templates import RowTemplate
from datasette_llm_tools.enrichments.run_pages import actions_of
from datasette_llm_tools.enrichments.values import (
    Counts,
    Enrichment,
    Fault,
    OutcomeStatus,
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
)
from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.migrations import enriched
from datasette_llm_tools.settings import Settings
from tests.docs.documents import ROOT, blocks, first_cells, section, text_of
from tests.docs.shells import Shell, opened_shell
from tests.enrich_sites import FORM, TABLE, enrich_site, started, until

ENRICH = "docs/enrich.md"
API = "docs/api.md"
PACKAGE = ROOT / "datasette_llm_tools"
TEMPLATES = ROOT / "templates/llm_tools"


def cells(text: str, column: int = 0) -> list[str]:
    """A column of the rows of a text's tables, without their heads."""
    rows = re.findall(r"^\| (?!---)(.+) \|$\n(?!\| ---)", text, re.M)
    return [re.split(r"(?<!\\) \| ", row)[column].replace(r"\|", "|") for row in rows]


def code(text: str) -> set[str]:
    """What stands in backticks, outside fenced blocks."""
    return set(re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)))


def test_every_status_of_a_run_is_documented() -> None:
    statuses = {each.value for each in RunStatus}
    assert first_cells(section(ENRICH, "Watch a run")) == statuses
    (row,) = re.findall(r"^\| `status` \| (.+) \|$", section(API, "One run"), re.M)
    assert code(row) == statuses


def test_what_a_run_can_be_told_in_each_status_is_what_its_page_offers() -> None:
    words = {
        "pause": "pause",
        "resume": "resume",
        "cancel": "cancel",
        "retry": "retry failed rows",
        "limits": "change the limits",
        "again": "run again",
        "undo": "undo",
    }
    made = Enrichment("a", "d", "t", "n", Specification("{{ a }}", (), "m"), None, "")
    table = section(ENRICH, "Watch a run")
    for name, said in zip(cells(table), cells(table, 2), strict=True):
        run = Run(
            number=1,
            id="r",
            enrichment=made,
            status=RunStatus(name.strip("`")),
            selection=Selection(),
            limits=RunLimits(),
            actor=None,
            counts=Counts(done=1, failed=1),
        )
        assert said.split(", ") == [words[each] for each in actions_of(run)], name


def test_every_kind_of_failure_is_documented() -> None:
    assert cells(section(ENRICH, "Rows that fail")) == [each.value for each in Fault]
    assert {each.name.lower() for each in Fault} <= code(section(API, "Results"))


def test_every_type_of_output_is_documented_as_it_is_written() -> None:
    written = [code(each) for each in cells(section(ENRICH, "Outputs"))]
    assert all(written)
    parsed = [{parse_output(f"x:{each}").type for each in group} for group in written]
    assert [kind for group in parsed for kind in group] == [
        OutputType.TEXT,
        OutputType.LABEL,
        OutputType.INTEGER,
        OutputType.FLOAT,
        OutputType.BOOLEAN,
        OutputType.DATE,
        OutputType.JSON,
    ]
    assert len(parsed) == len(OutputType)
    described = parse_output("year:integer? when it was built")
    assert f"'{described.name}:integer? {described.description}'" in text_of(ENRICH)


def test_every_form_is_documented() -> None:
    assert cells(section(ENRICH, "Ready forms")) == [each.title for each in forms.FORMS]


def test_every_filter_of_templates_is_documented() -> None:
    filters = section(ENRICH, "The prompt").split("Filters follow a bar")[1].split("Other loops")[0]
    assert code(filters) - {"{{ comment | lower }}"} == set(template_functions.FILTERS)


def test_templates_of_the_documents_are_let_through() -> None:
    columns = ["comment", "rating", "any name", "price", "name", "city"]
    row = {**dict.fromkeys(columns, "x"), "price": 2, "rating": 3}
    said = [*blocks(text_of(ENRICH), "jinja")]
    said += [each.strip("`") for each in cells(section(ENRICH, "The prompt"))]
    said.append("{% if name is none %}x{% endif %}")
    assert len(said) == 9
    for template in said:
        assert RowTemplate(template, columns).render(row).strip() or "none" in template


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(9) %}{% endfor %}",
        "{% set a = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% import 'x' as x %}",
        "{{ comment.upper() }}",
        "{{ comment.real }}",
        "{{ other }}",
    ],
)
def test_what_templates_may_not_is_refused_with_its_line(template: str) -> None:
    with pytest.raises(BadInput, match=r"^Line 1 of the template: "):
        RowTemplate(template, ["comment"])


def test_limits_are_documented_with_what_they_are_by_default() -> None:
    limits, usual = RunLimits(), Settings()
    table = section(ENRICH, "Limits")
    page = (TEMPLATES / "_run_limits.html").read_text("utf-8")
    assert cells(table) == re.findall(r"<label>(.+?) <input", page)
    assert cells(table, 2) == [
        "none",
        "all",
        str(limits.failures_in_a_row),
        "none",
        str(usual.enrich_concurrency),
    ]


def test_figures_of_enriching_are_those_of_the_code() -> None:
    text, limits, usual = text_of(ENRICH), RunLimits(), Settings()
    page = " ".join(text.split())
    default = Specification("", (), "")
    for said in (
        f"more than {default.max_cell_characters:,} characters",
        f"up to {MOST_CELL_CHARACTERS:,}",
        f"up to {MOST_OUTPUTS} outputs",
        f"{drafts.Draft().preview_rows} unless you choose another number up to "
        f"{drafts.MAX_PREVIEW_ROWS}",
        f"about {at_once(999, is_local=True)} rows at a time at most",
        f"attachments are asked about {at_once(999, with_files=True)} at a time at most",
        f"Up to {MOST_ROWS_PER_CALL} short rows",
        f"`enrich_runs_at_once` runs, {usual.enrich_runs_at_once} by default",
        f"`enrich_row_seconds`, {usual.enrich_row_seconds} by default",
        f"after {LEASE_SECONDS:.0f} seconds",
    ):
        assert said in page, said
    assert (limits.attempts, limits.attempts * doors._REFUSALS_PER_ATTEMPT) == (6, 30)
    assert "six times, or turned us away thirty times" in page
    assert (doors._MOST_TIMEOUTS, doors._LONGEST_WAIT_S) == (2, 600)
    assert "wait more than ten minutes" in page
    assert (previewing._MOST_OF_A_PERSON, previewing._MOST_AT_ONCE) == (2, 20)
    assert "two previews under way at the same time, all people together 20" in page
    assert command_runs._PREVIEW_ROWS == 3 and "you see three rows" in page


def test_the_range_of_an_estimate_and_of_an_accuracy_is_what_is_said() -> None:
    for rows, low, high in ((4, 2 / 3, 3 / 2), (16, 4 / 5, 5 / 4)):
        found = estimate(Counts(done=rows, usd=float(rows), seconds=1.0), 1)
        assert (found.usd_low, found.usd_high) == (pytest.approx(low), pytest.approx(high))
    assert [round(100 * each) for each in wilson(18, 20)] == [70, 97]


def test_our_tables_are_documented() -> None:
    assert first_cells(section(ENRICH, "What is kept")) == set(enriched.TABLES)


def test_what_is_to_be_pressed_is_on_a_page() -> None:
    prose = re.sub(r"^- \*\*.+?\*\*", "", text_of(ENRICH), flags=re.M)  # heads of list items
    pressed = {" ".join(each.split()) for each in re.findall(r"\*\*(.+?)\*\*", prose, re.S)}
    templates = [path.read_text("utf-8") for path in TEMPLATES.glob("*.html")]
    links = (PACKAGE / "enrichments/links.py").read_text("utf-8")
    pages = " ".join(re.sub(r"<[^>]+>", "", "\n".join([*templates, links])).split())
    assert len(pressed) > 20
    assert {each for each in pressed if each not in pages} == set()


# JSON: what a site answers, and what the documents name.


def keys_of(value: dict[str, Any]) -> set[str]:
    return set(value) - {"ok"}


@pytest.mark.asyncio
async def test_keys_of_json_are_documented(tmp_path: Path) -> None:
    async with enrich_site(tmp_path) as site:
        url = await started(site)
        await until(site, url, "done")
        key = "[2]"
        said = {"key": key, "verdict": "edit", "value-0": "glad"}
        reviewed = (await site.post(f"{url}/-/review.json", said)).json()
        review = (await site.get(f"{url}/-/review.json")).json()
        labelled = (await site.get(f"{url}/-/labelled.json")).json()
        row = (await site.get(f"{TABLE}/-/row.json?key={key}")).json()
        results = (await site.get(f"{url}/-/results.json")).json()
        stale = (await site.get(f"{url}/-/stale.json")).json()
        home = (await site.get("/-/enrichments.json")).json()
        table = (await site.get(f"{TABLE}.json")).json()
        preview = (await site.post(f"{TABLE}/-/preview.json", FORM)).json()
        estimated = (await site.post(f"{TABLE}/-/estimate.json", FORM)).json()
        again = (await site.post(f"{url}/-/again.json", {"rows": "changed"})).json()
        await until(site, again["url"], "done")
        await site.post(f"{again['url']}/-/undo.json", {})
        undone = (await site.post(f"{url}/-/undo.json", {})).json()
        run = (await site.get(f"{url}.json")).json()
    table_said = code(section(API, "Enrich a table"))
    assert keys_of(preview) | set(preview["rows"][0]) | set(preview["estimate"]) <= table_said
    assert keys_of(home) | keys_of(table) | keys_of(estimated) <= table_said
    assert keys_of(undone) - keys_of(run) <= code(section(API, "Control"))
    results_said = section(API, "Results")
    listed = {name for each in cells(results_said) for name in code(each)}
    assert listed == set(results["results"][0])
    assert keys_of(results) | keys_of(stale) <= code(results_said)
    reviews_said = code(section(API, "Reviews"))
    assert keys_of(review) | keys_of(reviewed) | set(review["accuracy"]) <= reviews_said
    assert keys_of(labelled) | set(labelled["rows"][0]) <= reviews_said
    assert keys_of(row) | set(row["origins"][0]) | set(row["results"][0]) <= reviews_said
    assert {each.value for each in Verdict} <= reviews_said
    assert {each.value for each in OutcomeStatus} - {"unchanged"} <= code(results_said)


# Commands, in their order.


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with opened_shell(tmp_path_factory.mktemp("enrich")) as found:
        yield found


def test_the_commands_run_in_their_order(shell: Shell) -> None:
    enriching, others = blocks(section(ENRICH, "On the command line"), "bash")
    listing, retrying, cancelling, undoing = others.splitlines()
    previewed = shell.run(enriching)
    assert previewed.returncode == 1
    assert previewed.stderr.endswith("Nothing was written: add --yes to start.\n")
    assert "Estimate: 100 rows, price unknown, " in previewed.stdout
    begun = shell.run(f"{enriching.strip()} --yes --json")
    told = json.loads(begun.stdout)
    assert (begun.returncode, told["status"], told["total"]) == (1, "done", 100)
    assert told["done"] + told["failed"] == 100 and 0 < told["failed"] < 20
    assert first_cells(section(API, "One run")) == set(told)
    assert set(told["faults"][0]) == {"fault", "message", "count"}
    listed = json.loads(shell.run(f"{listing} --json").stdout)
    assert [(set(each), each["faults"]) for each in listed] == [(set(told), [])]
    assert shell.run(retrying).stdout.startswith("Done: 100 of 100 rows, ")
    assert "The run is done already." in shell.run(cancelling).stderr
    undone = json.loads(shell.run(f"{undoing} --json").stdout)
    assert undone == {
        "run": 1,
        "restored": told["done"],
        "edited_since": 0,
        "dropped_columns": ["mood"],
        "kept_columns": [],
    }
    assert set(undone) - {"run"} <= code(section(API, "Control"))


def test_all_that_is_kept_can_be_deleted_and_the_database_enriched_again(shell: Shell) -> None:
    (enriching, _) = blocks(section(ENRICH, "On the command line"), "bash")
    begun = shell.run(f"{enriching.strip()} --yes")
    assert begun.stdout.startswith("Done: "), begun.stderr
    (forgetting,) = blocks(section(ENRICH, "What is kept"), "bash")
    assert shell.run(forgetting).stdout.startswith("Removed what was kept of ")
    left = "select name from sqlite_master where name like '%llm_tools%'"
    assert shell.query(left) == []
    assert shell.query("select count(mood) > 0 from passenger_comments") == [(1,)]
    again = shell.run(f"{enriching.strip()} --yes --overwrite mood")
    assert again.stdout.startswith("Done: 100 of 100 rows"), again.stderr
