"""Explorations as files: any of them survives, and what was tampered with is found or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.explorations.canonical import frozen_digest
from datasette_llm_tools.explorations.checking.certificates import certificate
from datasette_llm_tools.explorations.exchange.files import (
    About,
    File,
    TakenWidget,
    as_text,
    file_from_json,
    file_json,
    source_of,
)
from datasette_llm_tools.explorations.exchange.markdown_file import (
    escaped,
    fenced,
    own_words,
    table,
)
from datasette_llm_tools.explorations.exchange.portable import safe_frozen
from datasette_llm_tools.explorations.exchange.received import ELEMENT, file_of
from datasette_llm_tools.explorations.values import (
    Block,
    ChartBlock,
    Document,
    EnrichmentBlock,
    Frozen,
    Origin,
    Parameter,
    QueryBlock,
    QuestionBlock,
    WidgetBlock,
    Words,
    Written,
)
from datasette_llm_tools.widgets.exporting.export_html import json_in_script
from datasette_llm_tools.widgets.sandbox.documents import rebuild
from datasette_llm_tools.widgets.values import Column, NamedQuery
from datasette_llm_tools.widgets.values import Parameter as QueryParameter

HASH = "sha256:" + "0" * 64
AT = "2026-05-06T07:08:09.000+00:00"
ABOUT = About("a" * 24, "https://data.example/-/explorations/" + "a" * 24, "alice", 3, AT, AT)
QUESTION = QuestionBlock(
    id="b" * 12, title="", database="shops", sql="select 1", text="One.", question="How many?"
)
CHART = ChartBlock(
    id="c" * 12, title="Delays", database="shops", sql="select 1", spec={"mark": "bar"}
)
WIDGET = WidgetBlock(id="d" * 12, title="Map", database="shops", widget_id="e" * 24, revision=2)
HTML = rebuild(
    '<!doctype html><title>T</title><script src="lib:d3"></script><h1>Hi</h1>'
    "<script>document.title = 1</script>"
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
lines = texts.map(str.strip).filter(bool)
cells = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.binary(max_size=6).map(lambda value: {"$base64": True, "encoded": value.hex()})
)
params = st.dictionaries(lines, st.none() | st.integers(-5, 5) | texts, max_size=2)
writers = st.builds(Written, st.none() | lines, st.none(), st.none() | st.just(AT))


@st.composite
def documents(draw: Callable[[Any], Any]) -> Document:
    """Documents with blocks of every kind, as an editor would have made them."""
    blocks: list[Block] = []
    for number in range(draw(st.integers(0, 5))):
        rows = {
            "id": f"{number:012x}",
            "title": draw(texts),
            "database": draw(lines),
            "sql": draw(lines),
            "params": draw(params),
            "text": draw(texts),
        }
        made: Block = draw(
            st.sampled_from(
                [
                    Words(id=rows["id"], text=draw(texts)),
                    QuestionBlock(**rows, question=draw(texts), written=draw(writers)),
                    ChartBlock(**rows, spec=draw(params), written=draw(writers)),
                    QueryBlock(**rows, query=draw(texts)),
                    EnrichmentBlock(**rows, table=draw(lines), column=draw(texts), run=draw(texts)),
                ]
            )
        )
        blocks.append(made)
    choice = Parameter("city", draw(lines), "choice", "a", ("a", "b"))
    number_of = Parameter("n", "N", "number", draw(st.integers(0, 9) | st.floats(0, 1)))
    return Document(
        draw(lines),
        draw(texts),
        tuple(draw(st.lists(st.sampled_from("abc"), unique=True))),
        draw(st.sampled_from([(), (choice,), (choice, number_of)])),
        tuple(blocks),
    )


@st.composite
def whole_files(draw: Callable[[Any], Any]) -> File:
    document = draw(documents())
    frozen = []
    for block in document.blocks:
        if isinstance(block, Words):
            continue
        columns = tuple(draw(st.lists(texts, max_size=3)))
        rows = tuple(
            tuple(row)
            for row in draw(
                st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), max_size=3)
            )
        )
        frozen.append(of_rows(block, columns, rows))
    return certified(File(replace(ABOUT, url=draw(texts)), document, tuple(frozen)))


def of_rows(block: Block, columns: tuple[str, ...], rows: Any, **more: Any) -> Frozen:
    held = more.get("more", {})
    return Frozen(
        block.id,
        columns,
        rows,
        **{
            "database": "shops",
            "tables": ("shop",),
            "rows_hash": frozen_digest(columns, rows, held),
            "schema_hash": HASH,
            "taken_at": AT,
            **more,
        },
    )


def certified(file: File) -> File:
    made = {}
    for block in file.document.blocks:
        frozen = file.of(block.id)
        found = certificate(block, frozen, file.document) if frozen else None
        if found:
            made[block.id] = found
    return replace(file, certificates=made)


def sample() -> File:
    """A question, a chart and a widget with their rows."""
    drawn = {
        "fields": ["f0", "f1"],
        "titles": ["Item", "Sales"],
        "vega_lite": {"mark": "bar", "data": {"name": "rows"}, "params": [{"bind": "scales"}]},
        "summary": "Tea sells most.",
        "note": None,
    }
    held = {
        "html": HTML.html,
        "libraries": list(HTML.libraries),
        "queries": [
            {
                "name": "sales",
                "sql": "select :n",
                "results": [
                    {"params": {"n": 1}, "columns": ["n"], "rows": [[1]], "truncated": False}
                ],
            }
        ],
    }
    frozen = (
        of_rows(QUESTION, ("n",), ((1,), (2,))),
        of_rows(CHART, ("Item", "Sales"), (("tea", 2),), more=drawn),
        of_rows(WIDGET, (), (), more=held),
    )
    document = Document(
        "Delays", "Why?", ("air",), (), (Words(id="a" * 12, text="#"), QUESTION, CHART, WIDGET)
    )
    query = NamedQuery("sales", "select :n", (QueryParameter("n", "integer", 1),))
    taken = TakenWidget(
        "Map", "shops", source_of(frozen[2]), (query,), {"sales": (Column("n", "integer"),)}, "m"
    )
    origin = Origin("f" * 24, "Older", None, 1, "https://other.example/", HASH, AT)
    file = File(replace(ABOUT, origin=origin), document, frozen, {}, {"e" * 24 + "/2": taken})
    return certified(file)


def read_back(file: File) -> File:
    return file_from_json(json.loads(as_text(file_json(file))))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(whole_files())
def test_any_exploration_survives(file: File) -> None:
    again = read_back(file)
    assert again == file
    assert as_text(file_json(again)) == as_text(file_json(file))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(whole_files())
def test_any_exploration_is_read_out_of_a_page(file: File) -> None:
    data = json_in_script(as_text(file_json(file)))
    page = f'<p>x</p><script type="application/json" id="{ELEMENT}">{data}</script><p></script>'
    assert file_of(page.encode()) == file


def test_widgets_and_origins_survive() -> None:
    assert read_back(sample()) == sample()


def test_a_widget_names_its_libraries_again() -> None:
    source = sample().widgets["e" * 24 + "/2"].source
    assert '<head><script src="lib:d3"></script>' in source
    assert rebuild(source).html == HTML.html
    assert rebuild(source).libraries == HTML.libraries == ("d3",)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_says_so(part: float) -> None:
    text = as_text(file_json(sample()))
    page = f'<script type="application/json" id="{ELEMENT}">{json_in_script(text)}</script>'
    with pytest.raises(BadInput, match="cut off"):
        file_of(page[: int(len(page) * part)].encode())
    with pytest.raises(BadInput, match=r"cut off|not valid JSON"):
        file_of(text[: int(len(text) * part)].encode())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "No file"),
        (b"<!doctype html><p>Hello", "holds no exploration"),
        (b"\xff\xfe", "UTF-8"),
        (b"[]", "no exploration"),
        (b'{"format": "something else", "version": 1}', "no exploration"),
        (b"{" * 5000, "not valid JSON"),
        (b"[" * 3_000_001, "more rows than"),
        (b'{"format": NaN}', "not valid JSON"),
    ],
)
def test_what_is_no_exploration_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        file_of(body)


def test_a_file_of_a_newer_version_is_refused() -> None:
    with pytest.raises(BadInput, match="newer version of datasette-llm-tools; update"):
        file_from_json({**file_json(sample()), "version": 2, "unheard": 1})


def set_at(value: Any, path: str, new: Any) -> Any:
    """A copy of JSON in which one place, as in a/0/b, has another value."""
    copy = json.loads(json.dumps(value))
    *parts, last = [int(each) if each.isdigit() else each for each in path.split("/")]
    found = copy
    for each in parts:
        found = found[each]
    found[last] = new
    return copy


@pytest.mark.parametrize(
    ("path", "new", "block", "said"),
    [
        (f"rows/{QUESTION.id}/rows/0/0", 7, QUESTION, "its rows are not"),
        (f"rows/{QUESTION.id}/columns/0", "m", QUESTION, "its rows are not"),
        ("document/blocks/1/sql", "select 2", QUESTION, "its SQL is not"),
        ("document/blocks/1/text", "Two.", QUESTION, "its words"),
        (f"certificates/{QUESTION.id}/taken_at", "2001", QUESTION, "another time"),
        (f"certificates/{QUESTION.id}/hash", HASH, QUESTION, "changed after it was made"),
        (f"rows/{CHART.id}/more/summary", "Milk", CHART, "its rows are not"),
        (f"rows/{WIDGET.id}/more/html", "<p>", WIDGET, "not the one that its rows"),
        ("widgets/" + "e" * 24 + "~2/source", "<p>", WIDGET, "not the one that its rows"),
    ],
)
def test_what_was_tampered_with_is_named(path: str, new: Any, block: Block, said: str) -> None:
    told = file_json(sample())
    if "~" in path:
        told["widgets"]["e" * 24 + "/2"]["source"] = new
    else:
        told = set_at(told, path, new)
    misfits = file_from_json(json.loads(json.dumps(told))).misfits
    assert list(misfits) == [block.id]
    assert any(said in each for each in misfits[block.id]), misfits


def test_rows_without_a_certificate_are_named() -> None:
    told = file_json(sample())
    del told["certificates"][CHART.id]
    assert file_from_json(told).misfits == {CHART.id: ("there is no certificate of its rows",)}


@pytest.mark.parametrize(
    ("path", "new", "said"),
    [
        ("exploration/revision", 0, "revision must be a whole number"),
        ("exploration/origin", [], "origin must be an object"),
        ("document/blocks/1/kind", "poem", "kind must be one of"),
        ("rows", [], "rows must be an object"),
        ("rows", {"0" * 12: {}}, "no block with rows"),
        (f"rows/{QUESTION.id}/rows", [[1, 2]], "lists of 1 cells"),
        (f"rows/{QUESTION.id}/rows", [[{"a": 1}]], "SQLite does not have"),
        (f"rows/{QUESTION.id}/rows", [[2**63]], "SQLite does not have"),
        (f"rows/{QUESTION.id}/rows", [["\ud800"]], "SQLite does not have"),
        (f"rows/{QUESTION.id}/columns", ["\ud800"], "columns have characters that cannot"),
        (f"rows/{QUESTION.id}/tables", ["\udfff"], "tables have characters that cannot"),
        (f"rows/{CHART.id}/more/vega_lite/title", "\ud800", "of texts that can be stored"),
        (f"rows/{CHART.id}/more/vega_lite/params", [{"\ud800": 1}], "of texts that can be stored"),
        (f"rows/{QUESTION.id}/truncated", 1, "truncated must be true or false"),
        (f"rows/{QUESTION.id}/extra", 1, "'extra'"),
        (f"certificates/{QUESTION.id}/rows_hash", "x", "rows_hash"),
        ("widgets", {"../..": {}}, "cannot have one called"),
        ("extra", 1, "'extra'"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused_with_its_place(
    path: str, new: Any, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        file_from_json(set_at(file_json(sample()), path, new))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("queries", 1.5),
        ("queries/0", 1.5),
        ("queries/0/results", 1.5),
        ("queries/0/results/0", 1.5),
        ("queries/0/results/0/rows", 1.5),
        ("queries/0/results/0/rows/0", 1.5),
        ("libraries", 1.5),
    ],
)
def test_queries_of_a_widget_that_are_none_are_refused(path: str, new: Any) -> None:
    told = set_at(file_json(sample()), f"rows/{WIDGET.id}/more/{path}", new)
    file = file_from_json(told)
    assert WIDGET.id in file.misfits
    with pytest.raises(BadInput, match="The rows of the widget"):
        safe_frozen(file.frozen[2], WIDGET)


@pytest.mark.parametrize("column", [None, 1, ["item"]])
def test_columns_of_a_widgets_result_are_texts(column: object) -> None:
    frozen = sample().frozen[2]
    query = frozen.more["queries"][0]
    result = {**query["results"][0], "columns": [column], "rows": [[1]]}
    more = {**frozen.more, "queries": [{**query, "results": [result]}]}
    with pytest.raises(BadInput, match="columns of a result must be texts"):
        safe_frozen(replace(frozen, more=more), WIDGET)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("vega_lite/data", {"url": "https://evil.example/"}),
        ("vega_lite/data", {"values": [1]}),
        ("vega_lite/usermeta", {"embedOptions": {}}),
        ("vega_lite/params/0", {"bind": {"input": "range", "element": "body"}}),
        ("vega_lite/encoding", {"href": {"field": "f0"}}),
        ("vega_lite/mark", "image"),
        ("vega_lite", "bar"),
        ("fields", [1]),
        ("fields", ["f0"]),
    ],
)
def test_a_drawing_that_reaches_elsewhere_is_refused(path: str, new: Any) -> None:
    frozen = sample().frozen[1]
    with pytest.raises(BadInput, match="The rows of the chart “Delays”"):
        safe_frozen(replace(frozen, more=set_at(frozen.more, path, new)), CHART)


def test_what_is_honest_is_kept_as_it_is() -> None:
    file = sample()
    for frozen, block in zip(file.frozen, (QUESTION, CHART, WIDGET), strict=True):
        assert safe_frozen(frozen, block) == frozen


def test_what_a_chart_does_not_need_is_left_out() -> None:
    frozen = sample().frozen[1]
    more = {**frozen.more, "behind": {"url": "javascript:alert(1)", "params": []}}
    assert safe_frozen(replace(frozen, more=more), CHART).more == frozen.more


def test_the_html_of_a_widget_is_rebuilt_and_its_libraries_are_known() -> None:
    frozen = sample().frozen[2]
    hostile = "<iframe src='https://evil.example/'></iframe><base href=//evil.example><p>Hi"
    more = {**frozen.more, "html": hostile, "libraries": ["d3", "../secret"]}
    safe = safe_frozen(replace(frozen, more=more), WIDGET)
    assert "evil.example" not in safe.more["html"] and "Hi" in safe.more["html"]
    assert safe.more["libraries"] == ["d3"]
    assert safe.rows_hash == frozen_digest((), (), safe.more)


def test_marks_stay_with_the_rows() -> None:
    marked = safe_frozen(sample().frozen[0], QUESTION, ["its rows are not those"])
    assert marked.more == {"faults": ["its rows are not those"]}
    assert safe_frozen(marked, QUESTION).more == marked.more


@pytest.mark.parametrize("text", ["select 1", "`", "```sql\n```", "````"])
def test_a_fence_is_longer_than_any_in_it(text: str) -> None:
    first, *inside, last = fenced(text, "sql").splitlines()
    assert first == last + "sql"
    assert not any(last in each for each in inside)


def test_cells_of_a_markdown_table_are_text_and_nothing_else() -> None:
    hostile = "a|b\n![x](https://evil.example/)<script>`*"
    lines_of = table(["col|umn"], [[hostile], [None], [{"$base64": True, "encoded": "AAE="}]])
    head, _, first, second, third = lines_of.splitlines()
    assert head == "| col\\|umn |"
    assert first == f"| {escaped(hostile)} |" and "<script" not in first.replace("\\<", "")
    assert "\\!\\[x\\]" in first
    assert second == "| NULL |" and third == "| Binary: 2 bytes |"


def test_a_long_table_says_what_it_leaves_out() -> None:
    text = table(["n"], [[each] for each in range(1200)])
    assert (
        text.endswith("The first 50 of 1,200 rows.") and "| 49 |" in text and "| 50 |" not in text
    )


def test_an_authors_markdown_has_no_html_and_no_pictures() -> None:
    text = "**a** <img src=x> ![p](https://evil.example/) `<b>`\n```\n<c>\n```"
    assert own_words(text) == (
        "**a** &lt;img src=x> !\\[p](https://evil.example/) `<b>`\n```\n<c>\n```"
    )
