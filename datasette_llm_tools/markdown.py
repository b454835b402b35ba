"""Markdown as HTML: a small subset for a model's words, a larger one for what authors write.

A model's links stay within this site. An author's may lead elsewhere, and then say where to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_RULES = ["emphasis", "backticks", "list", "newline", "escape", "table", "link", "entity"]
_TAGS = {"p", "em", "strong", "code", "ul", "ol", "li", "br", "a"} | {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
_TOP = 2  # the page's title is the first
_HEADINGS = {"h2", "h3", "h4", "h5", "h6"}
_markdown = MarkdownIt("zero").enable(_RULES)
_authors = MarkdownIt("zero").enable([*_RULES, "heading", "hr", "blockquote", "fence"])

# Within the site: one slash, then no other and no backslash.
_OWN = re.compile(r"/(?![/\\])[^\\\s<>\"]*")
_IN_PAGE = re.compile(r"#[\w%.-]+")
_OUTSIDE = re.compile(r"https?://[^\\\s<>\"/?#@\[\]]+(?:[/?#][^\\\s<>\"]*)?", re.IGNORECASE)


def markdown(
    text: str, *, headings: bool = False, anchors: Sequence[str] = (), top: int = _TOP
) -> Markup:
    """Words as HTML. With `headings`: as an author may write, headings from h2 down.

    `anchors` are ids for the headings that stand in no list and no quotation, in order; `top` is
    the level of `#`, less than 2 where no heading of the page is one.
    """
    if not headings:
        html = nh3.clean(
            _markdown.render(text),
            tags=_TAGS,
            attributes={"a": {"href"}},
            attribute_filter=partial(_kept, (_OWN,)),
            url_schemes=set(),
            link_rel=None,
        )
        return Markup(html)
    tokens = _authors.parse(text)
    _shift_headings(tokens, anchors, top)
    for token in tokens:
        token.children = _said_outside(token.children) if token.children else token.children
    html = nh3.clean(
        _authors.renderer.render(tokens, _authors.options, {}),
        tags=_TAGS | _HEADINGS | {"hr", "blockquote", "pre", "small"},
        attributes={"a": {"href", "rel"}, **{each: {"id"} for each in _HEADINGS}},
        attribute_filter=partial(_kept, (_OWN, _IN_PAGE, _OUTSIDE)),
        url_schemes={"http", "https"},
        link_rel=None,
    )
    return Markup(html)


def _shift_headings(tokens: Sequence[Token], anchors: Sequence[str], top: int) -> None:
    """One level down each, since the page has its title, and as far up as no other stands there;
    and their ids."""
    ids = iter(anchors)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            level = min(int(token.tag[1:]) + 1, 6) + top - _TOP
            token.tag = f"h{max(level, _TOP)}"
        if token.type == "heading_open" and not token.level and (anchor := next(ids, None)):
            token.attrSet("id", anchor)


def _said_outside(tokens: Sequence[Token]) -> list[Token]:
    """After the text of a link that leads to another site: to which."""
    kept: list[Token] = []
    host: str | None = None
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            host = urlsplit(href).hostname if _OUTSIDE.fullmatch(href) else None
            if host:
                token.attrSet("rel", "nofollow noopener")
        elif token.type == "link_close" and host:
            kept += [
                Token("small_open", "small", 1),
                Token("text", "", 0, content=f" ↗ {host}"),
                Token("small_close", "small", -1),
            ]
            host = None
        kept.append(token)
    return kept


def _kept(links: Sequence[re.Pattern[str]], tag: str, attribute: str, value: str) -> str | None:
    """Keep a link of one of these forms; the other attributes are our own."""
    if attribute != "href" or any(each.fullmatch(value) for each in links):
        return value
    return None
