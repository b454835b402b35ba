"""Documents of explorations: they come back as they went, and faults are named with their block."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.explorations.documents import (
    document_from_json,
    document_json,
    new_block_id,
)
from datasette_llm_tools.explorations.parameters import (
    follows,
    parameter_values,
    params_of,
)
from datasette_llm_tools.explorations.values import (
    Block,
    ChartBlock,
    Document,
    EnrichmentBlock,
    Parameter,
    QueryBlock,
    QuestionBlock,
    WidgetBlock,
    Words,
    Written,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
params = st.dictionaries(
    names,
    st.none()
    | texts
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False),
    max_size=3,
)
written = st.builds(Written, st.none() | texts.filter(bool), st.none(), st.none())


def blocks_of(kind: type[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, id=st.builds(new_block_id), **more)


queried: dict[str, st.SearchStrategy[Any]] = {
    "title": texts,
    "database": texts,
    "sql": texts,
    "params": params,
    "text": texts,
}
blocks: st.SearchStrategy[Block] = st.one_of(
    blocks_of(Words, text=texts),
    blocks_of(QuestionBlock, **queried, question=texts, written=written),
    blocks_of(
        ChartBlock, **queried, spec=st.dictionaries(texts, texts, max_size=3), written=written
    ),
    blocks_of(QueryBlock, **queried, query=texts),
    blocks_of(EnrichmentBlock, **queried, table=texts, column=texts, run=texts, written=written),
    blocks_of(
        WidgetBlock,
        title=texts,
        database=texts,
        text=texts,
        widget_id=st.from_regex(r"[0-9a-f]{24}", fullmatch=True),
        revision=st.integers(1, 99),
    ),
)


@given(st.lists(blocks, max_size=6), texts)
def test_a_document_comes_back_as_it_went(found: list[Block], summary: str) -> None:
    document = Document("Delays", summary, ("air",), (Parameter("day", "Day"),), tuple(found))
    through = json.loads(json.dumps(document_json(document)))
    assert document_from_json(through) == document


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["title", "blocks", "kind", "sql", "tags", "parameters", "id", "text"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_anything_else_is_refused_in_words_or_understood(value: Any) -> None:
    try:
        document = document_from_json(value)
    except BadInput as error:
        assert error.message.endswith(".")
    else:
        assert document_from_json(document_json(document)) == document


CHART = {"kind": "chart", "title": "Delays", "database": "air", "sql": "select 1", "spec": {}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sql": None}, "Block 1, the chart “Delays”: sql must be text."),
        ({"sql": 3}, "Block 1, the chart “Delays”: sql must be text."),
        ({"database": None}, "Block 1, the chart “Delays”: database must be text."),
        ({"sql": "x" * 20_001}, "Block 1, the chart “Delays”: sql has 20,001 characters"),
        ({"spec": []}, "Block 1, the chart “Delays”: spec must be an object"),
        ({"html": "<b>"}, "Block 1, the chart “Delays” has 'html'"),
        ({"params": {"day": [1]}}, "Block 1, the chart “Delays”: params has no text"),
        ({"params": {"day": 1e400}}, "Block 1, the chart “Delays”: params has no text"),
        ({"params": {"day": True}}, "Block 1, the chart “Delays”: params has no text"),
        ({"written": {"model": "x"}}, "Block 1, the chart “Delays”: written has 'model'"),
        ({"title": "a\0b"}, "title has characters that cannot be stored"),
        ({"title": "a\ud800b"}, "title has characters that cannot be stored"),
        ({"kind": "script"}, "Block 1: kind must be one of words, question,"),
        ({"id": "<script>"}, "Block 1: id cannot be '<script>'"),
        ({"kind": "widget"}, "Block 1, the widget “Delays”: widget_id must be text"),
    ],
)
def test_a_fault_is_named_with_its_block(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        document_from_json({"title": "Air", "blocks": [{**CHART, **change}]})
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "The exploration must be an object."),
        ({"title": 1}, "The exploration: title must be text."),
        ({"version": 2}, "The exploration has 'version', which nothing here is called."),
        ({"blocks": {}}, "The exploration: blocks must be a list."),
        ({"blocks": [1]}, "Block 1 must be an object."),
        ({"blocks": [{"kind": "words", "text": ""}] * 4}, "blocks has 4 entries; there may be 3"),
        (
            {"blocks": [{"kind": "words", "id": "a" * 12}] * 2},
            "The exploration: two blocks have the id aaaaaaaaaaaa.",
        ),
        (
            {"parameters": [{"name": "a", "kind": "text", "default": ""}] * 2},
            "The exploration: two parameters are called a.",
        ),
        (
            {"parameters": [{"name": "day", "kind": "date", "default": "soon"}]},
            "Parameter 1, day: default must be a date such as 2024-12-31.",
        ),
        (
            {"parameters": [{"name": "day", "kind": "choice", "default": ""}]},
            "Parameter 1, day: choices belong to the kind choice, which needs some.",
        ),
        ({"tags": [1]}, "The exploration: tags must be texts."),
    ],
)
def test_a_fault_of_the_whole_is_named(value: Any, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        document_from_json(value, most_blocks=3)
    assert message in caught.value.message


def test_tags_are_tidied() -> None:
    assert document_from_json({"tags": [" New  York", "new york", ""]}).tags == ("new york",)


PARAMETERS = (
    Parameter("city", "City", "choice", "Graz", ("Graz", "Linz")),
    Parameter("least", "At least", "number", 3),
    Parameter("day", "Day", "date", "2024-01-01"),
)
SALES = QueryBlock(
    id="a" * 12,
    title="Sales",
    database="shops",
    sql="select ':day', :city, :shop -- :least",
    params={"city": "Wien", "shop": 2},
    query="sales",
)
DOCUMENT = Document("Shops", parameters=PARAMETERS, blocks=(SALES,))


def test_a_readers_values_take_the_place_of_a_blocks_own() -> None:
    values = parameter_values(DOCUMENT, {"p_city": "Linz", "p_least": "4.5", "q": "x"})
    assert values == {"city": "Linz", "least": 4.5, "day": "2024-01-01"}
    assert params_of(SALES, DOCUMENT, values) == {"city": "Linz", "shop": 2}
    assert follows(SALES, DOCUMENT)
    assert not follows(SALES, Document("Shops"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"p_city": "Wien"}, "City must be one of the choices."),
        ({"p_least": "many"}, "At least must be a number."),
        ({"p_least": "inf"}, "At least must be a number."),
        ({"p_least": "9" * 30}, "At least must be a number."),
        ({"p_day": "2024"}, "Day must be a date such as 2024-12-31."),
        ({"p_day": "2024-02-30"}, "Day must be a date such as 2024-12-31."),
        ({"p_day": "٢٠٢٤-01-01"}, "Day must be a date such as 2024-12-31."),
        ({"p_city": "x" * 300}, "City must be a text of at most 200 characters."),
    ],
)
def test_a_value_that_a_parameter_cannot_have(given: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parameter_values(DOCUMENT, given)
    assert caught.value.message == message
