"""A reader runs the blocks of an exploration again, and finds explorations in the catalog."""

from __future__ import annotations

import os
from typing import Any, Literal

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from test_looks import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STEADY, DRIFTS, GONE = ("a" * 12, "b" * 12, "c" * 12)
SQL = {
    STEADY: "select name from airlines order by name",
    DRIFTS: "select 'now' as what, strftime('%f') || random() as at",
    GONE: "select * from no_such_table",
}
# Where a test is to leave pictures, for a person to look at.
PICTURES = os.environ.get("EXPLORATION_PICTURES")


def block(block_id: str, title: str) -> dict[str, Any]:
    told = {"id": block_id, "kind": "query", "title": title, "database": "demo", "query": ""}
    return {**told, "sql": SQL[block_id]}


DOCUMENT = {
    "title": "Airlines and the time",
    "summary": "Two lists that can be read, and one that cannot.",
    "tags": ["airlines"],
    "blocks": [
        {"id": "d" * 12, "kind": "words", "text": "## Airlines\n\nThese are **all** of them."},
        block(STEADY, "All airlines"),
        block(DRIFTS, "What time it is"),
        block(GONE, "A table that is gone"),
    ],
}
POST = """async ([url, body]) => {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    return response.json();
}"""


async def published(seen: Visit) -> str:
    """The address of an exploration that everybody may read."""
    made = await seen.page.evaluate(POST, ["/-/explorations/-/new", {"document": DOCUMENT}])
    url = str(made["url"])
    shared = await seen.page.evaluate(POST, [f"{url}/-/publish", {"public": "1"}])
    assert shared["ok"], shared
    return url


async def picture(seen: Visit, name: str) -> None:
    if PICTURES:
        await seen.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


async def test_a_reader_runs_all_blocks_again_on_the_page(visit: Visiting) -> None:
    author = await visit("/-/explorations")
    url = await published(author)
    reader = await visit(url)
    page = reader.page
    await expect(page.locator("[data-badge] .badge")).to_have_count(0)
    await page.get_by_role("button", name="Run all blocks again").focus()
    await page.keyboard.press("Enter")
    await expect(
        page.get_by_text("1 as published, 1 drifted, 1 cannot be checked.")
    ).to_be_visible()
    await expect(page.locator(f'[data-badge="{STEADY}"] .badge-same')).to_have_text("as published")
    await picture(reader, "checked")
    await page.locator(f'[data-badge="{DRIFTS}"] .badge-different').click()
    await page.wait_for_url("**/-/certificate**")
    await expect(page.locator(f"#certificate-{DRIFTS} .row-changed ins")).to_be_visible()
    await expect(page.locator(f"#certificate-{GONE}")).to_contain_text("no_such_table")


async def test_the_page_of_certificates_without_javascript(visit: Visiting) -> None:
    author = await visit("/-/explorations")
    url = await published(author)
    reader = await visit(f"{url}/-/certificate", java_script_enabled=False)
    await reader.page.locator(f"#certificate-{STEADY}").get_by_role("button").click()
    await expect(reader.page.locator(f"#certificate-{STEADY} .badge-same")).to_be_visible()
    await reader.page.get_by_role("button", name="Run all blocks again").click()
    await expect(reader.page.locator(f"#certificate-{DRIFTS} .badge-different")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_of_checks_and_the_catalog_fit_and_can_be_read(
    visit: Visiting, scheme: Literal["light", "dark"], width: int
) -> None:
    seen = await visit(
        "/-/explorations", color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    url = await published(seen)
    changed = {**DOCUMENT, "title": "Later", "blocks": DOCUMENT["blocks"][1:3][::-1]}
    saved = await seen.page.evaluate(
        POST, [f"{url}/-/save", {"document": changed, "base": None, "keep": True}]
    )
    assert saved["ok"], saved

    async def check(name: str) -> None:
        await picture(seen, f"{name}-{scheme}-{width}")
        assert not await seen.may_scroll_sideways(), name
        assert await seen.page.evaluate(LOW_CONTRAST) == [], name

    await seen.goto("/-/explorations?own=1")
    await check("catalog")
    await seen.page.get_by_role("button", name="Pin to the home page").click()
    await expect(seen.page.get_by_text("is on the home page now")).to_be_visible()
    await seen.goto("/")
    assert not await seen.may_scroll_sideways()
    await expect(seen.page.locator(".llm-tools-pins").get_by_text("Airlines")).to_have_count(1)
    await seen.page.evaluate(POST, [f"{url}/-/pin", {"pinned": "0"}])
    await seen.goto(f"{url}/-/certificate")
    await seen.page.get_by_role("button", name="Run all blocks again").click()
    await seen.page.wait_for_selector(".row-changed")
    for each in await seen.page.locator("details summary").all():
        if await each.is_visible():
            await each.click()
    await check("certificate")
    await seen.goto(f"{url}/-/compare")
    await expect(seen.page.locator(".compared-block").first).to_be_visible()
    await check("compare")
