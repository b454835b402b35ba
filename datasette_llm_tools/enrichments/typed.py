"""Fields as they were typed or sent: texts to numbers, lists and switches, and back. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput


def words(text: str) -> tuple[str, ...]:
    """Labels or columns out of a field: one a line, or separated by commas."""
    pieces = text.splitlines() if "\n" in text else text.split(",")
    return tuple(piece.strip() for piece in pieces if piece.strip())


def number(
    text: str,
    what: str,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
) -> float | None:
    """A number out of a field, None where it is empty; `above` is a bound that it may not be."""
    if not text.strip():
        return None
    try:
        found = float(text.strip().removeprefix("$"))
    except ValueError as error:
        raise BadInput(f"{what} must be a number, not {text.strip()[:40]!r}.") from error
    if not math.isfinite(found):
        raise BadInput(f"{what} must be a number, not {text.strip()[:40]!r}.")
    if above is not None and found <= above:
        raise BadInput(f"{what} must be more than {above:g}.")
    if (least is not None and found < least) or (most is not None and found > most):
        raise BadInput(f"{what} must be from {least:g} to {most:g}.")
    return found


def whole(text: str, what: str, least: int, most: int | None = None) -> int | None:
    """A whole number out of a field, None where it is empty."""
    found = number(text, what)
    if found is None:
        return None
    if found != int(found):
        raise BadInput(f"{what} must be a whole number, not {text.strip()[:40]!r}.")
    if found < least or (most is not None and found > most):
        bound = f"from {least} to {most:,}" if most is not None else f"{least} or more"
        raise BadInput(f"{what} must be {bound}.")
    return int(found)


def prefixed(fields: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The fields that are not empty and whose names begin so, without that beginning."""
    return {
        name.removeprefix(prefix): value
        for name, value in fields.items()
        if name.startswith(prefix) and value not in ("", None)
    }


def text_of(value: Any, otherwise: str = "") -> str:
    """A field as text. Raises BadInput for what a form cannot send."""
    if value is None:
        return otherwise
    if isinstance(value, (dict, list)):
        raise BadInput("A field that takes text or a number was sent a list or an object.")
    return str(value)


def flag_of(value: Any, otherwise: bool) -> bool:
    """A switch of a form: absent means the default."""
    return otherwise if value is None else str(value).lower() in ("1", "true", "on")


def shown_as(value: Any) -> str:
    """A value as a field shows it; None is empty."""
    if value is None:
        return ""
    return str(value).removesuffix(".0")
