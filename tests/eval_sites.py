"""Suites and runs of a site over HTTP: the suite of eval_suites, started and waited for."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.eval_suites import CASES
from tests.sites import ALICE, Site

ROOT = {"id": "root"}
# Alice may evaluate the shops; nobody but root may by default.
ALLOWED: dict[str, Any] = {
    "databases": {
        "shops": {
            "permissions": {"llm-tools-eval": {"id": ["root", "alice"]}},
            "tables": {"secret": {"allow": {"id": "root"}}},
        }
    }
}
SUITE = "/-/evals/shop%20questions"


def suite_text(cases: list[tuple[str, str, str, str]] = CASES, database: str = "shops.db") -> str:
    """The suite as YAML."""
    lines = ["suite: shop questions", f"database: {database}", "cases:"]
    for number, (question, sql, _, _) in enumerate(cases):
        lines += [f"- id: c{number}", f"  question: {question!r}", f"  sql: {sql!r}", "  tags: [s]"]
    return "\n".join(lines)


async def imported(site: Site, actor: dict[str, Any] = ALICE, **fields: Any) -> str:
    """Import the suite and return its address."""
    response = await site.post("/-/evals.json", {"text": suite_text(), **fields}, actor)
    assert response.status_code == 200, response.text
    return str(response.json()["url"])


async def started(site: Site, url: str, actor: dict[str, Any] = ALICE, **fields: Any) -> str:
    """Start a run and return its address."""
    response = await site.post(f"{url}/-/start.json", {"model": "scripted", **fields}, actor)
    assert response.status_code == 200, response.text
    return str(response.json()["url"])


async def rested(site: Site, url: str, actor: dict[str, Any] = ALICE) -> dict[str, Any]:
    """Wait until a run goes on no more, and return it."""
    for _ in range(1200):
        response = await site.get(f"{url}.json", actor)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        if found["status"] not in ("waiting", "running"):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the run does not come to an end")


async def asked(site: Site, url: str, at_least: int, actor: dict[str, Any] = ALICE) -> None:
    """Wait until so many cases of a run were asked."""
    for _ in range(1200):
        if (await site.get(f"{url}.json", actor)).json()["asked"] >= at_least:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the run does not get on")
