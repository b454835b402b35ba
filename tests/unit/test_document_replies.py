"""Whatever a model puts around its document, and however it comes, the same is read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.widgets.documents.document_replies import DocumentReply, Piece, elision
from datasette_llm_tools.widgets.documents.events import SourceWritten, TitleFound
from datasette_llm_tools.widgets.documents.patches import Patch
from datasette_llm_tools.widgets.values import NamedQuery, Parameter

HTML = "<!doctype html>\n<p>`a` ``b``</p>\n<script>let a = 1 < 2;</script>\n</html>\n"
QUERY = "```query sales(city text = 'Graz')\nSELECT :city;\n```\n"
WHOLE = f"Sure.\nTitle: Sales by city\n{QUERY}```html\n{HTML}```\nThat is all.\n"


def read(reply: str, sizes: Sequence[int] = ()) -> tuple[DocumentReply, list[Piece]]:
    """Feed a reply in pieces of these sizes, and the rest at once."""
    reader, found = DocumentReply(), []
    rest = reply
    for size in sizes:
        found += reader.feed(rest[:size])
        rest = rest[size:]
    found += reader.feed(rest)
    return reader, found + reader.end()


@given(st.lists(st.integers(0, 9), max_size=80))
def test_pieces_of_any_size_make_the_same_document(sizes: list[int]) -> None:
    reader, found = read(WHOLE, sizes)
    written = "".join(each.delta for each in found if isinstance(each, SourceWritten))
    assert written == reader.source == HTML
    assert [each for each in found if not isinstance(each, SourceWritten)] == [
        TitleFound("Sales by city"),
        NamedQuery("sales", "SELECT :city", (Parameter("city", default="Graz"),)),
    ]
    assert (reader.text, reader.is_half, reader.faults) == (WHOLE, False, [])


def test_source_comes_before_its_line_has_ended() -> None:
    reader = DocumentReply()
    reader.feed("```html\n")
    assert reader.feed("<") == []  # may become the mark of a change
    assert reader.feed("p>half") == [SourceWritten("<p>half")]
    assert reader.feed(" a line\n``") == [SourceWritten(" a line\n")]  # may end the fence


@pytest.mark.parametrize(
    "reply",
    [
        f"```HTML\n{HTML}```",
        f"````html\n{HTML}````",
        f"```\n{HTML}```",
        f"Here you are:\n{HTML}\nI hope it helps.",
        f"<think>\n```html\n<p>no\n```\n</think>\n```html\n{HTML}```",
        f"```html\n{HTML[:-1]}```",
        f"```html\n{HTML}",  # the last fence is missing, but the document is whole
        f"```html\n{HTML}```\n```html\n<p>another\n```",
        f"```js\nlet a;\n```\n```html\n{HTML}```",
    ],
)
def test_fences_are_read_as_models_write_them(reply: str) -> None:
    reader, _ = read(reply)
    assert (reader.source.strip(), reader.is_half) == (HTML.strip(), False)


@pytest.mark.parametrize(
    "reply",
    ["```html\n<!doctype html>\n<p>abc", "<!doctype html>\n<html><p>", "```html\n<p>\n``"],
)
def test_half_a_document_is_known_as_one(reply: str) -> None:
    reader, _ = read(reply)
    assert reader.is_half
    assert reader.source


@pytest.mark.parametrize("reply", ["", "I cannot do that.", "```sql sales\nSELECT 1\n```", "```"])
def test_a_reply_without_html_has_no_source(reply: str) -> None:
    reader, found = read(reply)
    assert (reader.source, reader.is_half, reader.text) == ("", False, reply)
    assert not any(isinstance(each, SourceWritten) for each in found)


@pytest.mark.parametrize(
    ("reply", "names"),
    [
        ("```sql sales\nSELECT 1\n```", ["sales"]),
        ("```sql query sales(a = 1)\nSELECT :a\n```", ["sales"]),
        ("```sql\n-- name: sales\nSELECT 1\n```", ["sales"]),
        ("```query sales\n```", ["sales"]),  # without SQL: it is to go
    ],
)
def test_queries_are_read_as_models_write_them(reply: str, names: list[str]) -> None:
    reader, _ = read(reply)
    assert [each.name for each in reader.queries] == names
    assert reader.faults == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("```query by city\nSELECT 1\n```", "no name of a query"),
        ("```sql\nSELECT 1\n```", "no name of a query"),
        ("```query sales\nSELECT 1", "not brought to its end"),
    ],
)
def test_queries_that_cannot_be_read_are_told_of(reply: str, said: str) -> None:
    reader, _ = read(reply)
    assert reader.queries == []
    assert said in reader.faults[0]


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ("Title: A  title", "A title"),
        ("**Title:** Bold\n", "Bold"),
        ("# Title: Heading #1\n", "Heading #1"),
        ("```html\n<title>\n  In the\n document </title>\n```", "In the document"),
        ("```html\nTitle: not this\n```", None),
    ],
)
def test_titles(reply: str, title: str | None) -> None:
    assert read(reply)[0].title == title


CHANGE = "<<<<<<< SEARCH\nold\n=======\nnew\nlines\n>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    "reply",
    [
        f"The change:\n{CHANGE}",
        f"```html\n{CHANGE}```",
        f"```\n{CHANGE}```\n",
        f"```diff\n{CHANGE.rstrip()}\n```",
        CHANGE.replace("<<<<<<< SEARCH", "<<<<<<<").replace(">>>>>>> REPLACE", ">>>>>>>"),
    ],
)
def test_changes_are_read_in_and_out_of_fences(reply: str) -> None:
    reader, _ = read(f"{reply}\n{QUERY}")
    assert reader.patches == [Patch("old", "new\nlines")]
    assert (reader.source, reader.is_half) == ("", False)
    assert [each.name for each in reader.queries] == ["sales"]


def test_several_changes_one_of_which_removes() -> None:
    reader, _ = read(CHANGE + "<<<<<<< SEARCH\ngone\n=======\n>>>>>>> REPLACE\n" + CHANGE)
    assert [each.replace for each in reader.patches] == ["new\nlines", "", "new\nlines"]


@pytest.mark.parametrize("end", ["old", "old\n=======", "old\n=======\nnew\n>>>>"])
def test_half_a_change_is_known_as_one(end: str) -> None:
    assert read(f"<<<<<<< SEARCH\n{end}")[0].is_half


@pytest.mark.parametrize(
    ("source", "left_out"),
    [
        ("<p>\n// ... existing code ...\n", "// ... existing code ..."),
        ("<!-- rest of the document unchanged -->", "<!-- rest of the document unchanged -->"),
        ("/* same as before… */", "/* same as before… */"),
        ("// the remaining rows come with the next page\n", None),
        ("<p>The rest of it ...</p>", None),
        ("// keep existing rows\n[...rows]", None),
    ],
)
def test_what_a_model_left_out_is_noticed(source: str, left_out: str | None) -> None:
    assert elision(source) == left_out


@given(st.text(st.sampled_from("`<>=/ahtml \nSEARCHquery(")), st.lists(st.integers(0, 5)))
def test_any_reply_is_read_alike_in_any_pieces(reply: str, sizes: list[int]) -> None:
    at_once, _ = read(reply)
    reader, found = read(reply, sizes)
    written = "".join(each.delta for each in found if isinstance(each, SourceWritten))
    assert written == reader.source == at_once.source
    assert (reader.queries, reader.patches, reader.is_half) == (
        at_once.queries,
        at_once.patches,
        at_once.is_half,
    )
