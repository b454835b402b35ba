"""What readers choose: the values of an exploration's parameters, and which blocks follow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadInput
from ..queries import Value
from ..widgets.named_queries import parameters_of
from .documents import parameter_fault
from .values import Document, Parameter, RowsBlock

PREFIX = "p_"  # of a parameter's name in an address


def names_in(sql: str) -> frozenset[str]:
    """The names of a statement's parameters, without their mark."""
    return frozenset(parameters_of(sql))


def parameter_values(document: Document, given: Mapping[str, Any]) -> dict[str, Value]:
    """The value of each parameter, from arguments `p_NAME`; defaults for the rest.

    Raises BadInput, naming the parameter, for a value that it cannot have.
    """
    return {each.name: _value(each, given.get(PREFIX + each.name)) for each in document.parameters}


def params_of(
    block: RowsBlock, document: Document, values: Mapping[str, Value]
) -> dict[str, Value]:
    """What a block's statement is run with: readers' values for names that the document declares.

    A name that has no value anywhere is NULL.
    """
    declared = {each.name for each in document.parameters}
    wanted = names_in(block.sql)
    own = {name: block.params.get(name) for name in wanted - declared}
    return {**own, **{name: values[name] for name in sorted(wanted & declared)}}


def follows(block: RowsBlock, document: Document) -> bool:
    """Whether a block changes with any of the document's parameters."""
    return bool(names_in(block.sql) & {each.name for each in document.parameters})


def _value(parameter: Parameter, given: Any) -> Value:
    if given is None:
        return parameter.default
    value: Any = _number(given) if parameter.kind == "number" else given
    fault = parameter_fault(parameter, value)
    if fault:
        raise BadInput(f"{parameter.label} {fault}.")
    found: Value = value
    return found


def _number(given: Any) -> Any:
    """A text as the number that it is; otherwise itself, which the parameter then refuses."""
    for kind in (int, float):
        try:
            return kind(str(given).strip()[:40])
        except ValueError:
            continue
    return given
