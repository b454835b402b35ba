"""Writing explorations over HTTP: allowed, denied, bad input; pages and JSON."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from datasette_llm_tools.explorations import store
from datasette_llm_tools.explorations.canonical import digest
from datasette_llm_tools.explorations.documents import document_json
from datasette_llm_tools.explorations.values import Exploration
from datasette_llm_tools.questions import store as question_store
from datasette_llm_tools.widgets import store as widget_store
from datasette_llm_tools.widgets.values import Draft, Kind, NamedQuery, Origin
from tests.enrichment_runs import ROOT, working_on_notes
from tests.exploration_sites import (
    CHART,
    EXPLORATIONS,
    PUBLISHING,
    SECRET,
    WORDS,
    make_exploration,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

HTML = {"accept": "text/html"}
MISSING = f"{EXPLORATIONS}/{'0' * 24}"
PROPOSAL = {
    "title": "Tea sells",
    "summary": "Tea costs 3.5 and 99.",
    "headings": [{"block": "b2", "text": "What was sold"}],
}


def answers(turn: str) -> str:
    return json.dumps(PROPOSAL) if "<blocks " in turn else "SELECT COUNT(*) FROM shop;"


def at(made: Exploration, tail: str) -> str:
    return f"{EXPLORATIONS}/{made.id}/-/{tail}"


async def sent(site: Site, path: str, value: dict[str, Any], actor: Any = ALICE) -> Any:
    """POST JSON, as the page does."""
    return await site.datasette.client.post(
        path, json=value, actor=actor, headers={"accept": "application/json"}
    )


async def added(site: Site, actor: Any = ALICE, **source: Any) -> Any:
    """The one block of a new exploration that something was added to, or the error."""
    response = await sent(site, f"{EXPLORATIONS}/-/add", source, actor)
    told = response.json()
    return told["block"] if response.status_code == 200 else (response.status_code, told["error"])


@pytest.mark.asyncio
async def test_an_exploration_is_made_empty_or_of_a_document(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        empty = await site.post(f"{EXPLORATIONS}/-/new", {"title": "Tea"}, headers=HTML)
        page = await site.get(empty.headers["location"])
        whole = await sent(
            site, f"{EXPLORATIONS}/-/new", {"document": document_json(shop_document())}
        )
        read = (await site.get(f"{whole.json()['url']}/-/edit.json")).json()
        visitor = await sent(site, f"{EXPLORATIONS}/-/new", {}, None)
        bad = await sent(site, f"{EXPLORATIONS}/-/new", {"document": {"blocks": [{"kind": "x"}]}})
    assert empty.status_code == 303 and ">Tea</textarea>" in page.text
    assert whole.status_code == 201
    assert read["document"] == document_json(shop_document())
    assert visitor.status_code == 403 and "Sign in" in visitor.json()["error"]
    assert bad.status_code == 400 and "Block 1" in bad.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["edit", "history"])
async def test_only_the_author_reads_what_is_written(tmp_path: Path, tail: str) -> None:
    async with make_site(tmp_path, answers, config=dict(PUBLISHING)) as site:
        made, shown = await make_exploration(site), await published(site)
        status = [
            (await site.get(at(one, tail), actor)).status_code
            for one, actor in ((made, ALICE), (made, BOB), (made, None), (shown, BOB))
        ]
        missing = await site.get(f"{MISSING}/-/{tail}")
    assert status == [200, 404, 404, 403]
    assert missing.status_code == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["save", "preview", "propose", "restore", "delete"])
async def test_only_the_author_changes_anything(tmp_path: Path, tail: str) -> None:
    async with make_site(tmp_path, answers, config=dict(PUBLISHING)) as site:
        made = await published(site)
        denied = [await sent(site, at(made, tail), {}, actor) for actor in (BOB, None)]
        wrong_method = await site.get(at(made, tail))
        kept = await store.get(site.datasette, made.id)
    assert [each.status_code for each in denied] == [403, 403]
    assert wrong_method.status_code == 405
    assert kept == made and site.model.prompts == []


@pytest.mark.asyncio
async def test_the_page_has_a_form_that_works_by_itself(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        page = (await site.get(at(made, "edit"))).text
        fields = _form(page)
        same = await site.post(at(made, "save"), {**fields, "do": "save"}, headers=HTML)
        moved = {**fields, "base": "2.1", "do": f"up {CHART.id}", "title": "Renamed"}
        after = await site.post(at(made, "save"), moved, headers=HTML)
        read = (await site.get(at(made, "edit.json"))).json()
    assert "<script>" not in page.split('<section class="content">')[1].split("</section>")[0]
    assert same.status_code == 303 and same.headers["location"] == at(made, "edit")
    assert after.headers["location"].endswith(f"/-/edit#edit-block-{CHART.id}")
    assert (read["number"], read["edition"], read["is_draft"]) == (2, 2, True)
    assert read["document"]["title"] == "Renamed"
    assert [each["id"][0] for each in read["document"]["blocks"]] == ["a", "c", "b", "d"]


def _form(page: str) -> dict[str, str]:
    """The fields of the page's form, as a browser would send them."""

    form = page.split('data-part="form">')[1].split("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name:
            fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        fields[name] = html.unescape(text)
    for name, options in re.findall(r'<select name="([^"]*)">(.*?)</select>', form, re.S):
        chosen = re.search(r'value="(\w+)" selected', options)
        fields[name] = chosen[1] if chosen else "text"
    return fields


@pytest.mark.asyncio
async def test_the_version_of_a_widget_is_chosen_on_the_page(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        block = await widget_block(site)
        made = await make_exploration(site, shop_document(block))
        fields = _form((await site.get(at(made, "edit"))).text)
        typed = {**fields, f"{block.id}.revision": "7"}
        await site.post(at(made, "save"), {**typed, "do": "save"})
        read = (await site.get(at(made, "edit.json"))).json()["document"]
        shown = await site.post(at(made, "preview"), {**typed, "block": block.id})
    assert fields[f"{block.id}.revision"] == "1"
    assert read["blocks"][0]["revision"] == 7
    assert "has no version 7" in shown.json()["html"]


@pytest.mark.asyncio
async def test_autosave_writes_over_a_draft_and_a_version_stays(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        told = []
        base: Any = {"number": 1, "edition": 1}
        for title, keep in (("One", False), ("Two", False), ("Three", True), ("Four", False)):
            value = {"document": {"title": title}, "base": base, "keep": keep}
            answer = (await sent(site, at(made, "save"), value)).json()
            base = {name: answer[name] for name in ("number", "edition")}
            told.append((answer["number"], answer["edition"], answer["is_draft"]))
            assert answer["conflict"] is None and answer["saved_at"]
        versions = (await site.get(at(made, "history.json"))).json()["versions"]
    assert told == [(2, 1, True), (2, 2, True), (2, 3, False), (3, 1, True)]
    assert [each["title"] for each in versions] == ["Four", "Three", "Shops and tea"]


@pytest.mark.asyncio
async def test_what_two_tabs_save_is_kept_and_said(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        base = {"number": 1, "edition": 1}
        await sent(site, at(made, "save"), {"document": {"title": "First tab"}, "base": base})
        value = {"document": {"title": "Second tab"}, "base": base}
        second = (await sent(site, at(made, "save"), value)).json()
        page = await site.post(at(made, "save"), {"title": "Form", "base": "1.1"}, headers=HTML)
        current = (await site.get(at(made, "edit.json"))).json()
        restored = await sent(site, at(made, "restore"), {"number": second["number"]})
        after = (await site.get(at(made, "edit.json"))).json()
    assert second["number"] == 3 and second["conflict"]["number"] == 2
    assert second["conflict"]["message"] == (
        "Version 2 was saved meanwhile; yours is kept as version 3."
    )
    assert second["conflict"]["compare_url"].endswith("/-/compare?left=2&right=3")
    assert page.status_code == 303 and page.headers["location"].endswith("/-/history")
    assert current["document"]["title"] == "First tab"
    assert restored.json()["origin"] == "restored"
    assert after["document"]["title"] == "Second tab"


@pytest.mark.asyncio
async def test_a_save_tells_the_contents_and_who_follows_a_parameter(tmp_path: Path) -> None:
    document = document_json(shop_document())
    document["blocks"][0]["text"] = "# Part one"
    document["blocks"][1]["sql"] = "select :day"
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        answer = (await sent(site, at(made, "save"), {"document": document})).json()
    assert [(each["level"], each["text"]) for each in answer["contents"]] == [
        (2, "Part one"),
        (3, "What was sold?"),
        (3, "Sales by item"),
        (3, "Shops in a city"),
    ]
    assert answer["contents"][0]["anchor"] == f"edit-block-{WORDS.id}"
    assert answer["parameters"] == {"city": ["Query “Shops in a city”"]}
    assert answer["undeclared"] == {"day": ["Question “What was sold?”"]}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"document": {"title": "x", "blocks": [{}] * 5}}, "there may be 4"),
        ({"document": {"title": "x", "summary": "y" * 3000}}, "exploration_bytes"),
        ({"document": {"titel": "x"}}, "titel"),
        ({"document": {}, "base": {"number": 9, "edition": 1}}, "no version 9"),
        ({"document": {}, "base": "one"}, "base must be"),
        ({"order": "a b"}, "Block 1: id"),
        ({"number": 3}, None),
    ],
)
async def test_what_cannot_be_saved_is_refused(
    tmp_path: Path, value: dict[str, Any], said: str | None
) -> None:
    settings = {"exploration_blocks": 4, "exploration_bytes": 2000}
    async with make_site(tmp_path, answers, settings=settings) as site:
        made = await make_exploration(site, shop_document(WORDS))
        answer = await sent(site, at(made, "save"), value)
        kept = await store.get(site.datasette, made.id)
    if said is None:
        assert answer.status_code == 200
        return
    assert answer.status_code in (400, 404) and said in answer.json()["error"]
    assert kept == made


@pytest.mark.asyncio
async def test_a_preview_runs_as_the_author_through_the_guard(tmp_path: Path) -> None:
    document = document_json(shop_document())
    secret = document_json(shop_document(SECRET))["blocks"]
    document["blocks"] += secret
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        found = {}
        for block in document["blocks"]:
            value = {"document": document, "block": block["id"]}
            found[block["id"][0]] = (await sent(site, at(made, "preview"), value)).json()["html"]
        missing = await sent(site, at(made, "preview"), {"document": document, "block": "f" * 12})
    assert "<strong>everywhere</strong>" in found["a"]
    assert "milk" in found["b"] and "Tea costs 3.5" in found["b"]
    assert "llm-tools-exploration-chart" in found["c"]
    assert "Market" in found["d"] and "Corner" not in found["d"]
    assert "hush" not in found["e"] and "block-refused" in found["e"]
    assert missing.status_code == 404


@pytest.mark.asyncio
async def test_words_of_an_author_are_rebuilt(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://example.org/i)"
    document = document_json(shop_document(WORDS))
    document["blocks"][0]["text"] = hostile
    document["title"] = document["summary"] = hostile
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        await sent(site, at(made, "save"), {"document": document})
        page = (await site.get(at(made, "edit"))).text
        history = (await site.get(at(made, "history"))).text
        value = {"document": document, "block": WORDS.id}
        html = (await sent(site, at(made, "preview"), value)).json()["html"]
    for text in (page, history, html):
        assert "<script>alert" not in text and 'href="javascript' not in text
        assert "<img" not in text.split('<section class="content">')[-1]


@pytest.mark.asyncio
async def test_a_proposal_marks_numbers_that_no_row_has_and_keeps_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        told = (await sent(site, at(made, "propose"), {})).json()
        prompt = site.model.prompts[0]
        kept = await store.get(site.datasette, made.id)
    assert told["title"] == {"text": "Tea sells", "unfounded": []}
    assert told["summary"]["unfounded"] == ["99"]
    assert told["headings"][0]["block"] == "b" * 12
    assert told["tokens"]["output"] and kept == made
    assert "milk" in prompt[-1]["text"] and "milk" not in prompt[0]["text"]


@pytest.mark.asyncio
async def test_a_proposal_needs_something_to_go_by_and_permission_to_ask(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"permissions": {"llm-tools-ask": {"id": "bob"}}}}}
    async with make_site(tmp_path, answers, config=config) as site:
        made = await make_exploration(site)
        denied = await sent(site, at(made, "propose"), {})
        empty = await sent(site, at(made, "propose"), {"document": {"title": "x"}})
        no_model = await sent(
            site,
            at(made, "propose"),
            {"document": document_json(shop_document(WORDS)), "model": "x"},
        )
        prompts = site.model.prompts
    assert denied.status_code == 403 and "llm-tools-ask" in denied.json()["error"]
    assert empty.status_code == 400 and "nothing to go by" in empty.json()["error"]
    assert no_model.status_code == 503 and prompts == []


@pytest.mark.asyncio
async def test_a_reply_that_is_no_proposal_is_said(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda turn: "I would rather not.") as site:
        made = await make_exploration(site)
        told = await sent(site, at(made, "propose"), {})
    assert told.status_code == 502 and "try again" in told.json()["error"]


@pytest.mark.asyncio
async def test_history_says_what_each_version_changed(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site, shop_document(WORDS))
        value = {"document": {"title": "Renamed"}, "keep": True}
        await sent(site, at(made, "save"), value)
        page = (await site.get(at(made, "history"))).text
        first = (await site.get(at(made, "history?number=1"))).text
        missing = await site.get(at(made, "history?number=7"))
        bad = await site.get(at(made, "history?number=x"))
        back = await site.post(at(made, "restore"), {"number": "1"}, headers=HTML)
        read = (await site.get(at(made, "edit.json"))).json()
        nothing = await sent(site, at(made, "restore"), {})
    assert "diff-added" in page and "Title: Renamed" in page
    assert "This is the first version" in first
    assert (missing.status_code, bad.status_code, nothing.status_code) == (404, 400, 400)
    assert back.status_code == 303 and read["number"] == 3
    assert read["document"] == document_json(shop_document(WORDS))


@pytest.mark.asyncio
async def test_an_exploration_is_deleted_with_its_versions(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site)
        gone = await site.post(at(made, "delete"), {}, headers=HTML)
        again = await sent(site, at(made, "delete"), {})
    assert gone.status_code == 303 and again.status_code == 404


@pytest.mark.asyncio
async def test_a_question_is_added_with_its_prompt_for_its_owner_alone(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        question = (await site.ask("How many shops?"))["id"]
        own = await added(site, source="question", question=question)
        private = await added(site, BOB, source="question", question=question)
        await question_store.share(site.datasette, question, True)
        shared = await added(site, BOB, source="question", question=question)
        messages = site.model.prompts[0]
    assert own["question"] == "How many shops?" and own["sql"] == "SELECT COUNT(*) FROM shop"
    assert own["written"]["prompt_hash"] == digest(messages)
    assert private == (404, "There is no such question, or its owner has not shared it.")
    assert shared["written"]["prompt_hash"] is None and shared["sql"] == own["sql"]


@pytest.mark.asyncio
async def test_charts_and_widgets_are_added_under_their_own_rules(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        block = await widget_block(site)
        not_run = await widget_block(site, was_run=False)
        chart, _ = await widget_store.create(
            site.datasette,
            database="shops",
            kind=Kind.CHART,
            title="Prices",
            draft=Draft(Origin.CREATED, '{"mark": "bar"}', (NamedQuery("rows", "select 1"),)),
            actor_id="alice",
        )
        widget = await added(site, source="widget", widget=block.widget_id)
        drawn = await added(site, source="chart", widget=chart.id)
        private = await added(site, BOB, source="widget", widget=block.widget_id)
        await widget_store.share(site.datasette, not_run.widget_id, True)
        unseen = await added(site, BOB, source="widget", widget=not_run.widget_id)
        bad = await added(site, source="widget", widget=block.widget_id, number="x")
        missing = await added(site, source="widget", widget=block.widget_id, number=9)
    assert (widget["kind"], widget["revision"]) == ("widget", 1)
    assert (drawn["kind"], drawn["spec"], drawn["title"]) == ("chart", {"mark": "bar"}, "Prices")
    assert private[0] == 404 and unseen[0] == 403 and bad[0] == 400 and missing[0] == 404


@pytest.mark.asyncio
async def test_a_chart_that_is_not_kept_is_drawn_first(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        source = {"source": "chart", "database": "shops", "sql": CHART.sql}
        spec = dict(CHART.spec)
        good = await added(site, **source, spec=spec, title="Mine")
        bad = await added(site, **source, spec={"mark": "bar", "x": "nowhere"})
        secret = await added(site, **{**source, "sql": "select * from secret"})
    assert good["spec"] == spec and good["title"] == "Mine"
    assert bad[0] == 400 and secret[0] == 403


@pytest.mark.asyncio
async def test_queries_are_added_if_they_run(tmp_path: Path) -> None:
    queries = {
        "in_city": {"sql": "select name from shop where city = :city", "title": "Shops in a city"},
        "mine": {"sql": "select 1", "allow": {"id": "bob"}},
    }
    config = {"databases": {"shops": {**PUBLISHING["databases"]["shops"], "queries": queries}}}
    async with make_site(tmp_path, answers, config=config) as site:
        source = {"source": "query", "database": "shops"}
        kept = await added(site, **source, query="in_city", params={"city": "Linz"})
        other = await added(site, **source, query="mine")
        by_hand = await added(site, **source, sql="select :n", params='{"n": 3}', title="Three")
        refused = await added(site, **source, sql="select * from secret")
        broken = await added(site, **source, sql="select nothing")
        nowhere = await added(site, source="query", database="nowhere", sql="select 1")
    assert (kept["query"], kept["title"], kept["params"]) == (
        "in_city",
        "Shops in a city",
        {"city": "Linz"},
    )
    assert other[0] == 404 and refused[0] == 403 and broken[0] == 400 and nowhere[0] == 404
    assert (by_hand["params"], by_hand["title"]) == ({"n": 3}, "Three")


@pytest.mark.asyncio
async def test_a_page_of_a_table_is_added_with_its_filters(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        address = urlencode(
            {"source": "table", "database": "shops", "table": "shop", "city": "Linz", "_size": 1}
        )
        page = await site.get(f"{EXPLORATIONS}/-/add?{address}")
        told = (await site.get(f"{EXPLORATIONS}/-/add.json?{address}")).json()
        secret = urlencode({"source": "table", "database": "shops", "table": "secret"})
        hidden = await site.get(f"{EXPLORATIONS}/-/add?{secret}")
    assert page.status_code == 200 and "A new exploration" in page.text
    assert 'where "city" = :p0' in told["block"]["sql"]
    assert told["block"]["params"] == {"p0": "Linz"} and told["called"] == "Query “shop”"
    assert hidden.status_code == 404


@pytest.mark.asyncio
async def test_what_a_run_filled_is_added_for_who_may_see_its_table(tmp_path: Path) -> None:
    config = {"databases": {"notes": {"tables": {"note": {"allow": {"id": "root"}}}}}}
    async with working_on_notes(tmp_path / "notes.db", rows=3, config=config) as notes:
        run = await notes.ended(await notes.start())
        site = Site(notes.datasette, notes.model)
        source = {"source": "enrichment", "database": "notes", "run": run.id}
        block = await added(site, ROOT, **source)
        rows = await notes.datasette.get_database("notes").execute(block["sql"])
        bad = await added(site, ROOT, **source, column="quiet")
        denied = await added(site, ALICE, **source)
        missing = await added(site, ROOT, **{**source, "run": "0" * 24})
    assert (block["table"], block["column"], block["run"]) == ("note", "loud", run.id)
    assert tuple(rows.rows[0]) == (1, "note 1", "NOTE 1")
    assert block["written"]["model_id"] == "scripted"
    assert bad[0] == 400 and denied[0] == 404 and missing[0] == 404


@pytest.mark.asyncio
async def test_something_is_added_to_an_exploration_of_ones_own(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers, settings={"exploration_blocks": 5}) as site:
        made, other = await make_exploration(site), await make_exploration(site, actor=BOB)
        source = {"source": "query", "database": "shops", "sql": "select 1", "title": "One"}
        path = f"{EXPLORATIONS}/-/add"
        first = await site.post(path, {**source, "exploration": made.id}, headers=HTML)
        full = await sent(site, path, {**source, "exploration": made.id})
        foreign = await sent(site, path, {**source, "exploration": other.id})
        new = await sent(site, path, {**source, "exploration": ""})
        visitor = await sent(site, path, source, None)
        nothing = await sent(site, path, {})
        listed = (await site.get(f"{EXPLORATIONS}/-/add.json")).json()["explorations"]
        read = (await site.get(at(made, "edit.json"))).json()
    assert first.status_code == 303 and f"{made.id}/-/edit#edit-block-" in first.headers["location"]
    assert read["document"]["blocks"][-1]["title"] == "One" and read["is_draft"]
    assert full.status_code == 400 and "exploration_blocks" in full.json()["error"]
    assert foreign.status_code == 404 and visitor.status_code == 403 and nothing.status_code == 400
    assert {each["title"] for each in listed} == {"Shops and tea", "One"}
    assert new.json()["exploration"]["id"] != made.id


@pytest.mark.asyncio
async def test_pages_lead_to_adding_what_they_show(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        block = await widget_block(site)
        question = (await site.ask("How many shops?"))["url"]
        label = "Add to exploration"
        for path, source in (
            (
                "/shops/shop?city=Linz",
                "source=table&amp;database=shops&amp;table=shop&amp;city=Linz",
            ),
            ("/shops/shop/1", "source=query&amp;database=shops"),
            ("/shops/-/query?sql=select+1", "source=query&amp;database=shops&amp;sql=select"),
            (question, "source=question&amp;question="),
            (f"/-/widgets/shops/{block.widget_id}", f"source=widget&amp;widget={block.widget_id}"),
        ):
            page = (await site.get(path)).text
            visitor = (await site.get(path, actor=None)).text
            assert label in page and source in page, path
            assert label not in visitor, path


@pytest.mark.asyncio
async def test_a_title_is_one_line(tmp_path: Path) -> None:
    async with make_site(tmp_path, answers) as site:
        made = await make_exploration(site, shop_document(WORDS, title="Tea"))
        fields = {"base": "1.1", "order": WORDS.id, f"{WORDS.id}.text": "Tea.", "keep": False}
        fields["title"] = " Who sells\r\n\r\n tea? "
        assert (await sent(site, at(made, "save"), fields)).status_code == 200
        page = (await site.get(at(made, "edit"))).text
    assert ">Who sells tea?</textarea>" in page
