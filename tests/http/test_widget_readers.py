"""What others see of a shared widget while its owner goes on working on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datasette_llm_tools.widgets import store
from tests.sites import BOB, make_site
from tests.widget_sites import changed, kept, reply, url


@pytest.mark.asyncio
async def test_readers_keep_the_version_that_has_run(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await store.share(site.datasette, widget.id, True)
        await changed(site, widget, "<h1>Draft for myself</h1>")
        await changed(site, widget, "<h1>Another draft</h1>")
        page = await site.get(url(widget), BOB)
        data = (await site.get(url(widget, ".json"), BOB)).json()
        frame = await site.post(url(widget, "/1/-/frame"), {}, BOB)
        exported = (await site.get(url(widget, "/-/export.json"), BOB)).json()
        copy = (await site.post(url(widget, "/-/copy"), {}, BOB)).json()["widget"]
        copied = (await site.get(f"{copy['url']}.json", BOB)).json()
        drafts = [await site.get(url(widget, f"/{number}"), BOB) for number in (2, 3)]
        own = (await site.get(url(widget, ".json"))).json()
        assert (await site.post(url(widget, "/3/-/run"), {})).status_code == 200
        after = (await site.get(url(widget, ".json"), BOB)).json()
    assert page.status_code == frame.status_code == 200
    told = page.text + json.dumps([data, exported, copied])
    assert "draft" not in told.lower()
    assert data["widget"]["current"] == data["revision"]["number"] == 1
    assert [each.status_code for each in drafts] == [404, 404]
    assert own["revision"]["number"] == 3 and own["widget"]["current"] == 3
    assert after["revision"]["number"] == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["", ".json", "/1", "/-/export.json", "/-/export.html"])
async def test_a_widget_that_has_never_run_is_its_owners(tmp_path: Path, tail: str) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await site.datasette.get_internal_database().execute_write(
            "update llm_tools_widget_revisions set approved_at = null"
        )
        await store.share(site.datasette, widget.id, True)
        seen = await site.get(url(widget, tail), BOB)
        copied = await site.post(url(widget, "/-/copy"), {}, BOB)
        own = await site.get(url(widget, tail))
    assert (seen.status_code, copied.status_code, own.status_code) == (403, 403, 200)
    assert "has not run" in seen.text and "Sales" not in copied.text
