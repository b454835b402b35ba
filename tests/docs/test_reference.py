"""The reference pages are what the code says, and leave nothing out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields

import click
import pytest

from datasette_llm_tools import errors
from datasette_llm_tools.enrichments.drafts import Draft, OutputDraft
from datasette_llm_tools.enrichments.limit_drafts import LimitsDraft
from datasette_llm_tools.local_model import errors as local_model_errors
from datasette_llm_tools.permissions import ACTIONS
from datasette_llm_tools.questions.values import Answer, Status, Step, answer_json
from datasette_llm_tools.routes import ROUTES
from datasette_llm_tools.settings import Settings
from scripts import build_docs
from tests.docs.documents import ROOT, first_cells, section, text_of


@pytest.mark.parametrize("name", build_docs.PAGES)
def test_a_written_page_is_up_to_date(name: str) -> None:
    written = build_docs.PAGES[name]()
    assert text_of(f"docs/{name}") == written, "run scripts/build_docs.py"


def test_every_setting_is_documented() -> None:
    assert first_cells(text_of("docs/settings.md")) == {each.name for each in fields(Settings)}


def test_every_error_is_documented() -> None:
    classes = {
        name
        for module in (errors, local_model_errors)
        for name, each in vars(module).items()
        if isinstance(each, type) and each.__module__ == module.__name__
    }
    assert first_cells(text_of("docs/errors.md")) == classes


def test_the_tree_of_errors_has_every_class_with_its_status() -> None:
    drawn = dict(re.findall(r"(?:├──|└──) (\w+) +(\d{3})", errors.__doc__ or ""))
    classes = {
        name: str(each.status)
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.LlmToolsError)
    }
    del classes["LlmToolsError"]
    assert drawn == classes


def test_every_route_is_documented() -> None:
    documented = re.findall(r"^\| [A-Z, ]+ \| `(\S+)` \| (.+) \|$", text_of("docs/routes.md"), re.M)
    assert [address for address, _ in documented] == [
        build_docs.address(pattern) for pattern, _, _ in ROUTES
    ]
    assert all(re.fullmatch(r"[/\w.\[\]-]+", address) for address, _ in documented)
    assert all(purpose.strip() for _, purpose in documented)


def test_every_command_and_option_is_documented_with_help() -> None:
    page = text_of("docs/cli.md")
    for path, command in build_docs.commands():
        assert f"## {path}\n" in page
        assert command.help, path
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.opts[0] in section("docs/cli.md", path)
                assert option.help, f"{path} {option.opts[0]}"


def test_every_permission_is_documented() -> None:
    assert {action.name for action in ACTIONS} <= first_cells(text_of("docs/permissions.md"))


def test_every_environment_variable_is_documented() -> None:
    sources = (ROOT / "datasette_llm_tools").rglob("*.py")
    named = {
        name
        for path in sources
        for name in re.findall(r"DATASETTE_LLM_TOOLS_[A-Z]+", path.read_text(encoding="utf-8"))
    }
    assert first_cells(section("docs/models.md", "Settings")) == named


def test_every_option_of_the_local_model_is_documented() -> None:
    # In a process of its own: llm's plugins are loaded once in each.
    code = (
        "from datasette_llm_tools.local_model.models import LocalOptions;"
        "print(*LocalOptions.model_fields)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
    )
    said = set(re.findall(r"`(\w+)`", section("docs/models.md", "Settings")))
    assert set(done.stdout.split()) <= said


def test_every_event_is_documented() -> None:
    source = (ROOT / "datasette_llm_tools/questions/stream.py").read_text(encoding="utf-8")
    answering, warming = source.split("async def warming")
    event = r'(?:yield|return) "(\w+)", \{'
    assert set(re.findall(event, answering)) == first_cells(section("docs/api.md", "Events"))
    for name in re.findall(event, warming):
        assert f"`{name}`" in section("docs/api.md", "Events").split("-/warm")[1]


def test_the_data_of_events_is_documented() -> None:
    source = (ROOT / "datasette_llm_tools/questions/stream.py").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section("docs/api.md", "Events"), re.M))
    sent = re.findall(r'(?:yield|return) "(\w+)", \{(.+)\}', source.split("async def warming")[0])
    assert len(sent) == len(rows)
    for name, data in sent:
        for key in re.findall(r'"(\w+)":', data):
            assert f"`{key}`" in rows[name]


def test_every_step_is_documented() -> None:
    steps = {step.name.lower() for step in Step}
    row = re.search(r"steps are ([^|]+)\|", section("docs/api.md", "Events"))
    assert row and set(re.findall(r"`(\w+)`", row[1])) == steps
    glossary = re.search(r"^\| step \|.*: (.+) \|$", text_of("docs/glossary.md"), re.M)
    assert glossary and set(glossary[1].split(", ")) == steps


def test_every_status_is_documented() -> None:
    answer = section("docs/api.md", "An answer")
    missing = {status.value for status in Status} - set(re.findall(r"`(\w+)`", answer))
    assert missing == {"answered"}  # which is no failure
    assert "`answered`" in section("docs/ask.md", "On the command line")


def test_keys_of_an_answer_are_documented() -> None:
    table = section("docs/ask.md", "On the command line").split("`--json` prints one object")[1]
    assert first_cells(table) == set(answer_json("?", Answer()))


def test_fields_of_a_question_in_lists_are_documented() -> None:
    source = (ROOT / "datasette_llm_tools/questions/pages.py").read_text(encoding="utf-8")
    keys = set(re.findall(r'^        "(\w+)":', source.split("def question_json")[1], re.M))
    assert len(keys) > 10
    said = section("docs/api.md", "Lists").split("A question in a list has")[1]
    assert set(re.findall(r"`(\w+)`", said)) == keys


def test_keys_of_a_run_are_documented() -> None:
    source = (ROOT / "datasette_llm_tools/enrichments/run_json.py").read_text(encoding="utf-8")
    written = source.split("def run_json")[1].split("def ")[0]
    keys = set(re.findall(r'^        "(\w+)":', written, re.M))
    assert len(keys) > 20
    rows = re.findall(r"^\| (`.+?) \|", section("docs/api.md", "One run"), re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == keys


def test_fields_of_the_enrichment_form_are_documented() -> None:
    said = set(re.findall(r"`(\w+)`", section("docs/api.md", "Enrich a table")))
    typed = {each.name for each in (*fields(Draft), *fields(LimitsDraft))} - {"limits"}
    assert typed <= said
    assert {each.name for each in fields(OutputDraft)} <= said


def test_numbers_in_the_documents_are_those_of_the_code() -> None:
    from datasette_llm_tools.local_model.files import QWEN
    from datasette_llm_tools.memory_copies import MAX_COPY_BYTES
    from datasette_llm_tools.questions.views import MAX_QUESTION_CHARACTERS

    models = text_of("docs/models.md")
    assert QWEN.sha256 in models
    assert f"{QWEN.size:,} bytes" in models
    assert f"downloads {QWEN.parts.count} packages" in models
    assert f"{MAX_QUESTION_CHARACTERS:,} characters" in text_of("docs/ask.md")
    assert f"{MAX_QUESTION_CHARACTERS:,} characters" in text_of("docs/api.md")
    assert f"over {MAX_COPY_BYTES // 10**6} MB" in text_of("docs/security.md")
    assert f"up to {Settings().max_upload_bytes // 10**6} MB" in text_of("docs/ask.md")


def test_every_module_of_the_package_is_in_the_table_of_layers() -> None:
    package = ROOT / "datasette_llm_tools"
    modules = {path.stem for path in package.glob("*.py")}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    table = section("docs/design.md", "Layers").split("| layer |")[1].split("\n\n")[0]
    # The last column says what may be imported.
    drawn = {
        name for row in table.splitlines() for name in re.findall(r"`(\S+)`", row.split("|")[2])
    }
    assert drawn == modules | folders


def test_every_module_of_enrichments_has_its_part() -> None:
    package = ROOT / "datasette_llm_tools/enrichments"
    modules = {path.stem for path in package.rglob("*.py")} - {"__init__"}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    table = section("docs/design.md", "What is in a feature").split("| part of")[1]
    drawn = re.findall(r"`(\w+/?)`", table)
    assert sorted(set(drawn) - {"enrichments/"}) == sorted(modules | folders)
