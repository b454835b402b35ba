"""Keeps what the local model replies, so that the same request is not computed twice."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import llm

from datasette_llm_tools.local_model.models import AsyncLocalModel, request_body

# What fences a schema is drawn anew by every process and means nothing.
_MARK = re.compile(r"(</?schema )[0-9a-f]{8}>")


def keep_replies(path: Path) -> None:
    """From now on answer requests to the local model from `path`, as far as they are there."""
    kept = sqlite3.connect(path, isolation_level=None)
    kept.execute(
        "CREATE TABLE IF NOT EXISTS replies"
        "(request TEXT PRIMARY KEY, pieces TEXT, input INTEGER, output INTEGER)"
    )
    compute = AsyncLocalModel.execute

    async def execute(
        self: AsyncLocalModel,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None,
    ) -> AsyncGenerator[str, None]:
        request = _MARK.sub(r"\1>", json.dumps(request_body(prompt), sort_keys=True))
        row: Any = kept.execute(
            "SELECT pieces, input, output FROM replies WHERE request = ?", [request]
        ).fetchone()
        if row:
            for piece in json.loads(row[0]):
                yield piece
            response.set_usage(input=row[1], output=row[2])
            return
        pieces = []
        async for piece in compute(self, prompt, stream, response, conversation):
            pieces.append(piece)
            yield piece
        # Whoever had enough of a reply never comes here, and asks for it again.
        kept.execute(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)",
            [request, json.dumps(pieces), response.input_tokens, response.output_tokens],
        )

    AsyncLocalModel.execute = execute  # type: ignore[method-assign]  # for this process alone
