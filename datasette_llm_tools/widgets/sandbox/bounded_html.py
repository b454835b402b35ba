"""HTML into a tree with html5lib, within bounds of time.

html5lib compares every attribute of a tag with all earlier ones, and every formatting element
with all open ones. A hostile document would take minutes; here it is refused instead.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from html5lib import html5parser
from html5lib._tokenizer import HTMLTokenizer

from ...errors import BadInput

HTML = "{http://www.w3.org/1999/xhtml}"

MOST_ELEMENTS = 20_000
MOST_DEPTH = 100
MOST_FORMATTING = 50
MOST_ATTRIBUTES = 100
MOST_TOKENS = 100_000

_Builder: Any = html5lib.getTreeBuilder("etree")


def parse_html(html: str) -> tuple[Element, bool]:
    """The root element of a document, and whether its last script is unfinished.

    Tags are named {namespace}name. Raises BadInput for more than can be read in about a second.
    """
    parser = _Parser(tree=_Bounded)
    try:
        root: Element = parser.parse(html, scripting=True)
    except AssertionError as error:  # html5lib's own, as for <table><svg><html>
        raise BadInput(
            "The HTML has elements where none may stand, such as <html> within <svg>; take "
            "them out."
        ) from error
    ended = ("expected-named-closing-tag-but-got-eof", {"name": "script"})
    return root, any((code, data) == ended for _, code, data in parser.errors)


class _Bounded(_Builder):
    """A tree builder that counts what it inserts."""

    def reset(self) -> None:
        super().reset()
        self._inserted = 0

    def insertElementNormal(self, token: Any) -> Any:
        self._count()
        return super().insertElementNormal(token)

    def insertElementTable(self, token: Any) -> Any:
        self._count()
        return super().insertElementTable(token)

    def _count(self) -> None:
        self._inserted += 1
        if self._inserted > MOST_ELEMENTS:
            raise BadInput(f"The HTML has more than {MOST_ELEMENTS:,} elements; let it be less.")
        depth = max(len(self.openElements) / MOST_DEPTH, self._formatting / MOST_FORMATTING)
        if depth >= 1:
            raise BadInput(
                f"The HTML has elements within elements, more than {MOST_DEPTH} deep; "
                "close each before the next begins."
            )

    @property
    def _formatting(self) -> int:
        return len(self.activeFormattingElements)


class _Tokenizer(HTMLTokenizer):
    """A tokenizer that counts what it reads."""

    def attributeNameState(self) -> bool:
        token: Any = self.currentToken
        if len(token["data"]) > MOST_ATTRIBUTES:
            raise BadInput(f"A tag of the HTML has more than {MOST_ATTRIBUTES} attributes.")
        return bool(super().attributeNameState())

    def __iter__(self) -> Any:
        for number, token in enumerate(super().__iter__()):
            if number > MOST_TOKENS:
                raise BadInput("The HTML is too tangled to be read; let it be less.")
            yield token


class _Parser(html5parser.HTMLParser):
    def _parse(
        self,
        stream: Any,
        innerHTML: bool = False,
        container: str = "div",
        scripting: bool = False,
        **kwargs: Any,
    ) -> None:
        self.innerHTMLMode, self.container, self.scripting = innerHTML, container, scripting
        self.tokenizer = _Tokenizer(stream, parser=self, **kwargs)
        self.reset()
        self.mainLoop()
