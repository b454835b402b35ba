"""Ready forms: what they ask, and that what is typed makes a prompt or a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.form_parts import Parts, specification_parts
from datasette_llm_tools.enrichments.forms import FORMS, form_named
from datasette_llm_tools.enrichments.output_declarations import parse_output
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.row_templates import RowTemplate
from datasette_llm_tools.enrichments.values import Attachment
from datasette_llm_tools.errors import BadInput

COLUMNS = ("title", "the body", "a, b", "photo", "{{ x }} %} {# y")
# The least that each form needs.
FILLED: dict[str, dict[str, str]] = {
    "free": {"template": "{{ title }}?", "outputs": "a:text\n\nb:integer? how many"},
    "classify": {"columns": "title", "labels": "good, bad"},
    "extract": {"columns": "title", "outputs": "year:integer?"},
    "summarise": {"columns": "title"},
    "translate": {"columns": "title"},
    "score": {"columns": "title", "what": "how glad"},
    "describe": {"image": "photo"},
}


def made(form: str, **fields: str | list[str]) -> Parts:
    return specification_parts(form_named(form), {**FILLED[form], **fields}, COLUMNS)


def test_every_form_is_tried_here() -> None:
    assert [form.name for form in FORMS] == list(FILLED)
    for form in FORMS:
        assert form.help.endswith(".")
        for field in form.fields:
            assert (field.kind == "choice") == bool(field.choices)


@pytest.mark.parametrize("form", FILLED)
def test_a_form_makes_a_prompt_and_outputs(form: str) -> None:
    instructions, template, outputs, attachments = made(form)
    RowTemplate(template, COLUMNS)
    assert outputs
    assert bool(attachments) == (form == "describe")
    assert bool(instructions) == (form != "free")


@pytest.mark.parametrize("form", FILLED)
def test_what_a_form_needs_is_asked_for(form: str) -> None:
    for field in form_named(form).fields:
        if field.required:
            with pytest.raises(BadInput, match=field.title):
                made(form, **{field.name: " "})
        else:
            made(form, **{field.name: " "})


def test_labels_may_have_meanings() -> None:
    parts = made("classify", labels="good = like: it, much\n bad\n", by="The tone.", output="tone")
    assert parts.outputs == (Output("tone", OutputType.LABEL, labels=("good", "bad")),)
    assert parts.instructions.endswith("The tone.\n\nWhat the labels mean:\n- good: like: it, much")


def test_fields_to_extract_are_outputs() -> None:
    parts = made("extract", outputs="year:integer? when\nname:text")
    assert parts.outputs == (parse_output("year:integer? when"), Output("name"))


def test_a_score_has_its_scale() -> None:
    parts = made("score", least="-10", most="+10")
    assert parts.outputs == (Output("score", OutputType.INTEGER, minimum=-10, maximum=10),)
    assert "from -10 (least) to 10 (most)" in parts.instructions


def test_sentences_and_language_are_said() -> None:
    assert (
        "in one sentence, in the language of the text"
        in made("summarise", sentences="1").instructions
    )
    assert (
        "at most 3 sentences, in French"
        in made("summarise", sentences="3", language="French").instructions
    )
    assert "into Low  German" not in made("translate", language="Low\n German").instructions


def test_an_image_is_attached_from_a_blob_or_an_address() -> None:
    assert made("describe").attachments == (Attachment("photo", "blob"),)
    assert made("describe", source="url").attachments == (Attachment("photo", "url"),)


def test_one_column_stands_bare_and_several_with_their_names() -> None:
    row = {column: f"[{column[:1]}]" for column in COLUMNS}

    def text(columns: str | list[str]) -> str:
        return RowTemplate(made("summarise", columns=columns).template, COLUMNS).render(row)

    assert text("title") == "[t]"
    assert text("title, the body") == "title: [t]\nthe body: [t]"
    assert text("a, b") == "[a]"  # a column of that name, not two
    assert text("title\na, b") == "title: [t]\na, b: [a]"
    assert text(["title", COLUMNS[-1]]) == "title: [t]\nx y: [{]"


@pytest.mark.parametrize(
    ("form", "fields", "message"),
    [
        ("classify", {"columns": "nothing"}, "no column nothing"),
        ("classify", {"columns": []}, "choose at least one column"),
        ("classify", {"labels": ","}, "labels to choose from"),
        ("classify", {"labels": "a\na"}, "twice"),
        ("extract", {"outputs": "year"}, "NAME:TYPE"),
        ("extract", {"outputs": "a:text\nA:text"}, "called A"),
        ("summarise", {"sentences": "0"}, "Sentences at most must be a whole number from 1 to 50"),
        ("summarise", {"sentences": "1e9"}, "whole number"),
        ("summarise", {"sentences": "٣"}, "whole number"),
        ("score", {"least": "5", "most": "1"}, "not above the most"),
        ("describe", {"source": "disk"}, "one of blob, url"),
        ("describe", {"image": "nothing"}, "no column nothing"),
        ("summarise", {"prompt": "x"}, "no field prompt"),
    ],
)
def test_what_cannot_be_understood_is_said(form: str, fields: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        made(form, **fields)


def test_a_form_that_is_not_there() -> None:
    with pytest.raises(BadInput, match="there are free, classify"):
        specification_parts("dance", {}, COLUMNS)


@given(st.sampled_from(sorted(FILLED)), st.data())
def test_anything_typed_makes_a_prompt_or_bad_input(form: str, data: st.DataObject) -> None:
    names = [field.name for field in form_named(form).fields]
    typed = data.draw(st.dictionaries(st.sampled_from(names), st.text(max_size=30)))
    try:
        parts = made(form, **typed)
    except BadInput:
        return
    if form != "free":
        RowTemplate(parts.template, COLUMNS)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=4, unique=True))
def test_columns_of_any_names_can_be_chosen(columns: list[str]) -> None:
    parts = specification_parts("summarise", {"columns": columns}, columns)
    row = {column: f"cell {number}" for number, column in enumerate(columns)}
    text = RowTemplate(parts.template, columns).render(row)
    assert text.count("cell ") >= len(columns)
