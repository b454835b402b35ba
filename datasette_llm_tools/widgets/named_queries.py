"""The queries that a widget names: as JSON for programs, and bound to the values of a request.

Whoever asks for rows names a query and gives values; what a value may be is decided here, before
SQLite sees it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, get_args

from ..errors import BadInput
from ..queries import Value
from .values import NamedQuery, Parameter, ParameterType

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
TYPES: tuple[ParameterType, ...] = get_args(ParameterType)
MOST_QUERIES = 20
MOST_PARAMETERS = 20
MOST_CHOICES = 200
MOST_SQL_CHARACTERS = 20_000
_LARGEST_INTEGER = 2**63

# A parameter of the statement; quoted text, names and comments are matched first to be skipped.
_TOKEN = re.compile(
    r"'(?:[^']|'')*(?:'|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)|`[^`]*(?:`|\Z)|\[[^\]]*(?:\]|\Z)|"
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|"
    r"[:@$](?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)


def queries_json(queries: Sequence[NamedQuery]) -> list[dict[str, Any]]:
    """The queries as [{name, sql, parameters: [{name, type, default, minimum, …}]}].

    Limits that a parameter does not have are left out.
    """
    return [
        {
            "name": each.name,
            "sql": each.sql,
            "parameters": [_parameter_json(parameter) for parameter in each.parameters],
        }
        for each in queries
    ]


def queries_from_json(value: Any) -> tuple[NamedQuery, ...]:
    """The queries that somebody sent. Raises BadInput, naming the query and what is wrong."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadInput("The queries must be a list of objects with name, sql and parameters.")
    return checked_queries(tuple(map(_query, value)))


def checked_queries(queries: Sequence[NamedQuery]) -> tuple[NamedQuery, ...]:
    """The same queries, defaults as SQLite gets them, if they make sense. Raises BadInput."""
    if len(queries) > MOST_QUERIES:
        raise BadInput(f"A widget may have {MOST_QUERIES} queries; these are {len(queries)}.")
    names = [each.name.lower() for each in queries]
    for query in queries:
        if names.count(query.name.lower()) > 1:
            raise BadInput(f"Two queries are called {query.name}; give one another name.")
    return tuple(map(_checked_query, queries))


def bound(query: NamedQuery, values: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a query's parameters, as the query declares them; defaults for the rest.

    Raises BadInput, naming the parameter, for one that is not declared, of another type, or
    outside its limits.
    """
    declared = {each.name: each for each in query.parameters}
    for name in values:
        if name not in declared:
            there = ", ".join(declared) or "none"
            raise BadInput(
                f"The query {query.name} has no parameter {str(name)[:60]!r}; it has: {there}."
            )
    return {
        name: each.default if values.get(name) is None else _fitting(query, each, values[name])
        for name, each in declared.items()
    }


def parameters_of(sql: str) -> tuple[str, ...]:
    """The names of a statement's parameters (:name, @name, $name), each once."""
    found = (match["name"] for match in _TOKEN.finditer(sql))
    return tuple(dict.fromkeys(name for name in found if name))


def _query(value: Mapping[str, Any]) -> NamedQuery:
    parameters = value.get("parameters", [])
    if not isinstance(parameters, list) or not all(isinstance(each, dict) for each in parameters):
        raise BadInput("The parameters of a query must be a list of objects with name and type.")
    name, sql = value.get("name"), value.get("sql")
    if not isinstance(name, str) or not isinstance(sql, str):
        raise BadInput("A query needs a name and sql, both of them text.")
    return NamedQuery(name, sql, tuple(_parameter(name, each) for each in parameters))


def _parameter(query: str, value: Mapping[str, Any]) -> Parameter:
    known = {each.name for each in fields(Parameter)}
    for key in value:
        if key not in known:
            raise BadInput(
                f"A parameter of the query {query} has {str(key)[:60]!r}; "
                f"there are {', '.join(sorted(known))}."
            )
    choices = value.get("choices", [])
    if not isinstance(value.get("name"), str) or not isinstance(choices, (list, tuple)):
        raise BadInput(f"A parameter of the query {query} needs a name, and choices as a list.")
    return Parameter(**{**value, "choices": tuple(choices)})


def _parameter_json(parameter: Parameter) -> dict[str, Any]:
    plain = Parameter(parameter.name)
    return {
        each.name: getattr(parameter, each.name)
        for each in fields(parameter)
        if each.name in ("name", "type", "default")
        or getattr(parameter, each.name) != getattr(plain, each.name)
    }


def _checked_query(query: NamedQuery) -> NamedQuery:
    if not NAME.fullmatch(query.name):
        raise BadInput(
            f"{query.name[:60]!r} cannot be the name of a query: use letters, digits and "
            "underscores, at most 40."
        )
    if not query.sql.strip():
        raise BadInput(f"The query {query.name} has no SQL; write a SELECT statement.")
    if len(query.sql) > MOST_SQL_CHARACTERS:
        raise BadInput(
            f"The SQL of the query {query.name} has more than {MOST_SQL_CHARACTERS:,} characters."
        )
    names = [each.name for each in query.parameters]
    if len(names) > MOST_PARAMETERS or len(names) != len(set(names)):
        raise BadInput(
            f"The query {query.name} may have {MOST_PARAMETERS} parameters, each name once."
        )
    for name in parameters_of(query.sql):
        if name not in names:
            raise BadInput(
                f"The query {query.name} uses :{name}, which it does not declare; declare it "
                "with a type and a default."
            )
    parameters = tuple(_checked_parameter(query, each) for each in query.parameters)
    return replace(query, parameters=parameters)


def _checked_parameter(query: NamedQuery, parameter: Parameter) -> Parameter:
    what = f"The parameter {parameter.name[:60]} of the query {query.name}"
    if not NAME.fullmatch(parameter.name):
        raise BadInput(f"{what} needs a name of letters, digits and underscores, at most 40.")
    if parameter.type not in TYPES:
        raise BadInput(f"{what} must have one of the types {', '.join(TYPES)}.")
    if len(parameter.choices) > MOST_CHOICES:
        raise BadInput(f"{what} may have {MOST_CHOICES} choices.")
    most = parameter.most_characters
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 10_000:
        raise BadInput(f"{what} may have from 1 to 10,000 characters as most_characters.")
    without_limits = Parameter(parameter.name, parameter.type, most_characters=most)
    for limit in (parameter.minimum, parameter.maximum, *parameter.choices):
        if limit is not None:
            _fitting(query, without_limits, limit)
    if parameter.default is None:
        return parameter
    return replace(parameter, default=_fitting(query, parameter, parameter.default))


def _fitting(query: NamedQuery, parameter: Parameter, value: Any) -> Value:
    """The value as SQLite gets it. Raises BadInput."""
    what = f"The parameter {parameter.name} of the query {query.name}"
    fitting = _READERS[parameter.type](value)
    if fitting is None:
        raise BadInput(f"{what} must be {_WANTED[parameter.type]}, not {_said(value)}.")
    if parameter.type == "text" and len(str(fitting)) > parameter.most_characters:
        raise BadInput(f"{what} may have {parameter.most_characters} characters.")
    if parameter.choices and fitting not in [
        _READERS[parameter.type](each) for each in parameter.choices
    ]:
        raise BadInput(f"{what} must be one of its choices, not {_said(value)}.")
    if parameter.type in ("integer", "float", "date"):
        least, most = parameter.minimum, parameter.maximum
        if least is not None and fitting < _READERS[parameter.type](least):
            raise BadInput(f"{what} must be at least {least}, not {_said(value)}.")
        # A day as a limit includes its hours.
        last = f"{most}~" if parameter.type == "date" else _READERS[parameter.type](most)
        if most is not None and fitting > last:
            raise BadInput(f"{what} must be at most {most}, not {_said(value)}.")
    found: Value = fitting
    return found


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if is_number else None


def _integer(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,19}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else None


def _float(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _boolean(value: Any) -> Any:
    if isinstance(value, (bool, int)) and value in (0, 1):
        return int(value)
    return {"true": 1, "false": 0, "1": 1, "0": 0}.get(value) if isinstance(value, str) else None


def _date(value: Any) -> Any:
    """ISO 8601 text, a day or a day with a time; as it was written, so that SQL compares it."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d", value) or len(value) > 40:
        return None
    try:
        # Python 3.10 reads neither Z nor every number of digits.
        datetime.fromisoformat(re.sub(r"Z$", "+00:00", re.sub(r"\.\d+", "", value)))
    except ValueError:
        return None
    return value


_READERS = {
    "text": _text,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
}
_WANTED = {
    "text": "text",
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
    "date": "a date such as 2024-01-31",
}


def _said(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
