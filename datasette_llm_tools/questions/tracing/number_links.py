"""Links from the numbers of an answer to Datasette's page of the rows behind them.

A number in words is linked only where it is clear which cell it is; one that stands in several
cells leads to the page of the query, where all of them are. Nothing in links, code or addresses
is touched.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode

from markupsafe import Markup, escape

from ...queries import QueryResult
from ...schema import Schema
from ..checking import NUMBER, is_rounded, numbers_in
from .rows_behind import NumbersBehind, numbers_behind

_LINKED_ROWS = 200
_LINKED_CHARACTERS = 500_000  # each link repeats the statement: a long table would be megabytes
_SEARCHED_CELLS = 5000  # words are written from the first rows
_ADDRESS = re.compile(r"\S*(?:://|www\.|@|\\)\S*|(?<!\w)/\S*")
# Parts of dates, times, fractions, and of numbers whose thousands are set apart by spaces.
_APART_BEFORE = re.compile(r"(?:[/:#=\\%~^]|\d[\u00a0\u202f\u2009 ])$")
_APART_AFTER = re.compile(r"[-/:.]\d|[\u00a0\u202f\u2009 ]\d{3}(?!\d)|e[+-]?\d|[\\~^]")


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where a number of the words was found."""

    row: int
    column: int
    is_exact: bool


class NumberLinks:
    """The addresses of the rows behind the numbers of one result."""

    def __init__(self, query_url: str, sql: str, result: QueryResult, schema: Schema) -> None:
        """`query_url` is Datasette's page of a query, without the SQL."""
        self._base = query_url
        self._sql = sql
        self._result = result
        self._behind: NumbersBehind | None = numbers_behind(sql, result.columns, schema)

    def cells(self, shown: Sequence[Sequence[Markup]]) -> list[list[Markup]]:
        """The cells of a table, with a link around each number that was put together."""
        linked = [list(row) for row in shown]
        columns = sorted(self._behind.columns) if self._behind else ()
        left = _LINKED_CHARACTERS
        for number, row in enumerate(self._result.rows[:_LINKED_ROWS]):
            for column in columns:
                cell = linked[number][column]
                if _number(row[column]) is None or "<" in cell:
                    continue
                if left > 0 and (address := self._address(row, column)):
                    linked[number][column] = _link(address, cell)
                    left -= len(address)
        return linked

    def in_words(self, html: Markup, question: str) -> Markup:
        """An answer in words, as HTML, with links; what the question says already has none."""
        asked = numbers_in(question)

        def address(number: str, sentence: str) -> str | None:
            if float(number.replace(",", "").lstrip("-")) in asked:
                return None
            return self._of_number(number, sentence)

        writer = _Linking(address)
        writer.feed(str(html))
        writer.close()
        return Markup("".join(writer.written))

    def _of_number(self, number: str, sentence: str) -> str | None:
        """Where a number of the words leads to, or None where no cell has it."""
        found = self._cells_with(number)
        if not found:
            return None
        found = [each for each in found if self._is_named(each.row, sentence)] or found
        if len({each.row for each in found}) == 1:
            found = [each for each in found if each.is_exact] or found
        if len(found) == 1:
            row = self._result.rows[found[0].row]
            if address := self._address(row, found[0].column):
                return address
        return self._page(self._sql)

    def _cells_with(self, number: str) -> list[_Cell]:
        """The cells that hold a number, or one that is rounded to it."""
        plain = number.replace(",", "").lstrip("-")
        # One digit is too little to tell a rounded value from another number.
        may_be_rounded = len(plain.replace(".", "").lstrip("0")) > 1
        found = []
        width = max(1, len(self._result.columns))
        for index, row in enumerate(self._result.rows[: _SEARCHED_CELLS // width]):
            for column, cell in enumerate(row):
                value = _number(cell)
                if value is None:
                    continue
                is_exact = math.isclose(abs(value), float(plain), rel_tol=1e-9)
                if is_exact or (may_be_rounded and is_rounded(number, value)):
                    found.append(_Cell(index, column, is_exact))
        return found

    def _is_named(self, row: int, sentence: str) -> bool:
        """Whether the words name a row by a text in it."""
        texts = [each for each in self._result.rows[row] if isinstance(each, str)]
        return any(
            re.search(rf"(?<!\w){re.escape(each)}(?!\w)", sentence, re.IGNORECASE)
            for each in texts
            if 0 < len(each) <= 200
        )

    def _address(self, row: Sequence[object], column: int) -> str | None:
        sql = self._behind.statement(row, column) if self._behind else None
        return self._page(sql) if sql else None

    def _page(self, sql: str) -> str:
        return f"{self._base}?{urlencode({'sql': sql})}"


class _Linking(HTMLParser):
    """Clean HTML written again with links around numbers."""

    def __init__(self, address: Callable[[str, str], str | None]) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._address_of = address
        self._untouched = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._untouched += tag in ("a", "code")
        self.written.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._untouched -= tag in ("a", "code")
        self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.written.append(str(escape(data)) if self._untouched else self._linked(data))

    def _linked(self, text: str) -> str:
        addresses = [each.span() for each in _ADDRESS.finditer(text)]
        written, at = "", 0
        for match in NUMBER.finditer(text):
            start, end = match.span()
            if any(first <= start < last for first, last in addresses):
                continue
            if _APART_BEFORE.search(text[:start]) or _APART_AFTER.match(text[end:]):
                continue
            address = self._address_of(match[0], _sentence(text, start, end))
            if address is not None:
                written += str(escape(text[at:start])) + _link(address, escape(match[0]))
                at = end
        return written + str(escape(text[at:]))


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence in which a number stands, as far as full stops tell."""
    before = max(text.rfind(each, 0, start) for each in (". ", "\n", "; "))
    after = [place for each in (". ", "\n", "; ") if (place := text.find(each, end)) >= 0]
    return text[before + 1 : min(after, default=len(text))]


def _number(value: object) -> float | None:
    """A cell as a number, if it is a finite one."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _link(address: str, number: Markup) -> Markup:
    return Markup('<a class="behind" href="{}" title="The rows behind this number">{}</a>').format(
        address, number
    )
