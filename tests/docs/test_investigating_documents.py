"""docs/investigating.md and docs/api.md say of investigations what the code does."""

from __future__ import annotations

import re
from dataclasses import fields

from datasette_llm_tools.questions.investigating.reading import ReadStep, step_json
from datasette_llm_tools.questions.investigating.values import InvestigationStep, Tool
from datasette_llm_tools.settings import Settings
from tests.docs.documents import ROOT, first_cells, section, text_of


def test_every_tool_is_documented() -> None:
    tools = {tool.value for tool in Tool}
    assert first_cells(section("docs/investigating.md", "Investigate a question")) == tools
    row = re.search(r"^\| `tool` \| (.+) \|$", section("docs/api.md", "An investigation"), re.M)
    assert row and set(re.findall(r"`(\w+)`", row[1])) == tools


def test_every_key_and_event_is_documented() -> None:
    said = first_cells(section("docs/api.md", "An investigation"))
    keys = set(step_json(ReadStep(InvestigationStep(1))))
    source = ROOT / "datasette_llm_tools/questions/investigating/stream.py"
    events = set(re.findall(r'return "([\w-]+)", \{', source.read_text(encoding="utf-8")))
    assert len(events) == 3
    assert said == keys | events


def test_limits_are_settings_with_their_defaults() -> None:
    named = first_cells(section("docs/investigating.md", "Limits"))
    assert named == {each.name for each in fields(Settings) if "investigate" in each.name}
    assert f"up to {Settings().investigate_steps} steps" in text_of("docs/investigating.md")
