"""Model words as HTML: nothing foreign gets through."""

from __future__ import annotations

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.markdown import markdown

_ALLOWED = {
    "p",
    "em",
    "strong",
    "code",
    "ul",
    "ol",
    "li",
    "br",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("- one\n- two", "<li>one</li>"),
        ("`code`", "<p><code>code</code></p>"),
        ("a | b\n--|--\n1 | 2", "<td>1</td>"),
        ("[here](/demo/flights)", '<a href="/demo/flights">here</a>'),
    ],
)
def test_a_small_subset_is_shown(text: str, html: str) -> None:
    assert html in markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "![x](https://evil.example/a.png)",
        "[x](https://evil.example/)",
        "[x](//evil.example/)",
        "[x](/\\evil.example/)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](\\\\evil.example)",
        "[x](/%09/evil.example)",
        "<a href=https://evil.example>x</a>",
        "https://evil.example/",
        "<https://evil.example/>",
        "[x]: https://evil.example\n\n[x]",
        "&lt;img src=x onerror=alert(1)&gt;",
        "[x](/a\t/b)",
    ],
)
def test_nothing_foreign_gets_through(text: str) -> None:
    assert_harmless(markdown(text))


@given(st.text(alphabet=st.sampled_from(list("<>\"'&/\\[]()!:ax \n=`*_|-#\t")), max_size=80))
def test_no_text_makes_foreign_html(text: str) -> None:
    assert_harmless(markdown(text))


def assert_harmless(html: str) -> None:
    """Parse as a browser does: only allowed elements, and only links within the site."""
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    for element in fragment.iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in _ALLOWED, html
        for name, value in element.attrib.items():
            assert name == "href" and element.tag == "a", html
            assert value.startswith("/") and value[1:2] not in ("/", "\\", "\t", "\n"), html
