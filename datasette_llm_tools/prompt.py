"""What goes to a model and what it cost, as values. model.py sends them; prompts.py builds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along with the last turn; `type` is its media type."""

    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that ends with a user's turn.

    `schema` is a JSON schema for the reply, `grammar` a GBNF grammar: each is
    used where the model supports it, and the reply is checked in any case.
    `options` are the model's own, as llm names them.
    """

    system: str
    turns: tuple[Turn, ...]
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    grammar: str | None = None
    attachments: tuple[Attachment, ...] = ()
    options: Mapping[str, Any] | None = None

    def messages(self) -> list[dict[str, str]]:
        """The messages as they are sent, for people who want to read them."""
        sent = [{"role": "system", "text": self.system}]
        return sent + [{"role": turn.role, "text": turn.text} for turn in self.turns]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more replies; None where a model did not say."""

    input_tokens: int | None = 0
    output_tokens: int | None = 0

    def __add__(self, other: Usage) -> Usage:
        def both(left: int | None, right: int | None) -> int | None:
            return None if left is None or right is None else left + right

        return Usage(
            both(self.input_tokens, other.input_tokens),
            both(self.output_tokens, other.output_tokens),
        )
