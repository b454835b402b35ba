"""Blocks as HTML: short, the same for every reader, and nothing of a row can break out of it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any

import html5lib
import pytest
from datasette.app import Datasette
from datasette.utils.asgi import Request
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.errors import BadInput
from datasette_llm_tools.explorations.reading import rendering
from datasette_llm_tools.explorations.reading.kept_pages import (
    Kept,
    KeptPages,
    KeptResponse,
    keepable,
)
from datasette_llm_tools.explorations.reading.publishing import what_becomes_visible
from datasette_llm_tools.explorations.reading.share_forms import expiry_from, sharing_from
from datasette_llm_tools.explorations.reading.table_html import table_html
from datasette_llm_tools.explorations.snapshot_store import Read
from datasette_llm_tools.explorations.values import (
    Block,
    ChartBlock,
    Document,
    Frozen,
    Mode,
    QueryBlock,
    Sharing,
    WidgetBlock,
    Words,
)

ADDRESS = "/-/explorations/1/-/block/000000000001"
QUERY = QueryBlock(
    id="000000000001",
    title="Sales",
    database="shops",
    sql="select 1",
    query="",
    text="Tea **wins**.",
)


async def rendered(block: Block, shown: rendering.Shown, **more: Any) -> str:
    datasette = Datasette(memory=True)
    await datasette.invoke_startup()
    try:
        return await rendering.block_html(datasette, block, shown, address=ADDRESS, **more)
    finally:
        await datasette.invoke_shutdown()


def frozen(*rows: tuple[Any, ...], **more: Any) -> Frozen:
    columns = tuple(f"c{at}" for at in range(len(rows[0]) if rows else 1))
    return Frozen(QUERY.id, columns, rows, taken_at="2024-05-12T14:03:00.000+00:00", **more)


def parsed(html: str) -> Any:
    return html5lib.parseFragment(html, namespaceHTMLElements=False)


def cells(html: str) -> list[list[str]]:
    return [
        ["".join(cell.itertext()).rstrip("\n") for cell in row] for row in parsed(html).iter("tr")
    ]


def test_a_thousand_rows_are_short() -> None:
    rows = [(at, f"FL{at:04d}", at * 3.25, "on time", "2024-01-02") for at in range(1000)]
    assert len(table_html(list("abcde"), rows)) <= 60_000


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "NULL"),
        ("", ""),
        (0, "0"),
        (2.5, "2.5"),
        (10**30, str(10**30)),
        ("<b>&amp;", "<b>&amp;"),
        ("https://a.example/", "https://a.example/"),
        ({"$base64": True, "encoded": "aGVsbG8="}, "<Binary: 5 bytes>"),
        ({"$base64": True, "encoded": "aA=="}, "<Binary: 1 byte>"),
        ("x" * 5000, "x" * 2000 + "…"),
    ],
)
def test_cells_are_what_they_are(value: Any, said: str) -> None:
    assert cells(table_html(["c"], [(value,)])) == [["c"], [said]]


@given(
    st.lists(st.tuples(st.text(), st.none() | st.integers() | st.text()), min_size=1, max_size=5)
)
def test_no_cell_breaks_out_of_its_place(rows: list[tuple[Any, ...]]) -> None:
    html = table_html(["<a>", "&"], rows)
    root = parsed(html)
    assert {each.tag for each in root.iter() if isinstance(each.tag, str)} <= {
        "DOCUMENT_FRAGMENT", "table", "thead", "tbody", "tr", "th", "td", "i",
    }  # fmt: skip
    assert [len(row) for row in root.iter("tr")] == [2] * (len(rows) + 1)


def test_columns_of_numbers_are_said_once() -> None:
    html = table_html(["n", "text", "nothing"], [(1, "a", None), (None, "2", None)])
    assert 'class="rows-and-columns n1"' in html
    assert "<td class" not in html


@pytest.mark.asyncio
async def test_the_token_of_a_link_stands_in_every_address() -> None:
    html = await rendered(QUERY, frozen(("<?key>",)), key="a b&c")
    assert f'href="{ADDRESS}.csv?key=a+b%26c"' in html
    assert f'href="{ADDRESS}?key=a+b%26c"' in html
    assert "&lt;?key&gt;" in html and "<?key>" not in html
    without = await rendered(QUERY, frozen(("x",)))
    assert "key" not in without


@pytest.mark.asyncio
async def test_arguments_choose_the_rows_of_addresses() -> None:
    html = await rendered(
        QUERY, frozen(("x",)), key="k", arguments={"mode": "live", "p_city": '"Linz"'}
    )
    assert f'href="{ADDRESS}.csv?mode=live&amp;p_city=%22Linz%22&amp;key=k"' in html


@pytest.mark.asyncio
async def test_who_is_not_shown_the_rows_is_not_shown_the_words() -> None:
    html = await rendered(QUERY, "There is no <table>.")
    assert "There is no &lt;table&gt;." in html
    assert "wins" not in html and ".csv" not in html
    assert "Tea <strong>wins</strong>." in await rendered(QUERY, frozen(("x",)))
    refused = await rendered(QUERY, frozen(("hidden",), refused="It is gone."))
    assert "It is gone." in refused and "hidden" not in refused and "wins" not in refused


@pytest.mark.asyncio
async def test_words_have_anchors_for_the_contents() -> None:
    html = await rendered(Words(id="0" * 12, text="# First\n\n## Then"), None)
    assert '<h2 id="block-000000000000-first">First</h2>' in html
    assert '<h3 id="block-000000000000-then">Then</h3>' in html


@pytest.mark.asyncio
async def test_a_chart_can_be_read_without_its_picture() -> None:
    chart = ChartBlock(id="0" * 12, title="C", database="shops", sql="select 1", spec={})
    more: dict[str, Any] = {
        "title": "Sales by item", "summary": "Bar chart: 2 items.", "titles": ["Item", "Sales"],
        "fields": ["x", "y"], "vega_lite": {}, "note": None, "left_out": ["1 row is left out."],
    }  # fmt: skip
    html = await rendered(chart, frozen(("tea", 3), ("milk", 1), more=more))
    assert "Bar chart: 2 items." in html and "1 row is left out." in html
    assert cells(html) == [["Item", "Sales"], ["tea", "3"], ["milk", "1"]]
    assert f'data-url="{ADDRESS}.json?mode=snapshot"' in html
    assert f'<noscript><img class="chart-picture" src="{ADDRESS}.svg"' in html


@pytest.mark.asyncio
async def test_a_widget_gets_its_rows_from_where_the_page_does() -> None:
    widget = WidgetBlock(id="0" * 12, title="W", database="d", widget_id="0" * 24, revision=1)
    assert f'data-rows-url="{ADDRESS}/-/rows?mode=live&amp;key=k"' in await rendered(
        widget, None, key="k"
    )
    assert f'data-frame-url="{ADDRESS}/-/frame?mode=snapshot"' in await rendered(
        widget, frozen(more={"html": "<p>"})
    )


@pytest.mark.asyncio
async def test_half_a_character_can_be_sent() -> None:
    html = await rendered(QUERY, frozen(("\ud800",)))
    assert "?" in cells(html)[1][0]
    html.encode()


@pytest.mark.asyncio
async def test_what_a_file_says_wrongly_of_a_block_is_said() -> None:
    html = await rendered(QUERY, frozen(("x",), more={"faults": ["its rows are not <those>"]}))
    assert "its rows are not &lt;those&gt;." in html


def test_what_becomes_visible_is_told_table_by_table() -> None:
    other = QueryBlock(id="000000000002", title="Again", database="shops", sql="x", query="")
    gone = QueryBlock(id="000000000003", title="Gone", database="shops", sql="x", query="")
    constant = QueryBlock(
        id="000000000004", title="One", database="shops", sql="select 1", query=""
    )
    document = Document("T", blocks=(Words(id="f" * 12, text="w"), QUERY, other, gone, constant))
    parts: dict[str, Any] = {"database": "shops", "columns": ("a",)}
    sale = {("sale", "price"), ("sale", "item"), ("shop", "name"), ("sale", "")}
    taken = (
        Frozen(
            QUERY.id, rows=((1,), (2,)), tables=("sale", "shop"), sources=frozenset(sale), **parts
        ),
        Frozen(
            other.id, rows=((3,),), tables=("sale",), sources=frozenset({("sale", "id")}), **parts
        ),
        Frozen(gone.id, refused="no such table: x", **parts),
        Frozen(constant.id, rows=((1,),), **parts),
    )
    before = [
        Read("1" * 12, "shops", ("sale",), 7, "", None),
        Read("2" * 12, "shops", ("secret",), 2, "", None),
        Read("3" * 12, "shops", ("other",), 0, "", "refused then"),
    ]
    visible = what_becomes_visible(document, taken, before)
    told = {
        each.table: (each.columns, each.blocks, each.rows, each.rows_before)
        for each in visible.tables
    }
    assert told == {
        "sale": (("id", "item", "price"), ("Sales", "Again"), 3, 7),
        "shop": (("name",), ("Sales",), 2, None),
        None: ((), ("One",), 1, None),
    }
    assert visible.refused == (("Gone", "no such table: x"),)
    assert visible.gone == ("secret of shops",)
    assert visible.words == 2
    fewer = what_becomes_visible(document, taken[1:], ())
    assert fewer.digest != visible.digest


def test_sharing_is_read_from_forms_and_json() -> None:
    before = Sharing(False, ("bob",), Mode.LIVE)
    assert sharing_from({}, before) == before
    assert sharing_from({"public": "1"}, before).public
    assert sharing_from({"public": True}, before).public
    assert not sharing_from({"public": "0"}, Sharing(True)).public
    assert sharing_from({"people": " bob\r\ncarol, dan\n\n"}, before).people == (
        "bob",
        "carol",
        "dan",
    )
    assert sharing_from({"people": ["x", 7, "x"]}, before).people == ("x", "7")
    assert sharing_from({"mode": "snapshot"}, before).mode is Mode.SNAPSHOT
    for wrong in (
        {"mode": "frozen"},
        {"people": ["x" * 201]},
        {"people": list(map(str, range(1001)))},
    ):
        with pytest.raises(BadInput):
            sharing_from(wrong, before)


def test_links_expire_when_it_is_said() -> None:
    at = datetime(2024, 5, 12, 14, tzinfo=timezone.utc)
    assert expiry_from({}, at) is None
    assert expiry_from({"expires": "7"}, at) == "2024-05-19T14:00:00.000+00:00"
    assert expiry_from({"expires": 1}, at) == "2024-05-13T14:00:00.000+00:00"
    assert expiry_from({"expires": "2024-06-01"}, at) == "2024-06-01T00:00:00.000+00:00"
    assert (
        expiry_from({"expires": "2024-06-01T02:00:00+02:00"}, at) == "2024-06-01T00:00:00.000+00:00"
    )
    for wrong in ("0", "9999", "soon", "2024-01-01"):
        with pytest.raises(BadInput):
            expiry_from({"expires": wrong}, at)


# Kept pages -----------------------------------------------------------------------------------


async def kept(text: str) -> Kept:
    return await keepable(text, "text/html; charset=utf-8", {"X-More": "1"})


@pytest.mark.asyncio
async def test_what_was_asked_for_last_is_kept_within_bounds() -> None:
    one = await kept("a" * 5000)
    pages = KeptPages(2 * one.size)
    made: list[str] = []

    async def get(name: str) -> Kept:
        async def make() -> Kept:
            made.append(name)
            return await kept(name * 5000)

        return await pages.get(name, make)

    for name in ("a", "b", "a", "c", "a", "b"):
        assert (await get(name)).body == name.encode() * 5000
    assert made == ["a", "b", "c", "b"]
    assert len(pages) == 2
    small = KeptPages(100)
    assert (await small.get("x", lambda: kept("x"))).body == b"x"
    assert len(small) == 0


@pytest.mark.asyncio
async def test_however_many_ask_at_once_a_page_is_made_once() -> None:
    pages, made = KeptPages(10**6), 0

    async def make() -> Kept:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return await kept("page")

    first = asyncio.ensure_future(pages.get("p", make))
    others = [asyncio.ensure_future(pages.get("p", make)) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()  # who asked first leaves; the others get theirs
    found = await asyncio.gather(*others)
    assert {each.body for each in found} == {b"page"} and made == 1


@pytest.mark.asyncio
async def test_a_page_that_could_not_be_made_is_tried_again() -> None:
    pages = KeptPages(10**6)

    async def fail() -> Kept:
        raise BadInput("not today")

    with pytest.raises(BadInput):
        await pages.get("p", fail)
    assert (await pages.get("p", lambda: kept("page"))).body == b"page"


async def sent(
    page: Kept, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    request = Request.fake("/", method)
    request.scope["headers"] = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
    ]
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await KeptResponse(request, page).asgi_send(send)
    start, body = messages
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], told, body["body"]


@pytest.mark.asyncio
async def test_a_kept_page_is_sent_as_its_reader_takes_it() -> None:
    page = await kept("page " * 1000)
    status, plain, body = await sent(page)
    assert (status, body) == (200, page.body)
    assert plain["content-length"] == "5000" and "content-encoding" not in plain
    assert plain["cache-control"] == "public, max-age=30" and plain["x-more"] == "1"
    status, gzipped, body = await sent(page, accept_encoding="br, gzip;q=0.5")
    assert (status, body) == (200, page.gzipped)
    assert gzipped["content-encoding"] == "gzip" and gzipped["etag"] != plain["etag"]
    _, refusing, _ = await sent(page, accept_encoding="gzip;q=0, identity")
    assert "content-encoding" not in refusing
    status, head, body = await sent(page, "HEAD")
    assert (status, body, head) == (200, b"", plain)
    for known in (plain["etag"], f'"x", W/{plain["etag"]}', "*"):
        status, told, body = await sent(page, if_none_match=known)
        assert (status, body, told["etag"]) == (304, b"", plain["etag"])
    assert (await sent(page, if_none_match='"x"'))[0] == 200
