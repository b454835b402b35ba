"""What a person wrote for a run: settings, how many cases, how many changed copies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from ..errors import BadInput
from ..settings import Settings
from .values import Plan

MOST_VARIANTS = 20

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# What keeps one statement from taking the server down is not for whoever runs an eval to raise.
_NOT_ABOVE = ("query_ms", "query_memory_bytes", "query_workers", "max_rows", "max_result_bytes")


def settings_of(written: Iterable[str], option: str = "") -> dict[str, Any]:
    """NAME=VALUE as settings of their types. `option` precedes the text in errors.

    Raises BadInput.
    """
    known = {each.name: each.default for each in fields(Settings)}
    told: dict[str, Any] = {}
    for each in written:
        name, sign, text = each.partition("=")
        if not sign or name.strip() not in known:
            raise BadInput(
                f"{option}{each}: write NAME=VALUE, with one of {', '.join(sorted(known))}."
            )
        told[name.strip()] = _value(known[name.strip()], text.strip(), f"{option}{each}")
    return told


def plan_of(form: Mapping[str, Any], current: Settings) -> Plan:
    """The plan of a form, whose model is not chosen yet. Raises BadInput.

    `current` are the settings of the server, which limit those of the plan.
    """
    lines = str(form.get("settings") or "").splitlines()
    settings = settings_of(each.strip() for each in lines if each.strip())
    for name in _NOT_ABOVE:
        if settings.get(name, 0) > getattr(current, name):
            raise BadInput(f"{name} may be {getattr(current, name):,} at most, as it is set here.")
    sample = str(form.get("sample") or "").strip()
    return Plan(
        model_id="",
        settings=settings,
        sample=_number("The number of cases", sample, 1, 1_000_000) if sample else None,
        seed=_number("The seed", form.get("seed") or "0", -(2**63), 2**63 - 1),
        variants=_number(
            "The number of changed copies", form.get("variants") or "0", 0, MOST_VARIANTS
        ),
    )


def _number(what: str, written: object, least: int, most: int) -> int:
    try:
        number = int(str(written).strip())
    except ValueError as error:
        raise BadInput(f"{what} must be a whole number.") from error
    if not least <= number <= most:
        raise BadInput(f"{what} must be from {least:,} to {most:,}.")
    return number


def _value(default: object, text: str, written: str) -> object:
    if isinstance(default, bool):
        if text.lower() not in _WORDS:
            raise BadInput(f"{written}: the value must be true or false.")
        return _WORDS[text.lower()]
    if isinstance(default, (int, float)):
        try:
            return type(default)(text)
        except ValueError as error:
            raise BadInput(f"{written}: the value must be a number.") from error
    return text
