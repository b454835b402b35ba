"""Frames over HTTP: who may start one, what it is served with, once; and rows by name."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.pages import FRAME_PATH
from datasette_llm_tools.routes import ROUTES
from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.sandbox import frames
from datasette_llm_tools.widgets.sandbox.documents import Rebuilt, rebuild
from datasette_llm_tools.widgets.values import Column, Draft, Kind, NamedQuery, Origin, Parameter
from tests.sites import ALICE, BOB, Site, make_site

pytestmark = pytest.mark.asyncio

SALES = NamedQuery("sales", "select id, item, price from sale order by id -- all of them")
OF_SHOP = NamedQuery(
    "of_shop",
    "select name from shop where id = :id",
    (Parameter("id", "integer", default=1, minimum=1, maximum=3),),
)
MANY = NamedQuery(
    "many",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < :most) "
    "select i from n",
    (Parameter("most", "integer", default=10),),
)
HUSH = NamedQuery("hush", "select word from secret")
LARGE = NamedQuery(
    "large",
    "select id, replace(printf('%.*c', :size, 'x'), 'x', 'é') as text from sale",
    (Parameter("size", "integer", default=10),),
)
ODD = NamedQuery("odd", "select 1 as a, 2 as a, x'00ff' as b, 9e999 as c, null as d")
BROKEN = NamedQuery("broken", "select nosuch from shop")
QUERIES = (SALES, OF_SHOP, MANY, HUSH, LARGE, ODD, BROKEN)
HTML = "<h1>Sales</h1><script src=lib:d3></script><iframe src=x></iframe>"


def answer(turn: str) -> str:
    return "-- cannot answer: nothing is asked here"


async def keep(
    site: Site, *, html: str = HTML, queries: Sequence[NamedQuery] = QUERIES, **more: Any
) -> str:
    """The address of the first revision of a new widget of Alice."""
    draft = Draft(Origin.CREATED, html, tuple(queries), more.get("contract", {}))
    widget, revision = await store.create(
        site.datasette,
        database="shops",
        kind=more.get("kind", Kind.DOCUMENT),
        title="Sales",
        draft=draft,
        actor_id="alice",
    )
    if more.get("approved", True):
        await store.approve(site.datasette, widget.id, revision.number)
    if more.get("shared"):
        await store.share(site.datasette, widget.id, True)
    return f"/-/widgets/shops/{widget.id}/1"


async def ask(site: Site, url: str, actor: Any = ALICE, **body: Any) -> tuple[int, dict[str, Any]]:
    """POST rows as the element does."""
    response = await site.datasette.client.post(
        f"{url}/-/rows",
        content=json.dumps(body),
        headers={"content-type": "application/json", "accept": "application/json"},
        actor=actor,
    )
    return response.status_code, response.json()


# The frame itself


async def test_a_frame_is_served_once_with_exactly_these_headers(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        url = await keep(site)
        started = (await site.post(f"{url}/-/frame", {})).json()
        assert started["approved"] is True
        assert started["refused"] == ["<iframe> was left out: a widget shows no other page."]
        assert started["frame"] == f"{FRAME_PATH}?t={started['token']}"
        served = await site.get(started["frame"], actor=None, headers={"sec-fetch-dest": "iframe"})
        assert served.status_code == 200
        served.headers.pop("vary", None)  # Datasette adds it to whatever has no cookie
        policy = served.headers.pop("permissions-policy")
        assert {each.partition("=")[2] for each in policy.split(", ")} == {"()"}
        assert len(policy.split(", ")) > 60
        assert dict(served.headers) == {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": "default-src 'none'; script-src 'unsafe-inline'; "
            "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'none'; "
            "frame-src 'none'; child-src 'none'; worker-src 'none'; object-src 'none'; "
            "media-src 'none'; manifest-src 'none'; form-action 'none'; base-uri 'none'; "
            "webrtc 'block'; sandbox allow-scripts; frame-ancestors 'self'",
            "connection-allowlist": "()",
            "x-dns-prefetch-control": "off",
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
            "origin-agent-cluster": "?1",
        }
        assert "<h1>Sales</h1>" in served.text and "d3js.org" in served.text
        assert "<iframe" not in served.text
        again = await site.get(started["frame"], actor=None)
        assert again.status_code == 404 and "shown before" in again.text
        assert again.headers["content-security-policy"] == served.headers["content-security-policy"]


@pytest.mark.parametrize("destination", ["document", "empty", "object", "embed", "script", "frame"])
async def test_a_frame_goes_into_a_frame_only(tmp_path: Path, destination: str) -> None:
    async with make_site(tmp_path, answer) as site:
        minted = await frames.mint(site.datasette, Rebuilt("<p>hush"))
        response = await site.get(minted.url, headers={"sec-fetch-dest": destination})
        assert response.status_code == 403 and "hush" not in response.text
        # The one for whom it was meant still gets it.
        assert "hush" in (await site.get(minted.url, headers={"sec-fetch-dest": "iframe"})).text


@pytest.mark.parametrize("token", ["", "x", "'; --", "%00"])
async def test_a_token_cannot_be_guessed(tmp_path: Path, token: str) -> None:
    async with make_site(tmp_path, answer) as site:
        assert (await site.get(f"{FRAME_PATH}?t={token}")).status_code == 404
        assert (await site.get(FRAME_PATH)).status_code == 404
        assert (await site.post(FRAME_PATH, {"t": token})).status_code == 405


async def test_a_token_expires_and_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_site(tmp_path, answer) as site:
        monkeypatch.setattr(frames, "EXPIRES_SECONDS", -1)
        late = await frames.mint(site.datasette, Rebuilt("<p>hush"))
        assert (await site.get(late.url)).status_code == 404
        forgotten = await frames.mint(site.datasette, Rebuilt("<p>hush"))
        monkeypatch.setattr(frames, "EXPIRES_SECONDS", 60)
        await frames.mint(site.datasette, Rebuilt("<p>new"))
        internal = site.datasette.get_internal_database()
        rows = await internal.execute("select token from llm_tools_widget_frames")
        assert len(rows.rows) == 1 and rows.rows[0][0] != forgotten.token


async def test_one_of_two_who_come_at_once_gets_it(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        minted = await frames.mint(site.datasette, Rebuilt("<p>hush"))
        taken = await asyncio.gather(*(frames.take(site.datasette, minted.token) for _ in range(8)))
        assert sorted(each is None for each in taken) == [False] + [True] * 7


async def test_waiting_frames_do_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_WAITING", 2)
    async with make_site(tmp_path, answer) as site:
        minted = [await frames.mint(site.datasette, Rebuilt("<p>x")) for _ in range(4)]
        taken = [await frames.take(site.datasette, each.token) for each in minted]
    # The newest stay: whoever opens many in vain keeps nobody else from opening one.
    assert [each is not None for each in taken] == [False, False, True, True]


async def test_a_frame_that_cannot_be_taken_says_why(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        minted = await frames.mint(site.datasette, Rebuilt("<p>x"))
        await site.datasette.get_internal_database().execute_write_fn(
            lambda connection: connection.execute("pragma busy_timeout = 10"), transaction=False
        )
        with closing(sqlite3.connect(tmp_path / "internal.db")) as other:
            other.execute("begin immediate")
            found = await site.get(minted.url)
        again = await site.get(minted.url)
    assert found.status_code == 409 and "cannot be shown" in found.text
    assert found.headers["content-type"].startswith("text/plain")
    assert "sandbox" in found.headers["content-security-policy"]
    assert again.status_code == 200


async def test_what_is_minted_is_what_is_taken(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        rebuilt = rebuild("<p>é</p><script src=lib:plot></script><script>1 < 2</script>")
        minted = await frames.mint(site.datasette, rebuilt)
        taken = await frames.take(site.datasette, minted.token)
        assert taken is not None
        assert taken.rebuilt == rebuilt
        assert taken.headers == frames.HEADERS


async def test_the_address_of_frames_is_the_one_that_pages_let_in() -> None:
    assert any(re.match(pattern, FRAME_PATH) for pattern, _, _ in ROUTES)
    first = next(pattern for pattern, _, _ in ROUTES if re.match(pattern, FRAME_PATH))
    assert first == f"{FRAME_PATH}$"


# Who may start one


async def test_only_its_owner_runs_a_version_and_others_see_it_then(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        url = await keep(site, approved=False, shared=True)
        started = (await site.post(f"{url}/-/frame", {})).json()
        assert started["approved"] is False
        assert (await ask(site, url, query="sales"))[0] == 409
        denied = await site.post(f"{url}/-/frame", {}, BOB)
        assert denied.status_code == 403 and "has not run" in denied.json()["error"]
        assert (await site.post(f"{url}/-/run", {}, BOB)).status_code == 403
        assert (await ask(site, url, BOB, query="sales"))[0] == 409
        run = await site.post(f"{url}/-/run", {})
        assert run.status_code == 200 and run.json()["approved"] is True
        assert (await site.get(run.json()["frame"])).status_code == 200
        assert (await site.post(f"{url}/-/frame", {}, BOB)).status_code == 200
        assert (await ask(site, url, BOB, query="sales"))[0] == 200


@pytest.mark.parametrize("what", ["run", "frame", "rows"])
async def test_what_somebody_may_not_see_is_not_there(tmp_path: Path, what: str) -> None:
    async with make_site(tmp_path, answer) as site:
        url = await keep(site)
        for actor in (BOB, None):
            assert (await site.post(f"{url}/-/{what}", {}, actor)).status_code in (403, 404)
        other = url.replace("/1", "/2")
        assert (await site.post(f"{other}/-/{what}", {"query": "sales"})).status_code == 404
        huge = f"{url[:-1]}9999999999"
        assert (await site.post(f"{huge}/-/{what}", {"query": "sales"})).status_code == 404
        elsewhere = url.replace("/shops/", "/_internal/")
        assert (await site.post(f"{elsewhere}/-/{what}", {})).status_code in (403, 404)
        assert (await site.get(f"{url}/-/{what}")).status_code == 405


async def test_a_chart_has_no_frame(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        url = await keep(site, kind=Kind.CHART, html="{}")
        response = await site.post(f"{url}/-/frame", {})
        assert response.status_code == 400 and "chart" in response.json()["error"]


async def test_html_that_cannot_be_read_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        url = await keep(site, html="<div>" * 500)
        response = await site.post(f"{url}/-/frame", {})
        assert response.status_code == 400 and "deep" in response.json()["error"]


# Rows


async def test_rows_by_the_name_of_a_query(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        url = await keep(site)
        status, found = await ask(site, url, query="sales")
        assert status == 200
        assert found == {
            "ok": True,
            "columns": ["id", "item", "price"],
            "rows": [[1, "tea", 3.5], [2, "milk", 1.2], [3, "tea", 3.6]],
            "truncated": False,
            "next": None,
            "changed": [],
        }
        _, found = await ask(site, url, query="of_shop", params={"id": "2"})
        assert found["rows"] == [["Market"]]
        _, found = await ask(site, url, query="of_shop")
        assert found["rows"] == [["Corner"]]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 400, "no query called 'None'; it has: sales, of_shop"),
        ({"query": "select * from shop"}, 400, "no query called 'select * from shop'"),
        ({"query": ["sales"]}, 400, "no query called"),
        ({"query": "sales", "sql": "select word from secret"}, 200, ""),
        ({"query": "sales", "params": []}, 400, "must be an object"),
        ({"query": "sales", "params": "x"}, 400, "must be an object"),
        ({"query": "sales", "params": {"id": 1}}, 400, "sales has no parameter 'id'"),
        ({"query": "of_shop", "params": {"id": 4}}, 400, "id of the query of_shop"),
        ({"query": "of_shop", "params": {"id": "1 or 1=1"}}, 400, "id of the query of_shop"),
        ({"query": "of_shop", "params": {"id": {"a": 1}}}, 400, "id of the query of_shop"),
        ({"query": "sales", "page": -1}, 400, "page must be"),
        ({"query": "sales", "page": "1"}, 400, "page must be"),
        ({"query": "sales", "page": True}, 400, "page must be"),
        ({"query": "sales", "page": 10**12}, 400, "page must be"),
        ({"query": "broken"}, 400, "nosuch"),
        ({"query": "hush"}, 403, "secret"),
    ],
)
async def test_bad_requests_for_rows_are_named(
    tmp_path: Path, body: dict[str, Any], status: int, sentence: str
) -> None:
    async with make_site(tmp_path, answer) as site:
        got, found = await ask(site, await keep(site), **body)
        assert got == status, found
        assert sentence in found.get("error", "")
        assert "hush" not in json.dumps(found.get("rows"))


async def test_rows_are_what_the_viewer_may_see(tmp_path: Path) -> None:
    root = {"id": "root"}
    async with make_site(tmp_path, answer) as site:
        url = await keep(site, shared=True)
        assert (await ask(site, url, root, query="hush"))[1]["rows"] == [["hush"]]
        for actor in (ALICE, BOB):
            status, found = await ask(site, url, actor, query="hush")
            assert status == 403 and "secret" in found["error"]


async def test_pages_follow_each_other_to_the_end(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer, settings={"widget_rows": 4}) as site:
        url = await keep(site)
        seen, page = [], None
        for _ in range(3):
            _, found = await ask(site, url, query="many", page=page)
            seen += [row[0] for row in found["rows"]]
            page = found["next"]
            assert found["truncated"] is (page is not None)
        assert seen == list(range(1, 11)) and page is None
        _, found = await ask(site, url, query="many", page=1000)
        assert found["rows"] == [] and found["next"] is None


async def test_a_million_rows_are_truncated(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        _, found = await ask(site, await keep(site), query="many", params={"most": 1_000_000})
        assert len(found["rows"]) == 5000 and found["truncated"] and found["next"] == 5000


async def test_a_page_ends_at_the_bytes_it_may_have(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer, settings={"widget_result_bytes": 5000}) as site:
        url = await keep(site)
        _, first = await ask(site, url, query="large", params={"size": 1000})
        assert [row[0] for row in first["rows"]] == [1, 2] and first["next"] == 2
        _, second = await ask(site, url, query="large", params={"size": 1000}, page=2)
        assert [row[0] for row in second["rows"]] == [3] and second["next"] is None
        status, found = await ask(site, url, query="large", params={"size": 9000})
        assert status == 400 and "more than 5,000 bytes" in found["error"]


async def test_values_that_json_does_not_have(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer) as site:
        _, found = await ask(site, await keep(site), query="odd")
        assert found["columns"] == ["a", "a", "b", "c", "d"]
        assert found["rows"] == [[1, 2, {"$base64": True, "encoded": "AP8="}, None, None]]


async def test_what_changed_since_it_was_made_is_said(tmp_path: Path) -> None:
    contract = {"sales": (Column("id", "text"), Column("gone", "text"), Column("item", "text"))}
    async with make_site(tmp_path, answer, settings={"widget_rows": 2}) as site:
        url = await keep(site, contract=contract)
        _, found = await ask(site, url, query="sales")
        assert len(found["changed"]) == 3
        assert any("no longer has the column gone" in each for each in found["changed"])
        _, rest = await ask(site, url, query="sales", page=found["next"])
        assert rest["changed"] == []  # it was said with the first page


async def test_a_slow_query_ends(tmp_path: Path) -> None:
    async with make_site(tmp_path, answer, settings={"query_ms": 300}) as site:
        url = await keep(site)
        status, found = await ask(site, url, query="many", params={"most": 10**9}, page=10**7)
        assert status == 400 and "longer than 300 ms" in found["error"]
