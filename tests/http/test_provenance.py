"""Where a row's values come from: every run, the prompt made again, and who changed it since."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.enrichments.database.store import set_status
from datasette_llm_tools.enrichments.outputs import Output
from datasette_llm_tools.enrichments.values import (
    Attachment,
    Fault,
    Outcome,
    OutcomeStatus,
    RunStatus,
)
from datasette_llm_tools.prompt import Usage
from tests.enrich_sites import CAROL
from tests.review_runs import Reviewed, asking, make_run, reviewed_site

pytestmark = pytest.mark.asyncio

ROW = "/-/enrichments/shops/remark/-/row"


async def provenance(reviewed: Reviewed, key: str = "[1]") -> dict[str, Any]:
    answer = await reviewed.site.get(f"{ROW}.json", params={"key": key})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def origins(reviewed: Reviewed, key: str = "[1]") -> dict[str, str]:
    found = await provenance(reviewed, key)
    return {each["column"]: each["origin"] for each in found["origins"]}


async def write(reviewed: Reviewed, sql: str) -> None:
    await reviewed.site.datasette.get_database("shops").execute_write(sql)


async def test_model_options_tokens_money_and_prompt(tmp_path: Path) -> None:
    specification = asking(instructions="Be kind.", options={"temperature": 0.2})
    async with reviewed_site(tmp_path, specification=specification) as reviewed:
        page = await reviewed.site.get(f"{ROW}?key=[1]")
        found = await provenance(reviewed)
    (result,) = found["results"]
    facts = result["facts"]
    assert facts["Model"] == "scripted" and facts["Options"] == "temperature 0.2"
    assert facts["Tokens"] == "120 in, 8 out" and facts["Price"] == "$0.000123"
    assert facts["Time"] == "0.3 s" and facts["Attempts"] == "1"
    assert facts["Started by"] == "alice"
    assert result["values"] == [
        {"name": "feeling", "said": "glad", "previous": "no column", "review": "not reviewed"}
    ]
    assert [each["role"] for each in result["messages"]] == ["system", "user"]
    assert "Be kind." in result["messages"][0]["text"]
    assert "lovely tea" in result["messages"][1]["text"]
    assert result["prompt_note"].startswith("This is what was sent")
    assert "the model scripted" in page.text and "lovely tea" in page.text


async def test_a_prompt_of_a_row_that_has_changed_is_told_apart(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await write(reviewed, "update remark set body = 'bitter tea' where id = 1")
        (result,) = (await provenance(reviewed))["results"]
    assert result["prompt_note"].startswith("The row has changed since")
    assert "bitter tea" in result["messages"][1]["text"]


async def test_a_template_whose_column_is_gone(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await write(reviewed, "alter table remark rename column body to text")
        (result,) = (await provenance(reviewed))["results"]
    assert result["messages"] == []
    assert result["prompt_note"].startswith("The prompt cannot be made again")


async def test_who_left_what_a_column_holds_now(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        assert (await origins(reviewed))["feeling"].startswith("the model scripted, ")
        await reviewed.say((1,), "accept")
        assert "; accepted by alice on " in (await origins(reviewed))["feeling"]
        await reviewed.say((1,), "edit", **{"value-0": "sad"})
        assert (await origins(reviewed))["feeling"].startswith("a person, alice on ")
        found = await provenance(reviewed)
        assert found["results"][0]["values"][0]["review"].startswith("corrected to sad by alice")
        assert found["results"][0]["values"][0]["said"] == "glad"
        await write(reviewed, "update remark set feeling = 'mixed' where id = 1")
        assert (await origins(reviewed))["feeling"].startswith("none of these runs")
        await write(reviewed, "update remark set feeling = null where id = 1")
        assert (await origins(reviewed))["feeling"] == "nobody: it is empty"


async def test_every_run_of_the_row_the_newest_first(tmp_path: Path) -> None:
    mood = Output("mood")
    async with reviewed_site(tmp_path) as reviewed:
        first = await make_run(
            reviewed.site, {(1,): {"mood": "calm"}}, asking(mood), overwrite=["mood"]
        )
        second = await make_run(
            reviewed.site, {(1,): {"mood": "gay"}}, asking(mood), overwrite=["mood"]
        )
        found = await provenance(reviewed)
        assert [each["run_url"].rsplit("/")[-1] for each in found["results"]] == [
            second.id,
            first.id,
            reviewed.run.id,
        ]
        assert [each["values"][0]["previous"] for each in found["results"]] == [
            "calm",
            "old",
            "no column",
        ]
        assert {each["column"]: each["url"] for each in found["origins"]} == {
            "mood": f"/-/runs/shops/{second.id}",
            "feeling": f"/-/runs/shops/{reviewed.run.id}",
        }
        # As after an undo of the second run.
        await write(reviewed, "update remark set mood = 'calm' where id = 1")
        await set_status(reviewed.site.datasette, second, RunStatus.UNDONE)
        found = await provenance(reviewed)
    assert {each["column"]: each["url"] for each in found["origins"]}["mood"].endswith(first.id)
    assert found["results"][0]["status"] == "done, undone since"


async def test_failed_skipped_and_cached_rows(tmp_path: Path) -> None:
    said: dict[Any, Any] = {
        (1,): Outcome(
            (1,),
            OutcomeStatus.FAILED,
            usage=Usage(10, 2),
            attempts=2,
            fault=Fault.INVALID,
            message="It is not JSON.",
            reply="Well, <b>",
            model_id="scripted",
        ),
        (2,): Outcome((2,), OutcomeStatus.SKIPPED, message="All of it is empty."),
        (3,): Outcome(
            (3,), OutcomeStatus.DONE, {"feeling": "glad"}, cached=True, model_id="scripted"
        ),
    }
    async with reviewed_site(tmp_path, said) as reviewed:
        failed, skipped, cached = [
            (await provenance(reviewed, f"[{n}]"))["results"][0] for n in (1, 2, 3)
        ]
        page = await reviewed.site.get(f"{ROW}?key=[1]")
    assert failed["message"] == "It is not JSON." and failed["values"] == []
    assert failed["facts"]["Price"] == "unknown" and failed["facts"]["Attempts"] == "2"
    assert "Well, &lt;b&gt;" in page.text
    assert skipped["prompt_note"] == "Nothing was sent."
    assert "Price" not in skipped["facts"]
    assert cached["facts"]["Asked"].startswith("no: an identical prompt")
    assert "Price" not in cached["facts"]


async def test_files_at_urls_are_not_fetched_for_a_page(tmp_path: Path) -> None:
    specification = asking(
        Output("words"), template="Describe {{ body }}", attachments=(Attachment("mood", "url"),)
    )
    async with reviewed_site(tmp_path, {(1,): {"words": "a cup"}}, specification) as reviewed:
        (result,) = (await provenance(reviewed))["results"]
    assert "not fetched" in result["prompt_note"]


async def test_rows_without_results_and_rows_that_are_gone(tmp_path: Path) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        await write(reviewed, "delete from remark where id = 2")
        none = await reviewed.site.get(f"{ROW}?key=[6]")
        gone = await reviewed.site.get(f"{ROW}?key=[2]")
    assert none.status_code == 200 and "No run has asked about this row" in none.text
    assert gone.status_code == 200 and "not in the table any more" in gone.text
    assert "sad" in gone.text


async def test_menus_of_rows_with_any_key_lead_there(tmp_path: Path) -> None:
    more = """
        create table note (body text);
        insert into note values ('cold');
        create table place ("na,me" text, part integer, primary key ("na,me", part));
        insert into place values ('a/b', 2);
    """
    notes = asking(Output("words"), template="Say it")
    async with reviewed_site(tmp_path, {(1,): {"words": "x"}}, notes, table="note", more=more) as r:
        await make_run(r.site, {("a/b", 2): {"words": "y"}}, notes, table="place")
        for path in ("/shops/note/1", "/shops/place/a~2Fb,2"):
            menu = await r.site.get(path)
            (url,) = re.findall(r'href="([^"]+/-/row[?][^"]+)"', menu.text)
            page = await r.site.get(unescape(url))
            assert page.status_code == 200
            assert "the model scripted" in page.text


async def test_a_model_on_this_machine_has_no_fee(tmp_path: Path) -> None:
    answered = Outcome(
        (1,),
        OutcomeStatus.DONE,
        {"feeling": "glad"},
        usage=Usage(10, 2),
        usd=0.0,
        attempts=1,
        model_id="scripted",
    )
    async with reviewed_site(tmp_path, {(1,): answered}) as reviewed:
        reviewed.site.model.is_local = True  # type: ignore[attr-defined] # as the local one has it
        (result,) = (await provenance(reviewed))["results"]
    assert result["facts"]["Price"].startswith("no fee")


@pytest.mark.parametrize("key", ["", "1", "[]", "[1, 2]", "{}", "[[1]]", "x" * 5000, "[{}]"])
async def test_keys_that_are_none(tmp_path: Path, key: str) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        answer = await reviewed.site.get(f"{ROW}.json", params={"key": key})
    assert answer.status_code == 400
    assert len(answer.json()["error"]) < 300


async def test_whoever_may_view_the_table_may_see_it_and_its_menu_leads_there(
    tmp_path: Path,
) -> None:
    async with reviewed_site(tmp_path) as reviewed:
        menu = await reviewed.site.get("/shops/remark/1", CAROL)
        without = await reviewed.site.get("/shops/remark/6", CAROL)
        page = await reviewed.site.get(f"{ROW}?key=[1]", CAROL)
        absent = await reviewed.site.get("/-/enrichments/shops/nothing/-/row?key=[1]", CAROL)
        secret = await reviewed.site.get("/-/enrichments/shops/secret/-/row?key=[1]", CAROL)
    assert "Where values come from" in menu.text
    assert "Where values come from" not in without.text
    assert page.status_code == 200
    assert absent.status_code == secret.status_code == 404
