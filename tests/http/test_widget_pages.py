"""The pages of widgets and what people do there: allowed, denied, bad input; HTML and JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.values import Kind, NamedQuery, Origin
from tests.sites import ALICE, BOB, make_site
from tests.widget_sites import HTML_HEADERS, SOURCE, WIDGETS, changed, draft, kept, reply, url

# Who may publish; nobody may unless the configuration says so.
PUBLISHERS = {"permissions": {"llm-tools-publish": {"id": ["alice", "bob"]}}}
MISSING = f"{WIDGETS}/{'0' * 24}"


@pytest.mark.asyncio
async def test_the_catalog_has_ones_own_and_shared_widgets(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        await kept(site, "Mine")
        await kept(site, "Private of Bob", actor_id="bob")
        shared = await kept(site, "Shared of Bob", actor_id="bob")
        await store.share(site.datasette, shared.id, True)
        page = await site.get("/-/widgets")
        found = (await site.get("/-/widgets.json")).json()
        visitor = (await site.get("/-/widgets.json", actor=None)).json()
    assert "Mine" in page.text and "Shared of Bob" in page.text
    assert "Private of Bob" not in page.text and "Make a widget over" in page.text
    assert {each["title"] for each in found["widgets"]} == {"Mine", "Shared of Bob"}
    assert found["databases"] == ["shops"]
    assert [each["title"] for each in visitor["widgets"]] == ["Shared of Bob"]
    assert visitor["databases"] == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=TEA", ["Tea by day"]),
        ("q=each+shop", ["Milk", "Tea by day"]),  # in the prompts
        ("kind=chart", ["Milk"]),
        ("kind=document", ["Tea by day"]),
        ("kind=nonsense", ["Milk", "Tea by day"]),
        ("q=%25", []),
        ("database=elsewhere", []),
        ("q=" + "x" * 5000, []),
    ],
)
async def test_the_catalog_can_be_searched(tmp_path: Path, query: str, titles: list[str]) -> None:
    async with make_site(tmp_path, reply) as site:
        await kept(site, "Tea by day")
        await kept(site, "Milk", kind=Kind.CHART, draft=draft('{"mark": "bar"}'))
        found = (await site.get(f"/-/widgets.json?{query}")).json()
        page = await site.get(f"/-/widgets?{query}")
    assert sorted(each["title"] for each in found["widgets"]) == titles
    assert page.status_code == 200


@pytest.mark.asyncio
async def test_the_catalog_leads_from_page_to_page(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        for number in range(31):
            await kept(site, f"Widget {number}")
        first = (await site.get("/-/widgets.json")).json()
        second = (await site.get(f"/-/widgets.json{first['next']}")).json()
    assert (len(first["widgets"]), len(second["widgets"])) == (30, 1)
    assert second["next"] is None


@pytest.mark.asyncio
async def test_nobody_lists_widgets_of_a_database_that_they_may_not_query(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"allow_sql": {"id": "bob"}}}}
    async with make_site(tmp_path, reply, config=config) as site:
        widget = await kept(site)
        assert (await site.get("/-/widgets.json")).json()["widgets"] == []
        assert (await site.get(url(widget))).status_code == 403


@pytest.mark.asyncio
async def test_the_page_for_a_new_widget(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        page = await site.get(f"{WIDGETS}?sql=select+item+from+sale&prompt=Tea")
        data = (await site.get(f"{WIDGETS}.json")).json()
        denied = await site.get(WIDGETS, actor=None)
        missing = await site.get("/-/widgets/nothing")
    assert "select item from sale" in page.text and ">Tea</textarea>" in page.text
    assert data["models"][0] == "scripted" and data["ideas"]
    assert (denied.status_code, missing.status_code) == (403, 404)


@pytest.mark.asyncio
async def test_the_studio_can_be_read_without_javascript(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site, draft=draft(SOURCE + "<script>1 < 2</script>"))
        await changed(site, widget, "<h1>Other</h1>")
        page = await site.get(url(widget))
        first = await site.get(url(widget, "/1"))
    # Source, query, parameter, contract, cost and prompt, all as text.
    for shown in (
        "&lt;h1&gt;Other&lt;/h1&gt;",
        "WHERE shop_id = :shop",
        "from 1 to 9",
        "<code>price</code> float",
        "1,200 tokens in, 340 out",
        "$0.0042",
        "2.3 s",
        "Sales of each shop",
        'class="diff-removed"',
    ):
        assert shown in page.text, shown
    assert "1 &lt; 2&lt;/script&gt;" in first.text and "version 2 is the one" in first.text
    policy = page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "/-/widgets/-/frame" in policy.split("frame-src")[1].split(";")[0]


@pytest.mark.asyncio
async def test_a_version_as_json(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await changed(site, widget, "<h1>Other</h1>")
        data = (await site.get(url(widget, ".json"))).json()
        first = (await site.get(url(widget, "/1.json"))).json()
    assert data["widget"]["title"] == "Sales by shop" and data["widget"]["current"] == 2
    assert data["revision"]["source"] == "<h1>Other</h1>" and data["revision"]["parent"] == 1
    assert first["revision"]["queries"][0]["parameters"][0]["maximum"] == 9
    assert first["revision"]["contract"]["sales"][1] == {"name": "price", "type": "float"}
    assert [each["number"] for each in data["revisions"]] == [2, 1]
    assert data["revisions"][1]["usd"] == 0.0042


@pytest.mark.asyncio
async def test_others_read_a_shared_widget_as_it_is_shown_and_no_prompts(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply, config=PUBLISHERS) as site:
        widget = await kept(site)
        await changed(site, widget, "<h1>Shown to all</h1>")
        await store.approve(site.datasette, widget.id, 2)
        assert (await site.get(url(widget), BOB)).status_code == 404
        shared = await site.post(url(widget, "/-/share"), {"shared": "1"})
        assert shared.json()["widget"]["shared"] is True
        page = await site.get(url(widget), BOB)
        data = (await site.get(url(widget, ".json"), BOB)).json()
        visitor = await site.get(url(widget), None)
        older = await site.get(url(widget, "/1"), BOB)
        compared = await site.get(url(widget, "/-/compare?left=1&right=2"), BOB)
    assert "Shown to all" in page.text and "Sales of each shop" not in page.text
    assert data["revision"]["prompt"] is None and data["revisions"] == []
    assert data["revision"]["tokens"] == {"input": None, "output": None}
    assert (data["revision"]["usd"], data["revision"]["milliseconds"]) == (None, None)
    assert data["revision"]["model"] == "scripted"
    assert "Shown to all" in visitor.text and "Make a copy" not in visitor.text
    assert (older.status_code, compared.status_code) == (404, 403)


@pytest.mark.asyncio
async def test_sharing_is_a_permission_of_its_own(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        denied = await site.post(url(widget, "/-/share"), {"shared": "1"})
        page = await site.get(url(widget))
        found = await store.get(site.datasette, widget.id)
        stopped = await site.post(url(widget, "/-/share"), {"shared": "0"})
    assert denied.status_code == 403 and "llm-tools-publish" in denied.json()["error"]
    assert "you need the permission llm-tools-publish" in page.text
    assert found is not None and not found.shared
    assert stopped.status_code == 200  # whoever may not share may always stop


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("tail", "fields"),
    [
        ("/-/revise", {"prompt": "red"}),
        ("/-/mend", {"errors": "x is not defined"}),
        ("/-/variants", {"prompt": "red"}),
        ("/-/edit", {"source": "<p>"}),
        ("/-/restore", {"number": "1"}),
        ("/-/rename", {"title": "Mine now"}),
        ("/-/share", {"shared": "1"}),
        ("/-/vote", {"left": "1", "right": "2", "choice": "left"}),
        ("/-/delete", {}),
    ],
)
async def test_nobody_changes_a_widget_of_others(
    tmp_path: Path, tail: str, fields: dict[str, str]
) -> None:
    async with make_site(tmp_path, reply, config=PUBLISHERS) as site:
        widget = await kept(site)
        hidden = await site.post(url(widget, tail), fields, BOB)
        await store.share(site.datasette, widget.id, True)
        denied = await site.post(url(widget, tail), fields, BOB)
        visitor = await site.post(url(widget, tail), fields, None)
        after = await store.get(site.datasette, widget.id)
        read = await site.get(url(widget, tail))
        assert not site.model.prompts
        assert len(await store.revisions(site.datasette, widget.id)) == 1
    assert (hidden.status_code, denied.status_code, visitor.status_code) == (404, 403, 403)
    assert after is not None and after.title == "Sales by shop" and after.shared
    assert read.status_code == 405


@pytest.mark.asyncio
async def test_an_owner_without_the_permission_reads_and_changes_nothing(tmp_path: Path) -> None:
    config = {"permissions": {"llm-tools-widget": {"id": "bob"}}}
    async with make_site(tmp_path, reply, config=config) as site:
        widget = await kept(site)
        page = await site.get(url(widget))
        denied = await site.post(url(widget, "/-/rename"), {"title": "New"})
    assert page.status_code == 200 and "Change it" not in page.text
    assert denied.status_code == 403 and "llm-tools-widget" in denied.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize("path", [MISSING, f"{MISSING}/1", f"{MISSING}/-/compare?left=1&right=2"])
async def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    async with make_site(tmp_path, reply) as site:
        assert (await site.get(path)).status_code == 404


@pytest.mark.asyncio
async def test_a_widget_is_not_found_under_another_database(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site, database="gone")
        assert (await site.get(url(widget))).status_code == 404
        assert (await site.get(f"/-/widgets/gone/{widget.id}")).status_code == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("number", ["7", "2147483648", "9999999999"])
async def test_a_version_that_is_not_there(tmp_path: Path, number: str) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        assert (await site.get(url(widget, f"/{number}"))).status_code == 404
        restored = await site.post(url(widget, "/-/restore"), {"number": number})
    assert restored.status_code in (400, 404)


@pytest.mark.asyncio
async def test_an_edit_is_a_version_and_keeps_what_its_queries_give(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        fields = {
            "source": "<h1>By hand</h1>",
            "queries": "```query towns\nselect name, city from shop\n```",
            "parent": "1",
        }
        saved = (await site.post(url(widget, "/-/edit.json"), fields)).json()
        revision = await store.revision(site.datasette, widget.id, 2)
        page = await site.post(
            url(widget, "/-/edit"), {"source": "<h1>Again</h1>"}, headers=HTML_HEADERS
        )
    assert saved["number"] == 2 and saved["is_current"] and saved["notes"] == []
    assert revision is not None and revision.draft.origin is Origin.EDITED
    assert revision.approved_at is None
    assert [each.name for each in revision.draft.contract["towns"]] == ["name", "city"]
    assert page.status_code == 303 and page.headers["location"] == url(widget, "/3")


@pytest.mark.asyncio
async def test_an_edit_of_which_a_query_does_not_run_is_kept_and_says_so(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        queries = [
            {"name": "typo", "sql": "select nme from shop"},
            {"name": "secret", "sql": "select word from secret"},
        ]
        saved = await site.datasette.client.post(
            url(widget, "/-/edit.json"), actor=ALICE, json={"source": "<p>", "queries": queries}
        )
        revision = await store.revision(site.datasette, widget.id, 2)
    typo, secret = saved.json()["notes"]
    assert "no such column: nme" in typo and "secret" in secret
    assert revision is not None and dict(revision.draft.contract) == {}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": "  "}, "empty"),
        ({"source": "<p>" * 200_000}, "max_widget_bytes"),
        ({"source": "<p>", "queries": "select 1"}, "block"),
        ({"source": "<p>", "queries": "```query 1x\nselect 1\n```"}, "1x"),
        ({"source": "<p>", "queries": "```query a\nselect :b\n```"}, ":b"),
        ({"source": "<p>", "parent": "one"}, "number of a version"),
    ],
)
async def test_an_edit_that_cannot_be_kept(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        refused = await site.post(url(widget, "/-/edit"), fields)
        assert len(await store.revisions(site.datasette, widget.id)) == 1
    assert refused.status_code == 400 and words in refused.json()["error"]


@pytest.mark.asyncio
async def test_of_two_tabs_the_second_is_told_and_loses_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        first = await site.post(url(widget, "/-/edit"), {"source": "<p>one", "parent": "1"})
        second = await site.post(url(widget, "/-/edit"), {"source": "<p>two", "parent": "1"})
        told = second.json()
        after = await store.get(site.datasette, widget.id)
        page = await site.get(told["url"])
        shown = await site.post(url(widget, "/-/restore"), {"number": "3"})
    assert (first.status_code, second.status_code) == (200, 409)
    assert "Version 2 was saved meanwhile" in told["error"] and told["number"] == 3
    assert after is not None and after.current == 2
    assert "&lt;p&gt;two" in page.text and "Show version 3 from now on" in page.text
    assert shown.json()["widget"]["current"] == 3


@pytest.mark.asyncio
async def test_restoring_shows_another_version_as_it_was(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await changed(site, widget, "<h1>Other</h1>")
        restored = await site.post(url(widget, "/-/restore"), {"number": "1"}, headers=HTML_HEADERS)
        page = await site.get(restored.headers["location"])
        revision = await store.revision(site.datasette, widget.id, 1)
        missing = await site.post(url(widget, "/-/restore"), {"number": "9"})
        nothing = await site.post(url(widget, "/-/restore"), {})
    assert "&lt;h1&gt;Sales&lt;/h1&gt;" in page.text
    assert revision is not None and revision.approved_at  # its owner had run it
    assert (missing.status_code, nothing.status_code) == (404, 400)


@pytest.mark.asyncio
async def test_a_copy_is_ones_own_and_has_not_run(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        assert (await site.post(url(widget, "/-/copy"), {}, BOB)).status_code == 404
        await store.share(site.datasette, widget.id, True)
        made = (await site.post(url(widget, "/-/copy"), {}, BOB)).json()["widget"]
        visitor = await site.post(url(widget, "/-/copy"), {}, None)
        data = (await site.get(f"{made['url']}.json", BOB)).json()
        hidden = await site.get(made["url"])
    assert made["title"] == "Copy of Sales by shop" and made["copied_from"] == widget.id
    assert made["owner"] == "bob" and not made["shared"]
    assert data["revision"]["source"] == SOURCE and data["revision"]["origin"] == "copied"
    assert data["revision"]["prompt"] is None and data["revision"]["approved_at"] is None
    assert (visitor.status_code, hidden.status_code) == (403, 404)


@pytest.mark.asyncio
async def test_renaming_and_deleting(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        renamed = await site.post(url(widget, "/-/rename"), {"title": " New \n name "})
        empty = await site.post(url(widget, "/-/rename"), {"title": " "})
        deleted = await site.post(url(widget, "/-/delete"), {}, headers=HTML_HEADERS)
        gone = await site.get(url(widget))
        page = await site.get("/-/widgets", cookies=deleted.cookies)
    assert renamed.json()["widget"]["title"] == "New name"
    assert empty.status_code == 400
    assert deleted.status_code == 303 and gone.status_code == 404
    assert "was deleted" in page.text


@pytest.mark.asyncio
async def test_names_and_sources_are_text_on_every_page(tmp_path: Path) -> None:
    hostile = "</textarea></script><img src=x onerror=harm()>"
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site, hostile, draft=draft(f"\n{hostile}"))
        await changed(site, widget, f"\n{hostile}<p>2")
        pages = [
            await site.get(path) for path in ("/-/widgets", WIDGETS, url(widget), url(widget, "/1"))
        ] + [await site.get(url(widget, "/-/compare?left=1&right=2"))]
    for page in pages:
        assert page.status_code == 200 and "<img src=x" not in page.text


@pytest.mark.asyncio
async def test_comparing_two_versions(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await changed(site, widget, SOURCE.replace("none yet", "soon"))
        page = await site.get(url(widget, "/-/compare?left=1&right=2"))
        data = (await site.get(url(widget, "/-/compare.json?left=1&right=2"))).json()
        bad: list[Any] = [
            await site.get(url(widget, f"/-/compare?{query}"))
            for query in ("left=1", "left=1&right=1", "left=x&right=2", "left=1&right=9")
        ]
    assert page.text.count("<llm-tools-widget") == 2
    assert "none yet" in page.text and 'class="diff-added"' in page.text
    assert data["left"]["number"] == 1 and data["may_vote"] is False
    assert [each.status_code for each in bad] == [400, 400, 400, 404]


@pytest.mark.asyncio
async def test_two_versions_of_a_chart_are_drawn_side_by_side(tmp_path: Path) -> None:
    query = NamedQuery("rows", "select item, price from sale")
    bars = {"mark": "bar", "x": "item", "y": "price", "aggregate": "sum"}
    sources = [json.dumps({**bars, **more}) for more in ({}, {"aggregate": "mean"})]
    async with make_site(tmp_path, reply) as site:
        first = draft(sources[0], queries=(query,))
        widget = await kept(site, kind=Kind.CHART, draft=first)
        await changed(site, widget, "", draft=draft(sources[1], queries=(query,)))
        page = await site.get(url(widget, "/-/compare?left=1&right=2"))
    assert page.status_code == 200
    assert page.text.count("<llm-tools-chart ") == 2
    assert page.text.count('id="llm-tools-chart-panel"') == 1
    titles = re.findall(r'<h2 class="chart-title">(.*?)<', page.text)
    assert len(set(titles)) == 2 and all("price" in each for each in titles)
    assert "data-save-url" not in page.text
