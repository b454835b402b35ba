"""Tokens to money by genai-prices' list as it was packaged; nothing is fetched.

Looking a price up takes the library 0.1 ms, so the two factors of a model are kept, and only
prices in tiers are calculated each time.
"""

from __future__ import annotations

import time
from decimal import Decimal
from functools import lru_cache

from genai_prices import calc_price
from genai_prices import types as prices

from .prompt import Usage

# Some prices depend on the date or the time of day.
_SECONDS_KEPT = 3600


def price_usd(model_id: str, usage: Usage) -> float | None:
    """What the tokens cost in dollars; None where the price or the tokens are unknown, never 0.

    `model_id` is llm's. A model that runs on this machine has no price here: the caller knows
    that it costs nothing.
    """
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    factors = _factors(model_id, int(time.time()) // _SECONDS_KEPT)
    if factors is None:
        return None
    if not factors:
        found = _price(model_id, usage.input_tokens, usage.output_tokens)
        return None if found is None else float(found.total_price)
    per_input, per_output = factors
    return usage.input_tokens * per_input + usage.output_tokens * per_output


def is_priced(model_id: str) -> bool:
    """Whether the list has a price for the model."""
    return price_usd(model_id, Usage(1, 1)) is not None


def usd_words(usd: float) -> str:
    """Dollars to the cent, or to three figures where that would hide them: `$0.000123`."""
    if usd == 0 or usd >= 0.1:
        return f"${usd:,.2f}"
    if usd < 1e-9:
        return "less than $0.000000001"
    return f"${usd:.12f}"[: 3 + _leading_zeros(usd) + 3].rstrip("0")


def _leading_zeros(usd: float) -> int:
    """Zeros after the point of a number below 1."""
    decimals = f"{usd:.12f}".split(".")[1]
    return len(decimals) - len(decimals.lstrip("0"))


@lru_cache(maxsize=256)
def _factors(model_id: str, hour: int) -> tuple[float, float] | tuple[()] | None:
    """Dollars for a token in and a token out; () for prices in tiers, None for no price."""
    found = _price(model_id, 1, 1)
    if found is None:
        return None
    million = [found.model_price.input_mtok, found.model_price.output_mtok]
    if not all(isinstance(each, Decimal) for each in million):
        return ()
    return float(found.input_price), float(found.output_price)


def _price(model_id: str, tokens_in: int, tokens_out: int) -> prices.PriceCalculation | None:
    for reference, provider in _references(model_id):
        try:
            found = calc_price(
                prices.Usage(input_tokens=tokens_in, output_tokens=tokens_out),
                reference,
                provider_id=provider,
            )
        except (LookupError, ValueError):
            continue
        if found.model_price.input_mtok is not None:
            return found
    return None


def _references(model_id: str) -> list[tuple[str, str | None]]:
    """The names under which the list may know a model of llm's, and the provider if it is said."""
    if "/" in model_id:  # "anthropic/claude-…", "openrouter/openai/gpt-…"
        provider, _, name = model_id.partition("/")
        return [(name, provider)]
    # "deepseek-r1:7b" runs on somebody's own machine: it is not what the list calls deepseek.
    return [] if ":" in model_id else [(model_id, None)]
