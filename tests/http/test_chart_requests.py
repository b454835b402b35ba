"""Charts over HTTP: who may draw, what comes back, what bad input is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sites import ALICE, Site, make_site

CHART = "/-/widgets/shops/-/chart.json"
SALES = "select day, item, price from sale"
BARS = {"mark": "bar", "x": "item", "y": "price", "aggregate": "sum"}
MANY = """
create table reading (id integer primary key, at text, place text, value real);
with recursive n(i) as (select 0 union all select i + 1 from n where i < 2999)
insert into reading select i, datetime('2024-01-01', '+' || i || ' hours'),
    case i % 3 when 0 then 'north' when 1 then 'south' end, i % 24 from n;
"""


def silent(text: str) -> str:
    raise AssertionError("no model is asked for a chart")


async def drawn(site: Site, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = await site.datasette.client.post(
        CHART, content=json.dumps(body), headers={"content-type": "application/json"},
        actor=more.pop("actor", ALICE),
    )  # fmt: skip
    answer: dict[str, Any] = response.json()
    assert response.status_code == more.get("status", 200), answer
    return answer


@pytest.mark.asyncio
async def test_a_query_is_drawn_by_its_spec(tmp_path: Path) -> None:
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, {"sql": SALES + "; -- all", "spec": BARS})
    assert answer["ok"] is True
    assert answer["spec"] == BARS
    assert answer["rows"] == [["tea", 7.1], ["milk", 1.2]]
    assert answer["fields"] == ["f0", "f1"] and answer["titles"] == ["Item", "Total price"]
    assert answer["columns"][0] == {"name": "day", "type": "text", "role": "time"}
    assert (answer["total"], answer["truncated"], answer["note"]) == (2, False, None)
    assert answer["title"] == "Total price by item"
    assert answer["left_out"] == [] and answer["notes"] == []
    assert "Highest: tea, 7.1." in answer["summary"]
    assert answer["vega_lite"]["data"] == {"name": "rows"}
    assert SALES in answer["sql"]


@pytest.mark.asyncio
async def test_without_a_spec_one_is_suggested(tmp_path: Path) -> None:
    async with make_site(tmp_path, silent, more_sql=[MANY]) as site:
        answer = await drawn(site, {"sql": "select * from reading"})
    assert answer["spec"] == {
        "mark": "line", "x": "at", "y": "value", "aggregate": "mean", "x_unit": "day",
    }  # fmt: skip
    assert len(answer["rows"]) == 125
    assert {row[1] for row in answer["rows"]} == {11.5}
    assert answer["title"] == "Mean value by day of at"


@pytest.mark.asyncio
async def test_the_rows_behind_a_mark_are_a_page(tmp_path: Path) -> None:
    spec = {"mark": "bar", "x": "at", "x_unit": "hour", "aggregate": "count", "color": "place"}
    async with make_site(tmp_path, silent, more_sql=[MANY]) as site:
        sql = "select * from reading where id >= :low"
        answer = await drawn(site, {"sql": sql, "params": {"low": 100}, "spec": spec})
        row = dict(zip(answer["fields"], answer["rows"][0], strict=True))
        values = {each["name"]: row[each["field"]] for each in answer["behind"]["params"]}
        address = answer["behind"]["url"].replace("/query?", "/query.json?")
        page = await site.get(f"{address}&{urlencode(values)}")
    assert answer["rows"][0][:2] == [0, "(no value)"] or answer["rows"][0][0] == 0
    assert len(page.json()["rows"]) == answer["rows"][0][2]


@pytest.mark.asyncio
async def test_marks_beyond_the_limit_are_said_to_be_left_out(tmp_path: Path) -> None:
    points = {"mark": "point", "x": "id", "y": "value", "color": "place"}
    sql = "select id, iif(id % 2, value, null) as value, place from reading"
    settings = {"chart_rows": 500}
    async with make_site(tmp_path, silent, more_sql=[MANY], settings=settings) as site:
        answer = await drawn(site, {"sql": sql, "spec": points})
        bars = await drawn(site, {"sql": "select * from reading", "spec": {
            "mark": "bar", "x": "place", "aggregate": "count"}})  # fmt: skip
    assert len(answer["rows"]) == 250
    assert answer["truncated"] is True and answer["total"] == 3000
    assert answer["note"] == "Only the first 500 of 3,000 rows are drawn."
    assert answer["left_out"] == ["1,500 rows have no number in value."]
    assert bars["rows"] == [["(no value)", 1000], ["north", 1000], ["south", 1000]]
    assert bars["truncated"] is False


@pytest.mark.asyncio
async def test_rows_on_one_mark_are_put_together(tmp_path: Path) -> None:
    spec = {"mark": "bar", "x": "item", "y": "price"}
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, {"sql": SALES, "spec": spec})
    assert answer["rows"] == [["tea", 7.1], ["milk", 1.2]]
    assert answer["notes"] == ["Several rows fall on one mark, so their sum is drawn."]


@pytest.mark.asyncio
async def test_a_form_may_be_sent(tmp_path: Path) -> None:
    async with make_site(tmp_path, silent) as site:
        response = await site.post(CHART, {"sql": SALES, "spec": json.dumps(BARS), "params": ""})
    assert response.json()["rows"] == [["tea", 7.1], ["milk", 1.2]]


@pytest.mark.asyncio
async def test_times_with_an_offset_are_said_to_be_in_utc(tmp_path: Path) -> None:
    zoned = "select '2013-01-01T00:30:00+02:00' as at, 'a' as item"
    plain = "select '2013-01-01T00:30:00Z' as at, 'a' as item union all select '2013-01-02', 'b'"
    spec = {"mark": "bar", "x": "at", "x_unit": "day", "aggregate": "count"}
    async with make_site(tmp_path, silent) as site:
        moved = await drawn(site, {"sql": zoned, "spec": spec})
        same = await drawn(site, {"sql": plain, "spec": spec})
        unused = await drawn(site, {"sql": zoned, "spec": {**spec, "x": "item", "x_unit": None}})
    assert moved["rows"] == [["2012-12-31", 1]]
    assert moved["left_out"] == [
        "Times in at are written with an offset such as +02:00; they are drawn in UTC."
    ]
    assert same["left_out"] == unused["left_out"] == []


@pytest.mark.asyncio
async def test_a_query_without_rows_draws_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, {"sql": f"{SALES} where 0", "spec": BARS})
        await drawn(site, {"sql": f"{SALES} where 0"}, status=400)
    assert answer["rows"] == [] and "nothing to draw" in answer["summary"]


@pytest.mark.asyncio
async def test_rows_that_all_have_no_date_are_counted(tmp_path: Path) -> None:
    sql = "select nullif(day, day) as day, price from sale union all select '2024-01-01', 1 where 0"
    spec = {"mark": "line", "x": "day", "x_unit": "month", "aggregate": "count"}
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, {"sql": sql, "spec": spec})
    assert answer["rows"] == []
    assert answer["left_out"] == ["3 rows have no value in day."]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "There is no SQL to draw"),
        ({"sql": 3}, 400, "There is no SQL to draw"),
        ({"sql": SALES, "spec": []}, 400, "spec must be a JSON object"),
        ({"sql": SALES, "spec": "{"}, 400, "spec is not valid JSON"),
        ({"sql": SALES, "params": {"a": [1]}}, 400, "The parameter a must be a text or a number"),
        ({"sql": SALES, "spec": {"mark": "bar", "x": "itm"}}, 400, "did you mean item?"),
        ({"sql": "select nowhere from sale"}, 400, "no such column"),
        ({"sql": "select * from secret"}, 403, "secret is not one you may see"),
        ({"sql": "select name from shop"}, 400, "choose a mark and its columns by hand"),
        ({"sql": "delete from sale"}, 403, "Only a single SELECT"),
        ({"sql": "select 1; select 2"}, 403, "Only one statement"),
        ({"sql": "select 1) select * from secret --"}, 403, "secret is not one you may see"),
    ],
)
@pytest.mark.asyncio
async def test_bad_input_is_told(
    tmp_path: Path, body: dict[str, Any], status: int, words: str
) -> None:
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, body, status=status)
    assert answer["ok"] is False and words in answer["error"]


@pytest.mark.asyncio
async def test_what_stands_around_a_query_does_not_show_more(tmp_path: Path) -> None:
    """A query that closes the parenthesis it stands in is still one as the actor."""
    sneaky = "select 'a' as k, 1 as n) , s as (select word as k, 1 as n from secret"
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, {"sql": sneaky, "spec": {"mark": "bar", "x": "k", "y": "n"}},
                             status=403)  # fmt: skip
    assert "hush" not in json.dumps(answer)


@pytest.mark.asyncio
async def test_only_who_may_query_may_draw(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"allow_sql": {"id": "root"}}}}
    async with make_site(tmp_path, silent, config=config) as site:
        answer = await drawn(site, {"sql": SALES}, status=403)
    assert "execute-sql" in answer["error"]


@pytest.mark.asyncio
async def test_the_query_runs_within_the_limits(tmp_path: Path) -> None:
    sql = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    async with make_site(tmp_path, silent, settings={"query_ms": 50}) as site:
        answer = await drawn(site, {"sql": sql}, status=400)
    assert "was stopped" in answer["error"]


@pytest.mark.asyncio
async def test_endless_sql_is_refused_at_once(tmp_path: Path) -> None:
    async with make_site(tmp_path, silent) as site:
        answer = await drawn(site, {"sql": "select 1 " + "[" * 1_900_000}, status=403)
    assert "20,000" in answer["error"]
