"""Certificates of blocks, and what they say of rows, SQL or words that somebody has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.explorations.canonical import frozen_digest, rows_digest
from datasette_llm_tools.explorations.checking.certificates import (
    certificate,
    certificate_from_json,
    certificate_json,
    faults,
    row_count,
)
from datasette_llm_tools.explorations.checking.values import Certificate
from datasette_llm_tools.explorations.values import (
    Block,
    Document,
    Frozen,
    Parameter,
    QueryBlock,
    QuestionBlock,
    WidgetBlock,
    Words,
    Written,
)

CITY = Parameter("city", "City", "choice", "Linz", ("Graz", "Linz"))
QUESTION = QuestionBlock(
    id="b" * 12,
    title="Sales",
    database="shops",
    sql="select item from sale where city = :city and price > :price",
    params={"price": 2, "city": "Graz"},
    text="Tea sells best.",
    question="What was sold?",
    written=Written("scripted", "sha256:" + "1" * 64, "2024-05-12T10:00:00Z"),
)
WIDGET = WidgetBlock(id="c" * 12, title="Sales", database="shops", widget_id="d" * 24, revision=1)
DOCUMENT = Document("Shops", parameters=(CITY,), blocks=(QUESTION, WIDGET))


def frozen(block: Block = QUESTION, **more: Any) -> Frozen:
    given = {
        "columns": ("item",),
        "rows": (("tea",), ("milk",)),
        "database": "shops",
        "tables": ("sale",),
        "schema_hash": "sha256:" + "2" * 64,
        "taken_at": "2024-05-13T09:00:00Z",
    }
    return Frozen(block.id, **{**given, **more})


def made(block: Block = QUESTION, rows: Frozen | None = None) -> Certificate:
    found = certificate(block, rows or frozen(block), DOCUMENT)
    assert found is not None
    return found


def test_a_certificate_holds_what_the_rows_came_from() -> None:
    found = made()
    assert (found.kind, found.question, found.model_id) == (
        "question",
        "What was sold?",
        "scripted",
    )
    assert found.params == {"price": 2, "city": "Linz"}  # the parameter's default was run
    assert (found.row_count, found.taken_at) == (2, "2024-05-13T09:00:00Z")
    assert found.rows_hash == rows_digest(["item"], [["tea"], ["milk"]])
    assert faults(QUESTION, frozen(), found, DOCUMENT) == ()


def test_a_certificate_survives_a_file() -> None:
    told = json.loads(json.dumps(certificate_json(made())))
    assert certificate_from_json(told, "Block 1") == made()
    assert list(told) == list(certificate_json(made()))


@pytest.mark.parametrize(
    ("block", "rows", "said"),
    [
        (replace(QUESTION, sql="select 1"), frozen(), "SQL is not that"),
        (replace(QUESTION, params={"price": 3}), frozen(), "parameters are not those"),
        (replace(QUESTION, question="Who?"), frozen(), "question is not that"),
        (replace(QUESTION, database="other"), frozen(), "database is not that"),
        (replace(QUESTION, text="Milk sells best."), frozen(), "words or its looks"),
        (replace(QUESTION, written=Written("other")), frozen(), "another model"),
        (QUESTION, frozen(rows=(("tea",), ("cake",))), "rows are not those"),
        (QUESTION, frozen(rows=(("milk",), ("tea",))), "rows are not those"),
        (QUESTION, frozen(rows=(("tea",),)), "not as many rows"),
        (QUESTION, frozen(columns=("thing",)), "rows are not those"),
        (QUESTION, frozen(more={"html": "<b>"}), "rows are not those"),
        (QUESTION, frozen(schema_hash="sha256:" + "3" * 64), "other tables"),
        (QUESTION, frozen(taken_at="2025-01-01T00:00:00Z"), "another time"),
        (QUESTION, frozen(truncated=True), "another end"),
        (QUESTION, frozen(refused="gone"), "no rows"),
        (replace(QUESTION, id="f" * 12), frozen(), "another block"),
    ],
)
def test_whatever_was_changed_is_named(block: Block, rows: Frozen, said: str) -> None:
    assert said in " / ".join(faults(block, rows, made(), DOCUMENT))


@pytest.mark.parametrize("change", [{"rows_hash": "sha256:" + "0" * 64}, {"hash": "sha256:x"}])
def test_a_certificate_that_was_changed_itself_is_found(change: dict[str, str]) -> None:
    found = faults(QUESTION, frozen(), replace(made(), **change), DOCUMENT)  # type: ignore[arg-type] # texts only
    assert "its certificate was changed after it was made" in found


def test_words_and_blocks_without_rows_have_none() -> None:
    assert certificate(Words(id="a" * 12, text="Hello"), frozen(), DOCUMENT) is None
    assert certificate(QUESTION, frozen(refused="no such table"), DOCUMENT) is None


def widget_rows(queries: Any) -> Frozen:
    more: Mapping[str, Any] = {"html": "<p>", "libraries": [], "queries": queries}
    return frozen(WIDGET, columns=(), rows=(), more=more)


def test_a_widget_is_certified_by_its_queries_wherever_it_is_kept() -> None:
    result = {"params": {}, "columns": ["n"], "rows": [[1], [2]], "truncated": False}
    rows = widget_rows([{"name": "sales", "sql": "select 1", "results": [result]}])
    found = made(WIDGET, rows)
    assert json.loads(found.sql) == [{"name": "sales", "sql": "select 1"}]
    assert found.row_count == row_count(rows) == 2
    elsewhere = replace(WIDGET, widget_id="e" * 24, revision=7)
    assert faults(elsewhere, rows, found, DOCUMENT) == ()
    hostile = replace(rows, more={**rows.more, "html": "<script>"})
    assert "its rows are not those of the certificate" in faults(WIDGET, hostile, found, DOCUMENT)


@pytest.mark.parametrize("queries", [None, "x", [1, None], [{"name": "a"}]])
def test_a_file_may_hold_anything_for_queries(queries: Any) -> None:
    assert made(WIDGET, widget_rows(queries)).row_count == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows_hash": "abc"}, "rows_hash cannot be 'abc'"),
        ({"hash": None}, "hash must be text"),
        ({"kind": "poem"}, "kind must be one of"),
        ({"row_count": -1}, "row_count must be a whole number"),
        ({"row_count": True}, "row_count must be a whole number"),
        ({"truncated": 1}, "truncated must be true or false"),
        ({"params": []}, "params must be an object"),
        ({"params": {"a": [1]}}, "params must be an object"),
        ({"sql": 5}, "sql must be text"),
        ({"surprise": 1}, "'surprise'"),
    ],
)
def test_what_is_no_certificate_is_refused_with_its_place(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=r"^Block 3\b") as refused:
        certificate_from_json({**certificate_json(made()), **change}, "Block 3")
    assert said in refused.value.message


def test_a_hash_of_rows_alone_is_one_that_anybody_can_count() -> None:
    assert frozen_digest(["n"], [[1]], {}) == rows_digest(["n"], [[1]])
    assert rows_digest(["n"], [[1]]) != rows_digest(["n"], [[1.0]])


def test_queries_of_a_block_without_parameters_have_none() -> None:
    block = QueryBlock(id="e" * 12, title="", database="shops", sql="select 1", query="one")
    assert made(block, frozen(block)).params == {}
