"""A text of nothing but beginnings of something is read once, not once for each of them."""

from __future__ import annotations

import pytest

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.charts.chart_parts import without_end
from datasette_llm_tools.widgets.diffs import differences
from datasette_llm_tools.widgets.documents.document_replies import DocumentReply, elision
from datasette_llm_tools.widgets.documents.query_blocks import read_queries, read_query
from datasette_llm_tools.widgets.named_queries import parameters_of
from datasette_llm_tools.widgets.sandbox.documents import rebuild
from datasette_llm_tools.widgets.values import Draft, Kind, Origin

# Each of these took from minutes to hours, most of them with the whole server standing still:
# an expression that looked for an end from each of many beginnings.


@pytest.mark.parametrize("beginning", ["[", "/*", "'\"`[", '"`'])
def test_sql_of_beginnings_only_is_read_once(beginning: str) -> None:
    short = "select 1 " + beginning * 4_000
    assert without_end(short) == short
    assert parameters_of(short) == ()
    endless = "select 1 " + beginning * 500_000
    assert without_end(endless) == endless


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("select 1; -- [", "select 1"),
        ("select ';', [;], `;` ; /* ' */ ;", "select ';', [;], `;`"),
        ("select 1 ; [ -- a", "select 1 ; [ -- a"),
        ("select 'it''s' ;", "select 'it''s'"),
    ],
)
def test_statements_end_where_they_did(sql: str, kept: str) -> None:
    assert without_end(sql) == kept


@pytest.mark.parametrize(
    "css", ["url(" * 120_000, "url(" + " " * 400_000, "url('" * 90_000, 'url("' * 90_000]
)
def test_css_of_beginnings_only_is_read_once(css: str) -> None:
    assert css[:20] in rebuild(f"<style>{css}</style><p>text").html
    rebuild(f"<p style='{css.replace(chr(39), '')}' title='{css.replace(chr(39), '')}'>text")


@pytest.mark.parametrize(
    ("css", "gone"),
    [
        ("url(https://x.example/a.png)", True),
        ("url( 'https://x.example/a(1).png' )", True),
        ('URL("//x.example/a.png")', True),
        ("url()", True),
        ("url( data:image/png;base64,AA==)", False),
        ("url( 'data:image/svg+xml,<svg a=\"b\"/>' )", False),
        ("url(#mask)", False),
    ],
)
def test_addresses_in_css_are_taken_out_as_before(css: str, gone: bool) -> None:
    rebuilt = rebuild(f"<style>p {{ background: {css} }}</style><p>text")
    assert (css in rebuilt.html) is not gone
    assert len(rebuilt.refused) == gone


def test_queries_of_beginnings_only_are_read_once() -> None:
    with pytest.raises(BadInput, match="more than"):
        read_queries("```query a\n" * 150_000)
    with pytest.raises(BadInput, match="stands in no block"):
        read_queries("```query a\n" * 40_000)
    for header in ("a" + " " * 300_000 + "x", "a(" + '"\\' * 150_000, "a(" + "'" * 99_999):
        with pytest.raises(BadInput):
            read_query(header, "select 1")


def test_replies_of_beginnings_only_are_read_once() -> None:
    assert elision("/" * 300_000) is None
    assert elision("a\n// ... the rest of the code is unchanged\nb") is not None
    reply = DocumentReply()
    reply.feed("```html\n" + "<title" * 60_000 + "\n```\n")
    reply.end()
    assert reply.title is None


def source(*lines: str) -> Draft:
    return Draft(Origin.EDITED, "\n".join(lines), (), {})


def test_lines_that_are_alike_do_not_keep_a_comparison_busy() -> None:
    before = source(*(line for at in range(1_900) for line in ("x", f"before {at}")))
    after = source(*(line for at in range(1_900) for line in ("x", f"after {at}")))
    assert len(differences(before, after, Kind.DOCUMENT).source) >= 1
    alike = ["same", "again", "once", "more"] * 25
    before = source(*(f"{alike[at * 7 % 100]}{at % 90}" for at in range(3_900)))
    after = source(*(f"{alike[at * 3 % 100]}{at % 91}" for at in range(3_900)))
    assert differences(before, after, Kind.DOCUMENT).source


def test_a_long_version_is_still_compared_line_by_line() -> None:
    lines = [line for at in range(600) for line in (f"line {at}", "", "}")]
    changed = [*lines]
    changed[300], changed[1500] = "other", "another"
    found = differences(source(*lines), source(*changed), Kind.DOCUMENT)
    assert (found.added, found.removed) == (2, 2)
