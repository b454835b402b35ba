"""What LIKE and GLOB match, in words."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from .scopes import Scope
from .values import NotUnderstood


def matching(node: Any, scope: Scope) -> tuple[str, str]:
    """What a text has to be, and the opposite of that: `begins with "A"`. Raises NotUnderstood."""
    text = _pattern(node.expression, scope)
    if not isinstance(node, exp.Glob):
        return _words(text, "%", "_", _capitals(text))
    if "[" in text:
        raise NotUnderstood("GLOB")
    return _words(text, "*", "?", "")


def _pattern(node: Any, scope: Scope) -> str:
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.name)
    if isinstance(node, exp.Column) and scope.is_text(node):
        return str(node.name)
    raise NotUnderstood("a pattern that is no text")


def _capitals(text: str) -> str:
    """That LIKE does not tell capitals from small letters, but for those that are not ASCII."""
    if text.lower() == text.upper():
        return ""
    return "capitals or not" if text.isascii() else "capitals of A to Z or not"


def _words(text: str, any_text: str, any_one: str, capitals: str) -> tuple[str, str]:
    inner = text.strip(any_text)
    if any_text in inner or any_one in inner or not inner:
        remarks = [capitals] if capitals else []
        if any_text in text:
            remarks.append(f"{any_text} stands for any text")
        if any_one in text:
            remarks.append(f"{any_one} stands for one character")
        pattern = f'the pattern "{text}"' + (f" ({', '.join(remarks)})" if remarks else "")
        return f"matches {pattern}", f"does not match {pattern}"
    quoted = f'"{inner}"' + (f" ({capitals})" if capitals else "")
    starts, ends = text.startswith(any_text), text.endswith(any_text)
    if starts and ends:
        return f"contains {quoted}", f"does not contain {quoted}"
    if starts:
        return f"ends with {quoted}", f"does not end with {quoted}"
    if ends:
        return f"begins with {quoted}", f"does not begin with {quoted}"
    return f"is {quoted}", f"is not {quoted}"
