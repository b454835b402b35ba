"""A model's words as HTML: a small subset of Markdown, links only within this site."""

from __future__ import annotations

import re

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("zero").enable(
    ["emphasis", "backticks", "list", "newline", "escape", "table", "link", "entity"]
)
_TAGS = {"p", "em", "strong", "code", "ul", "ol", "li", "br", "a"} | {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def markdown(text: str) -> Markup:
    """A model's words as HTML: a small subset of Markdown, links only within this site."""
    html = nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_own_links,
        url_schemes=set(),
        link_rel=None,
    )
    return Markup(html)


def _own_links(tag: str, attribute: str, value: str) -> str | None:
    """Keep a link that stays on this site: one slash, then no other and no backslash."""
    return value if re.fullmatch(r"/(?![/\\])[^\\\s]*", value) else None
