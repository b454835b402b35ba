"""A real question, answered by the model that runs on this machine, as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Visiting
from playwright.async_api import expect
from server import Server, start_server

from datasette_llm_tools.local_model import files

pytestmark = [
    pytest.mark.browser,
    pytest.mark.local_model,
    pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed"),
    pytest.mark.skipif(
        files.glance(files.QWEN) is not files.Status.INSTALLED,
        reason="the local model is not installed: datasette llm-tools local-model install",
    ),
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest.fixture(scope="module")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("local")
    running = start_server(folder, scripted=False, models=files.models_directory())
    yield running
    running.stop()


async def test_demo_db_is_asked_a_real_question(visit: Visiting, local_server: Server) -> None:
    asked = await visit(on=local_server)
    asked.page.set_default_timeout(120_000)
    warm = asked.page.locator("llm-tools-warm")
    await expect(warm).to_have_text("Ready", timeout=120_000)
    await asked.ask("How many airlines are there?")
    await asked.page.wait_for_selector("article.live .live-sql code:not(:empty)")
    await asked.page.wait_for_selector("article.live .rows tbody td")
    await asked.answered()
    article = asked.page.locator("article[data-status=answered]")
    await expect(article.locator("tbody td")).to_have_text("16")
    await expect(article.locator(".words")).to_contain_text("16")
    await article.get_by_text("Model, time and prompts").click()
    await expect(article.locator(".how")).to_contain_text(files.QWEN.model_id)


async def test_stop_ends_the_local_model_at_once(visit: Visiting, local_server: Server) -> None:
    asked = await visit(on=local_server)
    asked.page.set_default_timeout(120_000)
    await expect(asked.page.locator("llm-tools-warm")).to_have_text("Ready", timeout=120_000)
    await asked.ask("List all columns of flights and planes and airports of every cancelled flight")
    await asked.page.wait_for_selector("article.live .live-sql code:not(:empty)")
    await asked.page.keyboard.press("Enter")
    await expect(asked.page.get_by_role("alert")).to_contain_text("Stopped.")
    await asked.page.get_by_role("link", name="Open what was saved").click()
    await expect(asked.page.locator(".message-warning")).to_contain_text("Stopped")
