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


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Delays\n\n## In May", '<h2 id="one">Delays</h2>\n<h3 id="two">In May</h3>'),
        ("> # Said\n\n# Mine", '<h2>Said</h2>\n</blockquote>\n<h2 id="one">Mine</h2>'),
        ("###### deep", '<h6 id="one">deep</h6>'),
        ("> quoted", "<blockquote>\n<p>quoted</p>"),
        ("one\n\n---\n\ntwo", "<hr>"),
        ("```sql\nselect '<b>'\n```", "<pre><code>select '&lt;b&gt;'\n</code></pre>"),
        ("[here](#block-1)", '<a href="#block-1">here</a>'),
        (
            "[why](https://example.org/a?b=1)",
            '<a href="https://example.org/a?b=1" rel="nofollow noopener">why'
            "<small> ↗ example.org</small></a>",
        ),
    ],
)
def test_an_author_may_write_more(text: str, html: str) -> None:
    assert html in markdown(text, headings=True, anchors=["one", "two"])


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/a.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "[x](//evil.example/)",
        "[x](https://shown.example@evil.example/)",
        "[x](https:/\\evil.example)",
        "[x](https://[::1/)",
        "[x](ftp://evil.example/)",
        "<a href=https://evil.example>x</a>",
        "```\n</code><script>alert(1)</script>\n```",
        "# <h1 id=x>",
        "[x](/a<?key>) <?key> <&key>",
    ],
)
def test_nothing_hostile_gets_through_for_an_author(text: str) -> None:
    assert_harmless(markdown(text, headings=True), of_author=True)


@given(st.text(alphabet=st.sampled_from(list("<>\"'&/\\[]()!:ax \n=`*_|-#\t?kh.")), max_size=80))
def test_no_text_of_an_author_makes_hostile_html(text: str) -> None:
    assert_harmless(markdown(text, headings=True), of_author=True)


_MORE = {"h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre", "small"}


def assert_harmless(html: str, *, of_author: bool = False) -> None:
    """Parse as a browser does: only allowed elements, and only links within the site; an
    author's may lead elsewhere, and then say so."""
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    for element in fragment.iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in (_ALLOWED | _MORE if of_author else _ALLOWED), html
        assert set(element.attrib) <= ({"href", "rel"} if element.tag == "a" else set()), html
        target = element.attrib.get("href", "/")
        if of_author and target.startswith("http"):
            assert element.attrib["rel"] == "nofollow noopener", html
            assert "↗" in "".join(element.itertext()) and "@" not in target, html
        elif not (of_author and target.startswith("#")):
            assert target.startswith("/") and target[1:2] not in ("/", "\\", "\t", "\n"), html
    if of_author:
        # These marks stand for the token of a link in kept HTML.
        assert "<?key>" not in html and "<&key>" not in html
