"""The table of contents of an exploration: headings of its words, titles of its blocks. Pure.

An anchor is made of its block's id, so that a block can be rendered by itself and a link still
leads to it when blocks before it come, go or move.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .values import Block, Document, QuestionBlock, Words

# Those rules of markdown.py that say which lines are headings and what they read.
_markdown = MarkdownIt("zero").enable(
    [
        *("heading", "fence", "hr", "blockquote", "list", "table"),
        *("emphasis", "backticks", "escape", "link", "entity", "newline"),
    ]
)
_TOP = 2  # the level of `#` in words: the page's title is the first
_DEEPEST = 6
_SLUG_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents. `level` is 2 to 6; `anchor` the id of the element, without #."""

    level: int
    text: str
    anchor: str


def contents(document: Document) -> tuple[Entry, ...]:
    """All headings and titles in order; a block stands one level below the heading before it.

    The highest headings are of the second level, however many # their author begins with: they
    are sections of the page, and not of the block before them.
    """
    found: list[Entry] = []
    under = _TOP - 1
    up = _TOP - heading_top(document)
    for block in document.blocks:
        if isinstance(block, Words):
            own = [replace(each, level=each.level - up) for each in headings(block)]
            found += own
            under = own[-1].level if own else under
        elif block_name(block):
            level = min(under + 1, _DEEPEST)
            found.append(Entry(level, block_name(block), block_anchor(block.id)))
    return tuple(found)


def heading_top(document: Document) -> int:
    """The level of `#` in a document's words; less than 2 where its headings begin with more."""
    words = (each for each in document.blocks if isinstance(each, Words))
    highest = min((each.level for block in words for each in headings(block)), default=_TOP)
    return 2 * _TOP - highest


@lru_cache(maxsize=500)
def headings(words: Words) -> tuple[Entry, ...]:
    """The headings of words that stand in no list and no quotation, in order."""
    tokens = _markdown.parse(words.text)
    found: list[Entry] = []
    taken: set[str] = set()
    times: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open" or opening.level:
            continue
        text = _plain(inline)
        level = min(int(opening.tag[1:]) + _TOP - 1, _DEEPEST)
        anchor = _free(f"{block_anchor(words.id)}-{_slug(text)}", taken, times)
        taken.add(anchor)
        found.append(Entry(level, text, anchor))
    return tuple(found)


def block_anchor(block_id: str) -> str:
    """The id of a block's element."""
    return f"block-{block_id}"


def block_name(block: Block) -> str:
    """What a block is called: its title, else its question; nothing for words."""
    if isinstance(block, Words):
        return ""
    return block.title or (block.question if isinstance(block, QuestionBlock) else "")


@lru_cache(maxsize=500)
def words_name(words: Words, most: int) -> str:
    """What words are told by: their first heading or paragraph as people read it.

    It has at most so many characters, and … where there are more.
    """
    inline = (each for each in _markdown.parse(words.text) if each.type == "inline")
    name = next((text for each in inline if (text := _plain(each))), " ".join(words.text.split()))
    return name if len(name) <= most else name[:most].rstrip() + "…"


def _plain(inline: Token) -> str:
    parts = [
        " " if each.type in ("softbreak", "hardbreak") else each.content
        for each in inline.children or ()
    ]
    return "".join(parts).strip()


def _free(anchor: str, taken: Set[str], times: Counter[str]) -> str:
    """The anchor with the next number that is free; `times` remembers the last, so that words
    that are nothing but one heading over and over take no longer than others."""
    free = anchor
    while free in taken:
        times[anchor] += 1
        free = f"{anchor}-{times[anchor] + 1}"
    return free


def _slug(text: str) -> str:
    """A heading as part of an address: letters of any language, digits, and hyphens."""
    slug = re.sub(r"[^\w]+", "-", text.lower())[:_SLUG_CHARACTERS].strip("-")
    return slug or "heading"
