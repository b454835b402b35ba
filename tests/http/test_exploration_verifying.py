"""Certificates over HTTP, and blocks run again: as published, drifted, or not for everybody."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.explorations import (
    link_store,
    publication_store,
    running,
    snapshot_store,
    store,
)
from datasette_llm_tools.explorations.checking import verifying
from datasette_llm_tools.explorations.values import Exploration, Mode, Sharing
from tests.exploration_sites import (
    CHART,
    EXPLORATIONS,
    PUBLISHING,
    QUERY,
    QUESTION,
    WORDS,
    make_exploration,
    published,
    shop_document,
    widget_block,
)
from tests.sites import ALICE, BOB, Site, make_site

HTML = {"accept": "text/html"}


def url(exploration: Exploration, tail: str) -> str:
    return f"{EXPLORATIONS}/{exploration.id}/-/{tail}"


def change(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / "shops.db")
    with connection:
        connection.executescript(sql)
    connection.close()


async def verified(site: Site, made: Exploration, actor: Any = ALICE, **fields: Any) -> Any:
    """By block: what came of running all of them."""
    response = await site.post(url(made, "verify"), fields, actor)
    assert response.status_code == 200, response.text
    return {each["block"]: each for each in response.json()["verifications"]}


@pytest.mark.asyncio
async def test_what_did_not_change_is_as_published(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(
            site, shop_document(WORDS, QUESTION, CHART, QUERY, await widget_block(site))
        )
        found = await verified(site, made)
        page = await site.get(url(made, "certificate"))
        told = (await site.get(url(made, "certificate.json"))).json()
    assert {each["verdict"] for each in found.values()} == {"same"} and len(found) == 4
    assert {each["badge"] for each in found.values()} == {"as published"}
    assert set(told["certificates"]) == set(told["verifications"]) == set(found)
    assert told["certificates"][QUERY.id]["params"] == {"city": "Linz"}
    assert "What was sold?" in page.text and page.text.count("badge-same") == 4
    assert told["certificates"][QUESTION.id]["rows_hash"] in page.text


@pytest.mark.asyncio
async def test_rows_that_changed_are_shown_one_by_one(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site)
        change(
            tmp_path,
            "update sale set price = 99 where id = 2; insert into sale values (4, 1, '', 'jam', 2)",
        )
        found = (await verified(site, made, BOB))[QUESTION.id]
        page = await site.get(url(made, "certificate"), BOB)
        others = await site.get(url(made, "certificate"))
    assert (found["verdict"], found["changed"], found["added"]) == ("different", 1, 1)
    assert found["badge"].startswith("drifted: 2 rows since ")
    assert found["changes"][0] == {"at": 1, "before": ["milk", 1.2], "after": ["milk", 99.0]}
    assert found["url"] == url(made, f"certificate#certificate-{QUESTION.id}")
    assert re.search(r"<del>1.2</del>\s*<ins>99.0</ins>", page.text)
    assert "<ins>jam</ins>" in page.text
    assert "badge-different" not in others.text  # each sees their own checks


@pytest.mark.asyncio
async def test_columns_of_tables_and_what_is_gone(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site)
        change(tmp_path, "alter table shop add column phone text; drop table sale")
        await site.datasette.refresh_schemas(force=True)
        found = await verified(site, made)
    query, question = found[QUERY.id], found[QUESTION.id]
    assert query["verdict"] == "same" and query["schema_changed"]
    assert "columns of the tables" in query["message"]
    assert question["verdict"] == "refused" and "sale" in question["message"]
    assert question["badge"] == "cannot be checked by you"


@pytest.mark.asyncio
async def test_one_block_at_a_time_without_javascript(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site)
        sent = await site.post(url(made, "verify"), {"block": QUERY.id}, headers=HTML)
        one = (await site.get(url(made, "certificate.json"))).json()
        everything = await site.post(url(made, "verify"), {}, headers=HTML)
    assert (sent.status_code, everything.status_code) == (303, 303)
    assert sent.headers["location"] == url(made, f"certificate#certificate-{QUERY.id}")
    assert set(one["verifications"]) == {QUERY.id}
    assert everything.headers["location"] == url(made, "certificate")


@pytest.mark.asyncio
async def test_a_reader_checks_as_themselves(tmp_path: Path) -> None:
    tables = {"sale": {"allow": {"id": "alice"}}}
    shops = {**PUBLISHING["databases"]["shops"], "tables": tables}
    async with make_site(tmp_path, lambda _: "", config={"databases": {"shops": shops}}) as site:
        made = await published(site)
        found = await verified(site, made, BOB)
        page = await site.get(url(made, "certificate"), BOB)
    assert found[QUERY.id]["verdict"] == "same"
    assert found[QUESTION.id]["verdict"] == "refused" and not found[QUESTION.id]["changes"]
    assert "cannot be checked by you" in page.text


@pytest.mark.asyncio
async def test_what_its_publisher_may_not_show_any_more_is_not_told_by_differences(
    tmp_path: Path,
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        # Published by somebody who has no llm-tools-publish now.
        made = await published(site, actor=BOB)
        change(tmp_path, "update sale set price = 99")
        found = (await verified(site, made, ALICE))[QUESTION.id]
        told = (await site.get(url(made, "certificate.json"))).json()
        page = await site.get(url(made, "certificate"))
    assert found["verdict"] == "refused" and not found["changes"]
    assert "may not see all of its data" in found["message"]
    assert told["certificates"] == {} and "may not see all of its data" in page.text
    assert "3.5" not in page.text


@pytest.mark.asyncio
@pytest.mark.parametrize("tail", ["certificate", "certificate.json"])
async def test_nobody_else_reads_certificates(tmp_path: Path, tail: str) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site, public=False)
        link = await link_store.add(
            site.datasette, made.id, label="", actor_id="alice", expires_at=None
        )
        answers = [await site.get(url(made, tail), actor) for actor in (BOB, None)]
        asked = await site.post(url(made, "verify"), {}, BOB)
        by_link = await site.get(url(made, f"{tail}?key={link.token}"), None)
        checked = await site.post(url(made, f"verify?key={link.token}"), {"block": QUERY.id}, None)
        await link_store.revoke(site.datasette, made.id, link.token)
        revoked = await site.get(url(made, f"{tail}?key={link.token}"), None)
    assert [each.status_code for each in (*answers, asked, revoked)] == [404] * 4
    assert by_link.status_code == checked.status_code == 200
    assert by_link.headers["x-robots-tag"] == "noindex"
    assert by_link.headers["referrer-policy"] == "no-referrer"
    assert link.token in checked.json()["verifications"][0]["url"]
    if tail == "certificate":
        assert f"verify?key={link.token}" in by_link.text


@pytest.mark.asyncio
async def test_what_cannot_be_asked(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        draft = await make_exploration(site)
        made = await published(site)
        nothing = await site.post(url(draft, "verify"), {})
        page = await site.get(url(draft, "certificate"))
        unknown = [
            await site.post(url(made, "verify"), {"block": each})
            for each in ("f" * 12, WORDS.id, "../x")
        ]
        no_text = await site.datasette.client.post(
            url(made, "verify.json"), actor=ALICE, json={"block": ["x"]}
        )
        wrong = await site.get(url(made, "verify"))
    assert nothing.status_code == 400 and "publish" in nothing.json()["error"]
    assert page.status_code == 200 and "Nothing was frozen" in page.text
    assert [each.status_code for each in unknown] == [404] * 3
    assert no_text.status_code == 400 and wrong.status_code == 405


@pytest.mark.asyncio
async def test_a_person_has_one_check_at_a_time(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        slow = replace(
            QUERY,
            sql="with recursive n(i) as (select 1 union all select i + 1 from n "
            "where i < 2000000) select count(*) from n",
        )
        made = await published(site, shop_document(slow))
        first, second = await asyncio.gather(
            site.post(url(made, "verify"), {}), site.post(url(made, "verify"), {})
        )
        after = await site.post(url(made, "verify"), {})
    assert sorted([first.status_code, second.status_code]) == [200, 429]
    refused = first if first.status_code == 429 else second
    assert "A check of yours" in refused.json()["error"] and after.status_code == 200


@pytest.mark.asyncio
async def test_the_author_is_shown_what_was_published_whatever_they_write_on(
    tmp_path: Path,
) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site)
        later = shop_document(replace(QUERY, sql="select 'else'"), title="Later")
        await store.save(site.datasette, made.id, later, base=None, actor_id="alice", keep=False)
        told = (await site.get(url(made, "certificate.json"))).json()
        found = await verified(site, made)
    assert told["certificates"][QUERY.id]["sql"] == QUERY.sql
    assert set(found) == {QUESTION.id, CHART.id, QUERY.id}


@pytest.mark.asyncio
async def test_a_new_snapshot_has_no_earlier_checks(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        made = await published(site)
        await verified(site, made)
        known = verifying.last_known(site.datasette, ALICE, made)
        fresh = replace(made, snapshot=(made.snapshot or 0) + 1)
        assert len(known) == 3 and not verifying.last_known(site.datasette, ALICE, fresh)
        assert not verifying.last_known(site.datasette, {**ALICE, "_r": {"a": []}}, made)
        await publication_store.share(site.datasette, made.id, Sharing(True, mode=Mode.LIVE))
        live = await site.get(url(made, "certificate.json"), None)
    assert live.status_code == 200 and len(live.json()["certificates"]) == 3


@pytest.mark.asyncio
async def test_blocks_of_a_file_that_does_not_fit_are_named(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "", config=dict(PUBLISHING)) as site:
        document = shop_document(QUESTION, QUERY)
        made = await make_exploration(site, document)
        rows = await running.freeze_all(site.datasette, ALICE, "alice", document)
        tampered = replace(
            rows[0], rows=(("<b>gold</b>", 1),), more={"faults": ["its rows are <i>others</i>"]}
        )
        await snapshot_store.keep_imported(site.datasette, made.id, (tampered, rows[1]))
        later = shop_document(replace(QUERY, sql="select 'written later'"))
        await store.save(site.datasette, made.id, later, base=None, actor_id="alice", keep=False)
        page = await site.get(url(made, "certificate"))
        told = (await site.get(url(made, "certificate.json"))).json()
        found = await verified(site, made)
    assert told["faults"] == {QUESTION.id: ["its rows are <i>others</i>"]}
    assert "does not fit its certificate" in page.text and "<i>others" not in page.text
    # The rows belong to the document that came with them.
    assert told["certificates"][QUERY.id]["sql"] == QUERY.sql
    assert found[QUESTION.id]["verdict"] == "different" and found[QUERY.id]["verdict"] == "same"
