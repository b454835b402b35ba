"""Investigating over HTTP: steps, limits, what a model may do wrong, and who may read what."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_model import Script
from tests.sites import ALICE, BOB, Site, make_site

CITIES = (
    "select shop.city, count(*) as sales from sale join shop on shop.id = sale.shop_id group by 1"
)
TEA = "select count(*) as teas from sale where item = 'tea'"
ROOT = {"id": "root"}
OFFERED = '<label class="switch"><input type="checkbox" role="switch" name="investigate"'


def reply(tool: str, thought: str = "Next.", **fields: Any) -> str:
    return json.dumps({"thought": thought, "action": {"tool": tool, **fields}})


def claim(text: str, *steps: int) -> dict[str, Any]:
    return {"text": text, "steps": list(steps)}


def in_order(*replies: str | Exception) -> Script:
    """A script that gives these replies one after the other, the last one for ever."""
    left: Iterator[str | Exception] = iter(replies)
    last = [replies[-1]]

    def script(_: str) -> str | Exception:
        last[0] = next(left, last[0])
        return last[0]

    return script


@asynccontextmanager
async def investigating(
    tmp_path: Path, *replies: str | Exception, **more: Any
) -> AsyncIterator[Site]:
    """A site whose model takes a JSON schema and replies in this order."""
    async with make_site(tmp_path, in_order(*replies), **more) as site:
        site.model.supports_schema = True
        yield site


async def investigate(site: Site, question: str = "Which city?", **more: Any) -> dict[str, Any]:
    return await site.ask(question, investigate="1", **more)


TWO_STEPS = (
    reply("sql", "By city.", sql=CITIES),
    reply("sql", "Of tea.", sql=TEA),
    reply("answer", claims=[claim("Graz had 2 sales.", 1), claim("2 were tea.", 2)]),
)


@pytest.mark.asyncio
async def test_steps_lead_to_an_answer_that_names_them(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        answer = await investigate(site)
    assert (answer["status"], answer["error"]) == ("answered", None)
    assert answer["answer"] == "Graz had 2 sales. 2 were tea."
    steps = answer["investigation"]["steps"]
    assert [each["tool"] for each in steps] == ["sql", "sql", "answer"]
    assert [each["thought"] for each in steps] == ["By city.", "Of tea.", "Next."]
    assert steps[0]["rows"] == [["Graz", 2], ["Linz", 1]] and steps[1]["rows"] == [[2]]
    assert answer["investigation"]["claims"][1] == {"text": "2 were tea.", "steps": [2]}
    assert answer["unfounded_numbers"] == []
    assert (answer["sql"], answer["rows"], answer["tables"]) == (TEA, [[2]], ["sale", "shop"])
    assert len(answer["calls"]) == 3


@pytest.mark.asyncio
async def test_a_prompt_begins_as_the_one_before_it(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        answer = await investigate(site)
        prompts = site.model.prompts
    for before, after in pairwise(prompts):
        assert after[: len(before)] == before and len(after) == len(before) + 2
    assert '["Graz", 2]' in prompts[1][-1]["text"] and "<rows " in prompts[1][-1]["text"]
    assert "Step 3 of 8" in prompts[2][-1]["text"]
    assert not any("<rows" in each["text"] for each in prompts[2] if each["role"] == "system")
    kept = [message for call in answer["calls"] for message in call["messages"]]
    assert kept == prompts[-1]


@pytest.mark.asyncio
async def test_values_are_looked_up_with_their_counts(tmp_path: Path) -> None:
    look = reply("values", table="shop", column="city", like="lin")
    done = reply("answer", claims=[claim("Linz has 2 shops.", 1)])
    async with investigating(tmp_path, look, done) as site:
        answer = await investigate(site)
    step = answer["investigation"]["steps"][0]
    assert step["rows"] == [["Linz", 2]]
    assert (step["about"], step["columns"]) == (["shop", "city", "lin"], ["city", "count"])


@pytest.mark.asyncio
async def test_tables_are_those_that_the_actor_sees(tmp_path: Path) -> None:
    replies = (
        reply("tables", names=[]),
        reply("tables", names=["sale"]),
        reply("tables", names=["secret"]),
        reply("sql", sql=TEA),
        reply("answer", claims=[claim("2 teas.", 4)]),
    )
    async with investigating(tmp_path, *replies) as site:
        answer = await investigate(site)
        said = [messages[-1]["text"] for messages in site.model.prompts]
    assert "sale, shop" in said[1] and "CREATE TABLE sale" in said[2]
    assert answer["investigation"]["steps"][2]["error"].startswith("There is no table secret")
    assert not any("secret" in text for text in (said[0], said[1], said[2]))
    assert answer["status"] == "answered"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("I think it is Graz.", "no JSON object"),
        ('{"thought": "cut', "not one whole JSON"),
        (json.dumps({"thought": "x"}), 'no "action"'),
        (reply("dance"), "There is no such tool"),
        (reply("sql"), "one SELECT statement"),
        (reply("values", table="shop"), '"table" and "column"'),
        (reply("values", table="shop", column="colour"), "shop has no column colour"),
        (reply("values", table="secret", column="word"), "There is no table secret"),
        (reply("sql", sql="select word from secret"), "secret"),
        (reply("sql", sql="delete from sale"), "failed"),
        (reply("sql", sql="select nmae from shop"), "shop has the columns: id, name, city"),
        (reply("answer", claims=[claim("It is Graz.", 1)]), "No query has run yet"),
        (reply("answer", claims=[]), '"claims"'),
    ],
)
async def test_a_mistake_is_told_and_the_model_goes_on(tmp_path: Path, bad: str, told: str) -> None:
    replies = (
        bad,
        reply("sql", sql=TEA),
        reply("answer", claims=[claim("2 were tea.", 2)]),
    )
    async with investigating(tmp_path, *replies) as site:
        answer = await investigate(site)
        said = site.model.prompts[1][-1]["text"]
    assert told in said
    assert "hush" not in json.dumps(site.model.prompts)
    assert answer["status"] == "answered"
    assert answer["investigation"]["steps"][0]["error"]


@pytest.mark.asyncio
async def test_the_same_statement_twice_is_not_run(tmp_path: Path) -> None:
    again = f"  {TEA.upper().replace('TEA', 'tea')} ;"
    done = reply("answer", claims=[claim("2 were tea.", 1)])
    async with investigating(
        tmp_path, reply("sql", sql=TEA), reply("sql", sql=again), done
    ) as site:
        answer = await investigate(site)
    first, second, _ = answer["investigation"]["steps"]
    assert first["rows"] == [[2]]
    assert second["rows"] is None and "sent before" in second["error"]


@pytest.mark.asyncio
async def test_three_mistakes_on_end_are_the_end(tmp_path: Path) -> None:
    async with investigating(tmp_path, reply("sql", sql=TEA), "nonsense") as site:
        answer = await investigate(site)
        assert len(site.model.prompts) == 4
    assert answer["status"] == "stopped" and "3 steps on end" in answer["error"]
    assert answer["investigation"]["steps"][0]["rows"] == [[2]]


@pytest.mark.asyncio
async def test_the_last_step_must_answer(tmp_path: Path) -> None:
    statements = [reply("sql", sql=f"select {number}") for number in range(20)]
    async with investigating(tmp_path, *statements, settings={"investigate_steps": 3}) as site:
        answer = await investigate(site)
        said = [messages[-1]["text"] for messages in site.model.prompts]
    assert (answer["status"], answer["error"]) == (
        "stopped",
        "Stopped after 3 steps without an answer.",
    )
    assert len(said) == 3 and "the last" in said[2] and "the last" not in said[1]
    assert [each["rows"] for each in answer["investigation"]["steps"]] == [[[0]], [[1]], [[2]]]


@pytest.mark.asyncio
async def test_a_claim_must_name_steps_with_rows(tmp_path: Path) -> None:
    replies = (
        reply("sql", sql=TEA),
        reply("answer", claims=[claim("2 were tea.", 7)]),
        reply("answer", claims=[claim("2 were tea.", 1)]),
    )
    async with investigating(tmp_path, *replies) as site:
        answer = await investigate(site)
    assert "name steps that gave rows: 1" in answer["investigation"]["steps"][1]["error"]
    assert answer["status"] == "answered"


@pytest.mark.asyncio
async def test_a_number_of_no_row_is_sent_back_once_and_then_marked(tmp_path: Path) -> None:
    wrong = reply("answer", claims=[claim("97 were tea.", 1)])
    async with investigating(tmp_path, reply("sql", sql=TEA), wrong) as site:
        answer = await investigate(site)
        page = await site.get(answer["url"])
    assert "97" in answer["investigation"]["steps"][1]["error"]
    assert (answer["status"], answer["unfounded_numbers"]) == ("answered", ["97"])
    assert "Not in the rows of that step: 97" in page.text


@pytest.mark.asyncio
async def test_numbers_of_another_step_do_not_found_a_claim(tmp_path: Path) -> None:
    replies = (
        reply("sql", sql="select 41 as a"),
        reply("sql", sql="select 43 as b"),
        reply("answer", claims=[claim("It is 43.", 1)]),
        reply("answer", claims=[claim("It is 43.", 2)]),
    )
    async with investigating(tmp_path, *replies) as site:
        answer = await investigate(site)
    assert "43" in answer["investigation"]["steps"][2]["error"]
    assert (answer["status"], answer["unfounded_numbers"]) == ("answered", [])


@pytest.mark.asyncio
async def test_data_that_cannot_tell_end_it(tmp_path: Path) -> None:
    async with investigating(tmp_path, reply("cannot", reason="Nothing is about Mars.")) as site:
        answer = await investigate(site, "How far is Mars?")
    assert (answer["status"], answer["error"]) == ("unanswerable", "Nothing is about Mars.")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"investigate_tokens": 10}, "10 tokens"),
        ({"investigate_seconds": 0}, "0 seconds"),
    ],
)
async def test_limits_stop_it(tmp_path: Path, settings: dict[str, Any], error: str) -> None:
    async with investigating(tmp_path, *TWO_STEPS, settings=settings) as site:
        answer = await investigate(site)
    assert answer["status"] == "stopped" and error in answer["error"]


@pytest.mark.asyncio
async def test_a_model_that_breaks_off_loses_no_step(tmp_path: Path) -> None:
    broken = RuntimeError("the machine is out of memory")
    async with investigating(tmp_path, TWO_STEPS[0], broken) as site:
        answer = await investigate(site)
    assert answer["status"] == "failed" and answer["error"]
    assert answer["investigation"]["steps"][0]["rows"] == [["Graz", 2], ["Linz", 1]]


@pytest.mark.asyncio
async def test_old_rows_are_shortened_only_when_the_prompt_grows_long(tmp_path: Path) -> None:
    more = (
        "create table wide as with recursive n(i) as (select 1 union all select i + 1 from n "
        "where i < 100) select i, 'a value of some length ' || i as text from n;"
    )
    statements = [
        reply(
            "sql", sql=f"select i + {number} as i, text, '{'x' * 150}' as filler{number} from wide"
        )
        for number in range(15)
    ]
    async with investigating(
        tmp_path, *statements, settings={"investigate_steps": 14}, more_sql=[more]
    ) as site:
        await investigate(site)
        prompts = site.model.prompts
    first = [messages[3]["text"] for messages in prompts[1:]]
    assert len(set(first)) == 2, "shortened once, and not again"
    assert len(first[-1]) < len(first[0])
    assert first[-1] in first[1:] and first[1] == first[0]


# Who may read what ------------------------------------------------------------------------------


async def shared_by_root(site: Site) -> str:
    """An investigation by root over a table that others may not see, shared; its address."""
    asked = await investigate(site, actor=ROOT)
    await site.post(f"{asked['url']}/-/share", {"shared": "1"}, actor=ROOT)
    return str(asked["url"])


OVER_SECRET = (
    reply("sql", "First tea.", sql=TEA),
    reply("sql", "The word.", sql="select word from secret"),
    reply("sql", "It was hush.", sql="select 'hush' as said, count(*) as n from sale"),
    reply("answer", "So it is hush.", claims=[claim("The word is hush.", 2)]),
)


@pytest.mark.asyncio
async def test_readers_get_no_step_that_they_may_not_see_and_nothing_after_it(
    tmp_path: Path,
) -> None:
    async with investigating(tmp_path, *OVER_SECRET) as site:
        url = await shared_by_root(site)
        page = await site.get(url, actor=BOB)
        told = (await site.get(f"{url}.json", actor=BOB)).json()
        own = (await site.get(f"{url}.json", actor=ROOT)).json()
    assert page.status_code == 200
    assert "hush" not in page.text and "select word" not in page.text
    assert "hush" not in json.dumps(told)
    steps = told["investigation"]["steps"]
    assert steps[0]["rows"] == [[2]] and steps[0]["thought"] == "First tea."
    assert all(each["rows"] is None and each["sql"] is None for each in steps[1:])
    assert (told["answer"], told["rows"], told["investigation"]["claims"]) == (None, None, [])
    assert own["answer"] == "The word is hush."
    assert own["investigation"]["steps"][1]["rows"] == [["hush"]]


@pytest.mark.asyncio
async def test_readers_of_what_they_may_see_get_all_but_the_prompts(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        url = await shared_by_root(site)
        page = await site.get(url, actor=BOB)
        told = (await site.get(f"{url}.json", actor=BOB)).json()
    assert "Graz had " in page.text and "Of tea." in page.text
    assert [each["rows"] for each in told["investigation"]["steps"][:2]] == [
        [["Graz", 2], ["Linz", 1]],
        [[2]],
    ]
    assert all(call["messages"] == [] and call["reply"] == "" for call in told["calls"])


@pytest.mark.asyncio
async def test_what_failed_over_a_hidden_table_tells_readers_nothing(tmp_path: Path) -> None:
    replies = (
        reply("values", table="secret", column="wrd"),
        reply("sql", sql="select wrd from secret"),
        reply("sql", sql="select nme from shop"),
        reply("sql", sql=TEA),
        reply("answer", claims=[claim("2 teas.", 4)]),
    )
    settings = {"investigate_steps": 9}
    async with investigating(tmp_path, *replies, settings=settings) as site:
        replies_of_root = await shared_by_root(site)
        told = (await site.get(f"{replies_of_root}.json", actor=BOB)).json()
        page = await site.get(replies_of_root, actor=BOB)
    assert told["status"] == "stopped"
    steps = told["investigation"]["steps"]
    assert "wrd" not in json.dumps(steps) and "wrd" not in page.text
    assert steps[2]["error"] == "no such column: nme"


@pytest.mark.asyncio
async def test_rows_are_read_again_and_follow_the_data(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        answer = await investigate(site)
        with sqlite3.connect(tmp_path / "shops.db") as connection:
            connection.execute("insert into sale values (9, 1, '2024-05-01', 'tea', 1.0)")
        again = (await site.get(f"{answer['url']}.json")).json()
    assert again["investigation"]["steps"][1]["rows"] == [[3]]
    assert "result" not in json.dumps(again["investigation"]["steps"][0])


@pytest.mark.asyncio
async def test_text_of_rows_and_models_is_text_on_the_page(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    replies = (
        reply("sql", f"Look {hostile}", sql=f"select '{hostile}' as x"),
        reply("answer", claims=[claim(f"It is {hostile}.", 1)]),
    )
    async with investigating(tmp_path, *replies) as site:
        answer = await investigate(site)
        page = await site.get(answer["url"])
    assert page.status_code == 200 and "<img src=x" not in page.text
    assert page.text.count("&lt;img src=x") >= 4


# The page, events and who may ask -----------------------------------------------------------------


@pytest.mark.asyncio
async def test_events_show_each_step_as_it_comes(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        site.model.script = pieces_of(site.model.script)
        events = await site.events("Which city?", investigate="1")
    names = [name for name, _ in events]
    assert names[0] == "question" and names[-1] == "done"
    assert [data["number"] for name, data in events if name == "step"] == [1, 2, 3]
    ended = [data for name, data in events if name == "step-ended"]
    assert "Graz" in ended[0]["html"] and ended[0]["error"] is None
    thought = [
        data["delta"]
        for name, data in events
        if name == "written" and data["part"] == "thought" and data["number"] == 1
    ]
    assert "".join(thought) == "By city." and len(thought) > 1
    answer = [d["delta"] for n, d in events if n == "written" and d["part"] == "answer"]
    assert "".join(answer) == "Graz had 2 sales. 2 were tea."
    assert "step 2</a>" in events[-1][1]["html"]


def pieces_of(script: Callable[[str], Any]) -> Callable[[str], Sequence[str]]:
    return lambda text: [*script(text)]


@pytest.mark.asyncio
@pytest.mark.parametrize("fields", [{"supports_schema": True}, {"supports_tools": True}])
async def test_the_switch_is_offered_where_a_model_can(
    tmp_path: Path, fields: dict[str, bool]
) -> None:
    async with make_site(tmp_path, in_order(*TWO_STEPS)) as site:
        vars(site.model).update(fields)
        page = await site.get("/-/questions/shops")
        answer = await investigate(site)
    assert OFFERED in page.text and 'data-model="scripted"' not in page.text
    assert answer["status"] == "answered"


@pytest.mark.asyncio
async def test_a_model_that_cannot_is_told_of_in_a_sentence(tmp_path: Path) -> None:
    async with make_site(tmp_path, in_order(*TWO_STEPS)) as site:
        page = await site.get("/-/questions/shops")
        refused = await site.post("/-/questions/shops", {"question": "Which?", "investigate": "1"})
        assert not site.model.prompts
    assert OFFERED not in page.text and '<span class="quiet" data-model="scripted">' in page.text
    assert refused.status_code == 400 and "one step only" in refused.json()["error"]


@pytest.mark.asyncio
async def test_visitors_may_not_investigate(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        refused = await site.post(
            "/-/questions/shops", {"question": "Which?", "investigate": "1"}, actor=None
        )
        assert not site.model.prompts
    assert refused.status_code == 403


@pytest.mark.asyncio
async def test_its_statements_are_kept_as_they_ran(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        answer = await investigate(site)
        refused = await site.post(f"{answer['url']}/-/run", {"sql": "select 1"})
    assert refused.status_code == 400 and "keeps its statements" in refused.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("{url}/-/right", {"mark": "right", "is_right": "1", "right": "1"}),
        ("/-/explorations/-/add", {"source": "question", "question": "{id}", "new": "1"}),
    ],
)
async def test_what_takes_one_statement_takes_no_investigation(
    tmp_path: Path, path: str, fields: dict[str, str]
) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        answer = await investigate(site, actor=ROOT)
        sent = {name: value.format(**answer) for name, value in fields.items()}
        refused = await site.post(path.format(**answer), sent, actor=ROOT)
    assert refused.status_code == 400
    assert "An investigation has several statements" in refused.json()["error"]


@pytest.mark.asyncio
async def test_a_follow_up_knows_what_was_found(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS, TWO_STEPS[1], TWO_STEPS[2]) as site:
        answer = await investigate(site)
        await investigate(site, "And of milk?", parent=answer["id"])
        first = site.model.prompts[3][-1]["text"]
    assert "Earlier question: Which city?" in first and TEA in first
    assert first.index("Earlier question") < first.index("Question: And of milk?")


@pytest.mark.asyncio
async def test_the_page_links_claims_to_steps_and_steps_to_datasette(tmp_path: Path) -> None:
    async with investigating(tmp_path, *TWO_STEPS) as site:
        answer = await investigate(site, actor=ALICE)
        page = (await site.get(answer["url"])).text
    anchor = f"question-{answer['id']}-step-2"
    assert f'href="#{anchor}"' in page and f'id="{anchor}"' in page
    assert "/shops/-/query?sql=select+count" in page
    assert "/-/widgets/shops/-/chart?sql=" in page
    assert "/-/questions/shops?sql=select+count" in page
    assert re.search(
        r'Graz had <a class="behind" href="/shops/-/query[^"]+"[^>]*>2</a> sales', page
    )
