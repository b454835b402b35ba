"""Reads what a model writes of a document while it streams: title, queries, source, or changes.

Line by line, since every mark of the format is a line of its own. What a model puts around them
(a word of explanation, a fence too many, no fence at all) is let pass. Pure: nothing is run and
nothing is judged here but the form.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from ...errors import BadInput
from ..values import NamedQuery
from .events import SourceWritten, TitleFound
from .patches import Patch
from .query_blocks import read_query

Piece = TitleFound | NamedQuery | SourceWritten

_FENCE = re.compile(r"\s{0,3}(`{3,})[ \t]*([\w-]*)[ \t]*(.*)")
_TITLE = re.compile(r"[\s#*]*title[\s*]*:[\s*]*(.+?)[\s*]*$", re.IGNORECASE)
_DOCUMENT = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_DOCUMENT_ENDS = re.compile(r"</html>\s*(?:`{3,}\s*)?$", re.IGNORECASE)
_LAST = re.compile(r"</(?:html|body)>\s*$", re.IGNORECASE)
_SEARCH = re.compile(r"\s*<{5,9}(?:\s*SEARCH\b.*)?\s*$")
_DIVIDE = re.compile(r"\s*={5,9}\s*$")
_REPLACE = re.compile(r"\s*>{5,9}(?:\s*REPLACE\b.*)?\s*$")
_NAME_IN_COMMENT = re.compile(r"\s*--\s*(?:name|query)?\s*:?\s*(.+)", re.IGNORECASE)
_TITLE_ELEMENT = re.compile(r"<title[^<>]*>([^<]*)</title", re.IGNORECASE)

# What models write in place of code that they do not want to repeat.
_ELISION = re.compile(
    r"(?:<!--|/\*|//)[^\n]{0,63}?"
    r"\b(?:rest of|remaining|existing|unchanged|same as (?:before|above))\b[^\n]{0,60}",
    re.IGNORECASE,
)
_DOTS = re.compile(r"\.{3}|…|unchanged", re.IGNORECASE)

MOST_TITLE_CHARACTERS = 120


def elision(source: str) -> str | None:
    """The comment by which a model left out part of a document, or None."""
    found = next((each[0] for each in _ELISION.finditer(source) if _DOTS.search(each[0])), None)
    return " ".join(found.split())[:80] if found else None


class _Part(Enum):
    """What the lines that come belong to."""

    TALK = auto()
    QUERY = auto()
    SOURCE = auto()
    SEARCH = auto()
    REPLACE = auto()
    OTHER = auto()  # a fence that is nothing of ours
    THOUGHT = auto()


class DocumentReply:
    """Feed it pieces of a reply. `faults` are sentences about blocks that could not be read."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.queries: list[NamedQuery] = []
        self.patches: list[Patch] = []
        self.faults: list[str] = []
        self.source_bytes = 0
        self._chunks: list[str] = []
        self._part = _Part.TALK
        self._fence = ""  # empty where a document stands without one
        self._header = ""
        self._lines: list[str] = []  # of a query or a change
        self._search = ""
        self._source: list[str] = []
        self._source_ended = False
        self._pending = ""  # a line that has not come to its end
        self._emitted = 0  # how much of it was handed on

    @property
    def text(self) -> str:
        """The whole reply so far."""
        return "".join(self._chunks)

    @property
    def has_begun(self) -> bool:
        return bool(self._chunks)

    @property
    def source(self) -> str:
        """The document so far; empty where none has begun."""
        return "".join(self._source)

    @property
    def is_half(self) -> bool:
        """Whether a document or a change was begun and not brought to its end."""
        if self._part in (_Part.SEARCH, _Part.REPLACE):
            return True
        return bool(self._source) and not self._source_ended

    def feed(self, chunk: str) -> list[Piece]:
        """Take a piece of the reply and return what it makes complete, and source as it comes."""
        self._chunks.append(chunk)
        found: list[Piece] = []
        *lines, rest = (self._pending + chunk).split("\n")
        for line in lines:
            found += self._line(line, "\n")
        self._pending = rest
        if self._part is _Part.SOURCE and not self._may_be_a_mark(rest):
            found += self._write(rest[self._emitted :])
            self._emitted = len(rest)
        return found

    def end(self) -> list[Piece]:
        """The reply is over: read its last line."""
        rest, self._pending = self._pending, ""
        found = self._line(rest, "") if rest else []
        if self._part is _Part.SOURCE and _LAST.search(self.source):
            self._source_ended = True  # only the fence is missing
        if self._part is _Part.QUERY:
            self.faults.append(f"The query {self._header.strip()[:80]} was not brought to its end.")
        element = _TITLE_ELEMENT.search(self.source)
        if not self.title and element and element[1].strip():
            found += self._entitle(element[1])
        return found

    def _line(self, line: str, end: str) -> list[Piece]:
        """A whole line; what of it was handed on is not handed on again."""
        emitted, self._emitted = self._emitted, 0
        match self._part:
            case _Part.TALK:
                return self._talk(line, end)
            case _Part.QUERY:
                return self._query(line)
            case _Part.SOURCE:
                return self._document(line, end, emitted)
            case _Part.SEARCH | _Part.REPLACE:
                self._change(line)
            case _Part.OTHER:
                return self._other(line, end)
            case _Part.THOUGHT:
                if "</think>" in line:
                    self._part = _Part.TALK
        return []

    def _talk(self, line: str, end: str) -> list[Piece]:
        fence = _FENCE.match(line)
        if fence:
            self._open(fence[1], fence[2].lower(), fence[3])
        elif _SEARCH.match(line) and line.strip():
            self._fence = ""
            self._begin_change()
        elif _DOCUMENT.match(line) and not self._source:
            self._part, self._fence = _Part.SOURCE, ""
            return self._document(line, end, 0)
        elif line.lstrip().startswith("<think>") and "</think>" not in line:
            self._part = _Part.THOUGHT
        elif not self.title and (title := _TITLE.match(line)):
            return self._entitle(title[1])
        return []

    def _open(self, fence: str, language: str, rest: str) -> None:
        """A fence has been opened; what is in it is known by its first word."""
        self._fence, self._lines = fence, []
        if language == "query" or (language == "sql" and rest):
            self._part = _Part.QUERY
            self._header = re.sub(r"^query\s+", "", rest)
        elif language == "sql":
            self._part, self._header = _Part.QUERY, ""
        elif language in ("html", "htm") and not self._source:
            self._part = _Part.SOURCE
        else:
            self._part = _Part.OTHER

    def _query(self, line: str) -> list[Piece]:
        if not self._closes(line):
            self._lines.append(line)
            return []
        self._part = _Part.TALK
        header, lines = self._header, self._lines
        if not header and lines and (named := _NAME_IN_COMMENT.match(lines[0])):
            header, lines = named[1], lines[1:]
        try:
            query = read_query(header, "\n".join(lines))
        except BadInput as error:
            self.faults.append(error.message)
            return []
        self.queries.append(query)
        return [query]

    def _document(self, line: str, end: str, emitted: int) -> list[Piece]:
        if self._fence and not self._source and _SEARCH.match(line) and line.strip():
            self._begin_change()  # changes in a fence for HTML
            return []
        if self._fence and self._closes(line):
            self._part, self._source_ended = _Part.TALK, True
            return []
        ends = _DOCUMENT_ENDS.search(line)
        if ends and (not self._fence or line.rstrip().endswith("```")):
            self._part, self._source_ended = _Part.TALK, True
            return self._write(line[: ends.start() + len("</html>")][emitted:] + end)
        return self._write(line[emitted:] + end)

    def _begin_change(self) -> None:
        self._part, self._lines = _Part.SEARCH, []

    def _change(self, line: str) -> None:
        if self._part is _Part.SEARCH and _DIVIDE.match(line):
            self._part, self._search, self._lines = _Part.REPLACE, "\n".join(self._lines), []
        elif self._part is _Part.REPLACE and _REPLACE.match(line):
            self.patches.append(Patch(self._search, "\n".join(self._lines)))
            self._part = _Part.OTHER if self._fence else _Part.TALK
        else:
            self._lines.append(line)

    def _other(self, line: str, end: str) -> list[Piece]:
        """In a fence of no language a document or changes may stand all the same."""
        if self._closes(line):
            self._part = _Part.TALK
        elif _SEARCH.match(line) and line.strip():
            self._begin_change()
        elif _DOCUMENT.match(line) and not self._source:
            self._part = _Part.SOURCE
            return self._document(line, end, 0)
        return []

    def _closes(self, line: str) -> bool:
        mark = line.strip()
        return len(mark) >= len(self._fence) > 0 and not mark.strip("`")

    def _may_be_a_mark(self, rest: str) -> bool:
        """Whether a line that has begun so may become the end of a fence, or of the document."""
        mark = rest.strip()
        if not self._emitted and (not mark.strip("`") or not mark.strip("<")):
            return True
        return "</html>" in rest[max(0, self._emitted - len("</html>")) :].lower()

    def _write(self, delta: str) -> list[Piece]:
        if not delta:
            return []
        self._source.append(delta)
        self.source_bytes += len(delta.encode())
        return [SourceWritten(delta)]

    def _entitle(self, title: str) -> list[Piece]:
        self.title = " ".join(title.split())[:MOST_TITLE_CHARACTERS]
        return [TitleFound(self.title)]
