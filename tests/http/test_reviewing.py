"""Reviewing a run: verdicts, corrections in the table, order, accuracy, labelled rows."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments.database.store import set_status
from datasette_llm_tools.enrichments.database.tables import require_target
from datasette_llm_tools.enrichments.database.undoing import undo
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.review import reviews
from datasette_llm_tools.enrichments.review.keeping import keep
from datasette_llm_tools.enrichments.review.labelled import labelled_rows
from datasette_llm_tools.enrichments.review.reviews import Judgement, Verdict
from datasette_llm_tools.enrichments.values import (
    Attachment,
    Fault,
    Outcome,
    OutcomeStatus,
    RunStatus,
)
from datasette_llm_tools.errors import BadInput
from tests.enrich_sites import CAROL
from tests.review_runs import asking, make_run, reviewed_site
from tests.sites import ALICE, BOB

pytestmark = pytest.mark.asyncio

HTML = {"accept": "text/html"}
STARS = Output("points", OutputType.INTEGER, minimum=0, maximum=9, optional=True)
WORDS = Output("words")
PNG = "89504e470d0a1a0a0000000d49484452"


async def kept(reviewed: Any) -> list[tuple[Any, ...]]:
    return await reviewed.rows(
        "select row_key, output, verdict, value, actor_id from _llm_tools_reviews order by 1, 2"
    )


async def test_the_page_shows_input_and_output_side_by_side(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[2]")
    assert page.status_code == 200
    for shown in ("cold milk", "Row 2", "no reviews yet", 'href="/shops/remark/2"'):
        assert shown in page.text, shown
    assert '<option value="sad" selected>' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_accepting_keeps_the_value_and_goes_on(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        answer = (await reviewed.say((1,), "accept")).json()
        assert await kept(reviewed) == [("[1]", "feeling", "accept", '"glad"', "alice")]
        assert await reviewed.table() == ["glad", "sad", "sad", "sad", None, None]
    assert answer["accuracy"]["right"] == answer["accuracy"]["reviewed"] == 1
    assert answer["accuracy"]["interval"] == pytest.approx([0.2065, 1.0], abs=0.001)
    assert answer["next"] != "[1]"


async def test_a_form_without_javascript_goes_to_the_next_row(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        seen, url = [], f"{reviewed.url}/-/review?seed=7"
        for _ in range(4):
            page = await reviewed.site.get(url)
            (key,) = re.findall(r'name="key" value="\[(\d)\]"', page.text)
            (action,) = re.findall(
                r'<form class="core review" method="post" action="([^"]+)"', page.text
            )
            seen.append(key)
            answer = await reviewed.site.post(
                action.replace("&amp;", "&"),
                {"key": f"[{key}]", "verdict": "accept"},
                headers=HTML,
            )
            assert answer.status_code == 303
            url = answer.headers["location"]
        page = await reviewed.site.get(url)
    assert sorted(seen) == ["1", "2", "3", "4"]
    assert "All 4 rows are reviewed" in page.text
    assert "100% <" in page.text and "4 of 4, 95% interval 51% to 100%" in page.text


async def test_a_correction_is_written_with_its_review(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        answer = await reviewed.say((3,), "edit", **{"value-0": "glad"})
        assert answer.status_code == 200
        assert await reviewed.table() == ["glad", "sad", "glad", "sad", None, None]
        assert await kept(reviewed) == [("[3]", "feeling", "edit", '"glad"', "alice")]
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[3]")
    assert answer.json()["accuracy"]["right"] == 0
    assert '<option value="glad" selected>' in page.text
    assert "The model said: sad" in page.text and ">corrected<" in page.text


async def test_a_rejection_counts_and_leaves_the_table(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        answer = (await reviewed.say((3,), "reject")).json()
        assert await reviewed.table() == ["glad", "sad", "sad", "sad", None, None]
        assert await kept(reviewed) == [("[3]", "feeling", "reject", None, "alice")]
    assert (answer["accuracy"]["right"], answer["accuracy"]["reviewed"]) == (0, 1)


@pytest.mark.parametrize("verdict", ["accept", "reject"])
async def test_another_verdict_takes_a_correction_back(tmp_path: Path, verdict: str) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.say((3,), "edit", **{"value-0": "glad"})
        await reviewed.say((3,), verdict, actor=BOB)
        assert await reviewed.table() == ["glad", "sad", "sad", "sad", None, None]
        assert [each[2] for each in await kept(reviewed)] == [verdict]
        assert [each[4] for each in await kept(reviewed)] == ["bob"]


async def test_what_somebody_wrote_after_a_correction_stays(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.say((3,), "edit", **{"value-0": "glad"})
        await reviewed.site.datasette.get_database("shops").execute_write(
            "update remark set feeling = 'mixed' where id = 3"
        )
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[3]")
        await reviewed.say((3,), "accept")
        assert (await reviewed.table())[2] == "mixed"
    assert "The table holds something else now: mixed" in page.text


@pytest.mark.parametrize(
    ("verdict", "fields", "said"),
    [
        ("edit", {"value-0": "merry"}, "feeling"),
        ("edit", {"value-0": ""}, "feeling"),
        ("edit", {"value-0": "sad"}, "Nothing was changed"),
        ("edit", {}, "Nothing was changed"),
        ("accept", {"value-0": "glad"}, "feeling was changed"),
        ("perhaps", {}, "accept, edit or reject"),
        ("", {}, "accept, edit or reject"),
    ],
)
async def test_verdicts_that_cannot_be_kept(
    tmp_path: Path, verdict: str, fields: dict[str, str], said: str
) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        answer = await reviewed.say((2,), verdict, **fields)
        assert answer.status_code == 400 and said in answer.json()["error"]
        assert await kept(reviewed) == []
        assert await reviewed.table() == ["glad", "sad", "sad", "sad", None, None]


async def test_what_was_typed_is_there_beside_the_error(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path, {(1,): {"words": "a\nb"}}, asking(WORDS)) as reviewed:
        form = {"key": "[1]", "verdict": "accept", "value-0": "half <done>"}
        page = await reviewed.site.post(f"{reviewed.url}/-/review", form, headers=HTML)
        same = {"key": "[1]", "verdict": "accept", "value-0": "a\r\nb"}
        answer = await reviewed.site.post(f"{reviewed.url}/-/review", same, headers=HTML)
    assert page.status_code == 400
    assert 'role="alert">words was changed' in page.text
    assert "half &lt;done&gt;</textarea>" in page.text
    assert answer.status_code == 303, "a browser's line ends are no change"


@pytest.mark.parametrize("key", ["[99]", "[5]", '["2"]', "[2, 2]", "[]", "2", "x", "[null]", ""])
async def test_rows_that_the_run_has_no_values_for(tmp_path: Path, key: str) -> None:
    failed = Outcome((5,), OutcomeStatus.FAILED, fault=Fault.INVALID, message="no")
    async with reviewed_site(tmp_path, {(2,): {"feeling": "sad"}, (5,): failed}) as reviewed:
        form = {"key": key, "verdict": "reject"}
        answer = await reviewed.site.post(f"{reviewed.url}/-/review", form)
        assert answer.status_code in (400, 404)
        assert await kept(reviewed) == []


async def test_each_output_is_judged_by_itself(tmp_path: Path) -> None:
    said = {(1,): {"words": "good", "points": 3}, (2,): {"words": "bad", "points": None}}
    async with reviewed_site(tmp_path, said, asking(WORDS, STARS)) as reviewed:
        edited = await reviewed.say((1,), "edit", **{"value-0": "good", "value-1": "4"})
        marked = await reviewed.say((2,), "reject", **{"wrong-1": "1", "value-1": ""})
        assert await kept(reviewed) == [
            ("[1]", "points", "edit", "4", "alice"),
            ("[1]", "words", "accept", '"good"', "alice"),
            ("[2]", "points", "reject", None, "alice"),
            ("[2]", "words", "accept", '"bad"', "alice"),
        ]
        assert await reviewed.table("points") == [4, None, None, None, None, None]
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[1]")
    assert edited.status_code == 200
    assert marked.json()["accuracy"]["right"] == 0
    assert marked.json()["outputs"]["words"]["right"] == 2
    assert marked.json()["outputs"]["points"]["right"] == 0
    assert "<td>words</td><td>100% " in page.text and 'name="wrong-1"' in page.text


async def test_the_seed_decides_the_order(tmp_path: Path) -> None:
    said = {(n,): {"feeling": "glad"} for n in range(1, 41)}
    more = "delete from remark; with n(i) as (select 1 union all select i + 1 from n where i < 40) "
    more += "insert into remark (id, body) select i, 'tea ' || i from n;"
    async with reviewed_site(tmp_path, said, more=more) as reviewed:

        async def order(seed: str, most: int = 40) -> tuple[Any, ...]:
            return await reviews.keys_in_order(
                reviewed.site.datasette, reviewed.run, seed, most=most
            )

        first, again, other = await order("a"), await order("a"), await order("b")
        assert await order("a", 5) == first[:5]
    assert first == again != other
    assert sorted(first) == sorted(other) == sorted(said)
    assert first != tuple(sorted(first))


async def test_rows_of_one_label(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        query, seen = "?seed=3&output=feeling&label=sad", []
        answer = (await reviewed.site.get(f"{reviewed.url}/-/review.json{query}")).json()
        while answer["next"]:
            seen.append(answer["next"])
            answer = (await reviewed.say(tuple(json.loads(answer["next"])), "accept", query)).json()
        page = await reviewed.site.get(f"{reviewed.url}/-/review{query}")
        nothing = await reviewed.site.get(f"{reviewed.url}/-/review?output=feeling&label=no")
        unknown = await reviewed.site.get(f"{reviewed.url}/-/review?output=odd&label=no")
    assert sorted(seen) == ["[2]", "[3]", "[4]"]
    assert "of this label are reviewed" in page.text
    assert re.search(r'label=sad" aria-current="true">sad</a></td><td>3 rows</td>', page.text)
    assert "gave this label to no row" in nothing.text
    assert unknown.status_code == 200 and 'name="key"' in unknown.text


async def test_labels_of_booleans_and_of_nothing(tmp_path: Path) -> None:
    output = Output('is "new"', OutputType.BOOLEAN, optional=True)
    said = {(1,): {output.name: True}, (2,): {output.name: False}, (3,): {output.name: None}}
    async with reviewed_site(tmp_path, said, asking(output)) as reviewed:
        datasette, run = reviewed.site.datasette, reviewed.run
        assert await reviews.count_labels(datasette, run, output.name) == {
            "": 1,
            "false": 1,
            "true": 1,
        }
        for text, key in (("true", (1,)), ("false", (2,)), ("", (3,))):
            label = reviews.Label(output.name, text)
            assert await reviews.keys_in_order(datasette, run, "1", most=9, label=label) == (key,)
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[1]")
        await reviewed.say((3,), "edit", **{"value-0": "true"})
        assert await reviewed.table(output.name) == [1, 0, 1, None, None, None]
    assert '<option value="true" selected>yes' in page.text


@pytest.mark.parametrize("actor", [CAROL, None])
async def test_only_who_may_write_the_table_may_review(tmp_path: Path, actor: Any) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        page = await reviewed.site.get(f"{reviewed.url}/-/review", actor)
        answer = await reviewed.say((1,), "accept", actor=actor)
        assert await kept(reviewed) == []
    assert page.status_code == answer.status_code == 403
    assert "permission" in answer.json()["error"]


async def test_a_table_that_is_hidden_hides_its_reviews(tmp_path: Path) -> None:
    hidden = {"databases": {"shops": {"tables": {"remark": {"allow": {"id": "alice"}}}}}}
    async with reviewed_site(tmp_path, config=hidden) as reviewed:
        for path in ("review", "labelled", "labelled.json", "labelled.csv"):
            answer = await reviewed.site.get(f"{reviewed.url}/-/{path}", BOB)
            assert answer.status_code == 404, path
        row = await reviewed.site.get("/-/enrichments/shops/remark/-/row?key=[1]", BOB)
        mine = await reviewed.site.get(f"{reviewed.url}/-/review")
    assert row.status_code == 404
    assert mine.status_code == 200


async def test_a_run_that_was_undone_is_not_reviewed(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.say((1,), "accept")
        await set_status(reviewed.site.datasette, reviewed.run, RunStatus.UNDONE)
        page = await reviewed.site.get(f"{reviewed.url}/-/review")
        answer = await reviewed.say((2,), "edit", **{"value-0": "glad"})
        assert (await reviewed.table())[1] == "sad"
        labelled = (await reviewed.site.get(f"{reviewed.url}/-/labelled.json")).json()
    assert "was undone" in page.text
    assert answer.status_code in (404, 409)
    assert [each["expected"] for each in labelled["rows"]] == [{"feeling": "glad"}]


async def test_undoing_a_run_keeps_corrections_and_labels(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.say((1,), "accept")
        await reviewed.say((3,), "edit", **{"value-0": "glad"})
        undone = await undo(reviewed.site.datasette, reviewed.run)
        assert await reviewed.table() == [None, None, "glad", None, None, None]
        labelled = (await reviewed.site.get(f"{reviewed.url}/-/labelled.json")).json()
        row = await reviewed.site.get("/-/enrichments/shops/remark/-/row.json?key=[3]")
    assert undone.edited_since == 1
    assert {each["key"][0]: each["expected"]["feeling"] for each in labelled["rows"]} == {
        1: "glad",
        3: "glad",
    }
    (origin,) = row.json()["origins"]
    assert origin["origin"].startswith("a person, alice")


async def test_a_row_that_is_gone_can_be_judged_but_not_corrected(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.site.datasette.get_database("shops").execute_write(
            "delete from remark where id = 2"
        )
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[2]")
        edit = await reviewed.say((2,), "edit", **{"value-0": "glad"})
        assert await kept(reviewed) == []
        reject = await reviewed.say((2,), "reject")
    assert "not in the table any more" in page.text
    assert edit.status_code == 409 and reject.status_code == 200


@pytest.mark.parametrize(
    "refusal",
    [
        "create trigger no before update on remark when new.words = 'never' "
        "begin select raise(abort, 'not that word'); end;",
        "create unique index one on remark(words) where words = 'never'; "
        "update remark set words = 'never' where id = 6;",
    ],
)
async def test_a_value_that_the_table_refuses_keeps_no_review(tmp_path: Path, refusal: str) -> None:
    async with reviewed_site(tmp_path, {(1,): {"words": "tea"}}, asking(WORDS)) as reviewed:
        await reviewed.site.datasette.get_database("shops").execute_write_script(refusal)
        answer = await reviewed.say((1,), "edit", **{"value-0": "never"})
        assert await kept(reviewed) == []
        assert (await reviewed.table("words"))[0] == "tea"
    assert answer.status_code == 400
    assert "refused the value" in answer.json()["error"]


async def test_a_column_that_is_gone(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.site.datasette.get_database("shops").execute_write(
            "alter table remark rename column feeling to mood_now"
        )
        page = await reviewed.site.get(f"{reviewed.url}/-/review?at=[2]")
        answer = await reviewed.say((2,), "edit", **{"value-0": "glad"})
        assert await kept(reviewed) == []
    assert page.status_code == 200
    assert answer.status_code == 400 and "no column feeling" in answer.json()["error"]


async def test_keys_of_text_and_bytes_and_rowids(tmp_path: Path) -> None:
    more = """
        create table place ("na,me" text, part blob, body text, primary key ("na,me", part))
            without rowid;
        insert into place values ('a/b', x'00ff', 'lovely');
        create table note (body text);
        insert into note values ('cold');
    """
    said: dict[Any, Any] = {("a/b", b"\x00\xff"): {"feeling": "sad"}}
    async with reviewed_site(tmp_path, said, table="place", more=more) as reviewed:
        page = await reviewed.site.get(f"{reviewed.url}/-/review")
        answer = await reviewed.say(("a/b", b"\x00\xff"), "edit", **{"value-0": "glad"})
        assert answer.status_code == 200, answer.text
        assert await reviewed.rows("select feeling from place") == [("glad",)]
        row = await reviewed.site.get(
            "/-/enrichments/shops/place/-/row",
            params={"key": '["a/b", {"$base64": "AP8="}]'},
        )
        run = await make_run(reviewed.site, {(1,): {"feeling": "glad"}}, table="note")
        form = {"key": "[1]", "verdict": "edit", "value-0": "sad"}
        answer = await reviewed.site.post(f"/-/runs/shops/{run.id}/-/review", form)
        assert answer.status_code == 200
        assert await reviewed.rows("select feeling from note") == [("sad",)]
    assert page.status_code == 200 and "lovely" in page.text
    assert row.status_code == 200 and "corrected to glad by alice" in row.text


async def test_pictures_are_shown_and_links_only_of_the_web(tmp_path: Path) -> None:
    specification = asking(
        WORDS,
        template="Describe it {{ body }}",
        attachments=(Attachment("photo"), Attachment("mood", "url")),
    )
    more = f"update remark set photo = x'{PNG}', mood = 'javascript:alert(1)' where id = 1;"
    more += "update remark set photo = 'text', mood = 'https://files.example/a?b=<c>' where id = 2;"
    said = {(1,): {"words": "a cup"}, (2,): {"words": "a cup"}, (3,): {"words": "a cup"}}
    async with reviewed_site(tmp_path, said, specification, more=more) as reviewed:
        first, second, third = [
            (await reviewed.site.get(f"{reviewed.url}/-/review?at=[{n}]")).text for n in (1, 2, 3)
        ]
    assert '<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="' in first
    assert 'href="javascript:' not in first and "javascript:alert(1)" in first
    assert 'href="https://files.example/a?b=&lt;c&gt;" rel="noopener noreferrer nofollow"' in second
    assert "holds no BLOB" in second
    assert "<img" not in third and third.count(">NULL<") == 2


async def test_cells_and_values_are_text_on_the_page(tmp_path: Path) -> None:
    attack = "</textarea></script><img src=x onerror=alert(1)>"
    more = f"update remark set body = '{attack}' where id = 1;"
    async with reviewed_site(tmp_path, {(1,): {"words": attack}}, asking(WORDS), more=more) as each:
        pages = [
            (await each.site.get(f"{each.url}/-/{path}")).text
            for path in ("review", "review?at=[1]")
        ]
        await each.say((1,), "accept")
        pages.append((await each.site.get(f"{each.url}/-/labelled")).text)
        pages.append((await each.site.get("/-/enrichments/shops/remark/-/row?key=[1]")).text)
    for page in pages:
        assert "&lt;img src=x" in page
        assert "<img src=x" not in page


async def test_labelled_rows_as_page_json_csv_and_values(tmp_path: Path) -> None:
    said = {
        (1,): {"words": "good", "points": 3},
        (2,): {"words": "bad", "points": None},
        (3,): {"words": "=1+1", "points": 1},
        (4,): {"words": "no", "points": 1},
    }
    async with reviewed_site(tmp_path, said, asking(WORDS, STARS)) as reviewed:
        await reviewed.say((1,), "accept")
        await reviewed.say((2,), "edit", **{"value-0": "bad, cold\nmilk"})
        await reviewed.say((3,), "reject", **{"wrong-0": "1"})
        await reviewed.say((4,), "reject")
        url = f"{reviewed.url}/-/labelled"
        page = await reviewed.site.get(url)
        found = await reviewed.site.get(f"{url}.json")
        table = await reviewed.site.get(f"{url}.csv")
        values = await labelled_rows(reviewed.site.datasette, reviewed.run, actor=ALICE)
    assert [each.expected for each in values] == [
        {"words": "good", "points": 3},
        {"words": "bad, cold\nmilk", "points": None},
        {"points": 1},
    ]
    assert [each.input for each in values][1] == {"body": "cold milk"}
    assert values[2].verdicts == {"words": Verdict.REJECT, "points": Verdict.ACCEPT}
    first = found.json()["rows"][0]
    assert first["key"] == [1] and first["input"] == {"body": "lovely tea"}
    assert first["expected"] == first["said"] == {"words": "good", "points": 3}
    assert "attachment" in found.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [each["words"] for each in rows] == ["good", "bad, cold\nmilk", ""]
    assert rows[1]["words verdict"] == "edit" and rows[1]["words said"] == "bad"
    assert rows[1]["input body"] == "cold milk" and rows[1]["reviewed_by"] == "alice"
    assert "text/csv" in table.headers["content-type"]
    assert "3 rows with values" in page.text and "1 row more were rejected" in page.text
    assert "corrected from bad" in page.text


async def test_a_run_without_reviews_has_no_labelled_rows(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        page = await reviewed.site.get(f"{reviewed.url}/-/labelled", CAROL)
        found = await reviewed.site.get(f"{reviewed.url}/-/labelled.json", CAROL)
    assert page.status_code == 200 and "There are none yet" in page.text
    assert found.json()["rows"] == []


async def test_labelled_rows_are_read_as_who_asks(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await reviewed.say((1,), "accept")
        carol = (await reviewed.site.get(f"{reviewed.url}/-/labelled.json", CAROL)).json()
    assert [each["input"] for each in carol["rows"]] == [{"body": "lovely tea"}]


async def test_review_and_value_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        datasette = reviewed.site.datasette
        # Whatever goes wrong with the review undoes the value.
        await datasette.get_database("shops").execute_write_script(
            "create trigger broken before insert on _llm_tools_reviews "
            "begin select raise(abort, 'broken'); end;"
        )
        target = await require_target(datasette, "shops", "remark")
        with pytest.raises(BadInput, match="broken"):
            await keep(
                datasette,
                reviewed.run,
                target,
                (2,),
                {"feeling": Judgement(Verdict.EDIT, "glad")},
                ALICE["id"],
            )
        assert (await reviewed.table())[1] == "sad"
