"""A SELECT statement cut into its clauses as they are written, by its tokens alone.

No parser gives a statement back letter by letter, and a condition that was written anew may mean
something else. So clauses are cut out of the text; a parser reads them afterwards, one query at
a time: queries inside it are replaced by names, which keeps every parse short and flat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot.errors import SqlglotError

from ...sql_names import fold

MOST_CHARACTERS = 4000  # the parser takes about 8 ms for 1,000
MOST_DEPTH = 30  # of parentheses; the parser gives up between 40 and 50

# https://sqlite.org/lang_keywords.html and https://sqlite.org/c3ref/stmt.html: how SQLite reads.
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>[xX]?'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    |(?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    |(?P<sign><>|<=|>=|==|!=|\|\||->>|->|<<|>>|.)""",
    re.VERBOSE | re.DOTALL,
)
_CLAUSES = ("select", "from", "where", "group", "having", "window")
_COMPOUND = ("union", "intersect", "except")
_INNER = "_inner_query_"


class NotWritten(ValueError):
    """The text is no SELECT statement that this module can cut up."""


# What cutting up and reading a strange statement raises: there is nothing to say of it then.
UNREADABLE = (NotWritten, SqlglotError, RecursionError, LookupError, AttributeError)


@dataclass(frozen=True, slots=True)
class Token:
    """A token with where it stands; `word` is it in small letters if it may be a keyword."""

    text: str
    kind: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        return fold(self.text) if self.kind == "word" else ""

    @property
    def name(self) -> str | None:
        """The identifier that it spells, if it is one."""
        if self.kind == "quoted":
            mark = self.text[-1]
            inner = self.text[1:-1]
            return inner if mark == "]" else inner.replace(mark * 2, mark)
        return self.text if self.kind == "word" else None


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of a statement as it is written, with its tokens."""

    sql: str
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        return self.sql[self.tokens[0].start : self.tokens[-1].end] if self.tokens else ""

    @property
    def plain(self) -> str:
        """The same without comments, spaces, quotes and capitals, to compare pieces."""
        return " ".join((fold(each.name) if each.name else each.text) for each in self.tokens)

    def cut(self, start: int, end: int | None = None) -> Written:
        """Some of its tokens."""
        return Written(self.sql, self.tokens[start:end])

    def listed(self) -> list[Written]:
        """The pieces between the commas that stand in no parentheses."""
        depth = min((each.depth for each in self.tokens), default=0)
        pieces, start = [], 0
        for index, token in enumerate(self.tokens):
            if token.text == "," and token.depth == depth:
                pieces.append(self.cut(start, index))
                start = index + 1
        return [*pieces, self.cut(start)]


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT by its clauses, without the keywords before them; `distinct` as it is written."""

    clauses: dict[str, Written]
    distinct: bool
    whole: Written


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A query of a WITH clause; `columns` are the names that stand behind its own, if any do."""

    name: str
    inside: Written
    columns: Written | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A query: common tables, one SELECT or several with what stands between them, and its order.

    `before` is all of the WITH clause.
    """

    selects: tuple[Select, ...]
    operators: tuple[str, ...] = ()
    ctes: tuple[CommonTable, ...] = ()
    before: Written = field(default_factory=lambda: Written("", ()))
    order: Written | None = None
    limit: Written | None = None

    @property
    def is_recursive(self) -> bool:
        return any(each.word == "recursive" for each in self.before.tokens[1:2])


def read(sql: str) -> Query:
    """Cut one statement into its clauses. Raises NotWritten."""
    return read_query(_tokens(sql))


def read_query(piece: Written) -> Query:
    """Cut a query, which may stand inside another, into its clauses. Raises NotWritten."""
    ctes, body = _after_with(piece)
    before = Written(piece.sql, piece.tokens[: len(piece.tokens) - len(body.tokens)])
    body, limit = _cut_at(body, "limit")
    body, order = _cut_at(body, "order")
    if order is not None:
        order = order.cut(1)  # BY
    if any(each is not None and not each.tokens for each in (order, limit)):
        raise NotWritten("an empty clause")
    selects, operators = [], []
    for operator, part in _compounds(body):
        selects.append(_select(part))
        if operator:
            operators.append(operator)
    return Query(tuple(selects), tuple(operators), ctes, before, order, limit)


def inner_queries(piece: Written) -> tuple[str, list[tuple[str, Written]]]:
    """The text of a piece with each query inside replaced by a SELECT of its name, and these."""
    inner: list[tuple[str, Written]] = []
    text, at, index = "", piece.tokens[0].start if piece.tokens else 0, 0
    tokens = piece.tokens
    while index < len(tokens):
        if tokens[index].text == "(" and tokens[index + 1].word in ("select", "with", "values"):
            end = closing(tokens, index)
            name = f"{_INNER}{len(inner) + 1}"
            inner.append((name, piece.cut(index + 1, end)))
            text += piece.sql[at : tokens[index].end] + f"select {name}"
            at, index = tokens[end].start, end
        index += 1
    return text + piece.sql[at : tokens[-1].end if tokens else 0], inner


def _tokens(sql: str) -> Written:
    """All tokens of a statement but spaces, comments and a semicolon at the end."""
    if len(sql) > MOST_CHARACTERS:
        raise NotWritten("too long")
    found, depth = [], 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or ""
        if kind == "space":
            continue
        depth -= match[0] == ")"
        if depth < 0 or depth > MOST_DEPTH or match[0] in "?:@$#" or _INNER in match[0]:
            raise NotWritten("parentheses or parameters")
        found.append(Token(match[0], kind, match.start(), match.end(), depth))
        depth += match[0] == "("
    while found and found[-1].text == ";":
        found.pop()
    if depth or not found or any(each.text == ";" for each in found):
        raise NotWritten("not one statement")
    return Written(sql, tuple(found))


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the parenthesis that closes the one at `opening`."""
    depth = tokens[opening].depth
    for index in range(opening + 1, len(tokens)):
        if tokens[index].text == ")" and tokens[index].depth == depth:
            return index
    raise NotWritten("an open parenthesis")


def _after_with(piece: Written) -> tuple[tuple[CommonTable, ...], Written]:
    """The common tables of a query, and what comes after them."""
    tokens = piece.tokens
    if not tokens or tokens[0].word != "with":
        return (), piece
    found, index = [], 1
    if tokens[1].word == "recursive" and tokens[2].word != "as":
        index = 2
    while index < len(tokens):
        name = tokens[index].name
        if name is None:
            raise NotWritten("a common table without a name")
        index += 1
        columns = None
        if tokens[index].text == "(":
            columns = piece.cut(index + 1, closing(tokens, index))
            index += len(columns.tokens) + 2
        while index < len(tokens) and tokens[index].word in ("as", "not", "materialized"):
            index += 1
        if index >= len(tokens) or tokens[index].text != "(":
            break
        end = closing(tokens, index)
        found.append(CommonTable(name, piece.cut(index + 1, end), columns))
        index = end + 1
        if index < len(tokens) and tokens[index].text == ",":
            index += 1
            continue
        return tuple(found), piece.cut(index)
    raise NotWritten("a WITH clause that ends early")


def _top(piece: Written) -> list[tuple[int, Token]]:
    """The tokens that stand in no parentheses of this piece, by their index."""
    depth = piece.tokens[0].depth if piece.tokens else 0
    return [(index, each) for index, each in enumerate(piece.tokens) if each.depth == depth]


def _cut_at(piece: Written, word: str) -> tuple[Written, Written | None]:
    """What stands before and after the last keyword of that name."""
    for index, token in reversed(_top(piece)):
        if token.word == word:
            return piece.cut(0, index), piece.cut(index + 1)
    return piece, None


def _compounds(piece: Written) -> list[tuple[str, Written]]:
    """The SELECTs of a compound, each with the operator before it."""
    parts, start, operator = [], 0, ""
    for index, token in _top(piece):
        if token.word in _COMPOUND:
            parts.append((operator, piece.cut(start, index)))
            start, operator = index + 1, token.word
            if piece.tokens[start : start + 1] and piece.tokens[start].word == "all":
                start, operator = start + 1, "union all"
    return [*parts, (operator, piece.cut(start))]


def _select(piece: Written) -> Select:
    """One SELECT cut at its keywords, which come in one order."""
    starts: list[tuple[str, int]] = []
    for index, token in _top(piece):
        before = piece.tokens[index - 1].word if index else ""
        if token.word not in _CLAUSES or (token.word == "from" and before == "distinct"):
            continue  # IS NOT DISTINCT FROM
        if token.word == "window" and not _is_window(piece, index):
            continue
        starts.append((token.word, index))
    names = [name for name, _ in starts]
    if names[:1] != ["select"] or starts[0][1] or names != [n for n in _CLAUSES if n in names]:
        raise NotWritten("not a SELECT")
    clauses = {}
    ends = [index for _, index in starts[1:]] + [len(piece.tokens)]
    distinct = False
    for (name, start), end in zip(starts, ends, strict=True):
        first = start + (2 if name == "group" else 1)
        if name == "select" and piece.tokens[first : first + 1]:
            word = piece.tokens[first].word
            distinct = word == "distinct"
            first += word in ("distinct", "all")
        clauses[name] = piece.cut(first, end)
    if not all(each.tokens for each in clauses.values()):
        raise NotWritten("an empty clause")
    return Select(clauses, distinct, piece)


def _is_window(piece: Written, index: int) -> bool:
    """Whether this is the keyword, which may be a name as well: WINDOW name AS (…)."""
    after = piece.tokens[index + 1 : index + 4]
    return len(after) == 3 and after[1].word == "as" and after[2].text == "("
