"""Prices of models by llm's names; what is not known is None, never 0."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from datasette_llm_tools.pricing import is_priced, price_usd
from datasette_llm_tools.prompt import Usage


@pytest.mark.parametrize(
    "model_id",
    [
        "gpt-4o-mini",
        "claude-sonnet-4-5",
        "anthropic/claude-sonnet-4-5",
        "gemini/gemini-2.5-flash",
        "openrouter/openai/gpt-4o",
    ],
)
def test_known_models(model_id: str) -> None:
    some, more = (price_usd(model_id, Usage(tokens, tokens)) for tokens in (1000, 2000))
    assert some and more and 0 < some < 1 and more == pytest.approx(2 * some)
    assert is_priced(model_id)


@pytest.mark.parametrize("model_id", ["scripted", "llama3.2:latest", "deepseek-r1:7b", "a/b", ""])
def test_unknown_models(model_id: str) -> None:
    assert price_usd(model_id, Usage(1000, 10)) is None and not is_priced(model_id)


@pytest.mark.parametrize("usage", [Usage(None, 5), Usage(5, None), Usage(None, None)])
def test_unknown_tokens(usage: Usage) -> None:
    assert price_usd("gpt-4o-mini", usage) is None


def test_against_the_published_price() -> None:
    """$0.15 and $0.60 for a million tokens, as OpenAI published it in July 2024."""
    assert price_usd("gpt-4o-mini", Usage(1_000_000, 100_000)) == pytest.approx(0.15 + 0.06)


def test_prices_in_tiers_depend_on_the_length() -> None:
    short = price_usd("gemini-2.5-pro", Usage(100_000, 0))
    long = price_usd("gemini-2.5-pro", Usage(1_000_000, 0))
    assert short and long and long > 10 * short


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **more: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert price_usd("gpt-4o", Usage(1, 1))
    assert price_usd("never-heard-of", Usage(1, 1)) is None
