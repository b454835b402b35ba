"""What an exception of llm, a client or an accounting plugin means for the next prompt.

Overloaded: the same prompt may work later. Unusable: no prompt will work until somebody does
something. Anything else is this prompt's own failure. Providers' clients are known by what their
exceptions have in common (a `status_code`, a `response` with headers, telling names), because
each plugin of llm brings its own.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import llm
from pydantic import ValidationError

from .errors import ModelFailed, ModelOverloaded, ModelUnusable

_PASSING_STATUS = {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
# The provider has too much to do, as opposed to having stumbled: send less.
_CROWDED_STATUS = {429, 503, 529}
_LASTING_STATUS = {401, 402, 403, 404}
_NO_CREDIT_CODES = {"insufficient_quota", "billing_hard_limit_reached", "credit_balance_too_low"}
_PASSING_NAMES = (
    "Connection",
    "Connect",
    "Timeout",
    "ReadError",
    "WriteError",
    "RemoteProtocolError",
    "IncompleteRead",
    "APIResponseValidationError",
)
# Accounting plugins of datasette-llm raise these when there is nothing left to spend.
_NO_BALANCE_NAMES = ("InsufficientBalance", "BudgetExceeded", "LimitExceeded")


def failure(model_id: str, error: BaseException) -> ModelFailed:
    """The error of ours that says what happened and what to do; never raises."""
    if isinstance(error, ModelFailed):
        return error
    status = _status(error)
    said = _said(error)
    if status in (401, 403) or isinstance(error, llm.NeedsKeyException):
        return ModelUnusable(
            f"{model_id} refused the key; set another with `llm keys set`. It said: {said}"
        )
    if _code(error) in _NO_CREDIT_CODES or status == 402:
        return ModelUnusable(f"The account of {model_id} has no credit left. It said: {said}")
    if any(name in type(error).__name__ for name in _NO_BALANCE_NAMES):
        return ModelUnusable(
            f"The accounting of this server allows no more prompts to {model_id}: {said}"
        )
    if isinstance(error, ValidationError):
        # llm checks options before anything is sent: every prompt of a run has the same ones.
        return ModelUnusable(f"{model_id} cannot be asked with these options: {said}")
    if status == 404:
        return ModelUnusable(
            f"{model_id} is not there any more; choose another model. It said: {said}"
        )
    if is_passing(error):
        return ModelOverloaded(
            _passing_sentence(model_id, status, said, error),
            rate_limited=status in _CROWDED_STATUS,
            retry_after_s=retry_after_s(error),
        )
    return ModelFailed(
        f"{model_id} did not answer: {said or type(error).__name__}. "
        "Ask again or choose another model."
    )


def is_passing(error: BaseException) -> bool:
    """Whether sending the same again may help: rate limits, overload, a dropped connection."""
    if isinstance(error, ModelFailed):
        return isinstance(error, ModelOverloaded)
    if _code(error) in _NO_CREDIT_CODES:
        return False
    status = _status(error)
    if status is not None and not 200 <= status < 300:
        return status in _PASSING_STATUS
    # A reply that is no JSON was cut off, or comes from something between us and the provider.
    if isinstance(error, json.JSONDecodeError):
        return True
    return any(part in type(error).__name__ for part in _PASSING_NAMES)


def retry_after_s(error: BaseException, now: datetime | None = None) -> float | None:
    """Seconds that the provider asks to wait (RFC 9110, 10.2.3), or None where it does not say.

    `retry-after-ms`, which some send as well, is finer and wins.
    """
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    wanted = headers.get("retry-after")
    if wanted is None:
        return None
    if (seconds := _number(wanted)) is not None:
        return seconds
    try:
        until = parsedate_to_datetime(wanted)
    except ValueError:
        return None
    if until.tzinfo is None:  # "-0000" is UTC too
        until = until.replace(tzinfo=timezone.utc)
    return max(0.0, (until - (now or datetime.now(timezone.utc))).total_seconds())


def _number(text: str | None) -> float | None:
    """A decimal number, not negative; neither "nan" nor "inf" nor "1e9"."""
    is_number = text is not None and text.strip().replace(".", "", 1).isdecimal()
    return float(text) if text is not None and is_number else None


def _passing_sentence(model_id: str, status: int | None, said: str, error: BaseException) -> str:
    if status == 429:
        return f"{model_id} is over its rate limit; wait a little or choose another model."
    if isinstance(error, json.JSONDecodeError) or "ValidationError" in type(error).__name__:
        return f"{model_id} broke off its answer; ask again or choose another model."
    if status is None:
        return f"{model_id} could not be reached; check the network or choose another model."
    return f"{model_id} did not answer: {said}. Ask again or choose another model."


def _status(error: BaseException) -> int | None:
    """The HTTP status, which some clients' exceptions carry and others leave to the response."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _code(error: BaseException) -> str:
    code: Any = getattr(error, "code", None)
    return code if isinstance(code, str) else ""


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
