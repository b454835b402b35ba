"""What models write on the pages of widgets: as events, as JSON, by a form; variants and votes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.widgets import catalog_store, store, vote_store
from datasette_llm_tools.widgets.values import Choice, Draft, Kind, Origin, Writing
from tests.scripted_model import ScriptedModel, registered
from tests.sites import ALICE, BOB, Site, make_site
from tests.widget_sites import (
    HTML_HEADERS,
    REPLY,
    SOURCE,
    WIDGETS,
    changed,
    draft,
    events,
    kept,
    reply,
    url,
)

NO_ROOM = "pragma max_page_count = 1"


def named(found: list[tuple[str, dict[str, Any]]], name: str) -> list[dict[str, Any]]:
    return [data for each, data in found if each == name]


@pytest.mark.asyncio
async def test_a_wish_becomes_a_widget_before_ones_eyes(tmp_path: Path) -> None:
    padding = "<!-- more -->\n" * 200
    whole = REPLY.replace("</p>\n```", f"</p>\n{padding}```")
    script = [whole[start : start + 20] for start in range(0, len(whole), 20)]
    async with make_site(tmp_path, lambda _: script, delay=0.01) as site:
        found = await events(site, WIDGETS, {"prompt": "Sales of each shop"})
        done = named(found, "done")[0]
        page = await site.get(done["url"])
        frames = [await site.get(data["frame"]) for data in named(found, "paint")[-1:]]
        revision = await store.revision(site.datasette, done["id"], 1)
    assert named(found, "title") == [{"title": "Sales by shop"}]
    assert "".join(each["delta"] for each in named(found, "source")) == SOURCE + padding
    assert named(found, "query")[0]["columns"] == ["item", "price"]
    assert found[-1][0] == "done" and done["error"] is None and done["number"] == 1
    # What is seen while it is written: markup, never a script of the model's.
    assert frames and frames[0].status_code == 200 and "<h1>Sales</h1>" in frames[0].text
    assert page.status_code == 200 and "&lt;h1&gt;Sales&lt;/h1&gt;" in page.text
    assert revision is not None and revision.approved_at is None
    assert revision.draft.writing.model_id == "scripted"
    assert revision.draft.writing.prompt == "Sales of each shop"


@pytest.mark.asyncio
async def test_a_wish_as_json_and_by_a_form(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        made = (await site.post(WIDGETS, {"prompt": "Sales", "question": "a" * 24})).json()
        by_form = await site.post(
            WIDGETS,
            {"prompt": "Sales", "sql": "select item from sale", "model": ""},
            headers=HTML_HEADERS,
        )
        widget = await store.get(site.datasette, made["id"])
        sent = site.model.prompts[-1][-1]["text"]
    assert made["ok"] and made["url"] == f"{WIDGETS}/{made['id']}" and made["is_current"]
    assert widget is not None and widget.question_id == "a" * 24
    assert widget.kind is Kind.DOCUMENT and widget.actor_id == "alice" and not widget.shared
    assert by_form.status_code == 303
    assert "select item from sale" in sent


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"prompt": "  "}, 400, "empty"),
        ({"prompt": "x" * 4001}, 400, "4,000 characters"),
        ({"prompt": "x", "sql": "y" * 20_001}, 400, "20,000 characters"),
        ({"prompt": "x", "question": "1 or 1"}, 400, "question"),
        ({"prompt": "x", "model": "nobody"}, 503, "no model nobody"),
        ({"prompt": "x", "models": []}, 400, "one or two"),
        ({"prompt": "x", "models": "scripted"}, 400, "one or two"),
        ({"prompt": "chatty"}, 502, "no HTML"),
    ],
)
async def test_a_wish_that_cannot_be_fulfilled(
    tmp_path: Path, fields: dict[str, Any], status: int, words: str
) -> None:
    async with make_site(tmp_path, reply) as site:
        refused = await site.datasette.client.post(
            WIDGETS, actor=ALICE, json=fields, headers={"accept": "application/json"}
        )
        assert (await catalog_store.catalog(site.datasette, "alice", ["shops"])).widgets == ()
    assert refused.status_code == status and words in refused.json()["error"]


@pytest.mark.asyncio
async def test_visitors_make_nothing_even_where_they_may(tmp_path: Path) -> None:
    config = {"permissions": {"llm-tools-widget": True}}
    async with make_site(tmp_path, reply, config=config) as site:
        denied = await site.post(WIDGETS, {"prompt": "Sales"}, None)
        assert not site.model.prompts
    assert denied.status_code == 403 and "Sign in" in denied.json()["error"]


@pytest.mark.asyncio
async def test_a_reply_without_html_is_told_with_what_the_model_said(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        found = await events(site, WIDGETS, {"prompt": "chatty"})
    done = named(found, "done")[0]
    assert done["url"] is None and "no HTML" in done["error"]
    assert "talk about the weather" in done["reply"]


@pytest.mark.asyncio
async def test_half_a_document_is_kept_and_told(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        done = named(await events(site, WIDGETS, {"prompt": "half"}), "done")[0]
        page = await site.get(done["url"])
    assert "broke off" in done["error"] and page.status_code == 200


class Endless(list[str]):
    """Pieces of a reply that never ends; `began` is set once the first ones were taken."""

    def __init__(self, *first: str) -> None:
        super().__init__(first)
        self.began = asyncio.Event()

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        self.began.set()
        while True:
            yield "<!-- more -->"


@pytest.mark.asyncio
async def test_whoever_stops_keeps_what_was_written(tmp_path: Path) -> None:
    script = Endless(REPLY[:-30], "<p>")
    async with make_site(tmp_path, lambda _: script, delay=0.01) as site:
        stream = asyncio.create_task(events(site, WIDGETS, {"prompt": "Sales"}))
        await script.began.wait()
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)
        found = (await catalog_store.catalog(site.datasette, "alice", ["shops"])).widgets
    assert site.model.closed == 1
    assert [each.title for each in found] == ["Sales by shop"]


@pytest.mark.asyncio
async def test_a_change_is_a_patch_and_a_version(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        found = await events(site, url(widget, "/-/revise"), {"prompt": "all", "parent": "1"})
        revision = await store.revision(site.datasette, widget.id, 2)
        after = await store.get(site.datasette, widget.id)
    done = named(found, "done")[0]
    assert named(found, "replace")[-1]["source"] == SOURCE.replace(">Sales<", ">All sales<")
    assert (done["number"], done["is_current"], done["url"]) == (2, True, url(widget))
    assert revision is not None and revision.draft.origin is Origin.CHANGED
    assert revision.draft.queries == draft().queries and revision.approved_at is None
    assert after is not None and after.current == 2


@pytest.mark.asyncio
async def test_a_change_of_an_older_version_is_a_branch(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await changed(site, widget, "<h1>Sales</h1><p>2")
        told = await site.post(url(widget, "/-/revise"), {"prompt": "all", "parent": "1"})
        streamed = await events(site, url(widget, "/-/revise"), {"prompt": "all", "parent": "1"})
        after = await store.get(site.datasette, widget.id)
        page = await site.get(url(widget, "/3"))
    done = named(streamed, "done")[0]
    assert told.status_code == 409 and told.json()["number"] == 3
    assert done["conflict"] and done["number"] == 4 and done["url"] == url(widget, "/4")
    assert after is not None and after.current == 2
    assert "becomes a branch of version 3" in page.text


@pytest.mark.asyncio
async def test_errors_go_back_to_the_model(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        fields = {"errors": "ReferenceError: x is not defined\n\nTypeError: y", "parent": "1"}
        found = await events(site, url(widget, "/-/mend"), fields)
        sent = site.model.prompts[-1][-1]["text"]
        revision = await store.revision(site.datasette, widget.id, 2)
        nothing = await site.post(url(widget, "/-/mend"), {"errors": " \n"})
    assert named(found, "done")[0]["error"] is None
    assert "x is not defined" in sent and "TypeError: y" in sent
    assert revision is not None and revision.draft.origin is Origin.MENDED
    assert nothing.status_code == 400 and "no errors" in nothing.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["/-/revise", "/-/mend", "/-/variants", "/-/edit"])
async def test_a_chart_is_changed_on_its_own_page(tmp_path: Path, tail: str) -> None:
    async with make_site(tmp_path, reply) as site:
        chart = await kept(site, kind=Kind.CHART, draft=draft('{"mark": "bar"}'))
        fields = {"prompt": "red", "errors": "x", "source": "<p>"}
        refused = await site.post(url(chart, tail), fields)
    assert refused.status_code == 400 and "chart" in refused.json()["error"]


@pytest.mark.asyncio
async def test_a_full_disk_is_told_and_the_page_keeps_what_was_written(tmp_path: Path) -> None:
    long = REPLY.replace("none yet", "none yet " * 5000)
    async with make_site(tmp_path, lambda _: long) as site:
        internal = site.datasette.get_internal_database()
        # The file may not grow from here on, as on a disk that is full.
        await internal.execute_write_fn(lambda connection: connection.execute(NO_ROOM))
        found = await events(site, WIDGETS, {"prompt": "Sales"})
        refused = await site.post(WIDGETS, {"prompt": "Sales"})
    done = named(found, "done")[0]
    assert done["url"] is None and "disk is full" in done["error"]
    assert "<h1>Sales</h1>" in done["reply"]
    assert refused.status_code == 409 and "disk is full" in refused.json()["error"]


async def two(site: Site, fields: dict[str, Any], path: str = WIDGETS) -> dict[str, Any]:
    return named(await events(site, path, {"variants": "1", **fields}), "done")[0]


@pytest.mark.asyncio
async def test_two_models_write_two_variants_of_a_new_widget(tmp_path: Path) -> None:
    other = ScriptedModel(lambda turn: str(REPLY).replace("none yet", "soon"), "other")
    async with make_site(tmp_path, reply) as site:
        with registered(other):
            found = await events(
                site, WIDGETS, {"prompt": "Sales", "variants": "1", "other_model": "other"}
            )
        done = named(found, "done")[0]
        page = await site.get(done["url"])
        data = (await site.get(done["url"].replace("compare?", "compare.json?"))).json()
    assert {data["side"] for name, data in found if name == "source"} == {"left", "right"}
    assert {done["left"], done["right"]} == {1, 2}
    assert {data[side]["model"] for side in ("left", "right")} == {"scripted", "other"}
    assert data["may_vote"] and data["choice"] is None
    # Nobody is told before the vote who wrote which.
    assert "Left is better" in page.text and "other" not in page.text.split("Your vote")[0]


@pytest.mark.asyncio
async def test_one_model_writes_two_variants_of_a_change(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        done = await two(site, {"prompt": "all", "parent": "1"}, url(widget, "/-/variants"))
        after = await store.get(site.datasette, widget.id)
        parents = [each.parent for each in await store.revisions(site.datasette, widget.id)]
    assert {done["left"], done["right"]} == {2, 3}
    assert after is not None and after.current == 1  # until somebody has voted
    assert parents == [1, 1, None]


@pytest.mark.asyncio
async def test_of_two_variants_the_one_that_there_is_is_kept(tmp_path: Path) -> None:
    other = ScriptedModel(lambda turn: "I would rather not.", "other")
    async with make_site(tmp_path, reply) as site:
        with registered(other):
            done = await two(site, {"prompt": "Sales", "other_model": "other"})
    assert done["number"] == 1 and "no HTML" in done["error"]


def variant(model_id: str, source: str) -> Draft:
    return draft(source, origin=Origin.CHANGED, writing=Writing("all", model_id))


async def with_variants(site: Site) -> Any:
    """A widget with two variants of a change, versions 2 and 3."""
    widget = await kept(site)
    for model_id in ("first", "second"):
        made = variant(model_id, f"<p>{model_id}")
        await changed(site, widget, "", draft=made, parent=1, current=False)
    return widget


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("choice", "current"), [("left", 3), ("right", 2), ("tie", 1), ("both_bad", 1)]
)
async def test_a_vote_is_kept_and_the_better_one_is_shown(
    tmp_path: Path, choice: str, current: int
) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await with_variants(site)
        voted = await site.post(
            url(widget, "/-/vote"), {"left": "3", "right": "2", "choice": choice}
        )
        (vote,) = await vote_store.votes(site.datasette, widget.id)
        data = (await site.get(url(widget, "/-/compare.json?left=2&right=3"))).json()
        page = await site.get(url(widget, "/-/compare?left=3&right=2"))
    assert voted.json()["current"] == current
    assert (vote.left.number, vote.left.model_id) == (3, "second")
    assert (vote.right.number, vote.right.model_id) == (2, "first")
    assert vote.choice is Choice(choice) and vote.actor_id == "alice"
    assert (vote.prompt, vote.prompt_kind) == ("all", "document changed")
    # Seen the other way round it is the same vote.
    turned = {"left": "right", "right": "left"}
    assert data["choice"] == turned.get(choice, choice)
    assert "You said" in page.text and "second" in page.text


@pytest.mark.asyncio
async def test_a_person_has_one_vote_on_a_pair(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await with_variants(site)
        path = url(widget, "/-/vote")
        await site.post(path, {"left": "2", "right": "3", "choice": "left"})
        again = await site.post(
            path, {"left": "3", "right": "2", "choice": "tie"}, headers=HTML_HEADERS
        )
        votes = await vote_store.votes(site.datasette, widget.id)
    assert again.status_code == 303
    assert [each.choice for each in votes] == [Choice.TIE]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"left": "2", "right": "3", "choice": "best"}, "both_bad"),
        ({"left": "2", "right": "2", "choice": "left"}, "two different"),
        ({"left": "1", "right": "2", "choice": "left"}, "not variants"),
        ({"choice": "left"}, "two different"),
    ],
)
async def test_a_vote_that_does_not_count(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await with_variants(site)
        refused = await site.post(url(widget, "/-/vote"), fields)
        assert await vote_store.votes(site.datasette, widget.id) == ()
    assert refused.status_code == 400 and words in refused.json()["error"]


@pytest.mark.asyncio
async def test_nobody_is_asked_by_a_model_for_a_widget_of_others(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await store.share(site.datasette, widget.id, True)
        denied = await site.post(url(widget, "/-/revise"), {"prompt": "red"}, BOB)
        assert not site.model.prompts
    assert "copy" in denied.json()["error"]


@pytest.mark.asyncio
async def test_a_branch_that_is_meant_is_no_conflict(tmp_path: Path) -> None:
    async with make_site(tmp_path, reply) as site:
        widget = await kept(site)
        await changed(site, widget, "<h1>Sales</h1><p>2")
        fields = {"prompt": "all", "parent": "1", "branch": "1"}
        made = await site.post(url(widget, "/-/revise"), fields)
        edit = {"source": "<p>", "parent": "1", "branch": "1"}
        edited = await site.post(url(widget, "/-/edit"), edit)
        after = await store.get(site.datasette, widget.id)
    assert (made.status_code, edited.status_code) == (200, 200)
    assert made.json()["conflict"] is None and made.json()["is_current"] is False
    assert after is not None and after.current == 2
