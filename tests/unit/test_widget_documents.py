"""What becomes of a widget's HTML: checked, named, closed, and as it was where nothing is wrong."""

from __future__ import annotations

import re

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.widgets.sandbox.bounded_html import MOST_DEPTH, MOST_ELEMENTS
from datasette_llm_tools.widgets.sandbox.documents import Rebuilt, partial, rebuild
from datasette_llm_tools.widgets.sandbox.framing import framed
from datasette_llm_tools.widgets.sandbox.libraries import (
    LIBRARIES,
    NAMES,
    described,
    in_order,
    inlined,
    library_of,
    script_element,
)

REFUSED = [
    ("<iframe src=x></iframe>", "<iframe> was left out"),
    ("<frameset><frame src=x></frameset>", "<frameset> was left out"),
    ("<object data=x><p>y</object>", "<object> was left out"),
    ("<embed src=x>", "<embed> was left out"),
    ("<link rel=preconnect href=//x>", "<link> was left out"),
    ("<base href=//x>", "<base> was left out"),
    ("<noscript><img src=x></noscript>", "<noscript> was left out"),
    ("<meta http-equiv=refresh content='0;url=x'>", "<meta http-equiv=refresh> was left out"),
    ("<meta name=referrer content=unsafe-url>", "<meta name=referrer> was left out"),
    ("<form action=//x></form>", "action of <form> was left out"),
    ("<button formaction=//x>y</button>", "formaction of <button> was left out"),
    ("<a href='https://x.org/'>y</a>", "https://x.org/ in href of <a> was left out: no links"),
    ("<a href='javascript:x()'>y</a>", "javascript:x() in href of <a> was left out"),
    ("<a ping=//x>y</a>", "ping of <a> was left out"),
    ("<a target=_top>y</a>", "target of <a> was left out"),
    ("<p autofocus>y</p>", "autofocus of <p> was left out"),
    ("<img src=//x/y.png>", "//x/y.png in src of <img> was left out"),
    ("<img src=y.png>", "y.png in src of <img> was left out"),
    ("<img srcset='data:image/png,x 1x, //x 2x'>", "//x 2x in srcset of <img> was left out"),
    ("<video poster=x></video>", "x in poster of <video> was left out"),
    ("<svg><image href='//x'/></svg>", "//x in href of <image> was left out"),
    ("<svg><use xlink:href='//x#y'/></svg>", "//x#y in xlink:href of <use> was left out"),
    ("<svg><use href='data:image/svg+xml,x#y'/></svg>", "in href of <use> was left out"),
    ("<svg><script>x()</script></svg>", "<script> within <svg> was left out"),
    ("<svg><animate attributeName=href to=//x /></svg>", "attributename of <animate>"),
    ("<svg><style>&lt;img src=x></style></svg>", "<style> within <svg> was left out"),
    ("<svg><style>x<g>&lt;img src=x></g></style></svg>", "<style> within <svg> was left out"),
    ("<math><style><iframe></iframe>&lt;img src=x></style></math>", "<style> within <svg>"),
    ("<svg><rect fill='url(//x#y)'/></svg>", "fill of <rect> was left out"),
    ("<p style='background: url(//x)'>y</p>", "url(//x) in CSS was left out"),
    ("<style></st@import x;yle><img src=x></style>", "@import x; in CSS was left out"),
    ("<style>@im@import x;port '//x';</style>", "@import x; in CSS was left out"),
    ("<style>@import '//x'; p { color: red }</style>", "@import '//x'; in CSS was left out"),
    ("<style>p { background: URL( '//x' ) }</style>", "url(//x) in CSS was left out"),
    ("<script src=//x/y.js></script>", "<script src=//x/y.js> was left out: there are only lib:"),
    ("<script src=lib:jquery></script>", "<script src=lib:jquery> was left out"),
    ("<script type=importmap>{}</script>", "<script type=importmap> was left out"),
    ("<script type=speculationrules>{}</script>", "<script type=speculationrules>"),
    ("<script>x(", "The last <script> is not finished"),
]
KEPT = [
    "<p>Text &amp; more</p>",
    '<img src="data:image/png;base64,AA==">',
    '<a href="#top">Up</a>',
    '<svg viewBox="0 0 1 1"><use href="#x"></use><rect fill="url(#g)"></rect></svg>',
    '<button onclick="go()">Go</button>',
    "<style>p > a { background: url(data:image/png;base64,AA==) }</style>",
    '<script type="application/json" id="d">{"a": "</b>"}</script>',
    "<table><tbody><tr><td>1</td></tr></tbody></table>",
    '<meta name="viewport" content="width=device-width">',
]


def without_reports(html: str) -> Rebuilt:
    rebuilt = rebuild(html)
    assert rebuilt.refused == ()
    return rebuilt


@pytest.mark.parametrize(("html", "sentence"), REFUSED)
def test_what_may_not_be_there_is_left_out_and_named(html: str, sentence: str) -> None:
    rebuilt = rebuild(html)
    assert any(sentence in each for each in rebuilt.refused), rebuilt.refused
    again = rebuild(rebuilt.html)
    assert again.refused == () and again.html == rebuilt.html


@pytest.mark.parametrize("html", KEPT)
def test_what_may_be_there_stays_as_it_is(html: str) -> None:
    assert html in without_reports(html).html


def test_scripts_stay_and_get_names_for_errors() -> None:
    html = without_reports("<script>const a = 1 < 2 && '<b>';</script><script>b()</script>").html
    assert "const a = 1 < 2 && '<b>';\n//# sourceURL=script-1\n</script>" in html
    assert "b()\n//# sourceURL=script-2\n</script>" in html


def test_text_around_what_goes_stays() -> None:
    html = rebuild("<p>one<embed>two<object>x</object>three<b>four</b><link>five</p>").html
    assert "<p>onetwothree<b>four</b>five</p>" in html


def test_comments_go_and_a_doctype_is_there() -> None:
    html = without_reports("<!-- x --><p>y<!-- <iframe> --></p>").html
    assert html.startswith("<!DOCTYPE html><html>") and "<!--" not in html


def test_half_a_document_is_closed() -> None:
    rebuilt = rebuild("<h1>Title<script>one()</script><ul><li>a<li class='b")
    assert rebuilt.html.endswith("<ul><li>a</li></ul></h1></body></html>")
    assert "one()" in rebuilt.html
    assert rebuilt.refused == ()


def test_many_refusals_are_counted() -> None:
    refused = rebuild("".join(f"<img src=//x/{n}>" for n in range(50))).refused
    assert len(refused) == 21 and refused[-1] == "30 more things were left out."


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("lib:d3", "d3"),
        ("lib:vega-lite", "vega-lite"),
        ("https://cdn.jsdelivr.net/npm/d3@7", "d3"),
        ("https://d3js.org/d3.v7.min.js", "d3"),
        ("https://cdn.jsdelivr.net/npm/@observablehq/plot@0.6/dist/plot.umd.min.js", "plot"),
        ("https://cdn.jsdelivr.net/npm/vega-embed@6", "vega-lite"),
        ("https://cdn.jsdelivr.net/npm/vega@5", "vega-lite"),
        ("https://unpkg.com/leaflet@1.9.4/dist/leaflet.js", "leaflet"),
        ("https://example.org/app.js", None),
        ("lib:", None),
        ("d3.js", None),
    ],
)
def test_libraries_by_name_and_by_known_address(address: str, name: str | None) -> None:
    assert library_of(address) == name


def test_wanted_libraries_are_named_once_and_what_they_need_comes_first() -> None:
    html = "<script src=lib:plot></script><script src=lib:d3></script><script src=lib:plot>"
    assert rebuild(html).libraries == ("plot", "d3")
    assert in_order(("plot", "d3")) == ("d3", "plot")
    assert rebuild(html, libraries=()).libraries == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_library_is_inlined_whole(name: str) -> None:
    text = inlined(name)
    assert len(text) > 50_000
    assert text.count("<script") == text.count("</script>")
    assert "url(images/" not in text and "sourceMappingURL" not in text
    assert f"lib:{name}" in described()


@pytest.mark.parametrize("name", NAMES)
def test_an_inlined_library_is_one_script_to_a_browser(name: str) -> None:
    library = LIBRARIES[name]
    scripts = len([each for each in (*library.held, *library.files) if each.endswith(".js")])
    root = html5lib.parse(f"<!doctype html>{inlined(name)}", namespaceHTMLElements=False)
    found = list(root.iter("script"))
    assert len(found) == scripts
    assert len([each for each in found if each.get("type") == "text/plain"]) == len(library.held)


def test_nothing_ends_a_script_early() -> None:
    script = script_element("a = '</script>' + '<!-- <script>'")
    assert script == "<script>a = '\\x3c/script>' + '\\x3c!-- \\x3cscript>'</script>"


def test_the_bridge_is_the_first_script_and_libraries_follow() -> None:
    document = framed(
        rebuild("<title>T</title><script src=lib:d3></script><script>mine()</script>")
    )
    starts = [match.start() for match in re.finditer("<script>", document)]
    assert document.startswith("<!DOCTYPE html><script>")
    assert "function connect(receive)" in document[starts[0] : starts[1]]
    assert "d3js.org" in document[starts[1] : starts[2]]
    assert "mine()" in document[starts[2] :]


def test_rows_may_come_from_somewhere_else() -> None:
    document = framed(rebuild("<p>x"), rows="function connect() { return snapshot }")
    assert "return snapshot" in document and "MessageChannel" not in document


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("", None),
        ("<!doctype html><html><head><title>Tit", None),
        ("<style>p { color: red }</style>", None),
        ("<p></p><div", None),
        ("<script>document.body.textContent = 'x'</script>", None),
        ("<h1 onclick='x()'>Tit", "<h1>Tit</h1>"),
        ("<p>a</p><script>x()</script><p>b</p><script>const a = 'b", "<p>a</p><p>b</p>"),
        ("<p>a<img src=//x><iframe", "<p>a<img></p>"),
        ("<style>p { color: re", None),
        ("<svg><circle r=5 /><circle r=", '<svg><circle r="5"></circle></svg>'),
    ],
)
def test_what_can_be_shown_while_it_is_written(html: str, shown: str | None) -> None:
    found = partial(html)
    if shown is None:
        assert found is None
    else:
        assert found and shown in found.html and "x()" not in found.html


def test_every_beginning_of_a_document_can_be_looked_at() -> None:
    html = "<!doctype html><style>a{}</style><p>x<script>1</script><svg><a b='c'>é</a></svg>"
    for length in range(len(html)):
        found = partial(html[:length])
        assert found is None or "<script" not in found.html


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * (MOST_DEPTH + 1),
        "<p>" * (MOST_ELEMENTS + 1),
        "".join(f"<font color={n}>" for n in range(100)),
        "<div" + "".join(f" a{n}" for n in range(50_000)),
        "&" * 400_000,
        "<p><b x=1>" * 10_000,
    ],
    ids=["deep", "many", "formatting", "attributes", "tokens", "reopened"],
)
def test_labyrinths_are_refused_before_they_take_minutes(html: str) -> None:
    with pytest.raises(BadInput):
        rebuild(html)


PIECES = st.sampled_from(
    [each for each, _ in REFUSED]
    + KEPT
    + ["<p>", "</p>", "<b>", "</b>", "<table>", "<tr>", "<svg>", "</svg>", "<math>", "<style>"]
    + ["<template>", "</template>", "<select>", "<title>", "</title>", "<textarea>", "<!--", "-->"]
    + ["<![CDATA[", "]]>", "</style>", "<xmp>", "<plaintext>", "<foreignObject>", "<mtext>", "<a "]
    + ["<g>", "<desc>", "<annotation-xml encoding=text/html>", "<br>", "@import x;", "</st", "yle>"]
    + ["'", '"', ">", "<", "&lt;iframe>", "&lt;img src=x>", "\0", "x"]
)
FORBIDDEN = {"iframe", "frame", "frameset", "object", "embed", "link", "base", "applet", "noscript"}


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_mix_of_pieces_brings_back_what_is_refused(html: str) -> None:
    try:
        rebuilt = rebuild(html).html
        rebuild(rebuilt)
    except BadInput:
        return  # html5lib cannot follow it, or what it makes of it itself
    root = html5lib.HTMLParser(namespaceHTMLElements=False).parse(rebuilt, scripting=True)
    for each in root.iter():
        if not isinstance(each.tag, str):
            continue
        assert each.tag.rpartition("}")[2] not in FORBIDDEN, (html, rebuilt)
        assert not {"src", "href"} & set(each.attrib) or re.match(
            r"data:|#", each.get("src") or each.get("href") or ""
        ), (html, rebuilt)
    assert rebuild(rebuilt).html == rebuild(rebuild(rebuilt).html).html


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_rebuilt(html: str) -> None:
    assert rebuild(html).html.startswith("<!DOCTYPE html>")
    partial(html)


@pytest.mark.parametrize("html", ["<table><svg><html>", "x<table><svg><html>y"])
def test_what_the_parser_cannot_follow_is_refused_in_words(html: str) -> None:
    for read in (rebuild, partial):
        with pytest.raises(BadInput, match="where none may stand"):
            read(html)
