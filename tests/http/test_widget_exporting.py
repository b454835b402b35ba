"""Exports of widgets: what is in each file, as whom it is read, and who gets it."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import pytest

from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.values import Draft, NamedQuery, Origin, Parameter
from tests.sites import ALICE, BOB, make_site
from tests.widget_exports import (
    DOCUMENT,
    IN_CITY,
    export_url,
    kept_chart,
    kept_document,
)

HTML = "{http://www.w3.org/1999/xhtml}"
FORMATS = (".html", ".svg", ".png", ".csv", ".json")


def exported(text: str) -> tuple[str, list[str], dict[str, Any]]:
    """The policy of an exported file, its scripts, and its data."""
    root = html5lib.parse(text)
    (policy,) = [
        each.get("content", "")
        for each in root.iter(f"{HTML}meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    scripts = list(root.iter(f"{HTML}script"))
    (data,) = [each.text or "" for each in scripts if each.get("type") == "application/json"]
    return policy, [each.text or "" for each in scripts if not each.get("type")], json.loads(data)


@pytest.mark.asyncio
async def test_the_file_of_a_chart_says_what_it_is_and_runs_our_scripts_only(
    tmp_path: Path,
) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_chart(site)
        answer = await site.get(export_url(widget, ".html"))
    assert answer.status_code == 200
    policy, scripts, data = exported(answer.text)
    hashes = re.findall(r"'sha256-([^']+)'", policy)
    assert hashes == [
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts
    ]
    assert "script-src 'sha256-" in policy and "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert sorted(data["rows"]) == [["milk", 1], ["tea", 2]]
    assert data["behind"] is None
    text = html.unescape(answer.text)
    assert "<h1>What sold</h1>" in text
    assert "group by item" in text and "by the model scripted" in text
    assert widget.created_at in text
    assert "Draw what sold" not in text  # the prompt is its owner's


@pytest.mark.asyncio
async def test_a_file_is_kept_and_never_shown_under_our_address(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        chart, document = await kept_chart(site), await kept_document(site)
        for widget in (chart, document):
            answer = await site.get(export_url(widget, ".html"))
            name = f'filename="{"what-sold" if widget is chart else "sales-by-item"}.html"'
            assert answer.headers["content-disposition"] == f"attachment; {name}"
            assert answer.headers["content-security-policy"].endswith("; sandbox")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.asyncio
async def test_the_file_of_a_document_holds_its_rows_and_its_source_in_a_frame(
    tmp_path: Path,
) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site)
        answer = await site.get(export_url(widget, ".html"))
    policy, scripts, data = exported(answer.text)
    assert len(scripts) == 1
    for said in ("default-src 'none'", "connect-src 'none'", "frame-src 'none'"):
        assert said in policy
    assert "webrtc" not in policy and "sandbox" not in policy  # what a meta element cannot say
    assert data["approved"] is True
    assert 'datasette.rows("sales"' in data["source"]
    (snapshot,) = re.findall(r"const SNAPSHOT = (.+);\n", data["source"])
    assert json.loads(snapshot) == {
        "queries": [
            {
                "name": "sales",
                "results": [
                    {
                        "params": {"city": "Graz"},
                        "columns": ["item", "sales"],
                        "rows": [["milk", 1], ["tea", 1]],
                        "truncated": False,
                    }
                ],
            }
        ]
    }
    assert "city = Graz" in answer.text


@pytest.mark.asyncio
async def test_a_version_that_was_not_run_waits_for_run_in_its_file_too(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, approved=False)
        answer = await site.get(export_url(widget, ".html"))
    assert exported(answer.text)[2]["approved"] is False


@pytest.mark.asyncio
async def test_readers_get_no_version_that_its_owner_has_not_run(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, approved=False, shared=True)
        found = [await site.get(export_url(widget, tail), BOB) for tail in ("", ".html", ".csv")]
    assert [each.status_code for each in found] == [403, 403, 403]


HOSTILE = "</script><script>harm()</script><!--<img src=x onerror=harm()>&quot;"


@pytest.mark.asyncio
async def test_cells_titles_and_sources_end_no_element_of_the_file(tmp_path: Path) -> None:
    sql = f"select '{HOSTILE}' as \"{HOSTILE.replace(chr(34), '')}\", 3 as n"
    spec = {"mark": "bar", "x": HOSTILE, "y": "n"}
    document = f"<p>{HOSTILE}</p>"
    query = NamedQuery("odd", sql)
    async with make_site(tmp_path, lambda _: "") as site:
        chart = await kept_chart(site, sql, spec, title=HOSTILE)
        widget = await kept_document(site, document, [query], title=HOSTILE)
        texts = [(await site.get(export_url(each, ".html"))).text for each in (chart, widget)]
    for text in texts:
        _, scripts, data = exported(text)
        assert not any("harm()" in each for each in scripts)
        assert json.dumps(data).count("harm()") >= 2
        root = html5lib.parse(text)
        assert list(root.iter(f"{HTML}img")) == []
        (heading,) = root.iter(f"{HTML}h1")
        assert heading.text == HOSTILE


@pytest.mark.asyncio
async def test_what_is_cut_is_said_in_the_file(tmp_path: Path) -> None:
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) "
    query = NamedQuery("numbers", many + "select i, 'x' || i as name from n")
    settings = {"widget_result_bytes": 2000, "chart_rows": 100}
    async with make_site(tmp_path, lambda _: "", settings=settings) as site:
        document = await kept_document(site, queries=[query])
        spec = {"mark": "point", "x": "i", "y": "i"}
        chart = await kept_chart(site, query.sql, spec)
        widget_text = (await site.get(export_url(document, ".html"))).text
        chart_text = (await site.get(export_url(chart, ".html"))).text
        page = (await site.get(export_url(document))).text
        picture = (await site.get(export_url(chart, ".svg"))).text
    (snapshot,) = re.findall(r"const SNAPSHOT = (.+);\n", exported(widget_text)[2]["source"])
    (told,) = json.loads(snapshot)["queries"][0]["results"]
    assert told["truncated"] is True
    assert len(json.dumps(told["rows"])) < 5000 and len(told["rows"]) > 50
    assert f"numbers was cut to its first {len(told['rows']):,} rows" in widget_text
    assert "there are more, which are left out" in page
    note = re.search(r'<p class="note">([^<]+)</p>', chart_text)
    assert note and "100" in note[1]
    assert len(exported(chart_text)[2]["rows"]) == 100
    assert note[1].split()[0] in picture


@pytest.mark.asyncio
async def test_pictures_are_pictures_and_may_run_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_chart(site)
        svg = await site.get(export_url(widget, ".svg"))
        png = await site.get(export_url(widget, ".png"))
    assert svg.headers["content-type"] == "image/svg+xml"
    assert "What sold" in svg.text and svg.text.count('aria-roledescription="bar"') == 2
    assert svg.headers["content-security-policy"].endswith("; sandbox")
    assert svg.headers["content-disposition"].startswith("inline")
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")


@pytest.mark.asyncio
async def test_rows_as_csv(tmp_path: Path) -> None:
    odd = NamedQuery("odd", "select 'a,\"b\"' as x, null as y, x'00ff' as z")
    async with make_site(tmp_path, lambda _: "") as site:
        chart = await site.get(export_url(await kept_chart(site), ".csv"))
        one = await kept_document(site, queries=[odd])
        two = await kept_document(site, queries=[odd, IN_CITY])
        only = await site.get(export_url(one, ".csv"))
        unnamed = await site.get(export_url(two, ".csv"), headers={"accept": "application/json"})
        named = await site.get(export_url(two, ".csv?query=sales"))
    heads, *rows = csv.reader(io.StringIO(chart.text))
    assert len(heads) == 2 and sorted(rows) == [["milk", "1"], ["tea", "2"]]
    assert list(csv.reader(io.StringIO(only.text))) == [["x", "y", "z"], ['a,"b"', "", "00ff"]]
    assert unnamed.status_code == 400
    assert unnamed.json()["error"].endswith("there are: odd, sales.")
    assert named.text.splitlines()[0] == "item,sales"


@pytest.mark.asyncio
async def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    sql = """select '=1+1' as "@name", '-3+4' as b, char(9) || '=2' as c, -2.5 as d, 'x=1' as e"""
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, queries=[NamedQuery("odd", sql)])
        found = await site.get(export_url(widget, ".csv"))
    assert list(csv.reader(io.StringIO(found.text))) == [
        ["'@name", "b", "c", "d", "e"],
        ["'=1+1", "'-3+4", "'\t=2", "-2.5", "x=1"],
    ]


@pytest.mark.asyncio
async def test_json_has_all_versions_for_the_owner_and_the_current_one_for_readers(
    tmp_path: Path,
) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, shared=True)
        second = Draft(Origin.EDITED, "<p>Second</p>", (IN_CITY,))
        await store.add_revision(site.datasette, widget.id, second, parent=1, actor_id=ALICE["id"])
        await store.approve(site.datasette, widget.id, 2)
        own = (await site.get(export_url(widget, ".json"))).json()
        other = (await site.get(export_url(widget, ".json"), BOB)).json()
        chart = (await site.get(export_url(await kept_chart(site), ".json"))).json()
    assert [each["number"] for each in own["revisions"]] == [2, 1]
    assert own["revisions"][1]["prompt"] == "Draw what sold"
    assert own["revisions"][1]["source"] == DOCUMENT
    assert own["revisions"][1]["tokens"] == {"input": 10, "output": 5}
    assert own["revisions"][0]["queries"][0]["parameters"][0]["name"] == "city"
    assert [each["number"] for each in other["revisions"]] == [2]
    assert "Draw what sold" not in json.dumps(other)
    assert other["revisions"][0]["usd"] is other["revisions"][0]["tokens"]["input"] is None
    assert chart["widget"]["kind"] == "chart"
    assert json.loads(chart["revisions"][0]["source"])["mark"] == "bar"


@pytest.mark.asyncio
async def test_the_page_says_before_what_becomes_visible(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        chart, document = await kept_chart(site), await kept_document(site)
        of_chart = (await site.get(export_url(chart))).text
        of_document = (await site.get(export_url(document))).text
        size = len((await site.get(export_url(document, ".html"))).content)
    assert "Whoever gets it can read all of" in of_document
    assert "<strong>sales</strong>: 2 rows" in of_document
    assert "<code>item</code>, <code>sales</code>" in of_document
    assert "<code>city = Graz</code>" in of_document
    assert f"{round(size / 1000):,} kB" in of_document
    assert "export.csv?number=1&amp;query=sales" in of_document
    assert "export.svg" not in of_document
    for kind in ("html", "svg", "png", "csv"):
        assert f"export.{kind}?number=1" in of_chart


@pytest.mark.parametrize("tail", ["", *FORMATS])
@pytest.mark.asyncio
async def test_who_gets_a_file(tmp_path: Path, tail: str) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        private = await kept_chart(site)
        shared = await kept_chart(site, shared=True)
        found = {
            "owner": (await site.get(export_url(private, tail), ALICE)).status_code,
            "stranger": (await site.get(export_url(private, tail), BOB)).status_code,
            "root": (await site.get(export_url(private, tail), {"id": "root"})).status_code,
            "reader": (await site.get(export_url(shared, tail), BOB)).status_code,
            "missing": (await site.get(f"/-/widgets/shops/{'0' * 24}/-/export{tail}")).status_code,
            "posted": (await site.post(export_url(private, tail), {})).status_code,
        }
    assert found == {
        "owner": 200,
        "stranger": 404,
        "root": 404,
        "reader": 200,
        "missing": 404,
        "posted": 405,
    }


@pytest.mark.asyncio
async def test_a_reader_gets_rows_that_they_may_see_only(tmp_path: Path) -> None:
    owner = {"id": "root"}
    sql = "select word, length(word) as n from secret"
    async with make_site(tmp_path, lambda _: "") as site:
        chart = await kept_chart(
            site, sql, {"mark": "bar", "x": "word", "y": "n"}, actor=owner, shared=True
        )
        document = await kept_document(
            site, queries=[NamedQuery("words", sql)], actor=owner, shared=True
        )
        for widget, tails in ((chart, FORMATS[:4]), (document, (".html", ".csv"))):
            for tail in ("", *tails):
                answer = await site.get(export_url(widget, tail), BOB)
                assert answer.status_code == 403, tail
                assert "hush" not in answer.text
                assert "secret" in answer.text
        assert "hush" in (await site.get(export_url(document, ".html"), owner)).text


@pytest.mark.parametrize(
    ("query", "status"),
    [("number=1", 200), ("number=2", 404), ("number=99999999999", 404), ("number=", 400)],
)
@pytest.mark.asyncio
async def test_one_version(tmp_path: Path, query: str, status: int) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_chart(site)
        assert (await site.get(export_url(widget, f".csv?{query}"))).status_code == status


@pytest.mark.asyncio
async def test_readers_get_no_version_but_the_current_one(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, shared=True)
        draft = Draft(Origin.EDITED, "<p>Second</p>", ())
        await store.add_revision(site.datasette, widget.id, draft, parent=1, actor_id="alice")
        await store.approve(site.datasette, widget.id, 2)
        assert (await site.get(export_url(widget, ".html?number=1"), ALICE)).status_code == 200
        assert (await site.get(export_url(widget, ".html?number=1"), BOB)).status_code == 404
        assert (await site.get(export_url(widget, ".html"), BOB)).status_code == 200


@pytest.mark.parametrize(
    ("sql", "status", "said"),
    [
        ("select gone from sale", 400, "The query broken does not run"),
        ("delete from sale", 403, "DELETE"),
        ("select load_extension('x')", 403, "load_extension"),
    ],
)
@pytest.mark.asyncio
async def test_a_query_that_does_not_run_is_named(
    tmp_path: Path, sql: str, status: int, said: str
) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, queries=[NamedQuery("broken", sql)])
        answer = await site.get(export_url(widget, ".html"), headers={"accept": "application/json"})
    assert answer.status_code == status
    assert said in answer.json()["error"]


@pytest.mark.asyncio
async def test_there_is_no_picture_of_a_document(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site)
        answer = await site.get(export_url(widget, ".png"))
    assert answer.status_code == 400
    assert "pictures of charts only" in answer.text


CITIES = NamedQuery("cities", "select distinct city as City from shop order by 1")


@pytest.mark.parametrize(
    ("queries", "chosen"),
    [
        ([IN_CITY], [{"city": "Graz"}]),
        ([CITIES, IN_CITY], [{"city": "Graz"}, {"city": "Linz"}]),
        (
            [replace(IN_CITY, parameters=(Parameter("city", choices=("Linz", "Wels")),))],
            [{"city": None}, {"city": "Linz"}, {"city": "Wels"}],
        ),
        (
            [
                NamedQuery(
                    "sales",
                    "select :year, :all",
                    (Parameter("year", "integer", 2, 1, 3), Parameter("all", "boolean", 0)),
                )
            ],
            [{"year": year, "all": every} for year in (2, 1, 3) for every in (0, 1)],
        ),
    ],
)
@pytest.mark.asyncio
async def test_rows_of_values_that_a_reader_may_choose_are_in_the_file(
    tmp_path: Path, queries: list[NamedQuery], chosen: list[dict[str, Any]]
) -> None:
    async with make_site(tmp_path, lambda _: "") as site:
        widget = await kept_document(site, queries=queries)
        text = (await site.get(export_url(widget, ".html"))).text
        page = (await site.get(export_url(widget))).text
    (snapshot,) = re.findall(r"const SNAPSHOT = (.+);\n", exported(text)[2]["source"])
    results = json.loads(snapshot)["queries"][-1]["results"]
    assert [each["params"] for each in results] == chosen
    if len(chosen) > 1:
        assert f"and {len(chosen) - 1} other choice" in page


@pytest.mark.asyncio
async def test_choices_that_do_not_fit_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    query = NamedQuery(
        "wide",
        "select printf('%.*c', 300, 'x') as text, :n as n",
        (Parameter("n", "integer", 1, 1, 50),),
    )
    async with make_site(tmp_path, lambda _: "", settings={"widget_result_bytes": 2000}) as site:
        widget = await kept_document(site, queries=[query])
        text = (await site.get(export_url(widget, ".html"))).text
    (snapshot,) = re.findall(r"const SNAPSHOT = (.+);\n", exported(text)[2]["source"])
    (told,) = json.loads(snapshot)["queries"]
    assert [each["params"]["n"] for each in told["results"]] == [1, 2, 3, 4, 5, 6]
    assert not any(each["truncated"] for each in told["results"])
    assert "Of wide this file holds 6 choices; there are more." in text
