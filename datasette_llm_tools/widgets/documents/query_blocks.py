"""A named query as text, as models write it and people edit it.

```query sales(city text = 'Graz' in ('Graz', 'Linz'), least integer = 0 from 0 to 9)
SELECT day, sum(price) AS total FROM sale WHERE city = :city GROUP BY day
```
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from ...errors import BadInput
from ...queries import Value
from ..named_queries import MOST_QUERIES, MOST_SQL_CHARACTERS, TYPES
from ..values import NamedQuery, Parameter, ParameterType

_MOST_CHARACTERS = MOST_QUERIES * (MOST_SQL_CHARACTERS + 5_000)
_OPENING = re.compile(r"(`{3,})[ \t]*query\b(.*)")
_HEADER = re.compile(r"([A-Za-z_]\w*)\s*(?:\((.*)\))?", re.S)
# Text without its last quote goes on to the end, so that it is read once.
_WORD = re.compile(
    r"""'(?:[^']|'')*(?:'|\Z)|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[(),=]|[^\s(),='"]+""", re.S
)

# What models and people call types of columns elsewhere.
_SAME_TYPE: dict[str, ParameterType] = {
    **{name: name for name in TYPES},
    **dict.fromkeys(("string", "str", "varchar", "char"), "text"),
    **dict.fromkeys(("int", "year", "bigint"), "integer"),
    **dict.fromkeys(("real", "number", "numeric", "double", "decimal"), "float"),
    **dict.fromkeys(("bool",), "boolean"),
    **dict.fromkeys(("datetime", "timestamp"), "date"),
}


def queries_text(queries: Sequence[NamedQuery]) -> str:
    """The queries as fenced blocks, which read_queries reads back."""
    return "\n\n".join(map(_block, queries))


def read_queries(text: str) -> tuple[NamedQuery, ...]:
    """The queries of a text of blocks and nothing else.

    Raises BadInput for lines in no block and for a header that cannot be read.
    """
    if len(text) > _MOST_CHARACTERS:
        raise BadInput(f"The queries have more than {_MOST_CHARACTERS:,} characters; shorten them.")
    found: list[NamedQuery] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        if opening is None:
            opening, lines = _OPENING.match(line), []
            if opening is None and line.strip():
                raise _stands_alone(line)
        elif line.startswith(opening[1]) and not line.strip("` \t"):
            found.append(read_query(opening[2], "\n".join(lines)))
            opening = None
        else:
            lines.append(line)
    if opening is not None:
        raise _stands_alone(opening[0])
    return tuple(found)


def _stands_alone(line: str) -> BadInput:
    return BadInput(
        f"“{line.strip()[:60]}” stands in no block; begin each query with "
        "```query name(parameter type = default) and end it with ``` on a line of its own."
    )


def read_query(header: str, sql: str) -> NamedQuery:
    """A query from what stands behind the word `query` and the lines below.

    Raises BadInput. Whether its limits make sense is for named_queries.checked_queries.
    """
    found = _HEADER.fullmatch(header.strip())
    if not found:
        raise BadInput(
            f"`query {header.strip()[:80]}` is no name of a query, or a bracket is missing; "
            "write: query name(parameter type = default)."
        )
    name, inside = found[1], found[2] or ""
    parameters = tuple(_parameter(name, words) for words in _split(_WORD.findall(inside)))
    return NamedQuery(name, sql.strip().rstrip(";").rstrip(), parameters)


def _block(query: NamedQuery) -> str:
    sql = query.sql.strip()
    longest = max((len(run) for run in re.findall("`+", sql)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}query {_header_text(query)}\n{sql}\n{fence}"


def _header_text(query: NamedQuery) -> str:
    if not query.parameters:
        return query.name
    return f"{query.name}({', '.join(map(_parameter_text, query.parameters))})"


def _parameter_text(parameter: Parameter) -> str:
    text = f"{parameter.name} {parameter.type}"
    if parameter.default is not None:
        text += f" = {_literal(parameter.default)}"
    if parameter.minimum is not None:
        text += f" from {_literal(parameter.minimum)}"
    if parameter.maximum is not None:
        text += f" to {_literal(parameter.maximum)}"
    if parameter.choices:
        text += f" in ({', '.join(map(_literal, parameter.choices))})"
    if parameter.most_characters != Parameter(parameter.name).most_characters:
        text += f" characters {parameter.most_characters}"
    return text


def _literal(value: Value) -> str:
    if isinstance(value, str):
        # On one line, and in no way the end of a fence or of the header.
        return "'" + re.sub(r"\s+", " ", value).replace("'", "''") + "'"
    return json.dumps(value)


def _split(words: Sequence[str]) -> Iterator[list[str]]:
    """The words between commas that are in no bracket."""
    part: list[str] = []
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if word == "," and not depth:
            yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def _parameter(query: str, words: list[str]) -> Parameter:
    """From `name type = default from least to most in (choice, …) characters number`."""
    if not words or not re.fullmatch(r":?[A-Za-z_]\w*", words[0]):
        raise BadInput(f"A parameter of the query {query} has no name; write: name type = default.")
    name, rest = words[0].lstrip(":"), words[1:]
    kind: ParameterType | None = None
    if rest and rest[0].lower() in _SAME_TYPE:
        kind = _SAME_TYPE[rest.pop(0).lower()]
    found: dict[str, Value] = {}
    choices: tuple[Value, ...] = ()
    while rest:
        word = rest.pop(0).lower()
        if word in ("in", "one_of") and rest[:1] == ["("] and ")" in rest:
            end = rest.index(")")
            choices = tuple(_value(each) for each in rest[1:end] if each != ",")
            rest = rest[end + 1 :]
        elif word in _CLAUSES and rest:
            found[_CLAUSES[word]] = _value(rest.pop(0))
        else:
            raise BadInput(
                f"The parameter {name} of the query {query} has {word[:60]!r}, which is not "
                "understood; write: name type = default from least to most in (choice, choice)."
            )
    default = found.get("default")
    limits = {key: value for key, value in found.items() if isinstance(value, (int, float, str))}
    most = limits.get("most_characters")
    return Parameter(
        name,
        kind or _type_of(default),
        default,
        limits.get("minimum"),
        limits.get("maximum"),
        choices,
        most if isinstance(most, int) else Parameter(name).most_characters,
    )


_CLAUSES = {
    "=": "default",
    "default": "default",
    "from": "minimum",
    "min": "minimum",
    "to": "maximum",
    "max": "maximum",
    "characters": "most_characters",
}


def _type_of(default: Value) -> ParameterType:
    """The type of a parameter that is declared by its default alone."""
    if isinstance(default, bool):
        return "boolean"
    if isinstance(default, int):
        return "integer"
    return "float" if isinstance(default, float) else "text"


def _value(word: str) -> Value:
    if word[:1] == "'":
        return word[1:].removesuffix("'").replace("''", "'")
    if word[:1] == '"':
        return re.sub(r"\\(.)", r"\1", word[1:].removesuffix('"'))
    constants: dict[str, Value] = {"null": None, "none": None, "true": True, "false": False}
    if word.lower() in constants:
        return constants[word.lower()]
    if re.fullmatch(r"[+-]?\d{1,18}", word):
        return int(word)
    if re.fullmatch(r"[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d{1,3})?", word):
        return float(word)
    return word
