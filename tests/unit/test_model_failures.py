"""What exceptions of providers mean for the next prompt."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import httpx2
import llm
import openai
import pytest

from datasette_llm_tools.errors import ModelFailed, ModelOverloaded, ModelUnusable
from datasette_llm_tools.model_failures import failure, is_passing, retry_after_s

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


class Stumbled(Exception):
    """As clients of providers have it: a status, and sometimes a response and a code."""

    def __init__(
        self, status_code: int | None, code: str | None = None, **headers: str | None
    ) -> None:
        super().__init__("said so")
        self.code = code
        if status_code is not None:
            self.status_code = status_code
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = SimpleNamespace(headers=names)


class RemoteProtocolError(Exception):
    pass


class InsufficientBalanceError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *[(Stumbled(status), ModelOverloaded) for status in (408, 409, 425, 429, 500, 502, 503)],
        *[(Stumbled(status), ModelOverloaded) for status in (504, 529)],
        *[(Stumbled(status), ModelUnusable) for status in (401, 402, 403, 404)],
        *[(Stumbled(status), ModelFailed) for status in (400, 413, 422)],
        (Stumbled(429, "insufficient_quota"), ModelUnusable),
        (llm.NeedsKeyException("none"), ModelUnusable),
        (InsufficientBalanceError("nothing left"), ModelUnusable),
        (ConnectionResetError(), ModelOverloaded),
        (TimeoutError(), ModelOverloaded),
        (RemoteProtocolError("peer closed connection"), ModelOverloaded),
        (openai.APIConnectionError(request=REQUEST), ModelOverloaded),
        (openai.APITimeoutError(REQUEST), ModelOverloaded),
        (json.JSONDecodeError("Expecting value", "<html>", 0), ModelOverloaded),
        (ValueError("odd"), ModelFailed),
        (KeyError("choices"), ModelFailed),
    ],
)
def test_kinds(error: Exception, kind: type[ModelFailed]) -> None:
    found = failure("fake", error)
    assert type(found) is kind and found.message.startswith(("fake", "The a"))
    assert is_passing(error) is (kind is ModelOverloaded)


def test_httpx_status_errors_count_by_their_response() -> None:
    response = httpx2.Response(503, headers={"retry-after": "3"}, request=REQUEST)
    error = httpx2.HTTPStatusError("busy", request=REQUEST, response=response)
    found = failure("fake", error)
    assert isinstance(found, ModelOverloaded)
    assert found.rate_limited and found.retry_after_s == 3


@pytest.mark.parametrize(
    ("status", "crowded"), [(429, True), (503, True), (529, True), (500, False)]
)
def test_a_crowd_is_told_from_a_stumble(status: int, crowded: bool) -> None:
    found = failure("fake", Stumbled(status))
    assert isinstance(found, ModelOverloaded) and found.rate_limited is crowded


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "20"}, 20.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 30.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 -0000"}, 30.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:27:00 GMT"}, 0.0),
        ({"retry_after_ms": "250", "retry_after": "1"}, 0.25),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after_ms": "nan"}, None),
        ({"retry_after_ms": "inf"}, None),
    ],
)
def test_retry_after(headers: dict[str, Any], seconds: float | None) -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=timezone.utc)
    assert retry_after_s(Stumbled(429, **headers), now) == seconds


def test_an_error_of_ours_stays_itself() -> None:
    error = ModelUnusable("The key is gone.")
    assert failure("fake", error) is error and not is_passing(error)
