"""Blocks of what is found elsewhere, and the form of the page where they are edited."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import (
    Counts,
    Enrichment,
    Run,
    RunLimits,
    RunStatus,
    Selection,
    Specification,
)
from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.explorations.canonical import digest
from datasette_llm_tools.explorations.documents import block_json, document_from_json
from datasette_llm_tools.explorations.editing.document_text import document_lines
from datasette_llm_tools.explorations.editing.edit_form import (
    acted,
    called,
    sent_base,
    sent_document,
)
from datasette_llm_tools.explorations.editing.source_blocks import (
    enrichment_block,
    query_block,
    question_block,
    widget_block,
)
from datasette_llm_tools.explorations.records import Base
from datasette_llm_tools.explorations.values import (
    ChartBlock,
    Document,
    Parameter,
    WidgetBlock,
    Words,
    Written,
)
from datasette_llm_tools.prompt import Usage
from datasette_llm_tools.questions.store import Question
from datasette_llm_tools.questions.values import Answer, Attempt, Call, Status
from datasette_llm_tools.widgets.values import (
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Revision,
    Widget,
    Writing,
)
from datasette_llm_tools.widgets.values import Parameter as QueryParameter
from tests.exploration_sites import CHART, CITY, QUERY, QUESTION, WORDS, shop_document

AT = "2026-01-02T03:04:05.000+00:00"
MESSAGES = ({"role": "system", "text": "Write SQL"}, {"role": "user", "text": "How many?"})


def asked(**changed: Any) -> Question:
    call = Call("sql", MESSAGES, "select 1", Usage(), 1.0)
    answer = Answer(
        status=Status.ANSWERED,
        sql="select count(*) from shop",
        text="There are 3.",
        model_id="scripted",
        attempts=(Attempt("select count(*) from shop"),),
        calls=(call, replace(call, purpose="words", messages=({"role": "user", "text": "no"},))),
    )
    return Question("q" * 24, "shops", "alice", "How many?", AT, replace(answer, **changed))


def widget(kind: Kind = Kind.CHART, source: str = '{"mark": "bar"}') -> tuple[Widget, Revision]:
    query = NamedQuery("rows", "select :n", (QueryParameter("n", "integer", 3),))
    draft = Draft(Origin.CREATED, source, (query,), writing=Writing(model_id="scripted"))
    made = Widget("f" * 24, "shops", kind, "Sales", "alice", AT, AT, 2)
    return made, Revision(made.id, 2, 1, draft, "alice", AT)


def run(*outputs: str) -> Run:
    asked_of = Specification("{{ body }}", tuple(map(Output, outputs)), "scripted")
    enrichment = Enrichment("e" * 24, "notes", 'no"te', "Moods", asked_of, "alice", AT)
    return Run(
        1,
        "r" * 24,
        enrichment,
        RunStatus.DONE,
        Selection(),
        RunLimits(),
        {"id": "alice"},
        Counts(),
        created_at=AT,
    )


def test_a_question_brings_its_sql_words_and_the_hash_of_its_prompt() -> None:
    block = question_block(asked())
    assert (block.question, block.sql, block.text) == (
        "How many?",
        "select count(*) from shop",
        "There are 3.",
    )
    assert block.written == Written("scripted", digest(list(MESSAGES)), AT)


def test_of_a_question_of_somebody_else_the_prompt_is_not_hashed() -> None:
    stripped = tuple(replace(each, messages=()) for each in asked().answer.calls)
    assert question_block(asked(calls=stripped)).written == Written("scripted", None, AT)


def test_sql_that_a_person_wrote_is_nobody_elses() -> None:
    attempts = (Attempt("select 1"), Attempt("select 2", written_by="person"))
    assert question_block(asked(attempts=attempts)).written == Written(None, None, AT)


@pytest.mark.parametrize("changed", [{"sql": None}, {"status": Status.FAILED}])
def test_a_question_without_sql_that_ran_is_not_added(changed: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="no SQL that ran"):
        question_block(asked(**changed))


def test_a_kept_chart_brings_its_query_and_its_spec() -> None:
    block = widget_block(*widget())
    assert isinstance(block, ChartBlock)
    assert (block.sql, dict(block.params), dict(block.spec)) == (
        "select :n",
        {"n": 3},
        {"mark": "bar"},
    )
    assert block.written.model_id == "scripted"


def test_a_widget_is_kept_by_its_version() -> None:
    block = widget_block(*widget(Kind.DOCUMENT, "<h1>Sales</h1>"))
    assert isinstance(block, WidgetBlock)
    assert (block.widget_id, block.revision, block.title) == ("f" * 24, 2, "Sales")


def test_a_query_has_a_value_for_each_of_its_names() -> None:
    block = query_block("shops", "select :a, :b, ':c'", {"a": 1, "z": 2}, "  Two\n lines ")
    assert dict(block.params) == {"a": 1, "b": None} and block.title == "Two lines"


def test_an_enrichment_shows_keys_what_was_read_and_what_was_filled() -> None:
    block = enrichment_block(run("mood", "topic"), ["id"], ["id", "body"])
    assert block.sql == (
        'SELECT "id", "body", "mood", "topic"\nFROM "no""te"\n'
        'WHERE "mood" IS NOT NULL OR "topic" IS NOT NULL\nORDER BY "id"'
    )
    assert (block.column, block.run, block.written.model_id) == ("mood", "r" * 24, "scripted")
    one = enrichment_block(run("mood", "topic"), ["id"], [], "topic")
    assert one.column == "topic" and '"mood"' not in one.sql
    with pytest.raises(BadInput, match="has: mood, topic"):
        enrichment_block(run("mood", "topic"), ["id"], [], "colour")


def fields_of(document: Document, **typed: str) -> dict[str, str]:
    """What the page's form has of a document, with what somebody typed."""
    fields = {
        "title": document.title,
        "summary": document.summary,
        "tags": ", ".join(document.tags),
        "order": " ".join(each.id for each in document.blocks),
    }
    for at, each in enumerate(document.parameters):
        for name in ("name", "label", "kind", "default"):
            fields[f"parameter.{at}.{name}"] = str(getattr(each, name))
        fields[f"parameter.{at}.choices"] = "\r\n".join(each.choices)
    for block in document.blocks:
        fields[f"{block.id}.text"] = block.text
        if not isinstance(block, Words):
            fields[f"{block.id}.block"] = json.dumps(block_json(block))
            fields[f"{block.id}.title"] = block.title
    return {**fields, **typed}


def sent(fields: dict[str, Any]) -> Document:
    return sent_document(fields, most_blocks=200)


def test_a_form_that_nobody_touched_is_the_same_document() -> None:
    document = shop_document(summary="Two\nlines")
    assert sent(fields_of(document)) == document


def test_what_was_typed_is_laid_over() -> None:
    document = shop_document()
    changed = sent(
        fields_of(
            document,
            title=" Tea ",
            summary="a\r\nb",
            tags="Tea, , tea,  Milk Shops ",
            **{f"{WORDS.id}.text": "# New", f"{CHART.id}.title": "Renamed"},
        )
    )
    assert (changed.title, changed.summary, changed.tags) == ("Tea", "a\nb", ("tea", "milk shops"))
    assert changed.blocks[0] == replace(WORDS, text="# New")
    assert changed.blocks[2] == replace(CHART, title="Renamed")
    assert changed.blocks[1] == QUESTION


def test_the_order_says_which_blocks_there_are() -> None:
    new = "0123456789ab"
    fields = fields_of(shop_document(), order=f"{CHART.id} {new} {WORDS.id}")
    changed = sent({**fields, f"{new}.text": "Between"})
    assert changed.blocks == (CHART, Words(id=new, text="Between"), WORDS)


def test_sql_changed_by_hand_has_no_model_behind_it() -> None:
    other = sent(fields_of(shop_document(), **{f"{QUESTION.id}.sql": "select 2"})).blocks[1]
    same = sent(fields_of(shop_document(), **{f"{QUESTION.id}.sql": f" {QUESTION.sql}\r\n"}))
    assert other == replace(QUESTION, sql="select 2", written=Written())
    assert getattr(same.blocks[1], "written") == QUESTION.written  # noqa: B009 - a union of blocks


def test_another_version_of_a_widget_is_chosen() -> None:
    block = WidgetBlock(
        id="f" * 12, title="Sales", database="shops", widget_id="f" * 24, revision=1
    )
    document = Document("Page", blocks=(block,))
    changed = sent(fields_of(document, **{f"{block.id}.revision": "3"}))
    assert changed.blocks == (replace(block, revision=3),)
    with pytest.raises(BadInput, match="whole number"):
        sent(fields_of(document, **{f"{block.id}.revision": "three"}))


@pytest.mark.parametrize(
    ("before", "typed", "after"),
    [
        (1, "1", 1),
        (1, "2.5", 2.5),
        (1, "many", "many"),
        ("1", "1", "1"),
        ("a", "2", "2"),
        (None, "", None),
        (None, "x", "x"),
    ],
)
def test_values_stay_what_they_were(before: Any, typed: str, after: Any) -> None:
    block = replace(QUERY, sql="select :n", params={"n": before})
    fields = fields_of(shop_document(block), **{f"{block.id}.param.n": typed})
    found = sent(fields).blocks[0]
    assert not isinstance(found, (Words, WidgetBlock))
    assert found.params == {"n": after} and type(found.params["n"]) is type(after)


def test_parameters_are_added_changed_and_forgotten() -> None:
    fields = fields_of(shop_document())
    more = {
        "parameter.1.name": ":most",
        "parameter.1.label": "",
        "parameter.1.kind": "number",
        "parameter.1.default": "2.5",
        "parameter.2.name": "",
        "parameter.3.name": "day",
        "parameter.3.kind": "date",
    }
    assert sent({**fields, **more}).parameters == (
        CITY,
        Parameter("most", "most", "number", 2.5),
        Parameter("day", "day", "date", ""),
    )
    assert sent({**fields, "parameter.0.name": ""}).parameters == ()
    # Choices are kept in the form while another kind is tried out.
    assert sent({**fields, "parameter.0.kind": "text"}).parameters[0].choices == ()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({f"{CHART.id}.block": "{"}, "load the page anew"),
        ({f"{CHART.id}.block": "[]"}, "load the page anew"),
        ({"order": "nonsense"}, "Block 1: id cannot be"),
        ({"order": f"{WORDS.id} {WORDS.id}"}, "two blocks"),
        ({"parameter.0.default": "Wien"}, "must be one of the choices"),
        ({f"{CHART.id}.sql": "x" * 30_000}, "the chart “Sales by item”: sql"),
        ({f"{CHART.id}.title": "x" * 300}, "there may be 200"),
    ],
)
def test_a_form_that_cannot_be_is_refused_in_words(typed: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        sent(fields_of(shop_document(), **typed))


def test_a_document_may_be_sent_as_json() -> None:
    assert sent({"document": {"title": "Tea"}}) == Document("Tea")
    with pytest.raises(BadInput, match="must be an object"):
        sent({"document": "Tea"})
    assert sent({}) == document_from_json({})


@pytest.mark.parametrize(
    ("value", "base"),
    [
        (None, None),
        ("", None),
        ("3.12", Base(3, 12)),
        ({"number": 3, "edition": 12}, Base(3, 12)),
    ],
)
def test_a_base_is_a_version_and_its_edition(value: Any, base: Base | None) -> None:
    assert sent_base({"base": value}) == base


@pytest.mark.parametrize(
    "value", ["3", "3.", "a.b", "3.-1", {"number": 3}, {"number": True, "edition": 1}, 3, [3, 1]]
)
def test_a_base_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(BadInput, match="base must be"):
        sent_base({"base": value})


@pytest.mark.parametrize(
    ("action", "order"),
    [
        (f"up {CHART.id}", "acbd"),
        (f"down {CHART.id}", "abdc"),
        (f"up {WORDS.id}", "abcd"),
        (f"down {QUERY.id}", "abcd"),
        (f"remove {QUESTION.id}", "acd"),
        (f"words {QUESTION.id}", "ab+cd"),
        ("words", "+abcd"),
        ("words 000000000000", "+abcd"),
        ("up 000000000000", "abcd"),
        ("save", "abcd"),
        ("", "abcd"),
    ],
)
def test_buttons_arrange(action: str, order: str) -> None:
    document = shop_document()
    known = {each.id for each in document.blocks}
    changed, anchor = acted(document, action)
    found = "".join(each.id[0] if each.id in known else "+" for each in changed.blocks)
    assert found == order
    assert not anchor or any(anchor == f"block-{each.id}" for each in changed.blocks)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (CHART, "Chart “Sales by item”"),
        (QUESTION, "Question “What was sold?”"),
        (Words(id="a" * 12, text=""), "Words"),
        (Words(id="a" * 12, text="## The *end*"), "Words “The end”"),
        (Words(id="a" * 12, text="## Why\n\nIt was **late**.\n\n- one"), "Words “Why”"),
        (
            Words(id="a" * 12, text="See <b>this</b>\nand that."),
            "Words “See <b>this</b> and that.”",
        ),
        (Words(id="a" * 12, text="```\nlet x\n```"), "Words “``` let x ```”"),
        (
            Words(id="a" * 12, text="one\ntwo " * 20),
            "Words “one two one two one two one two one two…”",
        ),
    ],
)
def test_blocks_are_called_by_their_names(block: Any, said: str) -> None:
    assert called(block) == said


def test_a_document_as_text_has_all_that_an_author_writes() -> None:
    lines = document_lines(shop_document(summary="Short."))
    for line in (
        "Title: Shops and tea",
        "Short.",
        "Tags: tea",
        'Parameter :city (choice) “City”, "Linz", one of Graz, Linz',
        "Tea sells **everywhere**.",
        "Question “What was sold?”",
        "Question: What was sold?",
        "Chart “Sales by item”",
        '  "mark": "bar",',
        "select name from shop where city = :city order by id",
        "Query: shops_in",
    ):
        assert line in lines, line
