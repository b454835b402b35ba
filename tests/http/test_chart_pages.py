"""The pages of charts over HTTP: who may see them, what they draw, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest

from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.exporting.pictures import can_draw
from tests.sites import ALICE, BOB, Site, make_site

CHART = "/-/widgets/shops/-/chart"
BY_ITEM = "select item, sum(price) as total from sale group by item"


def chart(sql: str, **more: str) -> str:
    return f"{CHART}?{urlencode({'sql': sql, **more})}"


def parsed(html: str) -> Element:
    page: Element = html5lib.parse(html, namespaceHTMLElements=False)
    return page


def one(html: str, path: str) -> Element:
    found = parsed(html).find(path)
    assert found is not None, f"there is no {path}"
    return found


def state_of(html: str) -> dict[str, Any]:
    """What the chart's element begins with."""
    state: dict[str, Any] = json.loads(one(html, ".//llm-tools-chart/script").text or "")
    return state


async def save(site: Site, actor: dict[str, Any] | None = ALICE, **more: str) -> dict[str, Any]:
    spec = json.dumps({"mark": "bar", "x": "item", "y": "total"})
    body = {"sql": BY_ITEM, "spec": spec, "title": "Sold", **more}
    response = await site.post(f"{CHART}/save", body, actor)
    assert response.status_code == 200, response.text
    kept: dict[str, Any] = response.json()
    return kept


@pytest.mark.asyncio
async def test_a_query_is_drawn_with_its_numbers_in_the_page(tmp_path: Path) -> None:
    async with make_site(tmp_path, str) as site:
        page = await site.get(chart(BY_ITEM))
        as_json = await site.get(chart(BY_ITEM).replace("chart?", "chart.json?"))
    state = state_of(page.text)
    assert sorted(state["drawn"]["rows"]) == [["milk", 1.2], ["tea", 7.1]]
    assert as_json.json()["rows"] == state["drawn"]["rows"]
    cells = parsed(page.text).findall(".//llm-tools-chart//td")
    assert {each.text for each in cells} == {"milk", "1.2", "tea", "7.1"}
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-eval" not in page.headers["content-security-policy"]


@pytest.mark.asyncio
async def test_parameters_of_the_query_come_from_the_address(tmp_path: Path) -> None:
    sql = "select item, count(*) as n from sale where item = :item group by item"
    async with make_site(tmp_path, str) as site:
        page = await site.get(chart(sql, item="tea", other="ignored"))
    state = state_of(page.text)
    assert state["params"] == {"item": "tea"}
    assert state["drawn"]["rows"] == [[2]]


@pytest.mark.asyncio
async def test_filters_and_search_of_a_table_go_along(tmp_path: Path) -> None:
    async with make_site(tmp_path, str) as site:
        query = urlencode({"table": "sale", "price__gt": "3", "_sort_desc": "price", "_size": "1"})
        spec = json.dumps({"mark": "number", "aggregate": "count"})
        page = await site.get(f"{CHART}?{query}&{urlencode({'_spec': spec})}")
    state = state_of(page.text)
    assert state["drawn"]["rows"] == [[2]]
    assert "limit" not in state["sql"]
    assert "/shops/sale?price__gt=3" in page.text


NOTES = """create table note ("table" text, sql text);
insert into note values ('shop', 'a'), ('shop', 'b'), ('sale', 'a');"""


@pytest.mark.asyncio
async def test_columns_and_parameters_may_be_called_as_what_the_address_says(
    tmp_path: Path,
) -> None:
    spec = json.dumps({"mark": "number", "aggregate": "count"})
    query = "select * from note where [table] = :table"
    async with make_site(tmp_path, str, more_sql=[NOTES]) as site:
        table = await site.get("/shops/note?table=shop&sql=a")
        links = [each.get("href") or "" for each in parsed(table.text).iter("a")]
        link = next(each for each in links if each.startswith(CHART))
        rows = [
            state_of((await site.get(address + "&" + urlencode({"_spec": spec}))).text)["drawn"]
            for address in (
                link,
                f"{CHART}?table=note&table=shop",
                f"{CHART}?table=note&sql=a",
                chart(query, table="sale"),
            )
        ]
    assert [each["rows"] for each in rows] == [[[1]], [[2]], [[2]], [[1]]]


@pytest.mark.asyncio
async def test_a_spec_in_the_address_is_drawn(tmp_path: Path) -> None:
    spec = {"mark": "pie", "x": "item", "y": "total"}
    async with make_site(tmp_path, str) as site:
        page = await site.get(chart(BY_ITEM, _spec=json.dumps(spec)))
    assert state_of(page.text)["drawn"]["spec"]["mark"] == "pie"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"sql": "select nonsense from sale"}, "no such column: nonsense"),
        ({"sql": "delete from sale"}, "Nothing can be drawn"),
        ({"sql": "select * from secret"}, "secret"),
        ({"sql": "select * from sale where 0"}, "no rows"),
        ({"sql": BY_ITEM, "_spec": "{"}, "not valid JSON"),
        ({"sql": BY_ITEM, "_spec": "[]"}, "not a JSON object"),
        ({"sql": BY_ITEM, "_spec": '{"mark": "bar", "x": "itm"}'}, "item"),
    ],
)
async def test_what_cannot_be_drawn_says_why(
    tmp_path: Path, query: dict[str, str], says: str
) -> None:
    async with make_site(tmp_path, str) as site:
        page = await site.get(f"{CHART}?{urlencode(query)}")
        as_json = await site.get(f"{CHART}.json?{urlencode(query)}")
    assert says in "".join(one(page.text, ".//p[@class='message-error']").itertext())
    assert as_json.status_code in (400, 403)
    assert as_json.json()["ok"] is False


@pytest.mark.asyncio
@pytest.mark.parametrize("table", ["secret", "nowhere"])
async def test_a_table_that_is_not_to_be_seen_is_not_there(tmp_path: Path, table: str) -> None:
    async with make_site(tmp_path, str) as site:
        page = await site.get(f"{CHART}?table={table}")
        choice = await site.get(CHART)
    assert page.status_code == 404
    assert "secret" not in choice.text
    assert "table=sale" in choice.text


@pytest.mark.asyncio
async def test_a_filter_that_datasette_does_not_take_is_an_error(tmp_path: Path) -> None:
    async with make_site(tmp_path, str) as site:
        page = await site.get(f"{CHART}?table=sale&_sort=nowhere")
    assert page.status_code == 400
    assert "filters" in page.text


@pytest.mark.asyncio
async def test_visitors_draw_but_keep_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, str) as site:
        page = await site.get(chart(BY_ITEM), actor=None)
        unknown = await site.get(chart(BY_ITEM).replace("shops", "nowhere"))
    element = one(page.text, ".//llm-tools-chart")
    assert element.get("data-chart-url") == CHART
    assert not {"data-prompt-url", "data-save-url"} & set(element.keys())
    assert unknown.status_code == 404


@pytest.mark.asyncio
async def test_a_kept_chart_is_its_owners_until_it_is_shared(tmp_path: Path) -> None:
    async with make_site(tmp_path, str) as site:
        kept = await save(site)
        own = await site.get(kept["url"])
        others = await site.get(kept["url"], actor=BOB)
        await store.share(site.datasette, kept["id"], True)
        shared = await site.get(kept["url"], actor=BOB)
    state = state_of(own.text)
    assert (state["widget"], state["parent"]) == (kept["id"], kept["number"])
    assert "Version 1" in own.text
    assert others.status_code == 404
    assert shared.status_code == 200
    assert "widget" not in state_of(shared.text)
    assert "Version 1" not in shared.text


@pytest.mark.asyncio
async def test_the_question_that_a_chart_answers_is_its_owners(tmp_path: Path) -> None:
    question = "a" * 24
    async with make_site(tmp_path, str) as site:
        kept = await save(site, question=question)
        await store.share(site.datasette, kept["id"], True)
        addresses = [kept["url"], f"{kept['url']}.json", "/-/widgets.json"]
        own = [(await site.get(each)).text for each in addresses]
        others = [(await site.get(each, actor=BOB)).text for each in addresses]
    assert all(question in each for each in own)
    assert all("Sold" in each and question not in each for each in others)


@pytest.mark.asyncio
async def test_hostile_text_stays_text(tmp_path: Path) -> None:
    harm = "</script><script>window.harmed=1</script>"
    sql = f"select '{harm}' as \"<b>name\", 1 as n"
    spec = json.dumps({"mark": "bar", "x": "<b>name", "y": "n", "title": harm})
    async with make_site(tmp_path, str) as site:
        page = await site.get(chart(sql, _spec=spec))
    assert harm not in page.text
    assert state_of(page.text)["drawn"]["rows"] == [[harm, 1]]


@pytest.mark.asyncio
@pytest.mark.skipif(not can_draw(), reason="the extra pictures is not installed")
async def test_the_picture_of_a_chart_runs_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, str) as site:
        picture = await site.get(chart(BY_ITEM).replace("chart?", "chart.svg?"))
        nothing = await site.get(f"{CHART}.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert picture.text.startswith("<svg")
    assert nothing.status_code == 400


@pytest.mark.asyncio
async def test_an_answer_with_rows_can_be_drawn(tmp_path: Path) -> None:
    def reply(text: str) -> str:
        return "Tea." if "<rows " in text else BY_ITEM

    async with make_site(tmp_path, reply) as site:
        asked = await site.post("/-/questions/shops", {"question": "What sells?"},
                                headers={"accept": "text/html"})  # fmt: skip
        page = await site.get(asked.headers["location"])
        address = one(page.text, ".//llm-tools-draw//a").get("href") or ""
        drawn = await site.get(address)
    (sql,) = parse_qs(urlsplit(address).query)["sql"]
    assert sql.lower() == f"{BY_ITEM} order by total desc"
    assert state_of(drawn.text)["question"] in asked.headers["location"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/shops", f"{CHART}"),
        ("/shops/sale?item=tea&_facet=day", f"{CHART}?table=sale&item=tea&_facet=day"),
        ("/shops/-/query?sql=select+:n+as+n&n=2", f"{CHART}?sql=select+%3An+as+n&n=2"),
    ],
)
async def test_action_menus_lead_to_drawing(tmp_path: Path, path: str, leads_to: str) -> None:
    async with make_site(tmp_path, str) as site:
        page = await site.get(path)
    assert leads_to in [each.get("href") for each in parsed(page.text).iter("a")]
